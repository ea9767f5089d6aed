"""Do what the tutorial says, as its reader would: ``python -m tests.support.tutorial BIN_DIR FOLDER``.

The package has to be installed in the environment that ``BIN_DIR`` belongs to, with the extra ``emulator``; nothing
of this repository is on its path. What the page shows as printed is compared with what is printed.
"""

from __future__ import annotations

import os
import secrets
import shlex
import subprocess
import sys
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import psutil

from demo.sandbox import REPOSITORY
from demo.standalone import free_port
from tests.support.documents import Block, blocks, matches

PAGE = REPOSITORY / "docs" / "tutorial.md"
_WITHIN_SECONDS = 1800


def run_tutorial(bin_dir: Path, folder: Path) -> None:
    """Save the files and run the commands of the page, from top to bottom, in one shell.

    :param bin_dir: of the environment in which the package is installed.
    :param folder: where the reader works; it is empty, or not there yet.
    :raises AssertionError: a command fails, or prints something else than the page shows; the message has both.
    """
    folder.mkdir(parents=True, exist_ok=True)
    assert not any(folder.iterdir()), f"{folder} is not empty."
    steps = [block for block in blocks(PAGE) if "not run" not in block.remarks]
    script = folder.parent / f"{folder.name}.sh"
    script.write_text(_script(steps, folder))
    process = subprocess.Popen(
        ["bash", str(script)], cwd=folder, env=_environment(bin_dir), start_new_session=True, stdin=subprocess.DEVNULL
    )
    try:
        status = process.wait(_WITHIN_SECONDS)
    finally:
        _close_terminal(process.pid)
    begun = [block for block in steps if _output(folder, block).exists()]
    last = begun[-1]
    assert status == 0, f"{last} ends with status {status}:\n{last.text}\nIt prints:\n{_printed(folder, last)}"
    for before, block in pairwise(steps):
        if before in begun and block.language == "text":
            found = _printed(folder, before)
            assert matches(block.text, found), f"{block} shows:\n{block.text}\nIt prints:\n{found}"


def _close_terminal(session: int) -> None:
    """End what the reader has left in the background, too."""
    for process in psutil.process_iter():
        with suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getsid(process.pid) == session:
                process.kill()


def _script(steps: list[Block], folder: Path) -> str:
    """Write the reader's work as one program, whose blocks print into files of their own."""
    # A terminal has jobs, which can be interrupted one by one.
    lines = ["set -em"]
    for block in steps:
        if "file" in block.remarks:
            name = shlex.quote(block.remarks["file"])
            lines.append(f"cat > {name} <<'END OF THE FILE'\n{block.text}END OF THE FILE")
        elif block.language == "bash":
            lines.append(f"exec > {shlex.quote(str(_output(folder, block)))} 2>&1\n{block.text}")
    return "\n".join(lines) + "\n"


def _output(folder: Path, block: Block) -> Path:
    return folder.parent / f"{folder.name}-line-{block.line}.txt"


def _printed(folder: Path, block: Block) -> str:
    return _output(folder, block).read_text(errors="replace")


def _environment(bin_dir: Path) -> dict[str, str]:
    """Describe a terminal that was just opened, on a machine where other things run too."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AIRFLOW", "AWS_", "PYTHON", "VIRTUAL_ENV"))
    }
    port = free_port()
    return {
        **kept,
        "PATH": f"{bin_dir.resolve()}{os.pathsep}{os.environ['PATH']}",
        "EMULATOR_PORT": str(free_port()),
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__CORE__PARALLELISM": "4",
        # Of a machine that does other work at the same time, tasks expect no quick answer.
        "AIRFLOW__WORKERS__EXECUTION_API_TIMEOUT": "120",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(free_port()),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(32),
    }


def main() -> int:
    """Take the two folders from the command line.

    :return: exit status: 0 where the tutorial does what it says.
    """
    if len(sys.argv) != 3:
        print("usage: python -m tests.support.tutorial BIN_DIR FOLDER", file=sys.stderr)
        return 2
    try:
        run_tutorial(Path(sys.argv[1]).absolute(), Path(sys.argv[2]).absolute())
    except AssertionError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
