"""Lets moto answer for the services beside SageMaker that keep what they are given, and refuses the others.

moto accepts the jobs of Glue, Batch, Athena and many more services without running them; a DAG that waits for such a
job would go on with data that nobody made.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from airflow_sagemaker_automl.emulator.caller import Caller
from airflow_sagemaker_automl.emulator.denial import denied

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# By the names in signatures: data and identities, Airflow's secrets backends and remote logs, notifications, networks.
KEPT_BY_MOTO = frozenset(
    (
        "s3",
        "sts",
        "iam",
        "kms",
        "secretsmanager",
        "ssm",
        "logs",
        "monitoring",
        "sns",
        "sqs",
        "events",
        "dynamodb",
        "ec2",
    )
)
_OF_SAGEMAKER = "sagemaker"


class StorageOnly:
    """A WSGI application that passes on requests for SageMaker and for services that only keep things.

    :param application: answers them.
    """

    def __init__(self, application: WSGIApplication) -> None:
        self._application = application

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        service = Caller.of(environ).service
        if service is None or service == _OF_SAGEMAKER or service in KEPT_BY_MOTO:
            return self._application(environ, start_response)
        reason = (
            f"The emulator does not answer for {service}: nothing here would do the work. It is SageMaker's, beside "
            f"{', '.join(sorted(KEPT_BY_MOTO))}; give a connection for other services another endpoint_url."
        )
        return denied(environ, reason)(environ, start_response)
