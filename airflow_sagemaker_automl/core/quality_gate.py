"""What we decide: whether a candidate is good enough, and better than the champion that it would replace."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from airflow_sagemaker_automl.core.candidate import MINIMISED_METRICS, Candidate, Objective
from airflow_sagemaker_automl.core.job import AutoMLJob
from airflow_sagemaker_automl.core.literals import is_resolved, literal, number, plain
from airflow_sagemaker_automl.core.members import Flag, Later, Number, Text, Whole
from airflow_sagemaker_automl.core.rules.quality_gate import DataSet, GateReading, Policy
from airflow_sagemaker_automl.core.rules.wording import did_you_mean
from airflow_sagemaker_automl.core.verdict import Ruling, Verdict
from airflow_sagemaker_automl.exceptions import InvalidJobRequest, InvalidQualityGate, Violation

__all__ = [
    "BetterThanChampion",
    "Champion",
    "DataSet",
    "Figures",
    "Policy",
    "QualityGate",
    "Ruling",
    "Threshold",
    "Verdict",
    "gate_as_mapping",
    "require_literals",
]

Figures: TypeAlias = Mapping[str, Mapping[str, float]]

# Of 0.3 - 0.28 and 0.02, floating point makes two numbers.
_TOLERANCE = 1e-9
_MOST_NAMED = 10


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """What a figure of the candidate has to be.

    Every argument may be a Jinja template or an XComArg, which is judged once it is resolved.

    :param metric: SageMaker's name of it (``StandardMetricName``), for example ``F1`` or ``LogLoss``.
    :param minimum: the least that it may be, in the metric's own units. Default: no such limit.
    :param maximum: the most that it may be. Default: no such limit; one of the two there has to be.
    :param data_set: ``Validation`` (default), ``Test`` or ``Train``.
    """

    metric: Text
    minimum: Number | None = None
    maximum: Number | None = None
    data_set: Text = "Validation"


@dataclass(frozen=True, kw_only=True)
class BetterThanChampion:
    """By how much the candidate has to beat the champion: the newest approved version of the group.

    Every argument may be a Jinja template or an XComArg, which is judged once it is resolved.

    :param margin: at least so much better, in the metric's own units, or as a share of the champion's figure. 0
        (default) lets one pass that is as good.
    :param is_relative: whether the margin is a share (default: no): 0.01 is one per cent of the champion's figure.
    :param metric: what to compare, by SageMaker's name of it. Default: the job's objective.
    :param data_set: ``Validation`` (default), ``Test`` or ``Train``.
    :param without_champion: what becomes of the first of a group: ``pass`` (default) or ``fail``.
    :param without_figure: what becomes of a candidate whose champion has no such figure: ``fail`` (default) or
        ``pass``.
    :param other_objective: what becomes of a candidate whose champion was ranked by another metric, when the
        objective is compared: ``fail`` (default) or ``pass``.
    """

    margin: Number = 0.0
    is_relative: Flag = False
    metric: Text | None = None
    data_set: Text = "Validation"
    without_champion: Text = "pass"
    without_figure: Text = "fail"
    other_objective: Text = "fail"

    def compared(self, candidate: Candidate) -> str | None:
        """Name the metric that is compared; None where the candidate was ranked by none."""
        return str(self.metric) if self.metric else candidate.objective.metric if candidate.objective else None


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The version that a candidate would replace, with what is recorded of it.

    :param objective: the metric that it was ranked by; None where nothing says so.
    :param figures: data set → metric → value.
    """

    model_package_arn: str
    objective: str | None
    figures: Figures

    def has(self, metric: str | None, data_set: Any) -> bool:
        """Tell whether a figure of it is known."""
        return _figure(self.figures, str(data_set), metric) is not None


