"""Reads the corpus of invalid registrations."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from tests.support.requests import GONE


class CorpusLoader(yaml.CSafeLoader):
    """YAML with short notations for long values.

    ``!gone`` removes a member; ``!times [3, x]`` is a text, ``!copies [3, x]`` a list, ``!numbered [3, {}]`` a list
    with distinct names; ``!keys 3`` is a mapping.
    """


def _times(loader: CorpusLoader, node: yaml.SequenceNode) -> Any:
    count, what = loader.construct_sequence(node, deep=True)
    return what * count


def _copies(loader: CorpusLoader, node: yaml.SequenceNode) -> Any:
    count, what = loader.construct_sequence(node, deep=True)
    return [what] * count


def _numbered(loader: CorpusLoader, node: yaml.SequenceNode) -> Any:
    count, what = loader.construct_sequence(node, deep=True)
    return [{"Name": f"n{number}", **what} for number in range(count)]


CorpusLoader.add_constructor("!gone", lambda loader, node: GONE)
CorpusLoader.add_constructor("!times", _times)
CorpusLoader.add_constructor("!copies", _copies)
CorpusLoader.add_constructor("!numbered", _numbered)
CorpusLoader.add_constructor("!keys", lambda loader, node: {f"key{n}": "x" for n in range(int(node.value))})


def read_corpus(path: Path) -> list[dict[str, Any]]:
    """Read the entries of a corpus."""
    entries: list[dict[str, Any]] = yaml.load(path.read_text("utf-8"), CorpusLoader)  # noqa: S506
    return entries
