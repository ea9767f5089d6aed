"""The operator that scores a table with a model version."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_sagemaker_automl.assets.scored import emit_scoring_event
from airflow_sagemaker_automl.core.scoring.arguments import (
    OnUnusableRows,
    OutputFormat,
    ScoringArguments,
    names_of,
)
from airflow_sagemaker_automl.core.scoring.transform_job import TRANSFORM_JOB, TransformJob
from airflow_sagemaker_automl.core.values.literals import literal, plain
from airflow_sagemaker_automl.exceptions import TransformJobTimedOut
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.observability.links import TRANSFORM_LINKS, show_transform_job
from airflow_sagemaker_automl.tasks.base import CONNECTION_FIELDS, is_permanent
from airflow_sagemaker_automl.tasks.job_task import NO_DEPLOYMENT, JobTask
from airflow_sagemaker_automl.tasks.scoring_fields import ScoringRefusedAtParse, checked_members
from airflow_sagemaker_automl.tasks.submission import ReuseJob, Submission, tagged
from airflow_sagemaker_automl.tasks.task_memory import TaskMemory
from airflow_sagemaker_automl.tasks.transform_jobs import TransformJobs
from airflow_sagemaker_automl.tasks.transform_wait import transform_after_wait, wait_for_transform

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_sagemaker_automl.tasks.quota_place import QueuePlace
    from airflow_sagemaker_automl.tasks.scoring import Scoring


class SageMakerBatchScoringOperator(JobTask[TransformJob]):
    """Score a table with a model version: a batch transform job predicts, and the task writes one table.

    The worker reads the data as a stream, matches the columns by name with the training data of the version, and sends
    them in that order; superfluous columns are left out. Missing columns are refused before anything is created in
    SageMaker. The result is one table with a header, in the order of the data: the key columns, or the row number as
    ``row``, and the predictions. A marker ``_SUCCESS`` beside it is written last. The worker needs the extra
    ``scoring``, and disk space for one file of the data.

    A retry, a worker crash, or a second execution of the same try finds the transform job that the task started. A
    model that was created for the job is deleted after it; the next run removes what a crash left behind.

    :param data: S3 URI of the table: a prefix, a manifest of SageMaker, or one object; CSV with a header, also
        gzipped, or Parquet. (templated)
    :param output_uri: S3 prefix of the result: ``scores.csv`` or ``scores.parquet``. A later run of the same task
        replaces it; a prefix with other objects is refused. (templated)
    :param model_package_arn: the version that scores. Default: the newest approved one of the group. (templated)
    :param model_package_group_name: name or ARN of the group; instead of ``model_package_arn``. (templated)
    :param role_arn: ARN of the execution role, with which SageMaker reads the input and writes the output. (templated)
    :param key_columns: columns of the data to repeat in the result, before the predictions. (templated)
    :param columns: the columns that the model needs, in order. Default: those of the version's training data, without
        target and weights; of a text classification only the text. (templated)
    :param output_format: ``csv`` (default) or ``parquet``. (templated)
    :param inference_response_keys: what to predict: ``predicted_label``, ``probability``, ``probabilities``,
        ``labels``, as far as the containers support it. Default: as the version was registered. (templated)
    :param instance_type: type of the instances (default: ``ml.m5.xlarge``). (templated)
    :param instance_count: number of instances (default: 1). (templated)
    :param max_payload_mb: size of a request to the container in megabytes (default: 6). (templated)
    :param max_concurrent_transforms: requests at the same time on each instance. Default: the service's. (templated)
    :param prepare: False sends the data as it is, for data that another engine has prepared: without a header, in the
        columns' order. The result is the output of the job, one ``.out`` object for each object of the data.
    :param keep_model: keep the model in SageMaker (default: False).
    :param on_unusable_rows: what to do about rows that cannot be sent, because they have too few or too many values or
        are longer than a request: ``fail`` (default), or ``report`` to leave them out and count them.
    :param output_kms_key: KMS key for everything that is written to S3. Default: the bucket's own. (templated)
    :param volume_kms_key: KMS key for the volumes of the instances. (templated)
    :param vpc_config: ``Subnets`` and ``SecurityGroupIds`` of the model's network. (templated)
    :param tags: tags of the model and the job. (templated)
    :param environment: environment variables for the containers. (templated)
    :param extra_request: members of ``create_transform_job`` to deep-merge over the others. (templated)
    :param reuse_job: which job a later execution in the same run resumes, as in
        :class:`~airflow_sagemaker_automl.SageMakerAutoMLJobOperator` (default: ``retries``).
    :param wait_for_completion: False ends the task as soon as the service accepts the job; nobody then writes the
        table.
    :param deferrable: wait in the triggerer instead of a worker. Default: ``[operators] default_deferrable``.
    :param poll_interval: seconds, or a timedelta, between two polls of the job (default: 60).
    :param wait_timeout: seconds, or a timedelta, from the job's creation until the wait ends and the task fails without
        retrying. Default: no limit.
    :param capacity_timeout: seconds, or a timedelta, that the task waits for instances within the account's quota
        before it fails. Default: no limit.
    :param stop_on_timeout: stop the job when ``wait_timeout`` ends the wait (default: True).
    :param stop_on_kill: stop the job when the task is terminated while it waits (default: True).
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.tasks.base.SageMakerTask`, and
        those of every operator.
    :return: (XCom) ``model_package_arn``, ``model_package_group_name``, ``transform_job_name``,
        ``transform_job_arn``, ``status``, ``created``, ``ended``, ``billed_seconds`` (time from start to end, times the
        number of instances), ``rows``, ``scored_rows``, ``unusable_rows``, ``line_breaks_replaced`` (values in which
        line breaks became spaces), ``output_uri`` (of the table), ``columns`` (of the table), ``outcome``.
    :raises InvalidScoring: literal values break rules; with all violations.
    """

    template_fields: Sequence[str] = (
        "data",
        "output_uri",
        "model_package_arn",
        "model_package_group_name",
        "role_arn",
        "key_columns",
        "columns",
        "output_format",
        "inference_response_keys",
        "instance_type",
        "instance_count",
        "max_payload_mb",
        "max_concurrent_transforms",
        "output_kms_key",
        "volume_kms_key",
        "vpc_config",
        "tags",
        "environment",
        "extra_request",
        *CONNECTION_FIELDS,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"extra_request": "json", "vpc_config": "json"}
    reads = ("data", "version")
    writes = ("scores",)
    ui_color = "#d9e6f5"
    operator_extra_links = TRANSFORM_LINKS

    def __init__(
        self,
        *,
        data: str,
        output_uri: str,
        role_arn: str,
        model_package_arn: str | None = None,
        model_package_group_name: str | None = None,
        key_columns: Sequence[str] | str = (),
        columns: Sequence[str] | str | None = None,
        output_format: OutputFormat | str = "csv",
        inference_response_keys: Sequence[str] | str | None = None,
        instance_type: str = "ml.m5.xlarge",
        instance_count: int | str = 1,
        max_payload_mb: int | str = 6,
        max_concurrent_transforms: int | str | None = None,
        prepare: bool = True,
        keep_model: bool = False,
        on_unusable_rows: OnUnusableRows = "fail",
        output_kms_key: str | None = None,
        volume_kms_key: str | None = None,
        vpc_config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        extra_request: Mapping[str, Any] | None = None,
        reuse_job: ReuseJob = "retries",
        wait_for_completion: bool = True,
        deferrable: bool | None = None,
        poll_interval: float | timedelta = 60,
        wait_timeout: float | timedelta | None = None,
        capacity_timeout: float | timedelta | None = None,
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
        self.data = data
        self.output_uri = output_uri
        self.role_arn = role_arn
        self.model_package_arn = model_package_arn
        self.model_package_group_name = model_package_group_name
        self.key_columns = plain(key_columns)
        self.columns = plain(columns)
        self.output_format = output_format
        self.inference_response_keys = plain(inference_response_keys)
        self.instance_type = instance_type
        self.instance_count = instance_count
        self.max_payload_mb = max_payload_mb
        self.max_concurrent_transforms = max_concurrent_transforms
        self.prepare = prepare
        self.keep_model = keep_model
        self.on_unusable_rows = on_unusable_rows
        self.output_kms_key = output_kms_key
        self.volume_kms_key = volume_kms_key
        self.vpc_config = plain(vpc_config)
        self.tags = plain(tags)
        self.environment = plain(environment)
        self.extra_request = plain(extra_request)
        self._scoring_kind = TransformJobs()
        self._model: Mapping[str, Any] = {}
        if wrong := list(self._arguments(literal).violations()):
            raise ScoringRefusedAtParse(wrong)

    # Set before a job is started or resumed.
    _scoring: Scoring
    _memory: TaskMemory

    @property
    def _kind(self) -> TransformJobs:
        return self._scoring_kind

    def _known_result(self, context: Context) -> dict[str, Any] | None:
        more = list(self._arguments(lambda value: value).violations())
        members, self._model = checked_members(vars(self), more)
        self._memory = TaskMemory(context, self.retries)
        self._scoring = self._new_scoring(self._memory, members)
        if not self._scoring.identity.deployment:
            self.log.warning("%s", NO_DEPLOYMENT)
        known = self._scoring.begin()
        return None if known is None else self._finished(known)

    def on_kill(self) -> None:
        """Stop the job, unless the task continues; a task that was cleared scores the present data."""
        super().on_kill()
        if self._kill is None or not self._kill.is_ended_by_airflow or "_scoring" not in vars(self):
            return
        try:
            self._scoring.forget()
        except Exception as error:  # Raised in a signal handler, it would surface in the code that was interrupted.
            self.log.warning("What %s has prepared is not removed: %s", self._scoring.name, error)

    def _start(self, context: Context, place: QueuePlace | None, task_deadline: float | None) -> TransformJob:
        try:
            return super()._start(context, place, task_deadline)
        except Exception as error:
            if is_permanent(error):
                self._discard()
            raise

    def _discard(self) -> None:
        """Remove what was prepared: no retry can start a job that would use it."""
        try:
            self._scoring.discard()
        except Exception as error:
            self.log.warning("Model and input of %s are not removed: %s", self._scoring.name, error)

    def _submission(self, context: Context) -> Submission[TransformJob]:
        scoring = self._scoring
        self._scoring_kind = scoring.kind(self._model)
        self.lineage = self.lineage.with_scoring(self.data, scoring.prepared.model_package_arn)
        return Submission(
            aws=self,
            kind=self._scoring_kind,
            request=tagged(scoring.request(), scoring.identity),
            name=None,
            identity=scoring.identity,
            memory=self._memory,
            # The input of another generation's job is another; a whole table is adopted before.
            adopts_after_clear=False,
            announce=self._remember_started,
        )

    def _new_scoring(self, memory: TaskMemory, members: Mapping[str, Any]) -> Scoring:
        from airflow_sagemaker_automl.tasks.scoring import Scoring
        from airflow_sagemaker_automl.tasks.scoring_output import ScoringOutput
        from airflow_sagemaker_automl.tasks.scoring_version import find_version

        identity = memory.identity(each_try=self.reuse_job == "never")
        output = ScoringOutput(self, self.output_uri, identity, self.output_kms_key)
        arguments = self._arguments(lambda value: value)
        return Scoring(
            self,
            arguments,
            identity,
            output,
            members,
            find=lambda: find_version(self, self.model_package_arn, self.model_package_group_name),
            adopts="run" if self.reuse_job == "clears" else "never",
        )

    def _job_trigger(self, job_name: str, deadline: float | None) -> BaseTrigger:
        from airflow_sagemaker_automl.triggers.transform import TransformJobTrigger

        return TransformJobTrigger(
            job_name=job_name,
            instance_type=self.instance_type,
            connection=self.connection,
            poll_interval=self.poll_interval,
            deadline=deadline,
            stop_on_kill=self.stop_on_kill,
        )

    def _room_trigger(self, job_name: str, place: QueuePlace, deadline: float | None) -> BaseTrigger:
        from airflow_sagemaker_automl.triggers.transform import TransformRoomTrigger

        return TransformRoomTrigger(
            job_name=job_name,
            instance_type=self.instance_type,
            waiting_since=place.since,
            limit=place.limit,
            connection=self.connection,
            poll_interval=self.poll_interval,
            deadline=deadline,
        )

    def _show(self, job: TransformJob) -> None:
        show_transform_job(self, self._context["ti"], job, self.output_uri)

    def _started_result(self, job: TransformJob) -> dict[str, Any]:
        result = {**job.to_json(), "model_package_arn": self._scoring_kind.version, "outcome": "started"}
        emit_scoring_event(self, self._context, result)
        return result

    def _result(self, job: TransformJob) -> dict[str, Any]:
        metrics.count(metrics.TRANSFORMS_ENDED, job.status.value.lower())
        job.raise_for_status()
        self.log.info("%s %s completed after %.0f s", TRANSFORM_JOB, job.name, job.elapsed_seconds)
        scoring = self._new_scoring(TaskMemory(self._context, self.retries), {})
        return self._finished(scoring.collect(job))

    def _finished(self, result: dict[str, Any]) -> dict[str, Any]:
        metrics.measure(metrics.ROWS_SCORED, result["scored_rows"] or 0)
        self.lineage = self.lineage.with_scoring(self.data, result["model_package_arn"], result["output_uri"])
        emit_scoring_event(self, self._context, result)
        return result

    def _after_wait(self, event: Mapping[str, Any]) -> TransformJob:
        return transform_after_wait(self, event)

    def _wait_in_worker(self, job: TransformJob, deadline: float) -> TransformJob:
        return wait_for_transform(self, job, deadline)

    def _timed_out(self, job: TransformJob, limit: float, fate: str) -> TransformJobTimedOut:
        return TransformJobTimedOut(job, limit, fate)

    def _arguments(self, view: Callable[[Any], Any]) -> ScoringArguments:
        """Return the arguments that have rules of their own.

        :param view: how to look at them: at DAG parse only what is literal.
        """
        return ScoringArguments(
            data=view(self.data),
            output_uri=view(self.output_uri),
            model_package_arn=view(self.model_package_arn),
            model_package_group_name=view(self.model_package_group_name),
            key_columns=names_of(view(self.key_columns)),
            columns=names_of(view(self.columns)),
            inference_response_keys=names_of(view(self.inference_response_keys)),
            output_format=view(self.output_format),
            on_unusable_rows=self.on_unusable_rows,
            max_payload_mb=view(self.max_payload_mb),
            max_concurrent_transforms=view(self.max_concurrent_transforms),
            prepare=self.prepare,
            keep_model=self.keep_model,
            extra_request=view(self.extra_request),
        )
