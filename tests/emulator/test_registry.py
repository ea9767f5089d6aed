"""The registry stores all members, updates only the given ones, and honours client tokens."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.support.jobs import ROLE, unique

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_SPECIFICATION = {
    "Containers": [
        {
            "Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/image:1",
            "ImageDigest": f"sha256:{'0' * 64}",
            "ModelDataUrl": "s3://bucket/model.tar.gz",
            "Environment": {"SAGEMAKER_INFERENCE_OUTPUT": "predicted_label"},
        }
    ],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}
_SOURCE = {"ContentType": "application/json", "S3Uri": "s3://bucket/report.json"}
_EVERYTHING: dict[str, Any] = {
    "ModelPackageDescription": "A description",
    "ModelPackageRegistrationType": "Registered",
    "InferenceSpecification": _SPECIFICATION,
    "ValidationSpecification": {"ValidationRole": ROLE, "ValidationProfiles": []},
    "ModelApprovalStatus": "PendingManualApproval",
    "MetadataProperties": {"GeneratedBy": "a job", "CommitId": "abc", "Repository": "repository"},
    "ModelMetrics": {"ModelQuality": {"Statistics": _SOURCE}, "Explainability": {"Report": _SOURCE}},
    "Domain": "MACHINE_LEARNING",
    "Task": "CLASSIFICATION",
    "SamplePayloadUrl": "s3://bucket/payload.tar.gz",
    "CustomerMetadataProperties": {"first": "1", "second": "2"},
    "DriftCheckBaselines": {"ModelQuality": {"Statistics": _SOURCE}},
    "AdditionalInferenceSpecifications": [{"Name": "gpu", "Containers": _SPECIFICATION["Containers"]}],
    "SkipModelValidation": "All",
    "SecurityConfig": {"KmsKeyId": "key"},
    "ModelCard": {"ModelCardContent": json.dumps({"business_details": {}}), "ModelCardStatus": "Draft"},
    "ModelLifeCycle": {"Stage": "Development", "StageStatus": "InProgress"},
}


@pytest.fixture
def group(sagemaker: SageMakerClient) -> str:
    """Name of a new, empty group."""
    name = unique("group")
    sagemaker.create_model_package_group(ModelPackageGroupName=name, ModelPackageGroupDescription="A group")
    return name


def _register(sagemaker: SageMakerClient, group: str, **members: Any) -> str:
    given = {"InferenceSpecification": _SPECIFICATION, **members}
    return sagemaker.create_model_package(ModelPackageGroupName=group, **given)["ModelPackageArn"]


def test_every_member_is_kept(sagemaker: SageMakerClient, group: str) -> None:
    """DescribeModelPackage returns what CreateModelPackage was given."""
    arn = _register(sagemaker, group, **_EVERYTHING)
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    assert {key: described.get(key) for key in _EVERYTHING} == _EVERYTHING
    assert (described["ModelPackageGroupName"], described["ModelPackageVersion"]) == (group, 1)
    assert described["ModelPackageStatus"] == "Completed"


def test_a_version_is_described_as_in_the_developer_guide(sagemaker: SageMakerClient, group: str) -> None:
    """A version has no name, in no answer; it is not certified, and the digests of its images are resolved."""
    digest = f"sha256:{'1' * 64}"
    containers: Any = [{"Image": "image:1"}, {"Image": "image:1"}, {"Image": "image:2"}, {"Image": f"image@{digest}"}]
    arn = _register(sagemaker, group, InferenceSpecification={"Containers": containers})
    described: Any = sagemaker.describe_model_package(ModelPackageName=arn)
    assert "ModelPackageName" not in described
    assert described["CertifyForMarketplace"] is False
    kept = described["InferenceSpecification"]["Containers"]
    assert [container["Image"] for container in kept] == [container["Image"] for container in containers]
    first, second, third, pinned = (container["ImageDigest"] for container in kept)
    assert re.fullmatch("sha256:[0-9a-f]{64}", first)
    assert (second, pinned) == (first, digest)
    assert third != first
    listed = sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]
    found = sagemaker.search(
        Resource="ModelPackage",
        SearchExpression={"Filters": [{"Name": "ModelPackageGroupName", "Operator": "Equals", "Value": group}]},
    )["Results"]
    assert len(listed) == len(found) == 1
    assert "ModelPackageName" not in listed[0]
    assert "ModelPackageName" not in found[0]["ModelPackage"]


def test_a_package_has_a_group_or_a_name(sagemaker: SageMakerClient, group: str) -> None:
    """With both or neither the request is refused, in the service's words."""
    both = "Both ModelPackageName and ModelPackageGroupName are provided in the input"
    with pytest.raises(ClientError, match=rf"{both}\. Cannot determine which one to use\."):
        _register(sagemaker, group, ModelPackageName="name")
    with pytest.raises(ClientError, match="Missing ARN"):
        sagemaker.create_model_package(InferenceSpecification=_SPECIFICATION)  # type: ignore[arg-type]


