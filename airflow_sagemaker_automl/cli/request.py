"""``python -m airflow_sagemaker_automl request …``."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from airflow_sagemaker_automl.cli.files import TO_BE_MENDED, UNREADABLE, FileUnreadable, read
from airflow_sagemaker_automl.exceptions import escaped

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.jobs.v1_request import Migration

SKELETONS = ("tabular", "time-series", "text-classification", "image-classification", "text-generation")


@click.group()
def request() -> None:
    """Write, check and migrate requests for AutoML jobs.

    A request is a JSON or YAML file with the arguments of CreateAutoMLJobV2. SageMakerAutoMLJobOperator and the AWS
    CLI accept its path.
    """


def _skeleton(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    if value in SKELETONS:
        return value
    said = "TYPE is required:" if value is None else f"TYPE = {value!r} must be"
    nearest = difflib.get_close_matches((value or "").lower().replace("_", "-"), SKELETONS, n=1)
    suggestion = f" Did you mean {nearest[0]}?" if nearest else ""
    raise click.UsageError(f"{said} one of {', '.join(SKELETONS)}.{suggestion}", context)


@request.command()
@click.argument("kind", metavar="TYPE", required=False, callback=_skeleton)
def new(kind: str) -> None:
    """Print a commented request template.

    TYPE is tabular (regression and classification of rows), time-series, text-classification, image-classification
    or text-generation (fine-tuning of a language model).

    \b
    Example:
      python -m airflow_sagemaker_automl request new tabular > request.yaml
    """
    from importlib.resources import files

    skeleton = files("airflow_sagemaker_automl").joinpath("request_skeletons", f"{kind}.yaml")
    click.echo(skeleton.read_text("utf-8"), nl=False)


@request.command()
@click.argument("paths", metavar="FILE...", nargs=-1, required=True)
def check(paths: Sequence[str]) -> None:
    """Check requests against the rules of the service.

    All violations are printed. No request is sent.

    FILE is a .json, .yaml or .yml file, or - for standard input. Jinja templates are not checked. The exit code is 0
    if all requests are valid, 1 if a request is invalid, 2 if a file cannot be read or contains no request.

    \b
    Example:
      python -m airflow_sagemaker_automl request check dags/*.yaml
    """
    sys.exit(max(_checked(path) for path in paths))


def _checked(path: str) -> int:
    try:
        text, suffix = read(path)
        request = _parsed(path, text, suffix, rendered=False)
    except FileUnreadable as error:
        error.show()
        return UNREADABLE
    violations, remarks = _judged(request)
    for remark in remarks:
        click.echo(f"{escaped(path)}: {escaped(remark)}", err=True)
    for violation in violations or ["valid"]:
        click.echo(f"{escaped(path)}: {violation}")
    return TO_BE_MENDED if violations else 0


def _parsed(path: str, text: str, suffix: str, *, rendered: bool) -> dict[str, Any]:
    """Read a request.

    :raises FileUnreadable: the text contains no request.
    """
    from airflow_sagemaker_automl.core.jobs.request_file import parse_mapping
    from airflow_sagemaker_automl.core.values import documents

    try:
        return parse_mapping(text, suffix, of="CreateAutoMLJobV2's arguments", rendered=rendered)
    except documents.Unreadable as error:
        hint = " Put Jinja expressions in quotes." if rendered and "{{" in text else ""
        raise FileUnreadable(f"{path}: it {error}.{hint}") from error


def _judged(request: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Check the literal values of a request.

    :return: violations, which the service would refuse, and remarks on values that are valid but probably a mistake.
    """
    from airflow_sagemaker_automl.core import rules
    from airflow_sagemaker_automl.core.values.literals import literal
    from airflow_sagemaker_automl.exceptions import InvalidJobRequest
    from airflow_sagemaker_automl.hooks.service_model import checked_request

    remarks = list(rules.remarks(literal(request)))
    try:
        checked_request(request, rendered=False)
    except InvalidJobRequest as error:
        return [str(violation) for violation in error.violations], remarks
    return [], remarks


@request.command()
@click.argument("path", metavar="FILE")
@click.option(
    "--format", "format_", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True, help="Output format."
)
def migrate(path: str, format_: str) -> None:
    """Convert a V1 request to a V2 request.

    FILE is a .json, .yaml or .yml file, or - for standard input, with the arguments of CreateAutoMLJob (as for the
    AWS CLI's create-auto-ml-job) or of Airflow's own SageMakerAutoMLOperator:

    \b
      job_name: churn
      s3_input: s3://my-bucket/churn/
      target_attribute: churned

    Standard error lists members that were dropped or changed, and the violations in the new request, which is printed
    anyway. The exit code is 0 without such remarks, 1 with remarks, 2 if the file contains no V1 request.

    \b
    Example:
      python -m airflow_sagemaker_automl request migrate old.json > request.yaml
    """
    migration = _migrated(path)
    printed = _written(migration.request, format_)
    click.echo(printed, nl=False)
    # Check the printed text, which is what later commands read.
    violations, remarks = _judged(_parsed(path, printed, f".{format_}", rendered=False))
    said = [*migration.remarks, *(f"The new request is not valid: {each}" for each in violations), *remarks]
    for line in said:
        click.echo(escaped(line), err=True)
    sys.exit(TO_BE_MENDED if said else 0)


def _migrated(path: str) -> Migration:
    from airflow_sagemaker_automl.core.jobs.v1_request import from_v1

    text, suffix = read(path)
    request = _parsed(path, text, suffix, rendered=True)
    try:
        return from_v1(request)
    except ValueError as error:
        raise FileUnreadable(f"{path}: {error}") from error


def _written(request: dict[str, Any], format_: str) -> str:
    if format_ == "json":
        import json

        return json.dumps(request, indent=2, ensure_ascii=False, default=str) + "\n"
    import yaml

    text: str = yaml.safe_dump(request, sort_keys=False, allow_unicode=True, width=sys.maxsize)
    return text
