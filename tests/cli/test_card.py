"""``card show``, as a newcomer types it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from click.testing import CliRunner, Result

from airflow_sagemaker_automl.cli import main
from demo.sandbox import REPOSITORY, airflow_environment, sagemaker_client
from tests.support.plain_http import send
from tests.support.rendered_cards import CARD

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

COMMAND = [sys.executable, "-m", "airflow_sagemaker_automl", "card", "show"]
ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/7"
DESCRIBED: dict[str, Any] = {
    "ModelPackageGroupName": "churn",
    "ModelPackageVersion": 7,
    "ModelPackageArn": ARN,
    "CreationTime": "2026-03-01T14:05:59.123000+00:00",
    "ModelPackageStatus": "Completed",
    "ModelApprovalStatus": "Approved",
    "ModelCard": {"ModelCardContent": json.dumps(CARD), "ModelCardStatus": "Draft"},
}
SPECIFICATION: Any = {
    "Containers": [{"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/a:1", "ModelDataUrl": "s3://b/m.tar.gz"}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}


@pytest.fixture(autouse=True)
def _in_a_folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Paths are typed as people type them."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def account(private_url: str, monkeypatch: pytest.MonkeyPatch) -> SageMakerClient:
    """An account with one version that has a card and one that has none, found as boto3 finds it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", private_url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "emulator")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "emulator")
    client = sagemaker_client(private_url)
    client.create_model_package_group(ModelPackageGroupName="churn")
    for card in ({"ModelCard": DESCRIBED["ModelCard"]}, {}):
        client.create_model_package(
            ModelPackageGroupName="churn",
            ModelApprovalStatus="PendingManualApproval",
            InferenceSpecification=SPECIFICATION,
            **card,
        )
    return client


def _arn(version: int) -> str:
    return ARN.removesuffix("7") + str(version)


def _show(*arguments: str, stdin: str | bytes | None = None) -> Result:
    return CliRunner().invoke(main, ["card", "show", *arguments], input=stdin)


@pytest.mark.parametrize("arguments", [["show", "--help"], ["show", "card.json", "--html", "card.html"], ["--help"]])
def test_neither_help_nor_a_file_needs_airflow_or_the_aws_sdk(arguments: list[str]) -> None:
    """They come at once."""
    Path("card.json").write_text(json.dumps(CARD))
    script = f"""
import runpy, sys
sys.argv = ["airflow_sagemaker_automl", "card", *{arguments!r}]
try:
    runpy.run_module("airflow_sagemaker_automl", run_name="__main__")
except SystemExit as end:
    assert end.code == 0, end.code
print({{"airflow", "boto3", "botocore"}} & set(sys.modules))
"""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=300
    )
    assert done.stdout.endswith("set()\n")


def test_help_has_an_example_and_cuts_no_sentence() -> None:
    """An example says more than a synopsis."""
    assert "Example:\n    python -m airflow_sagemaker_automl card show " in _show("--help").stdout
    for arguments in (["--help"], ["card", "--help"]):
        listed = CliRunner().invoke(main, arguments).stdout.partition("Commands:")[2]
        assert listed
        assert "..." not in listed


@pytest.mark.parametrize(
    ("content", "title", "fact"),
    [
        (CARD, "# card.json", None),
        (DESCRIBED, "# churn, version 7", "| Approval | Approved |"),
        (DESCRIBED["ModelCard"], "# Model package", "| Card | Draft |"),
        (
            DESCRIBED | {"ModelCard": {"ModelCardContent": CARD}},
            "# churn, version 7",
            "| Created | 2026-03-01 14:05 UTC |",
        ),
        (json.dumps(CARD), "# card.json", None),
    ],
    ids=["card", "description", "its ModelCard", "content that was read", "its content"],
)
def test_each_form_in_which_people_have_a_card_is_shown(content: Any, title: str, fact: str | None) -> None:
    """The card itself, and what the AWS CLI prints, whole or a part of it."""
    Path("card.json").write_text(json.dumps(content))
    answer = _show("card.json")
    assert (answer.stderr, answer.exit_code) == ("", 0)
    assert answer.stdout.startswith(f"{title}\n")
    assert "**Model creator:** Data science" in answer.stdout
    assert fact is None or fact in answer.stdout


def test_a_card_that_comes_in_is_shown() -> None:
    """With a byte order mark, and in YAML from a file, too."""
    assert _show("-", stdin="\N{ZERO WIDTH NO-BREAK SPACE}" + json.dumps(CARD)).stdout.startswith("# Model card\n")
    Path("card.yml").write_text(yaml.safe_dump(CARD))
    assert "**Model creator:** Data science" in _show("card.yml").stdout


