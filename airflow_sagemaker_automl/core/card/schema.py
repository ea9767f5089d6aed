"""Judges a model card by its schema, one sentence for each rule that is broken.

The schema beside this file is the strict reading of the published one, of which some limits are without effect.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias, cast

from airflow_sagemaker_automl.core.card.author import author_card
from airflow_sagemaker_automl.core.card.limits import LONGEST_CONTENT, LONGEST_LABEL, number
from airflow_sagemaker_automl.core.literals import at, is_resolved, literal, plain
from airflow_sagemaker_automl.core.rules.wording import did_you_mean, kind_of, one_of
from airflow_sagemaker_automl.exceptions import InvalidModelCard, Violation, escaped

_log = logging.getLogger(__name__)

Way: TypeAlias = tuple[str | int, ...]
_ROOT = "model_card"
_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "a text",
    "number": "a number",
    "boolean": "true or false",
}
# Keyword of a metric's ``type`` → which of the schema's alternatives it stands for.
_METRIC_SHAPES = {"number": 0, "string": 0, "boolean": 0, "linear_graph": 1, "bar_chart": 2, "matrix": 3}
_SIZES = {
    "maxLength": ("at most", "character", "characters"),
    "minLength": ("at least", "character", "characters"),
    "maxItems": ("at most", "entry", "entries"),
    "minItems": ("at least", "entry", "entries"),
}


class Breach(NamedTuple):
    """Something that breaks a rule of the card.

    :param way: keys and positions that lead there.
    :param value: what stands there; None where nothing does.
    :param rule: what would be right.
    """

    way: Way
    value: Any
    rule: str


def card_violations(card: Mapping[str, Any], *, rendered: bool = True) -> list[Violation]:
    """Judge a card, or the author's part of one.

    :param card: in the card's own schema; it may hold typed sections.
    :param rendered: False leaves alone what holds Jinja templates or XComArgs, which are still to be resolved.
    :return: every rule that is broken. The length of the whole is judged only where nothing else is wrong.
    """
    try:
        known = author_card(card) if rendered else _literal(author_card(card))
    except InvalidModelCard as error:
        return list(error.violations)
    found: dict[str, Violation] = {}
    for breach in _breaches(known):
        if is_resolved(breach.value):
            # Of one place the first rule says what is wrong.
            found.setdefault(_dotted(breach.way), Violation(_dotted(breach.way), breach.value, breach.rule))
    return list(found.values()) or (list(_length(known)) if is_resolved(known) else [])


def require_valid(card: Mapping[str, Any]) -> None:
    """Check a card against its schema and its length.

    :raises InvalidModelCard: with every place that is wrong.
    """
    found = card_violations(card)
    if found:
        raise InvalidModelCard(found)


def without_breaches(card: Mapping[str, Any]) -> dict[str, Any]:
    """Take out of a card what breaks its schema: the smallest part that can go, with a line in the log for each.

    A part that is filled in and breaks the schema is a mistake of this package, for which no model is to be lost.
    """
    sound = plain(card)
    while breaches := list(_breaches(sound)):
        # From the end, so that places in lists stay what they are.
        for way in sorted({_removable(breach.way) for breach in breaches}, reverse=True):
            _log.warning("Left out of the model card, since it breaks the schema: %s", escaped(_dotted(way)))
            del at(sound, *way[:-1])[way[-1]]
    return cast("dict[str, Any]", sound)


def _length(card: Mapping[str, Any]) -> Iterator[Violation]:
    from airflow_sagemaker_automl.core.model_package import compact

    length = len(compact(card))
    if length > LONGEST_CONTENT:
        rule = (
            f"must have at most {LONGEST_CONTENT} characters as JSON on one line; it has {length}, of which each "
            "character outside ASCII takes six or twelve"
        )
        yield Violation(_ROOT, None, rule)


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((Path(__file__).parent / "model_card.schema.json").read_text())
    return schema


def _breaches(card: Any) -> Iterator[Breach]:
    import jsonschema

    for error in jsonschema.Draft7Validator(_schema()).iter_errors(card):
        for leaf in _leaves(error):
            yield from _worded(leaf, tuple(leaf.absolute_path))
    yield from _not_json(card, ())


def _leaves(error: Any) -> Iterator[Any]:
    """Find what is wrong within the alternative that was meant: a metric says by its type which one that is."""
    kind = at(error.instance, "type")
    meant = _METRIC_SHAPES.get(kind) if isinstance(kind, str) else None
    if error.validator != "anyOf" or meant is None or error.absolute_path[-1] == "value":
        yield error
        return
    for inner in error.context:
        if inner.relative_schema_path[0] == meant:
            yield from _leaves(inner)


def _worded(error: Any, way: Way) -> Iterator[Breach]:
    value, limit = error.instance, error.validator_value
    match error.validator:
        case "type":
            yield Breach(way, value, f"must be {_KINDS[limit]}, not {kind_of(value)}")
        case "enum":
            yield from _of_words(way, value, limit)
        case "required":
            yield from (Breach((*way, name), None, "is required") for name in limit if name not in value)
        case "additionalProperties":
            known = list(error.schema["properties"])
            whole = next((step for step in reversed(way) if isinstance(step, str)), _ROOT)
            for name in (name for name in value if name not in known):
                hint = did_you_mean(name, known) or f"; it has {', '.join(known)}"
                yield Breach((*way, name), value[name], f"is not a member of {whole}{hint}")
        case "anyOf":
            yield from _of_alternatives(way, value)
        case size:
            bound, one, many = _SIZES[size]
            rule = f"must have {bound} {limit} {one if limit == 1 else many}; it has {len(value)}"
            yield Breach(way, value, rule)


def _of_words(way: Way, value: Any, known: Sequence[str]) -> Iterator[Breach]:
    yield from (Breach(way, violation.value, violation.rule) for violation in one_of("", value, known))


def _of_alternatives(way: Way, value: Any) -> Iterator[Breach]:
    """Word what fits none of several alternatives: a metric, or its single value."""
    if way[-1] != "value":
        if not isinstance(value, Mapping):
            yield Breach(way, value, f"must be a mapping, not {kind_of(value)}")
        elif value.get("type") is None:
            yield Breach((*way, "type"), None, f"is required: one of {', '.join(_METRIC_SHAPES)}")
        else:
            yield from _of_words((*way, "type"), value["type"], tuple(_METRIC_SHAPES))
    elif isinstance(value, str):
        yield Breach(way, value, f"must have at most {LONGEST_LABEL} characters; it has {len(value)}")
    else:
        yield Breach(way, value, f"must be a number, a text, true or false, not {kind_of(value)}")


def _not_json(value: Any, way: Way) -> Iterator[Breach]:
    """Find what the schema does not see and JSON cannot hold."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                yield Breach((*way, key), key, f"must be named by a text, not {kind_of(key)}; quote it in YAML")
            yield from _not_json(item, (*way, key))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _not_json(item, (*way, place))
    elif rule := _unwritable(value):
        yield Breach(way, value, rule)


def _unwritable(value: Any) -> str | None:
    if value is None or isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return "must be a finite number" if number(value) is None else None
    if isinstance(value, str):
        halved = any("\ud800" <= character <= "\udfff" for character in value)
        return "must not have half of a surrogate pair, which is no character" if halved else None
    return f"must be a text, a number, true or false, not {kind_of(value)}"


def _literal(value: Any) -> Any:
    """Mark what is not known yet; an empty text is a text on a card."""
    if isinstance(value, Mapping):
        return {key: _literal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_literal(item) for item in value]
    return value if value == "" else literal(value)


def _dotted(way: Way) -> str:
    return _ROOT + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way)


def _removable(way: Way) -> Way:
    """Find what goes with a place: the innermost entry of a list around it, or else the member itself."""
    entries = [place for place, step in enumerate(way) if isinstance(step, int)]
    return way[: entries[-1] + 1] if entries else way
