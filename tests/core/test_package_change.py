"""A change of a version sends what is not as it is asked for, and tells it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_sagemaker_automl.core.package_change import PackageChange, package_change
from airflow_sagemaker_automl.exceptions import InvalidModelPackage, ModelCardArchived

ARN = "arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/3"
SPECIFICATION = {"Name": "gpu", "Containers": [{"Image": "gpu:1", "ModelDataUrl": "s3://bucket/gpu.tar.gz"}]}
CARD = {
    "intended_uses": {"purpose_of_model": "Offers"},
    "evaluation_details": [{"name": "Candidate metrics", "metric_groups": []}],
}
DESCRIBED: dict[str, Any] = {
    "ModelPackageArn": ARN,
    "ModelApprovalStatus": "PendingManualApproval",
    "CustomerMetadataProperties": {"team": "growth", "ticket": "A-1"},
    "AdditionalInferenceSpecifications": [SPECIFICATION],
    "ModelLifeCycle": {"Stage": "Development", "StageStatus": "Approved", "StageDescription": "Since May"},
    "ModelCard": {"ModelCardContent": json.dumps(CARD), "ModelCardStatus": "Draft"},
}


def change(card: dict[str, Any] | None = None, described: dict[str, Any] | None = None, **asked: Any) -> PackageChange:
    """Compare the version above, or with other members, with what is asked for."""
    return package_change({**DESCRIBED, **(described or {})}, {"ModelPackageArn": ARN, **asked}, card)


def told(found: PackageChange) -> list[str]:
    """Give the lines of the log."""
    return [str(line) for line in found.changes]


def test_only_what_differs_is_sent_and_told() -> None:
    """Of two keys one is as asked for already; of a structure, the place that differs is named."""
    found = change(
        ModelApprovalStatus="Approved",
        CustomerMetadataProperties={"team": "growth", "owner": "Ada"},
        CustomerMetadataPropertiesToRemove=["ticket", "absent"],
        ModelLifeCycle={"Stage": "Production", "StageStatus": "Approved"},
    )
    assert told(found) == [
        "ModelApprovalStatus: 'PendingManualApproval' → 'Approved'",
        "ModelLifeCycle.Stage: 'Development' → 'Production'",
        "CustomerMetadataProperties.owner: not set → 'Ada'",
        "CustomerMetadataProperties.ticket: 'A-1' → removed",
    ]
    assert found.requests == (
        {
            "ModelPackageArn": ARN,
            "ModelApprovalStatus": "Approved",
            "ModelLifeCycle": {"Stage": "Production", "StageStatus": "Approved"},
            "CustomerMetadataProperties": {"owner": "Ada"},
            "CustomerMetadataPropertiesToRemove": ["ticket"],
        },
    )


@pytest.mark.parametrize(
    "asked",
    [
        {"ModelApprovalStatus": "PendingManualApproval"},
        {"CustomerMetadataProperties": {"ticket": "A-1"}},
        {"CustomerMetadataPropertiesToRemove": ["absent"]},
        {"AdditionalInferenceSpecificationsToAdd": [SPECIFICATION]},
        {"ModelCard": {"ModelCardStatus": "Draft"}},
        {"ModelLifeCycle": DESCRIBED["ModelLifeCycle"]},
        {"card": {"intended_uses": {"purpose_of_model": "Offers"}}},
        {"card": CARD},
    ],
)
def test_what_is_so_already_is_left_alone(asked: dict[str, Any]) -> None:
    """No call is made for it."""
    assert change(**asked) == PackageChange((), ())


def test_a_description_of_an_approval_travels_with_its_status() -> None:
    """It says why the status was given, though the status is the same."""
    (request,) = change(ApprovalDescription="Better by far").requests
    assert request == {
        "ModelPackageArn": ARN,
        "ApprovalDescription": "Better by far",
        "ModelApprovalStatus": "PendingManualApproval",
    }


def test_members_that_a_newer_service_has_are_sent() -> None:
    """Whatever stands in extra_request replaces what the version has under that name."""
    (request,) = change(ModelPackageMood="Sunny").requests
    assert request["ModelPackageMood"] == "Sunny"


def test_sections_are_laid_over_the_card() -> None:
    """Evidence stays; content and status go in calls of their own, since one may not be taken with the other."""
    found = change(
        card={"intended_uses": {"risk_rating": "Low"}},
        ModelCard={"ModelCardStatus": "PendingReview"},
        ModelApprovalStatus="Rejected",
    )
    first, second = found.requests
    content = json.loads(first["ModelCard"]["ModelCardContent"])
    assert content == {**CARD, "intended_uses": {"purpose_of_model": "Offers", "risk_rating": "Low"}}
    assert first["ModelApprovalStatus"] == "Rejected"
    assert second == {"ModelPackageArn": ARN, "ModelCard": {"ModelCardStatus": "PendingReview"}}
    assert "ModelCard.ModelCardStatus: 'Draft' → 'PendingReview'" in told(found)


def test_an_evaluation_of_the_same_name_takes_the_place_of_the_old_one() -> None:
    """So that the same update twice adds nothing the second time."""
    section = {"evaluation_details": [{"name": "Field trial", "metric_groups": []}]}
    (request,) = change(card=section).requests
    described = {"ModelCard": {**DESCRIBED["ModelCard"], **request["ModelCard"]}}
    content = json.loads(request["ModelCard"]["ModelCardContent"])
    assert [item["name"] for item in content["evaluation_details"]] == ["Field trial", "Candidate metrics"]
    assert change(card=section, described=described).requests == ()


def test_an_archived_card_takes_no_change() -> None:
    """It is refused before any call; what leaves it as it is is not."""
    archived = {"ModelCard": {**DESCRIBED["ModelCard"], "ModelCardStatus": "Archived"}}
    with pytest.raises(ModelCardArchived, match="ModelCardContent and ModelCardStatus cannot change any more"):
        change(
            card={"intended_uses": {"risk_rating": "Low"}}, described=archived, ModelCard={"ModelCardStatus": "Draft"}
        )
    assert change(described=archived, ModelCard={"ModelCardStatus": "Archived"}).requests == ()
    assert len(change(described=archived, ModelApprovalStatus="Approved").requests) == 1


def test_the_name_of_a_specification_is_taken_once() -> None:
    """The service would refuse a second one; the error names the place."""
    other = {**SPECIFICATION, "Containers": [{"Image": "other:1"}]}
    with pytest.raises(
        InvalidModelPackage, match=r"additional_inference_specifications\[0\].Name = 'gpu' must be a name"
    ):
        change(AdditionalInferenceSpecificationsToAdd=[other])


def test_a_card_without_content_takes_sections() -> None:
    """A version that somebody else has registered may have none."""
    (request,) = change(card={"intended_uses": {"risk_rating": "Low"}}, described={"ModelCard": {}}).requests
    assert json.loads(request["ModelCard"]["ModelCardContent"]) == {"intended_uses": {"risk_rating": "Low"}}


def test_what_changed_is_small_and_json_safe() -> None:
    """A card is long; the task's result is not."""
    found = change(card={"intended_uses": {"purpose_of_model": "x" * 2000}})
    (line,) = [line.to_json() for line in found.changes]
    assert len(json.dumps(line)) < 600
    assert line["member"] == "ModelCard.ModelCardContent"