def test_page_and_markdown_are_written_where_it_is_said() -> None:
    """Both at once; nothing is printed then."""
    Path("card.json").write_text(json.dumps(DESCRIBED))
    answer = _show("card.json", "--html", "card.html", "--markdown", "card.md")
    assert (answer.output, answer.exit_code) == ("", 0)
    page = Path("card.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "<h1>churn, version 7</h1>" in page
    assert page.count("<svg") == 3
    assert Path("card.md").read_text("utf-8") == _show("card.json").stdout
    assert _show("card.json", "--html", "-").stdout == page
    assert _show("card.json", "--markdown", "-").stdout == _show("card.json").stdout


def test_only_one_is_printed() -> None:
    """A page with Markdown behind it is neither."""
    answer = _show("card.json", "--html", "-", "--markdown", "-")
    assert (answer.stdout, answer.exit_code) == ("", 2)
    assert "Only one of --html and --markdown can be printed" in answer.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "card.json: the file is empty."),
        ("<html>", "card.json: it is not valid JSON: Expecting value: line 1 column 1"),
        ('{"a": ', "card.json: it is not valid JSON: "),
        ("[" * 100_000, "card.json: it is nested too deep: more than 50 levels."),
        ("[]", "card.json: the file contains no model card."),
        ("3", "card.json: the file contains no model card."),
        ('"word"', "card.json: it is not valid JSON: "),
        ("{}", "card.json: the file contains no model card, which has one or more of model_overview, "),
        ('{"job_name": "x"}', "card.json: the file contains no model card, which has one or more of model_overview, "),
        (json.dumps({**DESCRIBED, "ModelCard": None}), "card.json: this version has no model card."),
        (json.dumps({"ModelPackageArn": ARN}), "card.json: this version has no model card."),
        ('{"ModelCardContent": "{"}', "card.json: ModelCardContent: it is not valid JSON: "),
        ('{"ModelCardContent": "[]"}', "card.json: this version has no model card."),
        (
            '"arn:aws:sagemaker:us-east-1:123456789012:model-package-group/churn"',
            "this is a group; cards belong to its versions",
        ),
    ],
)
def test_a_file_without_a_card_says_what_is_there(content: str, words: str) -> None:
    """In one line, and with the exit code of an input that cannot be used."""
    Path("card.json").write_text(content)
    _refuses(_show("card.json"), words)


def _refuses(answer: Result, words: str) -> None:
    assert (answer.stdout, answer.exit_code) == ("", 2)
    # Where Airflow is imported already, as by other tests, its log is as it was set up.
    (error,) = [line for line in answer.stderr.splitlines() if line.startswith("Error: ")]
    assert answer.stderr.endswith(f"{error}\n")
    assert words in error


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("none.json", "none.json: the file does not exist. For a registered version, give its ARN: arn:aws:sagemaker:"),
        ("churn/7", "churn/7: the file does not exist. For a registered version, give its ARN: arn:aws:sagemaker:"),
        ("folder", "folder: it is a directory; pass the files in it."),
        ("latin.json", "latin.json: it is not UTF-8 text: invalid start byte at byte 9."),
        ("broken.yaml", "broken.yaml: it is not valid YAML: "),
        ("dated.yaml", "dated.yaml: it is not valid YAML: "),
    ],
)
def test_a_file_that_cannot_be_read_says_why(path: str, words: str) -> None:
    """Missing, a folder, or not what its name says."""
    Path("folder").mkdir()
    Path("latin.json").write_bytes('{"name": "übel"}'.encode("latin-1")[0:9] + b"\xfc")
    Path("broken.yaml").write_text("a: [\nb: }")
    Path("dated.yaml").write_text("model_overview: 2026-99-99")
    _refuses(_show(path), words)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("none/card.html", "none/card.html: its folder does not exist."),
        ("folder", "folder: it is a directory; name a file."),
        ("card.json/x", "card.json/x: it cannot be written: Not a directory."),
    ],
)
@pytest.mark.parametrize("option", ["--html", "--markdown"])
def test_a_file_that_cannot_be_written_says_why(path: str, words: str, option: str) -> None:
    """As people mistype it."""
    Path("folder").mkdir()
    Path("card.json").write_text(json.dumps(CARD))
    _refuses(_show("card.json", option, path), words)


