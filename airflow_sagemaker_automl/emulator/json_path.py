"""The part of JSONPath that filters of transform jobs may use.

AWS documents a little more (wildcards and nested attributes):
https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_ROOT = re.compile(r"\$(?P<rest>.*)", re.DOTALL)
_DOTTED = re.compile(r"\.([A-Za-z_][A-Za-z0-9_-]*)")
_QUOTED = re.compile(r"\[\s*'[^']+'\s*(?:,\s*'[^']+'\s*)*\]")
_POSITIONS = re.compile(r"\[\s*[-\d:]+\s*(?:,\s*[-\d:]+\s*)*\]")
_INDEX = re.compile(r"-?\d+")
_SLICE = re.compile(r"(-?\d+)?:(-?\d+)?")
_KNOWN = "$, $[1], $[-1], $[1:4], $[0,2,-1], $[0,5:], $.name and $['name']"


class InvalidPath(ValueError):
    """A path that is not supported."""


class OutOfRange(ValueError):
    """A position that a row does not have."""


@dataclass(frozen=True)
class JsonPath:
    """A parsed path; without positions and names it selects everything.

    :param text: the path as it was written.
    :param positions: indexes and slices of an array.
    :param names: attributes of an object.
    """

    text: str
    positions: tuple[int | slice, ...] = ()
    names: tuple[str, ...] = ()

    @classmethod
    def parse(cls, text: str) -> JsonPath:
        """Read a path.

        :raises InvalidPath: it is not one of the supported forms.
        """
        root = _ROOT.fullmatch(text)
        rest = root["rest"] if root else None
        if rest == "":
            return cls(text)
        if rest and (dotted := _DOTTED.fullmatch(rest)):
            return cls(text, names=(dotted[1],))
        if rest and _QUOTED.fullmatch(rest):
            return cls(text, names=tuple(re.findall(r"'([^']+)'", rest)))
        if rest and _POSITIONS.fullmatch(rest):
            return cls(text, positions=tuple(_position(part.strip(), text) for part in rest[1:-1].split(",")))
        raise InvalidPath(f"{text!r} is not a JSONPath that the emulator supports; it supports {_KNOWN}.")

    def of_row(self, row: Sequence[str]) -> list[str]:
        """Select values of a row.

        :raises OutOfRange: the row does not have a position that the path names.
        """
        if not self.positions:
            return list(row)
        chosen: list[str] = []
        for position in self.positions:
            if isinstance(position, slice):
                chosen += row[position]
            elif -len(row) <= position < len(row):
                chosen.append(row[position])
            else:
                raise OutOfRange(f"{self.text} needs a value at {position}, but there are {len(row)} values")
        return chosen


def _position(part: str, text: str) -> int | slice:
    if _INDEX.fullmatch(part):
        return int(part)
    if found := _SLICE.fullmatch(part):
        # The end is excluded, as in the JsonPath library that the service's page names as its reference; an example on
        # that page includes the end.
        return slice(*(None if bound is None else int(bound) for bound in found.groups()))
    raise InvalidPath(f"{text!r} has {part!r}, which is neither a position nor a range of positions.")
