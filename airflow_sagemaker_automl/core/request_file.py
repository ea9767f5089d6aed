"""Requests in files: JSON or YAML, as the AWS CLI reads them with ``--cli-input-json`` and ``--cli-input-yaml``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.core.documents import Unreadable, parse_json, parse_yaml, require_size
from airflow_sagemaker_automl.exceptions import InvalidJobRequest, Violation

SUFFIXES = (".json", ".yaml", ".yml")
_CLOSINGS = {"{{": "}}", "{%": "%}", "{#": "#}"}
_OPENING = re.compile(r"\{[{%#]")


def parse_request(text: str, suffix: str) -> dict[str, Any]:
    """Read the text of a request file.

    :raises InvalidJobRequest: as :func:`parse_mapping` raises ``Unreadable``.
    """
    try:
        return parse_mapping(text, suffix, of="CreateAutoMLJobV2's arguments")
    except Unreadable as error:
        raise InvalidJobRequest([Violation("request", None, str(error))]) from error


def parse_mapping(text: str, suffix: str, *, of: str, rendered: bool = True) -> dict[str, Any]:
    """Read the text of a file that holds a mapping.

    :param text: what stands in the file.
    :param suffix: ``.json``, ``.yaml`` or ``.yml``.
    :param of: what is in the mapping.
    :param rendered: False for a text whose Jinja expressions are still to be rendered; they stay where they stand,
        quoted or not, and statements are left out.
    :raises Unreadable: it cannot be read, is larger than any that is meant, a key stands twice in a mapping, or it
        holds no mapping.
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
    """A text before it is rendered, with a word in place of each expression; JSON is YAML, which needs no quotes."""

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
                # What is not closed here is not closed further on.
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
        # Once for each text, which any number of aliases may stand for.
        if value not in self._filled:
            pattern = f"{self._mark}(\\d+)Here"
            self._filled[value] = re.sub(pattern, lambda match: self._expressions[int(match.group(1))], value)
        return self._filled[value]
