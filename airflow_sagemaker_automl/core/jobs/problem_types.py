"""The service's five problem types, one class each.

A problem type has its key in the API, the data formats of its channels, and the content types of its models. Every
argument may be a Jinja template or an XComArg, which is validated when it is resolved.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from airflow_sagemaker_automl.core.values.members import (
    Flag,
    Later,
    Number,
    Text,
    Texts,
    Whole,
    api_of,
    listed,
    mapped,
    present,
    text_of,
    unless_none,
)


@dataclass(frozen=True, kw_only=True)
class CompletionCriteria:
    """When the job stops.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AutoMLJobCompletionCriteria.html

    :param max_candidates: 1 to 750 for tabular jobs, where the default depends on the mode; exactly 1 for all others.
    :param max_job_seconds: limit for the whole job, from 1 s to 30 days, which also limits its cost. At the limit the
        job completes, with the best candidate so far, if there is one. Default: the service's limit.
    :param max_training_job_seconds: limit for each training job, at least 1 s, at most ``max_job_seconds``.
        Default: the service's; for text generation 72 hours.
    """

    max_candidates: Whole | None = None
    max_job_seconds: Whole | None = None
    max_training_job_seconds: Whole | None = None

    def to_api(self) -> dict[str, Any]:
        """Write it as ``AutoMLJobCompletionCriteria``; unset members are left out."""
        return present(
            MaxCandidates=self.max_candidates,
            MaxAutoMLJobRuntimeInSeconds=self.max_job_seconds,
            MaxRuntimePerTrainingJobInSeconds=self.max_training_job_seconds,
        )


class ProblemType(Protocol):
    """The interface of all problem types.

    ``name`` is the service's ``AutoMLProblemTypeConfigName``, ``api_key`` the member of ``AutoMLProblemTypeConfig``,
    ``s3_data_types`` and ``content_types`` are those allowed for its channels (the first content type is the default),
    ``inference_content_types`` and ``inference_response_types`` those of its models' requests and responses.
    """

    name: ClassVar[str]
    api_key: ClassVar[str]
    s3_data_types: ClassVar[tuple[str, ...]]
    content_types: ClassVar[tuple[str, ...]]
    inference_content_types: ClassVar[tuple[str, ...]]
    inference_response_types: ClassVar[tuple[str, ...]]

    def to_api(self) -> dict[str, Any]:
        """Write the members of the type's configuration; unset members are left out."""


_CSV = "text/csv;header=present"
_PARQUET = "x-application/vnd.amazon+parquet"


@dataclass(frozen=True, kw_only=True)
class Tabular:
    """Regression, binary or multiclass classification on a table.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TabularJobConfig.html

    :param target: name of the column to predict.
    :param problem_type: ``BinaryClassification``, ``MulticlassClassification`` or ``Regression``. Set both this and the
        request's ``objective``, or neither. Default: the service infers it from the target.
    :param mode: ``AUTO``, ``ENSEMBLING`` or ``HYPERPARAMETER_TUNING``. Default: ``AUTO``, with which the service uses
        ``ENSEMBLING`` for less than 100 MB of data.
    :param algorithms: algorithms to try, for example ``["lightgbm", "xgboost"]``; not with mode ``AUTO``.
        Default: all algorithms of the mode.
    :param completion: when to stop. Default: the service's limits.
    :param sample_weight: name of a column of row weights, with ``ENSEMBLING`` only. Default: equal weights.
    :param feature_specification: S3 URI of a JSON file with the names and types of the feature columns.
        Default: all columns, of the types that the service infers.
    :param candidate_definitions_only: whether to only write notebooks that describe candidates, and train no model.
        Default: no.
    """

    target: Text
    problem_type: Text | None = None
    mode: Text | None = None
    algorithms: Texts | None = None
    completion: CompletionCriteria | None = None
    sample_weight: Text | None = None
    feature_specification: Text | None = None
    candidate_definitions_only: Flag | None = None

    name: ClassVar[str] = "Tabular"
    api_key: ClassVar[str] = "TabularJobConfig"
    s3_data_types: ClassVar[tuple[str, ...]] = ("S3Prefix", "ManifestFile")
    content_types: ClassVar[tuple[str, ...]] = (_CSV, _PARQUET)
    inference_content_types: ClassVar[tuple[str, ...]] = ("text/csv",)
    inference_response_types: ClassVar[tuple[str, ...]] = ("text/csv",)

    def to_api(self) -> dict[str, Any]:
        """Write it as ``TabularJobConfig``; unset members are left out."""
        return present(
            TargetAttributeName=self.target,
            ProblemType=self.problem_type,
            Mode=self.mode,
            CandidateGenerationConfig=_algorithms_to_api(self.algorithms),
            CompletionCriteria=api_of(self.completion, CompletionCriteria),
            SampleWeightAttributeName=self.sample_weight,
            FeatureSpecificationS3Uri=self.feature_specification,
            GenerateCandidateDefinitionsOnly=self.candidate_definitions_only,
        )


