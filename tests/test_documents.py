"""The README and the pages in docs/ show what a reader gets; ``tests.support.documents`` has the conventions."""

from __future__ import annotations

import ast
import configparser
import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow.sdk import DAG, Asset, BaseOperator
from click.testing import CliRunner

import airflow_sagemaker_automl
from airflow_sagemaker_automl.cli import main
from demo.sandbox import REPOSITORY
from tests.support.documents import Block, blocks, matches, pages
from tests.support.tutorial import PAGE as TUTORIAL

_COMMAND = "python -m airflow_sagemaker_automl "
# What a terminal of 80 columns leaves to help texts.
_WIDTH = 78
_PARSERS: dict[str, Callable[[str], Any]] = {
    "json": json.loads,
    "yaml": lambda text: list(yaml.safe_load_all(text)),
    "toml": tomllib.loads,
    "ini": lambda text: configparser.ConfigParser().read_string(text),
}
_LANGUAGES = {"python", "console", "bash", "text", *_PARSERS}

ALL = [block for page in pages() for block in blocks(page)]
RUN = [block for block in ALL if "not run" not in block.remarks]


def _of(*languages: str) -> list[Block]:
    return [block for block in RUN if block.language in languages]


def _with_console() -> list[Path]:
    return list(dict.fromkeys(block.page for block in _of("console")))


def _is_ours(value: object) -> bool:
    return isinstance(value, DAG | BaseOperator | Asset) or type(value).__module__.startswith(
        "airflow_sagemaker_automl"
    )


def _asserts(text: str) -> bool:
    return any(isinstance(node, ast.Assert) for node in ast.walk(ast.parse(text)))


def test_every_block_says_what_it_is() -> None:
    """A block has a language that is looked at; one that is not run says why."""
    indented = [str(block) for block in ALL if not block.language and block.page.name != "README.md"]
    unknown = [f"{block}: {block.language}" for block in ALL if block.language not in {*_LANGUAGES, ""}]
    unexplained = [str(block) for block in ALL if len(block.remarks.get("not run", "a reason").split()) < 2]
    assert (indented, unknown, unexplained) == ([], [], [])


@pytest.mark.parametrize(
    "block", [block for block in _of("python") if not block.is_included and block.page != TUTORIAL], ids=str
)
def test_python_runs(block: Block) -> None:
    """What is copied from a page makes the DAG, the task or the value that it shows."""
    names: dict[str, object] = {}
    before = [other for other in _of("python") if other.page == block.page and other.line < block.line]
    with DAG(dag_id="outer", schedule=None):
        for other in _continued(block, before):
            exec(compile(other.text, str(other), "exec"), names)  # noqa: S102
        known = set(names)
        exec(compile(block.text, str(block), "exec"), names)  # noqa: S102
    made = [value for name, value in names.items() if name not in known]
    assert _asserts(block.text) or any(_is_ours(value) for value in made)


def _continued(block: Block, before: list[Block]) -> list[Block]:
    """Find the blocks whose names a block uses, in their order."""
    found: list[Block] = []
    while "continues" in block.remarks:
        block = before.pop()
        found.insert(0, block)
    return found


@pytest.mark.parametrize("page", _with_console(), ids=lambda page: str(page.relative_to(REPOSITORY)))
def test_our_commands_print_what_is_shown(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each command of ours, typed in the folder with the page's files, prints what stands below it."""
    monkeypatch.chdir(tmp_path)
    for block in blocks(page):
        if "file" in block.remarks:
            path = tmp_path / block.remarks["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text)
        if block.language == "console" and "not run" not in block.remarks:
            for command, shown in _commands(block):
                printed = _printed(command)
                assert matches(shown, printed), f"{block}: {command}\nshown:\n{shown}\nprinted:\n{printed}"


def _commands(block: Block) -> list[tuple[str, str]]:
    """Split a console block into commands, joined over ends of lines, and what they print."""
    parts = re.split(r"^\$ ((?:.*\\\n)*.*)\n", block.text, flags=re.MULTILINE)
    assert parts[0] == "", f"{block} begins with no command"
    return [(re.sub(r"\\\n\s*", "", command), shown) for command, shown in zip(parts[1::2], parts[2::2], strict=True)]


def _printed(command: str) -> str:
    assert command.startswith(_COMMAND), f"{command!r} is none of ours; a bash block may have it"
    *arguments, name = shlex.split(command.removeprefix(_COMMAND))
    if not arguments or arguments[-1] != ">":
        return CliRunner().invoke(main, [*arguments, name], prog_name=_COMMAND.rstrip(), terminal_width=_WIDTH).output
    result = CliRunner().invoke(main, arguments[:-1])
    Path(name).write_text(result.stdout)
    return result.stderr


@pytest.mark.parametrize("block", _of(*_PARSERS), ids=str)
def test_data_can_be_read(block: Block, tmp_path: Path) -> None:
    """A block of data can be parsed, and an AutoML request breaks no rule."""
    _PARSERS[block.language](block.text)
    if "AutoMLProblemTypeConfig" in block.text:
        path = tmp_path / f"request.{block.language}"
        path.write_text(block.text)
        result = CliRunner().invoke(main, ["request", "check", str(path)])
        assert result.exit_code == 0, f"{block}: {result.output}"


def test_shell_can_be_read() -> None:
    """No command for a shell has an open quote or a missing word."""
    for block in _of("bash"):
        result = subprocess.run(["bash", "-n"], input=block.text, capture_output=True, text=True)
        assert (str(block), result.stderr) == (str(block), "")


def test_the_module_map_is_whole() -> None:
    """The architecture page has the package's modules, all of them."""
    package = REPOSITORY / "airflow_sagemaker_automl"
    section = (REPOSITORY / "docs" / "architecture.md").read_text().partition("## What is where")[2]
    mapped = set(re.findall(r"^\| `([\w/.]+)` \|", section, re.MULTILINE))
    present = {path.name for path in package.glob("*.py")} | {
        f"{path.name}/" for path in package.iterdir() if path.is_dir() and path.name != "__pycache__"
    }
    assert mapped == present - {"__init__.py"}


def test_the_reference_has_every_public_name() -> None:
    """Each name that can be imported from the package has its entry on a page of the reference."""
    pages_of_it = (REPOSITORY / "docs" / "reference").glob("*.rst")
    documented = re.findall(
        r"^\.\. auto\w+:: (\w+)$", "\n".join(page.read_text() for page in pages_of_it), re.MULTILINE
    )
    assert sorted(documented) == sorted({*airflow_sagemaker_automl.__all__} - {"__version__"})


def test_dots_stand_for_what_changes() -> None:
    """What is printed may differ from the page only where the page has dots."""
    assert matches("a ... c\n", "a b c\n")
    assert matches("a\n...\nd", "a\nb\nc\nd")
    assert matches("a\n...\nd", "a\nd")
    assert not matches("a", "a\nb")
    assert not matches("a b", "a c")
    assert not matches("a\n...", "b\na")
