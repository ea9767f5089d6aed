"""``python -m airflow_sagemaker_automl permissions …``."""

from __future__ import annotations

import difflib
from typing import Any

import click

from airflow_sagemaker_automl.cli.files import STDIO, write
from airflow_sagemaker_automl.cli.place import ACCOUNT, IDENTITY, place_from, place_options
from airflow_sagemaker_automl.permissions import sagemaker
from airflow_sagemaker_automl.permissions.documents import (
    MOST_CHARACTERS,
    Document,
    PlaceIncomplete,
    policy,
    size,
    written,
)
from airflow_sagemaker_automl.permissions.features import FEATURES
from airflow_sagemaker_automl.permissions.page import page as written_page
from airflow_sagemaker_automl.permissions.terms import EVERYWHERE, Resource

_NAMED_BY = {
    Resource.ROLE: "a role: set --role",
    Resource.CONNECTION_ROLE: "a role: set --connection-role",
    Resource.BUCKET: "a bucket: set --bucket",
    Resource.OBJECT: "a bucket: set --bucket",
}


@click.group()
def permissions() -> None:
    """Print the required IAM policies.

    Each command prints one JSON document, for 'aws iam put-role-policy --policy-document file:///dev/stdin', for
    Terraform, or for a file.
    """


def _features(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    for value in values:
        if value not in FEATURES:
            nearest = difflib.get_close_matches(value.lower().replace("_", "-"), FEATURES, n=1)
            suggestion = f" Did you mean {nearest[0]}?" if nearest else ""
            rule = f"{value!r} must be one of {', '.join(FEATURES)}."
            raise click.UsageError(f"{rule}{suggestion}", context)
    if not values:
        raise click.UsageError(f"Name the features that you use: one or more of {', '.join(FEATURES)}.", context)
    return values


@permissions.command()
@click.argument("features", metavar="FEATURE...", nargs=-1, callback=_features)
@place_options("account", "region", "partition", "role", "bucket", "group", "job", "endpoint", "key", "connection-role")
@click.option("--required-only", is_flag=True, help="Leave out optional permissions.")
def airflow(features: tuple[str, ...], required_only: bool, **place: Any) -> None:
    """Print the policy for Airflow's identity.

    A FEATURE is train, wait, queue, stop, judge, register, decide, await-decision, watch, deploy, score, example-data
    or assume-role. The documentation page "Permissions" describes the features and each permission.

    \b
    Example:
      python -m airflow_sagemaker_automl permissions airflow train wait queue stop register \\
          --account 123456789012 --region eu-central-1 --role sagemaker-automl --bucket my-bucket/models --group churn
    """
    try:
        document = policy([FEATURES[name] for name in features], place_from(**place), with_optional=not required_only)
    except PlaceIncomplete as error:
        raise click.UsageError(_lacking(error)) from error
    _print(document)


@permissions.command()
@place_options("account", "region", "partition", "role", "bucket", "key")
@click.option("--deploys", is_flag=True, help="Jobs deploy their models (ModelDeployConfig).")
@click.option("--in-network", is_flag=True, help="Jobs train in your VPC (VpcConfig).")
def execution_role(deploys: bool, in_network: bool, **place: Any) -> None:
    """Print the policy of the execution role.

    \b
    Example:
      python -m airflow_sagemaker_automl permissions execution-role \\
          --account 123456789012 --region eu-central-1 --role sagemaker-automl --bucket my-bucket
    """
    try:
        document = sagemaker.execution_role(place_from(**place), deploys=deploys, in_network=in_network)
    except PlaceIncomplete as error:
        raise click.UsageError(_lacking(error)) from error
    _print(document)


@permissions.command()
@place_options("account")
def trust(account: str) -> None:
    """Print the trust policy of the execution role.

    \b
    Example:
      python -m airflow_sagemaker_automl permissions trust --account 123456789012
    """
    _print(sagemaker.trust(place_from(account=account)))


@permissions.command()
@click.argument("uses", metavar="USE...", nargs=-1, required=True, type=click.Choice(list(sagemaker.SHARED)))
@place_options("account", "region", "partition")
@click.option("--group", required=True, metavar="NAME", help="Model package group, in that account.")
@click.option(
    "--to",
    "accounts",
    type=ACCOUNT,
    multiple=True,
    required=True,
    metavar="NUMBER",
    help="Another account. Can be repeated.",
)
def group(uses: tuple[str, ...], accounts: tuple[str, ...], **place: Any) -> None:
    """Print the resource policy of a group for other accounts.

    A USE is what the other accounts do with its versions: register, decide, deploy.

    \b
    Example:
      python -m airflow_sagemaker_automl permissions group register \\
          --account 123456789012 --region eu-central-1 --group churn --to 210987654321
    """
    if place["region"] == EVERYWHERE or EVERYWHERE in place["group"]:
        raise click.UsageError("The policy is for one group: give its full name and its --region.")
    _print(sagemaker.shared_group(place_from(**place), list(accounts), list(uses)))


@permissions.command()
@click.option(
    "--for",
    "identities",
    type=IDENTITY,
    multiple=True,
    required=True,
    metavar="ARN",
    help="Role or user. Can be repeated.",
)
def key(identities: tuple[str, ...]) -> None:
    """Print the statements to add to a KMS key policy.

    \b
    Example:
      python -m airflow_sagemaker_automl permissions key \\
          --for arn:aws:iam::123456789012:role/sagemaker-automl --for arn:aws:iam::123456789012:role/airflow
    """
    _print(sagemaker.key_statements(list(identities)))


@permissions.command()
def page() -> None:
    """Print the documentation of all permissions as Markdown.

    \b
    Example:
      python -m airflow_sagemaker_automl permissions page > docs/iam.md
    """
    write(STDIO, written_page())


def _print(document: Document) -> None:
    click.echo(written(document), nl=False)
    if size(document) > MOST_CHARACTERS:
        click.echo(
            f"The policy has {size(document)} characters; a managed policy may have {MOST_CHARACTERS}. "
            "Split the features over several policies.",
            err=True,
        )


def _lacking(error: PlaceIncomplete) -> str:
    needed = f"{error.permission.action} requires {_NAMED_BY[error.resource]}"
    return f"{needed}." if error.permission.is_required else f"{needed}; --required-only leaves the permission out."
