"""Everything that the service takes can be said, and is read back as it was said: the service model is walked."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest
import regex
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.session import get_session

from airflow_sagemaker_automl import SageMakerRegisterCandidateOperator, SageMakerUpdateModelPackageOperator
from airflow_sagemaker_automl.core.registry.model_package import REGISTRATION_MEMBERS, Metadata
from airflow_sagemaker_automl.core.registry.package_change import UPDATE_MEMBERS
from tests.support.jobs import unique
from tests.support.scripts import script_versions

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

MODEL = get_session().get_service_model("sagemaker")
# What matches a pattern of the model, tried in this order.
TEXTS = (
    "s3://bucket/sample/",
    "arn:aws:iam::123456789012:role/validation",
    f"sha256:{'ab' * 32}",
    "arn:aws:sagemaker:us-east-1:123456789012:model-package/churn/1",
    "text/csv",
    "1.0.0",
    "sample",
)
# What the rules for versions of a group refuse, or allow only in the place of something else.
NOT_FOR_VERSIONS = {"ModelPackageName", "Tags", "CertifyForMarketplace"}
# An update may be several requests, and each can be sent again.
NOT_FOR_UPDATES = {"ClientToken"}
ANOTHER_SOURCE = {"SourceAlgorithmSpecification"}
CARD = {"intended_uses": {"purpose_of_model": "Sample"}}


def shape(operation: str) -> StructureShape:
    """Load the shape of an operation's arguments."""
    found = MODEL.operation_model(operation).input_shape
    assert found is not None
    return found


def sample(of: Shape) -> Any:
    """Make a value of a shape with every member that it has."""
    if isinstance(of, StructureShape):
        return {name: sample(member) for name, member in of.members.items()}
    if isinstance(of, ListShape):
        return [sample(of.member)]
    if isinstance(of, MapShape):
        return {"sample": sample(of.value)}
    if of.type_name == "boolean":
        return True
    if of.type_name != "string":
        return max(1, of.metadata.get("min", 1))
    if "enum" in of.metadata:
        return of.metadata["enum"][0]
    shortest, longest, pattern = of.metadata.get("min", 0), of.metadata.get("max", 1024), of.metadata.get("pattern", "")
    fitting = (text for text in TEXTS if shortest <= len(text) <= longest)
    return next(text for text in fitting if not pattern or regex.fullmatch(pattern, text))


def missing(said: Any, kept: Any, path: str = "") -> Iterator[str]:
    """Name the places where something that was said was not kept."""
    if isinstance(said, Mapping) and isinstance(kept, Mapping):
        for key, value in said.items():
            yield from missing(value, kept.get(key), f"{path}.{key}")
    elif said != kept:
        yield f"{path}: said {said!r}, kept {kept!r}"


def as_arguments(request: Mapping[str, Any], members: Mapping[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Spread a request over an operator's own arguments, and what is left for ``extra_request``."""
    whole = {member: name for name, member in members.items() if "." not in member}
    own = {whole[member]: value for member, value in request.items() if member in whole}
    return own, {member: value for member, value in request.items() if member not in whole}


@pytest.mark.parametrize(
    ("operation", "members"), [("CreateModelPackage", REGISTRATION_MEMBERS), ("UpdateModelPackage", UPDATE_MEMBERS)]
)
def test_arguments_are_named_after_members_that_there_are(operation: str, members: Mapping[str, str]) -> None:
    """Each argument's place exists in the installed botocore."""
    for place in members.values():
        found: Any = shape(operation)
        for member in place.split("."):
            found = found.members[member]


def test_a_registration_with_everything_is_read_back(
    context: Any, completed_job: str, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """Every member of CreateModelPackage: arguments of the operator for most, extra_request for the rest."""
    group = unique("group")
    script_versions(emulator_url, group)
    said = {
        member: sample(of)
        for member, of in shape("CreateModelPackage").members.items()
        if member not in NOT_FOR_VERSIONS | ANOTHER_SOURCE
    }
    said |= {"ModelPackageGroupName": group, "ModelCard": {"ModelCardStatus": "PendingReview"}}
    arguments, extra = as_arguments(said, REGISTRATION_MEMBERS)
    task = SageMakerRegisterCandidateOperator(
        task_id="register", job_name=completed_job, model_card=CARD, extra_request=extra, deferrable=False, **arguments
    )
    kept = sagemaker.describe_model_package(ModelPackageName=task.execute(context)["model_package_arn"])
    token = said.pop("ClientToken")
    assert list(missing(said, kept)) == []
    assert json.loads(kept["ModelCard"]["ModelCardContent"])["intended_uses"] == CARD["intended_uses"]
    assert kept["CustomerMetadataProperties"].keys() - set(Metadata) == {"sample"}
    assert kept["InferenceSpecification"] == said["InferenceSpecification"]
    again = {key: said[key] for key in ("ModelPackageGroupName", "InferenceSpecification")}
    with pytest.raises(sagemaker.exceptions.ConflictException):
        sagemaker.create_model_package(**again, ClientToken=token)


def test_an_update_of_everything_is_read_back(context: Any, completed_job: str, sagemaker: SageMakerClient) -> None:
    """Every member of UpdateModelPackage but its token; the same once more changes nothing."""
    arn = SageMakerRegisterCandidateOperator(
        task_id="register", job_name=completed_job, model_package_group_name=unique("group")
    ).execute(context)["model_package_arn"]
    updated = shape("UpdateModelPackage").members.items()
    said = {member: sample(of) for member, of in updated if member not in NOT_FOR_UPDATES}
    said |= {
        "ModelPackageArn": arn,
        "ModelCard": {"ModelCardStatus": "Approved"},
        "CustomerMetadataPropertiesToRemove": [Metadata.RUN_ID.value],
    }
    arguments, extra = as_arguments(said, UPDATE_MEMBERS)
    task = SageMakerUpdateModelPackageOperator(task_id="update", model_card=CARD, extra_request=extra, **arguments)
    result = task.execute(context)
    kept = sagemaker.describe_model_package(ModelPackageName=arn)
    said.pop("CustomerMetadataPropertiesToRemove")
    added = said.pop("AdditionalInferenceSpecificationsToAdd")
    assert list(missing(said, kept)) == []
    assert kept["AdditionalInferenceSpecifications"] == added
    assert Metadata.RUN_ID.value not in kept["CustomerMetadataProperties"]
    assert Metadata.AUTOML_JOB_NAME.value in kept["CustomerMetadataProperties"]
    assert json.loads(kept["ModelCard"]["ModelCardContent"])["intended_uses"] == CARD["intended_uses"]
    card = {"ModelCard.ModelCardStatus", "ModelCard.intended_uses.purpose_of_model"}
    assert {"ModelApprovalStatus", *card} <= {line["member"] for line in result["changed"]}
    assert task.execute(context)["changed"] == []
