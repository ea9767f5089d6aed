"""YAML's safe loader with limits; the module is imported when there is YAML to read."""

from __future__ import annotations

from typing import Any

import yaml

from airflow_sagemaker_automl.core.documents import (
    Unreadable,
    require_few,
    require_shallow,
    require_short,
    require_unique,
    shown,
)
from airflow_sagemaker_automl.exceptions import escaped

_MERGE = "tag:yaml.org,2002:merge"
_STANDARD = "tag:yaml.org,2002:"
# What PyYAML raises for a scalar that does not fit its tag, besides errors of its own.
_OF_A_SCALAR = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
# A whole number in binary digits: 100 in decimal ones.
_MOST_BITS = 332
_DECIMAL_DIGITS_OF_A_BIT = 0.30103


def load(text: str) -> Any:
    """Read a document.

    :raises Unreadable: with what is wrong, and the line where that is known.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader.
    except Unreadable:
        raise
    except yaml.YAMLError as error:
        raise Unreadable(f"is no valid YAML: {escaped(' '.join(str(error).split()))}") from error
    except _OF_A_SCALAR as error:
        # The scanner's: an escape beyond the last character, a version of very many digits.
        raise Unreadable(f"is no valid YAML: {escaped(error)}") from error


class _Loader(yaml.SafeLoader):
    """Counts what a document stands for, while it is read."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._values = 0
        # The deepest level below each node that is being read, from the outermost.
        self._heights: list[int] = []
        # The nodes that are complete, by identity: values in them, and levels below them.
        self._sizes: dict[int, tuple[int, int]] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            node = super().compose_node(parent, index)
            assert node is not None
            if id(node) not in self._sizes:
                line = node.start_mark.line + 1
                raise Unreadable(f"holds itself: line {line}: an alias within it names it")
            self._add(*self._sizes[id(node)])
            return node
        before = self._values
        require_shallow(len(self._heights))
        self._heights.append(0)
        node = super().compose_node(parent, index)
        height = self._heights.pop()
        self._sizes[id(node)] = (self._values - before + 1, height)
        self._add(1, height)
        return node

    def _add(self, values: int, height: int) -> None:
        self._values += values
        require_few(self._values)
        require_shallow(len(self._heights) + height)
        if self._heights:
            self._heights[-1] = max(self._heights[-1], height + 1)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        own = [key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode) and key.tag != _MERGE]
        require_unique(own, f"line {node.start_mark.line + 1}: ")
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            value = super().construct_object(node, deep)
        except Unreadable:
            raise
        except _OF_A_SCALAR as error:
            what = shown(node.value) if isinstance(node, yaml.ScalarNode) else "this"
            kind = node.tag.removeprefix(_STANDARD)
            raise Unreadable(f"is no valid YAML: line {node.start_mark.line + 1}: {what} is no {kind}") from error
        if isinstance(value, int) and value.bit_length() > _MOST_BITS:
            require_short(int(value.bit_length() * _DECIMAL_DIGITS_OF_A_BIT))
        return value
