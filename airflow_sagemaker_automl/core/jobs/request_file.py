"""Reads requests from JSON or YAML files, as the AWS CLI's ``--cli-input-json`` and ``--cli-input-yaml`` do."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.core.values.documents import Unreadable, parse_json, parse_yaml, require_size
from airflow_sagemaker_automl.exceptions import InvalidJobRequest, Violation

SUFFIXES = (".json", ".yaml", ".yml")
_CLOSINGS = {"{{": "}}", "{%": "%}", "{#": "#}"}
_OPENING = re.compile(r"\{[{%#]")


def parse_request(text: str, suffix: str) -> dict[str, Any]:
    """Read the text of a request file.

    :raises InvalidJobRequest: the text cannot be read, see :func:`parse_mapping`.
    """
    try:
        return parse_mapping(text, suffix, of="CreateAutoMLJobV2's arguments")
    except Unreadable as error:
        raise InvalidJobRequest([Violation("request", None, str(error))]) from error


def parse_mapping(text: str, suffix: str, *, of: str, rendered: bool = True) -> dict[str, Any]:
    """Read the text of a file that contains a mapping.

    :param text: content of the file.
    :param suffix: ``.json``, ``.yaml`` or ``.yml``.
    :param of: what the mapping contains, for error messages.
    :param rendered: whether Jinja expressions are already rendered. Default: yes. If not, expressions are kept, quoted
        or not, and Jinja statements are left out.
    :raises Unreadable: the text cannot be parsed, is too large, has a duplicate key, or contains no mapping.
    """
    if suffix.lower() not in SUFFIXES:
        raise Unreadable(f"must be a file whose name ends in {', '.join(SUFFIXES)}, not {suffix!r}")
    require_size(text)
    template = None if rendered else _Template(text)
    if template and template.has_jinja:
        content = template.parse()
    else:
        content = parse_json(text) if suffix.lower() == ".json" else parse_yaml(text)
    if not isinstance(content, Mapping):
        raise Unreadable(f"must hold a mapping of {of}, not {type(content).__name__}")
    return dict(content)


class _Template:
    """A template, parsed with placeholders for Jinja expressions; JSON is parsed as YAML, which needs no quotes."""

    def __init__(self, text: str) -> None:
        self._mark = "JinjaExpression"
        while self._mark in text:
            self._mark += "X"
        self._expressions: list[str] = []
        self._filled: dict[str, str] = {}
        self._text = "".join(self._pieces(text))
        self.has_jinja = self._text != text

    def parse(self) -> Any:
        return self._restored(parse_yaml(self._text))

    def _pieces(self, text: str) -> Iterator[str]:
        start = searched = 0
        unclosed: set[str] = set()
        while opening := _OPENING.search(text, searched):
            kind = opening.group()
            end = -1 if kind in unclosed else text.find(_CLOSINGS[kind], opening.end())
            if end < 0:
                # An unclosed opening here means that later ones are unclosed too.
                unclosed.add(kind)
                searched = opening.start() + 1
                continue
            yield text[start : opening.start()]
            start = searched = end + len(_CLOSINGS[kind])
            if kind == "{{":
                yield f"{self._mark}{len(self._expressions)}Here"
                self._expressions.append(text[opening.start() : start])
        yield text[start:]

    def _restored(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return {self._restored(key): self._restored(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._restored(item) for item in value]
        return self._with_expressions(value) if isinstance(value, str) and self._mark in value else value

    def _with_expressions(self, value: str) -> str:
        # Cached, because any number of YAML aliases may refer to the same text.
        if value not in self._filled:
            pattern = f"{self._mark}(\\d+)Here"
            self._filled[value] = re.sub(pattern, lambda match: self._expressions[int(match.group(1))], value)
        return self._filled[value]
