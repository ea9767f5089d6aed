"""The command line, as a newcomer types it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from airflow_sagemaker_automl.cli import SKELETONS, main
from demo.sandbox import REPOSITORY

COMMAND = [sys.executable, "-m", "airflow_sagemaker_automl"]
V1 = {
    "AutoMLJobName": "churn-1",
    "InputDataConfig": [
        {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/{{ ds }}/"}},
            "TargetAttributeName": "weiß",
        }
    ],
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
    "RoleArn": "arn:aws:iam::123456789012:role/x",
}
V2 = {
    "AutoMLJobName": "churn-1",
    "AutoMLJobInputDataConfig": [
        {"DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/{{ ds }}/"}}}
    ],
    "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "weiß"}},
    "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
    "RoleArn": "arn:aws:iam::123456789012:role/x",
}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are typed as people type them."""
    monkeypatch.chdir(tmp_path)


def _run(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["request", *arguments], input=stdin)


def test_help_imports_neither_airflow_nor_the_aws_sdk() -> None:
    """Help comes at once."""
    script = """
import runpy, sys
sys.argv = ["airflow_sagemaker_automl", "request", "new", "--help"]
try:
    runpy.run_module("airflow_sagemaker_automl", run_name="__main__")
except SystemExit as end:
    assert end.code == 0, end.code
print({"airflow", "boto3", "botocore", "yaml"} & set(sys.modules))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.startswith("Usage: python -m airflow_sagemaker_automl request new [OPTIONS] TYPE")
    assert done.stdout.endswith("set()\n")


@pytest.mark.parametrize("command", ["new", "check", "migrate"])
def test_each_command_has_help_with_an_example(command: str) -> None:
    """An example says more than a synopsis."""
    assert f"Example:\n    python -m airflow_sagemaker_automl request {command} " in _run(command, "--help").stdout


def test_the_list_of_commands_cuts_no_sentence() -> None:
    """Click shortens a first sentence that is too long."""
    assert "..." not in _run("--help").stdout.partition("Commands:")[2]


@pytest.mark.parametrize("kind", SKELETONS)
def test_new_prints_a_request_that_check_accepts(kind: str) -> None:
    """The two commands that the help names, one after the other."""
    skeleton = _run("new", kind).stdout
    Path("request.yaml").write_text(skeleton)
    checked = _run("check", "request.yaml")
    assert (checked.stdout, checked.exit_code) == ("request.yaml: valid\n", 0)
    assert _run("check", "-", stdin=skeleton).stdout == "-: valid\n"


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["tabula"], "TYPE = 'tabula' must be one of tabular, time-series, text-classification, "),
        (["tabula"], "Did you mean tabular?"),
        (["TimeSeries"], "Did you mean time-series?"),
        (["TEXT_GENERATION"], "Did you mean text-generation?"),
        ([], "TYPE is required: one of tabular, time-series, text-classification, "),
    ],
)
def test_an_unknown_type_is_answered_with_those_there_are(typed: list[str], words: str) -> None:
    """Mistyped or left out."""
    answer = _run("new", *typed)
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert words in answer.stderr


def test_check_names_every_violation_of_every_file() -> None:
    """One line each, with the file before it, and the exit code of a failed check."""
    Path("good.yaml").write_text(_run("new", "tabular").stdout)
    Path("bad.yml").write_text(
        Path("good.yaml").read_text().replace("s3://my-bucket/models/", "nowhere").replace("S3Prefix\n", "S3prefix\n")
    )
    answer = _run("check", "good.yaml", "bad.yml")
    assert answer.exit_code == 1
    assert "good.yaml: valid\n" in answer.stdout
    violations = [line for line in answer.stdout.splitlines() if line.startswith("bad.yml: ")]
    assert any("OutputDataConfig.S3OutputPath" in line for line in violations)
    assert any("S3DataType" in line for line in violations)
    assert len(violations) == len(answer.stdout.splitlines()) - 1


def test_check_leaves_templates_for_when_they_are_rendered() -> None:
    """A file for the operator may hold Jinja wherever a value stands."""
    text = _run("new", "time-series").stdout.replace("ForecastHorizon: 14", 'ForecastHorizon: "{{ params.days }}"')
    assert _run("check", "-", stdin=text).stdout == "-: valid\n"


_NO_REQUESTS = {
    "AutoMLJobName: [": "is not valid YAML: ",
    "RoleArn: a\nRoleArn: b\n": "is ambiguous: line 1: the key 'RoleArn' appears 2 times",
    "": "must hold a mapping of CreateAutoMLJobV2's arguments",
    "- 1\n": "must hold a mapping of CreateAutoMLJobV2's arguments",
    "day: 2024-02-31": "is not valid YAML: line 1: '2024-02-31' is not a valid timestamp",
    "day: !!timestamp x": "is not valid YAML: line 1: 'x' is not a valid timestamp",
    f"count: {'1' * 5000}": "is not valid YAML: line 1: ",
    "[" * 1000: "is nested too deep: more than 50 levels",
    "{a: &a [*a]}": "contains itself",
    "a: " + "x" * 2**20: "is too large: it has more than 1024 KiB",
}


@pytest.mark.parametrize("command", ["check", "migrate"])
@pytest.mark.parametrize("content", list(_NO_REQUESTS), ids=list(_NO_REQUESTS.values()))
def test_a_file_that_holds_no_request_is_told_apart_from_a_bad_one(command: str, content: str) -> None:
    """Broken, ambiguous, empty, too large, or something else: one sentence, and exit status 2 as documented."""
    Path("request.yaml").write_text(content)
    answer = _run(command, "request.yaml")
    assert (answer.stdout, answer.exit_code) == ("", 2)
    assert answer.stderr.startswith("Error: request.yaml: ")
    assert _NO_REQUESTS[content] in answer.stderr
    assert len(answer.stderr.splitlines()) == 1


@pytest.mark.parametrize("command", [("request", "check"), ("request", "migrate"), ("card", "show")])
def test_only_regular_files_are_read(command: tuple[str, str]) -> None:
    """Nobody waits for a pipe that nobody writes to, and a device has no end."""
    os.mkfifo("pipe.yaml")
    for path, words in {
        "pipe.yaml": "it is a pipe, not a regular file.",
        "/dev/zero": "it is not a regular file.",
    }.items():
        answer = CliRunner().invoke(main, [*command, path])
        assert (answer.stdout, answer.exit_code) == ("", 2)
        assert f"{path}: {words}" in answer.stderr


def test_what_comes_in_is_read_up_to_the_limit() -> None:
    """Standard input may have no end."""
    answer = _run("check", "-", stdin="a: " + "x" * 2**21)
    assert (answer.stdout, answer.exit_code) == ("", 2)
    assert "-: it is too large: it has more than 1024 KiB." in answer.stderr


@pytest.mark.parametrize("command", ["check", "migrate"])
def test_keys_and_names_of_files_forge_no_line_of_a_terminal(command: str) -> None:
    """Line breaks, escape codes and directions in a key, a value or a name are shown, not obeyed."""
    forged = "a\nrequest.yaml: valid\x1b[2J\u202e"
    Path(f"{forged}.json").write_text(json.dumps({**V1, forged: {forged: forged}}))
    answer = _run(command, f"{forged}.json")
    lines = answer.stdout.splitlines() if command == "check" else answer.stderr.splitlines()
    assert r"a\nrequest.yaml: valid\x1b[2J\u202e" in "".join(lines)
    assert not any(line.startswith("request.yaml") for line in lines)
    assert all(line.isprintable() for line in lines)


@pytest.mark.parametrize("command", ["check", "migrate"])
@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("none.yaml", "none.yaml: the file does not exist."),
        ("folder", "folder: it is a directory; pass the files in it."),
        ("latin.yaml", "latin.yaml: it is not UTF-8 text: invalid start byte at byte 9."),
        ("x" * 300, "it cannot be read: File name too long."),
    ],
)
def test_a_file_that_cannot_be_read_is_told_apart_from_a_bad_request(command: str, path: str, words: str) -> None:
    """By what stands on standard error, and by the exit code."""
    Path("folder").mkdir()
    Path("latin.yaml").write_bytes("RoleArn: übel".encode("latin-1"))
    answer = _run(command, path)
    assert answer.exit_code == 2
    assert answer.stdout == ""
    assert words in answer.stderr


def test_an_unreadable_file_does_not_keep_others_from_being_checked() -> None:
    """The worst exit code wins."""
    answer = _run("check", "none.yaml", "-", stdin=_run("new", "tabular").stdout)
    assert (answer.stdout, answer.exit_code) == ("-: valid\n", 2)


@pytest.mark.parametrize("suffix", [".json", ".yaml"])
@pytest.mark.parametrize("format_", ["json", "yaml"])
def test_migrate_prints_the_request_of_the_second_api(suffix: str, format_: str) -> None:
    """From either format to either format; JSON as the AWS CLI takes it."""
    Path(f"old{suffix}").write_text(json.dumps(V1) if suffix == ".json" else yaml.safe_dump(V1))
    answer = _run("migrate", f"old{suffix}", "--format", format_)
    read = json.loads if format_ == "json" else yaml.safe_load
    assert read(answer.stdout) == V2
    assert "weiß" in answer.stdout
    assert (answer.stderr, answer.exit_code) == ("", 0)


def test_migrate_says_what_does_not_map_and_prints_all_else() -> None:
    """What is printed can be piped on, and what is to be decided is read."""
    answer = _run("migrate", "-", stdin=json.dumps(V1 | {"ProblemType": "Regression", "Colour": "red"}))
    assert yaml.safe_load(answer.stdout)["AutoMLJobObjective"] == {"MetricName": "MSE"}
    assert answer.stderr.splitlines() == [
        "Colour: CreateAutoMLJob has no such member; it was dropped.",
        "ProblemType: CreateAutoMLJobV2 accepts it only together with AutoMLJobObjective; MSE was added, the service's "
        "default for Regression.",
    ]
    assert answer.exit_code == 1


def test_migrate_takes_the_arguments_of_the_old_operator() -> None:
    """As the help shows them."""
    answer = _run("migrate", "-", stdin="s3_input: s3://bucket/{{ ds }}/\ntarget_attribute: weiß\ncheck_interval: 30\n")
    assert yaml.safe_load(answer.stdout) == {
        key: V2[key] for key in ("AutoMLJobInputDataConfig", "AutoMLProblemTypeConfig")
    }
    assert "SageMakerAutoMLJobOperator calls it poll_interval" in answer.stderr
    assert answer.exit_code == 1


@pytest.mark.parametrize("format_", ["json", "yaml"])
@pytest.mark.parametrize(
    ("members", "says"),
    [
        (
            {"ModelDeployConfig": {"AutoGenerateEndpointName": True, "EndpointName": "houses-demo"}},
            "The new request is not valid: ModelDeployConfig.EndpointName = 'houses-demo' must be left out if "
            "AutoGenerateEndpointName is true",
        ),
        (
            {"OutputDataConfig": {"S3OutputPath": "bucket/output"}},
            "The new request is not valid: OutputDataConfig.S3OutputPath = 'bucket/output' must be an S3 URI: "
            "s3://bucket/prefix",
        ),
        (
            {
                "AutoMLJobConfig": {
                    "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["lightgbm", "xgboost"]}]}
                }
            },
            "AutoMLProblemTypeConfig.TabularJobConfig.CandidateGenerationConfig.AlgorithmsConfig is set without "
            "Mode. The mode determines the available algorithms, and mode AUTO does not allow choosing any. Set "
            "Mode to "
            "ENSEMBLING, the only mode with all of these algorithms.",
        ),
    ],
)
def test_migrate_says_what_check_says_of_the_new_request(members: dict[str, object], says: str, format_: str) -> None:
    """Nobody has to run the second command to learn that what was printed is refused."""
    answer = _run("migrate", "-", "--format", format_, stdin=json.dumps(V1 | members))
    assert (answer.stderr, answer.exit_code) == (f"{says}\n", 1)
    checked = _run("check", "-", stdin=answer.stdout)
    assert says.removeprefix("The new request is not valid: ") in checked.stdout + checked.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (json.dumps(V2), "this request needs no migration"),
        ("services: {}", "The request has no member of CreateAutoMLJob"),
        ("RoleArn: [", "-: it is not valid YAML: "),
        ("RoleArn: {{ var.value.role }}", "Put Jinja expressions in quotes."),
    ],
)
def test_migrate_refuses_what_is_no_v1_request(content: str, words: str) -> None:
    """Nothing is printed that could be taken for a request."""
    answer = _run("migrate", "-", stdin=content)
    assert (answer.stdout, answer.exit_code) == ("", 2)
    assert words in answer.stderr


def test_a_reader_that_leaves_early_is_no_error() -> None:
    """``request new tabular | head -1`` ends without a traceback."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    with os.fdopen(write_end, "wb") as nobody_reads:
        done = subprocess.run(
            [*COMMAND, "request", "new", "tabular"],
            cwd=REPOSITORY,
            stdout=nobody_reads,
            stderr=subprocess.PIPE,
            check=False,
            timeout=300,
        )
    assert done.stderr == b""


def test_ctrl_c_ends_it_without_a_traceback() -> None:
    """Also while it waits for what comes in."""
    with subprocess.Popen(
        [*COMMAND, "request", "migrate", "-"],
        cwd=REPOSITORY,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as waiting:
        assert waiting.stdin is not None
        # Once it has read more than a pipe holds, it is past its imports and waits for the rest.
        waiting.stdin.write(b" " * 1_000_000)
        waiting.stdin.flush()
        # One that comes just before Python reads on is noticed only when the read is interrupted again.
        for _ in range(60):
            waiting.send_signal(signal.SIGINT)
            with suppress(subprocess.TimeoutExpired):
                waiting.wait(timeout=1)
                break
        assert waiting.returncode == 1
        assert waiting.stderr is not None
        assert waiting.stderr.read().strip() == b"Aborted!"