@dataclass(frozen=True, kw_only=True)
class TimeSeriesForecasting:
    """Forecasts of related time series, from a table with one row for each item and time.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TimeSeriesForecastingJobConfig.html

    :param target: name of the column to forecast.
    :param timestamp: name of the column of times.
    :param item_identifier: name of the column that identifies the series.
    :param frequency: step of the forecast: ``1Y``, 1 to 11 ``M``, 1 to 4 ``W``, 1 to 6 ``D``, 1 to 23 ``H``,
        1 to 59 ``min``; a letter without a number means 1. The data must not be coarser.
    :param horizon: number of steps to forecast, 1 to 500, at most a quarter of the series.
    :param quantiles: at most five of ``p1`` to ``p99``, or of 0.01 to 0.99. Default: p10, p50, p90.
    :param grouping: at most five columns that identify the series together with the item identifier. Default: none.
    :param filling: column → ``{"frontfill" | "middlefill" | "backfill" | "futurefill": method}``; the method
        ``value`` requires an integer in ``…_value``, because the service's pattern has no decimal point.
        Default: missing targets are filled with zero in the middle and back, other columns are not filled.
    :param aggregation: target column → ``sum``, ``avg``, ``first``, ``min`` or ``max``, for data finer than the
        frequency. Default: ``sum``.
    :param holidays: two-letter code of the country whose holidays are used as a feature. Default: none.
    :param algorithms: algorithms to try, for example ``["arima", "ets"]``. Default: all.
    :param feature_specification: S3 URI of a JSON file that names the feature columns. Default: all columns.
    :param completion: when to stop. Default: the service's limits.
    """

    target: Text
    timestamp: Text
    item_identifier: Text
    frequency: Text
    horizon: Whole
    quantiles: Sequence[Number] | Later | None = None
    grouping: Texts | None = None
    filling: Mapping[str, Mapping[str, Any] | Later] | Later | None = None
    aggregation: Mapping[str, Text] | Later | None = None
    holidays: Text | None = None
    algorithms: Texts | None = None
    feature_specification: Text | None = None
    completion: CompletionCriteria | None = None

    name: ClassVar[str] = "TimeSeriesForecasting"
    api_key: ClassVar[str] = "TimeSeriesForecastingJobConfig"
    s3_data_types: ClassVar[tuple[str, ...]] = ("S3Prefix",)
    content_types: ClassVar[tuple[str, ...]] = (_CSV, _PARQUET)
    inference_content_types: ClassVar[tuple[str, ...]] = ("text/csv",)
    inference_response_types: ClassVar[tuple[str, ...]] = ("text/csv", "application/json")

    def to_api(self) -> dict[str, Any]:
        """Write it as ``TimeSeriesForecastingJobConfig``; unset members are left out."""
        columns = present(
            TargetAttributeName=self.target,
            TimestampAttributeName=self.timestamp,
            ItemIdentifierAttributeName=self.item_identifier,
            GroupingAttributeNames=listed(self.grouping),
        )
        filling = mapped(self.filling, lambda methods: mapped(methods, text_of))
        return present(
            ForecastFrequency=self.frequency,
            ForecastHorizon=self.horizon,
            ForecastQuantiles=listed(self.quantiles, _quantile),
            TimeSeriesConfig=columns,
            Transformations=present(Filling=filling or None, Aggregation=mapped(self.aggregation) or None) or None,
            HolidayConfig=unless_none(self.holidays, lambda code: [{"CountryCode": code}]),
            CandidateGenerationConfig=_algorithms_to_api(self.algorithms),
            FeatureSpecificationS3Uri=self.feature_specification,
            CompletionCriteria=api_of(self.completion, CompletionCriteria),
        )


