"""Rules across members of ``CreateAutoMLJobV2`` that the constraints of single members do not cover.

They are stated in the documentation of the members:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateAutoMLJobV2.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from airflow_sagemaker_automl.emulator.errors import ValidationException

_TABLES = frozenset({"text/csv;header=present", "x-application/vnd.amazon+parquet"})
_IMAGES = frozenset({"image/png", "image/jpeg", "image/*"})
_BY_PREFIX = frozenset({"S3Prefix"})
_LONGEST_OUTPUT_PATH = 512
_LONGEST_HORIZON = 500
_TABULAR_METRICS = {
    "BinaryClassification": {"Accuracy", "AUC", "BalancedAccuracy", "F1", "Precision", "Recall"},
    "MulticlassClassification": {"Accuracy", "BalancedAccuracy", "F1macro", "PrecisionMacro", "RecallMacro"},
    "Regression": {"MAE", "MSE", "R2", "RMSE"},
}
_TABULAR_ALGORITHMS = {
    "ENSEMBLING": {
        "catboost",
        "extra-trees",
        "fastai",
        "lightgbm",
        "linear-learner",
        "nn-torch",
        "randomforest",
        "xgboost",
    },
    "HYPERPARAMETER_TUNING": {"linear-learner", "mlp", "xgboost"},
}
_FORECASTING_ALGORITHMS = {"cnn-qr", "deepar", "prophet", "arima", "npts", "ets"}
_FILLING = {"zero", "value", "median", "mean", "min", "max"}
_HYPERPARAMETERS: Mapping[str, tuple[type, float, float]] = {
    "epochCount": (int, 1, 10),
    "batchSize": (int, 1, 64),
    "learningRate": (float, 0, 1),
    "learningRateWarmupSteps": (int, 0, 250),
}


class _Input(NamedTuple):
    """The input data and objectives that a problem type accepts.

    :param sources: values of ``S3DataType``.
    :param contents: values of ``ContentType``.
    :param default: the content type of a channel that names none.
    :param metrics: objectives; None if other rules apply.
    """

    sources: frozenset[str]
    contents: frozenset[str]
    default: str
    metrics: frozenset[str] | None


_CSV = "text/csv;header=present"
_INPUTS = {
    "Tabular": _Input(frozenset({"S3Prefix", "ManifestFile"}), _TABLES, _CSV, None),
    "ImageClassification": _Input(
        frozenset({"S3Prefix", "ManifestFile", "AugmentedManifestFile"}), _IMAGES, "image/*", frozenset({"Accuracy"})
    ),
    "TextClassification": _Input(_BY_PREFIX, _TABLES, _CSV, frozenset({"Accuracy"})),
    "TimeSeriesForecasting": _Input(
        _BY_PREFIX, _TABLES, _CSV, frozenset({"AverageWeightedQuantileLoss", "MAPE", "MASE", "RMSE", "WAPE"})
    ),
    "TextGeneration": _Input(_BY_PREFIX, _TABLES, _CSV, frozenset()),
}


def require_admissible(request: Mapping[str, Any]) -> None:
    """Refuse a job that the service would refuse.

    :param request: ``CreateAutoMLJobV2`` request whose single members satisfy the service model.
    :raises ValidationException: with all violations.
    """
    breaches = list(_breaches(request))
    if breaches:
        raise ValidationException(" ".join(breaches))


def _breaches(request: Mapping[str, Any]) -> Iterator[str]:
    ((key, config),) = request["AutoMLProblemTypeConfig"].items()
    problem_type = key.removesuffix("JobConfig")
    yield from _channel_breaches(request["AutoMLJobInputDataConfig"], problem_type)
    yield from _limit_breaches(config.get("CompletionCriteria", {}), problem_type)
    yield from _objective_breaches(request.get("AutoMLJobObjective"), problem_type)
    yield from _outside_breaches(request, problem_type)
    rules = {
        "Tabular": _tabular_breaches,
        "TextClassification": _text_breaches,
        "TimeSeriesForecasting": _forecasting_breaches,
        "TextGeneration": _generation_breaches,
    }
    if problem_type in rules:
        yield from rules[problem_type](config, request)


def _channel_breaches(channels: list[dict[str, Any]], problem_type: str) -> Iterator[str]:
    kinds = [channel.get("ChannelType", "training") for channel in channels]
    if kinds.count("training") != 1:
        yield "AutoMLJobInputDataConfig must have exactly one training channel."
    if kinds.count("validation") > 1:
        yield "AutoMLJobInputDataConfig must have at most one validation channel."
    if problem_type == "TimeSeriesForecasting" and "validation" in kinds:
        yield "A time-series forecasting job has no validation channel; the service splits the series itself."
    known = _INPUTS[problem_type]
    contents = {channel.get("ContentType", known.default) for channel in channels}
    for content in sorted(contents - known.contents):
        yield f"ContentType {content} is not valid for {problem_type}; valid are: {', '.join(sorted(known.contents))}."
    if len(contents) > 1:
        yield f"Training and validation channels must share one ContentType, not {', '.join(sorted(contents))}."
    for channel, kind in zip(channels, kinds, strict=True):
        yield from _source_breaches(channel, f"The {kind} channel", problem_type)


def _source_breaches(channel: Mapping[str, Any], which: str, problem_type: str) -> Iterator[str]:
    if "DataSource" not in channel:
        yield f"{which} must have a DataSource."
        return
    source = channel["DataSource"]["S3DataSource"]["S3DataType"]
    known = _INPUTS[problem_type].sources
    if source not in known:
        yield f"{which} has the S3DataType {source}; valid for {problem_type} are: {', '.join(sorted(known))}."
    if channel.get("CompressionType") == "Gzip" and (problem_type != "Tabular" or source != "S3Prefix"):
        yield f"{which}: CompressionType Gzip is for S3Prefix input of tabular jobs only."


def _limit_breaches(criteria: Mapping[str, Any], problem_type: str) -> Iterator[str]:
    if problem_type != "Tabular" and criteria.get("MaxCandidates", 1) != 1:
        yield f"MaxCandidates must be 1 for {problem_type}."
    whole, single = criteria.get("MaxAutoMLJobRuntimeInSeconds"), criteria.get("MaxRuntimePerTrainingJobInSeconds")
    if whole is not None and single is not None and whole < single:
        yield "MaxAutoMLJobRuntimeInSeconds must not be below MaxRuntimePerTrainingJobInSeconds."


def _objective_breaches(objective: Mapping[str, Any] | None, problem_type: str) -> Iterator[str]:
    metrics = _INPUTS[problem_type].metrics
    if objective is None or metrics is None or objective["MetricName"] in metrics:
        return
    if metrics:
        known = ", ".join(sorted(metrics))
        yield f"{objective['MetricName']} is not an objective for {problem_type}; valid are: {known}."
    else:
        yield f"AutoMLJobObjective must not be set for {problem_type}."


def _outside_breaches(request: Mapping[str, Any], problem_type: str) -> Iterator[str]:
    """Check the members that do not belong to the problem type's configuration."""
    if len(request["OutputDataConfig"]["S3OutputPath"]) > _LONGEST_OUTPUT_PATH:
        yield f"S3OutputPath must be {_LONGEST_OUTPUT_PATH} characters or less."
    deployment = request.get("ModelDeployConfig")
    if deployment is not None and deployment.get("AutoGenerateEndpointName", False) == ("EndpointName" in deployment):
        yield "Specify EndpointName if and only if AutoGenerateEndpointName is False."
    split = request.get("DataSplitConfig")
    if split is not None and problem_type == "TimeSeriesForecasting":
        yield "DataSplitConfig must not be set for time-series forecasting."
    elif split is not None and not 0 < split.get("ValidationFraction", 0.2) < 1:
        yield "ValidationFraction must be greater than 0 and less than 1."
    if "AutoMLComputeConfig" in request and problem_type not in ("Tabular", "TimeSeriesForecasting"):
        yield f"AutoMLComputeConfig is for tabular and time-series jobs only, not for {problem_type}."


