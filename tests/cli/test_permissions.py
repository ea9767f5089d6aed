"""Policies on the command line: what is printed can be given to IAM, and what is missing is said."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from click.testing import CliRunner, Result

from airflow_sagemaker_automl.cli import main
from airflow_sagemaker_automl.permissions.features import FEATURES
from demo.sandbox import REPOSITORY

HERE = ("--account", "123456789012", "--region", "eu-central-1")
ROLE = "arn:aws:iam::123456789012:role/sagemaker-automl"
KEY = "1234abcd-12ab-34cd-56ef-1234567890ab"


def _run(*arguments: str) -> Result:
    return CliRunner().invoke(main, ["permissions", *arguments])


def _printed(*arguments: str) -> Any:
    done = _run(*arguments)
    assert (done.exit_code, done.stderr) == (0, "")
    return json.loads(done.stdout)


def _resources(document: Any) -> list[Any]:
    return [statement["Resource"] for statement in document["Statement"]]


def test_the_reader_s_own_names_are_filled_in() -> None:
    """A role may be given by its name, a bucket as S3 writes it, and a key by its identifier."""
    names = ("--role", "sagemaker-automl", "--bucket", "s3://my-bucket/models/", "--key", KEY, "--group", "churn")
    document = _printed("airflow", "train", "register", *HERE, *names, "--job", "churn-*")
    arn = "arn:aws:sagemaker:eu-central-1:123456789012:"
    assert [f"{arn}automl-job/churn-*", f"{arn}model-package-group/churn", f"{arn}model-package/churn/*"] == [
        each for each in _resources(document) if isinstance(each, str) and ":sagemaker:" in each
    ][1:]
    assert "arn:aws:s3:::my-bucket/models/*" in _resources(document)
    assert ROLE in _resources(document)
    assert f"arn:aws:kms:eu-central-1:123456789012:key/{KEY}" in _resources(document)


def test_a_chinese_region_has_arns_of_its_partition() -> None:
    """Nobody has to know that there are partitions."""
    printed = _printed("airflow", "stop", "--account", "123456789012", "--region", "cn-north-1")
    assert _resources(printed) == ["arn:aws-cn:sagemaker:cn-north-1:123456789012:automl-job/*"]


def test_the_execution_role_has_what_it_takes() -> None:
    """Data and logs always; a network, an endpoint and a key where they are asked for."""
    given = ("execution-role", *HERE, "--role", "sagemaker-automl", "--bucket", "my-bucket")
    plain = str(_printed(*given))
    assert "s3:PutObject" in plain
    assert not {each for each in ("ec2:", "CreateEndpoint", "kms:") if each in plain}
    more = str(_printed(*given, "--deploys", "--in-network", "--key", KEY))
    assert all(each in more for each in ("ec2:DescribeVpcs", "sagemaker:CreateEndpoint", "kms:CreateGrant"))
    [statement] = _printed("trust", "--account", "123456789012")["Statement"]
    assert statement["Principal"] == {"Service": "sagemaker.amazonaws.com"}


def test_another_account_gets_what_it_is_to_do() -> None:
    """A group's policy names the account, the group and its versions."""
    given = ("--group", "churn", "--to", "210987654321")
    [group, versions] = _printed("group", "register", *HERE, *given)["Statement"]
    assert group["Action"] == ["sagemaker:DescribeModelPackageGroup"]
    assert "sagemaker:CreateModelPackage" in versions["Action"]
    assert versions["Principal"] == {"AWS": "arn:aws:iam::210987654321:root"}
    assert versions["Resource"] == "arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn/*"
    [only] = _printed("group", "decide", *HERE, *given)["Statement"]
    assert only["Action"] == ["sagemaker:DescribeModelPackage", "sagemaker:UpdateModelPackage"]


def test_a_key_lets_the_identities_use_it() -> None:
    """Grants are for AWS's services alone."""
    use, grants = _printed("key", "--for", ROLE)["Statement"]
    assert use["Principal"] == grants["Principal"] == {"AWS": ROLE}
    assert grants["Condition"] == {"Bool": {"kms:GrantIsForAWSResource": "true"}}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("airflow", *HERE), f"Name the features that you use: one or more of {', '.join(FEATURES)}."),
        (("airflow", "trian", *HERE), "Did you mean train?"),
        (("airflow", "train", "--account", "12"), "'12' is not a valid account: it must be 12 digits."),
        (("airflow", "train", *HERE), "iam:PassRole requires a role: set --role."),
        (("airflow", "judge", *HERE), "requires a bucket: set --bucket; --required-only leaves the permission out."),
        (("airflow", "assume-role", *HERE), "sts:AssumeRole requires a role: set --connection-role."),
        (("airflow", "stop", *HERE, "--partition", "aws-cn"), "eu-central-1 is in the partition aws, not in aws-cn."),
        (("airflow", "train", *HERE, "--role", ROLE.replace("aws", "aws-cn")), "is not in the partition aws."),
        (
            ("airflow", "train", "--account", "123456789012", "--role", "r", "--key", KEY),
            "The key's region is unknown: set --region",
        ),
        (("airflow", "train", *HERE, "--role", "r", "--key", "alias/mine"), "policies do not accept aliases."),
        (("airflow", "judge", *HERE, "--bucket", "My_Bucket"), "'My_Bucket' is not a valid bucket"),
        (("airflow", "stop", "--account", "123456789012", "--region", "Frankfurt"), "a name such as eu-central-1"),
        (("execution-role", *HERE, "--role", "r"), "requires a bucket: set --bucket."),
        (("group", "register", *HERE, "--group", "ch*", "--to", "210987654321"), "The policy is for one group"),
    ],
)
def test_what_is_wrong_is_said(arguments: tuple[str, ...], said: str) -> None:
    """Nothing is printed then that a pipe could hand on."""
    done = _run(*arguments)
    assert done.exit_code == 2
    assert done.stdout == ""
    assert said in " ".join(done.stderr.split())


def test_a_policy_that_is_too_long_says_so() -> None:
    """IAM would refuse it, and say less."""
    buckets = [part for number in range(100) for part in ("--bucket", f"{number}{'b' * 60}")]
    done = _run("airflow", "judge", *HERE, *buckets)
    assert done.exit_code == 0
    assert "a managed policy may have 6144" in done.stderr


@pytest.mark.parametrize("command", ["airflow", "execution-role", "trust", "group", "key", "page"])
def test_each_command_has_help_with_an_example(command: str) -> None:
    """An example says more than a synopsis."""
    assert f"Example:\n    python -m airflow_sagemaker_automl permissions {command}" in _run(command, "--help").stdout


def test_the_page_comes_without_airflow_and_the_aws_sdk() -> None:
    """What is in the repository is what the command writes, in UTF-8, whatever the terminal has."""
    script = """
import runpy, sys
sys.argv = ["airflow_sagemaker_automl", "permissions", "page"]
try:
    runpy.run_module("airflow_sagemaker_automl", run_name="__main__")
except SystemExit as end:
    assert end.code == 0, end.code
assert not {"airflow", "boto3", "botocore"} & set(sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=REPOSITORY, capture_output=True, check=True, timeout=300)
    assert done.stdout == (REPOSITORY / "docs" / "iam.md").read_bytes()