def test_metadata_only_hides_the_card(sagemaker: SageMakerClient, group: str) -> None:
    """Of the card's content only the risk rating is shown; its status and all other members are unchanged."""
    content = {
        "model_overview": {"model_creator": "somebody"},
        "intended_uses": {"risk_rating": "High", "purpose_of_model": "a secret"},
        "business_details": {"line_of_business": "another"},
    }
    card = {"ModelCardContent": json.dumps(content), "ModelCardStatus": "Approved"}
    arn = _register(sagemaker, group, **{**_EVERYTHING, "ModelCard": card})
    whole: Any = sagemaker.describe_model_package(ModelPackageName=arn)
    part: Any = sagemaker.describe_model_package(ModelPackageName=arn, IncludedData="MetadataOnly")
    shown = part["ModelCard"].pop("ModelCardContent")
    assert json.loads(shown) == {"intended_uses": {"risk_rating": "High"}}
    assert whole["ModelCard"].pop("ModelCardContent") == card["ModelCardContent"]
    assert {**part, "ResponseMetadata": None} == {**whole, "ResponseMetadata": None}
    everything: Any = sagemaker.describe_model_package(ModelPackageName=arn, IncludedData="AllData")
    assert everything["ModelCard"] == card


@pytest.mark.parametrize("card", [{}, {"ModelCard": {"ModelCardStatus": "Draft"}}])
def test_metadata_only_adds_no_card(card: dict[str, Any], sagemaker: SageMakerClient, group: str) -> None:
    """A version without a card, or without content in it, is described without one."""
    arn = _register(sagemaker, group, **card)
    described = sagemaker.describe_model_package(ModelPackageName=arn, IncludedData="MetadataOnly")
    assert described.get("ModelCard") == card.get("ModelCard")


def test_an_update_changes_what_it_names_and_nothing_else(sagemaker: SageMakerClient, group: str) -> None:
    """An approval leaves metadata, card and everything else unchanged; metadata is added and removed by key."""
    arn = _register(sagemaker, group, **_EVERYTHING)
    sagemaker.update_model_package(
        ModelPackageArn=arn, ModelApprovalStatus="Approved", ApprovalDescription="Looks good"
    )
    sagemaker.update_model_package(
        ModelPackageArn=arn,
        CustomerMetadataProperties={"second": "II", "third": "3"},
        CustomerMetadataPropertiesToRemove=["first"],
        ModelCard={"ModelCardStatus": "PendingReview"},
    )
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    expected = {
        **_EVERYTHING,
        "ModelApprovalStatus": "Approved",
        "ApprovalDescription": "Looks good",
        "CustomerMetadataProperties": {"second": "II", "third": "3"},
        "ModelCard": {**_EVERYTHING["ModelCard"], "ModelCardStatus": "PendingReview"},
    }
    assert {key: described.get(key) for key in expected} == expected
    assert described["LastModifiedTime"] > described["CreationTime"]


def test_an_archived_card_takes_no_update(sagemaker: SageMakerClient, group: str) -> None:
    """The content of an archived card cannot be changed."""
    arn = _register(sagemaker, group, ModelCard={"ModelCardContent": "{}", "ModelCardStatus": "Archived"})
    with pytest.raises(sagemaker.exceptions.ConflictException, match="Archived"):
        sagemaker.update_model_package(ModelPackageArn=arn, ModelCard={"ModelCardContent": "{}"})


def test_a_client_token_registers_once(sagemaker: SageMakerClient, group: str) -> None:
    """The same request with the same token returns the same version; another request with it is a conflict."""
    first = _register(sagemaker, group, ClientToken="token")
    assert _register(sagemaker, group, ClientToken="token") == first
    assert _register(sagemaker, group, ClientToken="other") != first
    with pytest.raises(sagemaker.exceptions.ConflictException):
        _register(sagemaker, group, ClientToken="token", ModelPackageDescription="changed")


