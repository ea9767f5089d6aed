"""Quality gates: decide whether a candidate meets thresholds and beats the champion that it would replace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_sagemaker_automl.core.gate.verdict import Ruling, Verdict
from airflow_sagemaker_automl.core.jobs.candidate import Candidate
from airflow_sagemaker_automl.core.jobs.figures import (
    Figures,
    compared_in_words,
    figure,
    figures_of,
    instead_of,
    told_apart,
    written,
)
from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
from airflow_sagemaker_automl.core.jobs.partial_failure import JobPart
from airflow_sagemaker_automl.core.rules.quality_gate import DataSet, GateReading
from airflow_sagemaker_automl.core.values.literals import is_resolved, literal, number, plain
from airflow_sagemaker_automl.core.values.members import Flag, Later, Number, Text, Whole
from airflow_sagemaker_automl.core.values.metric_names import MINIMIZE, read_metric, same_metric
from airflow_sagemaker_automl.exceptions import InvalidJobRequest, InvalidQualityGate, Violation

__all__ = [
    "BetterThanChampion",
    "Champion",
    "DataSet",
    "Figures",
    "QualityGate",
    "Ruling",
    "Threshold",
    "Verdict",
    "gate_as_mapping",
    "require_literals",
]
# With floating point, 0.3 - 0.28 is not equal to 0.02.
_TOLERANCE = 1e-9
_COUNTED = (JobPart.CANDIDATE, JobPart.OTHER)


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A limit for a metric of the candidate.

    Every argument may be a Jinja template or an XComArg, which is validated when it is resolved.

    :param metric: SageMaker's name (``StandardMetricName``) of a metric of the problem type, for example ``F1`` or
        ``LogLoss``.
    :param minimum: lower limit, in the metric's own units, for a metric that is maximised. Default: none.
    :param maximum: upper limit, in the metric's own units, for a metric that is minimised. Default: none; one of the
        two is required.
    :param data_set: ``Validation`` (default), ``Test`` or ``Train``.
    :param is_new_metric: whether to allow a metric that this package does not know. Default: no.
    :param against_direction: whether to allow a minimum for an error, or a maximum for a score. Default: no.
    """

    metric: Text
    minimum: Number | None = None
    maximum: Number | None = None
    data_set: Text = "Validation"
    is_new_metric: Flag = False
    against_direction: Flag = False


