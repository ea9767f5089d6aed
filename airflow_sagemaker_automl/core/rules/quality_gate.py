"""Validate a quality gate, in the form of plain mappings that Airflow can render."""

from __future__ import annotations

import math
import re
from collections.abc import Collection, Mapping
from typing import Any, Literal, TypeAlias, get_args

from airflow_sagemaker_automl.core.jobs.partial_failure import JobPart
from airflow_sagemaker_automl.core.values.documents import Unreadable, parse_json
from airflow_sagemaker_automl.core.values.literals import UNRESOLVED, number
from airflow_sagemaker_automl.core.values.metric_names import (
    DIRECTIONS,
    MINIMIZE,
    STANDARD_METRICS,
    metrics_of,
    read_metric,
)
from airflow_sagemaker_automl.core.values.wording import did_you_mean, of_entry, one_of, type_in_words
from airflow_sagemaker_automl.exceptions import Violation

DataSet: TypeAlias = Literal["Train", "Validation", "Test"]

# The data set of a threshold on the rows of an evaluation.
EVALUATION = "Evaluation"
# What a comparison with the champion is made on.
ON_RECORDED, ON_EVALUATION = "recorded", "evaluation"
# The arguments of a comparison that have a meaning with one of them only.
ONLY_ON = {
    ON_RECORDED: ("is_relative", "data_set", "direction", "on_missing_champion_figure", "on_other_objective"),
    ON_EVALUATION: ("confidence", "require", "on_inconclusive", "on_champion_cannot_score"),
}
# The confidence of a comparison without an interval, as a word, because a blank member could not be rendered.
POINTS = "none"

_RULES = ("thresholds", "champion", "slices", "most_partial_failures")
_GATE = (*_RULES, "partial_failures_counted", "on_missing_figure")
_PARTS = tuple(part.value for part in JobPart)
_THRESHOLD = ("metric", "minimum", "maximum", "data_set", "is_new_metric", "against_direction", "confidence")
# The options for special cases; the first value is the default.
_EVENTS = {
    "without_champion": ("pass", "reject"),
    "on_missing_champion_figure": ("fail", "reject", "pass"),
    "on_other_objective": ("reject", "pass", "fail"),
    "on_inconclusive": ("reject", "pass"),
    "on_champion_cannot_score": ("fail", "reject", "pass"),
}
_REQUIRED = ("better", "not_worse")
_CHAMPION = (
    *("margin", "is_relative", "metric", "data_set", "is_new_metric", "direction", "on", "confidence", "require"),
    *_EVENTS,
)
_SLICES = ("metric", "by", "margin", "confidence", "most_unjudged")
_ON_MISSING_FIGURE = ("fail", "reject")
# A longer list would hide the error itself.
_MOST_LISTED = 10
_WORDS = {"true": True, "false": False}
_WHOLE = re.compile(r"\+?\d{1,9}(\.0+)?")


