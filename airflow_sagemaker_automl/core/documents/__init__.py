"""Texts of JSON and YAML that people write, read within limits.

A small file can be a large value (an alias in YAML stands for all that it names), and a reader of untrusted text can be
made to fail in a dozen ways. Here each ends in one error, which says what is wrong with the text.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from airflow_sagemaker_automl.core.literals import DEEPEST
from airflow_sagemaker_automl.exceptions import escaped

# Ten times the longest model card; the requests of all problem types are far shorter.
MOST_BYTES = 1024 * 1024
# A model card has at most 100 000 characters, of which each value takes two or more.
MOST_VALUES = 50_000
# No number of a request has more than ten. Python refuses to write one of more than 4300.
_MOST_DIGITS = 100
_LONGEST_SHOWN = 40
# Opening a pipe waits for somebody to write to it; so does opening it to look at it.
_DO_NOT_WAIT = getattr(os, "O_NONBLOCK", 0)
_KINDS = (
    (stat.S_ISDIR, "is a directory; name the files in it"),
    (stat.S_ISFIFO, "is a pipe, not a regular file"),
)


class Unreadable(ValueError):
    """What is wrong with a file or its text, as the rest of a sentence that begins with where it stands."""


def read_file(path: str | os.PathLike[str]) -> str:
    """Read a text in UTF-8 from a regular file.

    :raises Unreadable: it is no regular file, is larger than :data:`MOST_BYTES`, or is no text.
    :raises OSError: it is not there, or may not be read.
    """
    if "\0" in os.fspath(path):
        raise Unreadable("cannot be the path of a file: it has a null character")
    descriptor = os.open(path, os.O_RDONLY | _DO_NOT_WAIT)
    try:
        mode = os.fstat(descriptor).st_mode
        if not stat.S_ISREG(mode):
            raise Unreadable(next((said for is_of, said in _KINDS if is_of(mode)), "is no regular file"))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            return as_text(file.read(MOST_BYTES + 1))
    finally:
        os.close(descriptor)


def as_text(content: bytes) -> str:
    """Read what a file holds, of which one byte more than :data:`MOST_BYTES` is enough.

    :raises Unreadable: it is too large, or is no text in UTF-8.
    """
    if len(content) > MOST_BYTES:
        raise _too_large()
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(f"is no text in UTF-8: {error.reason} at byte {error.start}") from error


def require_size(text: str) -> None:
    """Refuse a text that is too large to be read.

    :raises Unreadable: it has more than :data:`MOST_BYTES`.
    """
    if len(text) > MOST_BYTES or len(text.encode("utf-8", "surrogatepass")) > MOST_BYTES:
        raise _too_large()


def parse_json(text: str) -> Any:
    """Read a text of JSON.

    :raises Unreadable: it is no valid JSON, a key stands twice in an object, or a limit is exceeded.
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
        raise Unreadable(f"is no valid JSON: {escaped(error)}") from error
    _require_small(value)
    return value


def parse_yaml(text: str) -> Any:
    """Read a text of YAML, of which JSON is a part; an alias counts as all that it stands for.

    :raises Unreadable: as for :func:`parse_json`.
    """
    from airflow_sagemaker_automl.core.documents.bounded_yaml import load

    require_size(text)
    return load(text)


def whole_number(digits: str) -> int:
    """Read a whole number in decimal digits.

    :raises Unreadable: it has more of them than any that is meant.
    """
    require_short(len(digits))
    return int(digits)


def require_short(digits: int) -> None:
    """Refuse a number of too many digits, which takes long to read and cannot be shown.

    :raises Unreadable: there are more than any number that is meant has.
    """
    if digits > _MOST_DIGITS:
        raise Unreadable(f"has a number of more than {_MOST_DIGITS} digits")


def require_few(values: int) -> None:
    """Refuse a text that stands for too many values.

    :raises Unreadable: there are more than :data:`MOST_VALUES`.
    """
    if values > MOST_VALUES:
        raise Unreadable(f"holds more than {MOST_VALUES} keys and values; an alias counts as all that it stands for")


def require_shallow(depth: int) -> None:
    """Refuse a text that is nested too deep.

    :raises Unreadable: it is, deeper than any request.
    """
    if depth > DEEPEST:
        raise Unreadable(_too_deep())


def require_unique(keys: Iterable[str], where: str = "") -> None:
    """Refuse a key that stands twice in a mapping, of which a reader would silently keep the last.

    :param where: where the mapping stands, for example ``line 3: ``.
    :raises Unreadable: there is one.
    """
    for key, times in Counter(keys).items():
        if times > 1:
            raise Unreadable(f"is ambiguous: {where}the key {shown(key)} stands there {times} times")


def shown(text: str) -> str:
    """Show a piece of a text in a sentence."""
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
