"""Endpoints as tests put them up and ask them; plain boto3, nothing of the package under test."""

from __future__ import annotations

import csv
import io
import time
from typing import TYPE_CHECKING, Any

import boto3

from demo.sandbox import REGION
from tests.support.jobs import ROLE, unique

if TYPE_CHECKING:
    import pandas as pd
    from mypy_boto3_sagemaker import SageMakerClient

_VARIANT: Any = {"VariantName": "all", "InitialInstanceCount": 1, "InstanceType": "ml.m5.large"}


def runtime_client(sagemaker: SageMakerClient) -> Any:
    """Make a plain boto3 client of the runtime beside a SageMaker."""
    return boto3.client(
        "sagemaker-runtime",
        endpoint_url=sagemaker.meta.endpoint_url,
        region_name=REGION,
        aws_access_key_id="emulator",
        aws_secret_access_key="emulator",
    )


def configure(sagemaker: SageMakerClient, containers: list[Any], **variant: Any) -> str:
    """Make a model of containers, and an endpoint configuration with that one model.

    :return: the configuration's name.
    """
    name = unique("served")
    sagemaker.create_model(ModelName=name, Containers=containers, ExecutionRoleArn=ROLE)
    given: Any = {**_VARIANT, "ModelName": name, **variant}
    sagemaker.create_endpoint_config(EndpointConfigName=name, ProductionVariants=[given])
    return name


def put_up(sagemaker: SageMakerClient, containers: list[Any]) -> str:
    """Create an endpoint and wait until it has settled.

    :return: its name.
    """
    name = unique("endpoint")
    sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=configure(sagemaker, containers))
    settled(sagemaker, name)
    return name


def settled(sagemaker: SageMakerClient, name: str) -> dict[str, Any]:
    """Wait until nothing changes any more behind an endpoint.

    :return: its description.
    """
    deadline = time.monotonic() + 180
    while True:
        described = dict(sagemaker.describe_endpoint(EndpointName=name))
        if described["EndpointStatus"] not in ("Creating", "Updating"):
            return described
        assert time.monotonic() < deadline, described["EndpointStatus"]
        time.sleep(0.2)


def predicted(sagemaker: SageMakerClient, endpoint: str, rows: pd.DataFrame) -> list[list[str]]:
    """Ask an endpoint about rows, in CSV both ways."""
    answer = runtime_client(sagemaker).invoke_endpoint(
        EndpointName=endpoint,
        ContentType="text/csv",
        Accept="text/csv",
        Body=rows.to_csv(index=False, header=False).encode(),
    )
    return list(csv.reader(io.StringIO(answer["Body"].read().decode())))
