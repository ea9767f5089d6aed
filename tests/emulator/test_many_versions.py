"""What a call costs does not grow with the versions that it does not ask for."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from airflow_sagemaker_automl.emulator.model_package import ModelPackage
from airflow_sagemaker_automl.emulator.operations.registry import list_packages
from airflow_sagemaker_automl.emulator.package_script import immediate
from airflow_sagemaker_automl.emulator.registry import Registry

_CONTAINERS = {"Containers": [{"Image": "image:1"}]}


@pytest.fixture
def registry() -> Registry:
    """A group of twenty versions, each with a client token."""
    made = Registry(
        lambda kind, name: f"arn:aws:sagemaker:us-east-1:123456789012:{kind}/{name}",
        {"IamIdentity": {"Arn": "arn:aws:iam::123456789012:user/emulator"}},
        lambda group: None,
        lambda request, arn: immediate(),
        lambda account: pytest.fail(f"{account} was asked"),
    )
    made.create_group({"ModelPackageGroupName": "group"})
    for number in range(20):
        made.create_package(_request(number), compares_tokens=True)
    return made


def _request(number: int) -> dict[str, Any]:
    return {
        "ModelPackageGroupName": "group",
        "InferenceSpecification": _CONTAINERS,
        "ClientToken": f"token-{number}",
    }


def test_a_version_is_found_without_a_look_at_the_others(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """By its ARN and by its client token, and a new one is registered the same way."""
    arn = registry.arn_of_group("group").replace("model-package-group", "model-package")
    monkeypatch.setattr(Registry, "packages", lambda self: pytest.fail("all versions were looked at"))
    assert registry.find_package(f"{arn}/7").version == 7
    assert registry.create_package(_request(4), compares_tokens=True).version == 5
    assert registry.create_package(_request(20), compares_tokens=True).version == 21


def test_a_list_describes_no_version(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """A description has containers and a card, which are copied."""
    monkeypatch.setattr(ModelPackage, "describe", lambda self, *_: pytest.fail("a version was described"))
    account: Any = SimpleNamespace(registry=registry, faults=SimpleNamespace(stale_list_seconds=0))
    # By number: versions of the same millisecond are in the order of their ARNs otherwise.
    order = {"SortBy": "Name", "SortOrder": "Descending"}
    answer = list_packages(account, {"ModelPackageGroupName": "group", "MaxResults": 3, **order})
    assert [version["ModelPackageVersion"] for version in answer["ModelPackageSummaryList"]] == [20, 19, 18]


def test_a_deleted_version_keeps_its_token_until_its_group_is_deleted(registry: Registry) -> None:
    """So the same request finds it, and a group of the same name starts anew."""
    arn = registry.find_package(f"{registry.arn_of_group('group').replace('-group/', '/')}/3").arn
    registry.delete_package(arn)
    assert registry.create_package(_request(2), compares_tokens=True).arn == arn
    for version in list(registry.find_group("group").versions.values()):
        registry.delete_package(version.arn)
    registry.delete_group("group")
    registry.create_group({"ModelPackageGroupName": "group"})
    assert registry.create_package(_request(2), compares_tokens=True).version == 1
