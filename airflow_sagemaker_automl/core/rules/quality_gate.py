"""What a quality gate may ask, judged in the form of plain mappings that Airflow can render."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias, get_args

from airflow_sagemaker_automl.core.literals import UNRESOLVED, number
from airflow_sagemaker_automl.core.rules.wording import did_you_mean, kind_of, of_entry, one_of
from airflow_sagemaker_automl.exceptions import Violation

DataSet: TypeAlias = Literal["Train", "Validation", "Test"]
Policy: TypeAlias = Literal["pass", "fail"]

# ``StandardMetricName`` of the service, all of it.
METRICS = (
    *("Accuracy", "AUC", "BalancedAccuracy", "F1", "F1macro", "LogLoss", "Precision", "PrecisionMacro", "Recall"),
    *("RecallMacro", "MAE", "MSE", "R2", "RMSE", "AverageWeightedQuantileLoss", "MAPE", "MASE", "WAPE"),
    *("Perplexity", "Rouge1", "Rouge2", "RougeL", "RougeLSum", "TrainingLoss", "ValidationLoss", "InferenceLatency"),
)
_GATE = ("thresholds", "champion", "most_partial_failures")
_THRESHOLD = ("metric", "minimum", "maximum", "data_set")
_CHAMPION = ("margin", "is_relative", "metric", "data_set", "without_champion", "without_figure", "other_objective")
_POLICIES = ("without_champion", "without_figure", "other_objective")
_WORDS = {"true": True, "false": False}
_WHOLE = re.compile(r"\+?\d{1,9}(\.0+)?")


class GateReading:
    """A gate that is read: every value of the kind that is wanted, whatever text a template has become.

    A blank leaves its member out, and what is :data:`~airflow_sagemaker_automl.core.literals.UNRESOLVED` stays so.

    :param gate: dictionaries and lists, or a text of JSON.
    :param path: where it stands.
    :ivar gate: the same, converted.
    :ivar violations: every rule that is broken.
    """

    def __init__(self, gate: Any, path: str = "") -> None:
        self.violations: list[Violation] = []
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
        if "most_partial_failures" in members:
            place = _below(path, "most_partial_failures")
            read["most_partial_failures"] = self._count(members["most_partial_failures"], place)
        # Where something is wrong, a rule was meant.
        if not self.violations and all(rule == [] for rule in read.values()):
            self._wrong(path or "the gate", None, f"needs a rule: {', '.join(_GATE)}")
        return read

    def _thresholds(self, value: Any, path: str) -> Any:
        value = _opened(value)
        if value is UNRESOLVED:
            return value
        if not isinstance(value, list):
            self._wrong(path, value, f"must be a list of thresholds, not {kind_of(value)}")
            return []
        return [self._threshold(item, f"{path}[{place}]") for place, item in enumerate(value)]

    def _threshold(self, value: Any, path: str) -> Any:
        members = self._mapping(value, path, _THRESHOLD, "a Threshold, or a mapping of its arguments")
        if members is None:
            return value
        read = {
            "metric": self._metric(members.get("metric"), _below(path, "metric")),
            "minimum": self._number(members.get("minimum"), _below(path, "minimum")),
            "maximum": self._number(members.get("maximum"), _below(path, "maximum")),
            "data_set": self._word(members.get("data_set"), _below(path, "data_set"), get_args(DataSet)),
        }
        low, high = read["minimum"], read["maximum"]
        if "metric" not in members:
            self._wrong(_below(path, "metric"), None, "is required: the metric that has a limit")
        if "minimum" not in members and "maximum" not in members:
            self._wrong(path, None, "needs a minimum or a maximum")
        if isinstance(low, float) and isinstance(high, float) and low > high:
            self._wrong(_below(path, "minimum"), low, f"must not be more than maximum, which is {high:g}")
        return _present(read)

    def _champion(self, value: Any, path: str) -> Any:
        members = self._mapping(value, path, _CHAMPION, "a BetterThanChampion, or a mapping of its arguments")
        if members is None:
            return value
        read = {
            "margin": self._number(members.get("margin"), _below(path, "margin")),
            "is_relative": self._flag(members.get("is_relative"), _below(path, "is_relative")),
            "metric": self._metric(members.get("metric"), _below(path, "metric")),
            "data_set": self._word(members.get("data_set"), _below(path, "data_set"), get_args(DataSet)),
            **{name: self._word(members.get(name), _below(path, name), get_args(Policy)) for name in _POLICIES},
        }
        margin = read["margin"]
        if isinstance(margin, float) and margin < 0:
            self._wrong(_below(path, "margin"), margin, "must be 0 or more: the candidate has to be better by so much")
        elif isinstance(margin, float) and margin >= 1 and read["is_relative"] is True:
            rule = "must be a share below 1 where is_relative is true: 0.05 is five per cent of the champion's figure"
            self._wrong(_below(path, "margin"), margin, rule)
        return _present(read)

    def _mapping(self, value: Any, path: str, known: tuple[str, ...], what: str) -> dict[str, Any] | None:
        """Give the members that are not blank; None for what is none, or not known yet."""
        value = _opened(value)
        if value is UNRESOLVED:
            return None
        if not isinstance(value, Mapping):
            hint = "; a template writes one with the filter tojson" if isinstance(value, str) else ""
            self._wrong(path or "the gate", value, f"must be {what}, not {kind_of(value)}{hint}")
            return None
        for key in value:
            if key not in known:
                hint = did_you_mean(key, known) or f"; there are {', '.join(known)}"
                self._wrong(of_entry(path, key).lstrip("."), value[key], f"is not known{hint}")
        return {key: item for key, item in value.items() if item is not None and item != ""}

    def _metric(self, value: Any, path: str) -> Any:
        if value is None or value is UNRESOLVED:
            return value
        if not isinstance(value, str):
            self._wrong(path, value, f"must be the name of a metric, not {kind_of(value)}")
        right = _spelt_right(value)
        if right != value:
            self._wrong(path, value, f"must be {right!r}, as SageMaker writes it")
        return value

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

    def _count(self, value: Any, path: str) -> Any:
        if value is UNRESOLVED or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
            return value
        if isinstance(value, str | float) and _WHOLE.fullmatch(str(value).strip()):
            return int(float(value))
        self._wrong(path, value, "must be a whole number, 0 or more")
        return 0

    def _flag(self, value: Any, path: str) -> Any:
        read = _WORDS.get(value.strip().lower(), value) if isinstance(value, str) else value
        if read is not None and read is not UNRESOLVED and not isinstance(read, bool):
            self._wrong(path, value, "must be true or false")
        return read

    def _wrong(self, path: str, value: Any, rule: str) -> None:
        self.violations.append(Violation(path, value, rule))


def _below(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _present(members: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _opened(value: Any) -> Any:
    """Read a text of JSON; any other value stays as it is."""
    if isinstance(value, str) and value.strip()[:1] in ("{", "["):
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value


def _spelt_right(metric: Any) -> Any:
    """Give the name of the metric that is meant, if only its capitals and signs are wrong."""

    def bare(name: str) -> str:
        return re.sub(r"[\W_]", "", name).lower()

    if not isinstance(metric, str) or metric in METRICS:
        return metric
    return next((name for name in METRICS if bare(name) == bare(metric)), metric)
