"""Escapes texts, so that Markdown shows them literally.

The rules are those of GitHub Flavored Markdown: https://github.github.com/gfm/
"""

from __future__ import annotations

import re

from airflow_sagemaker_automl.rendering.values import is_identifier, printable

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "|": "&#124;"}
# Underscores within a word need no escape.
_WITH_MEANING = re.compile(r"[\\`*\[\]~$!#&<>|]|(?<!\w)_+|_+(?!\w)")
_STARTS_A_LIST_OR_LINE = re.compile(r"^(?:[-+](?=\s|$)|-(?=-)|\d{1,9}(?=[.)](?:\s|$)))")
# Renderers turn these into links even if they are escaped, because they search the parsed text.
_LINKABLE = re.compile(r"://|@|(?<![^\W_])www\.", re.IGNORECASE)
_FIT_FOR_CODE = re.compile(r"[^\s`|\\]+")
_WORD_JOINER = "\N{WORD JOINER}"


def inline(text: str) -> str:
    """Escape a text and put it on one line, for a paragraph, a heading or a table cell."""
    words = " ".join(printable(text).split())
    if is_identifier(words) and _FIT_FOR_CODE.fullmatch(words):
        return f"`{words}`"
    written = " ".join(map(_word, words.split(" ")))
    return _STARTS_A_LIST_OR_LINE.sub(_guarded_start, written)


def paragraphs(text: str) -> list[str]:
    """Make each line of a text a paragraph."""
    return [inline(line) for line in text.splitlines() if line.strip()]


def table(columns: list[str], rows: list[list[str]], *, numeric: bool = False) -> str:
    """Lay out a table of cells that are already Markdown.

    :param numeric: whether all columns except the first are right-aligned. Default: no.
    """
    marks = ["---", *("--:" if numeric else "---" for _ in columns[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (columns, marks, *rows))


def _word(word: str) -> str:
    if not _LINKABLE.search(word):
        return _WITH_MEANING.sub(_escaped, word)
    if _FIT_FOR_CODE.fullmatch(word):
        return f"`{word}`"
    # A code span cannot hold it; a zero-width character prevents the link.
    joined = re.sub(r":(?=//)|(?=@)|www(?=\.)", lambda match: f"{match[0]}{_WORD_JOINER}", word, flags=re.IGNORECASE)
    return _WITH_MEANING.sub(_escaped, joined)


def _escaped(match: re.Match[str]) -> str:
    return _ENTITIES.get(match[0]) or "".join(f"\\{character}" for character in match[0])


def _guarded_start(match: re.Match[str]) -> str:
    start = match[0]
    return f"{start}\\" if start[0].isdigit() else f"\\{start}"