def test_a_client_token_outlives_its_version(sagemaker: SageMakerClient, group: str) -> None:
    """The same request returns the ARN of the deleted version; another is a conflict; another token registers."""
    first = _register(sagemaker, group, ClientToken="outlives")
    sagemaker.delete_model_package(ModelPackageName=first)
    assert _register(sagemaker, group, ClientToken="outlives") == first
    with pytest.raises(sagemaker.exceptions.ConflictException, match="token"):
        _register(sagemaker, group, ClientToken="outlives", ModelPackageDescription="changed")
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package(ModelPackageName=first)
    assert _register(sagemaker, group, ClientToken="outlives-again").endswith("/2")


def test_version_numbers_are_never_used_again(sagemaker: SageMakerClient, group: str) -> None:
    """After a version is deleted the next one gets a new number."""
    _register(sagemaker, group)
    second = _register(sagemaker, group)
    sagemaker.delete_model_package(ModelPackageName=second)
    assert _register(sagemaker, group).endswith("/3")
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package(ModelPackageName=second)


def test_versions_are_listed_filtered_and_paged(sagemaker: SageMakerClient, group: str) -> None:
    """The newest approved version is found with the request that AWS's samples use."""
    for status in ("Approved", "Rejected", "Approved", "PendingManualApproval"):
        _register(sagemaker, group, ModelApprovalStatus=status)
    newest = sagemaker.list_model_packages(
        ModelPackageGroupName=group, ModelApprovalStatus="Approved", SortOrder="Descending", MaxResults=1
    )
    assert [entry["ModelPackageVersion"] for entry in newest["ModelPackageSummaryList"]] == [3]
    pages = sagemaker.get_paginator("list_model_packages").paginate(
        ModelPackageGroupName=group, PaginationConfig={"PageSize": 3}
    )
    assert [entry["ModelPackageVersion"] for page in pages for entry in page["ModelPackageSummaryList"]] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"Tags": [{"Key": "a", "Value": "b"}]}, "Tags are not supported"),
        ({"InferenceSpecification": None}, "either InferenceSpecification or SourceUri"),
        ({"ModelPackageDescription": "two\nlines"}, "regular expression pattern"),
        ({"CustomerMetadataProperties": {"key": "a,b"}}, "regular expression pattern"),
        ({"CustomerMetadataProperties": {}}, "length greater than or equal to 1"),
        ({"ModelApprovalStatus": "Perhaps"}, "enum value set: [Approved, Rejected, PendingManualApproval]"),
    ],
)
def test_what_the_service_refuses_is_refused(
    members: dict[str, Any], message: str, sagemaker: SageMakerClient, group: str
) -> None:
    """Violated constraints that boto3 does not check are a ValidationException."""
    given = {"InferenceSpecification": _SPECIFICATION, **members}
    given = {key: value for key, value in given.items() if value is not None}
    with pytest.raises(ClientError) as refused:
        sagemaker.create_model_package(ModelPackageGroupName=group, **given)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert message in refused.value.response["Error"]["Message"]
    assert not sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]


def test_a_group_is_created_once_and_deleted_only_when_empty(sagemaker: SageMakerClient, group: str) -> None:
    """A second creation is refused, as is deleting a group with versions; tags are stored."""
    with pytest.raises(ClientError, match="already exists"):
        sagemaker.create_model_package_group(ModelPackageGroupName=group)
    arn = _register(sagemaker, group)
    with pytest.raises(sagemaker.exceptions.ConflictException):
        sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    group_arn = sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    sagemaker.add_tags(ResourceArn=group_arn, Tags=[{"Key": "team", "Value": "risk"}])
    assert sagemaker.list_tags(ResourceArn=group_arn)["Tags"] == [{"Key": "team", "Value": "risk"}]
    sagemaker.delete_model_package(ModelPackageName=arn)
    sagemaker.delete_model_package_group(ModelPackageGroupName=group)
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package_group(ModelPackageGroupName=group)


