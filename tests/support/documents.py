"""The pages that people read, and the blocks of code in them, which are run by the tests.

How a block is treated follows from its language:

``python``
    Runs on its own, as it would when it is copied, and has to define something (a DAG, an operator, a value of this
    package) or to assert something.
``console``
    A line ``$ python -m airflow_sagemaker_automl …`` is run, in an empty folder that the page's blocks share;
    ``> FILE`` at its end works. The lines below are what it prints, errors included. ``...`` stands for any text,
    on a line of its own for any lines. Other commands are refused: they are ``bash``.
``bash``
    Other commands, without a prompt and without their output. Run from top to bottom in the tutorial; elsewhere only
    read by ``bash -n``.
``json``, ``yaml``, ``toml``, ``ini``
    Can be parsed. What has ``AutoMLProblemTypeConfig`` breaks no rule of ``request check``.
``text``
    What something prints. In the tutorial, the ``bash`` block above it prints that (``...`` as above); elsewhere
    nobody compares.

A block without a language is refused, and so is an indented one, but in the README.

A comment in the line before a block says what is special about it:

``<!-- continues -->``
    A ``python`` block that uses the names of the one before it on the page.
``<!-- file: NAME -->``
    What the reader saves under this name; ``console`` blocks below find it. Works with ``literalinclude`` too.
``<!-- not run: REASON -->``
    A block that cannot be run, and why: it needs a browser, an AWS account, another package.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

from demo.sandbox import REPOSITORY

_REMARK = re.compile(r"<!-- (continues|file|not run)(?:: (.+?))? -->")


@dataclass(frozen=True, kw_only=True)
class Block:
    """A block of code on a page.

    :param page: the file that it stands in.
    :param line: of the page, counted from one.
    :param language: empty where none is given.
    :param text: with the line feed of its last line; of an included file, that file's content.
    :param remarks: what the comments before it say: ``continues``, ``file`` and ``not run``, with what follows each.
    :param is_included: it stands in a file of the repository, which has tests of its own.
    """

    page: Path
    line: int
    language: str
    text: str
    remarks: dict[str, str]
    is_included: bool

    def __str__(self) -> str:
        return f"{self.page.relative_to(REPOSITORY)}:{self.line}"


def pages() -> list[Path]:
    """Find the README and the pages of the documentation."""
    return [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]


def blocks(page: Path) -> list[Block]:
    """Find the blocks of a page, in their order; directives of Sphinx that show no code are none."""
    found = []
    remarks: dict[str, str] = {}
    for token in MarkdownIt("commonmark").parse(page.read_text()):
        if token.type == "html_block":
            remarks |= dict(_REMARK.findall(token.content))
            continue
        if token.type in ("fence", "code_block"):
            assert token.map is not None
            directive, _, argument = token.info.strip().partition(" ")
            text, is_included = token.content, directive == "{literalinclude}"
            if is_included:
                text, directive = (page.parent / argument).read_text(), "python"
            if not directive.startswith("{"):
                found.append(
                    Block(
                        page=page,
                        line=token.map[0] + 1,
                        language=directive,
                        text=text,
                        remarks=remarks,
                        is_included=is_included,
                    )
                )
        remarks = {}
    return found


def matches(shown: str, printed: str) -> bool:
    """Compare what a page shows with what was printed; ``...`` stands for any text, or alone for any lines."""
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "..." else re.escape(line.rstrip()).replace(r"\.\.\.", ".*?") + r"[ \t]*\n"
        for line in shown.rstrip().splitlines()
    )
    return re.fullmatch(pattern + r"\s*", f"{printed.rstrip()}\n") is not None
