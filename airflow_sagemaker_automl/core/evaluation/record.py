"""The record of an evaluation: what gate, card and pages read. It needs scipy only for an interval."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

# Chance of finding a difference as large as the detectable one.
POWER = 0.8


class EvaluationOutcome(StrEnum):
    """How an evaluation ended."""

    COMPARED = "compared"
    WITHOUT_CHAMPION = "without_champion"
    CHAMPION_CANNOT_SCORE = "champion_cannot_score"


@dataclass(frozen=True, kw_only=True)
class PairedDifference:
    """By how much the candidate is better than the champion on the same rows.

    :param improvement: the difference of the values; positive if the candidate is better, for errors too.
    :param standard_error: of the improvement.
    :param units: how many independent units there are: rows, or clusters of rows.
    :param method: how the standard error was computed.
    """

    improvement: float
    standard_error: float
    units: int
    method: str

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the limits of the improvement's two-sided interval, by Student's t distribution.

        :param confidence: for example 0.95.
        """
        width = _quantile((1 + confidence) / 2, self.units) * self.standard_error
        return self.improvement - width, self.improvement + width

    def detectable(self, confidence: float) -> float:
        """Return the improvement that so many rows would show with a chance of 80 %."""
        return (_quantile((1 + confidence) / 2, self.units) + _quantile(POWER, self.units)) * self.standard_error

    def chance_below(self, improvement: float) -> float:
        """Return the one-sided p-value of the hypothesis that the true improvement is at most this one."""
        from scipy import stats

        distance = self.improvement - improvement
        if not self.standard_error:
            return float(distance <= 0)
        return float(stats.t.sf(distance / self.standard_error, max(self.units - 1, 1)))


@dataclass(frozen=True, kw_only=True)
class MetricResult:
    """One metric on the rows.

    :param metric: SageMaker's name.
    :param candidate: the candidate's value.
    :param standard_error: of the candidate's value.
    :param units: how many independent units there are: rows, or clusters of rows.
    :param champion: the champion's value; None without a champion.
    :param difference: by how much the candidate is better; None without a champion.
    """

    metric: str
    candidate: float
    standard_error: float
    units: int
    champion: float | None = None
    difference: PairedDifference | None = None

    def interval(self, confidence: float) -> tuple[float, float]:
        """Return the limits of the two-sided interval of the candidate's value.

        :param confidence: for example 0.95.
        """
        width = _quantile((1 + confidence) / 2, self.units) * self.standard_error
        return self.candidate - width, self.candidate + width

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> MetricResult:
        """Read the output of :meth:`to_json`."""
        difference = kept.get("difference")
        members = {name: kept[name] for name in ("metric", "candidate", "standard_error", "units", "champion")}
        if difference is None:
            return cls(**members)
        names = ("improvement", "standard_error", "units", "method")
        return cls(**members, difference=PairedDifference(**{name: difference[name] for name in names}))

    def to_json(self, confidence: float) -> dict[str, Any]:
        """Return it JSON-safe, with the interval of the difference at a confidence."""
        found = asdict(self)
        if self.difference is not None:
            low, high = self.difference.interval(confidence)
            found["difference"] |= {"low": low, "high": high, "detectable": self.difference.detectable(confidence)}
        return found


@dataclass(frozen=True, kw_only=True)
class SliceResult:
    """The metrics on the rows of one slice.

    :param column: the column that makes the slice.
    :param value: what is common to its rows.
    :param rows: how many there are.
    :param metrics: empty if the slice was not judged.
    :param why_not: why it was not judged; empty if it was.
    """

    column: str
    value: str
    rows: int
    metrics: tuple[MetricResult, ...] = ()
    why_not: str = ""

    @property
    def is_judged(self) -> bool:
        """Whether it has enough rows."""
        return not self.why_not

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> SliceResult:
        """Read the output of :meth:`to_json`."""
        metrics = tuple(MetricResult.from_json(each) for each in kept["metrics"])
        return cls(**{**kept, "metrics": metrics})

    def to_json(self, confidence: float) -> dict[str, Any]:
        """Return it JSON-safe."""
        return {**vars(self), "metrics": [each.to_json(confidence) for each in self.metrics]}


@dataclass(frozen=True, kw_only=True)
class EvaluationRecord:
    """A candidate, and the champion if there is one, on the same labelled rows.

    :param job_name: the candidate's AutoML job.
    :param group: name of the model package group.
    :param champion: ARN of the version that it was compared with; None if there was none.
    :param outcome: how the evaluation ended.
    :param reason: why the champion cannot score; empty otherwise.
    :param data: S3 URI of the rows.
    :param data_digest: digest of the content of the data.
    :param rows: how many there are.
    :param confidence: of the intervals, for example 0.95.
    :param metrics: in the order of the problem type's table of metrics.
    :param slices: all slices, judged or not.
    """

    job_name: str
    candidate_name: str
    group: str
    champion: str | None
    outcome: EvaluationOutcome
    data: str
    data_digest: str
    rows: int
    confidence: float
    metrics: tuple[MetricResult, ...]
    slices: tuple[SliceResult, ...] = ()
    reason: str = ""

    def metric(self, name: str) -> MetricResult | None:
        """Find a metric by its name; None if it was not computed."""
        return next((each for each in self.metrics if each.metric == name), None)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> EvaluationRecord:
        """Read the output of :meth:`to_json`; further members are ignored.

        :raises KeyError: a member is missing.
        """
        members = {name: kept[name] for name in cls.__dataclass_fields__}
        members["outcome"] = EvaluationOutcome(kept["outcome"])
        members["metrics"] = tuple(MetricResult.from_json(each) for each in kept["metrics"])
        members["slices"] = tuple(SliceResult.from_json(each) for each in kept["slices"])
        return cls(**members)

    def to_json(self) -> dict[str, Any]:
        """Return it JSON-safe."""
        return {
            **vars(self),
            "outcome": self.outcome.value,
            "metrics": [each.to_json(self.confidence) for each in self.metrics],
            "slices": [each.to_json(self.confidence) for each in self.slices],
        }


def _quantile(share: float, units: int) -> float:
    """Return a quantile of Student's t distribution; infinite if there are no two units."""
    from scipy import stats

    return float(stats.t.ppf(share, units - 1)) if units > 1 else float("inf")