@dataclass(frozen=True, kw_only=True)
class QualityGate:
    """What a candidate has to be before it is approved.

    What is literal is judged at once, and the rest once it is resolved.

    :param thresholds: limits of its own figures.
    :param champion: how it has to compare with the champion; None (default) compares nothing.
    :param most_partial_failures: how many parts of the job may have failed. Default: any number.
    :raises InvalidQualityGate: with everything that is wrong; also if there is no rule at all.
    """

    thresholds: Sequence[Threshold] | Later = ()
    champion: BetterThanChampion | Later | None = None
    most_partial_failures: Whole | None = None

    def __post_init__(self) -> None:
        require_literals(gate_as_mapping(self))

    @classmethod
    def read(cls, gate: Any, path: str = "", *, more: Sequence[Violation] = ()) -> QualityGate:
        """Read a gate whose templates are resolved: texts become the numbers and truth values that are wanted.

        :param gate: a mapping of the arguments, or its JSON.
        :param path: where it stands.
        :param more: what else is wrong, said at once.
        :raises InvalidQualityGate: with everything that is wrong.
        """
        reading = GateReading(gate, path)
        if violations := [*more, *reading.violations]:
            raise InvalidQualityGate(violations)
        members = dict(reading.gate)
        if "thresholds" in members:
            members["thresholds"] = tuple(Threshold(**each) for each in members["thresholds"])
        if "champion" in members:
            members["champion"] = BetterThanChampion(**members["champion"])
        return cls(**members)

    def judge(self, job: AutoMLJob, candidate: Candidate, champion: Champion | None) -> Verdict:
        """Hold a candidate against every rule.

        :param champion: the newest approved version of the group; None where there is none.
        :raises InvalidQualityGate: a template in it is not resolved.
        """
        gate = QualityGate.read(gate_as_mapping(self))
        figures = _figures_of(candidate)
        rules = [ruling for each in _thresholds(gate) for ruling in _of_threshold(each, figures)]
        if isinstance(gate.champion, BetterThanChampion):
            rules.append(_of_champion(gate.champion, candidate, champion))
        if isinstance(gate.most_partial_failures, int):
            rules.append(_of_partial_failures(gate.most_partial_failures, job))
        compared = champion.model_package_arn if champion and gate.champion else None
        return Verdict(approved=all(rule.passed for rule in rules), champion=compared, rules=tuple(rules))


def gate_as_mapping(gate: Any) -> Any:
    """Copy a gate as Airflow can render it: dictionaries and lists, with templates and XComArgs in any leaf.

    :param gate: a :class:`QualityGate`, or a mapping of its arguments; any other value stays as it is.
    :raises InvalidQualityGate: it holds itself.
    """
    try:
        return _as_mapping(plain(gate))
    except InvalidJobRequest as error:
        raise InvalidQualityGate([Violation("the gate", None, each.rule) for each in error.violations]) from None


def require_literals(gate: Any, path: str = "", *, more: Sequence[Violation] = ()) -> None:
    """Judge what is literal in a gate that is still to be rendered.

    :param gate: as :func:`gate_as_mapping` gives it.
    :param path: where it stands.
    :param more: what else is wrong, said at once.
    :raises InvalidQualityGate: with everything that is wrong already.
    """
    found = [each for each in GateReading(literal(gate), path).violations if is_resolved(each.value)]
    if violations := [*more, *found]:
        raise InvalidQualityGate(violations)


def _as_mapping(value: Any) -> Any:
    if isinstance(value, QualityGate | Threshold | BetterThanChampion):
        value = {name: item for name, item in vars(value).items() if item is not None and item != ()}
    if isinstance(value, Mapping):
        return {key: _as_mapping(item) for key, item in value.items()}
    return [_as_mapping(item) for item in value] if isinstance(value, list | tuple) else value


def _thresholds(gate: QualityGate) -> Sequence[Threshold]:
    return gate.thresholds if isinstance(gate.thresholds, tuple) else ()


def _figures_of(candidate: Candidate) -> Figures:
    """Arrange its figures; what the candidates were ranked by is a figure on the validation data."""
    figures = candidate.metrics_by_set()
    if candidate.objective:
        figures.setdefault("Validation", {}).setdefault(candidate.objective.metric, candidate.objective.value)
    return figures


