"""Whether a job that exists was started with a request."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60
# The first is the key by which the job was found; the second is not part of what a job's description has.
_NOT_COMPARED = frozenset({"AutoMLJobName", "Tags"})


def differences(asked: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Say in which members a job differs from a request.

    :param asked: arguments of ``CreateAutoMLJobV2``.
    :param found: answer of ``DescribeAutoMLJobV2``. What the service has filled in by itself is no difference.
    :return: one clause for each member, for example ``RoleArn is 'a' there and 'b' here``.
    """
    return [
        f"{path} is {_SHORT.repr(there)} there and {_SHORT.repr(here)} here"
        for path, here, there in _differing({key: asked[key] for key in asked if key not in _NOT_COMPARED}, found)
    ]


def _differing(asked: Any, found: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    if isinstance(asked, Mapping) and isinstance(found, Mapping):
        for key, value in asked.items():
            yield from _differing(value, found.get(key), f"{path}.{key}" if path else key)
    elif _is_list(asked) and _is_list(found) and len(asked) == len(found):
        for number, (here, there) in enumerate(zip(asked, found, strict=True)):
            yield from _differing(here, there, f"{path}[{number}]")
    elif asked != found:
        yield path, asked, found


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
