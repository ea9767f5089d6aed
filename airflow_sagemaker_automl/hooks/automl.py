"""The only module that calls AWS."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.exceptions import ClientError

from airflow_sagemaker_automl.core.jobs.candidate import Candidate
from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
from airflow_sagemaker_automl.core.jobs.quota import Refusal
from airflow_sagemaker_automl.core.registry.lineage import data_uris, version_uris
from airflow_sagemaker_automl.core.registry.new_approvals import Approvals
from airflow_sagemaker_automl.core.registry.version_arn import VersionState, require_region
from airflow_sagemaker_automl.core.values.evidence import Report
from airflow_sagemaker_automl.core.values.timing import timing
from airflow_sagemaker_automl.exceptions import (
    AutoMLJobNotFound,
    JobNameTaken,
    ModelPackageGroupNotFound,
    NoQuota,
    QuotaReached,
    ServiceUnavailable,
)
from airflow_sagemaker_automl.hooks.errors import code_of, message_of
from airflow_sagemaker_automl.hooks.hook_lineage import collect
from airflow_sagemaker_automl.hooks.s3_documents import read_json
from airflow_sagemaker_automl.hooks.transform import TransformHook

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker.type_defs import ModelPackageSummaryTypeDef

    from airflow_sagemaker_automl.hooks.connection import Connection

_ABSENT_CODES = frozenset({"ValidationException", "ResourceNotFound"})


class SageMakerAutoMLHook(TransformHook):
    """AutoML jobs, their candidates, the model registry, and batch transform jobs.

    Takes the arguments of :class:`~airflow.providers.amazon.aws.hooks.base_aws.AwsBaseHook`. Methods do not convert
    :class:`botocore.exceptions.ClientError`, except in the documented cases. For an ARN of another region they raise
    :class:`~airflow_sagemaker_automl.OtherRegion` before any call.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["client_type"] = "sagemaker"
        super().__init__(*args, **kwargs)
        self._collects_lineage = True

    @classmethod
    def from_connection(cls, connection: Connection) -> SageMakerAutoMLHook:
        """Create a hook from an operator's or a trigger's connection arguments.

        It collects no hook lineage, because operators report their own lineage.
        """
        hook = cls(
            aws_conn_id=connection["aws_conn_id"],
            region_name=connection["region_name"],
            verify=connection["verify"],
            config=connection["botocore_config"],
        )
        hook._collects_lineage = False
        return hook

    @cached_property
    def s3(self) -> S3Client:
        """An S3 client of the same connection, region, verification and configuration."""
        client: S3Client = AwsBaseHook(
            client_type="s3",
            aws_conn_id=self.aws_conn_id,
            region_name=self._region_name,
            verify=self._verify,
            config=self._config,
        ).get_conn()
        return client

    def require_region(self, name_or_arn: Any) -> None:
        """Check that an ARN belongs to the connection's region; names are not checked and need no client.

        :raises OtherRegion: it belongs to another region.
        """
        if str(name_or_arn).startswith("arn:"):
            require_region(name_or_arn, self.conn_region_name)

    def create_job(self, request: Mapping[str, Any]) -> AutoMLJob:
        """Start a job.

        :param request: arguments of ``CreateAutoMLJobV2``, including the name.
        :raises JobNameTaken: a job of this name already exists.
        :raises QuotaReached: the account is at its quota of concurrent jobs.
        :raises NoQuota: the account's quota allows no such job at all.
        """
        exceptions = self.conn.exceptions
        try:
            answer = self.conn.create_auto_ml_job_v2(**request)
        except exceptions.ResourceInUse as error:
            raise JobNameTaken(request["AutoMLJobName"], message_of(error)) from error
        except exceptions.ResourceLimitExceeded as error:
            refusal = Refusal.read(message_of(error))
            kind = NoQuota if refusal.is_for_good else QuotaReached
            raise kind(request["AutoMLJobName"], refusal.text, refusal.jobs_at_once) from error
        self._collect(read=data_uris(request))
        return AutoMLJob.just_created(request, answer["AutoMLJobArn"], self._job_url)

    def describe_job(self, job_name: str) -> AutoMLJob:
        """Describe a job.

        :raises AutoMLJobNotFound: there is no job of this name.
        """
        return AutoMLJob.from_api(self.describe(job_name), self._job_url)

    def describe(self, job_name: str) -> dict[str, Any]:
        """Return the response of ``DescribeAutoMLJobV2``.

        :raises AutoMLJobNotFound: there is no job of this name.
        """
        self.require_region(job_name)
        try:
            return dict(self.conn.describe_auto_ml_job_v2(AutoMLJobName=job_name))
        except self.conn.exceptions.ResourceNotFound as error:
            raise AutoMLJobNotFound(job_name) from error

    def stop_job(self, job_name: str) -> None:
        """Stop a job; does nothing if it has ended.

        :raises AutoMLJobNotFound: there is no job of this name.
        """
        self.require_region(job_name)
        try:
            self.conn.stop_auto_ml_job(AutoMLJobName=job_name)
        except self.conn.exceptions.ResourceNotFound as error:
            raise AutoMLJobNotFound(job_name) from error
        except ClientError as error:
            # Whether the service rejects stopping an ended job is not documented.
            if code_of(error) != "ValidationException" or self.describe_job(job_name).is_in_progress:
                raise

    def jobs_in_progress(self) -> dict[str, str]:
        """List the running jobs of the account and region: name → secondary status."""
        pages = self.conn.get_paginator("list_auto_ml_jobs").paginate(
            StatusEquals="InProgress",
            SortBy="CreationTime",
            SortOrder="Descending",
            PaginationConfig={"PageSize": 100},
        )
        return {
            summary["AutoMLJobName"]: summary["AutoMLJobSecondaryStatus"]
            for page in pages
            for summary in page["AutoMLJobSummaries"]
        }

    def has_stopping_jobs(self) -> bool:
        """Tell whether jobs are stopping, which still count towards the account's quota."""
        return bool(self.conn.list_auto_ml_jobs(StatusEquals="Stopping", MaxResults=1)["AutoMLJobSummaries"])

    def newest_versions(self, group: str) -> dict[str, VersionState]:
        """List up to 100 versions of a model package group by ARN, newest first, in one request."""
        self.require_region(group)
        answer = self.conn.list_model_packages(
            ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending", MaxResults=100
        )
        return {
            summary["ModelPackageArn"]: VersionState(summary["ModelPackageStatus"], summary.get("ModelApprovalStatus"))
            for summary in answer["ModelPackageSummaryList"]
        }

    def approved_versions(self, group: str) -> Approvals:
        """List all approved and completed versions of a model package group.

        :param group: name or ARN of the group, which may not exist.
        """
        try:
            summaries = list(self._versions(group, ModelApprovalStatus="Approved"))
        except ModelPackageGroupNotFound:
            return Approvals(has_group=False)
        return Approvals(
            {
                summary["ModelPackageArn"]: int(summary["CreationTime"].timestamp())
                for summary in summaries
                # Compared as text, so that an unknown status does not fail the whole list.
                if summary["ModelPackageStatus"] == "Completed"
            }
        )

    def candidates(self, job: AutoMLJob) -> list[Candidate]:
        """List all candidates of a job, in the order of their creation.

        :param job: its objective gives the metric's name if a candidate names it differently.
        """
        pages = self.conn.get_paginator("list_candidates_for_auto_ml_job").paginate(
            AutoMLJobName=job.name, SortBy="CreationTime", SortOrder="Ascending", PaginationConfig={"PageSize": 100}
        )
        asked_for = job.objective_asked_for
        return [Candidate.from_api(entry, asked_for) for page in pages for entry in page["Candidates"]]

    def tags(self, arn: str) -> dict[str, str]:
        """Read a resource's tags."""
        pages = self.conn.get_paginator("list_tags").paginate(ResourceArn=arn)
        return {tag["Key"]: tag["Value"] for page in pages for tag in page.get("Tags", [])}

    def read_report(self, prefix: str | None, file: str) -> Report | None:
        """Read one of the service's JSON reports.

        :param prefix: S3 prefix of the candidate's reports; None if the candidate has none.
        :param file: file name below the prefix.
        :return: None if the report does not exist, access to it is denied, it is larger than 10 MiB, or is not JSON;
            the log says which. Transient errors are raised, so that a busy S3 does not hide an existing report.
        """
        if prefix is None:
            return None
        uri = f"{prefix.rstrip('/')}/{file}"
        read = read_json(self.s3, uri, self.log)
        if read is None:
            return None
        body, content = read
        self._collect(read=[uri])
        return Report(uri=uri, sha256=hashlib.sha256(body).hexdigest(), content=content)

    def ensure_group(self, name_or_arn: str) -> bool:
        """Create a model package group unless it exists; a group given as an ARN is never created.

        The errors for "exists" and "does not exist" are not documented, so the group is described instead.

        :return: whether it was created here.
        :raises ServiceUnavailable: the service takes longer than 60 seconds to create it.
        """
        if name_or_arn.startswith("arn:"):
            return False
        is_made_here = False
        if self._group_status(name_or_arn) is None:
            try:
                self.conn.create_model_package_group(ModelPackageGroupName=name_or_arn)
                is_made_here = True
            except ClientError:
                if self._group_status(name_or_arn) is None:  # Otherwise it was created concurrently.
                    raise
        deadline = time.monotonic() + timing().group_deletion
        while self._group_status(name_or_arn) in ("Pending", "InProgress"):
            if time.monotonic() > deadline:
                raise ServiceUnavailable(f"Model package group {name_or_arn} is still being created; retry later.")
            time.sleep(1)
        return is_made_here

    def require_group(self, name_or_arn: str) -> None:
        """Check that the versions of a model package group can be listed, in one request.

        :raises ModelPackageGroupNotFound: there is no such group.
        """
        next(self._versions(name_or_arn, ModelApprovalStatus="Approved"), None)

    def newest_groups(self) -> dict[str, str]:
        """List the 1000 newest model package groups: name → ARN."""
        pages = self.conn.get_paginator("list_model_package_groups").paginate(
            SortBy="CreationTime", SortOrder="Descending", PaginationConfig={"PageSize": 100, "MaxItems": 1000}
        )
        summaries = [summary for page in pages for summary in page["ModelPackageGroupSummaryList"]]
        return {summary["ModelPackageGroupName"]: summary["ModelPackageGroupArn"] for summary in summaries}

    def has_group(self, name_or_arn: str) -> bool:
        """Tell whether a model package group exists."""
        return self._group_status(name_or_arn) is not None

    def delete_empty_group(self, name: str) -> None:
        """Delete a group, unless a version has been registered in it in the meantime."""
        try:
            self.conn.delete_model_package_group(ModelPackageGroupName=name)
        except ClientError as error:
            self.log.info("Model package group %s is not deleted: %s", name, error)

    def create_model_package(self, request: Mapping[str, Any]) -> str | None:
        """Register a version.

        :param request: arguments of ``CreateModelPackage``.
        :return: its ARN; None if the client token was used before with a different request.
        """
        self.require_region(request.get("ModelPackageGroupName", ""))
        try:
            arn = self.conn.create_model_package(**request)["ModelPackageArn"]
        except self.conn.exceptions.ConflictException:
            return None
        if group := request.get("ModelPackageGroupName"):
            self._collect(read=version_uris(request), version=(group, arn))
        return arn

    def versions_since(self, group: str, since: datetime) -> list[str]:
        """List the versions of a group that were registered after a time, newest first.

        :param group: name or ARN of the group.
        :return: their ARNs; empty if the group does not exist.
        """
        try:
            return [summary["ModelPackageArn"] for summary in self._versions(group, CreationTimeAfter=since)]
        except ModelPackageGroupNotFound:
            return []

    def newest_approved(
        self,
        group: str,
        unless: Callable[[Mapping[str, Any]], bool] = lambda _: False,
        *,
        with_card: bool = True,
    ) -> dict[str, Any] | None:
        """Describe the newest version of a group that is completed and approved.

        :param group: name or ARN of the group.
        :param unless: takes the response of ``DescribeModelPackage``; versions for which it returns True are skipped.
            Default: none.
        :param with_card: as in :meth:`describe_model_package`.
        :return: the response of ``DescribeModelPackage``; None if there is no such version.
        :raises ModelPackageGroupNotFound: there is no such group.
        :raises ServiceUnavailable: an approved version is listed, but cannot be described.
        """
        for summary in self._versions(group, ModelApprovalStatus="Approved"):
            try:
                described = self.describe_model_package(summary["ModelPackageArn"], with_card=with_card)
            except ClientError as error:
                if code_of(error) not in _ABSENT_CODES:
                    raise
                self._require_gone(group, summary["ModelPackageArn"], error)
                continue
            # The list may lag behind.
            state = described.get("ModelPackageStatus"), described.get("ModelApprovalStatus")
            if state == ("Completed", "Approved") and not unless(described):
                return described
        return None

    def _require_gone(self, group: str, arn: str, error: ClientError) -> None:
        """Require that an approved version that cannot be described was deleted since it was listed.

        :raises ServiceUnavailable: it is still listed; without it, a candidate would be approved unopposed.
        """
        if any(each["ModelPackageArn"] == arn for each in self._versions(group, ModelApprovalStatus="Approved")):
            reason = f"{arn} is listed as approved, but cannot be described ({message_of(error)})."
            raise ServiceUnavailable(
                f"{reason} If this persists, check the access to it and to the KMS key of its card."
            )

    def _versions(self, group: str, **filters: Any) -> Iterator[ModelPackageSummaryTypeDef]:
        """List versions of a group, newest first, loading pages as they are needed.

        :raises ModelPackageGroupNotFound: there is no such group.
        """
        self.require_region(group)
        pages = self.conn.get_paginator("list_model_packages").paginate(
            ModelPackageGroupName=group,
            SortBy="CreationTime",
            SortOrder="Descending",
            PaginationConfig={"PageSize": 100},
            **filters,
        )
        try:
            for page in pages:
                yield from page["ModelPackageSummaryList"]
        except ClientError as error:
            if code_of(error) not in _ABSENT_CODES or self.has_group(group):
                raise
            raise ModelPackageGroupNotFound(group, self.conn_region_name) from error

    def update_model_package(self, request: Mapping[str, Any]) -> None:
        """Update a version; ``request`` has the arguments of ``UpdateModelPackage``."""
        self.require_region(request["ModelPackageArn"])
        self.conn.update_model_package(**request)

    def describe_model_package(self, arn: str, *, with_card: bool = True) -> dict[str, Any]:
        """Return the response of ``DescribeModelPackage``.

        :param with_card: False leaves out most of the model card, so that access to its KMS key is not required.
        """
        self.require_region(arn)
        part: Literal["AllData", "MetadataOnly"] = "AllData" if with_card else "MetadataOnly"
        return dict(self.conn.describe_model_package(ModelPackageName=arn, IncludedData=part))

    def _collect(self, **done: Any) -> None:
        if self._collects_lineage:
            collect(self, **done)

    @property
    def _job_url(self) -> str | None:
        return self.console.automl_jobs if self.console else None

    def _group_status(self, name: str) -> str | None:
        """Return the status of a group; None if it does not exist."""
        self.require_region(name)
        try:
            return self.conn.describe_model_package_group(ModelPackageGroupName=name)["ModelPackageGroupStatus"]
        except ClientError as error:
            if code_of(error) in _ABSENT_CODES:
                return None
            raise
