"""What a call costs does not grow with the versions that it does not ask for."""

from __future__ import annotations

import cProfile
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from airflow_sagemaker_automl.emulator.operations.registry import list_packages
from airflow_sagemaker_automl.emulator.package_script import immediate
from airflow_sagemaker_automl.emulator.registry import Registry

_CONTAINERS = {"Containers": [{"Image": "image:1"}]}


def _registry(versions: int) -> Registry:
    """Make a group of so many versions, each with a client token."""
    made = Registry(
        lambda kind, name: f"arn:aws:sagemaker:us-east-1:123456789012:{kind}/{name}",
        {"IamIdentity": {"Arn": "arn:aws:iam::123456789012:user/emulator"}},
        lambda group: None,
        lambda request, arn: immediate(),
        lambda account: pytest.fail(f"{account} was asked"),
    )
    made.create_group({"ModelPackageGroupName": "group"})
    for number in range(versions):
        made.create_package(_request(number), compares_tokens=True)
    return made


def _request(number: int) -> dict[str, Any]:
    return {
        "ModelPackageGroupName": "group",
        "InferenceSpecification": _CONTAINERS,
        "ClientToken": f"token-{number}",
    }


def _profiled(work: Callable[[Registry], Any], registry: Registry) -> tuple[Any, int]:
    """Return what the work returns, and how many functions it has called."""
    profile = cProfile.Profile()
    found = profile.runcall(work, registry)
    return found, sum(entry.callcount for entry in profile.getstats())


def test_a_version_is_found_without_a_look_at_the_others() -> None:
    """By its ARN and by its client token, and a new one is registered the same way."""
    few, many = _registry(20), _registry(200)
    arn = few.arn_of_group("group").replace("model-package-group", "model-package")

    def found(registry: Registry) -> int | None:
        return registry.find_package(f"{arn}/7").version

    def found_by_token(registry: Registry) -> int | None:
        return registry.create_package(_request(4), compares_tokens=True).version

    def registered(registry: Registry) -> int | None:
        return registry.create_package(_request(1000), compares_tokens=True).version

    for work, versions in ((found, (7, 7)), (found_by_token, (5, 5)), (registered, (21, 201))):
        (of_few, at_few), (of_many, at_many) = _profiled(work, few), _profiled(work, many)
        assert (of_few, of_many) == versions
        assert at_few == at_many, work.__name__


def test_a_list_describes_no_version() -> None:
    """A description has containers and a card, which are copied; a list only needs to order its versions."""
    # By number: versions of the same millisecond are in the order of their ARNs otherwise.
    order = {"SortBy": "Name", "SortOrder": "Descending"}

    def listed(registry: Registry) -> list[int]:
        account: Any = SimpleNamespace(registry=registry, faults=SimpleNamespace(stale_list_seconds=0))
        answer = list_packages(account, {"ModelPackageGroupName": "group", "MaxResults": 3, **order})
        return [version["ModelPackageVersion"] for version in answer["ModelPackageSummaryList"]]

    def described(registry: Registry) -> int:
        return len([version.describe() for version in registry.find_group("group").versions.values()])

    few, many = _registry(20), _registry(200)
    (of_few, at_few), (of_many, at_many) = _profiled(listed, few), _profiled(listed, many)
    assert (of_few, of_many) == ([20, 19, 18], [200, 199, 198])
    _, descriptions = _profiled(described, many)
    assert at_many - at_few < descriptions / 4


def test_a_deleted_version_keeps_its_token_until_its_group_is_deleted() -> None:
    """So the same request finds it, and a group of the same name starts anew."""
    registry = _registry(20)
    arn = registry.find_package(f"{registry.arn_of_group('group').replace('-group/', '/')}/3").arn
    registry.delete_package(arn)
    assert registry.create_package(_request(2), compares_tokens=True).arn == arn
    for version in list(registry.find_group("group").versions.values()):
        registry.delete_package(version.arn)
    registry.delete_group("group")
    registry.create_group({"ModelPackageGroupName": "group"})
    assert registry.create_package(_request(2), compares_tokens=True).version == 1