class GateReading:
    """A validated gate, with rendered strings converted to the required types.

    Blank members are left out; :data:`~airflow_sagemaker_automl.core.values.literals.UNRESOLVED` values stay.

    :param gate: dictionaries and lists, or a JSON string.
    :param path: path of the gate, for errors. Default: none.
    :param problem_type: the job's problem type, as in
        :data:`~airflow_sagemaker_automl.core.values.metric_names.OF_PROBLEM_TYPE`; None (default) if unknown.
    :ivar gate: the converted gate.
    :ivar violations: every broken rule.
    """

    def __init__(self, gate: Any, path: str = "", problem_type: str | None = None) -> None:
        self.violations: list[Violation] = []
        self._problem_type = problem_type
        self.gate = self._gate(gate, path)

    def _gate(self, gate: Any, path: str) -> dict[str, Any]:
        members = self._mapping(gate, path, _GATE, "a QualityGate, or a mapping of its arguments")
        if members is None:
            return {}
        read: dict[str, Any] = {}
        if "thresholds" in members:
            read["thresholds"] = self._thresholds(members["thresholds"], _below(path, "thresholds"))
        if "champion" in members:
            read["champion"] = self._champion(members["champion"], _below(path, "champion"))
        if "slices" in members:
            read["slices"] = self._slices(members["slices"], _below(path, "slices"))
        if "most_partial_failures" in members:
            place = _below(path, "most_partial_failures")
            read["most_partial_failures"] = self._count(members["most_partial_failures"], place)
        if "partial_failures_counted" in members:
            place = _below(path, "partial_failures_counted")
            read["partial_failures_counted"] = self._counted(members["partial_failures_counted"], place)
            if "most_partial_failures" not in read:
                self._wrong(place, None, "needs most_partial_failures, which is missing")
        # A gate with a wrong rule is not empty.
        if not self.violations and all(rule == [] for rule in read.values()):
            self._wrong(path or "the gate", None, f"must have at least one rule: {', '.join(_RULES)}")
        on_missing = self._word(members.get("on_missing_figure"), _below(path, "on_missing_figure"), _ON_MISSING_FIGURE)
        return {**read, **_present({"on_missing_figure": on_missing})}

    def _counted(self, value: Any, path: str) -> Any:
        value = _opened(value)
        if value is UNRESOLVED:
            return value
        if not isinstance(value, list) or not value:
            self._wrong(path, value, f"must be a list of one or more of {', '.join(_PARTS)}")
            return []
        # _word accepts None as a member that is left out.
        words = ["" if item is None else item for item in value]
        return [self._word(item, f"{path}[{place}]", _PARTS) for place, item in enumerate(words)]

    def _thresholds(self, value: Any, path: str) -> Any:
        value = _opened(value)
        if value is UNRESOLVED:
            return value
        if not isinstance(value, list):
            self._wrong(path, value, f"must be a list of thresholds, not {type_in_words(value)}")
            return []
        return [self._threshold(item, f"{path}[{place}]") for place, item in enumerate(value)]

    def _threshold(self, value: Any, path: str) -> Any:
        members = self._mapping(value, path, _THRESHOLD, "a Threshold, or a mapping of its arguments")
        if members is None:
            return value
        read = {
            **self._metric(members, path),
            "minimum": self._number(members.get("minimum"), _below(path, "minimum")),
            "maximum": self._number(members.get("maximum"), _below(path, "maximum")),
            "data_set": self._word(members.get("data_set"), _below(path, "data_set"), (*get_args(DataSet), EVALUATION)),
            "against_direction": self._flag(members.get("against_direction"), _below(path, "against_direction")),
            "confidence": self._confidence(members.get("confidence"), _below(path, "confidence")),
        }
        if read["confidence"] is not None and read["data_set"] not in (EVALUATION, UNRESOLVED):
            rule = f"needs data_set={EVALUATION!r}: only an evaluation has intervals"
            self._wrong(_below(path, "confidence"), members["confidence"], rule)
        low, high = read["minimum"], read["maximum"]
        if "metric" not in members:
            self._wrong(_below(path, "metric"), None, "is required: the metric to limit")
        if "minimum" not in members and "maximum" not in members:
            self._wrong(path, None, "must have a minimum or a maximum")
        if isinstance(low, float) and isinstance(high, float) and low > high:
            self._wrong(_below(path, "minimum"), low, f"must be at most maximum, which is {high:g}")
        self._limits_in_direction(read, path)
        return _present(read)

    def _limits_in_direction(self, read: Mapping[str, Any], path: str) -> None:
        """Refuse a minimum of an error and a maximum of a score, unless ``against_direction`` is set."""
        metric = read["metric"]
        direction = read_metric(metric).direction if isinstance(metric, str) else None
        if direction is None or read["against_direction"] in (True, UNRESOLVED):
            return
        wrong, better, instead = (
            ("minimum", "lower", "maximum") if direction == MINIMIZE else ("maximum", "higher", "minimum")
        )
        if read[wrong] is not None:
            rule = f"is a {wrong} of {metric}, but a {better} {metric} is better; set {instead} instead"
            self._wrong(_below(path, wrong), read[wrong], f"{rule}, or against_direction=True if this is intended")

    def _champion(self, value: Any, path: str) -> Any:
        members = self._mapping(value, path, _CHAMPION, "a BetterThanChampion, or a mapping of its arguments")
        if members is None:
            return value
        if members.get("on") == ON_EVALUATION and "confidence" in _opened(value):
            members.setdefault("confidence", POINTS)
        is_points = _is_points(members.get("confidence"))
        read = {
            "on": self._word(members.get("on"), _below(path, "on"), tuple(ONLY_ON)),
            "margin": self._number(members.get("margin"), _below(path, "margin")),
            "is_relative": self._flag(members.get("is_relative"), _below(path, "is_relative")),
            **self._metric(members, path),
            "direction": self._word(members.get("direction"), _below(path, "direction"), DIRECTIONS),
            "data_set": self._word(members.get("data_set"), _below(path, "data_set"), get_args(DataSet)),
            "confidence": POINTS
            if is_points
            else self._confidence(members.get("confidence"), _below(path, "confidence"), or_points=True),
            "require": self._word(members.get("require"), _below(path, "require"), _REQUIRED),
            **{name: self._word(members.get(name), _below(path, name), known) for name, known in _EVENTS.items()},
        }
        on = ON_RECORDED if read["on"] is None else read["on"]
        for other, names in ONLY_ON.items():
            for name in (name for name in names if on in ONLY_ON and on != other and name in members):
                self._wrong(_below(path, name), members[name], f"needs on={other!r}")
        if on == ON_RECORDED:
            self._known_direction(read, path)
            self._margin_of_recorded(read, path)
        elif on == ON_EVALUATION:
            self._margin_of_evaluation(read, path)
        return _present(read)

    def _margin_of_recorded(self, read: Mapping[str, Any], path: str) -> None:
        margin = read["margin"]
        if isinstance(margin, float) and margin < 0:
            rule = "must be 0 or more: the candidate must be better than the champion by at least this much"
            self._wrong(_below(path, "margin"), margin, rule)
        elif isinstance(margin, float) and margin >= 1 and read["is_relative"] is True:
            rule = "must be a fraction below 1 if is_relative is true: 0.05 is 5 % of the champion's value"
            self._wrong(_below(path, "margin"), margin, rule)

    def _margin_of_evaluation(self, read: Mapping[str, Any], path: str) -> None:
        margin, require = read["margin"], read["require"]
        if not isinstance(margin, float) or not margin or require not in _REQUIRED:
            return
        right = required(None, margin)
        if require != right:
            sign = "positive" if margin > 0 else "negative"
            self._wrong(
                _below(path, "require"), require, f"must be {right!r} with a {sign} margin, which is {margin:g}"
            )

    def _slices(self, value: Any, path: str) -> Any:
        members = self._mapping(value, path, _SLICES, "a NoSliceWorse, or a mapping of its arguments")
        if members is None:
            return value
        read = {
            "metric": self._metric(members, path, may_be_new=False)["metric"],
            "by": self._columns(members.get("by"), _below(path, "by")),
            "margin": self._number(members.get("margin"), _below(path, "margin")),
            "confidence": self._confidence(members.get("confidence"), _below(path, "confidence")),
        }
        if "most_unjudged" in members:
            read["most_unjudged"] = self._count(members["most_unjudged"], _below(path, "most_unjudged"))
        if isinstance(read["margin"], float) and read["margin"] < 0:
            self._wrong(
                _below(path, "margin"), read["margin"], "must be 0 or more: the loss that is allowed in a slice"
            )
        return _present(read)

    def _columns(self, value: Any, path: str) -> Any:
        value = _opened(value)
        if value is None or value is UNRESOLVED:
            return value
        if not isinstance(value, list) or not value:
            self._wrong(path, value, "must be a list of one or more columns")
            return None
        for place, column in enumerate(value):
            if column is not UNRESOLVED and (not isinstance(column, str) or not column):
                self._wrong(f"{path}[{place}]", column, f"must be the name of a column, not {type_in_words(column)}")
        return value

    def _mapping(self, value: Any, path: str, known: tuple[str, ...], what: str) -> dict[str, Any] | None:
        """Return the members that are not blank; None if the value is not a mapping, or not known yet."""
        value = _opened(value)
        if value is UNRESOLVED:
            return None
        if not isinstance(value, Mapping):
            hint = "; in a template, use the filter tojson" if isinstance(value, str) else ""
            self._wrong(path or "the gate", value, f"must be {what}, not {type_in_words(value)}{hint}")
            return None
        for key in value:
            if key not in known:
                hint = did_you_mean(key, known) or f"; known arguments are {', '.join(known)}"
                self._wrong(of_entry(path, key).lstrip("."), value[key], f"is unknown{hint}")
        return {key: item for key, item in value.items() if item is not None and item != ""}

    def _known_direction(self, read: Mapping[str, Any], path: str) -> None:
        """Require the direction of an unknown metric, and the right one of a known metric."""
        metric, given = read["metric"], read["direction"]
        if not isinstance(metric, str):
            return
        known = read_metric(metric).direction
        if known is None and given is None and read["is_new_metric"] is True:
            rule = f"is required for {metric!r}, a metric unknown to this package: {' or '.join(DIRECTIONS)}"
            self._wrong(_below(path, "direction"), None, rule)
        elif known and given in DIRECTIONS and given != known:
            self._wrong(_below(path, "direction"), given, f"must be {known!r} for {metric}, or left out")

    def _metric(self, members: Mapping[str, Any], path: str, *, may_be_new: bool = True) -> dict[str, Any]:
        """Read the name of a metric, and whether an unknown one is allowed."""
        value, place = members.get("metric"), _below(path, "metric")
        is_new = self._flag(members.get("is_new_metric"), _below(path, "is_new_metric"))
        if value is not None and value is not UNRESOLVED:
            if not isinstance(value, str):
                self._wrong(place, value, f"must be the name of a metric, not {type_in_words(value)}")
            elif read_metric(value).is_known:
                self._known_metric(value, place)
            elif is_new not in (True, UNRESOLVED):
                known = metrics_of(self._problem_type)
                rule = f"is not a known metric{did_you_mean(value, known) or _listed(known)}"
                hint = " (is_new_metric=True allows a metric newer than this package)" if may_be_new else ""
                self._wrong(place, value, f"{rule}{hint}")
        return {"metric": value, "is_new_metric": is_new}

    def _known_metric(self, value: str, place: str) -> None:
        right, of_type = read_metric(value).metric, metrics_of(self._problem_type)
        if right in STANDARD_METRICS and right not in of_type:
            rule = f"is not a metric of {self._problem_type}{_listed(of_type)}"
            self._wrong(place, value, rule)
        elif right != value:
            self._wrong(place, value, f"must be {right!r}, as SageMaker writes it")

    def _word(self, value: Any, path: str, known: tuple[str, ...]) -> Any:
        self.violations += one_of(path, value, known)
        return value

    def _number(self, value: Any, path: str) -> Any:
        if value is None or value is UNRESOLVED:
            return value
        read = number(value)
        if read is None or not math.isfinite(read):
            self._wrong(path, value, "must be a number" if read is None else "must be a finite number")
            return None
        return read

    def _confidence(self, value: Any, path: str, *, or_points: bool = False) -> Any:
        read = self._number(value, path)
        if isinstance(read, float) and not 0.5 < read < 1:
            points = f", or {POINTS!r} to compare without an interval" if or_points else ""
            self._wrong(path, value, f"must be above 0.5 and below 1, for example 0.95{points}")
        return read

    def _count(self, value: Any, path: str) -> Any:
        if value is UNRESOLVED or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
            return value
        if isinstance(value, str | float) and _WHOLE.fullmatch(str(value).strip()):
            return int(float(value))
        self._wrong(path, value, "must be an integer, 0 or more")
        return 0

    def _flag(self, value: Any, path: str) -> Any:
        read = _WORDS.get(value.strip().lower(), value) if isinstance(value, str) else value
        if read is not None and read is not UNRESOLVED and not isinstance(read, bool):
            self._wrong(path, value, "must be true or false")
        return read

    def _wrong(self, path: str, value: Any, rule: str) -> None:
        self.violations.append(Violation(path, value, rule))


def required(require: Any, margin: float) -> str:
    """Return what a comparison on an evaluation requires: ``better`` or ``not_worse``.

    :param require: what the rule says; None for its default.
    """
    return str(require) if require else "better" if margin > 0 else "not_worse"


def _is_points(confidence: Any) -> bool:
    return isinstance(confidence, str) and confidence.strip().lower() == POINTS


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _opened(value: Any) -> Any:
    """Parse a JSON string; return any other value unchanged."""
    if isinstance(value, str) and value.strip()[:1] in ("{", "["):
        try:
            return parse_json(value)
        except Unreadable:
            return value
    return value


def _listed(metrics: Collection[str]) -> str:
    return f"; known metrics are {', '.join(metrics)}" if len(metrics) <= _MOST_LISTED else ""
