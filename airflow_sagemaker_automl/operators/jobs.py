"""Operators that run and stop AutoML jobs."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn, get_args

from airflow.sdk.exceptions import AirflowTaskTimeout

from airflow_sagemaker_automl import metrics
from airflow_sagemaker_automl.capacity_queue import PROBE_AFTER_POLLS
from airflow_sagemaker_automl.connection import CONNECTION_FIELDS, errors_for_people
from airflow_sagemaker_automl.core.literals import plain
from airflow_sagemaker_automl.core.outcome import Acceptance, OnFlaw, OnNoCandidate, OnStopped
from airflow_sagemaker_automl.core.rules import remarks
from airflow_sagemaker_automl.exceptions import AutoMLJobTimedOut, QuotaReached, QuotaWaitTimedOut
from airflow_sagemaker_automl.lineage import TellsOfTraining
from airflow_sagemaker_automl.links import JOB_LINKS, show_job
from airflow_sagemaker_automl.operators.capacity import QueuePlace
from airflow_sagemaker_automl.operators.killing import Kill
from airflow_sagemaker_automl.operators.request import as_template_field, rendered_request, require_literals
from airflow_sagemaker_automl.operators.submission import ReuseJob, Submission, tagged
from airflow_sagemaker_automl.operators.task_memory import TaskMemory
from airflow_sagemaker_automl.polling import pause
from airflow_sagemaker_automl.service_errors import is_denied
from airflow_sagemaker_automl.waiting import WaitsForAutoMLJob, seconds

if TYPE_CHECKING:
    import os

    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.job import AutoMLJob
    from airflow_sagemaker_automl.core.job_request import AutoMLJobRequest

_NO_DEPLOYMENT = (
    "Neither [sagemaker_automl] deployment nor [api] base_url is configured, so that tags of AutoML jobs do not tell "
    "which Airflow has started them."
)


class SageMakerAutoMLJobOperator(TellsOfTraining, WaitsForAutoMLJob):
    """Run an AutoML job (V2) and wait for it.

    A retry, a crash of the worker, or a second execution of the same try finds the job that was started and goes on
    with it; only a job that did not end well is followed by another one. While the account is at its quota of
    concurrent jobs, the task waits for its turn.

    :param request: what to train, in one of three spellings: an
        :class:`~airflow_sagemaker_automl.core.job_request.AutoMLJobRequest`; the arguments of boto3's
        ``create_auto_ml_job_v2`` as a dictionary, with or without ``AutoMLJobName``; or the path of a ``.json``,
        ``.yaml`` or ``.yml`` file that holds them, relative to the DAG file, whose text is rendered too. Templates
        and XComArgs may stand in every leaf; after rendering, a text becomes the number or truth value that the
        service wants, and an empty text leaves an optional member out. (templated)
    :param extra_request: members of ``create_auto_ml_job_v2`` to put over ``request``, mapping by mapping; for what
        a newer boto3 knows and this package does not. (templated)
    :param job_name: 1 to 32 letters, digits and hyphens. A job of this name is gone on with if this task started it
        with the same request; any other makes the task fail. Default: derived from deployment, DAG, task, run and
        map index. (templated)
    :param reuse_job: which job a later execution in the same run goes on with: ``retries`` (default) that of earlier
        tries, and a cleared task trains anew; ``clears`` also one that had ended well before the task was cleared,
        if the request is the same; ``never`` trains anew at each try. Training anew first stops what the task still
        runs.
    :param wait_for_completion: False ends the task as soon as the job is accepted.
    :param deferrable: wait in the triggerer instead of a worker. Default: ``[operators] default_deferrable``.
    :param poll_interval: seconds, or a timedelta, between two looks at the job (default: 60).
    :param wait_timeout: seconds, or a timedelta, from the job's creation until the wait ends and the task fails for
        good. Default: no limit. The task's ``execution_timeout`` ends a wait as well, deferred or not.
    :param capacity_timeout: seconds, or a timedelta, to wait for a place in the account's quota until the task
        fails. Default: no limit.
    :param on_stopped: what to make of a job that somebody stopped: ``fail`` (default), or ``pass`` if it has a
        best candidate by then.
    :param on_no_candidate: what to make of a job that completed without a best candidate, or was asked for candidate
        definitions only: ``fail`` (default), ``skip`` or ``pass``.
    :param on_time_limit: what to make of a model of a job that its own run-time limit has cut short: ``pass``
        (default; the log warns, as for the next four) or ``fail``.
    :param on_partial_failure: the same, where other candidates failed, or parts that the service does not name.
    :param on_deployment_failure: the same, where the endpoint that ``ModelDeployConfig`` asks for is missing.
    :param on_insights_failure: the same, where the model insights report failed.
    :param on_explanation_failure: the same, where the explainability report failed, which SageMaker Clarify makes.
    :param stop_on_timeout: stop the job when ``wait_timeout`` ends the wait (default: True).
    :param stop_on_kill: stop the job when the task is cleared, marked as failed or successful, or ended by
        ``execution_timeout``, while it waits (default: True).
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.connection.ConnectsToSageMaker`, and
        those of every operator.
    :return: (XCom) ``job_name``, ``job_arn``, ``status``, ``secondary_status``, ``outcome`` (of
        :class:`~airflow_sagemaker_automl.core.outcome.Outcome`), ``problem_type``, ``resolved_problem_type``,
        ``objective``, ``objective_type``, ``best_candidate`` (``name``, ``objective_metric``, ``objective_type``,
        ``objective_value``, ``metrics`` by data set), ``endpoint_name`` (None unless the job has deployed its model),
        ``failed_parts`` (a list of ``part``, of :class:`~airflow_sagemaker_automl.core.partial_failure.JobPart`, and
        ``message``), ``created``, ``ended``, ``elapsed_seconds``.
    """

    template_fields: Sequence[str] = ("request", "extra_request", "job_name", *CONNECTION_FIELDS)
    template_fields_renderers: ClassVar[dict[str, str]] = {"request": "json", "extra_request": "json"}
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

    @errors_for_people
    def execute(self, context: Context) -> dict[str, Any]:
        """Start the job, or find the one that an earlier execution has started, and wait for its end."""
        self._begin(context)
        return self._train(context)

    @errors_for_people
    def execute_with_room(
        self,
        context: Context,
        event: dict[str, Any],
        place: dict[str, Any] | None = None,
        task_deadline: float | None = None,
    ) -> dict[str, Any]:
        """Go on after the wait for a place in the account's quota.

        :param place: of a :class:`~airflow_sagemaker_automl.operators.capacity.QueuePlace`. Default: the task queues
            anew, for ``dag.test()`` hands on nothing but the event.
        """
        from airflow_sagemaker_automl.triggers import WaitEnd

        self._begin(context)
        self._has_been_reached = True
        queued = QueuePlace(**(place or {"since": time.time()}))
        end = WaitEnd(event["end"])
        if end is WaitEnd.DEADLINE:
            self._give_up_queueing(queued, task_deadline)
        if end is WaitEnd.UNREADABLE:
            text = "The triggerer cannot see whether there is room for AutoML job %s, so this worker tries: %s"
            self.log.warning(text, event["job_name"], event["reason"])
        return self._train(context, queued, task_deadline)

    @errors_for_people
    def execute_complete(
        self, context: Context, event: dict[str, Any], task_deadline: float | None = None
    ) -> dict[str, Any]:
        """Go on after the wait; what has become of the job is asked of the service, not of the event."""
        from airflow_sagemaker_automl.triggers import WaitEnd

        self._begin(context)
        self._started_job = event["job_name"]
        job = self.after_the_wait(event)
        if event["end"] == WaitEnd.DEADLINE and not job.is_finished:
            self._time_out(job, task_deadline)
        return self._follow(job, task_deadline)

    def on_kill(self) -> None:
        """Stop the job, unless the task is to go on: Airflow also calls this when only the worker has to end."""
        if self.stop_on_kill and self._kill is not None:
            self._kill.come(self._started_job)

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
        self.remember_job(job)
        if not self.wait_for_completion:
            return job.to_json()
        return self._follow(job, task_deadline)

    def _submission(self, context: Context) -> Submission:
        from airflow_sagemaker_automl.validation import checked_request

        request = self._checked_request(context)
        memory = TaskMemory(context, self.retries)
        identity = memory.identity(each_try=self.reuse_job == "never")
        if not identity.deployment:
            self.log.warning("%s", _NO_DEPLOYMENT)
        # Checked again with the operator's own tags, which count towards the service's limit.
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
        """Know the job that a kill has to stop; where the kill came first, start nothing any more."""
        self._started_job = job_name
        self.require_wanted()

    def require_wanted(self) -> None:
        """Give up where a kill came at a time when Airflow could not say whether the task goes on, and it does not.

        :raises AirflowException: the task has been told to end.
        """
        if self._kill is not None and self._started_job is not None:
            self._kill.require_wanted(self._started_job)

    def _queue(self, refusal: QuotaReached, place: QueuePlace | None, task_deadline: float | None) -> QueuePlace:
        """Wait until there may be room: in the triggerer, where this does not return, or here."""
        place = (place or QueuePlace(since=time.time())).after(refusal, self._count_running(stopping_too=True))
        self.log.info(
            "%s Waiting for fewer than %s jobs in progress, for %.0f s already.",
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
        from airflow_sagemaker_automl.triggers import CapacityTrigger

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
        """Count the account's jobs in progress; None where that may not be asked.

        :param stopping_too: whether jobs that are stopping count as one, where no other runs.
        """
        try:
            running = len(self.patiently(lambda hook: hook.jobs_in_progress()))
            if not running and stopping_too:
                return int(self.patiently(lambda hook: hook.has_stopping_jobs()))
            return running
        except Exception as error:
            if is_denied(error):
                return None
            raise

    def _give_up_queueing(self, place: QueuePlace, task_deadline: float | None) -> None:
        """End the wait for a place.

        :raises QuotaWaitTimedOut: it has lasted for ``capacity_timeout``.
        :raises AirflowTaskTimeout: the task's ``execution_timeout`` came first.
        """
        limit = seconds(self.capacity_timeout)
        if math.isinf(limit) or (task_deadline is not None and task_deadline < place.since + limit):
            raise AirflowTaskTimeout("No AutoML job could be started within the task's execution_timeout.")
        raise QuotaWaitTimedOut(limit, place.reason)

    def _follow(self, job: AutoMLJob, task_deadline: float | None) -> dict[str, Any]:
        """Wait for the job's end, and give the result."""
        if not job.is_finished:
            deadline = job.created.timestamp() + seconds(self.wait_timeout)
            if self.deferrable:
                task_deadline = self.execution_deadline(task_deadline)
                first = min(deadline, task_deadline or math.inf)
                self.defer_to_the_end(job.name, first, stop_on_kill=self.stop_on_kill, task_deadline=task_deadline)
            job = self.wait_here(job, deadline)
            if not job.is_finished:
                self._time_out(job, None)
        show_job(self, self._ti, job)
        # That of a job from before a clear was counted then.
        return self.result_of(job, is_news=job.name == self._started_job)

    def _time_out(self, job: AutoMLJob, task_deadline: float | None) -> NoReturn:
        """End the wait for a job whose deadline has come.

        :raises AutoMLJobTimedOut: the deadline is that of the wait.
        :raises AirflowTaskTimeout: it is the task's ``execution_timeout``; Airflow then calls ``on_kill``.
        """
        metrics.count(metrics.ENDED, "timed_out")
        limit = seconds(self.wait_timeout)
        if math.isinf(limit) or (task_deadline is not None and task_deadline < job.created.timestamp() + limit):
            raise AirflowTaskTimeout(f"AutoML job {job.name} was not finished within the task's execution_timeout.")
        if not self.stop_on_timeout:
            raise AutoMLJobTimedOut(job, limit, "runs on, since stop_on_timeout is False.")
        try:
            self.patiently(lambda hook: hook.stop_job(job.name))
        except Exception as error:
            self.log.error("AutoML job %s could not be told to stop: %s", job.name, error)
            raise AutoMLJobTimedOut(job, limit, "could not be told to stop: it runs on and costs.") from error
        raise AutoMLJobTimedOut(job, limit, "has been told to stop.")

    def _checked_request(self, context: Context) -> dict[str, Any]:
        """Read the rendered request and judge it.

        :raises InvalidJobRequest: with everything that is wrong.
        """
        from airflow_sagemaker_automl.validation import checked_request

        request = rendered_request(self, self.request, self.extra_request, context)
        request = checked_request({**request, "AutoMLJobName": self.job_name or request.get("AutoMLJobName")})
        self.remember_request(request)
        for remark in remarks(request):
            self.log.warning("%s", remark)
        return request