@dataclass(frozen=True, kw_only=True)
class BetterThanChampion:
    """The margin by which the candidate must beat the champion, the newest approved version of the group.

    Every argument may be a Jinja template or an XComArg, which is validated when it is resolved.

    :param margin: minimum improvement, in the metric's own units, or as a fraction of the champion's value. With 0
        (default), an equal candidate passes.
    :param is_relative: whether the margin is a fraction: 0.01 is 1 % of the champion's value. Default: no.
    :param metric: SageMaker's name of the metric to compare. Default: the job's objective.
    :param data_set: ``Validation`` (default), ``Test`` or ``Train``.
    :param is_new_metric: whether to allow a metric that this package does not know, which requires ``direction``.
        Default: no.
    :param direction: ``Maximize`` or ``Minimize``, if neither the service nor the metric's name defines it. Default:
        the direction that they define.
    :param without_champion: ``pass`` (default) or ``reject`` a candidate if the group has no champion.
    :param on_missing_champion_figure: if the champion has no value of the metric: ``fail`` (default) the task,
        ``reject`` the candidate, or ``pass`` the rule.
    :param on_other_objective: if the objective is compared and the champion was ranked by another one: ``reject``
        (default) the candidate, ``pass`` the rule, or ``fail`` the task.
    """

    margin: Number = 0.0
    is_relative: Flag = False
    metric: Text | None = None
    data_set: Text = "Validation"
    is_new_metric: Flag = False
    direction: Text | None = None
    without_champion: Text = "pass"
    on_missing_champion_figure: Text = "fail"
    on_other_objective: Text = "reject"

    def compared(self, candidate: Candidate) -> str | None:
        """Name the metric to compare; None if the candidate has no objective."""
        return str(self.metric) if self.metric else candidate.objective.metric if candidate.objective else None


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The version that a candidate would replace, with its recorded metrics.

    :param objective: the metric that it was ranked by; None if it is not recorded.
    :param figures: data set → metric → value.
    :param objective_type: ``Maximize`` or ``Minimize``; None if it is not recorded.
    :param contradicted: values in its model card that differ from its metadata; ``figures`` has those of the metadata.
    """

    model_package_arn: str
    objective: str | None
    figures: Figures
    objective_type: str | None = None
    contradicted: Figures = field(default_factory=dict)

    def has(self, metric: str | None, data_set: Any) -> bool:
        """Tell whether the champion has a value of the metric."""
        return figure(self.figures, str(data_set), metric) is not None


@dataclass(frozen=True, kw_only=True)
class QualityGate:
    """The rules that a candidate must meet to be approved.

    Literal values are validated immediately, templates and XComArgs when they are resolved.

    :param thresholds: limits for the candidate's metrics. Default: none.
    :param champion: comparison with the champion. Default: none.
    :param most_partial_failures: how many parts of the job may have failed. Default: any number.
    :param partial_failures_counted: which parts count: ``candidate``, ``explanation``, ``insights``, ``deployment`` and
        ``other``, which are parts that the service does not name
        (:mod:`airflow_sagemaker_automl.core.jobs.partial_failure`). Default: ``candidate`` and ``other``, because a
        missing explanation does not make a model worse.
    :param on_missing_figure: if the candidate has no value of a rule's metric, or the metric's direction is unknown:
        ``fail`` (default) the task, or ``reject`` the candidate.
    :raises InvalidQualityGate: with all violations; also if the gate has no rules.
    """

    thresholds: Sequence[Threshold] | Later = ()
    champion: BetterThanChampion | Later | None = None
    most_partial_failures: Whole | None = None
    partial_failures_counted: Sequence[Text] | Later | None = None
    on_missing_figure: Text = "fail"

    def __post_init__(self) -> None:
        require_literals(gate_as_mapping(self))

    @classmethod
    def read(cls, gate: Any, path: str = "", *, more: Sequence[Violation] = ()) -> QualityGate:
        """Read a gate whose templates are resolved; texts are converted to numbers and booleans.

        :param gate: a mapping of the arguments, or its JSON.
        :param path: path of the gate, for error messages. Default: none.
        :param more: more violations to report in the same error. Default: none.
        :raises InvalidQualityGate: with all violations.
        """
        reading = GateReading(gate, path)
        if violations := [*more, *reading.violations]:
            raise InvalidQualityGate(violations)
        members = dict(reading.gate)
        if "thresholds" in members:
            members["thresholds"] = tuple(Threshold(**each) for each in members["thresholds"])
        if "champion" in members:
            members["champion"] = BetterThanChampion(**members["champion"])
        if "partial_failures_counted" in members:
            members["partial_failures_counted"] = tuple(members["partial_failures_counted"])
        return cls(**members)

    def judge(self, job: AutoMLJob, candidate: Candidate, champion: Champion | None) -> Verdict:
        """Check a candidate against every rule.

        :param champion: the newest approved version of the group; None if there is none.
        :raises InvalidQualityGate: a template is not resolved; or a metric value or a direction is missing, and the
            gate's options say ``fail``.
        """
        gate = QualityGate.read(gate_as_mapping(self))
        judging = _Judging(job, candidate, champion, rejects_missing=gate.on_missing_figure == "reject")
        rules: list[Ruling] = []
        for place, each in enumerate(gate.thresholds if isinstance(gate.thresholds, tuple) else ()):
            rules += judging.threshold(each, f"thresholds[{place}]")
        if isinstance(gate.champion, BetterThanChampion):
            rules.append(judging.better_than_champion(gate.champion, "champion"))
        if isinstance(gate.most_partial_failures, int):
            rules.append(judging.partial_failures(gate.most_partial_failures, gate.partial_failures_counted))
        if judging.violations:
            raise InvalidQualityGate(judging.violations)
        compared = champion.model_package_arn if champion and gate.champion else None
        approved, compares = all(rule.passed for rule in rules), isinstance(gate.champion, BetterThanChampion)
        return Verdict(approved=approved, champion=compared, rules=tuple(rules), compares=compares)


def gate_as_mapping(gate: Any) -> Any:
    """Convert a gate to dictionaries and lists that Airflow can render, with templates and XComArgs in any leaf.

    :param gate: a :class:`QualityGate`, or a mapping of its arguments; any other value is returned unchanged.
    :raises InvalidQualityGate: the gate contains itself.
    """
    try:
        return _as_mapping(plain(gate))
    except InvalidJobRequest as error:
        raise InvalidQualityGate([Violation("the gate", None, each.rule) for each in error.violations]) from None


def require_literals(
    gate: Any, path: str = "", *, more: Sequence[Violation] = (), problem_type: str | None = None
) -> None:
    """Validate the literal values of a gate that is not rendered yet.

    :param gate: as :func:`gate_as_mapping` returns it.
    :param path: path of the gate, for error messages. Default: none.
    :param more: more violations to report in the same error. Default: none.
    :param problem_type: problem type of the job whose candidate will be judged. Default: unknown.
    :raises InvalidQualityGate: with all violations.
    """
    found = [each for each in GateReading(literal(gate), path, problem_type).violations if is_resolved(each.value)]
    if violations := [*more, *found]:
        raise InvalidQualityGate(violations)


def _as_mapping(value: Any) -> Any:
    if isinstance(value, QualityGate | Threshold | BetterThanChampion):
        value = {name: item for name, item in vars(value).items() if item is not None and item != ()}
    if isinstance(value, Mapping):
        return {key: _as_mapping(item) for key, item in value.items()}
    return [_as_mapping(item) for item in value] if isinstance(value, list | tuple) else value


class _Judging:
    """Checks a candidate against the rules of a gate.

    :ivar violations: missing values that fail the task.
    """

    def __init__(
        self, job: AutoMLJob, candidate: Candidate, champion: Champion | None, *, rejects_missing: bool
    ) -> None:
        self.violations: list[Violation] = []
        self._job = job
        self._candidate = candidate
        self._champion = champion
        self._figures = figures_of(candidate)
        self._rejects_missing = rejects_missing

    def threshold(self, rule: Threshold, path: str) -> Iterator[Ruling]:
        """Check the limits of a metric, with one ruling for each."""
        metric, data_set = str(rule.metric), str(rule.data_set)
        value = figure(self._figures, data_set, metric)
        missing = self._missing(f"{path}.metric", metric, data_set) if value is None else ""
        low, high = number(rule.minimum), number(rule.maximum)
        for bound, limit, kept in (
            ("at least", low, value is not None and low is not None and value >= low),
            ("at most", high, value is not None and high is not None and value <= high),
        ):
            if limit is not None:
                name = f"{metric} on {data_set.lower()} data {bound} {limit:.12g}"
                if value is None:
                    yield Ruling(name=name, passed=kept, value=None, limit=limit, reason=missing)
                    continue
                headline = f"{_figure_name(metric, data_set)} {compared_in_words(value, limit)}"
                reason = f"it is {told_apart(value, limit)[0]}"
                yield Ruling(name=name, passed=kept, value=value, limit=limit, reason=reason, headline=headline)

    def better_than_champion(self, rule: BetterThanChampion, path: str) -> Ruling:
        """Compare the candidate with the champion."""
        metric, data_set, margin = rule.compared(self._candidate), str(rule.data_set), number(rule.margin) or 0.0
        value = figure(self._figures, data_set, metric)

        def ruled(passed: bool, reason: str, limit: float | None = None) -> Ruling:
            name = f"{metric or 'the objective'} on {data_set.lower()} data {_wanted(margin, rule.is_relative is True)}"
            headline = f"{_figure_name(metric, data_set)} {reason}" if limit is not None else ""
            return Ruling(name=name, passed=passed, value=value, limit=limit, reason=reason, headline=headline)

        if metric is None or value is None:
            return ruled(False, self._missing(f"{path}.metric", metric, data_set))
        direction = self._direction(metric, rule, f"{path}.direction")
        if direction is None:
            return ruled(False, self._without_direction(f"{path}.direction", metric))
        champion = self._champion
        if champion is None:
            return ruled(rule.without_champion == "pass", "the group has no approved version to beat")
        if other := self._other_objective(rule, metric, direction, champion):
            return ruled(self._passes(rule.on_other_objective, f"{path}.on_other_objective", other), other)
        best = figure(champion.figures, data_set, metric)
        if best is None:
            reason = f"the champion has no such metric{instead_of(champion.figures, data_set, metric, None)}"
            place = f"{path}.on_missing_champion_figure"
            return ruled(self._passes(rule.on_missing_champion_figure, place, reason), reason)
        needed = margin * abs(best) if rule.is_relative is True else margin
        passed, reason = _compared(value, champion, best, needed, is_minimised=direction == MINIMIZE)
        return ruled(passed, reason + _contradiction(champion, data_set, metric, best), best)

    def partial_failures(self, most: int, counted: Any) -> Ruling:
        """Count the failed parts of the job.

        :param counted: the parts that count; None for the default.
        """
        parts = self._job.failed_parts
        counting = [str(each) for each in parts if each.part in (counted or _COUNTED)]
        others = [str(each) for each in parts if each.part not in (counted or _COUNTED)]
        reason = f"{len(counting)} failed{': ' if counting else ''}{'; '.join(counting)}"
        kinds = f" ({', '.join(counted)})" if counted else ""
        return Ruling(
            name=f"at most {most} failed parts of the job{kinds}",
            passed=len(counting) <= most,
            value=float(len(counting)),
            limit=float(most),
            reason=f"{reason} (not counted: {'; '.join(others)})" if others else reason,
        )

    def _direction(self, metric: str, rule: BetterThanChampion, path: str) -> str | None:
        """Find the better direction: by the service for the objective, else by the metric's name, else by the gate."""
        objective, given = self._candidate.objective, str(rule.direction) if rule.direction else None
        of_objective = objective.type if objective and same_metric(objective.metric, metric) else None
        known = of_objective or read_metric(metric).direction
        if known and given not in (None, known):
            self.violations.append(
                Violation(path, given, f"must be {known!r}, which is the direction of {metric}, or unset")
            )
        return known or given

    def _other_objective(self, rule: BetterThanChampion, metric: str, direction: str, champion: Champion) -> str | None:
        """Say how the champion's objective differs; None if it is the same, or is not compared."""
        of_champion = champion.objective
        if of_champion is None:
            return None
        if not same_metric(of_champion, metric):
            return None if rule.metric else f"the champion was ranked by {of_champion}"
        if champion.objective_type not in (None, direction):
            return f"the champion was ranked by {of_champion} in the other direction, {champion.objective_type}"
        return None

    def _passes(self, follows: Text, path: str, reason: str) -> bool:
        if follows == "fail":
            arn = self._champion.model_package_arn if self._champion else None
            self.violations.append(Violation(path, "fail", f"fails the task: {reason} (champion: {arn})"))
        return follows == "pass"

    def _missing(self, path: str, metric: str | None, data_set: str) -> str:
        """Say that the candidate has no value of the metric, and which metrics it has."""
        if metric is None:
            reason = "the candidate has no objective; set the metric to compare"
            self._fail(path, None, f"is required: {self._who} has no objective")
            return reason
        problem_type = self._job.resolved_problem_type or self._job.problem_type
        instead = instead_of(self._figures, data_set, metric, problem_type)
        self._fail(path, metric, f"is not a metric of {self._who} on {data_set.lower()} data{instead}")
        return f"the candidate has no such metric{instead}"

    def _without_direction(self, path: str, metric: str) -> str:
        reason = f"it is unknown whether higher or lower values of {metric} are better"
        self._fail(path, None, f"is required to compare {self._who}: {reason}")
        return reason

    @property
    def _who(self) -> str:
        return f"candidate {self._candidate.name} of AutoML job {self._job.name}"

    def _fail(self, path: str, value: str | None, rule: str) -> None:
        if not self._rejects_missing:
            self.violations.append(Violation(path, value, rule))