def _tabular_breaches(config: Mapping[str, Any], request: Mapping[str, Any]) -> Iterator[str]:
    problem, objective = config.get("ProblemType"), request.get("AutoMLJobObjective")
    if (problem is None) != (objective is None):
        yield "Provide both ProblemType and AutoMLJobObjective, or none of them."
    elif problem and objective and objective["MetricName"] not in _TABULAR_METRICS[problem]:
        known = ", ".join(sorted(_TABULAR_METRICS[problem]))
        yield f"{objective['MetricName']} is not an objective for {problem}; valid are: {known}."
    mode, weights = config.get("Mode"), config.get("SampleWeightAttributeName")
    if weights is not None and mode not in (None, "ENSEMBLING"):
        yield "SampleWeightAttributeName is supported in ENSEMBLING mode only."
    if weights is not None and weights == config["TargetAttributeName"]:
        yield "SampleWeightAttributeName must not be the target column."
    if mode == "AUTO" and _asks_for_algorithms(config):
        yield "AlgorithmsConfig must not be set when Mode is AUTO."
    known_algorithms = _TABULAR_ALGORITHMS.get(mode or "", set().union(*_TABULAR_ALGORITHMS.values()))
    yield from _algorithm_breaches(
        config, known_algorithms, f"a tabular job in {mode} mode" if mode else "tabular jobs"
    )


