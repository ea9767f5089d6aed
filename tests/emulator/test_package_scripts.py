"""Versions that take time to complete, or fail, by script; describe and list operations agree."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from airflow_sagemaker_automl.emulator import package_script
from airflow_sagemaker_automl.emulator.documents import InvalidDocument
from airflow_sagemaker_automl.emulator.package_script import PackageScript
from demo.sandbox import sagemaker_client
from tests.support.jobs import ROLE, unique
from tests.support.plain_http import send

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_CONTAINERS: Any = [{"Image": "image:1"}]
_COMPLETED = {"ModelPackageStatus": "Completed"}
_REASONS = {
    "ValidationStatuses": [{"Name": "profile", "Status": "Failed", "FailureReason": "It exited with status 1."}],
    "ImageScanStatuses": [{"Name": "image", "Status": "Failed", "FailureReason": "It has a hole."}],
}


@pytest.fixture
def group(sagemaker: SageMakerClient) -> str:
    """Name of a new, empty group."""
    name = unique("group")
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    return name


def _register(sagemaker: SageMakerClient, group: str, **members: Any) -> str:
    request: Any = {"InferenceSpecification": {"Containers": _CONTAINERS}, **members}
    return sagemaker.create_model_package(ModelPackageGroupName=group, **request)["ModelPackageArn"]


def _status(sagemaker: SageMakerClient, arn: str) -> str:
    """Read a version's status, and check that its group's list shows the same."""
    (listed,) = sagemaker.list_model_packages(ModelPackageGroupName=arn.split("/")[1])["ModelPackageSummaryList"]
    described = sagemaker.describe_model_package(ModelPackageName=arn)["ModelPackageStatus"]
    order = ("Pending", "InProgress", "Completed", "Failed")
    assert order.index(listed["ModelPackageStatus"]) <= order.index(described)
    return described


def test_a_version_follows_the_script_of_its_group(sagemaker: SageMakerClient, emulator_url: str, group: str) -> None:
    """A version passes through the stages to the ending of the script, with the script's reasons."""
    stages = [{"ModelPackageStatus": "Pending", "Seconds": 0.5}, {"ModelPackageStatus": "InProgress"}]
    ending = {"ModelPackageStatus": "Failed", "ModelPackageStatusDetails": _REASONS}
    url = f"{emulator_url}/automl-emulator/scripts/{group}?model-package-groups={group.upper()[:-1]}?"
    assert send(url, "PUT", {"Stages": stages, "Ending": ending})[0] == 201
    arn = _register(sagemaker, group)
    seen = [_status(sagemaker, arn)]
    deadline = time.monotonic() + 300
    while seen[-1] != "InProgress":
        assert time.monotonic() < deadline
        status = _status(sagemaker, arn)
        seen += [status] if status != seen[-1] else []
        time.sleep(0.05)
    assert seen in (["Pending", "InProgress"], ["InProgress"])  # A slow client may miss the first stage.
    assert send(f"{emulator_url}/automl-emulator/scripts/{group}", "DELETE")[0] == 204
    assert _status(sagemaker, arn) == "Failed"
    assert sagemaker.describe_model_package(ModelPackageName=arn)["ModelPackageStatusDetails"] == _REASONS


def test_a_version_is_held_until_its_script_is_gone(sagemaker: SageMakerClient, emulator_url: str, group: str) -> None:
    """A stage without seconds ends when the script is deleted or replaced; later versions follow the new script."""
    url = f"{emulator_url}/automl-emulator/scripts/{group}"
    held = {"Stages": [{"ModelPackageStatus": "InProgress"}], "Ending": _COMPLETED}
    entry = {"Name": group, "ModelPackageGroups": group, "Script": held}
    assert send(f"{url}?model-package-groups={group}", "PUT", held) == (201, entry)
    assert send(url, "GET") == (200, entry)
    first = _register(sagemaker, group)
    assert _status(sagemaker, first) == "InProgress"
    with pytest.raises(ClientError, match="is InProgress, so no model can be made of it"):
        sagemaker.create_model(
            ModelName=unique("model"), ExecutionRoleArn=ROLE, PrimaryContainer={"ModelPackageName": first}
        )
    assert send(f"{url}?model-package-groups={group}", "PUT", held)[0] == 200
    assert _status(sagemaker, first) == "Completed"
    second = _register(sagemaker, group)
    assert sagemaker.describe_model_package(ModelPackageName=second)["ModelPackageStatus"] == "InProgress"
    assert send(url, "DELETE")[0] == 204
    assert sagemaker.describe_model_package(ModelPackageName=second)["ModelPackageStatus"] == "Completed"


