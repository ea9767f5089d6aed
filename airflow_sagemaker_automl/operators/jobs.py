"""Operators that run AutoML jobs."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk import BaseOperator
from airflow.sdk.configuration import conf
from airflow.sdk.exceptions import AirflowTaskTimeout

from airflow_sagemaker_automl.connection import ConnectsToSageMaker, errors_for_people, may_pass
from airflow_sagemaker_automl.core.canonical import digest
from airflow_sagemaker_automl.core.job_name import TaskIdentity
from airflow_sagemaker_automl.core.literals import plain
from airflow_sagemaker_automl.core.rules import remarks
from airflow_sagemaker_automl.exceptions import (
    AutoMLJobNotFound,
    AutoMLJobTimedOut,
    AutoMLJobUnfinished,
    JobNameTaken,
    ServiceUnavailable,
)
from airflow_sagemaker_automl.operators.request import as_template_field, rendered_request, require_literals

if TYPE_CHECKING:
    import os

    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.job import AutoMLJob
    from airflow_sagemaker_automl.core.job_request import AutoMLJobRequest

# The clocks of service, triggerer and worker need not agree to the second.
_CLOCK_SKEW_SECONDS = 5
_SEEN_WITHIN_SECONDS = 300
REQUEST_DIGEST_TAG = "airflow:request_digest"


class SageMakerAutoMLJobOperator(ConnectsToSageMaker, BaseOperator):
    """Run an AutoML job (V2) and wait for it.

    A retry, a crash of the worker, or a second execution of the same try finds the job that was started and goes on
    with it; only a job that failed or was stopped is followed by another one.

    :param request: what to train, in one of three spellings: an
        :class:`~airflow_sagemaker_automl.core.job_request.AutoMLJobRequest`; the arguments of boto3's
        ``create_auto_ml_job_v2`` as a dictionary, with or without ``AutoMLJobName``; or the path of a ``.json``,
        ``.yaml`` or ``.yml`` file that holds them, relative to the DAG file, whose text is rendered too. Templates
        and XComArgs may stand in every leaf; after rendering, a text becomes the number or truth value that the
        service wants, and an empty text leaves an optional member out. (templated)
    :param extra_request: members of ``create_auto_ml_job_v2`` to put over ``request``, mapping by mapping; for what
        a newer boto3 knows and this package does not. (templated)
    :param job_name: 1 to 32 letters, digits and hyphens, never used before in the account and region.
        Default: derived from deployment, DAG, task, run and map index. (templated)
    :param wait_for_completion: False ends the task as soon as the job is accepted.
    :param deferrable: wait in the triggerer instead of a worker. Default: ``[operators] default_deferrable``.
    :param poll_interval: seconds between two looks at the job (default: 60).
    :param wait_timeout: seconds, or a timedelta, from the job's creation until the job is stopped and the task
        fails; the task's ``execution_timeout`` counts too. Default: no limit.
    :param aws_conn_id: Airflow connection for AWS (default: ``aws_default``). (templated)
    :param region_name: AWS region. Default: the connection's. (templated)
    :param verify: whether to verify TLS certificates, or a CA bundle. Default: the connection's. (templated)
    :param botocore_config: arguments of botocore's ``Config``. (templated)
    :return: (XCom) ``job_name``, ``job_arn``, ``status``, ``secondary_status``, ``problem_type``,
        ``resolved_problem_type``, ``objective``, ``best_candidate`` (``name``, ``objective_metric``,
        ``objective_type``, ``objective_value``, ``metrics`` by data set), ``created``, ``ended``, ``elapsed_seconds``.
    """

    template_fields: Sequence[str] = (
        "request",
        "extra_request",
        "job_name",
        "aws_conn_id",
        "region_name",
        "verify",
        "botocore_config",
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"request": "json", "extra_request": "json"}
    ui_color = "#cfe8dc"

    def __init__(
        self,
        *,
        request: AutoMLJobRequest | Mapping[str, Any] | str | os.PathLike[str],
        extra_request: Mapping[str, Any] | None = None,
        job_name: str | None = None,
        wait_for_completion: bool = True,
        deferrable: bool | None = None,
        poll_interval: float = 60,
        wait_timeout: float | timedelta | None = None,
        aws_conn_id: str | None = "aws_default",
        region_name: str | None = None,
        verify: bool | str | None = None,
        botocore_config: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        # Each key of the result is an XCom of its own too: train.output["job_name"] works.
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.request = as_template_field(request)
        self.extra_request = plain(extra_request)
        require_literals(self.request, self.extra_request)
        self.job_name = job_name
        self.wait_for_completion = wait_for_completion
        if deferrable is None:
            deferrable = conf.getboolean("operators", "default_deferrable", fallback=False)
        self.deferrable = deferrable
        self.poll_interval = poll_interval
        self.wait_timeout = wait_timeout
        self.aws_conn_id = aws_conn_id
        self.region_name = region_name
        self.verify = verify
        self.botocore_config = botocore_config
        self._started_job: str | None = None

    @errors_for_people
    def execute(self, context: Context) -> dict[str, Any]:
        """Start the job, or find the one that an earlier execution has started, and wait for its end."""
        job = self._start_or_adopt(context)
        self._started_job = job.name
        if not self.wait_for_completion:
            return job.to_json()
        if not job.is_finished:
            job = self._wait(job)
        return self._result(job)

    @errors_for_people
    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on after the wait; what has become of the job is asked of the service, not of the event."""
        from airflow_sagemaker_automl.triggers import WaitEnd

        end = WaitEnd(event["end"])
        job = self.hook.describe_job(event["job_name"])
        self._started_job = job.name
        if end is WaitEnd.DEADLINE and not job.is_finished:
            self._time_out(job)
        return self._result(job)

    def on_kill(self) -> None:
        """Stop the job that this task waits for: whoever ends the task does not want its result.

        Airflow calls this in the worker only; a job that a deferred task waits for runs on.
        """
        if self._started_job:
            self.log.info("Stopping AutoML job %s", self._started_job)
            self.hook.stop_job(self._started_job)

    def _start_or_adopt(self, context: Context) -> AutoMLJob:
        from airflow_sagemaker_automl.validation import checked_request

        request, identity = self._checked_request(context), self._identity(context)
        explicit_name = request.get("AutoMLJobName")
        marks = {**identity.tags(), REQUEST_DIGEST_TAG: digest(_without_name(request))}
        # Once more: the operator's own tags count towards the service's limit.
        request = checked_request({**request, "Tags": _tagged(request, marks)})
        for attempt in itertools.count(1):
            name = explicit_name or identity.job_name(attempt)
            try:
                job = self.hook.create_job({**request, "AutoMLJobName": name})
            except JobNameTaken as taken:
                job = self._require_own(taken, identity, marks[REQUEST_DIGEST_TAG])
                if job.is_in_progress or job.has_model:
                    self.log.info("Continuing with AutoML job %s, which is %s", job.name, job.status.value)
                    return job
                self.log.info("AutoML job %s is %s; starting another one", job.name, job.secondary_status)
                if explicit_name:
                    raise JobNameTaken(name, f"this task's job of that name is {job.status.value}.") from taken
            else:
                self.log.info("Started AutoML job %s (%s)", job.name, job.console_url or job.arn)
                return job
        raise AssertionError("unreachable: the loop above has no end of its own")

    def _require_own(self, taken: JobNameTaken, identity: TaskIdentity, request_digest: str) -> AutoMLJob:
        """Look at the job that has the name.

        :raises JobNameTaken: its tags say that it is not this task's.
        :raises ServiceUnavailable: the service knows the name already, and not yet the job.
        """
        try:
            job = self.hook.describe_job(taken.job_name)
        except AutoMLJobNotFound as error:
            raise ServiceUnavailable(f"AutoML job {taken.job_name} exists but cannot be seen yet.") from error
        tags = self.hook.tags(job.arn)
        if any(tags.get(key) != value for key, value in identity.tags().items()):
            owner = tags.get("airflow:dag_id")
            whose = (
                f"it belongs to DAG {owner}, run {tags.get('airflow:run_id')}" if owner else "Airflow did not start it"
            )
            raise JobNameTaken(job.name, f"{whose}; it is {job.status.value}.") from taken
        if tags.get(REQUEST_DIGEST_TAG, request_digest) != request_digest:
            self.log.warning("AutoML job %s was started with another request; clear the task to train anew", job.name)
        return job

    def _wait(self, job: AutoMLJob) -> AutoMLJob:
        if self.deferrable:
            from airflow_sagemaker_automl.triggers import AutoMLJobTrigger

            limits = [job.created.timestamp() + self._wait_seconds]
            if self.execution_timeout is not None:  # Airflow watches over it in the worker only.
                limits.append(time.time() + self.execution_timeout.total_seconds())
            deadline = min(limits)
            self.defer(
                trigger=AutoMLJobTrigger(
                    job_name=job.name,
                    connection=self.connection,
                    poll_interval=self.poll_interval,
                    deadline=deadline if math.isfinite(deadline) else None,
                ),
                method_name="execute_complete",
            )
        return self._wait_here(job)

    def _wait_here(self, job: AutoMLJob) -> AutoMLJob:
        seen = None
        while not job.is_finished:
            if job.secondary_status != seen:
                seen = job.secondary_status
                self.log.info("AutoML job %s: %s", job.name, seen)
            left = job.created.timestamp() + self._wait_seconds - time.time()
            if left <= 0:
                self._time_out(job)
            time.sleep(min(self.poll_interval, left))
            job = self._look_again(job)
        return job

    def _look_again(self, job: AutoMLJob) -> AutoMLJob:
        """Describe a job; a service that does not answer, or show a new job yet, says nothing about the job."""
        try:
            return self.hook.describe_job(job.name)
        except Exception as error:
            too_new = isinstance(error, AutoMLJobNotFound) and job.elapsed_seconds < _SEEN_WITHIN_SECONDS
            if not too_new and not may_pass(error):
                raise
            self.log.warning("AutoML job %s could not be described, trying again: %s", job.name, error)
            return job

    @property
    def _wait_seconds(self) -> float:
        """Seconds from the job's creation to the deadline; it does not move when a task is retried."""
        if self.wait_timeout is None:
            return math.inf
        timeout = self.wait_timeout
        return timeout.total_seconds() if isinstance(timeout, timedelta) else float(timeout)

    def _time_out(self, job: AutoMLJob) -> None:
        """End the wait for a job whose deadline has come.

        :raises AutoMLJobTimedOut: the deadline is that of the wait; the job is told to stop.
        :raises AirflowTaskTimeout: it is the task's ``execution_timeout``; Airflow then calls ``on_kill``.
        """
        if self.execution_timeout is not None and job.elapsed_seconds + _CLOCK_SKEW_SECONDS < self._wait_seconds:
            raise AirflowTaskTimeout(f"AutoML job {job.name} was not finished within the task's execution_timeout.")
        try:
            self.hook.stop_job(job.name)
        except Exception as error:
            self.log.error("AutoML job %s could not be told to stop: %s", job.name, error)
            raise AutoMLJobTimedOut(job, self._wait_seconds, stopping=False) from error
        raise AutoMLJobTimedOut(job, self._wait_seconds)

    def _result(self, job: AutoMLJob) -> dict[str, Any]:
        job.raise_for_status()
        if not job.is_finished:
            reason = (
                "The triggerer gave up the wait: it may not describe the job. Give its AWS identity "
                "sagemaker:DescribeAutoMLJobV2, or wait with deferrable=False."
            )
            raise AutoMLJobUnfinished(job, reason)
        for failure in job.partial_failures:
            self.log.warning("AutoML job %s failed in part: %s", job.name, failure)
        return job.to_json()

    def _checked_request(self, context: Context) -> dict[str, Any]:
        """Read the rendered request and judge it.

        :raises InvalidJobRequest: with everything that is wrong.
        """
        from airflow_sagemaker_automl.validation import checked_request

        request = rendered_request(self, self.request, self.extra_request, context)
        request = checked_request({**request, "AutoMLJobName": self.job_name or request.get("AutoMLJobName")})
        for remark in remarks(request):
            self.log.warning("%s", remark)
        return request

    def _identity(self, context: Context) -> TaskIdentity:
        ti = context["ti"]
        deployment = conf.get("sagemaker_automl", "deployment", fallback="") or conf.get("api", "base_url", fallback="")
        return TaskIdentity(
            deployment=deployment,
            dag_id=ti.dag_id,
            task_id=ti.task_id,
            run_id=ti.run_id,
            map_index=ti.map_index if ti.map_index is not None else -1,
            # Airflow raises max_tries when a task that has ended is cleared.
            clear_generation=max(0, ti.max_tries - (self.retries or 0)),
        )


def _without_name(request: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in request.items() if key not in ("AutoMLJobName", "Tags")}


def _tagged(request: Mapping[str, Any], marks: Mapping[str, str]) -> list[dict[str, str]]:
    """Add our tags to the request's own."""
    own = [tag for tag in request.get("Tags", []) if tag["Key"] not in marks]
    return [*own, *({"Key": key, "Value": value} for key, value in marks.items())]
