"""The only module that calls AWS."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from botocore.exceptions import ClientError

from airflow_sagemaker_automl.core.approval_news import Approvals
from airflow_sagemaker_automl.core.candidate import Candidate
from airflow_sagemaker_automl.core.console import Console
from airflow_sagemaker_automl.core.evidence import Report
from airflow_sagemaker_automl.core.job import AutoMLJob
from airflow_sagemaker_automl.core.lineage import data_uris, version_uris
from airflow_sagemaker_automl.core.quota import Refusal
from airflow_sagemaker_automl.core.version_arn import VersionState, require_region
from airflow_sagemaker_automl.exceptions import (
    AutoMLJobNotFound,
    JobNameTaken,
    ModelPackageGroupNotFound,
    NoQuota,
    QuotaReached,
    ServiceUnavailable,
)
from airflow_sagemaker_automl.lineage import collect
from airflow_sagemaker_automl.s3_documents import read_json
from airflow_sagemaker_automl.service_errors import code_of, message_of

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient
    from mypy_boto3_sagemaker.type_defs import ModelPackageSummaryTypeDef

_GROUP_WAIT_SECONDS = 60
_ABSENT_CODES = frozenset({"ValidationException", "ResourceNotFound"})


class Connection(TypedDict):
    """The four connection arguments, handed on whole to whatever else needs them, triggers above all.

    ``aws_conn_id``: Airflow connection for AWS; None leaves it to boto3's own search for credentials.
    ``region_name``: AWS region; None takes the connection's.
    ``verify``: whether to verify TLS certificates, or the path of a CA bundle; None takes the connection's.
    ``botocore_config``: arguments of :class:`botocore.config.Config`.
    """

    aws_conn_id: str | None
    region_name: str | None
    verify: bool | str | None
    botocore_config: dict[str, Any] | None


class SageMakerAutoMLHook(AwsBaseHook):
    """AutoML jobs, their candidates, and the model registry.

    Takes the arguments of :class:`~airflow.providers.amazon.aws.hooks.base_aws.AwsBaseHook`. Methods raise
    :class:`botocore.exceptions.ClientError` as it comes, but for the cases that they name; and, before any call,
    :class:`~airflow_sagemaker_automl.exceptions.OtherRegion` for an ARN of another region.
    """

    conn: SageMakerClient

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs["client_type"] = "sagemaker"
        super().__init__(*args, **kwargs)
        self._collects_lineage = True

    @classmethod
    def from_connection(cls, connection: Connection) -> SageMakerAutoMLHook:
        """Make a hook from an operator's or a trigger's connection arguments.

        It collects no lineage, since operators tell of theirs themselves.
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
        """Require of an ARN that it is of the connection's region; anything else needs no client, and passes.

        :raises OtherRegion: it is of another one.
        """
        if str(name_or_arn).startswith("arn:"):
            require_region(name_or_arn, self.conn_region_name)

    def create_job(self, request: Mapping[str, Any]) -> AutoMLJob:
        """Start a job.

        :param request: arguments of ``CreateAutoMLJobV2``, name included.
        :raises JobNameTaken: there is a job of this name already.
        :raises QuotaReached: as many jobs run as the account may have.
        :raises NoQuota: the account may have no such job at all.
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
        """Look at a job.

        :raises AutoMLJobNotFound: there is none of this name.
        """
        return AutoMLJob.from_api(self.describe(job_name), self._job_url)

    def describe(self, job_name: str) -> dict[str, Any]:
        """Give the answer of ``DescribeAutoMLJobV2``.

        :raises AutoMLJobNotFound: there is none of this name.
        """
        self.require_region(job_name)
        try:
            return dict(self.conn.describe_auto_ml_job_v2(AutoMLJobName=job_name))
        except self.conn.exceptions.ResourceNotFound as error:
            raise AutoMLJobNotFound(job_name) from error

    def stop_job(self, job_name: str) -> None:
        """Tell a job to stop; one that has ended takes no notice.

        :raises AutoMLJobNotFound: there is none of this name.
        """
        self.require_region(job_name)
        try:
            self.conn.stop_auto_ml_job(AutoMLJobName=job_name)
        except self.conn.exceptions.ResourceNotFound as error:
            raise AutoMLJobNotFound(job_name) from error
        except ClientError as error:
            # Whether a job that has ended is refused is not documented.
            if code_of(error) != "ValidationException" or self.describe_job(job_name).is_in_progress:
                raise

    def jobs_in_progress(self) -> dict[str, str]:
        """List the jobs that run now in the account and region: name → secondary status."""
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
        """Tell whether jobs are ending that count towards the account's quota until then."""
        return bool(self.conn.list_auto_ml_jobs(StatusEquals="Stopping", MaxResults=1)["AutoMLJobSummaries"])

    def newest_versions(self, group: str) -> dict[str, VersionState]:
        """List up to a hundred versions of a model package group, the newest first, by ARN: one request."""
        self.require_region(group)
        answer = self.conn.list_model_packages(
            ModelPackageGroupName=group, SortBy="CreationTime", SortOrder="Descending", MaxResults=100
        )
        return {
            summary["ModelPackageArn"]: VersionState(summary["ModelPackageStatus"], summary.get("ModelApprovalStatus"))
            for summary in answer["ModelPackageSummaryList"]
        }

    def approved_versions(self, group: str) -> Approvals:
        """List all approved versions of a model package group, as far as the service has completed them.

        :param group: name or ARN of the group, which need not be there.
        """
        try:
            summaries = list(self._versions(group, ModelApprovalStatus="Approved"))
        except ModelPackageGroupNotFound:
            return Approvals(has_group=False)
        return Approvals(
            {
                summary["ModelPackageArn"]: int(summary["CreationTime"].timestamp())
                for summary in summaries
                # A status that is not known must not hide the other versions.
                if summary["ModelPackageStatus"] == "Completed"
            }
        )

    def candidates(self, job: AutoMLJob) -> list[Candidate]:
        """List all candidates of a job, in the order of their creation.

        :param job: whose objective names that of candidates that say it in another way.
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

        :param prefix: S3 prefix where the candidate says that its reports are; None where it names none.
        :param file: file name below it.
        :return: None where there is no such report, S3 does not give it, it has more than 10 MiB, or is no JSON; the
            log says so. Transient errors are raised: a report that is there must not be left out because S3 was busy.
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
        """Create a model package group unless it exists; one that is given as ARN is never created.

        Which error says "exists" or "does not exist" is not documented, so what decides is whether it can be seen.

        :return: whether it was created here.
        :raises ServiceUnavailable: the service takes longer than a minute to make it.
        """
        if name_or_arn.startswith("arn:"):
            return False
        is_made_here = False
        if self._group_status(name_or_arn) is None:
            try:
                self.conn.create_model_package_group(ModelPackageGroupName=name_or_arn)
                is_made_here = True
            except ClientError:
                if self._group_status(name_or_arn) is None:  # Else somebody else was faster.
                    raise
        deadline = time.monotonic() + _GROUP_WAIT_SECONDS
        while self._group_status(name_or_arn) in ("Pending", "InProgress"):
            if time.monotonic() > deadline:
                raise ServiceUnavailable(f"Model package group {name_or_arn} is still being made; try again later.")
            time.sleep(1)
        return is_made_here

    def require_group(self, name_or_arn: str) -> None:
        """Make sure that the versions of a model package group can be listed: one request.

        :raises ModelPackageGroupNotFound: there is no such group.
        """
        next(self._versions(name_or_arn, ModelApprovalStatus="Approved"), None)

    def newest_groups(self) -> dict[str, str]:
        """List the thousand newest model package groups: name → ARN."""
        pages = self.conn.get_paginator("list_model_package_groups").paginate(
            SortBy="CreationTime", SortOrder="Descending", PaginationConfig={"PageSize": 100, "MaxItems": 1000}
        )
        summaries = [summary for page in pages for summary in page["ModelPackageGroupSummaryList"]]
        return {summary["ModelPackageGroupName"]: summary["ModelPackageGroupArn"] for summary in summaries}

    def has_group(self, name_or_arn: str) -> bool:
        """Tell whether there is a model package group."""
        return self._group_status(name_or_arn) is not None

    def delete_empty_group(self, name: str) -> None:
        """Delete a group; one that somebody has registered a version in meanwhile is left alone."""
        try:
            self.conn.delete_model_package_group(ModelPackageGroupName=name)
        except ClientError as error:
            self.log.info("Model package group %s is left as it is: %s", name, error)

    def create_model_package(self, request: Mapping[str, Any]) -> str | None:
        """Register a version.

        :param request: arguments of ``CreateModelPackage``.
        :return: its ARN; None where the client token was used before, with another content.
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
        """List the versions of a group that were registered since a time, newest first.

        :param group: name or ARN of the group.
        :return: their ARNs; none where there is no such group.
        """
        try:
            return [summary["ModelPackageArn"] for summary in self._versions(group, CreationTimeAfter=since)]
        except ModelPackageGroupNotFound:
            return []

    def newest_approved(self, group: str, unless: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any] | None:
        """Describe the newest version of a group that is completed and approved.

        :param group: name or ARN of the group.
        :param unless: judges the answer of ``DescribeModelPackage``; a version that it is true of is passed over.
        :return: the answer of ``DescribeModelPackage``; None where there is none.
        :raises ModelPackageGroupNotFound: there is no such group.
        """
        for summary in self._versions(group, ModelApprovalStatus="Approved"):
            try:
                described = self.describe_model_package(summary["ModelPackageArn"])
            except ClientError as error:
                if code_of(error) not in _ABSENT_CODES:
                    raise
                continue  # It was deleted since it was listed.
            # The list may lag behind.
            state = described.get("ModelPackageStatus"), described.get("ModelApprovalStatus")
            if state == ("Completed", "Approved") and not unless(described):
                return described
        return None

    def _versions(self, group: str, **filters: Any) -> Iterator[ModelPackageSummaryTypeDef]:
        """List versions of a group, newest first, page by page as they are asked for.

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
        """Change a version; ``request`` has the arguments of ``UpdateModelPackage``."""
        self.require_region(request["ModelPackageArn"])
        self.conn.update_model_package(**request)

    def describe_model_package(self, arn: str, *, with_card: bool = True) -> dict[str, Any]:
        """Give the answer of ``DescribeModelPackage``.

        :param with_card: False leaves most of the model card out, for whose key the caller may have no right.
        """
        self.require_region(arn)
        part: Literal["AllData", "MetadataOnly"] = "AllData" if with_card else "MetadataOnly"
        return dict(self.conn.describe_model_package(ModelPackageName=arn, IncludedData=part))

    def _collect(self, **done: Any) -> None:
        if self._collects_lineage:
            collect(self, **done)

    @cached_property
    def console(self) -> Console | None:
        """The AWS console that shows what the hook sees; None for an emulator."""
        return Console.behind(self.conn.meta.endpoint_url, self.conn_partition, self.conn_region_name)

    @property
    def _job_url(self) -> str | None:
        return self.console.automl_jobs if self.console else None

    def _group_status(self, name: str) -> str | None:
        """Look for a group; None where there is none."""
        self.require_region(name)
        try:
            return self.conn.describe_model_package_group(ModelPackageGroupName=name)["ModelPackageGroupStatus"]
        except ClientError as error:
            if code_of(error) in _ABSENT_CODES:
                return None
            raise
