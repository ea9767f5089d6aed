"""``python -m airflow_sagemaker_automl request …``."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from airflow_sagemaker_automl.cli.files import TO_BE_MENDED, UNREADABLE, Unreadable, read
from airflow_sagemaker_automl.exceptions import escaped

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.v1_request import Migration

SKELETONS = ("tabular", "time-series", "text-classification", "image-classification", "text-generation")


@click.group()
def request() -> None:
    """Write, check and migrate requests for AutoML jobs.

    A request is a JSON or YAML file of the arguments of CreateAutoMLJobV2. SageMakerAutoMLJobOperator takes its
    path, and so does the AWS CLI.
    """


def _skeleton(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    if value in SKELETONS:
        return value
    said = "Say the type of problem" if value is None else f"{value!r} is no type of problem"
    nearest = difflib.get_close_matches((value or "").lower().replace("_", "-"), SKELETONS, n=1)
    suggestion = f" Did you mean {nearest[0]}?" if nearest else ""
    raise click.UsageError(f"{said}: one of {', '.join(SKELETONS)}.{suggestion}", context)


@request.command()
@click.argument("kind", metavar="TYPE", required=False, callback=_skeleton)
def new(kind: str) -> None:
    """Print a commented request to fill in.

    TYPE is tabular (regression and classification of rows), time-series, text-classification, image-classification
    or text-generation (tuning of a language model).

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
    """Print what is wrong with requests.

    Every rule of the service that a request breaks is named; nothing is sent.

    FILE is a .json, .yaml or .yml file, or - for what comes in. Jinja templates are left for when they are rendered.
    The exit code is 0 where all requests are valid, 1 where one is not, 2 where a file cannot be read, or
    holds no request.

    \b
    Example:
      python -m airflow_sagemaker_automl request check dags/*.yaml
    """
    sys.exit(max(_checked(path) for path in paths))


def _checked(path: str) -> int:
    try:
        text, suffix = read(path)
        request = _parsed(path, text, suffix, rendered=False)
    except Unreadable as error:
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

    :raises Unreadable: the text holds none.
    """
    from airflow_sagemaker_automl.core import documents
    from airflow_sagemaker_automl.core.request_file import parse_mapping

    try:
        return parse_mapping(text, suffix, of="CreateAutoMLJobV2's arguments", rendered=rendered)
    except documents.Unreadable as error:
        hint = " A Jinja expression has to stand in quotes here." if rendered and "{{" in text else ""
        raise Unreadable(f"{path}: it {error}.{hint}") from error


def _judged(request: dict[str, Any]) -> tuple[list[str], list[str]]:
    """Judge what is literal in a request.

    :return: what the service would refuse, and what it takes that is probably not meant.
    """
    from airflow_sagemaker_automl.core import rules
    from airflow_sagemaker_automl.core.literals import literal
    from airflow_sagemaker_automl.exceptions import InvalidJobRequest
    from airflow_sagemaker_automl.validation import checked_request

    remarks = list(rules.remarks(literal(request)))
    try:
        checked_request(request, rendered=False)
    except InvalidJobRequest as error:
        return [str(violation) for violation in error.violations], remarks
    return [], remarks


@request.command()
@click.argument("path", metavar="FILE")
@click.option(
    "--format", "format_", type=click.Choice(["yaml", "json"]), default="yaml", show_default=True, help="What to print."
)
def migrate(path: str, format_: str) -> None:
    """Print a V1 request as a V2 request.

    FILE is a .json, .yaml or .yml file, or - for what comes in, of the arguments of CreateAutoMLJob (as for the AWS
    CLI's create-auto-ml-job), or of those of Airflow's own SageMakerAutoMLOperator:

    \b
      job_name: churn
      s3_input: s3://my-bucket/churn/
      target_attribute: churned

    Standard error names what did not map, or not as it stood, and what "request check" says of the result; the
    request is printed all the same. The exit code is 0 where nothing is said, 1 where something is, 2 where the file
    holds no such request.

    \b
    Example:
      python -m airflow_sagemaker_automl request migrate old.json > request.yaml
    """
    migration = _migrated(path)
    printed = _written(migration.request, format_)
    click.echo(printed, nl=False)
    # What is read again is what a later check reads.
    violations, remarks = _judged(_parsed(path, printed, f".{format_}", rendered=False))
    said = [*migration.remarks, *(f"The new request is not valid: {each}" for each in violations), *remarks]
    for line in said:
        click.echo(escaped(line), err=True)
    sys.exit(TO_BE_MENDED if said else 0)


def _migrated(path: str) -> Migration:
    from airflow_sagemaker_automl.core.v1_request import from_v1

    text, suffix = read(path)
    request = _parsed(path, text, suffix, rendered=True)
    try:
        return from_v1(request)
    except ValueError as error:
        raise Unreadable(f"{path}: {error}") from error


def _written(request: dict[str, Any], format_: str) -> str:
    if format_ == "json":
        import json

        return json.dumps(request, indent=2, ensure_ascii=False, default=str) + "\n"
    import yaml

    text: str = yaml.safe_dump(request, sort_keys=False, allow_unicode=True, width=sys.maxsize)
    return text
