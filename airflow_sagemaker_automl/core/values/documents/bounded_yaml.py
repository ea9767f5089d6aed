"""YAML's safe loader with limits; imported only when there is YAML to read."""

from __future__ import annotations

from typing import Any

import yaml

from airflow_sagemaker_automl.core.values.documents import (
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
# What PyYAML raises for a scalar that does not fit its tag, besides its own errors.
_OF_A_SCALAR = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
# Binary digits of an integer: about 100 decimal digits.
_MOST_BITS = 332
_DECIMAL_DIGITS_OF_A_BIT = 0.30103


def load(text: str) -> Any:
    """Parse a document.

    :raises Unreadable: with what is wrong, and with the line if it is known.
    """
    try:
        return yaml.load(text, _Loader)  # noqa: S506 - a safe loader.
    except Unreadable:
        raise
    except yaml.YAMLError as error:
        raise Unreadable(f"is not valid YAML: {escaped(' '.join(str(error).split()))}") from error
    except _OF_A_SCALAR as error:
        # From the scanner: an escape beyond the last Unicode character, or a version with very many digits.
        raise Unreadable(f"is not valid YAML: {escaped(error)}") from error


class _Loader(yaml.SafeLoader):
    """Count the values of a document, aliases included, while it is read."""

    def __init__(self, stream: str) -> None:
        super().__init__(stream)
        self._values = 0
        # The number of levels below each node that is being read, from the outermost.
        self._heights: list[int] = []
        # The complete nodes, by identity: their number of values, and of levels below them.
        self._sizes: dict[int, tuple[int, int]] = {}

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            node = super().compose_node(parent, index)
            assert node is not None
            if id(node) not in self._sizes:
                line = node.start_mark.line + 1
                raise Unreadable(f"contains itself: line {line}: an alias inside it refers to it")
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
            line = node.start_mark.line + 1
            raise Unreadable(f"is not valid YAML: line {line}: {what} is not a valid {kind}") from error
        if isinstance(value, int) and value.bit_length() > _MOST_BITS:
            require_short(int(value.bit_length() * _DECIMAL_DIGITS_OF_A_BIT))
        return value
