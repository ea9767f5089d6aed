"""An update of a version sends only what differs from the request, and logs it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_sagemaker_automl import InvalidModelPackage, ModelCardUnchangeable
from airflow_sagemaker_automl.core.registry.package_change import PackageChange, package_change

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
    """Compare the version above, possibly with other members, with a request."""
    return package_change({**DESCRIBED, **(described or {})}, {"ModelPackageArn": ARN, **asked}, card)


def told(found: PackageChange) -> list[str]:
    """Return the log lines."""
    return [str(line) for line in found.changes]


def test_only_what_differs_is_sent_and_told() -> None:
    """Keys that are already as requested are not sent; for a structure the path that differs is named."""
    found = change(
        ModelApprovalStatus="Approved",
        CustomerMetadataProperties={"team": "growth", "owner": "Ada"},
        CustomerMetadataPropertiesToRemove=["ticket", "absent"],
        ModelLifeCycle={"Stage": "Production", "StageStatus": "Approved"},
    )
    assert told(found) == [
        "ModelApprovalStatus: 'PendingManualApproval' → 'Approved'",
        "ModelLifeCycle.Stage: 'Development' → 'Production'",
        "ModelLifeCycle.StageDescription: 'Since May' → removed",
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
    """No call is made."""
    assert change(**asked) == PackageChange((), ())


def test_a_description_travels_with_a_status_that_is_asked_for() -> None:
    """The description gives the reason for the status, even if the status is unchanged."""
    (request,) = change(ApprovalDescription="Better by far", ModelApprovalStatus="PendingManualApproval").requests
    assert request == {
        "ModelPackageArn": ARN,
        "ApprovalDescription": "Better by far",
        "ModelApprovalStatus": "PendingManualApproval",
    }


def test_a_description_alone_decides_nothing() -> None:
    """The status that was read may be outdated by a decision, which a new description must not undo."""
    (request,) = change(ApprovalDescription="Better by far").requests
    assert request == {"ModelPackageArn": ARN, "ApprovalDescription": "Better by far"}


def test_what_the_author_leaves_out_of_a_structure_is_told_as_removed() -> None:
    """The structure is replaced as a whole."""
    found = change(ModelLifeCycle={"Stage": "Development", "StageStatus": "Approved"})
    assert told(found) == ["ModelLifeCycle.StageDescription: 'Since May' → removed"]
    assert found.requests[0]["ModelLifeCycle"] == {"Stage": "Development", "StageStatus": "Approved"}


def test_members_that_a_newer_service_has_are_sent() -> None:
    """Members of extra_request replace the version's members of the same name."""
    (request,) = change(ModelPackageMood="Sunny").requests
    assert request["ModelPackageMood"] == "Sunny"


def test_sections_are_laid_over_the_card() -> None:
    """Evidence is kept; content and status are sent in separate calls, since one may be refused with the other."""
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
    """So a repeated update adds nothing."""
    section = {"evaluation_details": [{"name": "Field trial", "metric_groups": []}]}
    (request,) = change(card=section).requests
    described = {"ModelCard": {**DESCRIBED["ModelCard"], **request["ModelCard"]}}
    content = json.loads(request["ModelCard"]["ModelCardContent"])
    assert [item["name"] for item in content["evaluation_details"]] == ["Field trial", "Candidate metrics"]
    assert change(card=section, described=described).requests == ()


def serving(**members: Any) -> dict[str, Any]:
    """Write a specification with one container."""
    return {"Containers": [{"Image": "cpu:1", "ModelDataUrl": "s3://bucket/m.tar.gz", **members}]}


def test_what_the_service_adds_to_a_container_is_no_difference() -> None:
    """Digests and tags that the service adds, and empty members, are not differences."""
    asked = serving(Environment={"MODEL_NAME": "m"})
    stored = serving(
        Environment={"MODEL_NAME": "m"}, ImageDigest=f"sha256:{'0' * 64}", ModelDataETag="e", ContainerHostname=""
    )
    stored["SupportedContentTypes"] = []
    assert change(described={"InferenceSpecification": stored}, InferenceSpecification=asked).requests == ()


@pytest.mark.parametrize(
    ("stored", "line"),
    [
        (serving(Environment={"A": "secret", "B": "secret"}), "Containers[0].Environment.B: '***' → removed"),
        (serving(Environment={"A": "other"}), "Containers[0].Environment.A: '***' → '***'"),
        (serving(), "Containers[0].Environment.A: not set → '***'"),
        (serving(Environment={"A": "secret"}, Framework="XGBOOST"), "Containers[0].Framework: 'XGBOOST' → removed"),
        (
            {**serving(Environment={"A": "secret"}), "SupportedContentTypes": ["text/csv"]},
            "SupportedContentTypes: ['text/csv'] → removed",
        ),
    ],
)
def test_what_the_author_has_changed_or_dropped_is_a_difference(stored: dict[str, Any], line: str) -> None:
    """A changed environment variable is reported by its key, without its value."""
    asked = serving(Environment={"A": "secret"})
    found = change(described={"InferenceSpecification": stored}, InferenceSpecification=asked)
    assert told(found) == [f"InferenceSpecification.{line}"]
    assert found.requests == ({"ModelPackageArn": ARN, "InferenceSpecification": asked},)


