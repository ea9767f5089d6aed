"""What all commands have in common: files, ``-``, and how an input that cannot be used is told."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from airflow_sagemaker_automl.exceptions import escaped

STDIO = "-"
TO_BE_MENDED = 1
UNREADABLE = 2


class Unreadable(click.ClickException):
    """There is nothing that the command could work on.

    :param reasons: why, a line for each.
    """

    exit_code = UNREADABLE

    def __init__(self, *reasons: str) -> None:
        super().__init__("\n".join(map(escaped, reasons)))


def _of_input() -> str:
    from airflow_sagemaker_automl.core.documents import MOST_BYTES, as_text

    return as_text(sys.stdin.buffer.read(MOST_BYTES + 1))


def read(path: str) -> tuple[str, str]:
    """Read a file and tell how it is written.

    :return: its text, and the suffix of its name.
    :raises Unreadable: with what is wrong about it.
    """
    from airflow_sagemaker_automl.core import documents

    try:
        text = _of_input() if path == STDIO else documents.read_file(path)
    except documents.Unreadable as error:
        reason = f"it {error}."
    except FileNotFoundError:
        reason = "there is no such file."
    except OSError as error:
        reason = f"it cannot be read: {error.strerror}."
    else:
        if path != STDIO:
            return text, Path(path).suffix
        return text, ".json" if text.lstrip().startswith("{") else ".yaml"
    raise Unreadable(f"{path}: {reason}")


def write(path: str, text: str) -> None:
    """Write a text in UTF-8 to a file, or to standard output.

    :raises Unreadable: with what keeps it from being written.
    """
    content = text.encode()
    if path == STDIO:
        # As bytes, so that a terminal of another encoding is no reason to fail.
        click.echo(content, nl=False)
        return
    try:
        Path(path).write_bytes(content)
    except FileNotFoundError:
        reason = "there is no such folder to write it to."
    except IsADirectoryError:
        reason = "it is a directory; name the file to write."
    except OSError as error:
        reason = f"it cannot be written: {error.strerror}."
    else:
        return
    raise Unreadable(f"{path}: {reason}")
