"""Validates a model card against its schema, with one sentence for each violation.

``model_card.schema.json`` is stricter than the published schema, in which some limits have no effect.
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
from airflow_sagemaker_automl.core.values.literals import at, is_resolved, literal, plain
from airflow_sagemaker_automl.core.values.wording import did_you_mean, one_of, type_in_words
from airflow_sagemaker_automl.exceptions import InvalidModelCard, Violation, escaped

_log = logging.getLogger(__name__)

Way: TypeAlias = tuple[str | int, ...]
_ROOT = "model_card"
_KINDS = {
    "object": "a mapping",
    "array": "a list",
    "string": "a string",
    "number": "a number",
    "boolean": "true or false",
}
# ``type`` of a metric → index of the schema's alternative.
_METRIC_SHAPES = {"number": 0, "string": 0, "boolean": 0, "linear_graph": 1, "bar_chart": 2, "matrix": 3}
_SIZES = {
    "maxLength": ("at most", "character", "characters"),
    "minLength": ("at least", "character", "characters"),
    "maxItems": ("at most", "entry", "entries"),
    "minItems": ("at least", "entry", "entries"),
}


class Breach(NamedTuple):
    """A violation of the card's schema.

    :param way: keys and indexes of the path.
    :param value: the value there; None if it is missing.
    :param rule: the rule it breaks.
    """

    way: Way
    value: Any
    rule: str


def card_violations(card: Mapping[str, Any], *, rendered: bool = True) -> list[Violation]:
    """Validate a card, or the author's part of one.

    :param card: in the card's own schema; it may contain typed sections.
    :param rendered: whether Jinja templates and XComArgs are resolved. Default: yes. If not, they are not validated.
    :return: all violations. The total length is checked only if there are no others.
    """
    try:
        known = author_card(card) if rendered else _literal(author_card(card))
    except InvalidModelCard as error:
        return list(error.violations)
    found: dict[str, Violation] = {}
    for breach in _breaches(known):
        if is_resolved(breach.value):
            # One violation for each path is enough.
            found.setdefault(_dotted(breach.way), Violation(_dotted(breach.way), breach.value, breach.rule))
    return list(found.values()) or (list(_length(known)) if is_resolved(known) else [])


def require_valid(card: Mapping[str, Any]) -> None:
    """Validate a card's schema and length.

    :raises InvalidModelCard: with all violations.
    """
    found = card_violations(card)
    if found:
        raise InvalidModelCard(found)


def without_breaches(card: Mapping[str, Any]) -> dict[str, Any]:
    """Remove the smallest parts of a card that break its schema, and log each.

    If a generated part breaks the schema, that is a bug in this package; it must not prevent the registration.
    """
    sound = plain(card)
    while breaches := list(_breaches(sound)):
        # From the end, so that list indexes stay valid.
        for way in sorted({_removable(breach.way) for breach in breaches}, reverse=True):
            _log.warning("Left out of the model card because it breaks the schema: %s", escaped(_dotted(way)))
            del at(sound, *way[:-1])[way[-1]]
    return cast("dict[str, Any]", sound)


def _length(card: Mapping[str, Any]) -> Iterator[Violation]:
    from airflow_sagemaker_automl.core.values.canonical import compact

    length = len(compact(card))
    if length > LONGEST_CONTENT:
        rule = (
            f"must have at most {LONGEST_CONTENT} characters as JSON on one line; it has {length}. Each character "
            "outside ASCII counts as six or twelve"
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
    """Find the errors of the alternative that the metric's type selects."""
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
            yield Breach(way, value, f"must be {_KINDS[limit]}, not {type_in_words(value)}")
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
    """Describe a metric, or its value, that matches none of the schema's alternatives."""
    if way[-1] != "value":
        if not isinstance(value, Mapping):
            yield Breach(way, value, f"must be a mapping, not {type_in_words(value)}")
        elif value.get("type") is None:
            yield Breach((*way, "type"), None, f"is required: one of {', '.join(_METRIC_SHAPES)}")
        else:
            yield from _of_words((*way, "type"), value["type"], tuple(_METRIC_SHAPES))
    elif isinstance(value, str):
        yield Breach(way, value, f"must have at most {LONGEST_LABEL} characters; it has {len(value)}")
    else:
        yield Breach(way, value, f"must be a number, a string, true or false, not {type_in_words(value)}")


def _not_json(value: Any, way: Way) -> Iterator[Breach]:
    """Find values that the schema accepts but JSON cannot represent."""
    if isinstance(value, Mapping):
        for key, item in value.items():
            if not isinstance(key, str):
                yield Breach(
                    (*way, key), key, f"must have a string as its key, not {type_in_words(key)}; quote it in YAML"
                )
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
        return "must not contain an unpaired surrogate" if halved else None
    return f"must be a string, a number, true or false, not {type_in_words(value)}"


def _literal(value: Any) -> Any:
    """Mark values that are not resolved yet; an empty text is a value on a card."""
    if isinstance(value, Mapping):
        return {key: _literal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_literal(item) for item in value]
    return value if value == "" else literal(value)


def _dotted(way: Way) -> str:
    return _ROOT + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way)


def _removable(way: Way) -> Way:
    """Find what to remove for a path: the innermost list entry around it, or else the member itself."""
    entries = [place for place, step in enumerate(way) if isinstance(step, int)]
    return way[: entries[-1] + 1] if entries else way