def test_many_versions_are_described_at_once(sagemaker: SageMakerClient, group: str) -> None:
    """Existing versions are summarized; each missing one has its own error."""
    arn = _register(sagemaker, group, ModelApprovalStatus="Approved")
    missing = f"{arn}9"
    answer = sagemaker.batch_describe_model_package(ModelPackageArnList=[arn, missing])
    summary = answer["ModelPackageSummaries"][arn]
    assert (summary["ModelPackageGroupName"], summary["ModelApprovalStatus"]) == (group, "Approved")
    assert summary["InferenceSpecification"] == _SPECIFICATION
    assert answer["BatchDescribeModelPackageErrorMap"][missing]["ErrorCode"] == "ValidationException"


def test_a_group_has_one_policy(sagemaker: SageMakerClient, group: str) -> None:
    """The policy can be put, read, replaced and deleted; reading a missing one is an error."""
    for policy in ('{"Version": "2012-10-17", "Statement": []}', "{}"):
        sagemaker.put_model_package_group_policy(ModelPackageGroupName=group, ResourcePolicy=policy)
        assert sagemaker.get_model_package_group_policy(ModelPackageGroupName=group)["ResourcePolicy"] == policy
    sagemaker.delete_model_package_group_policy(ModelPackageGroupName=group)
    with pytest.raises(ClientError, match="Cannot find resource policy"):
        sagemaker.get_model_package_group_policy(ModelPackageGroupName=group)


def test_a_package_may_be_in_no_group(sagemaker: SageMakerClient, group: str) -> None:
    """A package without a group has a name and tags and no approval; by default lists show only such packages."""
    version, name = _register(sagemaker, group), unique("package")
    with pytest.raises(ClientError, match="SupportedTransformInstanceTypes, SupportedRealtimeInferenceInstanceTypes"):
        sagemaker.create_model_package(ModelPackageName=name, InferenceSpecification=_SPECIFICATION)  # type: ignore[arg-type]
    specification: Any = {
        **_SPECIFICATION,
        "SupportedTransformInstanceTypes": ["ml.m5.large"],
        "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
    }
    given = {"ModelPackageName": name, "InferenceSpecification": specification}
    with pytest.raises(ClientError, match="ModelApprovalStatus does not apply"):
        sagemaker.create_model_package(**given, ModelApprovalStatus="Approved")
    arn = sagemaker.create_model_package(**given, Tags=[{"Key": "a", "Value": "b"}])["ModelPackageArn"]
    with pytest.raises(ClientError, match="already exists"):
        sagemaker.create_model_package(**given)
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "b"}]
    described = sagemaker.describe_model_package(ModelPackageName=name)
    assert (described["ModelPackageArn"], described["ModelPackageName"]) == (arn, name)
    assert "ModelApprovalStatus" not in described
    for kind, expected in (("Unversioned", {arn}), ("Versioned", {version}), ("Both", {arn, version})):
        listed = sagemaker.get_paginator("list_model_packages").paginate(ModelPackageType=kind)
        found = {entry["ModelPackageArn"] for page in listed for entry in page["ModelPackageSummaryList"]}
        assert found & {arn, version} == expected
    sagemaker.delete_model_package(ModelPackageName=name)
    with pytest.raises(ClientError, match="does not exist"):
        sagemaker.describe_model_package(ModelPackageName=name)


def test_an_update_that_goes_too_far_changes_nothing(sagemaker: SageMakerClient, group: str) -> None:
    """Too many properties or specifications, or duplicate names, leave the version unchanged."""
    arn = _register(sagemaker, group, **_EVERYTHING)
    before = sagemaker.describe_model_package(ModelPackageName=arn)
    properties = {f"key-{number}": "x" for number in range(50)}
    containers: Any = _SPECIFICATION["Containers"]
    named = [{"Name": f"spec-{number}", "Containers": containers} for number in range(15)]
    changes: list[tuple[dict[str, Any], str]] = [
        ({"CustomerMetadataProperties": properties}, "at most 50 customer metadata properties"),
        ({"AdditionalInferenceSpecificationsToAdd": named}, "at most 15 additional"),
        ({"AdditionalInferenceSpecificationsToAdd": [{"Name": "gpu", "Containers": containers}]}, "must be different"),
    ]
    for change, message in changes:
        with pytest.raises(ClientError, match=message):
            sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", **change)
    after = sagemaker.describe_model_package(ModelPackageName=arn)
    assert {**before, "ResponseMetadata": None} == {**after, "ResponseMetadata": None}
