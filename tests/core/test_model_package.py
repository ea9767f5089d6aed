"""What is registered says where it comes from, and the same thing is registered once."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.session import get_session

from airflow_sagemaker_automl.core.candidate import Candidate
from airflow_sagemaker_automl.core.evidence import Provenance, Report
from airflow_sagemaker_automl.core.job import AutoMLJob
from airflow_sagemaker_automl.core.model_package import (
    ModelPackageStatus,
    create_model_package_request,
    is_finished,
    metadata_value,
)
from airflow_sagemaker_automl.emulator.contract import check_request
from airflow_sagemaker_automl.exceptions import (
    CandidateNotRegistrable,
    InvalidModelPackage,
    ModelPackageFailed,
    UnknownStatus,
)
from tests.core.test_candidate import described as candidate_described
from tests.core.test_job import described as job_described
from tests.core.test_model_card import CANDIDATE

CONTAINERS = [
    {"Image": "transform:1", "ModelDataUrl": "s3://bucket/1.tar.gz", "Environment": {"MODE": "feature-transform"}},
    {"Image": "algorithm:1", "ModelDataUrl": "s3://bucket/2.tar.gz"},
]
REPORT = Report(uri="s3://bucket/report.json", sha256="ab" * 32, content={})


def request(**changes: Any) -> dict[str, Any]:
    """Write a registration, with changes."""
    job = AutoMLJob.from_api(job_described(AutoMLJobStatus="Completed", BestCandidate=CANDIDATE))
    given: dict[str, Any] = {
        "group": "churn",
        "job": job,
        "candidate": Candidate.from_api({**CANDIDATE, "InferenceContainers": CONTAINERS}),
        "approval_status": "PendingManualApproval",
        "statistics": REPORT,
        "analysis": None,
        "card": {"business_details": {"business_problem": "Churn"}},
        "card_status": "Draft",
        "provenance": Provenance(dag_id="dag", run_id="manual__2026-11-20T12:00:00+00:00", task_id="register"),
        **changes,
    }
    return create_model_package_request(**given)


def test_the_request_is_one_that_the_service_takes() -> None:
    """All constraints of the service model hold."""
    check_request("CreateModelPackage", request(analysis=REPORT, description="A version"))


def test_all_containers_are_registered_in_order_with_their_environment() -> None:
    """Dropping a container's environment breaks inference, so it is kept whole."""
    specification = request()["InferenceSpecification"]
    assert specification["Containers"] == CONTAINERS
    assert specification["SupportedContentTypes"] == ["text/csv"]


def test_only_reports_that_exist_are_named() -> None:
    """ModelMetrics has what was found in S3, with its digest, and nothing else."""
    assert request()["ModelMetrics"] == {"ModelQuality": {"Statistics": REPORT.as_metrics_source()}}
    assert REPORT.as_metrics_source()["ContentDigest"] == "sha256:" + "ab" * 32
    assert "ModelMetrics" not in request(statistics=None)


def test_metadata_says_where_the_version_comes_from() -> None:
    """Job, candidate, objective and DAG run can be read off the version."""
    metadata = request()["CustomerMetadataProperties"]
    assert metadata["automl_job_name"] == "job"
    assert (metadata["objective_metric"], metadata["objective_type"]) == ("F1", "Maximize")
    assert metadata["objective_value"] == "0.96"
    assert metadata["run_id"] == "manual__2026-11-20T12:00:00+00:00"
    assert "verdict" not in metadata


def test_the_token_is_the_content() -> None:
    """The same registration has the same token and digest; any change has others."""
    first, again, changed = request(), request(), request(approval_status="Approved")
    assert first == again
    assert first["ClientToken"] != changed["ClientToken"]
    digests = [each["CustomerMetadataProperties"]["request_digest"] for each in (first, changed)]
    assert digests[0] != digests[1]
    assert len(first["ClientToken"]) <= 36


def test_a_candidate_without_containers_is_refused() -> None:
    """Nothing is registered that has no model."""
    with pytest.raises(CandidateNotRegistrable):
        request(candidate=Candidate.from_api(candidate_described()))


@pytest.mark.parametrize("change", [{"approval_status": "approved"}, {"card_status": "Done"}])
def test_an_unknown_status_is_refused_before_any_call(change: dict[str, str]) -> None:
    """The statuses that there are are in the message."""
    with pytest.raises(InvalidModelPackage, match=r"one of \w+, \w+, \w+"):
        request(**change)


def test_content_types_are_those_of_the_problem_type() -> None:
    """A text classifier answers in JSON; a type that is not known is named, since the training was paid for."""
    text = AutoMLJob.from_api(job_described(AutoMLProblemTypeConfigName="TextClassification"))
    assert request(job=text)["InferenceSpecification"]["SupportedResponseMIMETypes"] == ["application/json"]
    unknown = AutoMLJob.from_api(job_described(AutoMLProblemTypeConfigName="Telepathy"))
    with pytest.raises(CandidateNotRegistrable, match="not Telepathy"):
        request(job=unknown)


def test_metadata_values_fit_the_service() -> None:
    """Characters that the service refuses are replaced, the rest is cut."""
    assert metadata_value('{"a": [1, 2]}') == "__a_: _1_ 2__"
    assert len(metadata_value("x" * 1000)) == 256


def test_package_statuses_are_those_of_the_service() -> None:
    """The vocabulary is total over botocore's own; one that is not known is an error."""
    model = get_session().get_service_model("sagemaker")
    assert {status.value for status in ModelPackageStatus} == set(
        model.shape_for("ModelPackageStatus").metadata["enum"]
    )
    assert is_finished({"ModelPackageStatus": "Completed"}) is True
    assert is_finished({"ModelPackageStatus": "Pending"}) is False
    with pytest.raises(UnknownStatus, match="'Paused'"):
        is_finished({"ModelPackageStatus": "Paused"})


def test_a_failed_package_says_why() -> None:
    """Validation and image scan are asked for their reasons."""
    answer = {
        "ModelPackageStatus": "Failed",
        "ModelPackageArn": "arn",
        "ModelPackageStatusDetails": {
            "ValidationStatuses": [{"Name": "validation", "Status": "Failed", "FailureReason": "No access to S3"}],
            "ImageScanStatuses": [{"Name": "scan", "Status": "Completed"}],
        },
    }
    with pytest.raises(ModelPackageFailed, match="arn failed: validation: No access to S3"):
        is_finished(answer)
