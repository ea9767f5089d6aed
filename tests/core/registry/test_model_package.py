"""A registration states its origin, and the same content is registered only once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from botocore.session import get_session

from airflow_sagemaker_automl import CandidateNotRegistrable, InvalidModelPackage, ModelPackageFailed, UnknownStatus
from airflow_sagemaker_automl.core.jobs.candidate import Candidate
from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
from airflow_sagemaker_automl.core.registry.model_package import (
    ModelPackageStatus,
    client_token,
    create_model_package_request,
    identity,
    is_finished,
    metadata_value,
)
from airflow_sagemaker_automl.core.values.evidence import Provenance, Report
from airflow_sagemaker_automl.emulator.contract import check_request
from tests.core.card.test_model_card import CANDIDATE
from tests.core.jobs.test_candidate import described as candidate_described
from tests.core.jobs.test_job import described as job_described

CONTAINERS = [
    {"Image": "transform:1", "ModelDataUrl": "s3://bucket/1.tar.gz", "Environment": {"MODE": "feature-transform"}},
    {"Image": "algorithm:1", "ModelDataUrl": "s3://bucket/2.tar.gz"},
]
JOB = AutoMLJob.from_api(job_described(AutoMLJobStatus="Completed", BestCandidate=CANDIDATE))
DECLARED = {
    "ModelPackageGroupName": "churn",
    "ModelApprovalStatus": "PendingManualApproval",
    "ModelCard": {"ModelCardStatus": "Draft"},
}
REPORT = Report(uri="s3://bucket/report.json", sha256="ab" * 32, content={})


def request(*, candidate: Any = None, job: Any = None, declared: Any = None, **changes: Any) -> dict[str, Any]:
    """Write a registration, with changes."""
    given: dict[str, Any] = {
        "version": "d" * 64,
        "job": job or JOB,
        "candidate": candidate or Candidate.from_api({**CANDIDATE, "InferenceContainers": CONTAINERS}),
        "response_keys": (),
        "statistics": REPORT,
        "analysis": None,
        "card": {"business_details": {"business_problem": "Churn"}},
        "provenance": Provenance(dag_id="dag", run_id="manual__2026-11-20T12:00:00+00:00", task_id="register"),
        **changes,
    }
    return create_model_package_request({**DECLARED, **(declared or {})}, **given)


def test_the_request_is_one_that_the_service_takes() -> None:
    """All constraints of the service model are satisfied."""
    check_request("CreateModelPackage", request(analysis=REPORT, declared={"ModelPackageDescription": "A version"}))


def test_all_containers_are_registered_in_order_with_their_environment() -> None:
    """Inference needs the containers' whole environment."""
    specification = request()["InferenceSpecification"]
    assert specification["Containers"] == CONTAINERS
    assert specification["SupportedContentTypes"] == ["text/csv"]


def test_only_reports_that_exist_are_named() -> None:
    """ModelMetrics has only reports that exist in S3, with their digests."""
    assert request()["ModelMetrics"] == {"ModelQuality": {"Statistics": REPORT.as_metrics_source()}}
    assert REPORT.as_metrics_source()["ContentDigest"] == "sha256:" + "ab" * 32
    assert "ModelMetrics" not in request(statistics=None)


def test_metadata_says_where_the_version_comes_from() -> None:
    """The version's metadata has job, candidate, objective and DAG run."""
    metadata = request()["CustomerMetadataProperties"]
    assert metadata["automl_job_name"] == "job"
    assert (metadata["objective_metric"], metadata["objective_type"]) == ("F1", "Maximize")
    assert metadata["objective_value"] == "0.96"
    assert metadata["run_id"] == "manual__2026-11-20T12:00:00+00:00"
    assert "verdict" not in metadata


