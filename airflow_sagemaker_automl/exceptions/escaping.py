"""Escape untrusted text for errors, logs and terminals."""

from __future__ import annotations

# Invisible characters that Unicode counts as letters or marks: fillers, joiners and variation selectors.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)


def escaped(text: object) -> str:
    """Escape invisible characters and keep the text on one line.

    Keys, column names and other names can hold any character: a line break forges a log line, an escape code changes
    the terminal, and a change of direction shows other words than the text has.

    :param text: a string, or a value to convert to one.
    :return: the text, with control, format, direction, zero-width and other invisible characters escaped as in
        Python: ``\\n``, ``\\x1b``, ``\\u202e``.
    """
    shown = str(text)
    if shown.isascii() and shown.isprintable():
        return shown
    return "".join(
        character if character.isprintable() and character not in _INVISIBLE else _escape(character)
        for character in shown
    )


def _escape(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
