"""How texts of other people are shown in errors, logs and terminals."""

from __future__ import annotations

# Characters that Unicode counts as letters or marks, and that nobody sees: fillers, joiners and variation selectors.
_INVISIBLE = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u3164\uffa0"
    + "".join(map(chr, (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0))))
)


def escaped(text: object) -> str:
    """Write a text so that it stays on its line and is seen as it is.

    A key of a file, a column or a name may hold anything: a line break would forge a line of a log, an escape code
    would change the terminal, and a change of direction would show other words than there are.

    :param text: a text, or a value to be written as one.
    :return: the text, in which control, format, direction and zero-width characters, and whatever else cannot be
        seen, are escaped as in Python: ``\\n``, ``\\x1b``, ``\\u202e``.
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
