"""The arguments of an evaluation and their rules; what is not known yet, as at DAG parse, is not judged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from airflow_sagemaker_automl.core.scoring.arguments import (
    PREDICTIONS_OF_MODELS,
    is_version_arn,
    name_violations,
    place_violations,
)
from airflow_sagemaker_automl.core.values.literals import UNRESOLVED, is_resolved, number
from airflow_sagemaker_automl.core.values.metric_names import STANDARD_METRICS
from airflow_sagemaker_automl.core.values.wording import did_you_mean, one_of
from airflow_sagemaker_automl.exceptions import Violation

OnChampionCannotScore = Literal["fail", "pass"]
CANDIDATE, CHAMPION = ROLES = ("candidate", "champion")
_LEAST_CONFIDENCE = 0.5
_FEWEST_ROWS = 30
_WHOLE = re.compile(r"\d+")


@dataclass(frozen=True, kw_only=True)
class EvaluationArguments:
    """The arguments of an evaluation, by the names of the operator's arguments."""

    job_name: Any
    model_package_group_name: Any
    data: Any
    output_uri: Any
    candidate_name: Any = None
    against: Any = CHAMPION
    slices: Any = ()
    cluster_columns: Any = ()
    confidence: Any = 0.95
    metrics: Any = ()
    positive_label: Any = None
    weights: Any = None
    minimum_rows: Any = 100
    on_champion_cannot_score: Any = "fail"

    def violations(self) -> Iterator[Violation]:
        """List the broken rules."""
        yield from place_violations(self.data, self.output_uri)
        for path in ("slices", "cluster_columns", "metrics"):
            yield from name_violations(path, getattr(self, path))
        yield from self._column_violations()
        yield from self._against_violations()
        yield from self._metric_violations()
        yield from one_of("on_champion_cannot_score", self.on_champion_cannot_score, get_args(OnChampionCannotScore))
        yield from self._number_violations()

    def _column_violations(self) -> Iterator[Violation]:
        given = {"slices": self.slices, "cluster_columns": self.cluster_columns, "weights": [self.weights]}
        for path, names in given.items():
            for name in names if isinstance(names, Sequence) and not isinstance(names, str) else ():
                if name in PREDICTIONS_OF_MODELS:
                    rule = "must not have the name of a prediction, which the scores have too; rename the column"
                    yield Violation(path, name, rule)

    def _against_violations(self) -> Iterator[Violation]:
        against = self.against
        if is_resolved(against) and against != CHAMPION and not is_version_arn(against):
            rule = f"must be {CHAMPION!r}, or the ARN of a model package"
            yield Violation("against", against, rule)

    def _metric_violations(self) -> Iterator[Violation]:
        metrics = self.metrics if isinstance(self.metrics, Sequence) and not isinstance(self.metrics, str) else ()
        for metric in metrics:
            if metric is not UNRESOLVED and metric not in STANDARD_METRICS:
                rule = f"must be a metric of SageMaker{did_you_mean(str(metric), STANDARD_METRICS)}"
                yield Violation("metrics", metric, rule)

    def _number_violations(self) -> Iterator[Violation]:
        if is_resolved(self.confidence):
            confidence = number(self.confidence)
            if confidence is None or not _LEAST_CONFIDENCE < confidence < 1:
                rule = f"must be a number above {_LEAST_CONFIDENCE} and below 1, such as 0.95"
                yield Violation("confidence", self.confidence, rule)
        if is_resolved(self.minimum_rows):
            rows = number(self.minimum_rows) if _WHOLE.fullmatch(str(self.minimum_rows)) else None
            if rows is None or rows < _FEWEST_ROWS:
                yield Violation("minimum_rows", self.minimum_rows, f"must be a whole number of at least {_FEWEST_ROWS}")
