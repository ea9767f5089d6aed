"""Permissions, features, and the resources that permissions apply to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum

PARTITIONS = ("aws", "aws-cn", "aws-us-gov")
EVERYWHERE = "*"
_PARTITION_OF = {"cn": "aws-cn", "us-gov": "aws-us-gov"}
Condition = Mapping[str, Mapping[str, str]]


class Resource(Enum):
    """A resource of permissions, as an ARN template that :class:`Place` fills in."""

    ANY = "*"
    JOB = "arn:{partition}:sagemaker:{region}:{account}:automl-job/{job}"
    GROUP = "arn:{partition}:sagemaker:{region}:{account}:model-package-group/{group}"
    VERSION = "arn:{partition}:sagemaker:{region}:{account}:model-package/{group}/*"
    TRANSFORM_JOB = "arn:{partition}:sagemaker:{region}:{account}:transform-job/{job}"
    MODEL = "arn:{partition}:sagemaker:{region}:{account}:model/*"
    OWN_MODEL = "arn:{partition}:sagemaker:{region}:{account}:model/{endpoint}-v*"
    SCORING_MODEL = "arn:{partition}:sagemaker:{region}:{account}:model/{job}"
    ENDPOINT_CONFIG = "arn:{partition}:sagemaker:{region}:{account}:endpoint-config/*"
    OWN_ENDPOINT_CONFIG = "arn:{partition}:sagemaker:{region}:{account}:endpoint-config/{endpoint}-v*"
    ENDPOINT = "arn:{partition}:sagemaker:{region}:{account}:endpoint/{endpoint}"
    ANY_ENDPOINT = "arn:{partition}:sagemaker:{region}:{account}:endpoint/*"
    LOG_GROUP = "arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/*"
    LOG_STREAM = "arn:{partition}:logs:{region}:{account}:log-group:/aws/sagemaker/*:log-stream:*"
    BUCKET = "arn:{partition}:s3:::{bucket}"
    OBJECT = "arn:{partition}:s3:::{objects}"
    ROLE = "{role}"
    CONNECTION_ROLE = "{connection_role}"
    KEY = "{key}"

    @property
    def kind(self) -> str:
        """The resource type in AWS's Service Authorization Reference; empty for :attr:`ANY`."""
        named = {"ROLE": "role", "CONNECTION_ROLE": "role", "KEY": "key", "BUCKET": "bucket", "OBJECT": "object"}
        if self is Resource.ANY:
            return ""
        if self in (Resource.LOG_GROUP, Resource.LOG_STREAM):
            return "log-stream" if self is Resource.LOG_STREAM else "log-group"
        return named.get(self.name) or self.value.rpartition(":")[2].partition("/")[0]


@dataclass(frozen=True, kw_only=True)
class Permission:
    """One action and its purpose.

    :param action: IAM's name of the action, which can differ from the operation's name.
    :param on: the resources that it is needed on.
    :param why: its purpose; for an implied action, what requires it.
    :param without: what happens without it. Default: empty, the action is required.
    :param operations: the API operations that it allows. Default: the operation with the action's name.
    :param is_implied: whether the service checks it while it handles another call, so that this package never calls
        it. Default: no.
    :param condition: the condition of the policy statement. Default: none.
    """

    action: str
    on: tuple[Resource, ...]
    why: str
    without: str = ""
    operations: tuple[str, ...] = ()
    is_implied: bool = False
    condition: Condition = field(default_factory=dict)

    @property
    def is_required(self) -> bool:
        """Whether the feature does not work without it."""
        return not self.without

    @property
    def calls(self) -> frozenset[tuple[str, str]]:
        """The calls that it allows, as service and operation; none if it is implied."""
        service, _, name = self.action.partition(":")
        return frozenset() if self.is_implied else frozenset((service, each) for each in self.operations or (name,))


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A feature and the permissions that it needs.

    :param name: its name on the command line.
    :param title: a short description.
    :param used_by: class names of the operators and sensors.
    """

    name: str
    title: str
    used_by: tuple[str, ...]
    permissions: tuple[Permission, ...]


@dataclass(frozen=True, kw_only=True)
class Place:
    """The resources that permissions apply to. Names may contain ``*``, as in a policy.

    :param account: ID of the AWS account.
    :param partition: ``aws`` (default), ``aws-cn`` or ``aws-us-gov``.
    :param region: AWS region. Default: ``*``, all regions.
    :param job: names of AutoML jobs, of transform jobs and of their models. Default: all.
    :param group: name of the model package group. Default: all.
    :param endpoint: name of the endpoint to deploy to. Default: all.
    :param buckets: names of S3 buckets, optionally with a folder after a slash. Default: none.
    :param role: ARN of the execution role. Default: none.
    :param connection_role: ARN of the role that Airflow's AWS connection assumes. Default: none.
    :param keys: ARNs of customer managed KMS keys. Default: none.
    """

    account: str
    partition: str = "aws"
    region: str = EVERYWHERE
    job: str = EVERYWHERE
    group: str = EVERYWHERE
    endpoint: str = EVERYWHERE
    buckets: tuple[str, ...] = ()
    role: str | None = None
    connection_role: str | None = None
    keys: tuple[str, ...] = ()

    def arns(self, resource: Resource) -> list[str]:
        """Write the ARNs of a resource; empty if this place does not name it."""
        if resource is Resource.BUCKET:
            names = dict.fromkeys(bucket.partition("/")[0] for bucket in self.buckets)
            return [self._written(resource, bucket=name) for name in names]
        if resource is Resource.OBJECT:
            return [self._written(resource, objects=_objects(bucket)) for bucket in self.buckets]
        if resource is Resource.KEY:
            return list(self.keys)
        if resource in (Resource.ROLE, Resource.CONNECTION_ROLE):
            role = self.role if resource is Resource.ROLE else self.connection_role
            return [role] if role else []
        return [self._written(resource)]

    def _written(self, resource: Resource, **names: str) -> str:
        # The example DAG cuts the endpoint's name in the names of models and configurations.
        own = self.endpoint if resource is Resource.ENDPOINT else self.endpoint[:43]
        return resource.value.format(
            partition=self.partition,
            region=self.region,
            account=self.account,
            job=self.job,
            group=self.group,
            endpoint=own,
            **names,
        )


def partition_of(region: str) -> str:
    """Return the partition of a region, for example ``aws-cn`` for ``cn-north-1``."""
    found = re.match(r"(cn|us-gov)-", region)
    return _PARTITION_OF[found[1]] if found else "aws"


def _objects(bucket: str) -> str:
    """Return the pattern of a bucket's objects, or of the objects in its folder."""
    return f"{bucket.rstrip('/')}/*"
