"""Whether what exists is as a request asks for it."""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from airflow_sagemaker_automl.exceptions import escaped

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_LONGEST_SHOWN = 120
# The first is the key by which the job was found; the second is not part of what a job's description has.
_NOT_COMPARED = frozenset({"AutoMLJobName", "Tags"})
# Has one member, which tells the problem type, and may be empty.
_UNION = "AutoMLProblemTypeConfig"


def differences(asked: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """Say in which members a job differs from a request.

    What only the job has is no difference, for the service fills in what a request leaves out: whether the job was
    asked for it cannot be seen. Nor is what was sent empty and is not there.

    :param asked: arguments of ``CreateAutoMLJobV2``.
    :param found: answer of ``DescribeAutoMLJobV2``.
    :return: one clause for each member, for example ``RoleArn is 'a' there and 'b' here``.
    """
    return [
        escaped(f"{path} is {shown(there)} there and {shown(here)} here")
        for path, here, there in differing({key: asked[key] for key in asked if key not in _NOT_COMPARED}, found)
    ]


def differing(asked: Any, found: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Find the members that are not as asked for; what only the other side has is no difference.

    :return: path, what is asked for, what there is.
    """
    if path == _UNION and found and list(asked) != list(found):
        yield path, *list(asked), *list(found)
    elif isinstance(asked, Mapping) and isinstance(found, Mapping | None):
        for key, value in asked.items():
            yield from differing(value, (found or {}).get(key), f"{path}.{key}" if path else key)
    elif _is_list(asked) and _is_list(found) and len(asked) == len(found):
        for number, (here, there) in enumerate(zip(asked, found, strict=True)):
            yield from differing(here, there, f"{path}[{number}]")
    elif asked != (found or [] if _is_list(asked) else found):
        yield path, asked, found


def dropped(asked: Any, found: Any, path: str, filled_in: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Find the members that are there and not asked for.

    :param filled_in: members that the service adds by itself, which are left out.
    :return: path, what there is.
    """
    if isinstance(asked, Mapping) and isinstance(found, Mapping):
        for key, value in found.items():
            if asked.get(key) is not None:
                yield from dropped(asked[key], value, f"{path}.{key}", filled_in)
            elif key not in filled_in and value not in (None, "", [], {}):
                yield f"{path}.{key}", value
    elif _is_list(asked) and _is_list(found) and len(asked) == len(found):
        for number, (here, there) in enumerate(zip(asked, found, strict=True)):
            yield from dropped(here, there, f"{path}[{number}]", filled_in)


def shown(value: Any) -> str:
    """Write a value for a message, cut where it is long."""
    if value is None:
        return "not set"
    try:
        text = _SHORT.repr(value)
    except ValueError:
        # Python writes no whole number of more than 4300 digits.
        return "a number of thousands of digits"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]} ..."


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
