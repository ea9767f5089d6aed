"""Operators that run and stop AutoML jobs."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, get_args

from airflow.sdk.exceptions import AirflowTaskTimeout

from airflow_sagemaker_automl.core.jobs.outcome import Acceptance, OnFlaw, OnNoCandidate, OnStopped
from airflow_sagemaker_automl.core.rules import remarks
from airflow_sagemaker_automl.core.values.literals import plain
from airflow_sagemaker_automl.exceptions import AutoMLJobTimedOut, QuotaReached, QuotaWaitTimedOut
from airflow_sagemaker_automl.hooks.errors import is_denied
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.observability.links import JOB_LINKS, show_job
from airflow_sagemaker_automl.tasks.base import CONNECTION_FIELDS, with_clear_errors
from airflow_sagemaker_automl.tasks.job_wait import defer_until_ended, describe_after_wait, result_of, wait_in_worker
from airflow_sagemaker_automl.tasks.kill import Kill
from airflow_sagemaker_automl.tasks.quota_place import QueuePlace
from airflow_sagemaker_automl.tasks.request import as_template_field, rendered_request, require_literals
from airflow_sagemaker_automl.tasks.submission import ReuseJob, Submission, tagged
from airflow_sagemaker_automl.tasks.task_memory import TaskMemory
from airflow_sagemaker_automl.tasks.waiting import WaitingTask, seconds
from airflow_sagemaker_automl.triggers.polling import pause
from airflow_sagemaker_automl.triggers.quota_queue import PROBE_AFTER_POLLS

if TYPE_CHECKING:
    import os

    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
    from airflow_sagemaker_automl.core.jobs.job_request import AutoMLJobRequest

_NO_DEPLOYMENT = (
    "Neither [sagemaker_automl] deployment nor [api] base_url is configured, so the tags of AutoML jobs do not show "
    "which Airflow deployment started them."
)


class SageMakerAutoMLJobOperator(WaitingTask):
    """Run an AutoML job (V2) and wait for it.

    A retry, a worker crash, or a second execution of the same try finds the job that the task started and resumes it.
    The task starts a new job only if the earlier one ended without an acceptable result. While the account is at its
    quota of concurrent jobs, the task waits for its turn.

    :param request: what to train, in one of three forms: an
        :class:`~airflow_sagemaker_automl.AutoMLJobRequest`; the arguments of boto3's
        ``create_auto_ml_job_v2`` as a dictionary, with or without ``AutoMLJobName``; or the path of a ``.json``,
        ``.yaml`` or ``.yml`` file with them, relative to the DAG file, whose text is rendered too. Every leaf may be
        a template or an XComArg. After rendering, text is converted to the number or boolean that the service expects,
        and empty text leaves an optional member out. (templated)
    :param extra_request: members of ``create_auto_ml_job_v2`` to deep-merge over ``request``, for members that a newer
        boto3 knows and this package does not. (templated)
    :param job_name: 1 to 32 letters, digits and hyphens. The task resumes a job of this name if it started that job
        with the same request; with any other job of this name it fails. Default: derived from deployment, DAG, task,
        run and map index. (templated)
    :param reuse_job: which job a later execution in the same run resumes. ``retries`` (default): the job of earlier
        tries; a cleared task trains again. ``clears``: also a job that completed with an accepted result before the
        task was cleared, if the request is the same. ``never``: every try trains again. Before training again, the
        task stops its jobs that still run.
    :param wait_for_completion: False ends the task as soon as the service accepts the job.
    :param deferrable: wait in the triggerer instead of a worker. Default: ``[operators] default_deferrable``.
    :param poll_interval: seconds, or a timedelta, between two polls of the job (default: 60).
    :param wait_timeout: seconds, or a timedelta, from the job's creation until the wait ends and the task fails without
        retrying. Default: no limit. The task's ``execution_timeout`` ends a wait as well, deferred or not.
    :param capacity_timeout: seconds, or a timedelta, that the task waits for a place in the account's quota before it
        fails. Default: no limit.
    :param on_stopped: what to do if the job was stopped: ``fail`` (default), or ``pass`` if it has a best candidate.
    :param on_no_candidate: what to do if the job completed without a best candidate, or was requested to create
        candidate definitions only: ``fail`` (default), ``skip`` or ``pass``.
    :param on_time_limit: what to do if the job has a model but reached its own run-time limit: ``pass`` (default; the
        log warns, as for the next four) or ``fail``.
    :param on_partial_failure: the same if other candidates failed, or parts that the service does not name.
    :param on_deployment_failure: the same if the endpoint that ``ModelDeployConfig`` requests is missing.
    :param on_insights_failure: the same if the model insights report failed.
    :param on_explanation_failure: the same if the explainability report of SageMaker Clarify failed.
    :param stop_on_timeout: stop the job when ``wait_timeout`` ends the wait (default: True).
    :param stop_on_kill: stop the job when the task is cleared, marked as failed or successful, or ended by
        ``execution_timeout``, while it waits (default: True).
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.tasks.base.SageMakerTask`, and
        those of every operator.
    :return: (XCom) ``job_name``, ``job_arn``, ``status``, ``secondary_status``, ``outcome`` (of
        :class:`~airflow_sagemaker_automl.core.jobs.outcome.JobOutcome`), ``problem_type``, ``resolved_problem_type``,
        ``objective``, ``objective_type``, ``best_candidate`` (``name``, ``objective_metric``, ``objective_type``,
        ``objective_value``, ``metrics`` by data set), ``endpoint_name`` (None unless the job has deployed its model),
        ``failed_parts`` (a list of ``part``, of
        :class:`~airflow_sagemaker_automl.core.jobs.partial_failure.JobPart`, and ``message``),
        ``created``, ``ended``, ``elapsed_seconds``.
    """

    template_fields: Sequence[str] = ("request", "extra_request", "job_name", *CONNECTION_FIELDS)
    template_fields_renderers: ClassVar[dict[str, str]] = {"request": "json", "extra_request": "json"}
    reads = ("data",)
    writes = ("models",)
    ui_color = "#cfe8dc"
    operator_extra_links = JOB_LINKS

    def __init__(
        self,
        *,
        request: AutoMLJobRequest | Mapping[str, Any] | str | os.PathLike[str],
        extra_request: Mapping[str, Any] | None = None,
        job_name: str | None = None,
        reuse_job: ReuseJob = "retries",
        wait_for_completion: bool = True,
        deferrable: bool | None = None,
        poll_interval: float | timedelta = 60,
        wait_timeout: float | timedelta | None = None,
        capacity_timeout: float | timedelta | None = None,
        on_stopped: OnStopped = "fail",
        on_no_candidate: OnNoCandidate = "fail",
        on_time_limit: OnFlaw = "pass",
        on_partial_failure: OnFlaw = "pass",
        on_deployment_failure: OnFlaw = "pass",
        on_insights_failure: OnFlaw = "pass",
        on_explanation_failure: OnFlaw = "pass",
        stop_on_timeout: bool = True,
        stop_on_kill: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(deferrable=deferrable, poll_interval=poll_interval, **kwargs)
        self.request = as_template_field(request)
        self.extra_request = plain(extra_request)
        require_literals(self.request, self.extra_request, job_name)
        self.job_name = job_name
        if reuse_job not in get_args(ReuseJob):
            raise ValueError(f"reuse_job = {reuse_job!r} must be one of {', '.join(get_args(ReuseJob))}")
        self.reuse_job = reuse_job
        self.wait_for_completion = wait_for_completion
        self.wait_timeout = wait_timeout
        self.capacity_timeout = capacity_timeout
        self.acceptance = Acceptance(
            on_stopped=on_stopped,
            on_no_candidate=on_no_candidate,
            on_time_limit=on_time_limit,
            on_partial_failure=on_partial_failure,
            on_deployment_failure=on_deployment_failure,
            on_insights_failure=on_insights_failure,
            on_explanation_failure=on_explanation_failure,
        )
        self.stop_on_timeout = stop_on_timeout
        self.stop_on_kill = stop_on_kill
        self._started_job: str | None = None
        self._kill: Kill | None = None
        self._ti: Any = None

    @with_clear_errors
    def execute(self, context: Context) -> dict[str, Any]:
        """Start the job, or find the one that an earlier execution started, and wait until it ends."""
        self._begin(context)
        return self._train(context)

    @with_clear_errors
    def execute_with_room(
        self,
        context: Context,
        event: dict[str, Any],
        place: dict[str, Any] | None = None,
        task_deadline: float | None = None,
    ) -> dict[str, Any]:
        """Resume after the wait for a place in the account's quota.

        :param place: of a :class:`~airflow_sagemaker_automl.tasks.quota_place.QueuePlace`. Default: the task joins
            the queue again, because ``dag.test()`` passes only the event.
        """
        from airflow_sagemaker_automl.triggers.base import WaitEnd

        self._begin(context)
        queued = QueuePlace(**(place or {"since": time.time()}))
        end = WaitEnd(event["end"])
        if end is WaitEnd.DEADLINE:
            self._give_up_queueing(queued, task_deadline)
        if end is WaitEnd.UNREADABLE:
            text = "The triggerer cannot check whether there is room for AutoML job %s, so this worker tries: %s"
            self.log.warning(text, event["job_name"], event["reason"])
        return self._train(context, queued, task_deadline)

    @with_clear_errors
    def execute_complete(
        self, context: Context, event: dict[str, Any], task_deadline: float | None = None
    ) -> dict[str, Any]:
        """Resume after the wait; the status of the job comes from the service, not from the event."""
        from airflow_sagemaker_automl.triggers.base import WaitEnd

        self._begin(context)
        self._started_job = event["job_name"]
        job = describe_after_wait(self, event)
        if event["end"] == WaitEnd.DEADLINE and not job.is_finished:
            self._time_out(job, task_deadline)
        return self._follow(job, task_deadline)

    def on_kill(self) -> None:
        """Stop the job, unless the task continues: Airflow also calls this when only the worker shuts down."""
        if self.stop_on_kill and self._kill is not None:
            self._kill.handle_signal(self._started_job)

    def _train(
        self, context: Context, place: QueuePlace | None = None, task_deadline: float | None = None
    ) -> dict[str, Any]:
        submission = self._submission(context)
        job = None
        while job is None:
            try:
                job = submission.start_or_adopt()
            except QuotaReached as refusal:
                metrics.count(metrics.REFUSED)
                if not refusal.retry_can_help:
                    raise
                place = self._queue(refusal, place, task_deadline)
        if place is not None:
            metrics.time_taken(metrics.QUEUED, time.time() - place.since)
        show_job(self, self._ti, job)
        self.lineage = self.lineage.with_job(job)
        if not self.wait_for_completion:
            return job.to_json()
        return self._follow(job, task_deadline)

    def _submission(self, context: Context) -> Submission:
        from airflow_sagemaker_automl.hooks.service_model import checked_request

        request = self._checked_request(context)
        memory = TaskMemory(context, self.retries)
        identity = memory.identity(each_try=self.reuse_job == "never")
        if not identity.deployment:
            self.log.warning("%s", _NO_DEPLOYMENT)
        # Checked again, because the operator's own tags count towards the service's limit.
        request = checked_request(tagged(request, identity))
        return Submission(
            aws=self,
            request=request,
            identity=identity,
            memory=memory,
            acceptance=self.acceptance,
            adopts_after_clear=self.reuse_job == "clears",
            announce=self._remember_started,
        )

    def _begin(self, context: Context) -> None:
        self._ti = context["ti"]
        self._kill = Kill(context, lambda name: self.hook.stop_job(name), self.log)

    def _remember_started(self, job_name: str) -> None:
        """Remember the job that a kill must stop; if the kill came first, start no job."""
        self._started_job = job_name
        self.require_wanted()

    def require_wanted(self) -> None:
        """End the execution if the task was killed while Airflow could not say whether it continues, and it does not.

        :raises AirflowException: the task is being terminated.
        """
        if self._kill is not None and self._started_job is not None:
            self._kill.require_wanted(self._started_job)

    def _queue(self, refusal: QuotaReached, place: QueuePlace | None, task_deadline: float | None) -> QueuePlace:
        """Wait until there may be room: in the triggerer (then this does not return) or in the worker."""
        place = (place or QueuePlace(since=time.time())).after(refusal, self._count_running(stopping_too=True))
        self.log.info(
            "%s Waiting until fewer than %s jobs are in progress; waited %.0f s so far.",
            refusal,
            place.limit,
            time.time() - place.since,
        )
        if self.deferrable:
            self._defer_for_room(refusal.job_name, place, self.execution_deadline(task_deadline))
        running: int | None = place.limit
        for _ in range(PROBE_AFTER_POLLS):
            left = place.since + seconds(self.capacity_timeout) - time.time()
            if left <= 0:
                self._give_up_queueing(place, None)
            time.sleep(min(pause(self.poll_interval, 0), left))
            self.require_wanted()
            running = self._count_running()
            if running is None or running < place.limit:
                break
        return place

    def _defer_for_room(self, job_name: str, place: QueuePlace, task_deadline: float | None) -> None:
        from airflow_sagemaker_automl.triggers.jobs import CapacityTrigger

        deadline = min(place.since + seconds(self.capacity_timeout), task_deadline or math.inf)
        self.defer(
            trigger=CapacityTrigger(
                job_name=job_name,
                waiting_since=place.since,
                limit=place.limit,
                connection=self.connection,
                poll_interval=self.poll_interval,
                deadline=deadline if math.isfinite(deadline) else None,
            ),
            method_name="execute_with_room",
            kwargs={"place": place.to_json(), "task_deadline": task_deadline},
        )

    def _count_running(self, *, stopping_too: bool = False) -> int | None:
        """Count the account's jobs in progress; None if access to the list is denied.

        :param stopping_too: whether stopping jobs count as one job if no other job runs.
        """
        try:
            running = len(self.call_with_retries(lambda hook: hook.jobs_in_progress()))
            if not running and stopping_too:
                return int(self.call_with_retries(lambda hook: hook.has_stopping_jobs()))
            return running
        except Exception as error:
            if is_denied(error):
                return None
            raise

    def _give_up_queueing(self, place: QueuePlace, task_deadline: float | None) -> None:
        """End the wait for a place.

        :raises QuotaWaitTimedOut: ``capacity_timeout`` is over.
        :raises AirflowTaskTimeout: the task's ``execution_timeout`` came first.
        """
        limit = seconds(self.capacity_timeout)
        if math.isinf(limit) or (task_deadline is not None and task_deadline < place.since + limit):
            raise AirflowTaskTimeout("No AutoML job could be started within the task's execution_timeout.")
        raise QuotaWaitTimedOut(limit, place.reason)

    def _follow(self, job: AutoMLJob, task_deadline: float | None) -> dict[str, Any]:
        """Wait until the job ends, and return the result."""
        if not job.is_finished:
            deadline = job.created.timestamp() + seconds(self.wait_timeout)
            if self.deferrable:
                task_deadline = self.execution_deadline(task_deadline)
                first = min(deadline, task_deadline or math.inf)
                defer_until_ended(self, job.name, first, stop_on_kill=self.stop_on_kill, task_deadline=task_deadline)
            job = wait_in_worker(self, job, deadline)
            if not job.is_finished:
                self._time_out(job, None)
        show_job(self, self._ti, job)
        # The end of a job from before a clear was counted then.
        return result_of(self, job, self.acceptance, is_first_report=job.name == self._started_job)

    def _time_out(self, job: AutoMLJob, task_deadline: float | None) -> NoReturn:
        """End the wait for a job at its deadline.

        :raises AutoMLJobTimedOut: the deadline is that of ``wait_timeout``.
        :raises AirflowTaskTimeout: it is the task's ``execution_timeout``; Airflow then calls ``on_kill``.
        """
        metrics.count(metrics.ENDED, "timed_out")
        limit = seconds(self.wait_timeout)
        if math.isinf(limit) or (task_deadline is not None and task_deadline < job.created.timestamp() + limit):
            raise AirflowTaskTimeout(f"AutoML job {job.name} was not finished within the task's execution_timeout.")
        if not self.stop_on_timeout:
            raise AutoMLJobTimedOut(job, limit, "keeps running, because stop_on_timeout is False.")
        try:
            self.call_with_retries(lambda hook: hook.stop_job(job.name))
        except Exception as error:
            self.log.error("Could not stop AutoML job %s: %s", job.name, error)
            raise AutoMLJobTimedOut(job, limit, "could not be stopped: it keeps running and incurs costs.") from error
        raise AutoMLJobTimedOut(job, limit, "is being stopped.")

    def _checked_request(self, context: Context) -> dict[str, Any]:
        """Read the rendered request and check it.

        :raises InvalidJobRequest: with all violations.
        """
        from airflow_sagemaker_automl.hooks.service_model import checked_request

        request = rendered_request(self, self.request, self.extra_request, context)
        request = checked_request({**request, "AutoMLJobName": self.job_name or request.get("AutoMLJobName")})
        self.lineage = self.lineage.with_request(request)
        for remark in remarks(request):
            self.log.warning("%s", remark)
        return request
