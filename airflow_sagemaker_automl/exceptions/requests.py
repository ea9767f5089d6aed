"""Errors of requests that were refused before any call."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from airflow_sagemaker_automl.exceptions.base import AutoMLError
from airflow_sagemaker_automl.exceptions.escaping import escaped

_LONGEST_SHOWN = 120
_MOST_SHOWN = 100
# Python refuses to convert an integer of more than about 4300 decimal digits to a string.
_MOST_BITS = 10_000


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 80

    def repr_int(self, x: int, level: int) -> str:
        if x.bit_length() > _MOST_BITS:
            return f"<an integer of {x.bit_length()} bits>"
        return super().repr_int(x, level)


_SHORT = _Short()


@dataclass(frozen=True)
class Violation:
    """One rule that a request breaks.

    :param path: path of the member, with the names of the API, for example
        ``AutoMLProblemTypeConfig.TabularJobConfig.CompletionCriteria.MaxCandidates`` or
        ``AutoMLJobInputDataConfig[0].ContentType``.
    :param value: its value; None if there is none, or if the message leaves it out.
    :param rule: the rule, as the rest of a sentence that begins with the path.
    """

    path: str
    value: Any
    rule: str

    def __str__(self) -> str:
        if self.value is None:
            return escaped(f"{self.path} {self.rule}")
        shown = _SHORT.repr(self.value)
        shown = shown if len(shown) <= _LONGEST_SHOWN else f"{shown[:_LONGEST_SHOWN]} ..."
        return escaped(f"{self.path} = {shown} {self.rule}")


class InvalidRequest(AutoMLError):
    """The request was refused before any call.

    :param violations: every broken rule.
    :ivar task_id: the task, if the error was found when its operator was created, for example at DAG parse; else None.
    """

    has_lines = True
    violations: Sequence[Violation]
    task_id: str | None = field(default=None, init=False)
    _what: ClassVar[str]
    _fate: ClassVar[str] = "cannot be sent"

    def _text(self) -> str:
        if self.task_id is None:
            head, several, wrong = f"The {self._what} {self._fate}", "; ", list(map(str, self.violations))
        else:
            head, several, wrong = self.task_id, ": ", list(map(self._placed, self.violations))
        if len(wrong) == 1:
            return f"{head}: {wrong[0]}"
        more = len(wrong) - _MOST_SHOWN
        rest = [f"and {more} more"] if more > 0 else []
        return "\n  ".join([f"{head}{several}{len(wrong)} errors:", *wrong[:_MOST_SHOWN], *rest])

    def _placed(self, violation: Violation) -> str:
        """Write a violation with the operator's argument first."""
        return str(violation)


class InvalidJobRequest(InvalidRequest):
    """The request breaks rules of ``CreateAutoMLJobV2``."""

    _what = "AutoML job request"


class InvalidModelPackage(InvalidRequest):
    """The registration or update of a version breaks rules of the service."""

    _what = "model package"


class InvalidModelCard(InvalidRequest):
    """The model card cannot be read, breaks its schema, or is too long."""

    _what = "model card"


class InvalidQualityGate(InvalidRequest):
    """The quality gate is wrong, or a metric value that it needs is missing."""

    _what = "quality gate"
    _fate = "cannot be evaluated"
