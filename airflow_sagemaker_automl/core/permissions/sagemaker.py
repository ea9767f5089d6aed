"""What others than Airflow need: the role that SageMaker trains with, other accounts, and keys.

Nothing of it can be seen in the calls that this package makes. It is what AWS's developer guide lists ("How to use
SageMaker execution roles", "Deploy a Model Version from a Different Account"), cut down to the names at hand.
"""

from __future__ import annotations

from airflow_sagemaker_automl.core.permissions.documents import Document, policy_of
from airflow_sagemaker_automl.core.permissions.terms import Permission, Place, Resource

_SERVICE = "sagemaker.amazonaws.com"
_VERSION = "2012-10-17"


def _each(actions: str, on: Resource, why: str, without: str = "", *, service: str = "sagemaker") -> list[Permission]:
    return [
        Permission(action=f"{service}:{name}", on=(on,), why=why, without=without, is_implied=True)
        for name in actions.split()
    ]


_ENDPOINTS_OWN = "the job cannot deploy its model by itself (`ModelDeployConfig`)"
EXECUTION_ROLE: tuple[Permission, ...] = (
    *_each("GetObject", Resource.OBJECT, "reads the data", service="s3"),
    *_each("PutObject", Resource.OBJECT, "writes models and reports", service="s3"),
    *_each("ListBucket", Resource.BUCKET, "finds the files below a prefix", service="s3"),
    *_each("CreateLogGroup DescribeLogStreams", Resource.LOG_GROUP, "writes the job's logs", service="logs"),
    *_each("CreateLogStream PutLogEvents", Resource.LOG_STREAM, "writes the job's logs", service="logs"),
    *_each("PutMetricData", Resource.ANY, "writes the metrics of the job's training jobs", service="cloudwatch"),
    *_each(
        "GetAuthorizationToken BatchCheckLayerAvailability GetDownloadUrlForLayer BatchGetImage",
        Resource.ANY,
        "takes the algorithms' images from registries that AWS owns",
        service="ecr",
    ),
    Permission(
        action="iam:PassRole",
        on=(Resource.ROLE,),
        why="the job starts training jobs and models with its own role",
        is_implied=True,
        condition={"StringEquals": {"iam:PassedToService": _SERVICE}},
    ),
    *_each("CreateModel DescribeModel DeleteModel", Resource.MODEL, "makes models of candidates", _ENDPOINTS_OWN),
    *_each(
        "CreateEndpointConfig DescribeEndpointConfig DeleteEndpointConfig",
        Resource.ENDPOINT_CONFIG,
        "deploys the best candidate",
        _ENDPOINTS_OWN,
    ),
    *_each(
        "DescribeEndpoint DeleteEndpoint InvokeEndpoint ListTags",
        Resource.ANY_ENDPOINT,
        "deploys the best candidate",
        _ENDPOINTS_OWN,
    ),
    Permission(
        action="sagemaker:CreateEndpoint",
        on=(Resource.ANY_ENDPOINT, Resource.ENDPOINT_CONFIG),
        why="deploys the best candidate",
        without=_ENDPOINTS_OWN,
        is_implied=True,
    ),
    *_each("Decrypt", Resource.KEY, "reads data that is encrypted with your key", service="kms"),
    *_each("Encrypt GenerateDataKey", Resource.KEY, "writes with `OutputDataConfig.KmsKeyId`", service="kms"),
    *_each("CreateGrant DescribeKey", Resource.KEY, "encrypts volumes with `VolumeKmsKeyId`", service="kms"),
)
NETWORK: tuple[Permission, ...] = tuple(
    _each(
        "CreateNetworkInterface CreateNetworkInterfacePermission DeleteNetworkInterface "
        "DeleteNetworkInterfacePermission DescribeNetworkInterfaces DescribeVpcs DescribeDhcpOptions DescribeSubnets "
        "DescribeSecurityGroups",
        Resource.ANY,
        "trains in a network of yours (`VpcConfig`)",
        "no `VpcConfig`",
        service="ec2",
    )
)


def execution_role(place: Place, *, deploys: bool = False, in_network: bool = False) -> Document:
    """Write what the role that SageMaker trains with may do.

    :param deploys: whether jobs deploy their models by themselves (``ModelDeployConfig``).
    :param in_network: whether jobs train in a network of yours (``VpcConfig``).
    :raises PlaceIncomplete: the place lacks the role or a bucket.
    """
    asked = [each for each in EXECUTION_ROLE if each.is_required or deploys]
    return policy_of([*asked, *(NETWORK if in_network else ())], place)


def trust(place: Place) -> Document:
    """Write who may take the role that SageMaker trains with: SageMaker, for this account alone."""
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Sid": "SageMaker",
                "Effect": "Allow",
                "Principal": {"Service": _SERVICE},
                "Action": "sts:AssumeRole",
                "Condition": {"StringEquals": {"aws:SourceAccount": place.account}},
            }
        ],
    }


# What another account does with a group: the actions on the group, and those on its versions.
SHARED = {
    "register": (
        ("sagemaker:DescribeModelPackageGroup",),
        ("sagemaker:CreateModelPackage", "sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"),
    ),
    "decide": ((), ("sagemaker:DescribeModelPackage", "sagemaker:UpdateModelPackage")),
    "deploy": (
        ("sagemaker:DescribeModelPackageGroup",),
        ("sagemaker:CreateModel", "sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"),
    ),
}


def shared_group(place: Place, accounts: list[str], uses: list[str]) -> Document:
    """Write the resource policy of a group that other accounts use, for ``PutModelPackageGroupPolicy``.

    :param place: the account that has the group, and the group's name.
    :param accounts: numbers of the other accounts.
    :param uses: what they do: ``register``, ``decide``, ``deploy``.
    """
    roots = [f"arn:{place.partition}:iam::{account}:root" for account in accounts]
    principal = {"AWS": roots[0] if len(roots) == 1 else roots}
    statements = []
    for sid, index, resource in (("Group", 0, Resource.GROUP), ("Versions", 1, Resource.VERSION)):
        actions = sorted({action for use in uses for action in SHARED[use][index]})
        if actions:
            statements.append(
                {
                    "Sid": sid,
                    "Effect": "Allow",
                    "Principal": principal,
                    "Action": actions,
                    "Resource": place.arns(resource)[0],
                }
            )
    return {"Version": _VERSION, "Statement": statements}


def key_statements(identities: list[str]) -> Document:
    """Write the statements that a key's policy needs besides those that it has.

    :param identities: ARNs of the execution role and of Airflow's identity.
    """
    principal = {"AWS": identities[0] if len(identities) == 1 else identities}
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Sid": "UseByAutoML",
                "Effect": "Allow",
                "Principal": principal,
                "Action": ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey"],
                "Resource": "*",
            },
            {
                "Sid": "VolumesOfAutoML",
                "Effect": "Allow",
                "Principal": principal,
                "Action": "kms:CreateGrant",
                "Resource": "*",
                "Condition": {"Bool": {"kms:GrantIsForAWSResource": "true"}},
            },
        ],
    }


def no_approval(place: Place) -> Document:
    """Write what keeps an identity that registers from approving: the condition key that AWS has for it."""
    return {
        "Version": _VERSION,
        "Statement": [
            {
                "Sid": "NoApproval",
                "Effect": "Deny",
                "Action": ["sagemaker:CreateModelPackage", "sagemaker:UpdateModelPackage"],
                "Resource": [*place.arns(Resource.VERSION), *place.arns(Resource.GROUP)],
                "Condition": {"StringEquals": {"sagemaker:ModelApprovalStatus": "Approved"}},
            }
        ],
    }
