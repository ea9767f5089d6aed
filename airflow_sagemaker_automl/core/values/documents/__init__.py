"""Read JSON and YAML that people write, with limits.

A small file can expand to a large value (a YAML alias repeats its whole target), and malformed input makes parsers fail
in many ways. Here every failure is an :class:`Unreadable`, which says what is wrong.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from airflow_sagemaker_automl.core.values.literals import DEEPEST
from airflow_sagemaker_automl.exceptions import escaped

# Ten times the size of the longest model card; requests are far smaller.
MOST_BYTES = 1024 * 1024
# A model card has at most 100 000 characters, and each value takes at least two.
MOST_VALUES = 50_000
# No number in a request has more than ten. Python refuses to convert one of more than 4300 to a string.
_MOST_DIGITS = 100
_LONGEST_SHOWN = 40
# Opening a pipe otherwise blocks until another process writes to it.
_DO_NOT_WAIT = getattr(os, "O_NONBLOCK", 0)
_KINDS = (
    (stat.S_ISDIR, "is a directory; pass the files in it"),
    (stat.S_ISFIFO, "is a pipe, not a regular file"),
)


class Unreadable(ValueError):
    """A file or its text cannot be read; the message is the rest of a sentence that begins with its name."""


def read_file(path: str | os.PathLike[str]) -> str:
    """Read a regular file in UTF-8.

    :raises Unreadable: it is not a regular file, is larger than :data:`MOST_BYTES`, or is not in UTF-8.
    :raises OSError: it does not exist, or there is no permission to read it.
    """
    if "\0" in os.fspath(path):
        raise Unreadable("is not a valid file path: it has a null character")
    descriptor = os.open(path, os.O_RDONLY | _DO_NOT_WAIT)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise Unreadable(next((said for is_of, said in _KINDS if is_of(mode)), "is not a regular file"))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return as_text(file.read(MOST_BYTES + 1))
    finally:
        os.close(descriptor)


def as_text(content: bytes) -> str:
    """Decode the content of a file; its first :data:`MOST_BYTES` + 1 bytes are enough.

    :raises Unreadable: it is too large, or is not in UTF-8.
    """
    if len(content) > MOST_BYTES:
        raise _too_large()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"is not UTF-8 text: {error.reason} at byte {error.start}") from error


def require_size(text: str) -> None:
    """Refuse a text that is too large.

    :raises Unreadable: it has more than :data:`MOST_BYTES`.
    """
    if len(text) > MOST_BYTES or len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise _too_large()


def parse_json(text: str) -> Any:
    """Parse JSON.

    :raises Unreadable: it is not valid JSON, an object has a duplicate key, or a limit is exceeded.
    """
    import json

    require_size(text)
    try:
        value = json.loads(text, object_pairs_hook=_object, parse_int=whole_number)
    except Unreadable:
        raise
    except RecursionError as error:
        raise Unreadable(_too_deep()) from error
    except ValueError as error:
        raise Unreadable(f"is not valid JSON: {escaped(error)}") from error
    _require_small(value)
    return value


def parse_yaml(text: str) -> Any:
    """Parse YAML, which includes JSON; an alias counts as all the values that it repeats.

    :raises Unreadable: as for :func:`parse_json`.
    """
    from airflow_sagemaker_automl.core.values.documents.bounded_yaml import load

    require_size(text)
    return load(text)


def whole_number(digits: str) -> int:
    """Read an integer in decimal digits.

    :raises Unreadable: it has too many digits.
    """
    require_short(len(digits))
    return int(digits)


def require_short(digits: int) -> None:
    """Refuse a number with too many digits, which is slow to read and cannot be shown.

    :raises Unreadable: it has too many digits.
    """
    if digits > _MOST_DIGITS:
        raise Unreadable(f"has a number with more than {_MOST_DIGITS} digits")


def require_few(values: int) -> None:
    """Refuse a text with too many values.

    :raises Unreadable: there are more than :data:`MOST_VALUES`.
    """
    if values > MOST_VALUES:
        raise Unreadable(
            f"has more than {MOST_VALUES} keys and values; an alias counts as all the values that it repeats"
        )


def require_shallow(depth: int) -> None:
    """Refuse a text that is nested too deep.

    :raises Unreadable: it has more levels than any request.
    """
    if depth > DEEPEST:
        raise Unreadable(_too_deep())


def require_unique(keys: Iterable[str], where: str = "") -> None:
    """Refuse a duplicate key in a mapping, of which a parser would silently keep the last value.

    :param where: location of the mapping, for example ``line 3: ``.
    :raises Unreadable: there is a duplicate key.
    """
    for key, times in Counter(keys).items():
        if times > 1:
            raise Unreadable(f"is ambiguous: {where}the key {shown(key)} appears {times} times")


def shown(text: str) -> str:
    """Quote a part of a text in a message, shortened if it is long."""
    return repr(text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]}...")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    require_unique(key for key, _ in pairs)
    return dict(pairs)


def _require_small(value: Any) -> None:
    level, depth, values = [value], 0, 0
    while level:
        values += len(level) + sum(len(each) for each in level if isinstance(each, Mapping))
        require_few(values)
        require_shallow(depth)
        inner = [each for each in level if isinstance(each, dict | list)]
        level = [item for each in inner for item in (each.values() if isinstance(each, dict) else each)]
        depth += 1


def _too_large() -> Unreadable:
    return Unreadable(f"is too large: it has more than {MOST_BYTES // 1024} KiB")


def _too_deep() -> str:
    return f"is nested too deep: more than {DEEPEST} levels"
