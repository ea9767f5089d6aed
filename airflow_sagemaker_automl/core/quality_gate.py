"""What we decide: whether a candidate is good enough, and better than the champion that it would replace."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args

from airflow_sagemaker_automl.core.candidate import MINIMISED_METRICS, Candidate, Objective
from airflow_sagemaker_automl.core.job import AutoMLJob

DataSet: TypeAlias = Literal["Train", "Validation", "Test"]
Policy: TypeAlias = Literal["pass", "fail"]
Figures: TypeAlias = Mapping[str, Mapping[str, float]]

# Of 0.3 - 0.28 and 0.02, floating point makes two numbers.
_TOLERANCE = 1e-9


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """What a figure of the candidate has to be.

    :param metric: SageMaker's name of it (``StandardMetricName``), for example ``F1`` or ``LogLoss``.
    :param minimum: the least that it may be, in the metric's own units; None for no such limit.
    :param maximum: the most that it may be; None for no such limit.
    :param data_set: ``Validation`` (default), ``Test`` or ``Train``.
    :raises ValueError: there is no limit, none can be kept, or no such data set.
    """

    metric: str
    minimum: float | None = None
    maximum: float | None = None
    data_set: DataSet = "Validation"

    def __post_init__(self) -> None:
        _require_known("data_set", self.data_set, get_args(DataSet))
        if self.minimum is None and self.maximum is None:
            raise ValueError(f"A threshold of {self.metric} needs a minimum or a maximum.")
        if self.minimum is not None and self.maximum is not None and self.minimum > self.maximum:
            raise ValueError(f"No {self.metric} is at least {self.minimum:g} and at most {self.maximum:g}.")


@dataclass(frozen=True, kw_only=True)
class BetterThanChampion:
    """By how much the candidate has to beat the champion: the newest approved version of the group.

    :param margin: at least so much better, in the metric's own units, or as a share of the champion's figure. 0
        (default) lets one pass that is as good.
    :param is_relative: whether the margin is a share: 0.01 is one per cent of the champion's figure.
    :param metric: what to compare. Default: the job's objective.
    :param data_set: ``Validation`` (default), ``Test`` or ``Train``.
    :param without_champion: what becomes of the first of a group: ``pass`` (default) or ``fail``.
    :param without_figure: what becomes of a candidate whose champion has no such figure: ``fail`` (default) or
        ``pass``.
    :param other_objective: what becomes of a candidate whose champion was ranked by another metric, when the
        objective is compared: ``fail`` (default) or ``pass``.
    :raises ValueError: an argument is none of these.
    """

    margin: float = 0.0
    is_relative: bool = False
    metric: str | None = None
    data_set: DataSet = "Validation"
    without_champion: Policy = "pass"
    without_figure: Policy = "fail"
    other_objective: Policy = "fail"

    def __post_init__(self) -> None:
        _require_known("data_set", self.data_set, get_args(DataSet))
        for name in ("without_champion", "without_figure", "other_objective"):
            _require_known(name, getattr(self, name), get_args(Policy))
        if not (math.isfinite(self.margin) and self.margin >= 0):
            raise ValueError(f"margin = {self.margin!r} must be 0 or more")


@dataclass(frozen=True, kw_only=True)
class Champion:
    """The version that a candidate would replace, with what is recorded of it.

    :param objective: what it was ranked by; None where nothing says so.
    :param figures: data set → metric → value.
    """

    model_package_arn: str
    objective: Objective | None
    figures: Figures


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What one rule says of a candidate.

    :param name: the rule, with its limit.
    :param value: the candidate's figure; None where it has none.
    :param limit: what it was held against; None where there was nothing.
    :param reason: why it passed or failed, as a clause.
    """

    name: str
    passed: bool
    value: float | None
    limit: float | None
    reason: str

    def __str__(self) -> str:
        return f"{'passed' if self.passed else 'failed'}: {self.name}: {self.reason}"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What a gate says of a candidate.

    :param approved: whether all rules are kept.
    :param champion: ARN of the version that it was compared with; None where there was none.
    :param rules: every rule with its numbers.
    """

    approved: bool
    champion: str | None
    rules: tuple[Ruling, ...]

    def to_json(self) -> dict[str, Any]:
        """Give it JSON-safe, as the register operator and the model card take it."""
        return {
            "approved": self.approved,
            "champion": self.champion,
            "rules": [
                {
                    "name": rule.name,
                    "passed": rule.passed,
                    "value": rule.value,
                    "limit": rule.limit,
                    "reason": rule.reason,
                }
                for rule in self.rules
            ],
        }

    def __str__(self) -> str:
        kept = sum(rule.passed for rule in self.rules)
        head = f"{'Approved' if self.approved else 'Rejected'}: {kept} of {len(self.rules)} rules are kept"
        return "\n  ".join([head, *map(str, self.rules)])


@dataclass(frozen=True, kw_only=True)
class QualityGate:
    """What a candidate has to be before it is approved.

    :param thresholds: limits of its own figures.
    :param champion: how it has to compare with the champion; None compares nothing.
    :param most_partial_failures: how many parts of the job may have failed. Default: any number.
    :raises ValueError: there is no rule at all.
    """

    thresholds: Sequence[Threshold] = ()
    champion: BetterThanChampion | None = None
    most_partial_failures: int | None = None

    def __post_init__(self) -> None:
        if not self.thresholds and self.champion is None and self.most_partial_failures is None:
            raise ValueError("A quality gate needs a rule: thresholds, champion or most_partial_failures.")

    def judge(self, job: AutoMLJob, candidate: Candidate, champion: Champion | None) -> Verdict:
        """Hold a candidate against every rule.

        :param champion: the newest approved version of the group; None where there is none.
        """
        figures = candidate.metrics_by_set()
        rules = [ruling for threshold in self.thresholds for ruling in _of_threshold(threshold, figures)]
        if self.champion is not None:
            rules.append(_of_champion(self.champion, candidate, champion))
        if self.most_partial_failures is not None:
            rules.append(_of_partial_failures(self.most_partial_failures, job))
        compared = champion.model_package_arn if champion and self.champion else None
        return Verdict(approved=all(rule.passed for rule in rules), champion=compared, rules=tuple(rules))


def _require_known(name: str, value: str, known: tuple[str, ...]) -> None:
    if value not in known:
        raise ValueError(f"{name} = {value!r} must be one of {', '.join(known)}")


def _of_threshold(threshold: Threshold, figures: Figures) -> Iterator[Ruling]:
    value = figures.get(threshold.data_set, {}).get(threshold.metric)
    what = f"{threshold.metric} on {threshold.data_set.lower()} data"
    for limit, bound, sign in ((threshold.minimum, "at least", 1), (threshold.maximum, "at most", -1)):
        if limit is None:
            continue
        passed = value is not None and _reaches(sign * (value - limit), 0.0)
        reason = "the candidate has no such figure" if value is None else f"it is {value:.6g}"
        yield Ruling(name=f"{what} {bound} {limit:g}", passed=passed, value=value, limit=limit, reason=reason)


def _of_champion(rule: BetterThanChampion, candidate: Candidate, champion: Champion | None) -> Ruling:
    metric = rule.metric or (candidate.objective.metric if candidate.objective else None)
    margin = f"{rule.margin:.2%}" if rule.is_relative else f"{rule.margin:g}"
    name = f"{metric or 'objective'} on {rule.data_set.lower()} data better than the champion's by at least {margin}"
    value = candidate.metrics_by_set().get(rule.data_set, {}).get(metric or "")

    def ruled(passed: bool, reason: str, limit: float | None = None) -> Ruling:
        return Ruling(name=name, passed=passed, value=value, limit=limit, reason=reason)

    if value is None or metric is None:
        return ruled(False, "the candidate has no such figure")
    if champion is None:
        return ruled(rule.without_champion == "pass", "the group has no approved version to beat")
    other = champion.objective.metric if champion.objective else None
    if rule.metric is None and other not in (None, metric):
        return ruled(rule.other_objective == "pass", f"the champion was ranked by {other}")
    best = champion.figures.get(rule.data_set, {}).get(metric)
    if best is None:
        return ruled(rule.without_figure == "pass", "no such figure of the champion is known")
    gain = (best - value) if _is_minimised(metric, candidate.objective) else (value - best)
    wanted = rule.margin * abs(best) if rule.is_relative else rule.margin
    reason = f"it is {value:.6g}, the champion's {best:.6g}: {'better' if gain > 0 else 'worse'} by {abs(gain):.6g}"
    return ruled(_reaches(gain, wanted), reason if gain else f"it is {value:.6g}, and so is the champion's", best)


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


def _is_minimised(metric: str, objective: Objective | None) -> bool:
    """Tell whether less is better: as the service says of the objective, else by what the metric is."""
    if objective is not None and objective.metric == metric:
        return objective.is_minimised
    return metric in MINIMISED_METRICS


def _reaches(gain: float, wanted: float) -> bool:
    return gain >= wanted or math.isclose(gain, wanted, rel_tol=_TOLERANCE, abs_tol=_TOLERANCE)
