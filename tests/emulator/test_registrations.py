"""Registrations are stored with every member of the service model, and validated as by the service."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
import regex
from botocore.exceptions import ClientError
from botocore.session import get_session

from airflow_sagemaker_automl.emulator.card_content import package_card_schema
from demo.sandbox import REGION, REPOSITORY, sagemaker_client
from tests.support.jobs import ROLE, unique

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_MODEL = get_session().get_service_model("sagemaker")
_CREATE: Any = _MODEL.operation_model("CreateModelPackage").input_shape
_UPDATE: Any = _MODEL.operation_model("UpdateModelPackage").input_shape
_DESCRIBED: Any = _MODEL.operation_model("DescribeModelPackage").output_shape
_TEXTS = (
    "value",
    "1.0.0",
    "s3://bucket/prefix/",
    "application/json",
    "123456789012.dkr.ecr.us-east-1.amazonaws.com/image:1",
    ROLE,
    "arn:aws:sagemaker:us-east-1:123456789012:algorithm/name",
    "arn:aws:sagemaker:us-east-1:123456789012:hub-content/hub/Model/name/1.0.0",
    "sha256:" + "0" * 64,
)
# Their values have rules that the model does not contain.
_GIVEN: dict[str, Any] = {
    "ModelCard": {"ModelCardContent": '{"business_details":{"business_problem":"churn"}}', "ModelCardStatus": "Draft"},
    "CustomerMetadataProperties": {"key": "value"},
    "ModelLifeCycle": {"Stage": "Development", "StageStatus": "InProgress", "StageDescription": "text"},
}
_SPECIFICATION: dict[str, Any] = {"Containers": [{"Image": "123456789012.dkr.ecr.us-east-1.amazonaws.com/image:1"}]}
_SOURCES = ("InferenceSpecification", "SourceAlgorithmSpecification", "SourceUri")
_ABOUT_THE_REQUEST = {"ModelPackageName", "ModelPackageGroupName", "CertifyForMarketplace", "Tags", "ClientToken"}


def _sample(shape: Any) -> Any:
    """Make a value with all members of a shape."""
    kind, limits = shape.type_name, shape.metadata
    if kind == "structure":
        members = dict(list(shape.members.items())[:1] if shape.is_tagged_union else shape.members)
        return {name: _sample(member) for name, member in members.items()}
    if kind == "list":
        return [_sample(shape.member)]
    if kind == "map":
        return {_sample(shape.key): _sample(shape.value)}
    if kind == "string":
        return limits["enum"][0] if "enum" in limits else next(_fitting(limits))
    return {"boolean": True, "timestamp": 1}.get(kind, max(1, limits.get("min", 1)))


def _fitting(limits: dict[str, Any]) -> Iterator[str]:
    for text in _TEXTS:
        is_as_long = limits.get("min", 0) <= len(text) <= limits.get("max", len(text))
        if is_as_long and regex.fullmatch(limits.get("pattern", ".*"), text):
            yield text
    raise AssertionError(f"no text fits {limits}")


@pytest.fixture
def group(sagemaker: SageMakerClient) -> str:
    """Name of a new, empty group."""
    name = unique("group")
    sagemaker.create_model_package_group(ModelPackageGroupName=name)
    return name


def _register(sagemaker: SageMakerClient, group: str, **members: Any) -> str:
    source = {} if any(key in members for key in _SOURCES) else {"InferenceSpecification": _SPECIFICATION}
    request: Any = {"ModelPackageGroupName": group, **source, **members}
    return sagemaker.create_model_package(**request)["ModelPackageArn"]


@pytest.mark.parametrize("member", sorted(set(_CREATE.members) - _ABOUT_THE_REQUEST))
def test_each_member_of_a_registration_is_given_back(sagemaker: SageMakerClient, group: str, member: str) -> None:
    """DescribeModelPackage returns every member that CreateModelPackage accepts, down to the last leaf."""
    value = _GIVEN.get(member) or _sample(_CREATE.members[member])
    arn = _register(sagemaker, group, **{member: value})
    assert member in _DESCRIBED.members
    assert sagemaker.describe_model_package(ModelPackageName=arn)[member] == value  # type: ignore[literal-required]


@pytest.mark.parametrize("member", sorted(set(_UPDATE.members) - {"ModelPackageArn", "ClientToken"}))
def test_each_member_of_an_update_takes_effect(sagemaker: SageMakerClient, group: str, member: str) -> None:
    """Every member that UpdateModelPackage accepts takes effect."""
    arn = _register(sagemaker, group, CustomerMetadataProperties={"value": "1", "stays": "2"})
    value = _GIVEN.get(member) or _sample(_UPDATE.members[member])
    change: Any = {member: value}
    sagemaker.update_model_package(ModelPackageArn=arn, **change)
    described: Any = sagemaker.describe_model_package(ModelPackageName=arn)
    if member == "CustomerMetadataPropertiesToRemove":
        assert described["CustomerMetadataProperties"] == {"stays": "2"}
    elif member == "CustomerMetadataProperties":
        assert described[member] == {"value": "1", "stays": "2", **value}
    else:
        assert described[member.removesuffix("ToAdd")] == value


def _card(**members: Any) -> dict[str, Any]:
    return {"ModelCard": {"ModelCardContent": json.dumps(members), "ModelCardStatus": "Draft"}}


_PREFIX = {"S3Uri": "s3://bucket/prefix", "S3DataType": "S3Prefix", "CompressionType": "None"}
_OPEN_PREFIX = {"Containers": [{"Image": "image:1", "ModelDataSource": {"S3DataSource": _PREFIX}}]}


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"ModelCard": {"ModelCardContent": "{\n}", "ModelCardStatus": "Draft"}}, "regular expression pattern"),
        ({"ModelCard": {"ModelCardContent": "{", "ModelCardStatus": "Draft"}}, "cannot be read as JSON"),
        ({"ModelCard": {"ModelCardContent": "[]", "ModelCardStatus": "Draft"}}, "must be a JSON object"),
        (_card(training_details={"training_observations": float("nan")}), "NaN is not a JSON number"),
        (_card(model_overview={"model_owner": "somebody"}), "$.model_overview: Additional properties"),
        (_card(intended_uses={"risk_rating": "high"}), "$.intended_uses.risk_rating: 'high' is not one of"),
        (_card(business_details={"business_problem": "x" * 2049}), "is too long"),
        (_card(additional_information={"custom_details": {"x": "y" * 100_000}}), "less than or equal to 100000"),
        ({"CustomerMetadataProperties": {f"k{number}": "x" for number in range(51)}}, "less than or equal to 50"),
        ({"InferenceSpecification": _OPEN_PREFIX}, "must end with a forward slash"),
        ({"AdditionalInferenceSpecifications": [{"Name": "other", **_OPEN_PREFIX}]}, "must end with a forward slash"),
        ({"ClientToken": "not a token"}, "regular expression pattern"),
    ],
)
def test_a_registration_that_breaks_the_documents_is_refused(
    members: dict[str, Any], message: str, sagemaker: SageMakerClient, group: str
) -> None:
    """An invalid card, model data prefix or number of metadata is refused, and nothing is registered."""
    with pytest.raises(ClientError) as refused:
        _register(sagemaker, group, **members)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert message in refused.value.response["Error"]["Message"]
    assert not sagemaker.list_model_packages(ModelPackageGroupName=group)["ModelPackageSummaryList"]


def test_an_update_is_judged_like_a_registration(sagemaker: SageMakerClient, group: str) -> None:
    """An invalid card, or a model data prefix without a slash, changes nothing."""
    arn = _register(sagemaker, group, **_card(business_details={}))
    wrong: list[Any] = [
        _card(business_detail={}),
        {"InferenceSpecification": _OPEN_PREFIX},
        {"AdditionalInferenceSpecificationsToAdd": [{"Name": "other", **_OPEN_PREFIX}]},
    ]
    for change in wrong:
        with pytest.raises(ClientError, match="ValidationException"):
            sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Approved", **change)
    described = sagemaker.describe_model_package(ModelPackageName=arn)
    assert described["ModelApprovalStatus"] == "PendingManualApproval"
    assert "LastModifiedTime" not in described


def test_a_client_token_is_for_one_request_of_the_account(sagemaker: SageMakerClient, group: str) -> None:
    """The group may be given as name or ARN; another group is another request."""
    token, other = unique("token"), unique("group")
    group_arn = sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupArn"]
    first = _register(sagemaker, group, ClientToken=token)
    assert _register(sagemaker, group_arn, ClientToken=token) == first
    sagemaker.create_model_package_group(ModelPackageGroupName=other)
    with pytest.raises(sagemaker.exceptions.ConflictException, match="token"):
        _register(sagemaker, other, ClientToken=token)


def test_an_update_with_a_token_is_made_once(sagemaker: SageMakerClient, group: str) -> None:
    """A repeated update changes nothing, and its token is refused for another update."""
    arn = _register(sagemaker, group)
    update: Any = {"ModelPackageArn": arn, "ModelApprovalStatus": "Approved", "ClientToken": "once"}
    sagemaker.update_model_package(**update)
    sagemaker.update_model_package(ModelPackageArn=arn, ModelApprovalStatus="Rejected")
    sagemaker.update_model_package(**update)
    assert sagemaker.describe_model_package(ModelPackageName=arn)["ModelApprovalStatus"] == "Rejected"
    with pytest.raises(sagemaker.exceptions.ConflictException, match="token"):
        sagemaker.update_model_package(**{**update, "ModelApprovalStatus": "PendingManualApproval"})


def test_versions_are_listed_by_everything_that_the_request_has(sagemaker: SageMakerClient, group: str) -> None:
    """Times, name, approval status, type and order; the request has no other member."""
    arns: list[str] = []
    for status in ("Approved", "Rejected", "Approved"):
        # botocore sends times in whole seconds, except in recent versions.
        time.sleep(1 if arns else 0)
        arns.append(_register(sagemaker, group, ModelApprovalStatus=status))
    created = [sagemaker.describe_model_package(ModelPackageName=arn)["CreationTime"] for arn in arns]
    later = timedelta(seconds=1)
    cases: list[tuple[dict[str, Any], list[int]]] = [
        ({"CreationTimeAfter": created[1] + later, "ModelPackageGroupName": group}, [2]),
        ({"CreationTimeBefore": created[0] + later, "ModelPackageGroupName": group}, [0]),
        ({"NameContains": group[3:].upper(), "ModelPackageType": "Versioned"}, [0, 1, 2]),
        ({"NameContains": group, "ModelPackageType": "Unversioned"}, []),
        ({"NameContains": group, "ModelPackageType": "Both", "ModelApprovalStatus": "Rejected"}, [1]),
        ({"ModelPackageGroupName": group, "SortBy": "Name", "SortOrder": "Descending"}, [2, 1, 0]),
        ({"ModelPackageGroupName": group, "SortBy": "CreationTime", "SortOrder": "Descending"}, [2, 1, 0]),
    ]
    for request, expected in cases:
        listed = sagemaker.list_model_packages(**request)["ModelPackageSummaryList"]
        assert [arns.index(entry["ModelPackageArn"]) for entry in listed] == expected, request
    first = sagemaker.list_model_packages(ModelPackageGroupName=group, MaxResults=2)
    rest = sagemaker.list_model_packages(ModelPackageGroupName=group, MaxResults=2, NextToken=first["NextToken"])
    assert [entry["ModelPackageArn"] for entry in rest["ModelPackageSummaryList"]] == arns[2:]
    tried = set().union(*(request for request, _ in cases)) | {"MaxResults", "NextToken"}
    assert set(_MODEL.operation_model("ListModelPackages").input_shape.members) == tried  # type: ignore[union-attr]


def test_a_group_of_another_account_is_reached_by_its_arn(
    sagemaker: SageMakerClient, emulator_url: str, group: str
) -> None:
    """A group that does not exist there is an access error; versions registered there belong to the other account."""
    name = unique("shared")
    arn = f"arn:aws:sagemaker:{REGION}:210987654321:model-package-group/{name}"
    calls: list[Any] = [
        lambda: _register(sagemaker, arn),
        lambda: sagemaker.list_model_packages(ModelPackageGroupName=arn),
        lambda: sagemaker.describe_model_package_group(ModelPackageGroupName=arn),
        lambda: sagemaker.describe_model_package(ModelPackageName=f"{arn.replace('-group', '')}/1"),
        lambda: sagemaker.delete_model_package_group(ModelPackageGroupName=arn),
    ]
    for call in calls:
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == "AccessDeniedException"
    owner = _of_account(emulator_url, "210987654321")
    owner.create_model_package_group(ModelPackageGroupName=name)
    version = _register(sagemaker, arn)
    assert version == f"arn:aws:sagemaker:{REGION}:210987654321:model-package/{name}/1"
    for client in (sagemaker, owner):
        listed = client.list_model_packages(ModelPackageGroupName=arn)["ModelPackageSummaryList"]
        assert [entry["ModelPackageArn"] for entry in listed] == [version]
        assert client.describe_model_package(ModelPackageName=version)["ModelPackageGroupName"] == name


def _of_account(url: str, account: str) -> SageMakerClient:
    client = sagemaker_client(url)
    client.meta.events.register(
        "before-sign.sagemaker", lambda request, **_: request.headers.add_header("x-moto-account-id", account)
    )
    return client


def test_the_emulators_schema_is_the_documented_one() -> None:
    """The emulator's separate copy of the schema equals the one that cards are built with."""
    own = json.loads(
        (REPOSITORY / "airflow_sagemaker_automl/emulator/model_package_model_card.schema.json").read_text()
    )
    assert own == package_card_schema().schema
    assert own == json.loads((REPOSITORY / "airflow_sagemaker_automl/core/card/model_card.schema.json").read_text())
