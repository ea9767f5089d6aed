"""What we decide: whether a candidate is good enough, and better than the champion that it would replace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from airflow_sagemaker_automl.core.candidate import Candidate
from airflow_sagemaker_automl.core.figures import (
    Figures,
    compared_in_words,
    figure,
    figures_of,
    instead_of,
    told_apart,
    written,
)
from airflow_sagemaker_automl.core.job import AutoMLJob
from airflow_sagemaker_automl.core.literals import is_resolved, literal, number, plain
from airflow_sagemaker_automl.core.members import Flag, Later, Number, Text, Whole
from airflow_sagemaker_automl.core.metric_names import MINIMIZE, read_metric, same_metric
from airflow_sagemaker_automl.core.partial_failure import JobPart
from airflow_sagemaker_automl.core.rules.quality_gate import DataSet, GateReading
from airflow_sagemaker_automl.core.verdict import Ruling, Verdict
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
# Of 0.3 - 0.28 and 0.02, floating point makes two numbers.
_TOLERANCE = 1e-9
_COUNTED = (JobPart.CANDIDATE, JobPart.OTHER)


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """A limit for a figure of the candidate.

    Every argument may be a Jinja template or an XComArg, which is judged once it is resolved.

    :param metric: SageMaker's name of it (``StandardMetricName``), for example ``F1`` or ``LogLoss``; one that the
        problem type has.
    :param minimum: lower limit, in the metric's own units, for a metric of which more is better. Default: none.
    :param maximum: upper limit, for a metric of which less is better. Default: none; one of the two is required.
    :param data_set: ``Validation`` (default), ``Test`` or ``Train``.
    :param is_new_metric: whether the metric may be one that this package does not know (default: no).
    :param against_direction: whether a minimum of an error, or a maximum of a score, is meant (default: no).
    """

    metric: Text
    minimum: Number | None = None
    maximum: Number | None = None
    data_set: Text = "Validation"
    is_new_metric: Flag = False
    against_direction: Flag = False


@dataclass(frozen=True, kw_only=True)
class BetterThanChampion:
    """By how much the candidate has to beat the champion: the newest approved version of the group.

    Every argument may be a Jinja template or an XComArg, which is judged once it is resolved.

    :param margin: at least so much better, in the metric's own units, or as a share of the champion's figure. 0
        (default) lets one pass that is as good.
    :param is_relative: whether the margin is a share (default: no): 0.01 is one per cent of the champion's figure.
    :param metric: what to compare, by SageMaker's name of it. Default: the job's objective.
    :param data_set: ``Validation`` (default), ``Test`` or ``Train``.
    :param is_new_metric: whether the metric may be one that this package does not know (default: no); ``direction`` is
        required then.
    :param direction: ``Maximize`` or ``Minimize``, where neither the service nor the metric's name says. Default: what
        they say.
    :param without_champion: ``pass`` (default) or ``reject`` the first candidate of a group.
    :param on_missing_champion_figure: what follows if the champion has no such figure: ``fail`` (default) the task,
        ``reject`` the candidate, or ``pass`` the rule.
    :param on_other_objective: what follows if the objective is compared, and the champion was ranked by another one:
        ``reject`` (default), ``pass`` or ``fail``.
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
        """Name the metric that is compared; None where the candidate was ranked by none."""
        return str(self.metric) if self.metric else candidate.objective.metric if candidate.objective else None


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The version that a candidate would replace, with what is recorded of it.

    :param objective: the metric that it was ranked by; None where nothing says so.
    :param figures: data set → metric → value.
    :param objective_type: ``Maximize`` or ``Minimize``; None where nothing says so.
    :param contradicted: what its model card says otherwise than its metadata, of which ``figures`` has the latter.
    """

    model_package_arn: str
    objective: str | None
    figures: Figures
    objective_type: str | None = None
    contradicted: Figures = field(default_factory=dict)

    def has(self, metric: str | None, data_set: Any) -> bool:
        """Tell whether a figure of it is known."""
        return figure(self.figures, str(data_set), metric) is not None


@dataclass(frozen=True, kw_only=True)
class QualityGate:
    """What a candidate has to be before it is approved.

    What is literal is judged at once, and the rest once it is resolved.

    :param thresholds: limits of its own figures.
    :param champion: how it has to compare with the champion; None (default) compares nothing.
    :param most_partial_failures: how many parts of the job may have failed. Default: any number.
    :param partial_failures_counted: which parts count there: ``candidate``, ``explanation``, ``insights``,
        ``deployment`` and ``other``, which is what the service's reason does not name
        (:mod:`airflow_sagemaker_automl.core.partial_failure`). Default: ``candidate`` and ``other``; a model is no
        worse without its explanation.
    :param on_missing_figure: what follows if the candidate lacks a figure that a rule is about, or it is not known
        whether more or less of a metric is better: ``fail`` (default) the task, or ``reject`` the candidate.
    :raises InvalidQualityGate: with everything that is wrong; also if there is no rule at all.
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
        if "partial_failures_counted" in members:
            members["partial_failures_counted"] = tuple(members["partial_failures_counted"])
        return cls(**members)

    def judge(self, job: AutoMLJob, candidate: Candidate, champion: Champion | None) -> Verdict:
        """Hold a candidate against every rule.

        :param champion: the newest approved version of the group; None where there is none.
        :raises InvalidQualityGate: a template in it is not resolved; or a figure or a direction is missing, and the
            gate does not say what follows.
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


def require_literals(
    gate: Any, path: str = "", *, more: Sequence[Violation] = (), problem_type: str | None = None
) -> None:
    """Judge what is literal in a gate that is still to be rendered.

    :param gate: as :func:`gate_as_mapping` gives it.
    :param path: where it stands.
    :param more: what else is wrong, said at once.
    :param problem_type: that of the job whose candidate will be judged; None (default) where it is not known.
    :raises InvalidQualityGate: with everything that is wrong already.
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
    """A candidate that is being held against the rules of a gate.

    :ivar violations: what is missing and fails the task.
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
        """Hold it against the limits of a metric, a ruling for each."""
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
        """Hold it against the champion."""
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
            reason = f"the champion has no such figure{instead_of(champion.figures, data_set, metric, None)}"
            place = f"{path}.on_missing_champion_figure"
            return ruled(self._passes(rule.on_missing_champion_figure, place, reason), reason)
        needed = margin * abs(best) if rule.is_relative is True else margin
        passed, reason = _compared(value, champion, best, needed, is_minimised=direction == MINIMIZE)
        return ruled(passed, reason + _contradiction(champion, data_set, metric, best), best)

    def partial_failures(self, most: int, counted: Any) -> Ruling:
        """Count the parts of the job that failed.

        :param counted: the parts that count; None for those that do by default.
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
        """Find out which direction is better: what the service says of the objective, else the name, else the gate."""
        objective, given = self._candidate.objective, str(rule.direction) if rule.direction else None
        of_objective = objective.type if objective and same_metric(objective.metric, metric) else None
        known = of_objective or read_metric(metric).direction
        if known and given not in (None, known):
            self.violations.append(Violation(path, given, f"must be {known!r}, or left out: that of {metric} is known"))
        return known or given

    def _other_objective(self, rule: BetterThanChampion, metric: str, direction: str, champion: Champion) -> str | None:
        """Say by what else the champion was ranked; None where the objective is the same, or is not compared."""
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
        """Say that the candidate has no such figure, and what it has instead."""
        if metric is None:
            reason = "the candidates were not ranked by anything; name a metric to compare"
            self._fail(path, None, f"is required: {self._who} has no objective")
            return reason
        problem_type = self._job.resolved_problem_type or self._job.problem_type
        instead = instead_of(self._figures, data_set, metric, problem_type)
        self._fail(path, metric, f"is not a figure of {self._who} on {data_set.lower()} data{instead}")
        return f"the candidate has no such figure{instead}"

    def _without_direction(self, path: str, metric: str) -> str:
        reason = f"it is not known whether more or less of {metric} is better"
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
    return f"; the champion's metadata, which count, say {ours}, and its model card says {theirs}"


def _wanted(margin: float, is_relative: bool) -> str:
    if not margin:
        return "at least as good as that of the champion"
    by = f"{100 * margin:g} per cent" if is_relative else f"{margin:g}"
    return f"better than that of the champion by at least {by}"


def _figure_name(metric: str | None, data_set: str) -> str:
    return f"{metric} ({data_set.lower()})"
