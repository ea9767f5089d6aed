"""What a permission consists of, and where it holds."""

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
    """What a permission is about, as an ARN to be filled in by :class:`Place`."""

    ANY = "*"
    JOB = "arn:{partition}:sagemaker:{region}:{account}:automl-job/{job}"
    GROUP = "arn:{partition}:sagemaker:{region}:{account}:model-package-group/{group}"
    VERSION = "arn:{partition}:sagemaker:{region}:{account}:model-package/{group}/*"
    MODEL = "arn:{partition}:sagemaker:{region}:{account}:model/*"
    OWN_MODEL = "arn:{partition}:sagemaker:{region}:{account}:model/{endpoint}-v*"
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
        """What AWS's Service Authorization Reference calls such a resource; empty for :attr:`ANY`."""
        named = {"ROLE": "role", "CONNECTION_ROLE": "role", "KEY": "key", "BUCKET": "bucket", "OBJECT": "object"}
        if self is Resource.ANY:
            return ""
        if self in (Resource.LOG_GROUP, Resource.LOG_STREAM):
            return "log-stream" if self is Resource.LOG_STREAM else "log-group"
        return named.get(self.name) or self.value.rpartition(":")[2].partition("/")[0]


@dataclass(frozen=True, kw_only=True)
class Permission:
    """One action, and what it is for.

    :param action: as IAM has it, which is not always the operation's name.
    :param on: the resources that it is needed on.
    :param why: what it is for, or, of an implied one, what asks for it.
    :param without: what happens without it; empty where nothing works without it.
    :param operations: the operations of the API that it allows, where they are not called as the action is.
    :param is_implied: whether no call of this package shows it: the service asks for it while it handles another call.
    :param condition: what tightens it, as in a policy.
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
        """Whether nothing works without it."""
        return not self.without

    @property
    def calls(self) -> frozenset[tuple[str, str]]:
        """The calls that it allows: service and operation; none of an implied one."""
        service, _, name = self.action.partition(":")
        return frozenset() if self.is_implied else frozenset((service, each) for each in self.operations or (name,))


@dataclass(frozen=True, kw_only=True)
class Feature:
    """What somebody wants to do, and what it takes.

    :param name: as the command line takes it.
    :param title: what it is, in a few words.
    :param used_by: operators and sensors, by class.
    """

    name: str
    title: str
    used_by: tuple[str, ...]
    permissions: tuple[Permission, ...]


@dataclass(frozen=True, kw_only=True)
class Place:
    """Where permissions hold. Names may have ``*`` in them, as in a policy.

    :param account: number of the AWS account.
    :param partition: ``aws``, ``aws-cn`` or ``aws-us-gov``.
    :param region: ``*`` for all regions.
    :param job: names of AutoML jobs.
    :param group: name of the model package group.
    :param endpoint: name of the endpoint that is deployed to.
    :param buckets: names of S3 buckets, each with a folder after a slash if only that is meant.
    :param role: ARN of the role that SageMaker trains with.
    :param connection_role: ARN of the role that Airflow's AWS connection assumes.
    :param keys: ARNs of customer managed KMS keys.
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
        """Write the ARNs of a resource; none where this place does not name it."""
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
        # The shipped DAG cuts the endpoint's name in those of models and configurations.
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
    """Tell the partition of a region, ``aws-cn`` for ``cn-north-1`` for example."""
    found = re.match(r"(cn|us-gov)-", region)
    return _PARTITION_OF[found[1]] if found else "aws"


def _objects(bucket: str) -> str:
    """Give the pattern of a bucket's objects, or of those below the folder that is named after a slash."""
    return f"{bucket.rstrip('/')}/*"
