"""Generates IAM policies from permissions and the resources that they apply to."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from airflow_sagemaker_automl.permissions.terms import Condition, Feature, Permission, Place, Resource

Document = dict[str, Any]
MOST_CHARACTERS = 6144
_VERSION = "2012-10-17"
# Statement identifiers by resource.
_SIDS = {
    Resource.ANY: "Everywhere",
    Resource.JOB: "Jobs",
    Resource.GROUP: "Groups",
    Resource.VERSION: "Versions",
    Resource.TRANSFORM_JOB: "TransformJobs",
    Resource.MODEL: "Models",
    Resource.OWN_MODEL: "OwnModels",
    Resource.SCORING_MODEL: "ScoringModels",
    Resource.ENDPOINT_CONFIG: "EndpointConfigs",
    Resource.OWN_ENDPOINT_CONFIG: "OwnEndpointConfigs",
    Resource.ENDPOINT: "Endpoints",
    Resource.ANY_ENDPOINT: "AnyEndpoints",
    Resource.LOG_GROUP: "LogGroups",
    Resource.LOG_STREAM: "LogStreams",
    Resource.BUCKET: "Buckets",
    Resource.OBJECT: "Objects",
    Resource.ROLE: "ExecutionRole",
    Resource.CONNECTION_ROLE: "ConnectionRole",
    Resource.KEY: "Keys",
}


class PlaceIncomplete(ValueError):
    """A permission needs a resource that the place does not name.

    :param permission: the permission.
    :param resource: the missing resource.
    """

    def __init__(self, permission: Permission, resource: Resource) -> None:
        super().__init__(f"{permission.action} requires the {resource.name.lower().replace('_', ' ')}")
        self.permission = permission
        self.resource = resource


def policy(features: Iterable[Feature], place: Place, *, with_optional: bool = True) -> Document:
    """Write the policy that an identity needs for some features.

    :param with_optional: whether to include optional permissions. Default: yes.
    :raises PlaceIncomplete: the place lacks a role or a bucket. Permissions for keys are left out if it names no key.
    """
    permissions = (permission for feature in features for permission in feature.permissions)
    return policy_of(
        [each for each in permissions if with_optional or each.is_required],
        place,
    )


def policy_of(permissions: Iterable[Permission], place: Place) -> Document:
    """Write a policy of permissions: one statement for each resource and condition, with each action once.

    :raises PlaceIncomplete: the place lacks a role or a bucket.
    """
    actions: dict[tuple[tuple[Resource, ...], str], set[str]] = {}
    for permission in permissions:
        if not _is_about_nothing(permission, place):
            actions.setdefault((permission.on, json.dumps(permission.condition)), set()).add(permission.action)
    return {
        "Version": _VERSION,
        "Statement": [
            _statement(resources, json.loads(condition), named, place)
            for (resources, condition), named in sorted(actions.items(), key=lambda item: _order(*item[0]))
        ],
    }


def written(document: Mapping[str, Any]) -> str:
    """Write a document as indented JSON that ends with a line break."""
    return json.dumps(document, indent=2) + "\n"


def size(document: Mapping[str, Any]) -> int:
    """Count a policy's characters as IAM does; a managed policy may have 6144."""
    return len("".join(json.dumps(document, separators=(",", ":")).split()))


def _order(resources: tuple[Resource, ...], condition: str) -> tuple[list[int], str]:
    every = list(Resource)
    return [every.index(each) for each in resources], condition


def _is_about_nothing(permission: Permission, place: Place) -> bool:
    """Tell whether a permission is left out: one for keys, if the place names no key.

    :raises PlaceIncomplete: the place lacks another resource.
    """
    missing = next((each for each in permission.on if not place.arns(each)), None)
    if missing is None or missing is Resource.KEY:
        return missing is not None
    raise PlaceIncomplete(permission, missing)


def _statement(resources: Sequence[Resource], condition: Condition, actions: Iterable[str], place: Place) -> Document:
    arns = list(dict.fromkeys(arn for resource in resources for arn in place.arns(resource)))
    purpose = "".join(sorted(key.rpartition(":")[2] for test in condition.values() for key in test))
    return {
        "Sid": "And".join(_SIDS[each] for each in resources) + (f"By{purpose}" if purpose else ""),
        "Effect": "Allow",
        "Action": sorted(actions),
        "Resource": arns[0] if len(arns) == 1 else arns,
        **({"Condition": condition} if condition else {}),
    }
