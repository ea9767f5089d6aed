"""Policies for identities other than Airflow's: the execution role, other accounts, and KMS keys.

This package's own calls do not show these permissions. They are those in AWS's developer guide ("How to use SageMaker
execution roles", "Deploy a Model Version from a Different Account"), limited to the given resources.
"""

from __future__ import annotations

from airflow_sagemaker_automl.permissions.documents import Document, policy_of
from airflow_sagemaker_automl.permissions.terms import Permission, Place, Resource

_SERVICE = "sagemaker.amazonaws.com"
_VERSION = "2012-10-17"


def _each(actions: str, on: Resource, why: str, without: str = "", *, service: str = "sagemaker") -> list[Permission]:
    return [
        Permission(action=f"{service}:{name}", on=(on,), why=why, without=without, is_implied=True)
        for name in actions.split()
    ]


_ENDPOINTS_OWN = "the job cannot deploy its model (`ModelDeployConfig`)"
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
        "pulls the algorithms' images from AWS's registries",
        service="ecr",
    ),
    Permission(
        action="iam:PassRole",
        on=(Resource.ROLE,),
        why="the job starts training jobs and models with its own role",
        is_implied=True,
        condition={"StringEquals": {"iam:PassedToService": _SERVICE}},
    ),
    *_each("CreateModel DescribeModel DeleteModel", Resource.MODEL, "creates models of candidates", _ENDPOINTS_OWN),
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
    *_each("Encrypt GenerateDataKey", Resource.KEY, "encrypts outputs with `OutputDataConfig.KmsKeyId`", service="kms"),
    *_each("CreateGrant DescribeKey", Resource.KEY, "encrypts volumes with `VolumeKmsKeyId`", service="kms"),
)
NETWORK: tuple[Permission, ...] = tuple(
    _each(
        "CreateNetworkInterface CreateNetworkInterfacePermission DeleteNetworkInterface "
        "DeleteNetworkInterfacePermission DescribeNetworkInterfaces DescribeVpcs DescribeDhcpOptions DescribeSubnets "
        "DescribeSecurityGroups",
        Resource.ANY,
        "trains in your VPC (`VpcConfig`)",
        "no `VpcConfig`",
        service="ec2",
    )
)


def execution_role(place: Place, *, deploys: bool = False, in_network: bool = False) -> Document:
    """Write the policy of the execution role.

    :param deploys: whether jobs deploy their models (``ModelDeployConfig``). Default: no.
    :param in_network: whether jobs train in your VPC (``VpcConfig``). Default: no.
    :raises PlaceIncomplete: the place lacks the role or a bucket.
    """
    asked = [each for each in EXECUTION_ROLE if each.is_required or deploys]
    return policy_of([*asked, *(NETWORK if in_network else ())], place)


def trust(place: Place) -> Document:
    """Write the trust policy of the execution role: SageMaker may assume it, for this account only."""
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


# Actions of another account on the group, and on its versions, by use.
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

    :param place: the account that owns the group, and the group's name.
    :param accounts: IDs of the other accounts.
    :param uses: what the other accounts do: ``register``, ``decide``, ``deploy``.
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
    """Write the statements to add to a key policy.

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
    """Write a policy that denies approving to an identity that registers, by AWS's condition key for it."""
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