def test_a_version_is_known_by_model_and_declaration() -> None:
    """The user who registers and the code revision make no difference; everything that the author edits does."""

    def version(card: Any = None, keys: Any = (), **declared: Any) -> str:
        candidate = JOB.best_candidate
        assert candidate
        return identity(JOB, candidate, {**DECLARED, **declared}, card=card or {}, response_keys=keys)

    same = [
        version(),
        version(MetadataProperties={"CommitId": "abc", "Repository": "https://example.org/churn"}),
        version(ModelPackageGroupName="arn:aws:sagemaker:us-east-1:123456789012:model-package-group/churn"),
    ]
    others = [
        version(ModelApprovalStatus="Approved"),
        version(ModelPackageGroupName="other"),
        version(ModelPackageGroupName="arn:aws:sagemaker:us-east-1:210987654321:model-package-group/churn"),
        version(card={"intended_uses": {"purpose_of_model": "x"}}),
        version(keys=["probability"]),
        version(MetadataProperties={"ProjectId": "p-1"}),
        version(MetadataProperties={"GeneratedBy": "arn:aws:sagemaker:us-east-1:123456789012:training-job/tuned"}),
    ]
    assert len(set(same)) == 1
    assert len({*same, *others}) == 8


def test_a_token_is_the_versions_own_and_another_after_a_failure() -> None:
    """The service makes one version for all registrations with one token, and would return the failed one again."""
    tokens = [client_token("d" * 64, attempt) for attempt in range(3)]
    assert len(set(tokens)) == 3
    assert all(re.fullmatch("[a-zA-Z0-9-]{1,36}", token) for token in tokens)
    assert tokens[1] == client_token("d" * 64, 1)


def test_what_the_author_declares_wins_member_by_member() -> None:
    """Types replace those of the problem type; metadata and metrics are added to the built ones."""
    bias = {"Bias": {"Report": {"ContentType": "application/json", "S3Uri": "s3://bucket/bias.json"}}}
    made = request(
        declared={
            "InferenceSpecification": {"SupportedContentTypes": ["application/x-parquet"]},
            "CustomerMetadataProperties": {"team": "growth"},
            "ModelMetrics": bias,
            "MetadataProperties": {"CommitId": "abc"},
        }
    )
    assert made["InferenceSpecification"]["SupportedContentTypes"] == ["application/x-parquet"]
    assert made["InferenceSpecification"]["SupportedResponseMIMETypes"] == ["text/csv"]
    assert made["InferenceSpecification"]["Containers"] == CONTAINERS
    assert made["CustomerMetadataProperties"]["team"] == "growth"
    assert made["CustomerMetadataProperties"]["automl_job_name"] == "job"
    assert made["ModelMetrics"] == {**bias, "ModelQuality": {"Statistics": REPORT.as_metrics_source()}}
    assert made["MetadataProperties"] == {"CommitId": "abc", "GeneratedBy": JOB.arn}


def test_keys_that_registration_writes_cannot_be_taken() -> None:
    """Later tasks read these keys, so an author's value would mislead them."""
    with pytest.raises(
        InvalidModelPackage, match=r"customer_metadata_properties\.run_id is reserved: the registration"
    ):
        request(declared={"CustomerMetadataProperties": {"run_id": "mine", "team": "growth"}})


def test_the_source_is_left_to_an_update() -> None:
    """The service does not accept a source together with containers."""
    assert "SourceUri" not in request(declared={"SourceUri": "s3://bucket/model/"})


