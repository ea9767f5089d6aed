"""Hide the environment of containers: its values may be secrets, so logs, results and errors show only its keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "***"
_MEMBER = "Environment"
# A key of the customer metadata may have the same name, and is not secret.
_INSIDE = re.compile(rf"(Containers\[\d+\]|TransformJobDefinition)\.{_MEMBER}(?P<entry>[.\[].*)?", re.DOTALL)


def concealed(value: Any, path: str = "") -> Any:
    """Copy a value of a request to show it, with the keys of an environment in place of its values.

    :param path: path of the value in the request.
    """
    if value is None:
        return None
    if inside := _INSIDE.search(path):
        return HIDDEN if inside["entry"] else _keys(value)
    if isinstance(value, Mapping):
        return {key: _keys(item) if key == _MEMBER else concealed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [concealed(item) for item in value]
    return value


def _keys(environment: Any) -> str:
    return ", ".join(map(str, environment)) if isinstance(environment, Mapping) else HIDDEN
