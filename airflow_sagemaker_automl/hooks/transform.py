"""Calls of SageMaker for batch transform jobs and the models that they use."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.exceptions import ClientError

from airflow_sagemaker_automl.core.jobs.quota import Refusal
from airflow_sagemaker_automl.core.scoring.transform_job import TRANSFORM_JOB, TransformJob
from airflow_sagemaker_automl.core.values.console import Console
from airflow_sagemaker_automl.exceptions import (
    JobNameTaken,
    ModelNameTaken,
    NoQuota,
    QuotaReached,
    TransformJobNotFound,
)
from airflow_sagemaker_automl.hooks.errors import code_of, message_of

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

# The service model has ResourceNotFound; the service itself was seen to answer ValidationException.
_ABSENT_CODES = frozenset({"ResourceNotFound", "ValidationException"})
_MOST_MODELS = 100
_MOST_CONFIGS = 100


class TransformHook(AwsBaseHook):
    """Transform jobs and their models; the base of :class:`~airflow_sagemaker_automl.SageMakerAutoMLHook`."""

    conn: SageMakerClient

    @cached_property
    def console(self) -> Console | None:
        """The AWS console of the hook's region; None for an emulator."""
        return Console.behind(self.conn.meta.endpoint_url, self.conn_partition, self.conn_region_name)

    def create_transform_job(self, request: Mapping[str, Any]) -> TransformJob:
        """Start a transform job.

        :param request: arguments of ``CreateTransformJob``, including the name.
        :raises JobNameTaken: a job of this name already exists.
        :raises QuotaReached: the account is at its quota of instances.
        :raises NoQuota: the account's quota allows no such job at all.
        """
        name, exceptions = request["TransformJobName"], self.conn.exceptions
        try:
            answer = self.conn.create_transform_job(**request)
        except exceptions.ResourceInUse as error:
            raise JobNameTaken(name, message_of(error), TRANSFORM_JOB) from error
        except exceptions.ResourceLimitExceeded as error:
            refusal = Refusal.read(message_of(error))
            kind = NoQuota if refusal.is_for_good else QuotaReached
            # The number in the message counts instances, and a list of jobs does not show how many each has.
            raise kind(name, refusal.text, None, TRANSFORM_JOB) from error
        created = {**request, "TransformJobArn": answer["TransformJobArn"]}
        return TransformJob.from_api(created, self._transform_url(name))

    def describe_transform_job(self, name: str) -> TransformJob:
        """Describe a transform job.

        :raises TransformJobNotFound: there is no job of this name.
        """
        return TransformJob.from_api(self.transform_job_answer(name), self._transform_url(name))

    def transform_job_answer(self, name: str) -> dict[str, Any]:
        """Return the response of ``DescribeTransformJob``.

        :raises TransformJobNotFound: there is no job of this name.
        """
        try:
            return dict(self.conn.describe_transform_job(TransformJobName=name))
        except ClientError as error:
            if code_of(error) not in _ABSENT_CODES:
                raise
            raise TransformJobNotFound(name, TRANSFORM_JOB) from error

    def stop_transform_job(self, name: str) -> None:
        """Stop a transform job; does nothing if it has ended.

        :raises TransformJobNotFound: there is no job of this name.
        """
        try:
            self.conn.stop_transform_job(TransformJobName=name)
        except ClientError as error:
            # Whether the service rejects stopping an ended job is not documented.
            if code_of(error) not in _ABSENT_CODES or self.describe_transform_job(name).is_in_progress:
                raise

    def transform_jobs_in_progress(self) -> dict[str, str]:
        """List the running transform jobs of the account and region: name → status."""
        pages = self.conn.get_paginator("list_transform_jobs").paginate(
            StatusEquals="InProgress",
            SortBy="CreationTime",
            SortOrder="Descending",
            PaginationConfig={"PageSize": 100},
        )
        return {
            summary["TransformJobName"]: summary["TransformJobStatus"]
            for page in pages
            for summary in page["TransformJobSummaries"]
        }

    def has_stopping_transform_jobs(self) -> bool:
        """Tell whether transform jobs are stopping, which still use their instances."""
        return bool(self.conn.list_transform_jobs(StatusEquals="Stopping", MaxResults=1)["TransformJobSummaries"])

    def ensure_model(self, request: Mapping[str, Any]) -> None:
        """Create a model, unless it exists with the same containers, role and network.

        ``CreateModel`` documents no error for a name that is taken, so the model is described after a failure.

        :param request: arguments of ``CreateModel``.
        :raises ModelNameTaken: a model of this name exists and is another one.
        """
        try:
            self.conn.create_model(**request)
        except ClientError:
            found = self.model_answer(request["ModelName"])
            if found is None:
                raise
            different = _differing_members(request, found)
            if different:
                reason = f"it has another {', another '.join(different)}."
                raise ModelNameTaken(request["ModelName"], reason) from None

    def model_answer(self, name: str) -> dict[str, Any] | None:
        """Return the response of ``DescribeModel``; None if there is no model of this name."""
        try:
            return dict(self.conn.describe_model(ModelName=name))
        except ClientError as error:
            if code_of(error) in _ABSENT_CODES:
                return None
            raise

    def delete_model(self, name: str) -> None:
        """Delete a model; does nothing if there is none."""
        try:
            self.conn.delete_model(ModelName=name)
        except ClientError as error:
            if code_of(error) not in _ABSENT_CODES:
                raise

    def models_named(self, part: str) -> dict[str, str]:
        """List up to 100 models whose names contain a text, the oldest first: name → ARN."""
        pages = self.conn.get_paginator("list_models").paginate(
            NameContains=part,
            SortBy="CreationTime",
            SortOrder="Ascending",
            PaginationConfig={"PageSize": 100, "MaxItems": _MOST_MODELS},
        )
        return {model["ModelName"]: model["ModelArn"] for page in pages for model in page["Models"]}

    def models_of_endpoints(self) -> set[str] | None:
        """List the models of all endpoint configurations; None if there are more than 100 configurations."""
        answer = self.conn.list_endpoint_configs(MaxResults=_MOST_CONFIGS)
        if answer.get("NextToken"):
            return None
        names = [config["EndpointConfigName"] for config in answer["EndpointConfigs"]]
        described = [self.conn.describe_endpoint_config(EndpointConfigName=name) for name in names]
        return {
            variant["ModelName"]
            for config in described
            for variant in [*config["ProductionVariants"], *config.get("ShadowProductionVariants", [])]
            if "ModelName" in variant
        }

    def _transform_url(self, name: str) -> str | None:
        return self.console.transform_job(name) if self.console else None


def _differing_members(request: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    from airflow_sagemaker_automl.core.values.comparison import differing

    asked = {key: value for key, value in request.items() if key not in ("ModelName", "Tags")}
    return sorted({path.partition(".")[0].partition("[")[0] for path, _, _ in differing(asked, found)})