def _compared(value: float, champion: Champion, best: float, needed: float, *, is_minimised: bool) -> tuple[bool, str]:
    version = champion.model_package_arn.rpartition("/")[2]
    gain = (best - value) if is_minimised else (value - best)
    error = _TOLERANCE * max(abs(value), abs(best))
    if abs(gain) <= error:
        passed, figure_of_both = needed <= error, written(value)
        less = "" if passed else f": not better by {written(needed)}"
        return passed, f"{figure_of_both} = champion {figure_of_both} (version {version}){less}"
    passed = gain >= needed - error
    by = f"{'better' if gain > 0 else 'worse'} by {written(abs(gain))}"
    less = f", less than {written(needed)}" if gain > 0 and not passed else ""
    return passed, f"{compared_in_words(value, best, f'champion {{}} (version {version})')}: {by}{less}"


def _contradiction(champion: Champion, data_set: str, metric: str, recorded: float) -> str:
    of_card = figure(champion.contradicted, data_set, metric)
    if of_card is None:
        return ""
    ours, theirs = told_apart(recorded, of_card)
    return f"; this is the value in the champion's metadata ({ours}), but its model card says {theirs}"


def _wanted(margin: float, is_relative: bool) -> str:
    if not margin:
        return "at least as good as that of the champion"
    by = f"{100 * margin:g} percent" if is_relative else f"{margin:g}"
    return f"better than that of the champion by at least {by}"


def _figure_name(metric: str | None, data_set: str) -> str:
    return f"{metric} ({data_set.lower()})"
