"""Model package groups and model packages."""

from __future__ import annotations

from airflow_sagemaker_automl.emulator.backend import LocalSageMaker
from airflow_sagemaker_automl.emulator.card_content import metadata_only
from airflow_sagemaker_automl.emulator.errors import ValidationException
from airflow_sagemaker_automl.emulator.listing import Members, page, within

_BATCH_SUMMARY = (
    "ModelPackageGroupName",
    "ModelPackageVersion",
    "ModelPackageArn",
    "ModelPackageDescription",
    "CreationTime",
    "InferenceSpecification",
    "ModelPackageStatus",
    "ModelApprovalStatus",
    "ModelPackageRegistrationType",
)


def create_group(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``CreateModelPackageGroup``."""
    return {"ModelPackageGroupArn": account.registry.create_group(request).arn}


def describe_group(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``DescribeModelPackageGroup``."""
    return account.registry.find_group(request["ModelPackageGroupName"]).describe()


def list_groups(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``ListModelPackageGroups``."""
    own = request.get("CrossAccountFilterOption", "SameAccount") == "SameAccount"
    summaries = [group.summary() for group in account.registry.groups.values() if own]
    by_name = request.get("SortBy") == "Name"
    return page(
        within(summaries, request, "ModelPackageGroupName"),
        request,
        "ModelPackageGroupSummaryList",
        name="ModelPackageGroupName",
        sort_key=lambda group: group["ModelPackageGroupName" if by_name else "CreationTime"],
        order="Ascending",
    )


def delete_group(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``DeleteModelPackageGroup``."""
    account.registry.delete_group(request["ModelPackageGroupName"])
    return {}


def put_policy(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``PutModelPackageGroupPolicy``."""
    group = account.registry.find_group(request["ModelPackageGroupName"])
    group.policy = request["ResourcePolicy"]
    return {"ModelPackageGroupArn": group.arn}


def get_policy(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``GetModelPackageGroupPolicy``."""
    return {"ResourcePolicy": _policy(account, request)}


def delete_policy(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``DeleteModelPackageGroupPolicy``."""
    _policy(account, request)
    account.registry.find_group(request["ModelPackageGroupName"]).policy = None
    return {}


def create_package(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``CreateModelPackage``."""
    package = account.registry.create_package(request, compares_tokens=not account.faults.tokens_not_compared)
    return {"ModelPackageArn": package.arn}


def describe_package(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``DescribeModelPackage``."""
    package = account.registry.find_package(request["ModelPackageName"])
    described = account.lag.described(package.arn, package.describe(), account.faults.stale_descriptions)
    return _without_card_details(described) if request.get("IncludedData") == "MetadataOnly" else described


def describe_packages(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``BatchDescribeModelPackage``."""
    found: Members = {}
    errors: Members = {}
    for arn in request["ModelPackageArnList"]:
        try:
            described = account.registry.find_package(arn).describe()
        except ValidationException as error:
            errors[arn] = {"ErrorCode": error.code, "ErrorResponse": str(error)}
            continue
        if described["ModelPackageGroupName"] is None or "InferenceSpecification" not in described:
            wrong = "is not a versioned model package with an inference specification"
            errors[arn] = {"ErrorCode": "ValidationException", "ErrorResponse": f"ModelPackage {arn} {wrong}."}
        else:
            found[arn] = {key: described.get(key) for key in _BATCH_SUMMARY}
    return {"ModelPackageSummaries": found or None, "BatchDescribeModelPackageErrorMap": errors or None}


def update_package(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``UpdateModelPackage``."""
    package = account.registry.find_package(request["ModelPackageArn"])
    before = package.describe()
    package.update(request, account.caller())
    account.lag.changed(package.arn, before)
    return {"ModelPackageArn": package.arn}


def list_packages(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``ListModelPackages``; without group and type the service lists the packages without a group."""
    lag = account.faults.stale_list_seconds
    group = request.get("ModelPackageGroupName")
    if group is not None:
        packages = list(account.registry.find_group(group).versions.values())
    else:
        kind = request.get("ModelPackageType", "Unversioned")
        wanted = {"Versioned": (True,), "Unversioned": (False,), "Both": (True, False)}[kind]
        packages = [package for package in account.registry.packages() if (package.group is not None) in wanted]
    summaries = [
        # The service omits the name of versions here, too.
        {**package.summary(lag), "Name": package.name}
        for package in packages
        if package.existed(lag)
    ]
    by_name = request.get("SortBy") == "Name"
    answer = page(
        within(summaries, request, "Name", ModelApprovalStatus="ModelApprovalStatus"),
        request,
        "ModelPackageSummaryList",
        name="ModelPackageArn",
        sort_key=lambda package: (
            [package["Name"], package["ModelPackageVersion"] or 0] if by_name else package["CreationTime"]
        ),
        order="Ascending",
    )
    for entry in answer["ModelPackageSummaryList"]:
        del entry["Name"]
    return answer


def delete_package(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``DeleteModelPackage``."""
    account.registry.delete_package(request["ModelPackageName"])
    return {}


def _without_card_details(described: Members) -> Members:
    card = described.get("ModelCard", {})
    if "ModelCardContent" not in card:
        return described
    return {**described, "ModelCard": {**card, "ModelCardContent": metadata_only(card["ModelCardContent"])}}


def _policy(account: LocalSageMaker, request: Members) -> str:
    group = account.registry.find_group(request["ModelPackageGroupName"])
    if group.policy is None:
        raise ValidationException(f"Cannot find resource policy for: {group.arn}")
    return group.policy


OPERATIONS = {
    "CreateModelPackageGroup": create_group,
    "DescribeModelPackageGroup": describe_group,
    "ListModelPackageGroups": list_groups,
    "DeleteModelPackageGroup": delete_group,
    "PutModelPackageGroupPolicy": put_policy,
    "GetModelPackageGroupPolicy": get_policy,
    "DeleteModelPackageGroupPolicy": delete_policy,
    "CreateModelPackage": create_package,
    "DescribeModelPackage": describe_package,
    "BatchDescribeModelPackage": describe_packages,
    "UpdateModelPackage": update_package,
    "ListModelPackages": list_packages,
    "DeleteModelPackage": delete_package,
}
