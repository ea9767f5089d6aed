"""The options that name the resources of permissions, and their validation."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import click

from airflow_sagemaker_automl.permissions.terms import EVERYWHERE, PARTITIONS, Place, partition_of

F = TypeVar("F", bound=Callable[..., Any])

_ROLE_ARN = re.compile(r"arn:(?P<partition>aws[a-z-]*):iam::\d{12}:role/[\w+=,.@/-]+")
_KEY_ARN = re.compile(r"arn:(?P<partition>aws[a-z-]*):kms:[a-z0-9-]+:\d{12}:key/[\w-]+")
_ARN = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:(role|user)/[\w+=,.@/-]+")


class Matching(click.ParamType):  # type: ignore[type-arg]  # It is not generic in all supported releases of click.
    """A text that must match a pattern.

    :param name: what the text is, for example ``region``.
    :param pattern: regular expression that must match the whole text.
    :param form: the format, for error messages.
    """

    def __init__(self, name: str, pattern: str, form: str) -> None:
        self.name = name
        self._pattern = re.compile(pattern)
        self._form = form

    def convert(self, value: Any, parameter: click.Parameter | None, context: click.Context | None) -> str:
        """Accept a text that matches the pattern."""
        if not self._pattern.fullmatch(value):
            self.fail(f"{value!r} is not a valid {self.name}: it must be {self._form}.", parameter, context)
        return str(value)


ACCOUNT = Matching("account", r"\d{12}", "12 digits")
IDENTITY = Matching("identity", _ARN.pattern, "the ARN of a role or a user")
_REGION = Matching("region", r"[a-z]{2}(-[a-z]+)+-\d+|\*", "a name such as eu-central-1, or * for all")
_JOB = Matching("job name", r"[a-zA-Z0-9*-]{1,32}", "letters, digits, hyphens and *")
_NAME = Matching("name", r"[a-zA-Z0-9*-]{1,63}", "letters, digits, hyphens and *")
_BUCKET = Matching(
    "bucket",
    r"(s3://)?[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^*?$]*)?",
    "a name such as my-bucket, or my-bucket/models for one folder",
)
_ROLE = Matching("role", rf"{_ROLE_ARN.pattern}|[\w+=,.@/-]+", "an ARN, or a name with its path")
_KEY = Matching("key", rf"{_KEY_ARN.pattern}|[\w-]+", "an ARN or an ID; policies do not accept aliases")

_OPTIONS = {
    "account": click.option("--account", type=ACCOUNT, required=True, metavar="NUMBER", help="ID of the AWS account."),
    "region": click.option(
        "--region", type=_REGION, default=EVERYWHERE, show_default=True, metavar="REGION", help="AWS region."
    ),
    "partition": click.option(
        "--partition", type=click.Choice(PARTITIONS), help="AWS partition. Default: the region's, or aws."
    ),
    "bucket": click.option(
        "--bucket",
        "buckets",
        type=_BUCKET,
        multiple=True,
        metavar="NAME[/FOLDER]",
        help="S3 bucket of the jobs, or a folder in it. Can be repeated.",
    ),
    "role": click.option("--role", type=_ROLE, metavar="NAME|ARN", help="Execution role, role_arn of the request."),
    "key": click.option(
        "--key", "keys", type=_KEY, multiple=True, metavar="ID|ARN", help="Customer managed KMS key. Can be repeated."
    ),
    "job": click.option(
        "--job",
        type=_JOB,
        default=EVERYWHERE,
        show_default=True,
        metavar="NAME",
        help="Names of jobs, for example churn-*.",
    ),
    "group": click.option(
        "--group", type=_NAME, default=EVERYWHERE, show_default=True, metavar="NAME", help="Model package group."
    ),
    "endpoint": click.option(
        "--endpoint", type=_NAME, default=EVERYWHERE, show_default=True, metavar="NAME", help="Endpoint to deploy to."
    ),
    "connection-role": click.option(
        "--connection-role", type=_ROLE, metavar="NAME|ARN", help="The role that Airflow's AWS connection assumes."
    ),
}


def place_options(*names: str) -> Callable[[F], F]:
    """Add some of the options that make a place to a command."""

    def decorate(command: F) -> F:
        for name in reversed(names):
            command = _OPTIONS[name](command)
        return command

    return decorate


def place_from(
    *,
    account: str,
    region: str = EVERYWHERE,
    partition: str | None = None,
    buckets: tuple[str, ...] = (),
    role: str | None = None,
    connection_role: str | None = None,
    keys: tuple[str, ...] = (),
    **names: str,
) -> Place:
    """Make a place from the values of those options.

    :raises click.UsageError: the values contradict each other.
    """
    found = partition or partition_of(region)
    if region != EVERYWHERE and partition_of(region) != found:
        raise click.UsageError(f"The region {region} is in the partition {partition_of(region)}, not in {found}.")
    if keys and region == EVERYWHERE and not all(key.startswith("arn:") for key in keys):
        raise click.UsageError("The key's region is unknown: set --region, or give the key's ARN.")
    place = Place(
        account=account,
        region=region,
        partition=found,
        buckets=tuple(bucket.removeprefix("s3://") for bucket in buckets),
        role=role and _arn(role, f"arn:{found}:iam::{account}:role/"),
        connection_role=connection_role and _arn(connection_role, f"arn:{found}:iam::{account}:role/"),
        keys=tuple(_arn(key, f"arn:{found}:kms:{region}:{account}:key/") for key in keys),
        **names,
    )
    for arn in filter(None, (place.role, place.connection_role, *place.keys)):
        if not arn.startswith(f"arn:{found}:"):
            raise click.UsageError(f"{arn} is not in the partition {found}.")
    return place


def _arn(name_or_arn: str, beginning: str) -> str:
    return name_or_arn if name_or_arn.startswith("arn:") else f"{beginning}{name_or_arn.removeprefix('/')}"