def _of_threshold(threshold: Threshold, figures: Figures) -> Iterator[Ruling]:
    metric, data_set = str(threshold.metric), str(threshold.data_set)
    value = _figure(figures, data_set, metric)

    def ruled(bound: str, limit: float, *, passed: bool) -> Ruling:
        name = f"{metric} on {data_set.lower()} data {bound} {limit:.12g}"
        reason = _missing(figures, data_set, metric) if value is None else f"it is {_apart(value, limit)[0]}"
        return Ruling(name=name, passed=passed, value=value, limit=limit, reason=reason)

    if (least := number(threshold.minimum)) is not None:
        yield ruled("at least", least, passed=value is not None and value >= least)
    if (most := number(threshold.maximum)) is not None:
        yield ruled("at most", most, passed=value is not None and value <= most)


def _of_champion(rule: BetterThanChampion, candidate: Candidate, champion: Champion | None) -> Ruling:
    metric, data_set, margin = rule.compared(candidate), str(rule.data_set), number(rule.margin) or 0.0
    figures = _figures_of(candidate)
    value = _figure(figures, data_set, metric)

    def ruled(passed: bool, reason: str, limit: float | None = None) -> Ruling:
        name = f"{metric or 'the objective'} on {data_set.lower()} data {_wanted(margin, rule.is_relative is True)}"
        return Ruling(name=name, passed=passed, value=value, limit=limit, reason=reason)

    if metric is None:
        return ruled(False, "the candidates were not ranked by anything; name a metric to compare")
    if value is None:
        return ruled(False, _missing(figures, data_set, metric))
    if champion is None:
        return ruled(rule.without_champion == "pass", "the group has no approved version to beat")
    if not rule.metric and champion.objective not in (None, metric):
        return ruled(rule.other_objective == "pass", f"the champion was ranked by {champion.objective}")
    best = _figure(champion.figures, data_set, metric)
    if best is None:
        return ruled(rule.without_figure == "pass", "no such figure of the champion is known")
    gain = (best - value) if _is_minimised(metric, candidate.objective) else (value - best)
    error = _TOLERANCE * max(abs(value), abs(best))
    needed = margin * abs(best) if rule.is_relative is True else margin
    if abs(gain) <= error:
        return ruled(needed <= error, f"it is {value:.6g}, and so is the champion's", best)
    ours, theirs = _apart(value, best)
    reason = f"it is {ours}, the champion's {theirs}: {'better' if gain > 0 else 'worse'} by {abs(gain):.6g}"
    return ruled(gain >= needed - error, reason, best)


def _of_partial_failures(most: int, job: AutoMLJob) -> Ruling:
    count = len(job.partial_failures)
    reason = f"{count} failed{': ' + '; '.join(job.partial_failures) if count else ''}"
    return Ruling(
        name=f"at most {most} failed parts of the job",
        passed=count <= most,
        value=float(count),
        limit=float(most),
        reason=reason,
    )


def _wanted(margin: float, is_relative: bool) -> str:
    if not margin:
        return "at least as good as that of the champion"
    by = f"{100 * margin:g} per cent" if is_relative else f"{margin:g}"
    return f"better than that of the champion by at least {by}"


def _apart(*values: float) -> list[str]:
    """Write numbers with as many digits as it takes to tell them apart, six at least."""
    written = [[f"{value:.{digits}g}" for value in values] for digits in (6, 9, 12, 17)]
    return next((texts for texts in written if len(set(texts)) == len(set(values))), written[0])


def _figure(figures: Figures, data_set: str, metric: str | None) -> float | None:
    value = figures.get(data_set, {}).get(metric or "")
    return value if value is not None and math.isfinite(value) else None


def _missing(figures: Figures, data_set: str, metric: str) -> str:
    """Say that the candidate has no such figure, and what it has instead."""
    known = sorted(figures.get(data_set, {}))
    has = f"it has {', '.join(known[:_MOST_NAMED])}{', …' if len(known) > _MOST_NAMED else ''}" if known else ""
    others = ", ".join(sorted(other.lower() for other in figures if figures[other] and other != data_set))
    instead = did_you_mean(metric, known) or f"; {has or (f'it has figures on {others} data only' if others else '')}"
    return f"the candidate has no such figure{instead}".rstrip("; ")


def _is_minimised(metric: str, objective: Objective | None) -> bool:
    """Tell whether less is better: as the service says of the objective, else by what the metric is."""
    if objective is not None and objective.metric == metric:
        return objective.is_minimised
    return metric in MINIMISED_METRICS
