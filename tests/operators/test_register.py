"""The register operator against the emulator: complete, documented, and once."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl import SageMakerRegisterCandidateOperator
from airflow_sagemaker_automl.core.card.schema import require_valid
from tests.support.gating import ended
from tests.support.jobs import unique
from tests.support.plain_http import send
from tests.support.tasks import changed

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


def operator(job_name: str, group: str, **arguments: Any) -> SageMakerRegisterCandidateOperator:
    """Make the operator under test."""
    return SageMakerRegisterCandidateOperator(
        task_id="register", job_name=job_name, model_package_group_name=group, **arguments
    )


def _without_digests(containers: Any) -> list[dict[str, Any]]:
    """Leave out what the registry adds to the containers of a candidate."""
    return [{key: value for key, value in container.items() if key != "ImageDigest"} for container in containers]


def versions(sagemaker: SageMakerClient, group: str) -> list[str]:
    """List the ARNs of a group's versions, oldest first."""
    listed = sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    return [entry["ModelPackageArn"] for entry in listed]


def test_the_best_candidate_becomes_a_documented_version(
    context: Any, completed_job: str, sagemaker: SageMakerClient, s3: S3Client
) -> None:
    """Group, containers, metrics, metadata and card are read back from the registry as the service keeps them."""
    group = unique("group")
    author = {"intended_uses": {"purpose_of_model": "Triage", "risk_rating": "Medium"}}
    result = operator(completed_job, group, model_card=author, description="First").execute(context)
    version = sagemaker.describe_model_package(ModelPackageName=result["model_package_arn"])
    best = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=completed_job)["BestCandidate"]
    assert result == {
        "model_package_arn": version["ModelPackageArn"],
        "model_package_group_name": group,
        "model_package_version": 1,
        "approval_status": "PendingManualApproval",
        "model_package_status": "Completed",
    }
    assert _without_digests(version["InferenceSpecification"]["Containers"]) == best["InferenceContainers"]
    assert version["ModelPackageDescription"] == "First"
    assert version["MetadataProperties"]["GeneratedBy"].endswith(f":automl-job/{completed_job}")
    assert version["CustomerMetadataProperties"]["run_id"] == context["ti"].run_id
    for source in (
        version["ModelMetrics"]["ModelQuality"]["Statistics"],
        version["ModelMetrics"]["Explainability"]["Report"],
    ):
        parts = urlsplit(source["S3Uri"])
        body = s3.get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))["Body"].read()
        assert source["ContentDigest"] == f"sha256:{hashlib.sha256(body).hexdigest()}"
    card = json.loads(version["ModelCard"]["ModelCardContent"])
    require_valid(card)
    assert version["ModelCard"]["ModelCardStatus"] == "Draft"
    assert card["intended_uses"]["risk_rating"] == "Medium"


def test_the_cards_figures_are_those_of_the_reports(
    context: Any, completed_job: str, sagemaker: SageMakerClient, s3: S3Client
) -> None:
    """The confusion matrix on the card is the one in statistics.json; every figure of the candidate is there."""
    arn = operator(completed_job, unique("group")).execute(context)["model_package_arn"]
    version = sagemaker.describe_model_package(ModelPackageName=arn)
    card = json.loads(version["ModelCard"]["ModelCardContent"])
    evaluations = {item["name"]: item for item in card["evaluation_details"]}
    parts = urlsplit(evaluations["Model insights"]["metadata"]["report"])
    report = json.load(s3.get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))["Body"])
    matrix = report["binary_classification_metrics"]["confusion_matrix"]
    (drawn,) = (
        metric
        for metric in evaluations["Model insights"]["metric_groups"][0]["metric_data"]
        if metric["name"] == "confusion_matrix"
    )
    assert drawn["value"] == [[matrix[row][column] for column in drawn["x_axis_name"]] for row in drawn["y_axis_name"]]
    best = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=completed_job)["BestCandidate"]
    listed = card["training_details"]["training_job_details"]["training_metrics"]
    assert {(entry["name"], entry["value"]) for entry in listed} == {
        (f"{datum['StandardMetricName']} ({datum['Set']})", datum["Value"])
        for datum in best["CandidateProperties"]["CandidateMetrics"]
    }


def test_registering_twice_gives_one_version(context: Any, completed_job: str, sagemaker: SageMakerClient) -> None:
    """The same try executed twice, and a retry, find the version; an edited registration makes a new one."""
    group = unique("group")
    task = operator(completed_job, group)
    first = task.execute(context)["model_package_arn"]
    assert task.execute(context)["model_package_arn"] == first
    retry = changed(context, try_number=2)
    assert task.execute(retry)["model_package_arn"] == first
    assert versions(sagemaker, group) == [first]
    edited = operator(completed_job, group, approval_status="Approved").execute(retry)
    assert (edited["model_package_version"], edited["approval_status"]) == (2, "Approved")


