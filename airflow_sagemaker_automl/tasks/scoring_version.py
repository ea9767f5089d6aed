"""The version that scores: which one it is, what its model reads, and what its containers answer."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.registry.inference import answering, offered_keys
from airflow_sagemaker_automl.core.registry.model_package import Metadata
from airflow_sagemaker_automl.core.registry.version_arn import VersionArn
from airflow_sagemaker_automl.core.scoring.columns import TrainingColumns
from airflow_sagemaker_automl.core.values.literals import at, mapping, text
from airflow_sagemaker_automl.core.values.metric_names import OF_PROBLEM_TYPE, read_metric
from airflow_sagemaker_automl.exceptions import (
    DataNotScorable,
    InvalidModelPackage,
    InvalidScoring,
    JobNotFound,
    ModelPackageGone,
    ModelPackageGroupNotFound,
    NoApprovedVersion,
    VersionNotScorable,
)
from airflow_sagemaker_automl.hooks.errors import is_denied, is_invalid

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.jobs.candidate import Candidate
    from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook
    from airflow_sagemaker_automl.hooks.s3_objects import StoredObject
    from airflow_sagemaker_automl.tasks.base import SageMakerTask

_OUTPUT = "SAGEMAKER_INFERENCE_OUTPUT"
_NOT_TABLES = ("ImageClassification", "TextGeneration")
_GIVE_COLUMNS = "Pass columns, the names that the model needs in the order of its training data."


@dataclass(frozen=True, kw_only=True)
class ScoringVersion:
    """A version that can score.

    :param arn: ARN of the version.
    :param group: name of its group.
    :param containers: its chain, as described.
    :param job: the AutoML job that trained it; None if it cannot be found.
    :param metric: the metric that the job ranked its candidates by; None if it is not recorded.
    :param is_registered: False for a candidate, whose ``arn`` only names it.
    """

    arn: str
    group: str
    containers: Sequence[Mapping[str, Any]]
    job: AutoMLJob | None
    metric: str | None = None
    is_registered: bool = True

    @property
    def problem_type(self) -> str | None:
        """``Tabular`` and so on; None if the job cannot be found."""
        return self.job.problem_type if self.job else None

    @property
    def is_forecast(self) -> bool:
        """Whether it forecasts time series."""
        return self._is("TimeSeriesForecasting")

    @property
    def is_regression(self) -> bool:
        """Whether it predicts a number."""
        return self._is("Regression")

    def _is(self, problem_type: str) -> bool:
        """Tell whether the model is of a type: by its job, else by the metric, which other types may not have."""
        if self.job is not None:
            return problem_type in (self.job.problem_type, self.job.resolved_problem_type)
        metric = read_metric(self.metric or "").metric
        return [kind for kind, metrics in OF_PROBLEM_TYPE.items() if metric in metrics] == [problem_type]

    def chain(self, keys: Sequence[str]) -> list[dict[str, Any]]:
        """Return the containers of the model to create: the version itself, unless other keys are to be answered.

        :raises InvalidScoring: the containers do not support the keys.
        """
        if self.is_registered and (not keys or list(keys) == self._registered_keys):
            return [{"ModelPackageName": self.arn}]
        try:
            return answering(self.containers, keys)
        except InvalidModelPackage as error:
            raise InvalidScoring(error.violations) from error

    def predictions(self, keys: Sequence[str]) -> list[str]:
        """Return the columns of the containers' answers.

        :param keys: the keys that are asked for; empty for the registered ones.
        """
        if self.is_forecast:
            return []
        chosen = list(keys) or self._registered_keys
        return chosen or (["predicted_value"] if self.is_regression else ["predicted_label"])

    @property
    def offered_keys(self) -> list[str]:
        """The keys that the containers can answer; empty if there is no choice, as for a regression."""
        return offered_keys(self.containers)

    @property
    def _registered_keys(self) -> list[str]:
        last = mapping(self.containers[-1].get("Environment")) if self.containers else {}
        return [key.strip() for key in str(last.get(_OUTPUT, "")).split(",") if key.strip()]

    def require_table(self) -> None:
        """Require a model that reads tables.

        :raises VersionNotScorable: it reads images, or writes text.
        """
        if self.problem_type in _NOT_TABLES:
            reason = f"its model is for {self.problem_type}, and only tables can be prepared. Set prepare=False."
            raise VersionNotScorable(self.arn, reason)

    def columns(self) -> TrainingColumns:
        """Return the roles of the training data's columns.

        :raises VersionNotScorable: the job that trained it cannot be found.
        """
        if self.job is None:
            reason = f"the AutoML job that trained it cannot be found in this account and region. {_GIVE_COLUMNS}"
            raise VersionNotScorable(self.arn, reason)
        return TrainingColumns.of_job(self.job.problem_type, self.job.settings)


def find_version(task: SageMakerTask, arn: str | None, group: str | None) -> ScoringVersion:
    """Find the version to score with, and the job that trained it.

    :param arn: ARN of the version; None for the newest approved version of the group.
    :raises NoApprovedVersion: the group has none, or does not exist.
    :raises ModelPackageGone: there is no such version.
    :raises VersionNotScorable: it is not approved, or not completed.
    """
    described = _described(task, arn) if arn else _newest_approved(task, group or "")
    approval = described.get("ModelApprovalStatus")
    if approval == "Rejected":
        raise VersionNotScorable(described["ModelPackageArn"], "it is Rejected. Choose another version.")
    if approval not in (None, "Approved"):
        reason = f"it is {approval}, and SageMaker makes models of approved versions only. Approve it first."
        raise VersionNotScorable(described["ModelPackageArn"], reason)
    if described.get("ModelPackageStatus") != "Completed":
        raise VersionNotScorable(described["ModelPackageArn"], f"it is {described.get('ModelPackageStatus')}.")
    version = ScoringVersion(
        arn=described["ModelPackageArn"],
        group=described.get("ModelPackageGroupName") or VersionArn.parse(described["ModelPackageArn"]).group,
        containers=at(described, "InferenceSpecification", "Containers") or [],
        job=_job_of(task, described),
        metric=text(mapping(described.get("CustomerMetadataProperties")).get(Metadata.OBJECTIVE_METRIC.value)),
    )
    if version.job is None:
        kind = "forecast" if version.is_forecast else "regression" if version.is_regression else "classification"
        task.log.warning("The AutoML job of %s cannot be found, so it is taken for a %s", version.arn, kind)
    return version


def candidate_model(job: AutoMLJob, candidate: Candidate) -> ScoringVersion:
    """Return the model of a candidate, which need not be registered.

    :param candidate: with its default containers.
    """
    return ScoringVersion(
        arn=f"{job.arn}/{candidate.name}",
        group="",
        containers=candidate.containers,
        job=job,
        metric=candidate.objective.metric if candidate.objective else None,
        is_registered=False,
    )


def training_header(task: SageMakerTask, version: ScoringVersion) -> list[str]:
    """Read the names of the training data's columns, in order.

    :raises VersionNotScorable: the training data cannot be read any more.
    """
    from airflow_sagemaker_automl.hooks import s3_objects

    assert version.job is not None
    uri = version.job.channels.get("training", "")

    def read(hook: SageMakerAutoMLHook) -> list[str] | None:
        found = [each for each in s3_objects.table_objects(hook.s3, uri)[0] if each.size]
        return _header(hook.s3, found[0]) if found else None

    try:
        header = task.call_with_retries(read)
    except Exception as error:
        if not (s3_objects.is_forbidden(error) or s3_objects.is_no_bucket(error) or _is_no_table(error)):
            raise
        reason = f"its training data {uri} cannot be read ({error}). {_GIVE_COLUMNS}"
        raise VersionNotScorable(version.arn, reason) from error
    if header is None:
        raise VersionNotScorable(version.arn, f"its training data {uri} does not exist any more. {_GIVE_COLUMNS}")
    return header


def _is_no_table(error: Exception) -> bool:
    return isinstance(error, DataNotScorable)


def _header(s3: Any, found: StoredObject) -> list[str]:
    from airflow_sagemaker_automl.hooks.s3_objects import RangeReader
    from airflow_sagemaker_automl.tables.reading import TableFile

    kept: dict[int, bytes] = {}
    table = TableFile(lambda: io.BufferedReader(RangeReader(s3, found, kept), 1 << 16), found.uri)
    return list(table.schema())


def _described(task: SageMakerTask, arn: str) -> dict[str, Any]:
    try:
        return task.call_with_retries(lambda hook: hook.describe_model_package(arn, with_card=False))
    except Exception as error:
        if is_invalid(error):
            raise ModelPackageGone(arn, str(error)) from error
        raise


def _newest_approved(task: SageMakerTask, group: str) -> dict[str, Any]:
    try:
        found = task.call_with_retries(lambda hook: hook.newest_approved(group, with_card=False))
    except ModelPackageGroupNotFound as error:
        raise NoApprovedVersion(group, exists=False) from error
    if found is None:
        raise NoApprovedVersion(group)
    return found


def _job_of(task: SageMakerTask, described: Mapping[str, Any]) -> AutoMLJob | None:
    metadata = mapping(described.get("CustomerMetadataProperties"))
    name = text(metadata.get(Metadata.AUTOML_JOB_NAME.value))
    if name is None:
        return None
    try:
        return task.call_with_retries(lambda hook: hook.describe_job(name))
    except JobNotFound:
        return None
    except Exception as error:
        if is_denied(error):
            return None
        raise
