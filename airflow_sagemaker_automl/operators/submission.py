"""Starting a task's job exactly once: whatever is repeated finds the job that is there.

``CreateAutoMLJobV2`` has no idempotency token, so that the job's name is the key; tags tell whose job it is.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from airflow_sagemaker_automl import metrics
from airflow_sagemaker_automl.core.canonical import digest
from airflow_sagemaker_automl.core.comparison import differences
from airflow_sagemaker_automl.exceptions import AutoMLJobNotFound, JobNameTaken, QuotaReached, ServiceUnavailable
from airflow_sagemaker_automl.operators.task_memory import deployment
from airflow_sagemaker_automl.service_errors import is_denied

if TYPE_CHECKING:
    from airflow_sagemaker_automl.connection import ConnectsToSageMaker
    from airflow_sagemaker_automl.core.job import AutoMLJob
    from airflow_sagemaker_automl.core.job_name import TaskIdentity
    from airflow_sagemaker_automl.core.outcome import Acceptance
    from airflow_sagemaker_automl.operators.task_memory import TaskMemory

# A name that is taken may belong to a job that was created a moment ago and cannot be described yet.
_SEEN_WITHIN_SECONDS = 60
REQUEST_DIGEST_TAG = "airflow:request_digest"
ReuseJob = Literal["retries", "clears", "never"]


@dataclass(frozen=True, kw_only=True)
class Submission:
    """One request of one task.

    :param aws: how to ask AWS, patiently.
    :param request: arguments of ``CreateAutoMLJobV2`` as they are sent, :func:`tagged`; ``AutoMLJobName`` is None
        where the name is to be derived from the task.
    :param identity: whose job it is.
    :param memory: what the task remembers of its jobs.
    :param acceptance: which ended job is as good as another one.
    :param adopts_after_clear: whether a job that an older generation has finished is good enough.
    :param announce: is told the name of a job before it is created, so that a kill in between can stop it.
    """

    aws: ConnectsToSageMaker
    request: Mapping[str, Any]
    identity: TaskIdentity
    memory: TaskMemory
    acceptance: Acceptance
    adopts_after_clear: bool
    announce: Callable[[str], None]

    def start_or_adopt(self) -> AutoMLJob:
        """Start the job, or find the one that was started.

        :raises JobNameTaken: the name that was given belongs to a job that is not to be gone on with.
        :raises QuotaReached: as many jobs run as the account may have.
        """
        explicit_name = self.request.get("AutoMLJobName")
        if explicit_name:
            return self._create_or_adopt_named(explicit_name)
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
                    return self._go_on_with(job, different)
                self.aws.log.info("AutoML job %s is %s; starting another one", job.name, job.secondary_status)
        raise AssertionError("unreachable: the loop above has no end of its own")

    def _create_or_adopt_named(self, name: str) -> AutoMLJob:
        try:
            return self._create(name)
        except JobNameTaken as taken:
            job, different = self._own_job(taken)
            what = f"this task's job of that name is {job.status.value}"
            if different:
                raise JobNameTaken(
                    name, f"{what}, and was asked for something else: {'; '.join(different)}."
                ) from taken
            if not self._is_good(job):
                raise JobNameTaken(name, f"{what}.") from taken
            self.announce(name)
            return self._go_on_with(job, different)

    def _create(self, name: str) -> AutoMLJob:
        """Create a job.

        :raises JobNameTaken: there is one of this name.
        :raises QuotaReached: there is none, and no room for one.
        """
        try:
            job = self.aws.patiently(lambda hook: hook.create_job({**self.request, "AutoMLJobName": name}))
        except QuotaReached as refusal:
            # Which of the two the service looks at first is not documented: a job that runs already needs no room.
            if self._find(name) is None:
                raise
            raise JobNameTaken(name, refusal.reason) from refusal
        metrics.count(metrics.SUBMITTED)
        self.announce(name)
        self.aws.log.info("Started AutoML job %s (%s)", job.name, job.console_url or job.arn)
        return job

    def _is_good(self, job: AutoMLJob) -> bool:
        """Judge a job of this generation: whether it works towards what is wanted, or ended so that this is settled."""
        return job.is_in_progress or self.acceptance.settles(job.outcomes)

    def _is_accepted(self, job: AutoMLJob) -> bool:
        """Judge a job of an older generation."""
        return self.adopts_after_clear and job.is_finished and not self.acceptance.refused(job.outcomes)

    def _go_on_with(self, job: AutoMLJob, different: list[str]) -> AutoMLJob:
        metrics.count(metrics.ADOPTED)
        self.aws.log.info("Going on with AutoML job %s, which is %s", job.name, job.status.value)
        for difference in different:
            self.aws.log.warning("AutoML job %s was asked for something else: %s", job.name, difference)
        return job

    def _own_job(self, taken: JobNameTaken) -> tuple[AutoMLJob, list[str]]:
        """Look at the job that has the name.

        :return: the job, and how it differs from the request.
        :raises JobNameTaken: it is not this task's.
        :raises ServiceUnavailable: the service knows the name already, and does not show the job within a minute.
        """
        patience_ends = time.monotonic() + _SEEN_WITHIN_SECONDS
        while (job := self._find(taken.job_name)) is None:
            if time.monotonic() > patience_ends:
                raise ServiceUnavailable(f"AutoML job {taken.job_name} exists but cannot be seen yet.") from taken
            time.sleep(1)
        tags = self._tags(job)
        different = self._differences(job, tags)
        # Tags of a job that was created a moment ago may be late. Only this task derives this name, so that a job with
        # the name and the request is its own even if the tags never come; a name that was given proves nothing.
        is_known_by_name = not self.request.get("AutoMLJobName") and not different
        while tags == {} and is_known_by_name and time.monotonic() < patience_ends:
            time.sleep(1)
            tags = self._tags(job)
        if tags == {} and is_known_by_name:
            return job, different
        if tags is None:
            if different:
                reason = f"its tags may not be read, and it was asked for something else: {'; '.join(different)}."
                raise JobNameTaken(job.name, reason) from taken
        elif not self._are_own(tags):
            owner = tags.get("airflow:dag_id")
            whose = (
                f"it belongs to DAG {owner}, run {tags.get('airflow:run_id')}" if owner else "Airflow did not start it"
            )
            if self.identity.is_namesake(tags):
                whose += " of another Airflow, or from before this task's state was lost"
            raise JobNameTaken(job.name, f"{whose}; it is {job.status.value}.") from taken
        return job, different

    def _are_own(self, tags: Mapping[str, str]) -> bool:
        """Tell whether tags are this task's; a configured deployment stands for a nonce that was lost."""
        is_equal = all(tags.get(key) == value for key, value in self.identity.tags().items())
        return is_equal or (bool(deployment()) and self.identity.is_namesake(tags))

    def _settle_older_generations(self) -> AutoMLJob | None:
        """Stop what older generations still run; what has been settled once is not looked at again.

        :return: the newest job of theirs that may be taken instead of another one.
        """
        good = None
        for job in self._older_jobs():
            if job.is_in_progress:
                self._stop_forerunner(job.name)
            elif good is None:
                good = self._taken(job)
        if good is None and self.memory.record.taken and (known := self._find(self.memory.record.taken)):
            good = self._taken(known)
        self.memory.settle(self.identity.generation, good.name if good else None)
        if good is not None:
            metrics.count(metrics.ADOPTED)
            self.aws.log.info("Taking AutoML job %s from before the task was cleared", good.name)
        return good

    def _taken(self, job: AutoMLJob) -> AutoMLJob | None:
        """Give an ended job of an older generation, where it is as good as one of this generation."""
        if not self._is_accepted(job):
            return None
        different = self._differences(job, self._tags(job))
        for difference in different:
            self.aws.log.info("AutoML job %s is not taken: %s", job.name, difference)
        return None if different else job

    def _stop_forerunner(self, name: str) -> None:
        self.aws.log.info("Stopping AutoML job %s, which this task was running before it was to train anew", name)
        self._stop(name)

    def _stop(self, name: str) -> None:
        self.aws.patiently(lambda hook: hook.stop_job(name))

    def _older_jobs(self) -> Iterator[AutoMLJob]:
        """Look up the jobs of older generations, generation by generation, newest first."""
        if self.memory.is_new and self.memory.has_run_before:
            yield from self._forgotten_jobs()
        for identity in self.identity.predecessors(self.memory.record.settled):
            jobs: list[AutoMLJob] = []
            while (job := self._find(identity.job_name(len(jobs) + 1))) is not None:
                jobs.append(job)
            yield from reversed(jobs)

    def _forgotten_jobs(self) -> Iterator[AutoMLJob]:
        """Look for running jobs of this task, after all that was remembered of them is gone.

        Their marks are those of this task, but for the nonce. Only a configured deployment says that no other
        installation has the same.
        """
        try:
            running = self.aws.patiently(lambda hook: hook.jobs_in_progress())
        except Exception as error:
            if not is_denied(error):
                raise
            self.aws.log.warning("Whether this task runs an AutoML job already may not be looked up: %s", error)
            return
        for name in filter(self.identity.may_have_named, running):
            job = self._find(name)
            if job is None or not self.identity.is_namesake(self._tags(job) or {}):
                continue
            if deployment():
                yield job
            else:
                self.aws.log.warning(
                    "AutoML job %s runs, and is left alone: it is this task's from before its state was lost, or that "
                    "of another Airflow. Configure [sagemaker_automl] deployment to tell them apart.",
                    name,
                )

    def _find(self, name: str) -> AutoMLJob | None:
        try:
            return self.aws.patiently(lambda hook: hook.describe_job(name))
        except AutoMLJobNotFound:
            return None

    def _differences(self, job: AutoMLJob, tags: Mapping[str, str] | None) -> list[str]:
        """Say in which members a job differs from the request; a tag with its digest spares the comparison."""
        if tags and tags.get(REQUEST_DIGEST_TAG) == request_digest(self.request):
            return []
        return differences(self.request, self.aws.patiently(lambda hook: hook.describe(job.name)))

    def _tags(self, job: AutoMLJob) -> dict[str, str] | None:
        """Read a job's tags; None where that is denied."""
        try:
            return self.aws.patiently(lambda hook: hook.tags(job.arn))
        except Exception as error:
            if not is_denied(error):
                raise
            self.aws.log.warning("The tags of AutoML job %s may not be read; its request tells whose it is", job.name)
            return None


def tagged(request: Mapping[str, Any], identity: TaskIdentity) -> dict[str, Any]:
    """Add the tags by which a task knows its job again to those of the request."""
    marks = {**identity.tags(), REQUEST_DIGEST_TAG: request_digest(request)}
    own = [tag for tag in request.get("Tags", []) if tag["Key"] not in marks]
    return {**request, "Tags": [*own, *({"Key": key, "Value": value} for key, value in marks.items())]}


def request_digest(request: Mapping[str, Any]) -> str:
    """Identify what is asked for, whatever the job is called and tagged with."""
    return digest({key: value for key, value in request.items() if key not in ("AutoMLJobName", "Tags")})