def test_scripts_for_versions_and_for_jobs_do_not_meet(
    sagemaker: SageMakerClient, emulator_url: str, group: str
) -> None:
    """A script applies either to jobs or to versions, and their patterns do not interfere."""
    url = f"{emulator_url}/automl-emulator/scripts/{group}"
    job_script = {"Ending": {"AutoMLJobStatus": "Failed"}}
    assert send(f"{url}?job-names={group}", "PUT", job_script)[0] == 201
    assert _status(sagemaker, _register(sagemaker, group)) == "Completed"
    assert send(f"{url}?model-package-groups={group}", "PUT", job_script)[0] == 400
    assert send(f"{url}?job-names={group}", "PUT", {"Ending": _COMPLETED})[0] == 400
    status, refusal = send(f"{url}?job-names=a&model-package-groups=b", "PUT", {"Ending": _COMPLETED})
    assert (status, refusal["Problems"]) == (
        400,
        [
            "A script is for jobs of one kind or for versions; give one of "
            "job-names, model-package-groups, transform-jobs."
        ],
    )
    assert send(url, "DELETE")[0] == 204


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        ({}, "Ending is required"),
        ({"Ending": {"ModelPackageStatus": "InProgress"}}, "must be one of Completed, Failed, not 'InProgress'"),
        ({"Ending": {**_COMPLETED, "FailureReason": "x"}}, "Ending has no member 'FailureReason'"),
        ({"Ending": _COMPLETED, "Candidates": []}, "The script has no member 'Candidates'"),
        ({"Ending": _COMPLETED, "Stages": {}}, "Stages must be a list of objects"),
        ({"Ending": _COMPLETED, "Stages": [_COMPLETED]}, "must be one of Pending, InProgress, not 'Completed'"),
        ({"Ending": _COMPLETED, "Stages": [{"ModelPackageStatus": "Pending", "Seconds": -1}]}, "0 or more, not -1"),
        ({"Ending": {**_COMPLETED, "ModelPackageStatusDetails": {}}}, "must not be null"),
    ],
)
def test_a_script_that_no_version_could_follow_is_refused(document: Any, problem: str) -> None:
    """Each problem is named."""
    with pytest.raises(InvalidDocument) as refused:
        PackageScript.from_json(json.dumps(document))
    assert problem in str(refused.value)


def test_the_example_of_the_documentation_is_a_script() -> None:
    """The example in the module's docstring is a valid script; its last stage lasts until the script is deleted."""
    assert package_script.__doc__
    example = package_script.__doc__.partition("::\n")[2].partition("\n``Stages``")[0]
    script = PackageScript.from_json(example)
    assert [script.at(0, moment)["ModelPackageStatus"] for moment in (0.5, 1, 9**9)] == [
        "Pending",
        "InProgress",
        "InProgress",
    ]


def test_a_list_of_versions_may_lag_behind(private_url: str) -> None:
    """With this fault a new version is described before it is listed, and its completion is listed later."""
    sagemaker = sagemaker_client(private_url)
    sagemaker.create_model_package_group(ModelPackageGroupName="lag")
    assert send(f"{private_url}/automl-emulator/faults", "PUT", {"StaleListSeconds": 3600})[0] == 200
    arn = _register(sagemaker, "lag")
    assert sagemaker.describe_model_package(ModelPackageName=arn)["ModelPackageStatus"] == "Completed"
    assert not sagemaker.list_model_packages(ModelPackageGroupName="lag")["ModelPackageSummaryList"]
    assert send(f"{private_url}/automl-emulator/faults", "DELETE")[0] == 204
    assert _status(sagemaker, arn) == "Completed"
