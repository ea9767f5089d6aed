"""What was refused before any call."""

from __future__ import annotations

import reprlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from airflow_sagemaker_automl.exceptions.base import AutoMLError

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 80
_LONGEST_SHOWN = 120


@dataclass(frozen=True)
class Violation:
    """One rule that a request breaks.

    :param path: where, in the words of the API, for example
        ``AutoMLProblemTypeConfig.TabularJobConfig.CompletionCriteria.MaxCandidates`` or
        ``AutoMLJobInputDataConfig[0].ContentType``.
    :param value: what stands there; None where nothing does.
    :param rule: what would be right, as the rest of a sentence that begins with the path.
    """

    path: str
    value: Any
    rule: str

    def __str__(self) -> str:
        if self.value is None:
            return f"{self.path} {self.rule}"
        shown = _SHORT.repr(self.value)
        return f"{self.path} = {shown if len(shown) <= _LONGEST_SHOWN else shown[:_LONGEST_SHOWN] + ' ...'} {self.rule}"


class InvalidRequest(AutoMLError):
    """What was asked for was refused before any call.

    :param violations: every rule that is broken.
    """

    _what: ClassVar[str]
    _fate: ClassVar[str] = "cannot be sent"

    def __init__(self, violations: Sequence[Violation]) -> None:
        super().__init__(violations)
        self.violations = tuple(violations)

    def __str__(self) -> str:
        if len(self.violations) == 1:
            return f"The {self._what} {self._fate}: {self.violations[0]}"
        lines = "".join(f"\n  {violation}" for violation in self.violations)
        return f"The {self._what} {self._fate}; {len(self.violations)} things are wrong:{lines}"


class InvalidJobRequest(InvalidRequest):
    """The request breaks rules of ``CreateAutoMLJobV2``."""

    _what = "AutoML job request"


class InvalidModelPackage(InvalidRequest):
    """The registration, or the change of one, breaks rules of the service."""

    _what = "model package"


class InvalidModelCard(InvalidRequest):
    """The model card breaks its schema, or is too long."""

    _what = "model card"


class InvalidQualityGate(InvalidRequest):
    """The quality gate asks for what nothing can be, or cannot be understood."""

    _what = "quality gate"
    _fate = "cannot judge"
