"""The roles that a request passes to SageMaker, which must be able to assume them.

A role must be of the caller's account. If the account's IAM has roles, it must be one of them; otherwise any role of
the account is accepted, so that nobody must create roles to use the emulator. Trust policies are not evaluated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.iam.models import iam_backends

from airflow_sagemaker_automl.emulator.contract import service_model
from airflow_sagemaker_automl.emulator.errors import ValidationException

_SHAPE = "RoleArn"
# Members for roles that somebody else assumes, also in other accounts.
_NOT_PASSED = frozenset({"AssumableRoleArns", "CrossAccountModelRegisterRoleArn"})


def require_assumable_roles(operation: str, request: Any, account: str, partition: str) -> None:
    """Refuse a request with a role that SageMaker could not assume, in the service's words from public reports.

    :param request: members that satisfy the service model.
    :param account: the caller's account.
    :param partition: the caller's partition, for example ``aws``.
    :raises ValidationException: a role belongs to another account or does not exist.
    """
    shape = service_model().operation_model(operation).input_shape
    for role in _roles(shape, request):
        _, of_partition, _, _, of_account, _ = role.split(":", 5)
        if (of_partition, of_account) != (partition, account):
            raise ValidationException("RoleArn: Cross-account pass role is not allowed.")
        known = [each.arn for each in list(iam_backends[account][partition].roles.values())]
        if known and role not in known:
            raise ValidationException(
                f"Could not assume role {role}. Please ensure that the role exists and allows principal "
                "'sagemaker.amazonaws.com' to assume the role."
            )


def _roles(shape: Any, value: Any) -> Iterator[str]:
    """List all roles in a value of a shape."""
    if shape is None:
        return
    if shape.type_name == "structure":
        for name, item in value.items():
            if name in shape.members and name not in _NOT_PASSED:
                yield from _roles(shape.members[name], item)
    elif shape.type_name == "list":
        for item in value:
            yield from _roles(shape.member, item)
    elif shape.type_name == "map":
        for item in value.values():
            yield from _roles(shape.value, item)
    elif shape.name == _SHAPE:
        yield value
