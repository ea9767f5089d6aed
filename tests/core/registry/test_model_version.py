"""The event of a version has the registry's data, and can be read back unchanged."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from airflow_sagemaker_automl import ModelVersion
from tests.support.jobs import unique
from tests.support.versions import METADATA, decide, described, register

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/3"
EXTRA: dict[str, Any] = {
    "model_package_arn": ARN,
    "model_package_group_name": "churn",
    "model_package_version": 3,
    "approval_status": "Approved",
    "modified": "2026-05-04T03:02:01.500000+00:00",
    "approval_description": "Fine",
    "objective_metric": "F1",
    "objective_type": "Maximize",
    "objective_value": 0.75,
    "automl_job_name": "job",
    "candidate_name": "candidate",
    "account": "123456789012",
    "region": "eu-west-1",
    "deduplication_key": f"{ARN}@2026-05-04T03:02:01.500000+00:00",
}
REQUIRED = (
    "model_package_arn",
    "model_package_group_name",
    "model_package_version",
    "approval_status",
    "modified",
)


def test_the_documented_shape_is_written_and_read() -> None:
    """Exactly these members, each a text, a number or null; reading them gives the same version."""
    version = ModelVersion.from_extra(EXTRA)
    assert version.to_extra() == EXTRA
    assert (version.account, version.region) == ("123456789012", "eu-west-1")
    assert version.modified == datetime(2026, 5, 4, 3, 2, 1, 500_000, UTC)
    assert ModelVersion.from_extra(json.loads(json.dumps(version.to_extra(), allow_nan=False))) == version


def test_a_watchers_event_is_read_as_a_tasks() -> None:
    """Airflow wraps the payload of a trigger, and adds a key to events that are created over REST."""
    wrapped = {"from_trigger": True, "payload": EXTRA, "from_rest_api": True}
    assert ModelVersion.from_extra(wrapped) == ModelVersion.from_extra(EXTRA)


def test_what_a_later_release_adds_does_not_disturb() -> None:
    """Unknown members are ignored, and optional ones of an unexpected type count as missing."""
    version = ModelVersion.from_extra({**EXTRA, "colour": "red", "objective_metric": 7, "objective_value": "much"})
    assert (version.objective_metric, version.objective_value) == (None, None)


def test_what_is_not_optional_is_enough() -> None:
    """A version that was registered by hand has no job and no objective."""
    version = ModelVersion.from_extra({name: EXTRA[name] for name in REQUIRED})
    assert version.to_extra()["objective_value"] is None
    assert version.deduplication_key == EXTRA["deduplication_key"]


@pytest.mark.parametrize("name", REQUIRED)
def test_what_is_missing_is_named(name: str) -> None:
    """An event without a required member is refused."""
    with pytest.raises(ValueError, match=f"carries no model version.*: {name} is missing"):
        ModelVersion.from_extra({key: value for key, value in EXTRA.items() if key != name})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("model_package_arn", "churn/3"),
        ("model_package_group_name", ""),
        ("model_package_version", "3"),
        ("model_package_version", True),
        ("approval_status", ["Approved"]),
        ("modified", "yesterday"),
        ("modified", "2026-05-04T03:02:01"),
        ("modified", 1_777_000_000),
    ],
)
def test_what_is_wrong_is_shown(name: str, value: Any) -> None:
    """The error shows the value."""
    with pytest.raises(ValueError, match="carries no model version") as refused:
        ModelVersion.from_extra({**EXTRA, name: value})
    assert f"{name} is {value!r}" in str(refused.value)


def test_an_event_made_by_hand_has_all_that_is_missing_listed() -> None:
    """For example from the button in Airflow's UI, or from another operator with this outlet."""
    for extra in ({}, {"from_rest_api": True}, {"from_trigger": True, "payload": {}}):
        with pytest.raises(ValueError, match="; ".join(f"{name} is missing" for name in REQUIRED)):
            ModelVersion.from_extra(extra)
    with pytest.raises(ValueError, match="its payload is 'done'"):
        ModelVersion.from_extra({"from_trigger": True, "payload": "done"})


def test_the_registry_is_told_of_as_it_is(sagemaker: SageMakerClient) -> None:
    """All members come from the version's record; a decision changes it, and with it the deduplication key."""
    group = unique("group")
    arn = register(sagemaker, group)
    first = ModelVersion.from_description(described(sagemaker, arn))
    assert (first.model_package_arn, first.model_package_group_name, first.model_package_version) == (arn, group, 1)
    assert first.approval_status == "PendingManualApproval"
    assert first.modified == described(sagemaker, arn)["CreationTime"]
    told = first.to_extra()
    assert {name: str(told[name]) for name in METADATA} == METADATA
    assert told["objective_value"] == 0.75
    assert first == ModelVersion.from_description(described(sagemaker, arn))
    decide(sagemaker, arn, why="Better than the last")
    second = ModelVersion.from_description(described(sagemaker, arn))
    assert (second.approval_status, second.approval_description) == ("Approved", "Better than the last")
    assert second.modified > first.modified
    assert second.deduplication_key != first.deduplication_key
    assert second.to_extra()["deduplication_key"] == second.deduplication_key


@pytest.mark.parametrize("value", ["nan", "inf", "-Infinity", "0,75", ""])
def test_a_value_that_json_cannot_carry_is_left_out(value: str, sagemaker: SageMakerClient) -> None:
    """Any user can write any text into the metadata of a version."""
    description = described(sagemaker, register(sagemaker, unique("group")))
    description["CustomerMetadataProperties"]["objective_value"] = value
    assert ModelVersion.from_description(description).to_extra()["objective_value"] is None


def test_the_same_moment_is_the_same_key_wherever_it_was_read() -> None:
    """A worker's time zone does not change the deduplication key."""
    there = EXTRA | {"modified": "2026-05-04T05:02:01.5+02:00"}
    assert ModelVersion.from_extra(there).deduplication_key == EXTRA["deduplication_key"]
    moved = ModelVersion.from_extra(EXTRA).modified.astimezone(timezone(timedelta(hours=-7)))
    assert ModelVersion.from_extra(EXTRA | {"modified": moved.isoformat()}).to_extra() == EXTRA


def test_a_package_without_a_group_is_no_version(sagemaker: SageMakerClient) -> None:
    """It emits no events, since assets belong to groups."""
    description = described(sagemaker, register(sagemaker, unique("group")))
    del description["ModelPackageGroupName"]
    with pytest.raises(ValueError, match="belongs to no group"):
        ModelVersion.from_description(description)