def test_a_retry_finds_the_version_though_its_token_is_forgotten(
    context: Any, completed_job: str, sagemaker: SageMakerClient
) -> None:
    """How long the service remembers a token is not documented; the version's own metadata is asked too."""
    group = unique("group")
    task = operator(completed_job, group)
    first = task.execute(context)["model_package_arn"]
    kept = sagemaker.describe_model_package(ModelPackageName=first)
    sagemaker.delete_model_package(ModelPackageName=first)
    second = sagemaker.create_model_package(
        ModelPackageGroupName=group,
        InferenceSpecification=kept["InferenceSpecification"],
        CustomerMetadataProperties=kept["CustomerMetadataProperties"],
        MetadataProperties=kept["MetadataProperties"],
    )["ModelPackageArn"]
    assert task.execute(changed(context, try_number=2))["model_package_arn"] == second


def test_a_named_candidate_is_registered(context: Any, completed_job: str, sagemaker: SageMakerClient) -> None:
    """Not only the best one; a name that is not there fails with those that are."""
    candidates = sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=completed_job)["Candidates"]
    best = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=completed_job)["BestCandidate"]["CandidateName"]
    (other,) = (candidate for candidate in candidates if candidate["CandidateName"] != best)
    group = unique("group")
    result = operator(completed_job, group, candidate_name=other["CandidateName"]).execute(context)
    version = sagemaker.describe_model_package(ModelPackageName=result["model_package_arn"])
    assert _without_digests(version["InferenceSpecification"]["Containers"]) == other["InferenceContainers"]
    assert "ModelMetrics" not in version
    with pytest.raises(AirflowFailException, match=f"no such candidate; it has: .*{best}"):
        operator(completed_job, group, candidate_name="nobody").execute(context)


def test_nothing_is_registered_from_a_job_that_failed(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """The job's own reason is the error, and not even a group is left behind."""
    group, reason = unique("group"), "The target column 'absent' is not in the data."
    name = ended(sagemaker, emulator_url, AutoMLJobStatus="Failed", FailureReason=reason)
    with pytest.raises(
        AirflowFailException, match=r"cannot be registered: .*target column 'absent' is not in the data"
    ):
        operator(name, group).execute(context)
    assert not sagemaker.list_model_package_groups(NameContains=group)["ModelPackageGroupSummaryList"]


def test_nothing_is_registered_with_a_card_that_is_wrong(
    context: Any, completed_job: str, sagemaker: SageMakerClient
) -> None:
    """A card that breaks its schema is refused before any call that changes something."""
    group = unique("group")
    with pytest.raises(
        AirflowFailException, match=r"model_card.intended_uses.risk_rating = 'Extreme' must be one of High, "
    ):
        operator(completed_job, group, model_card={"intended_uses": {"risk_rating": "Extreme"}}).execute(context)
    assert not sagemaker.list_model_package_groups(NameContains=group)["ModelPackageGroupSummaryList"]


def test_a_job_that_is_not_there_fails_for_good(context: Any, emulator_url: str) -> None:
    """An unknown job cannot appear by itself."""
    with pytest.raises(AirflowFailException, match="no-such-job"):
        operator("no-such-job", unique("group")).execute(context)


@pytest.mark.parametrize(
    ("rendered", "says"),
    [
        (None, "job_name must be the name of an AutoML job"),
        ("", "job_name = '' must be the name of an AutoML job"),
        (12, "job_name = 12 must be the name of an AutoML job"),
        ("my_job", "job_name = 'my_job' must have 1 to 32 letters, digits and hyphens"),
    ],
)
def test_a_job_name_that_is_none_is_refused_before_any_call(
    context: Any, emulator_url: str, rendered: Any, says: str
) -> None:
    """A template or an XCom may give anything."""
    task = operator("{{ later }}", unique("group"))
    task.job_name = rendered
    send(f"{emulator_url}/automl-emulator/requests", "DELETE")
    with pytest.raises(AirflowFailException, match=says):
        task.execute(context)
    assert send(f"{emulator_url}/automl-emulator/requests", "GET")[1]["Requests"] == {}


def test_a_group_given_as_arn_is_never_created(context: Any, completed_job: str, sagemaker: SageMakerClient) -> None:
    """It may be another account's; if it is not there, that is an error."""
    group = unique("group")
    arn = f"arn:aws:sagemaker:us-east-1:123456789012:model-package-group/{group}"
    with pytest.raises(AirflowFailException, match="does not exist"):
        operator(completed_job, arn).execute(context)
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    assert operator(completed_job, arn).execute(context)["model_package_group_name"] == group
