"""The operator that evaluates a candidate and the champion on the same labelled rows."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl.core.evaluation.arguments import (
    CHAMPION,
    EvaluationArguments,
    OnChampionCannotScore,
)
from airflow_sagemaker_automl.core.registry.inference import served
from airflow_sagemaker_automl.core.scoring.arguments import names_of
from airflow_sagemaker_automl.core.values.literals import literal, plain
from airflow_sagemaker_automl.exceptions import InvalidEvaluation, InvalidScoring, Violation
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.observability.links import TRANSFORM_LINKS
from airflow_sagemaker_automl.tasks.base import CONNECTION_FIELDS
from airflow_sagemaker_automl.tasks.candidate import chosen_candidate, ended_job, job_name_violations
from airflow_sagemaker_automl.tasks.champion_group import group_violations
from airflow_sagemaker_automl.tasks.evaluation_report import summary
from airflow_sagemaker_automl.tasks.evaluation_task import EvaluationTask
from airflow_sagemaker_automl.tasks.scoring_fields import checked_members
from airflow_sagemaker_automl.tasks.task_memory import TaskMemory

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.evaluation.record import EvaluationRecord
    from airflow_sagemaker_automl.tasks.evaluation import Evaluation


class EvaluationRefusedAtParse(InvalidEvaluation, AirflowFailException):
    """A literal argument of an evaluation breaks a rule: an import error of the DAG."""


class SageMakerModelEvaluationOperator(EvaluationTask):
    """Evaluate the candidate of a job and the champion of a group on the same labelled rows.

    Two batch transform jobs score the rows at the same time, each with the containers of its model and with the same
    response keys. The worker then computes SageMaker's metrics for both, and the difference of each metric with its
    interval, which takes into account that both were measured on the same rows. A quality gate with
    ``BetterThanChampion(on="evaluation")`` decides by the result.

    The scores of a model are kept below the output, and are used again for the same rows: a champion is scored once,
    however many candidates it is compared with. The worker needs the extra ``evaluation``.

    :param job_name: the AutoML job. (templated)
    :param model_package_group_name: name or ARN of the group whose champion the candidate is compared with.
        (templated)
    :param data: S3 URI of the labelled rows: a prefix, a manifest of SageMaker, or one object; CSV with a header, also
        gzipped, or Parquet. No file of it may be training data of either model. (templated)
    :param output_uri: S3 prefix of scores and reports. (templated)
    :param role_arn: ARN of the execution role, with which SageMaker reads the input and writes the output. (templated)
    :param candidate_name: the candidate. Default: the best one. (templated)
    :param against: ``champion`` (default), the newest approved version of the group, or the ARN of a version.
        (templated)
    :param may_be_new_group: whether the group may not exist yet (default: False).
    :param slices: columns by which the rows are sliced: each category, or ranges of numbers, is evaluated alone.
        (templated)
    :param cluster_columns: columns that tell which rows belong together, for example to one customer; such rows are
        not independent, and intervals take that into account. (templated)
    :param confidence: of the intervals (default: 0.95). (templated)
    :param metrics: SageMaker's names of the metrics to compute. Default: all of the problem type that the predictions
        allow. (templated)
    :param positive_label: the positive class of a binary classification. Default: the last of the model's labels.
        (templated)
    :param weights: column with the weight of each row. Default: all rows are equal. (templated)
    :param minimum_rows: the task fails with fewer rows (default: 100). (templated)
    :param on_champion_cannot_score: if the champion cannot score these rows: ``fail`` (default) the task, or ``pass``
        to evaluate the candidate alone.
    :param instance_type: type of the instances (default: ``ml.m5.xlarge``). (templated)
    :param instance_count: number of instances of each job (default: 1). (templated)
    :param max_payload_mb: size of a request to the container in megabytes (default: 6). (templated)
    :param max_concurrent_transforms: requests at the same time on each instance. Default: the service's. (templated)
    :param output_kms_key: KMS key for everything that is written to S3. Default: the bucket's own. (templated)
    :param volume_kms_key: KMS key for the volumes of the instances. (templated)
    :param vpc_config: ``Subnets`` and ``SecurityGroupIds`` of the models' network. (templated)
    :param tags: tags of the models and the jobs. (templated)
    :param environment: environment variables for the containers. (templated)
    :param extra_request: members of ``create_transform_job`` to deep-merge over the others. (templated)
    :param deferrable: wait in the triggerer instead of a worker. Default: ``[operators] default_deferrable``.
    :param poll_interval: seconds, or a timedelta, between two polls of the jobs (default: 60).
    :param wait_timeout: seconds, or a timedelta, from a job's creation until the wait ends and the task fails without
        retrying. Default: no limit.
    :param capacity_timeout: seconds, or a timedelta, that the task waits for instances within the account's quota
        before it fails. Default: no limit.
    :param stop_on_timeout: stop the jobs when ``wait_timeout`` ends the wait (default: True).
    :param stop_on_kill: stop the jobs when the task is terminated while it waits (default: True).
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.tasks.base.SageMakerTask`, and
        those of every operator.
    :return: (XCom) ``job_name``, ``candidate_name``, ``group``, ``champion`` (ARN, or None), ``outcome``
        (``compared``, ``without_champion`` or ``champion_cannot_score``), ``reason``, ``data``, ``data_digest``,
        ``rows``, ``confidence``, ``metrics`` (each with the values of both and the ``difference`` with its interval),
        ``slices`` (numbers of those ``judged`` and ``not_judged``), ``worst_slices``, ``report`` (S3 URI of the full
        report) and ``report_digest``.
    :raises InvalidEvaluation: literal values break rules; with all violations.
    """

    template_fields: Sequence[str] = (
        "job_name",
        "model_package_group_name",
        "data",
        "output_uri",
        "role_arn",
        "candidate_name",
        "against",
        "slices",
        "cluster_columns",
        "confidence",
        "metrics",
        "positive_label",
        "weights",
        "minimum_rows",
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
    reads = ("data", "models")
    ui_color = "#d9f0ec"
    operator_extra_links = TRANSFORM_LINKS

    def __init__(
        self,
        *,
        job_name: str,
        model_package_group_name: str,
        data: str,
        output_uri: str,
        role_arn: str,
        candidate_name: str | None = None,
        against: str = CHAMPION,
        may_be_new_group: bool = False,
        slices: Sequence[str] | str = (),
        cluster_columns: Sequence[str] | str = (),
        confidence: float | str = 0.95,
        metrics: Sequence[str] | str | None = None,
        positive_label: str | None = None,
        weights: str | None = None,
        minimum_rows: int | str = 100,
        on_champion_cannot_score: OnChampionCannotScore = "fail",
        instance_type: str = "ml.m5.xlarge",
        instance_count: int | str = 1,
        max_payload_mb: int | str = 6,
        max_concurrent_transforms: int | str | None = None,
        output_kms_key: str | None = None,
        volume_kms_key: str | None = None,
        vpc_config: Mapping[str, Any] | None = None,
        tags: Mapping[str, str] | None = None,
        environment: Mapping[str, str] | None = None,
        extra_request: Mapping[str, Any] | None = None,
        deferrable: bool | None = None,
        poll_interval: float | timedelta = 60,
        wait_timeout: float | timedelta | None = None,
        capacity_timeout: float | timedelta | None = None,
        stop_on_timeout: bool = True,
        stop_on_kill: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            reuse_job="retries",
            wait_for_completion=True,
            deferrable=deferrable,
            poll_interval=poll_interval,
            wait_timeout=wait_timeout,
            capacity_timeout=capacity_timeout,
            stop_on_timeout=stop_on_timeout,
            stop_on_kill=stop_on_kill,
            **kwargs,
        )
        self.job_name = job_name
        self.model_package_group_name = model_package_group_name
        self.data = data
        self.output_uri = output_uri
        self.role_arn = role_arn
        self.candidate_name = candidate_name
        self.against = against
        self.may_be_new_group = may_be_new_group
        self.slices = plain(slices)
        self.cluster_columns = plain(cluster_columns)
        self.confidence = confidence
        self.metrics = plain(metrics)
        self.positive_label = positive_label
        self.weights = weights
        self.minimum_rows = minimum_rows
        self.on_champion_cannot_score = on_champion_cannot_score
        self.instance_type = instance_type
        self.instance_count = instance_count
        self.max_payload_mb = max_payload_mb
        self.max_concurrent_transforms = max_concurrent_transforms
        self.output_kms_key = output_kms_key
        self.volume_kms_key = volume_kms_key
        self.vpc_config = plain(vpc_config)
        self.tags = plain(tags)
        self.environment = plain(environment)
        self.extra_request = plain(extra_request)
        if wrong := list(self._violations(literal)):
            raise EvaluationRefusedAtParse(wrong)

    def _finished(self, evaluation: Evaluation, record: EvaluationRecord) -> dict[str, Any]:
        metrics.count(metrics.EVALUATED, record.outcome.value)
        for each in record.metrics:
            if each.difference is None:
                self.log.info("%s: candidate %.4g", each.metric, each.candidate)
                continue
            low, high = each.difference.interval(record.confidence)
            text = "%s: candidate %.4g, champion %.4g; better by %.4g, %g %% interval %.4g to %.4g"
            values = (each.metric, each.candidate, each.champion, each.difference.improvement)
            self.log.info(text, *values, 100 * record.confidence, low, high)
        self.log.info("Evaluated on %s rows: %s", record.rows, evaluation.report_uri)
        return summary(record, evaluation.report_uri)

    def _evaluation(self, context: Context) -> Evaluation:
        try:
            from airflow_sagemaker_automl.tasks.evaluation import Evaluation
        except ModuleNotFoundError as error:
            rule = f"needs {error.name}: install airflow-sagemaker-automl[evaluation]"
            raise InvalidEvaluation([Violation("data", self.data, rule)]) from error
        more = [*self._violations(lambda value: value), *job_name_violations(self.job_name)]
        try:
            members, self._model = checked_members(vars(self), more)
        except InvalidScoring as error:
            raise InvalidEvaluation(error.violations) from error
        self._memory = TaskMemory(context, self.retries)
        why = "A candidate is evaluated when its job has ended."
        job = ended_job(self, context["ti"], self.job_name, self.candidate_name, why=why)
        candidates = self.call_with_retries(lambda hook: hook.candidates(job)) if self.candidate_name else []
        candidate = served(chosen_candidate(job, candidates, self.candidate_name), job.problem_type)
        candidate.require_registrable(job.name)
        return Evaluation(
            task=self,
            asked=self._arguments(lambda value: value),
            job=job,
            candidate=candidate,
            identity=self._memory.identity(each_try=False),
            members=members,
            may_be_new_group=self.may_be_new_group,
            kms_key=self.output_kms_key,
            max_payload_mb=self.max_payload_mb,
            is_last_try=context["ti"].try_number > context["ti"].max_tries,
        )

    def _violations(self, view: Callable[[Any], Any]) -> list[Violation]:
        group = group_violations(view(self.model_package_group_name), may_be_new_group=self.may_be_new_group)
        return [*self._arguments(view).violations(), *group]

    def _arguments(self, view: Callable[[Any], Any]) -> EvaluationArguments:
        """Return the arguments that have rules of their own.

        :param view: how to look at them: at DAG parse only what is literal.
        """
        return EvaluationArguments(
            job_name=view(self.job_name),
            model_package_group_name=view(self.model_package_group_name),
            data=view(self.data),
            output_uri=view(self.output_uri),
            candidate_name=view(self.candidate_name),
            against=view(self.against),
            slices=names_of(view(self.slices)),
            cluster_columns=names_of(view(self.cluster_columns)),
            confidence=view(self.confidence),
            metrics=names_of(view(self.metrics)),
            positive_label=view(self.positive_label),
            weights=view(self.weights),
            minimum_rows=view(self.minimum_rows),
            on_champion_cannot_score=self.on_champion_cannot_score,
        )
