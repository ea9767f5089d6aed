"""URLs of the AWS console, by partition and region. AWS does not document them."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, urlsplit

_DOMAINS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
# These include interface VPC endpoints, FIPS endpoints and dual-stack endpoints.
_ENDPOINTS = ("amazonaws.com", "amazonaws.com.cn", "api.aws", "api.amazonwebservices.com.cn")
_TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"
_TRANSFORM_LOGS = "/aws/sagemaker/TransformJobs"


class Console(NamedTuple):
    """The AWS console of a region.

    :param domain: the domain, without the region in front of it.
    :param region: for example ``eu-west-1``.
    """

    domain: str
    region: str

    @classmethod
    def behind(cls, endpoint_url: str, partition: str, region: str) -> Console | None:
        """Find the console for an endpoint of the API.

        :param endpoint_url: URL of the API endpoint in use.
        :param partition: ``aws``, ``aws-cn`` or ``aws-us-gov``.
        :return: None for an emulator, and for a partition whose console is unknown.
        """
        host = urlsplit(endpoint_url).hostname or ""
        domain = _DOMAINS.get(partition)
        is_aws = any(host.endswith(f".{suffix}") for suffix in _ENDPOINTS)
        return cls(domain, region) if domain and is_aws else None

    @property
    def automl_jobs(self) -> str:
        """URL of the list of jobs.

        Outside Studio an AutoML job has no page of its own; this page lists its training jobs, which carry its name.
        """
        return self._sagemaker("/jobs")

    @property
    def studio(self) -> str:
        """URL to open SageMaker Studio, which shows the model registry.

        Versions and groups have no page outside Studio, and the address of their page in Studio depends on the domain.
        """
        return self._sagemaker("/studio-landing")

    def transform_job(self, name: str) -> str:
        """URL of a batch transform job."""
        return self._sagemaker(f"/transform-jobs/{quote(name, safe='')}")

    def training_job(self, name: str) -> str:
        """URL of a training job, with its settings and metrics."""
        return self._sagemaker(f"/jobs/{quote(name, safe='')}")

    def training_logs(self, prefix: str) -> str:
        """URL of the logs of training jobs.

        :param prefix: prefix of their names; those of an AutoML job start with its name.
        """
        return self._logs(_TRAINING_LOGS, prefix)

    def transform_logs(self, name: str) -> str:
        """URL of the logs of a transform job."""
        return self._logs(_TRANSFORM_LOGS, f"{name}/")

    def s3_prefix(self, uri: str) -> str:
        """URL of a prefix in S3.

        :param uri: ``s3://bucket/prefix``.
        """
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        return f"https://s3.{self.domain}/s3/buckets/{quote(bucket)}?region={self.region}&prefix={quote(key, safe='')}"

    def _logs(self, log_group: str, prefix: str) -> str:
        # The page decodes its address twice, and uses $ in place of %.
        group, stream = (quote(quote(text, safe=""), safe="").replace("%", "$") for text in (log_group, prefix))
        page = f"logsV2:log-groups/log-group/{group}$3FlogStreamNameFilter$3D{stream}"
        return self._page("cloudwatch", page)

    def _sagemaker(self, page: str) -> str:
        return self._page("sagemaker", page)

    def _page(self, service: str, page: str) -> str:
        return f"https://{self.region}.{self.domain}/{service}/home?region={self.region}#{page}"
