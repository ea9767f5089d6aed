"""The command line: ``python -m airflow_sagemaker_automl request …``, ``card …`` and ``permissions …``.

Airflow and the AWS SDK are imported only when a command needs them, so that help is fast.
"""

from __future__ import annotations

import click

from airflow_sagemaker_automl import __version__
from airflow_sagemaker_automl.cli.card import card
from airflow_sagemaker_automl.cli.permissions import permissions
from airflow_sagemaker_automl.cli.request import SKELETONS, request

__all__ = ["SKELETONS", "main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="%(version)s")
def main() -> None:
    """AutoML jobs on Amazon SageMaker, for DAG authors."""


main.add_command(request)
main.add_command(card)
main.add_command(permissions)
