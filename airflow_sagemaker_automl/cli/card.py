"""``python -m airflow_sagemaker_automl card …``."""

from __future__ import annotations

import click

from airflow_sagemaker_automl.cli.files import STDIO, write


@click.group()
def card() -> None:
    """Show the model card of a registered version or of a file."""


@card.command()
@click.argument("source", metavar="SOURCE")
@click.option("--html", "html_path", metavar="FILE", help="Write one self-contained HTML page; - prints it.")
@click.option("--markdown", "markdown_path", metavar="FILE", help="Write Markdown; - prints it.")
@click.option(
    "--aws-conn-id", metavar="ID", help="Airflow connection to fetch with. Default: boto3's default credentials."
)
@click.option("--region", metavar="REGION", help="AWS region to fetch from. Default: the one in the ARN.")
def show(
    source: str, html_path: str | None, markdown_path: str | None, aws_conn_id: str | None, region: str | None
) -> None:
    """Print a model card as Markdown, or write it as an HTML page.

    SOURCE is the ARN of a model version, a JSON file, or - for standard input. A file contains a card, the output of
    the AWS CLI's describe-model-package, or the result of SageMakerRegisterCandidateOperator, whose version is then
    fetched. A card may also be YAML.

    The exit code is 2 if there is no card to show.

    \b
    Example:
      python -m airflow_sagemaker_automl card show build/demo/model_card.json --html card.html
      python -m airflow_sagemaker_automl card show \\
          arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn/3 --html card.html
    """
    if html_path == markdown_path == STDIO:
        raise click.UsageError("Only one of --html and --markdown can be printed; write the other to a file.")
    from airflow_sagemaker_automl.cli.card_source import find_card
    from airflow_sagemaker_automl.rendering import render_html, render_markdown

    found = find_card(source, aws_conn_id=aws_conn_id, region=region)
    if html_path is not None:
        write(html_path, render_html(found.card, title=found.title, facts=found.facts))
    if markdown_path is not None or html_path is None:
        write(markdown_path or STDIO, render_markdown(found.card, title=found.title, facts=found.facts))