def test_containers_for_another_unit_are_an_additional_specification() -> None:
    """GPU containers can be chosen for a model; an author's specification of the same name takes precedence."""
    gpu = [{"Image": "gpu:1", "ModelDataUrl": "s3://bucket/gpu.tar.gz"}]
    described = {**CANDIDATE, "InferenceContainers": CONTAINERS, "InferenceContainerDefinitions": {"GPU": gpu}}
    candidate = Candidate.from_api(described)
    types = {"SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}
    built = request(candidate=candidate)["AdditionalInferenceSpecifications"]
    assert built == [{"Name": "gpu", "Containers": gpu, **types}]
    own = [{"Name": "gpu", "Containers": CONTAINERS}]
    declared = request(candidate=candidate, declared={"AdditionalInferenceSpecifications": own})
    assert declared["AdditionalInferenceSpecifications"] == own


def test_instance_types_are_those_of_the_default_containers(caplog: pytest.LogCaptureFixture) -> None:
    """GPU containers do not run on the CPU instances that an author lists; their content types are the same."""
    gpu = [{"Image": "gpu:1", "ModelDataUrl": "s3://bucket/gpu.tar.gz"}]
    described = {**CANDIDATE, "InferenceContainers": CONTAINERS, "InferenceContainerDefinitions": {"GPU": gpu}}
    declared = {
        "InferenceSpecification": {
            "SupportedContentTypes": ["application/x-parquet"],
            "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
            "SupportedTransformInstanceTypes": ["ml.m5.large"],
        }
    }
    made = request(candidate=Candidate.from_api(described), declared=declared)
    types = {"SupportedContentTypes": ["application/x-parquet"], "SupportedResponseMIMETypes": ["text/csv"]}
    assert made["AdditionalInferenceSpecifications"] == [{"Name": "gpu", "Containers": gpu, **types}]
    assert made["InferenceSpecification"]["SupportedTransformInstanceTypes"] == ["ml.m5.large"]
    assert caplog.messages == []


def test_containers_that_cannot_answer_as_wanted_are_no_alternative(caplog: pytest.LogCaptureFixture) -> None:
    """The default containers support the requested output; the log names what is left out."""
    keys = {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label", "SAGEMAKER_INFERENCE_SUPPORTED": "probability"}
    default = [{"Image": "algorithm:1", "ModelDataUrl": "s3://bucket/2.tar.gz", "Environment": keys}]
    gpu = [{"Image": "gpu:1", "ModelDataUrl": "s3://bucket/gpu.tar.gz"}]
    described = {**CANDIDATE, "InferenceContainers": default, "InferenceContainerDefinitions": {"GPU": gpu}}
    candidate = Candidate.from_api(described)
    assert "AdditionalInferenceSpecifications" not in request(candidate=candidate, response_keys=["probability"])
    assert "containers for GPU are not reg" in caplog.text
    assert "this candidate's containers do not support it" in caplog.text


def test_a_candidate_without_containers_is_refused() -> None:
    """Nothing is registered without a model."""
    with pytest.raises(CandidateNotRegistrable):
        request(candidate=Candidate.from_api(candidate_described()))


def test_content_types_are_those_of_the_problem_type() -> None:
    """A text classifier answers in JSON; for an unknown problem type the author must give the types."""
    text = AutoMLJob.from_api(job_described(AutoMLProblemTypeConfigName="TextClassification"))
    assert request(job=text)["InferenceSpecification"]["SupportedResponseMIMETypes"] == ["application/json"]
    unknown = AutoMLJob.from_api(job_described(AutoMLProblemTypeConfigName="Telepathy"))
    with pytest.raises(CandidateNotRegistrable, match="content types of problem type Telepathy are unknown"):
        request(job=unknown)
    types = {"SupportedContentTypes": ["text/plain"], "SupportedResponseMIMETypes": ["text/plain"]}
    assert (
        request(job=unknown, declared={"InferenceSpecification": types})["InferenceSpecification"].items()
        >= types.items()
    )


def test_metadata_values_fit_the_service() -> None:
    """Invalid characters are replaced, and long values are cut."""
    assert metadata_value('{"a": [1, 2]}') == "__a_: _1_ 2__"
    assert len(metadata_value("x" * 1000)) == 256


def test_package_statuses_are_those_of_the_service() -> None:
    """The vocabulary covers all statuses in botocore; an unknown one is an error."""
    model = get_session().get_service_model("sagemaker")
    assert {status.value for status in ModelPackageStatus} == set(
        model.shape_for("ModelPackageStatus").metadata["enum"]
    )
    assert is_finished({"ModelPackageStatus": "Completed"}) is True
    assert is_finished({"ModelPackageStatus": "Pending"}) is False
    with pytest.raises(UnknownStatus, match="'Paused'"):
        is_finished({"ModelPackageStatus": "Paused"})


def test_a_failed_package_says_why() -> None:
    """The reasons of validation and image scan are reported."""
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
