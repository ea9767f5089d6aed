"""Start a task's job exactly once: a repeated execution finds the existing job.

The calls that create jobs have no idempotency token, so the job's name is the key; tags identify its owner.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, Literal

from airflow_sagemaker_automl.core.values.canonical import digest
from airflow_sagemaker_automl.core.values.comparison import differences
from airflow_sagemaker_automl.core.values.timing import timing
from airflow_sagemaker_automl.exceptions import JobNameTaken, JobNotFound, QuotaReached, ServiceUnavailable
from airflow_sagemaker_automl.hooks.errors import is_denied
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.tasks.job_kind import J, JobKind
from airflow_sagemaker_automl.tasks.task_memory import deployment

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.jobs.job_name import TaskIdentity
    from airflow_sagemaker_automl.tasks.base import SageMakerTask
    from airflow_sagemaker_automl.tasks.task_memory import TaskMemory

REQUEST_DIGEST_TAG = "airflow:request_digest"
ReuseJob = Literal["retries", "clears", "never"]


@dataclass(frozen=True, kw_only=True)
class Submission(Generic[J]):
    """One request of one task.

    :param aws: calls AWS with retries.
    :param kind: the kind of job: how it is created, described and judged.
    :param request: arguments of the call that creates the job, as they are sent, :func:`tagged`; without the name.
    :param name: the job's name; None derives it from the task.
    :param identity: the owner of the job.
    :param memory: the task's record of its jobs.
    :param adopts_after_clear: whether to adopt a job that an older generation has completed.
    :param announce: receives the name of a job before it is created, so that a kill in between can stop the job.
    """

    aws: SageMakerTask
    kind: JobKind[J]
    request: Mapping[str, Any]
    name: str | None
    identity: TaskIdentity
    memory: TaskMemory
    adopts_after_clear: bool
    announce: Callable[[str], None]

    def start_or_adopt(self) -> J:
        """Start the job, or find the one that was started.

        :raises JobNameTaken: the explicit name belongs to a job that this task cannot resume.
        :raises QuotaReached: the account is at its quota of concurrent jobs.
        """
        if self.name:
            return self._create_or_adopt_named(self.name)
        if (earlier := self._settle_older_generations()) is not None:
            return earlier
        for attempt in itertools.count(1):
            name = self.identity.job_name(attempt)
            self.announce(name)
            try:
                return self._create(name)
            except JobNameTaken as taken:
                job, different = self._own_job(taken)
                if self._is_good(job):
                    return self._resume(job, different)
                if job.is_in_progress:
                    self._stop_predecessor(job.name)
                self.aws.log.info("%s %s is %s; starting a new one", self._noun, job.name, job.secondary_status)
        raise AssertionError("unreachable: the loop above has no end of its own")

    def _create_or_adopt_named(self, name: str) -> J:
        try:
            return self._create(name)
        except JobNameTaken as taken:
            job, different = self._own_job(taken)
            what = f"this task's job of that name is {job.status.value}"
            if different:
                reason = f"{what} and has a different request: {'; '.join(different)}."
                raise JobNameTaken(name, reason, self._noun) from taken
            if not self._is_good(job):
                raise JobNameTaken(name, f"{what}.", self._noun) from taken
            self.announce(name)
            return self._resume(job, different)

    def _create(self, name: str) -> J:
        """Create a job.

        :raises JobNameTaken: a job of this name exists.
        :raises QuotaReached: no job of this name exists, and the account is at its quota.
        """
        try:
            job = self.aws.call_with_retries(lambda hook: self.kind.create(hook, name, self.request))
        except QuotaReached as refusal:
            # Whether the service checks the quota or the name first is not documented.
            if self._find(name) is None:
                raise
            raise JobNameTaken(name, refusal.reason, self._noun) from refusal
        metrics.count(self.kind.submitted)
        self.announce(name)
        self.aws.log.info("Started %s %s (%s)", self._noun, job.name, job.console_url or job.arn)
        return job

    def _is_good(self, job: J) -> bool:
        """Tell whether a job of this generation makes a new one unnecessary: it runs, or its outcome is final.

        A job of another request of this task does not: the task was cleared while it ran.
        """
        return self.kind.is_of(job, self.request) and (job.is_in_progress or self.kind.is_settled(job))

    def _is_accepted(self, job: J) -> bool:
        """Tell whether a job of an older generation can be adopted."""
        return self.adopts_after_clear and job.is_finished and self.kind.is_accepted(job)

    def _resume(self, job: J, different: list[str]) -> J:
        metrics.count(self.kind.adopted)
        self.aws.log.info("Resuming %s %s, which is %s", self._noun, job.name, job.status.value)
        for difference in different:
            self.aws.log.warning("%s %s has a different request: %s", self._noun, job.name, difference)
        return job

    def _own_job(self, taken: JobNameTaken) -> tuple[J, list[str]]:
        """Describe the existing job of a name, and check that it belongs to this task.

        :return: the job, and how its request differs.
        :raises JobNameTaken: the job does not belong to this task.
        :raises ServiceUnavailable: the name is taken, but the job is not visible within 60 seconds.
        """
        deadline = time.monotonic() + timing().taken_job_visible
        while (job := self._find(taken.job_name)) is None:
            if time.monotonic() > deadline:
                what = f"{self._noun} {taken.job_name}"
                raise ServiceUnavailable(f"{what} exists but is not visible yet.") from taken
            time.sleep(1)
        tags = self._tags(job)
        different = self._differences(job, tags)
        # The tags of a new job may be delayed. Only this task derives this name, so a job with this name and the same
        # request is its own even if the tags never appear; an explicit name proves nothing.
        is_known_by_name = self.name is None and not different
        while tags == {} and is_known_by_name and time.monotonic() < deadline:
            time.sleep(1)
            tags = self._tags(job)
        if tags == {} and is_known_by_name:
            return job, different
        if tags is None:
            if different:
                reason = f"access to its tags is denied, and it has a different request: {'; '.join(different)}."
                raise JobNameTaken(job.name, reason, self._noun) from taken
        elif not self._are_own(tags):
            owner = tags.get("airflow:dag_id")
            whose = (
                f"it belongs to DAG {owner}, run {tags.get('airflow:run_id')}" if owner else "Airflow did not start it"
            )
            if self.identity.is_namesake(tags):
                whose += " of another Airflow deployment, or from before this task's state was lost"
            raise JobNameTaken(job.name, f"{whose}; it is {job.status.value}.", self._noun) from taken
        return job, different

    def _are_own(self, tags: Mapping[str, str]) -> bool:
        """Tell whether tags are this task's; a configured deployment makes up for a lost nonce."""
        is_equal = all(tags.get(key) == value for key, value in self.identity.tags().items())
        return is_equal or (bool(deployment()) and self.identity.is_namesake(tags))

    def stop_older_generations(self) -> None:
        """Stop the running jobs of older generations, for a task that runs several jobs and adopts none of them.

        The task itself then records that they are settled.
        """
        for job in self._older_jobs():
            if job.is_in_progress:
                self._stop_predecessor(job.name)

    def _settle_older_generations(self) -> J | None:
        """Stop running jobs of older generations; generations that were settled earlier are not checked again.

        :return: their newest job that can be adopted; None if there is none.
        """
        good = None
        for job in self._older_jobs():
            if job.is_in_progress:
                self._stop_predecessor(job.name)
            elif good is None:
                good = self._taken(job)
        if good is None and self.memory.record.taken and (known := self._find(self.memory.record.taken)):
            good = self._taken(known)
        self.memory.settle(self.identity.generation, good.name if good else None)
        if good is not None:
            metrics.count(self.kind.adopted)
            self.aws.log.info("Adopting %s %s from before the task was cleared", self._noun, good.name)
        return good

    def _taken(self, job: J) -> J | None:
        """Return an ended job of an older generation if its result is accepted and its request is the same."""
        if not self._is_accepted(job):
            return None
        different = self._differences(job, self._tags(job))
        for difference in different:
            self.aws.log.info("%s %s is not adopted, its request differs: %s", self._noun, job.name, difference)
        return None if different else job

    def _stop_predecessor(self, name: str) -> None:
        self.aws.log.info("Stopping %s %s, started before this task was cleared", self._noun, name)
        self.aws.call_with_retries(lambda hook: self.kind.stop(hook, name))

    def _older_jobs(self) -> Iterator[J]:
        """Look up the jobs of older generations, generation by generation, newest first."""
        if self.memory.is_new and self.memory.has_run_before:
            yield from self._forgotten_jobs()
        for identity in self.identity.predecessors(self.memory.record.settled):
            jobs: list[J] = []
            while (job := self._find(identity.job_name(len(jobs) + 1))) is not None:
                jobs.append(job)
            yield from reversed(jobs)

    def _forgotten_jobs(self) -> Iterator[J]:
        """Look for running jobs of this task after its record of them was lost.

        Their tags are those of this task except for the nonce. Only a configured deployment ensures that no other
        installation uses the same tags.
        """
        try:
            running = self.aws.call_with_retries(self.kind.in_progress)
        except Exception as error:
            if not is_denied(error):
                raise
            self.aws.log.warning("Cannot check whether this task already runs another %s: %s", self._noun, error)
            return
        for name in filter(self.identity.may_have_named, running):
            job = self._find(name)
            if job is None or not self.identity.is_namesake(self._tags(job) or {}):
                continue
            if deployment():
                yield job
            else:
                self.aws.log.warning(
                    "%s %s runs and is not stopped: this task started it before its state was lost, or another "
                    "Airflow deployment did. Configure [sagemaker_automl] deployment to tell them apart.",
                    self._noun,
                    name,
                )

    def _find(self, name: str) -> J | None:
        try:
            return self.aws.call_with_retries(lambda hook: self.kind.describe(hook, name))
        except JobNotFound:
            return None

    def _differences(self, job: J, tags: Mapping[str, str] | None) -> list[str]:
        """List the members in which a job differs from the request; an equal digest tag makes comparing unnecessary."""
        if tags and tags.get(REQUEST_DIGEST_TAG) == request_digest(self.request):
            return []
        return differences(self.request, self.aws.call_with_retries(lambda hook: self.kind.answer(hook, job.name)))

    def _tags(self, job: J) -> dict[str, str] | None:
        """Read a job's tags; None if access is denied."""
        try:
            return self.aws.call_with_retries(lambda hook: hook.tags(job.arn))
        except Exception as error:
            if not is_denied(error):
                raise
            text = "Access to the tags of %s %s is denied; its request shows whether this task started it"
            self.aws.log.warning(text, self._noun, job.name)
            return None

    @property
    def _noun(self) -> str:
        return self.kind.noun


def tagged(request: Mapping[str, Any], identity: TaskIdentity) -> dict[str, Any]:
    """Add the tags by which a task recognizes its job to those of the request."""
    marks = {**identity.tags(), REQUEST_DIGEST_TAG: request_digest(request)}
    own = [tag for tag in request.get("Tags", []) if tag["Key"] not in marks]
    return {**request, "Tags": [*own, *({"Key": key, "Value": value} for key, value in marks.items())]}


def request_digest(request: Mapping[str, Any]) -> str:
    """Compute the digest of a request without its tags."""
    return digest({key: value for key, value in request.items() if key != "Tags"})
