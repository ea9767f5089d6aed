"""A quality gate's verdict on a candidate, rule by rule, and its format in XComs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sagemaker_automl.core.values.documents import Unreadable, parse_json
from airflow_sagemaker_automl.core.values.literals import mapping, sequence, text
from airflow_sagemaker_automl.core.values.wording import type_in_words
from airflow_sagemaker_automl.exceptions import Violation, escaped

_TRUTHS = {"true": True, "false": False}
# The status that the verdict leads to, which may differ from the version's status.
_APPROVAL = "approval_status"


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """The result of one rule for a candidate.

    :param name: the rule, with its limit.
    :param value: the candidate's metric value; None if it has none.
    :param limit: the value that it was compared with; None if there was none.
    :param reason: why it passed or failed, as a clause.
    :param headline: metric, data set and both values in one short line. Default: empty, no values were compared.
    """

    name: str
    passed: bool
    value: float | None
    limit: float | None
    reason: str
    headline: str = ""

    def __str__(self) -> str:
        return escaped(f"{'passed' if self.passed else 'failed'}: {self.name}: {self.reason}")


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """A gate's verdict on a candidate.

    :param approved: whether all rules passed.
    :param champion: ARN of the version that it was compared with; None if there was none.
    :param rules: the result of each rule.
    :param compares: whether the gate compares with the champion, also if there was none. Default: no.
    :param evaluation: the evaluation that the rules used, without its slices.
        Default: none, they used recorded values.
    """

    approved: bool
    champion: str | None
    rules: tuple[Ruling, ...]
    compares: bool = False
    evaluation: Mapping[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """Return it JSON-safe, as the register operator and the model card accept it."""
        return {
            "approved": self.approved,
            "champion": self.champion,
            "compares_with_champion": self.compares,
            **({"evaluation": dict(self.evaluation)} if self.evaluation is not None else {}),
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
        broken = [rule for rule in self.rules if not rule.passed]
        kept = f"{len(self.rules) - len(broken)} of {len(self.rules)} rules passed"
        # The values come first, because lists of log lines show only the beginning.
        why = f"{broken[0].headline or f'{broken[0].name}: {broken[0].reason}'}; " if broken else ""
        head = f"{'Approved' if self.approved else 'Rejected'}: {why}{kept}"
        champion = [f"champion: {self.champion}"] if self.champion else []
        return "\n  ".join([head, *map(str, self.rules), *champion])


def is_stale(verdict: Mapping[str, Any], champion: str | None) -> bool:
    """Tell whether a verdict is about another champion than the current one.

    :param champion: ARN of the newest approved version of the group, other than the candidate's own; None if there is
        none.
    """
    judged = text(verdict.get("champion"))
    return compares(verdict) and judged != champion


def compares(verdict: Mapping[str, Any]) -> bool:
    """Tell whether a verdict is the result of a comparison with the champion, or with the fact that there was none."""
    return verdict.get("compares_with_champion") is True or text(verdict.get("champion")) is not None


def approval_by(verdict: Mapping[str, Any]) -> str:
    """Return the approval status that a verdict leads to."""
    return "Approved" if verdict["approved"] is True else "Rejected"


def read_verdict(given: Any) -> tuple[dict[str, Any] | None, list[Violation]]:
    """Read a verdict from a rendered template or an XCom.

    :param given: a mapping as :meth:`Verdict.to_json` writes it, its JSON, or an empty value.
    :return: the verdict, in which only ``approved`` is validated, or None if there is none; and all violations.
    """
    value = given
    if isinstance(value, str):
        if not value.strip():
            return None, []
        try:
            value = parse_json(value)
        except Unreadable:
            rule = "must be a quality gate's verdict, or its JSON; in a template use the filter tojson"
            return None, [Violation("verdict", given, rule)]
    if value is None:
        return None, []
    if not isinstance(value, Mapping):
        return None, [Violation("verdict", given, f"must be a mapping, not {type_in_words(value)}")]
    approved = value.get("approved")
    if isinstance(approved, str):
        approved = _TRUTHS.get(approved.strip().lower(), approved)
    if not isinstance(approved, bool):
        return None, [Violation("verdict.approved", approved, "must be true or false")]
    return {**{key: item for key, item in value.items() if key != _APPROVAL}, "approved": approved}, []


def about_another(verdict: Mapping[str, Any] | None, **registered: str | None) -> list[Violation]:
    """Find out whether a verdict is about another job or candidate than the registered one.

    :param registered: ``job_name`` and ``candidate_name``; None if unknown.
    """
    return [
        Violation(f"verdict.{name}", said, f"must be {right!r}, which is registered; the verdict is about another one")
        for name, right in registered.items()
        if right and (said := mapping(verdict).get(name)) and said != right
    ]


def summary(verdict: Mapping[str, Any]) -> str:
    """Write a verdict on one line, in characters that metadata allow: the decision and the failed rules."""
    rules = [mapping(rule) for rule in sequence(verdict.get("rules"))]
    broken = [text(rule.get("name")) or "a rule without a name" for rule in rules if rule.get("passed") is not True]
    decided = f"{approval_by(verdict).lower()} - {len(rules) - len(broken)} of {len(rules)} rules passed"
    return " - ".join([decided, *([f"failed: {broken[0]}", *broken[1:]] if broken else [])])
