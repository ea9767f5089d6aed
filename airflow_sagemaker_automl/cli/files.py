"""Shared by all commands: reading and writing files or ``-``, and the error for unusable input."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from airflow_sagemaker_automl.exceptions import escaped

STDIO = "-"
TO_BE_MENDED = 1
UNREADABLE = 2


class FileUnreadable(click.ClickException):
    """The input or output of a command cannot be used.

    :param reasons: the reasons, one line each.
    """

    exit_code = UNREADABLE

    def __init__(self, *reasons: str) -> None:
        super().__init__("\n".join(map(escaped, reasons)))


def _of_input() -> str:
    from airflow_sagemaker_automl.core.values.documents import MOST_BYTES, as_text

    return as_text(sys.stdin.buffer.read(MOST_BYTES + 1))


def read(path: str) -> tuple[str, str]:
    """Read a file or standard input.

    :return: the text, and the suffix of the file's name; for standard input the suffix of the detected format.
    :raises FileUnreadable: the file cannot be read; the message says why.
    """
    from airflow_sagemaker_automl.core.values import documents

    try:
        text = _of_input() if path == STDIO else documents.read_file(path)
    except documents.Unreadable as error:
        reason = f"it {error}."
    except FileNotFoundError:
        reason = "the file does not exist."
    except OSError as error:
        reason = f"it cannot be read: {error.strerror}."
    else:
        if path != STDIO:
            return text, Path(path).suffix
        return text, ".json" if text.lstrip().startswith("{") else ".yaml"
    raise FileUnreadable(f"{path}: {reason}")


def write(path: str, text: str) -> None:
    """Write a text in UTF-8 to a file or to standard output.

    :raises FileUnreadable: the file cannot be written; the message says why.
    """
    content = text.encode()
    if path == STDIO:
        # As bytes, because a terminal may have another encoding.
        click.echo(content, nl=False)
        return
    try:
        Path(path).write_bytes(content)
    except FileNotFoundError:
        reason = "its folder does not exist."
    except IsADirectoryError:
        reason = "it is a directory; name a file."
    except OSError as error:
        reason = f"it cannot be written: {error.strerror}."
    else:
        return
    raise FileUnreadable(f"{path}: {reason}")
