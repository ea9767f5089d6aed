"""What a quality gate has said of a candidate, rule by rule, and how it travels from task to task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sagemaker_automl.core.documents import Unreadable, parse_json
from airflow_sagemaker_automl.core.literals import mapping, sequence, text
from airflow_sagemaker_automl.core.rules.wording import kind_of
from airflow_sagemaker_automl.exceptions import Violation, escaped

_TRUTHS = {"true": True, "false": False}
# It says what the verdict would have a version be; what the version is stands elsewhere.
_APPROVAL = "approval_status"


@dataclass(frozen=True, kw_only=True)
class Ruling:
    """What one rule says of a candidate.

    :param name: the rule, with its limit.
    :param value: the candidate's figure; None where it has none.
    :param limit: what it was held against; None where there was nothing.
    :param reason: why it passed or failed, as a clause.
    :param headline: metric, data set and both figures in one short line; empty where the rule compares no figures.
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
        broken = [rule for rule in self.rules if not rule.passed]
        kept = f"{len(self.rules) - len(broken)} of {len(self.rules)} rules are kept"
        # The figures come first: lists of log lines show the beginning.
        why = f"{broken[0].headline or f'{broken[0].name}: {broken[0].reason}'}; " if broken else ""
        head = f"{'Approved' if self.approved else 'Rejected'}: {why}{kept}"
        champion = [f"champion: {self.champion}"] if self.champion else []
        return "\n  ".join([head, *map(str, self.rules), *champion])


def approval_by(verdict: Mapping[str, Any]) -> str:
    """Say which approval status a version has by a verdict."""
    return "Approved" if verdict["approved"] is True else "Rejected"


def read_verdict(given: Any) -> tuple[dict[str, Any] | None, list[Violation]]:
    """Read what a template or an XCom gave for a verdict.

    :param given: a mapping as :meth:`Verdict.to_json` writes it, its JSON, or nothing.
    :return: the verdict, of which ``approved`` can be relied on; None where there is none. And what is wrong with it.
    """
    value = given
    if isinstance(value, str):
        if not value.strip():
            return None, []
        try:
            value = parse_json(value)
        except Unreadable:
            rule = "must be a quality gate's verdict, or its JSON; a template writes JSON with the filter tojson"
            return None, [Violation("verdict", given, rule)]
    if value is None:
        return None, []
    if not isinstance(value, Mapping):
        return None, [Violation("verdict", given, f"must be a mapping, not {kind_of(value)}")]
    approved = value.get("approved")
    if isinstance(approved, str):
        approved = _TRUTHS.get(approved.strip().lower(), approved)
    if not isinstance(approved, bool):
        return None, [Violation("verdict.approved", approved, "must be true or false: what the gate has decided")]
    return {**{key: item for key, item in value.items() if key != _APPROVAL}, "approved": approved}, []


def about_another(verdict: Mapping[str, Any] | None, **registered: str | None) -> list[Violation]:
    """Find out whether a verdict is about another job or candidate than the one that is registered.

    :param registered: ``job_name`` and ``candidate_name``, as far as they are known.
    """
    return [
        Violation(f"verdict.{name}", said, f"must be what is registered, {right!r}: the verdict is about another one")
        for name, right in registered.items()
        if right and (said := mapping(verdict).get(name)) and said != right
    ]


def summary(verdict: Mapping[str, Any]) -> str:
    """Write a verdict on one line, in characters of metadata: what was decided, and the rules that are not kept."""
    rules = [mapping(rule) for rule in sequence(verdict.get("rules"))]
    broken = [text(rule.get("name")) or "a rule without a name" for rule in rules if rule.get("passed") is not True]
    decided = f"{approval_by(verdict).lower()} - {len(rules) - len(broken)} of {len(rules)} rules are kept"
    return " - ".join([decided, *([f"not kept: {broken[0]}", *broken[1:]] if broken else [])])
