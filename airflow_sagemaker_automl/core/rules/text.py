"""Rules of text classification and text generation.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TextClassificationJobConfig.html and
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TextGenerationJobConfig.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from airflow_sagemaker_automl.core.values.literals import UNRESOLVED, at, mapping, number, text
from airflow_sagemaker_automl.core.values.wording import did_you_mean
from airflow_sagemaker_automl.exceptions import Violation


class _Range(NamedTuple):
    low: int
    high: int
    whole: bool = True


_HYPERPARAMETERS = {
    "epochCount": _Range(1, 10),
    "batchSize": _Range(1, 64),
    "learningRate": _Range(0, 1, whole=False),
    "learningRateWarmupSteps": _Range(0, 250),
}


def classification(config: Mapping[str, Any], path: str) -> Iterator[Violation]:
    """Rule 9: two different columns."""
    content, label = config.get("ContentColumn"), config.get("TargetLabelColumn")
    if content is None:
        yield Violation(f"{path}.ContentColumn", None, "is required: the column with the text")
    if label is None:
        yield Violation(f"{path}.TargetLabelColumn", None, "is required: the column with the labels")
    if text(content) and content == label:
        yield Violation(f"{path}.TargetLabelColumn", label, "must be a different column than ContentColumn")


def generation(config: Mapping[str, Any], path: str) -> Iterator[Violation]:
    """Rule 16: hyperparameters in their ranges, and the license of the base model."""
    parameters = mapping(config.get("TextGenerationHyperParameters"))
    for name, value in parameters.items():
        place = f"{path}.TextGenerationHyperParameters.{name}"
        if name not in _HYPERPARAMETERS:
            known = ", ".join(_HYPERPARAMETERS)
            rule = f"is unknown; known hyperparameters are {known}{did_you_mean(name, _HYPERPARAMETERS)}"
            yield Violation(place, value, rule)
        elif value is not UNRESOLVED:
            yield from _in_range(place, value, _HYPERPARAMETERS[name])
    access = config.get("ModelAccessConfig")
    if at(access, "AcceptEula") is None:
        rule = "is required: true to accept the license (EULA) of the base model, or false"
        yield Violation(f"{path}.ModelAccessConfig.AcceptEula", None, rule)


def _in_range(path: str, value: Any, allowed: _Range) -> Iterator[Violation]:
    figure = number(value)
    if figure is None or not allowed.low <= figure <= allowed.high or (allowed.whole and figure != int(figure)):
        what = "an integer" if allowed.whole else "a number"
        yield Violation(path, value, f"must be {what} from {allowed.low} to {allowed.high}")
