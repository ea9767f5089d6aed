"""Stand-alone model cards: each content is a version of its own, and a status belongs to the latest version."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from airflow_sagemaker_automl.emulator.card_content import metadata_only
from tests.support.jobs import unique

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_CONTENT: dict[str, Any] = {
    "model_overview": {
        "model_id": "arn:aws:sagemaker:us-east-1:123456789012:model/churn",
        "model_name": "churn",
        "model_version": 1,
        "model_owner": "risk",
        "problem_type": "Binary Classification",
        "inference_environment": {"container_image": ["image:1"]},
    },
    "intended_uses": {"purpose_of_model": "a secret", "risk_rating": "Low"},
    "model_package_details": {
        "model_package_arn": "arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/1",
        "model_package_group_name": "churn",
        "model_approval_status": "Approved",
        "inference_specification": {"containers": [{"image": "image:1"}]},
    },
    "training_details": {"training_job_details": {"hyper_parameters": [{"name": "eta"}]}},
}
_METADATA = {
    "model_overview": {key: _CONTENT["model_overview"][key] for key in ("model_id", "model_name")},
    "intended_uses": {"risk_rating": "Low"},
    "model_package_details": {
        key: _CONTENT["model_package_details"][key] for key in ("model_package_arn", "model_package_group_name")
    },
}


def _create(sagemaker: SageMakerClient, content: str = json.dumps(_CONTENT), **members: Any) -> str:
    name = unique("card")
    sagemaker.create_model_card(ModelCardName=name, Content=content, **{"ModelCardStatus": "Draft", **members})
    return name


def _versions(sagemaker: SageMakerClient, name: str, **request: Any) -> list[tuple[int, str]]:
    listed = sagemaker.list_model_card_versions(ModelCardName=name, **request)["ModelCardVersionSummaryList"]
    return [(entry["ModelCardVersion"], entry["ModelCardStatus"]) for entry in listed]


def test_a_change_of_the_status_keeps_the_content(sagemaker: SageMakerClient) -> None:
    """The content, the version and the times of creation stay; the time of the last change is a new one."""
    name = _create(sagemaker, SecurityConfig={"KmsKeyId": "key"})
    before = sagemaker.describe_model_card(ModelCardName=name)
    assert json.loads(before["Content"]) == _CONTENT
    arn = sagemaker.update_model_card(ModelCardName=name, ModelCardStatus="PendingReview")["ModelCardArn"]
    after = sagemaker.describe_model_card(ModelCardName=arn)
    changed = ("ModelCardStatus", "LastModifiedTime", "ResponseMetadata")
    assert {key: value for key, value in after.items() if key not in changed} == {
        key: value for key, value in before.items() if key not in changed
    }
    assert (after["ModelCardStatus"], after["ModelCardVersion"]) == ("PendingReview", 1)
    assert after["LastModifiedTime"] > before["LastModifiedTime"]
    assert after["SecurityConfig"] == {"KmsKeyId": "key"}
    assert _versions(sagemaker, name) == [(1, "PendingReview")]


def test_each_content_is_a_version(sagemaker: SageMakerClient) -> None:
    """Earlier versions keep their content; the latest is described by default; versions are listed and filtered."""
    name = _create(sagemaker)
    sagemaker.update_model_card(ModelCardName=name, ModelCardStatus="Approved")
    sagemaker.update_model_card(ModelCardName=name, Content="{}")
    sagemaker.update_model_card(ModelCardName=name, ModelCardStatus="Draft")
    latest = sagemaker.describe_model_card(ModelCardName=name)
    first = sagemaker.describe_model_card(ModelCardName=name, ModelCardVersion=1)
    assert (latest["ModelCardVersion"], latest["Content"]) == (2, "{}")
    assert (first["ModelCardVersion"], json.loads(first["Content"])) == (1, _CONTENT)
    assert first["CreationTime"] == latest["CreationTime"]
    assert _versions(sagemaker, name) == [(1, "Approved"), (2, "Draft")]
    assert _versions(sagemaker, name, SortOrder="Descending", MaxResults=1) == [(2, "Draft")]
    assert _versions(sagemaker, name, ModelCardStatus="Approved") == [(1, "Approved")]
    with pytest.raises(sagemaker.exceptions.ResourceNotFound, match="no version 3"):
        sagemaker.describe_model_card(ModelCardName=name, ModelCardVersion=3)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "cannot be read as JSON"),
        ("", "cannot be read as JSON"),
        ("[]", "must be a JSON object"),
        ('{"training_details": {"training_observations": NaN}}', "NaN is not a JSON number"),
        ('{"surprise": {}}', "Additional properties"),
        ('{"intended_uses": {"risk_rating": "high"}}', "'high' is not one of"),
        ('{"model_overview": {"model_version": 0}}', "less than the minimum"),
        ('{"model_package_details": {"inference_specification": {}}}', "'containers' is a required property"),
    ],
)
def test_content_that_is_not_valid_is_refused(content: str, message: str, sagemaker: SageMakerClient) -> None:
    """Content that is not JSON or breaks the schema makes neither a card nor a version."""
    name = _create(sagemaker)
    calls: list[Callable[[], Any]] = [
        lambda: _create(sagemaker, content),
        lambda: sagemaker.update_model_card(ModelCardName=name, Content=content),
    ]
    for call in calls:
        with pytest.raises(ClientError) as refused:
            call()
        assert refused.value.response["Error"]["Code"] == "ValidationException"
        assert message in refused.value.response["Error"]["Message"]
    assert _versions(sagemaker, name) == [(1, "Draft")]


def test_an_update_has_content_or_a_status(sagemaker: SageMakerClient) -> None:
    """Both in one call, and neither, are refused; so is every update of an archived card."""
    name = _create(sagemaker)
    updates: list[dict[str, Any]] = [{"Content": "{}", "ModelCardStatus": "Approved"}, {}]
    for update in updates:
        with pytest.raises(ClientError, match="cannot update both model card content and model card status"):
            sagemaker.update_model_card(ModelCardName=name, **update)
    sagemaker.update_model_card(ModelCardName=name, ModelCardStatus="Archived")
    updates = [{"Content": "{}"}, {"ModelCardStatus": "Draft"}]
    for update in updates:
        with pytest.raises(sagemaker.exceptions.ConflictException, match="Archived"):
            sagemaker.update_model_card(ModelCardName=name, **update)
    assert _versions(sagemaker, name) == [(1, "Archived")]


def test_cards_are_there_once_listed_and_deleted(sagemaker: SageMakerClient) -> None:
    """A name is used once; cards are listed by status and name, have tags, and are gone after their deletion."""
    name = _create(sagemaker, ModelCardStatus="Approved", Tags=[{"Key": "team", "Value": "risk"}])
    with pytest.raises(sagemaker.exceptions.ConflictException, match="already exists"):
        sagemaker.create_model_card(ModelCardName=name, Content="{}", ModelCardStatus="Draft")
    arn = sagemaker.describe_model_card(ModelCardName=name)["ModelCardArn"]
    assert sagemaker.list_tags(ResourceArn=arn)["Tags"] == [{"Key": "team", "Value": "risk"}]
    for status, expected in (("Approved", [name]), ("Draft", [])):
        listed: Any = sagemaker.list_model_cards(NameContains=name, ModelCardStatus=status)  # type: ignore[arg-type]
        assert [entry["ModelCardName"] for entry in listed["ModelCardSummaries"]] == expected
    sagemaker.delete_model_card(ModelCardName=name)
    calls: list[Callable[[], Any]] = [
        lambda: sagemaker.describe_model_card(ModelCardName=name),
        lambda: sagemaker.update_model_card(ModelCardName=name, ModelCardStatus="Draft"),
        lambda: sagemaker.list_model_card_versions(ModelCardName=name),
        lambda: sagemaker.delete_model_card(ModelCardName=name),
    ]
    for call in calls:
        with pytest.raises(sagemaker.exceptions.ResourceNotFound, match="does not exist"):
            call()


def test_metadata_only_hides_the_content(sagemaker: SageMakerClient) -> None:
    """Only the five documented fields are shown, where the card has them."""
    name = _create(sagemaker)
    described = sagemaker.describe_model_card(ModelCardName=name, IncludedData="MetadataOnly")
    assert json.loads(described["Content"]) == _METADATA
    whole = sagemaker.describe_model_card(ModelCardName=name, IncludedData="AllData")
    assert json.loads(whole["Content"]) == _CONTENT


@pytest.mark.parametrize("content", ["{}", '{"intended_uses": {}}', '{"business_details": {"business_problem": "x"}}'])
def test_metadata_of_a_card_without_any_is_empty(content: str) -> None:
    """Sections without a documented field are left out."""
    assert metadata_only(content) == "{}"