@pytest.mark.parametrize(
    ("arn", "words"),
    [
        (
            "arn:aws:sagemaker:us-east-1:123456789012:model-package-group/churn",
            "this is a group; cards belong to its versions",
        ),
        (
            "arn:aws:sagemaker:us-east-1:123456789012:automl-job/churn",
            "this is not the ARN of a model package. Give the ARN of a",
        ),
        (
            "ARN:AWS:SAGEMAKER:us-east-1:123456789012:model-package/churn/1",
            "this is not the ARN of a model package. Give the ARN",
        ),
        (
            "arn:aws:sagemaker",
            "this is not the ARN of a model package. Give the ARN of a version: arn:aws:sagemaker:REGION:ACCOUNT",
        ),
    ],
)
def test_another_arn_is_not_asked_for(arn: str, words: str) -> None:
    """What is meant is told by its form."""
    _refuses(_show(arn), words)


def test_a_version_is_fetched_by_its_arn(account: SageMakerClient) -> None:
    """With boto3's own search for credentials; facts are the registry's."""
    answer = _show(f" {_arn(1)} ")
    assert answer.exit_code == 0
    assert answer.stdout.startswith("# churn, version 1\n")
    assert "| Approval | PendingManualApproval |" in answer.stdout
    assert f"| Model package | `{_arn(1)}` |" in answer.stdout


@pytest.mark.parametrize("as_text", [False, True])
def test_the_result_of_registering_is_enough(account: SageMakerClient, as_text: bool) -> None:
    """Airflow's XCom as it was copied, or the ARN alone."""
    result = _arn(1) if as_text else {"model_package_arn": _arn(1), "model_package_version": 1}
    assert _show("-", stdin=json.dumps(result)).stdout.startswith("# churn, version 1\n")


def test_an_airflow_connection_is_taken(
    private_connection: str, account: SageMakerClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says where to ask, whatever boto3 would find."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    assert _show(_arn(1), "--aws-conn-id", private_connection).stdout.startswith("# churn, version 1\n")
    _refuses(_show(_arn(1), "--aws-conn-id", "nowhere"), "The conn_id `nowhere` isn't defined.")


@pytest.mark.parametrize(("version", "errors"), [(1, 0), (2, 1)])
def test_what_airflow_logs_is_not_in_the_card(
    account: SageMakerClient, tmp_path: Path, version: int, errors: int
) -> None:
    """Its log goes to standard output, where somebody reads Markdown; what is wrong is one line for itself."""
    url = account.meta.endpoint_url
    keys = {"AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "emulator", "AWS_SECRET_ACCESS_KEY": "emulator"}
    environment = {**airflow_environment(tmp_path / "airflow", url), **keys, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        [*COMMAND, _arn(version)], env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.stdout == _show(_arn(version)).stdout
    assert done.stderr.count("\n") == done.stderr.count("Error: ") == errors


@pytest.mark.parametrize(
    ("version", "region", "words"),
    [
        (2, [], "this version has no model card."),
        (3, [], "does not exist. Check the region, account, group and version."),
        (1, ["--region", "eu-west-1"], "is in region us-east-1, but this connection uses eu-west-1."),
        (1, ["--region", "eu west 1"], "doesn't match a supported format. Check the region."),
    ],
)
def test_a_version_that_is_not_there_says_what_to_look_at(
    account: SageMakerClient, version: int, region: list[str], words: str
) -> None:
    """No card, no such version, or in another region."""
    _refuses(_show(_arn(version), *region), words)


@pytest.mark.parametrize(
    ("faults", "words"),
    [
        ({"DeniedOperations": ["DescribeModelPackage"]}, "requires the permission sagemaker:DescribeModelPackage."),
        ({"ExpiredTokens": "All"}, "The credentials are invalid or have expired. Set AWS_PROFILE, log in with "),
    ],
)
def test_what_the_identity_lacks_is_said(account: SageMakerClient, faults: dict[str, Any], words: str) -> None:
    """A permission, or credentials that still count."""
    assert send(f"{account.meta.endpoint_url}/automl-emulator/faults", "PUT", faults)[0] == 200
    _refuses(_show(_arn(1)), words)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, "Unable to locate credentials. Set AWS_PROFILE, log in with 'aws configure' or 'aws sso login'"),
        ({"AWS_PROFILE": "nobody"}, "The config profile (nobody) could not be found. Check AWS_PROFILE."),
        (
            {"AWS_ENDPOINT_URL": "http://127.0.0.1:9", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
            "Check the region and, if it is set, AWS_ENDPOINT_URL.",
        ),
        (
            {"AWS_ENDPOINT_URL": "127.0.0.1:9", "AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"},
            "Invalid endpoint: 127.0.0.1:9. Check AWS_ENDPOINT_URL, which must start with http:// or https://.",
        ),
    ],
    ids=["no credentials", "no such profile", "nobody there", "no address"],
)
def test_aws_that_cannot_be_asked_says_what_to_set(
    variables: dict[str, str], words: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a machine that has nothing of AWS but these variables."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    _refuses(_show(ARN), words)
