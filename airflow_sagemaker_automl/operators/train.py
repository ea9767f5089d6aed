"""Operators that run and stop AutoML jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
from airflow_sagemaker_automl.core.jobs.outcome import Acceptance, OnFlaw, OnNoCandidate, OnStopped
from airflow_sagemaker_automl.core.rules import remarks
from airflow_sagemaker_automl.core.values.literals import plain
from airflow_sagemaker_automl.exceptions import AutoMLJobTimedOut
from airflow_sagemaker_automl.observability.links import JOB_LINKS, show_job
from airflow_sagemaker_automl.tasks.automl_jobs import AutoMLJobs
from airflow_sagemaker_automl.tasks.base import CONNECTION_FIELDS
from airflow_sagemaker_automl.tasks.job_task import NO_DEPLOYMENT, JobTask
from airflow_sagemaker_automl.tasks.job_wait import describe_after_wait, result_of, wait_in_worker
from airflow_sagemaker_automl.tasks.request import as_template_field, rendered_request, require_literals
from airflow_sagemaker_automl.tasks.submission import ReuseJob, Submission, tagged
from airflow_sagemaker_automl.tasks.task_memory import TaskMemory

if TYPE_CHECKING:
    import os

    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_sagemaker_automl.core.jobs.job_request import AutoMLJobRequest
    from airflow_sagemaker_automl.tasks.quota_place import QueuePlace


class SageMakerAutoMLJobOperator(JobTask[AutoMLJob]):
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
        super().__init__(
            reuse_job=reuse_job,
            wait_for_completion=wait_for_completion,
            deferrable=deferrable,
            poll_interval=poll_interval,
            wait_timeout=wait_timeout,
            capacity_timeout=capacity_timeout,
            stop_on_timeout=stop_on_timeout,
            stop_on_kill=stop_on_kill,
            **kwargs,
        )
        self.request = as_template_field(request)
        self.extra_request = plain(extra_request)
        require_literals(self.request, self.extra_request, job_name)
        self.job_name = job_name
        self.acceptance = Acceptance(
            on_stopped=on_stopped,
            on_no_candidate=on_no_candidate,
            on_time_limit=on_time_limit,
            on_partial_failure=on_partial_failure,
            on_deployment_failure=on_deployment_failure,
            on_insights_failure=on_insights_failure,
            on_explanation_failure=on_explanation_failure,
        )

    @property
    def _kind(self) -> AutoMLJobs:
        return AutoMLJobs(self.acceptance)

    def _submission(self, context: Context) -> Submission[AutoMLJob]:
        from airflow_sagemaker_automl.hooks.service_model import checked_request

        request = self._checked_request(context)
        memory = TaskMemory(context, self.retries)
        identity = memory.identity(each_try=self.reuse_job == "never")
        if not identity.deployment:
            self.log.warning("%s", NO_DEPLOYMENT)
        # Checked again, because the operator's own tags count towards the service's limit.
        name = request.pop("AutoMLJobName", None)
        return Submission(
            aws=self,
            kind=self._kind,
            name=name,
            request=checked_request(tagged(request, identity)),
            identity=identity,
            memory=memory,
            adopts_after_clear=self.reuse_job == "clears",
            announce=self._remember_started,
        )

    def _job_trigger(self, job_name: str, deadline: float | None) -> BaseTrigger:
        from airflow_sagemaker_automl.triggers.jobs import AutoMLJobTrigger

        return AutoMLJobTrigger(
            job_name=job_name,
            connection=self.connection,
            poll_interval=self.poll_interval,
            deadline=deadline,
            stop_on_kill=self.stop_on_kill,
        )

    def _room_trigger(self, job_name: str, place: QueuePlace, deadline: float | None) -> BaseTrigger:
        from airflow_sagemaker_automl.triggers.jobs import CapacityTrigger

        return CapacityTrigger(
            job_name=job_name,
            waiting_since=place.since,
            limit=place.limit,
            connection=self.connection,
            poll_interval=self.poll_interval,
            deadline=deadline,
        )

    def _show(self, job: AutoMLJob) -> None:
        show_job(self, self._context["ti"], job)
        self.lineage = self.lineage.with_job(job)

    def _started_result(self, job: AutoMLJob) -> dict[str, Any]:
        return job.to_json()

    def _result(self, job: AutoMLJob) -> dict[str, Any]:
        # The end of a job from before a clear was counted then.
        return result_of(self, job, self.acceptance, is_first_report=job.name == self._started_job)

    def _after_wait(self, event: Mapping[str, Any]) -> AutoMLJob:
        return describe_after_wait(self, event)

    def _wait_in_worker(self, job: AutoMLJob, deadline: float) -> AutoMLJob:
        return wait_in_worker(self, job, deadline)

    def _timed_out(self, job: AutoMLJob, limit: float, fate: str) -> AutoMLJobTimedOut:
        return AutoMLJobTimedOut(job, limit, fate)

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