def _text_breaches(config: Mapping[str, Any], request: Mapping[str, Any]) -> Iterator[str]:
    if config["ContentColumn"] == config["TargetLabelColumn"]:
        yield "ContentColumn and TargetLabelColumn must be different columns."


def _forecasting_breaches(config: Mapping[str, Any], request: Mapping[str, Any]) -> Iterator[str]:
    if config["ForecastHorizon"] > _LONGEST_HORIZON:
        yield f"ForecastHorizon must be {_LONGEST_HORIZON} or less."
    series = config["TimeSeriesConfig"]
    target = series["TargetAttributeName"]
    columns = [target, series["TimestampAttributeName"], series["ItemIdentifierAttributeName"]]
    columns += series.get("GroupingAttributeNames", [])
    if len(set(columns)) < len(columns):
        yield "The target, timestamp, item identifier and grouping columns must all be different."
    transformations = config.get("Transformations", {})
    for column, methods in transformations.get("Filling", {}).items():
        yield from _filling_breaches(column, methods, target)
    for column in transformations.get("Aggregation", {}):
        if column != target:
            yield f"Aggregation is supported for the target column only, not for {column}."
    yield from _algorithm_breaches(config, _FORECASTING_ALGORITHMS, "time-series forecasting")


def _filling_breaches(column: str, methods: Mapping[str, str], target: str) -> Iterator[str]:
    for when, method in methods.items():
        if when == "frontfill":
            if method != "none" or column != target:
                yield f"Filling of {column}: frontfill is supported for the target column only, and must be none."
        elif when.endswith("_value"):
            if methods.get(when.removesuffix("_value")) != "value":
                yield f"Filling of {column}: {when} needs {when.removesuffix('_value')} to be value."
        elif method not in _FILLING:
            yield f"Filling of {column}: {when} must be one of {', '.join(sorted(_FILLING))}, not {method}."
        elif method == "value" and f"{when}_value" not in methods:
            yield f"Filling of {column}: {when} is value, so {when}_value must be given."


def _generation_breaches(config: Mapping[str, Any], request: Mapping[str, Any]) -> Iterator[str]:
    if not config.get("ModelAccessConfig", {"AcceptEula": True})["AcceptEula"]:
        yield "AcceptEula must be True; without it the base model may not be used."
    for name, text in config.get("TextGenerationHyperParameters", {}).items():
        if name not in _HYPERPARAMETERS:
            yield f"{name} is not a hyperparameter of text generation; valid are: {', '.join(_HYPERPARAMETERS)}."
            continue
        kind, low, high = _HYPERPARAMETERS[name]
        try:
            fits = low <= kind(text) <= high
        except ValueError:
            fits = False
        if not fits:
            yield f"{name} must be {'an integer' if kind is int else 'a number'} from {low} to {high}, not {text}."


def _asks_for_algorithms(config: Mapping[str, Any]) -> bool:
    return bool(config.get("CandidateGenerationConfig", {}).get("AlgorithmsConfig"))


def _algorithm_breaches(config: Mapping[str, Any], known: set[str], what: str) -> Iterator[str]:
    choices = config.get("CandidateGenerationConfig", {}).get("AlgorithmsConfig", [])
    asked = {algorithm for choice in choices for algorithm in choice["AutoMLAlgorithms"]}
    if asked - known:
        yield f"{', '.join(sorted(asked - known))} cannot be chosen for {what}; valid are: {', '.join(sorted(known))}."
