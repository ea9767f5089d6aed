"""The files around the package: CI, hooks, templates, and the pages for contributors name what exists."""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from demo.sandbox import REPOSITORY

GITHUB = REPOSITORY / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").iterdir())
FORMS = [GITHUB / "ISSUE_TEMPLATE" / name for name in ("bug_report.yml", "feature_request.yml")]
HOOKS = REPOSITORY / ".pre-commit-config.yaml"
PAGES = [
    REPOSITORY / name
    for name in (
        "CONTRIBUTING.md",
        "SECURITY.md",
        ".github/pull_request_template.md",
        "docs/contributing-an-operator.md",
        "docs/deprecation.md",
    )
]
MAKEFILE = (REPOSITORY / "Makefile").read_text()
TARGETS = set(re.findall(r"^([a-z]+):", MAKEFILE, re.MULTILINE))
_BINARIES = ".venv/bin"
# GitHub's schema of issue forms; each but the first needs a label.
_ELEMENTS = ("markdown", "input", "textarea", "dropdown", "checkboxes")


def _read(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def _jobs(workflow: Path) -> dict[str, Any]:
    jobs: dict[str, Any] = _read(workflow)["jobs"]
    return jobs


def _steps() -> list[dict[str, Any]]:
    return [step for workflow in WORKFLOWS for job in _jobs(workflow).values() for step in job["steps"]]


def _unknown(command: str) -> Iterator[str]:
    """List the targets and files of a command that do not exist."""
    first, *others = shlex.split(command)
    if first == "make":
        yield from (word for word in others if "=" not in word and word not in TARGETS)
    elif not (REPOSITORY / first).is_file():
        yield first


def _recipe(target: str) -> list[str]:
    """Read the commands of a target of the Makefile."""
    recipe = re.search(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    assert recipe
    return [line.strip().replace("$(BIN)", _BINARIES) for line in recipe[1].splitlines()]


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_has_what_github_requires(workflow: Path) -> None:
    """Events, and jobs with a machine and steps; it may read the repository, and nothing else."""
    read = _read(workflow)
    # YAML 1.1 reads the key `on` as True.
    assert {"pull_request", "push"} == set(read[True])
    assert read["permissions"] == {"contents": "read"}
    assert read["jobs"]
    for job in read["jobs"].values():
        assert job["runs-on"].startswith("ubuntu-")
        assert job["steps"]
        assert all(("run" in step) != ("uses" in step) for step in job["steps"])


def test_what_ci_runs_exists() -> None:
    """Each command of a workflow is a target of the Makefile or a file of the repository."""
    commands = [line for step in _steps() if "run" in step for line in step["run"].splitlines()]
    assert commands
    assert [unknown for command in commands for unknown in _unknown(command)] == []


def test_actions_are_of_github_and_pinned_by_their_major_version() -> None:
    """No action of a third party runs with the repository's token."""
    for step in _steps():
        assert re.fullmatch(r"actions/[a-z-]+@v\d+|", step.get("uses", "")), step


def test_ci_has_a_python_that_is_supported() -> None:
    """It is the oldest one, for which the requirements are locked."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    (version,) = [step["with"]["python-version"] for step in _steps() if "setup-python" in step.get("uses", "")]
    assert project["requires-python"].startswith(f">={version},")


def test_hooks_run_the_commands_of_make_check() -> None:
    """A commit is checked with the commands and the environment that CI has; nothing is downloaded."""
    (source,) = _read(HOOKS)["repos"]
    assert source["repo"] == "local"
    assert [hook["entry"] for hook in source["hooks"]] == _recipe("check")
    for hook in source["hooks"]:
        assert hook["id"]
        assert hook["name"]
        assert (hook["language"], hook["pass_filenames"], hook["always_run"]) == ("system", False, True)


@pytest.mark.parametrize("form", FORMS, ids=lambda path: path.name)
def test_an_issue_form_is_one_that_github_shows(form: Path) -> None:
    """GitHub ignores a form without a name, a description or a body, or with an unknown element."""
    read = _read(form)
    assert {"name", "description", "body"} <= set(read)
    ids = [element["id"] for element in read["body"] if element["type"] != "markdown"]
    assert ids
    assert len(set(ids)) == len(ids)
    for element in read["body"]:
        assert element["type"] in _ELEMENTS
        assert element["attributes"]["value" if element["type"] == "markdown" else "label"]
        assert element["type"] != "dropdown" or all(
            isinstance(option, str) for option in element["attributes"]["options"]
        )


def test_no_other_template_is_there() -> None:
    """Each file in the folder of the issue templates is a form that is tested, or the folder's configuration."""
    config = GITHUB / "ISSUE_TEMPLATE" / "config.yml"
    assert {*config.parent.iterdir()} == {*FORMS, config}
    assert _read(config) == {"blank_issues_enabled": False}


def test_updates_are_proposed_for_files_that_exist() -> None:
    """Dependabot reads the locked requirements and the workflows, not the requirements that are old on purpose."""
    read = _read(GITHUB / "dependabot.yml")
    assert read["version"] == 2
    updates = {update["package-ecosystem"]: update for update in read["updates"]}
    assert updates.keys() == {"pip", "github-actions"}
    assert all(update["directory"] == "/" and update["schedule"]["interval"] for update in updates.values())
    left = {REPOSITORY / path for path in updates["pip"]["exclude-paths"]}
    assert {*(REPOSITORY / "requirements").iterdir()} - left == {REPOSITORY / "requirements" / "development.txt"}
    assert all(path.exists() for path in left)


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_pages_for_contributors_name_what_exists(page: Path) -> None:
    """Each path of the repository or the package, each test, each target and each linked page is there."""
    text = page.read_text()
    assert [name for name in _paths(text) if not _exists(name)] == []
    commands = re.findall(r"^    (make .+)|`(make [^`]+)`", text, re.MULTILINE)
    assert [unknown for command in commands for unknown in _unknown(command[0] or command[1])] == []
    linked = [target for target in re.findall(r"\]\((?!https?:)([^)#]+)", text) if target]
    assert [target for target in linked if not (page.parent / target).exists()] == []


def _paths(text: str) -> list[str]:
    """List the paths in backticks, with the test that follows a path."""
    return re.findall(r"`(\.?[\w-]+(?:/[\w.-]*)+(?:::\w+)?|[\w.-]+\.(?:py|md|toml|yaml))`", text)


def _exists(name: str) -> bool:
    path, _, test = name.partition("::")
    places = [root / path for root in (REPOSITORY, REPOSITORY / "airflow_sagemaker_automl")]
    found = [place for place in places if place.exists()]
    return bool(found) and (not test or f"def {test}(" in found[0].read_text())