def test_no_value_of_an_environment_is_told() -> None:
    """A value may be a secret; the keys are sufficient."""
    added = {"Name": "tpu", **serving(Environment={"HF_TOKEN": "secret", "MODEL_NAME": "secret"})}
    found = change(
        InferenceSpecification=serving(Environment={"HF_TOKEN": "secret"}),
        AdditionalInferenceSpecificationsToAdd=[added],
    )
    shown = "\n".join(told(found)) + json.dumps([line.to_json() for line in found.changes])
    assert "secret" not in shown
    assert shown.count("HF_TOKEN, MODEL_NAME") == 2
    assert "secret" in str(found.requests)


def test_a_specification_that_lacks_a_key_of_the_stored_one_is_another_one() -> None:
    """Its name is in use, and the error shows no value."""
    stored = [{"Name": "gpu", **serving(Environment={"A": "secret", "B": "secret"})}]
    with pytest.raises(InvalidModelPackage, match="must be an unused name") as refused:
        change(
            described={"AdditionalInferenceSpecifications": stored},
            AdditionalInferenceSpecificationsToAdd=[{"Name": "gpu", **serving(Environment={"A": "secret"})}],
        )
    assert "secret" not in str(refused.value)


def test_an_archived_card_takes_no_change() -> None:
    """A change is refused before any call; a request that changes nothing is accepted."""
    archived = {"ModelCard": {**DESCRIBED["ModelCard"], "ModelCardStatus": "Archived"}}
    with pytest.raises(ModelCardUnchangeable, match="ModelCardContent and ModelCardStatus can no longer be changed"):
        change(
            card={"intended_uses": {"risk_rating": "Low"}}, described=archived, ModelCard={"ModelCardStatus": "Draft"}
        )
    with pytest.raises(ModelCardUnchangeable, match="so ModelCardStatus can no longer be changed"):
        change(described=archived, ModelCard={"ModelCardStatus": "Draft"}, ModelApprovalStatus="Approved")
    assert change(described=archived, ModelCard={"ModelCardStatus": "Archived"}).requests == ()
    assert len(change(described=archived, ModelApprovalStatus="Approved").requests) == 1


def test_the_name_of_a_specification_is_taken_once() -> None:
    """The service would refuse a duplicate; the error names the path."""
    other = {**SPECIFICATION, "Containers": [{"Image": "other:1"}]}
    with pytest.raises(
        InvalidModelPackage, match=r"additional_inference_specifications\[0\].Name = 'gpu' must be an unused name"
    ):
        change(AdditionalInferenceSpecificationsToAdd=[other])


def test_a_card_without_content_takes_sections() -> None:
    """A version that was registered outside this package may have no content."""
    (request,) = change(card={"intended_uses": {"risk_rating": "Low"}}, described={"ModelCard": {}}).requests
    assert json.loads(request["ModelCard"]["ModelCardContent"]) == {"intended_uses": {"risk_rating": "Low"}}


@pytest.mark.parametrize("content", ["A card in words", "[1]", "null", '{"model_overview": '])
def test_no_section_is_laid_over_what_is_no_card(content: str) -> None:
    """Invalid content belongs to another user; everything else can change, and a whole card can replace it."""
    described = {"ModelCard": {"ModelCardContent": content, "ModelCardStatus": "Draft"}}
    with pytest.raises(ModelCardUnchangeable, match="is not a JSON object"):
        change(card={"intended_uses": {"risk_rating": "Low"}}, described=described)
    assert len(change(described=described, ModelApprovalStatus="Approved").requests) == 1
    whole = {"ModelCard": {"ModelCardContent": "{}"}}
    (line,) = change(card={"intended_uses": {"risk_rating": "Low"}}, described=described, **whole).changes
    assert str(line) == f"ModelCard.ModelCardContent: {content!r} → '{{}}'"


def test_changes_of_a_card_are_told_leaf_by_leaf() -> None:
    """Short values are logged old → new; of long texts and lists, which may be confidential, only the length."""
    found = change(
        card={
            "intended_uses": {"purpose_of_model": "x" * 2000, "risk_rating": "Low"},
            "evaluation_details": [{"name": "Field trial", "metric_groups": []}],
            "business_details": {"line_of_business": "Growth"},
        }
    )
    assert told(found) == [
        "ModelCard.intended_uses.purpose_of_model: 'Offers' → '(2000 characters)'",
        "ModelCard.intended_uses.risk_rating: not set → 'Low'",
        "ModelCard.evaluation_details: '(1 entry)' → '(2 entries)'",
        "ModelCard.business_details.line_of_business: not set → 'Growth'",
    ]


def test_a_whole_card_that_takes_the_place_of_another_is_told_in_the_same_way() -> None:
    """Removed leaves are logged, too."""
    whole = {"ModelCard": {"ModelCardContent": json.dumps({"evaluation_details": CARD["evaluation_details"]})}}
    assert told(change(**whole)) == ["ModelCard.intended_uses: '(1 entry)' → removed"]


def test_many_changes_of_a_card_are_told_section_by_section() -> None:
    """So the task's result stays small."""
    details = {f"detail {place}": "x" * 50 for place in range(500)}
    found = change(card={"additional_information": {"custom_details": details}})
    assert told(found) == ["ModelCard.additional_information: not set → '(1 entry)'"]


def test_what_changed_is_json_safe_and_long_values_are_cut() -> None:
    """The task's result does not contain long values."""
    found = change(SourceUri="x" * 1000, ModelLifeCycle={"Stage": "QA", "StageStatus": "Approved"})
    for line in [line.to_json() for line in found.changes]:
        assert len(json.dumps(line)) < 300