@dataclass(frozen=True, kw_only=True)
class ImageClassification:
    """Classification of images; the labels are the names of the folders, or are in the manifest.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ImageClassificationJobConfig.html

    :param completion: when to stop; one candidate is trained. Default: the service's limits.
    """

    completion: CompletionCriteria | None = None

    name: ClassVar[str] = "ImageClassification"
    api_key: ClassVar[str] = "ImageClassificationJobConfig"
    s3_data_types: ClassVar[tuple[str, ...]] = ("S3Prefix", "ManifestFile", "AugmentedManifestFile")
    content_types: ClassVar[tuple[str, ...]] = ("image/*", "image/png", "image/jpeg")
    inference_content_types: ClassVar[tuple[str, ...]] = ("application/x-image", "image/png", "image/jpeg")
    inference_response_types: ClassVar[tuple[str, ...]] = ("application/json",)

    def to_api(self) -> dict[str, Any]:
        """Write it as ``ImageClassificationJobConfig``."""
        return present(CompletionCriteria=api_of(self.completion, CompletionCriteria))


@dataclass(frozen=True, kw_only=True)
class TextClassification:
    """Classification of the texts of a table.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TextClassificationJobConfig.html

    :param content: name of the column of texts.
    :param target: name of the column of labels, which must be another column.
    :param completion: when to stop; one candidate is trained. Default: the service's limits.
    """

    content: Text
    target: Text
    completion: CompletionCriteria | None = None

    name: ClassVar[str] = "TextClassification"
    api_key: ClassVar[str] = "TextClassificationJobConfig"
    s3_data_types: ClassVar[tuple[str, ...]] = ("S3Prefix",)
    content_types: ClassVar[tuple[str, ...]] = (_CSV, _PARQUET)
    inference_content_types: ClassVar[tuple[str, ...]] = ("text/csv",)
    inference_response_types: ClassVar[tuple[str, ...]] = ("application/json",)

    def to_api(self) -> dict[str, Any]:
        """Write it as ``TextClassificationJobConfig``."""
        return present(
            ContentColumn=self.content,
            TargetLabelColumn=self.target,
            CompletionCriteria=api_of(self.completion, CompletionCriteria),
        )


@dataclass(frozen=True, kw_only=True)
class TextGeneration:
    """Fine-tuning of a large language model on prompts and completions.

    Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TextGenerationJobConfig.html

    :param base_model: name of the model to tune, for example ``Falcon7BInstruct``. Default: the service's.
    :param accept_eula: whether you accept the model's end-user license agreement. Default: unset, not accepted.
    :param hyperparameters: ``epochCount`` 1 to 10, ``batchSize`` 1 to 64, ``learningRate`` 0 to 1,
        ``learningRateWarmupSteps`` 0 to 250. Default: the service's.
    :param completion: when to stop; one candidate is trained, on GPU instances. Default: 72 hours of training.
    """

    base_model: Text | None = None
    accept_eula: Flag | None = None
    hyperparameters: Mapping[str, Number] | Later | None = None
    completion: CompletionCriteria | None = None

    name: ClassVar[str] = "TextGeneration"
    api_key: ClassVar[str] = "TextGenerationJobConfig"
    s3_data_types: ClassVar[tuple[str, ...]] = ("S3Prefix",)
    content_types: ClassVar[tuple[str, ...]] = (_CSV, _PARQUET)
    inference_content_types: ClassVar[tuple[str, ...]] = ("application/json",)
    inference_response_types: ClassVar[tuple[str, ...]] = ("application/json",)

    def to_api(self) -> dict[str, Any]:
        """Write it as ``TextGenerationJobConfig``."""
        return present(
            BaseModelName=self.base_model,
            ModelAccessConfig=unless_none(self.accept_eula, lambda accepted: {"AcceptEula": accepted}),
            TextGenerationHyperParameters=mapped(self.hyperparameters, text_of),
            CompletionCriteria=api_of(self.completion, CompletionCriteria),
        )


PROBLEM_TYPES: dict[str, type[ProblemType]] = {
    kind.name: kind
    for kind in (Tabular, TimeSeriesForecasting, ImageClassification, TextClassification, TextGeneration)
}


def _algorithms_to_api(algorithms: Any) -> dict[str, Any] | None:
    return None if algorithms is None else {"AlgorithmsConfig": [{"AutoMLAlgorithms": listed(algorithms)}]}


def _quantile(value: Any) -> Any:
    """Write 0.1 as the service does: ``p10``. Other values stay unchanged, and validation refuses them."""
    if not isinstance(value, float) or not 0 < value < 1:
        return value
    percentage = round(value * 100, 6)
    return f"p{percentage:.0f}" if percentage.is_integer() else value
