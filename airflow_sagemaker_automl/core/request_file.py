"""Requests in files: JSON or YAML, as the AWS CLI reads them with ``--cli-input-json`` and ``--cli-input-yaml``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from airflow_sagemaker_automl.exceptions import InvalidJobRequest, Violation

SUFFIXES = (".json", ".yaml", ".yml")
_EXPRESSION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_STATEMENT = re.compile(r"\{%.*?%\}|\{#.*?#\}", re.DOTALL)
_PLACEHOLDER = re.compile(r"JinjaExpression(\d+)Here")


class Unreadable(ValueError):
    """What is wrong with a file's text, as the rest of a sentence that begins with where it stands."""


def parse_request(text: str, suffix: str, *, rendered: bool = True) -> dict[str, Any]:
    """Read the text of a request file.

    :raises InvalidJobRequest: it cannot be read, a key stands twice in a mapping, or it holds no mapping.
    """
    try:
        return parse_mapping(text, suffix, of="CreateAutoMLJobV2's arguments", rendered=rendered)
    except Unreadable as error:
        raise InvalidJobRequest([Violation("request", None, str(error))]) from error


def parse_mapping(text: str, suffix: str, *, of: str, rendered: bool = True) -> dict[str, Any]:
    """Read the text of a file that holds a mapping.

    :param text: what stands in the file.
    :param suffix: ``.json``, ``.yaml`` or ``.yml``.
    :param of: what is in the mapping.
    :param rendered: False for a text whose Jinja expressions are still to be rendered; they stay where they stand,
        quoted or not, and statements are left out.
    :raises Unreadable: it cannot be read, a key stands twice in a mapping, or it holds no mapping.
    """
    if suffix.lower() not in SUFFIXES:
        raise Unreadable(f"must be a file whose name ends in {', '.join(SUFFIXES)}, not {suffix!r}")
    if rendered or not (_EXPRESSION.search(text) or _STATEMENT.search(text)):
        content = _parse_json(text) if suffix.lower() == ".json" else _parse_yaml(text)
    else:
        content = _parse_template(text)
    if not isinstance(content, Mapping):
        raise Unreadable(f"must hold a mapping of {of}, not {type(content).__name__}")
    return dict(content)


def _parse_json(text: str) -> Any:
    import json

    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        _require_unique([key for key, _ in pairs])
        return dict(pairs)

    try:
        return json.loads(text, object_pairs_hook=unique)
    except ValueError as error:
        raise Unreadable(f"is no valid JSON: {error}") from error


def _parse_yaml(text: str) -> Any:
    import yaml

    class UniqueKeys(yaml.SafeLoader):
        """Refuses a key that stands twice, of which YAML would silently keep the last."""

        def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
            own = [key for key, _ in node.value if key.tag != "tag:yaml.org,2002:merge"]
            _require_unique([key.value for key in own], f"line {node.start_mark.line + 1}: ")
            return super().construct_mapping(node, deep)

    try:
        return yaml.load(text, UniqueKeys)  # noqa: S506 - a safe loader.
    except yaml.YAMLError as error:
        raise Unreadable(f"is no valid YAML: {' '.join(str(error).split())}") from error


def _parse_template(text: str) -> Any:
    """Read a text before it is rendered; JSON is YAML, which lets an expression stand unquoted."""
    expressions: list[str] = []

    def replace(match: re.Match[str]) -> str:
        expressions.append(match.group())
        return f"JinjaExpression{len(expressions) - 1}Here"

    def restore(value: Any) -> Any:
        if isinstance(value, Mapping):
            return {restore(key): restore(item) for key, item in value.items()}
        if isinstance(value, list):
            return [restore(item) for item in value]
        if isinstance(value, str):
            return _PLACEHOLDER.sub(lambda match: expressions[int(match.group(1))], value)
        return value

    return restore(_parse_yaml(_STATEMENT.sub("", _EXPRESSION.sub(replace, text))))


def _require_unique(keys: list[Any], where: str = "") -> None:
    for key in keys:
        if keys.count(key) > 1:
            raise Unreadable(f"is ambiguous: {where}the key {key!r} stands there {keys.count(key)} times")
