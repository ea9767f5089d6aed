"""Tags of the emulator's own resources."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from airflow_sagemaker_automl.emulator.backend import LocalSageMaker
from airflow_sagemaker_automl.emulator.errors import ValidationException
from airflow_sagemaker_automl.emulator.listing import Members, page

_MOST_TAGS = 50
OWN_KINDS = frozenset(
    {
        "automl-job",
        "model-package-group",
        "model-package",
        "model-card",
        "model",
        "endpoint",
        "endpoint-config",
        "transform-job",
    }
)


class _Tagged(Protocol):
    arn: str
    tags: list[dict[str, str]]


def kind_of(arn: str) -> str:
    """Read the resource type from an ARN, for example ``automl-job``."""
    return arn.split(":", 5)[-1].partition("/")[0]


def require_taggable(tags: list[dict[str, str]]) -> None:
    """Refuse tags that the service refuses on any resource.

    :raises ValidationException: keys are duplicate or reserved.
    """
    keys = [tag["Key"] for tag in tags]
    twice = sorted({key for key in keys if keys.count(key) > 1})
    if twice:
        raise ValidationException(f"Tag keys must be unique per resource; duplicate: {', '.join(twice)}.")
    reserved = [key for key in keys if key.lower().startswith("aws:")]
    if reserved:
        raise ValidationException(f"Tag keys that begin with aws: are reserved: {', '.join(reserved)}.")


def add(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``AddTags``."""
    resource = _find(account, request["ResourceArn"])
    require_taggable(request["Tags"])
    tags = {tag["Key"]: tag for tag in [*resource.tags, *request["Tags"]]}
    if len(tags) > _MOST_TAGS:
        raise ValidationException(f"A resource has at most {_MOST_TAGS} tags; {resource.arn} would have {len(tags)}.")
    resource.tags = list(tags.values())
    return {"Tags": resource.tags}


def list_tags(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``ListTags``."""
    resource = _find(account, request["ResourceArn"])
    return page(
        [] if account.lag.are_tags_unseen(resource.arn, account.faults.stale_tags) else resource.tags,
        request,
        "Tags",
        name="Key",
        sort_key=lambda tag: tag["Key"],
        order="Ascending",
        size=_MOST_TAGS,
    )


def delete(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``DeleteTags``."""
    resource = _find(account, request["ResourceArn"])
    resource.tags = [tag for tag in resource.tags if tag["Key"] not in request["TagKeys"]]
    return {}


def _find(account: LocalSageMaker, arn: str) -> _Tagged:
    kind = kind_of(arn)
    if kind == "model-package":
        package = account.registry.find_package(arn)
        if package.group is not None:
            raise ValidationException(
                f"{arn} is a versioned model package, which has no tags of its own; tag its group."
            )
        return package
    resources: Mapping[str, Iterable[Any]] = {
        "automl-job": account.jobs.values(),
        "model-package-group": account.registry.groups.values(),
        "model-card": account.cards.cards.values(),
        "model": account.hosting.models.values(),
        "endpoint": account.hosting.endpoints.values(),
        "endpoint-config": account.hosting.configs.values(),
        "transform-job": account.transforms.jobs.values(),
    }
    for resource in resources[kind]:
        if resource.arn == arn:
            found: _Tagged = resource
            return found
    raise ValidationException(f"Resource {arn} does not exist.")


OPERATIONS = {"AddTags": add, "ListTags": list_tags, "DeleteTags": delete}
