"""URLs of the AWS console, by partition and region. AWS documents none of them."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import quote, urlsplit

_DOMAINS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}
# Those of interface endpoints in a VPC, of FIPS and of both versions of IP included.
_ENDPOINTS = ("amazonaws.com", "amazonaws.com.cn", "api.aws", "api.amazonwebservices.com.cn")
_TRAINING_LOGS = "/aws/sagemaker/TrainingJobs"


class Console(NamedTuple):
    """The AWS console of a region.

    :param domain: without the region that comes before it.
    :param region: for example ``eu-west-1``.
    """

    domain: str
    region: str

    @classmethod
    def behind(cls, endpoint_url: str, partition: str, region: str) -> Console | None:
        """Find the console that shows what an endpoint of the API has.

        :param endpoint_url: of the API as it is called.
        :param partition: ``aws``, ``aws-cn`` or ``aws-us-gov``.
        :return: None for an emulator, and for a partition whose console is not known.
        """
        host = urlsplit(endpoint_url).hostname or ""
        domain = _DOMAINS.get(partition)
        is_aws = any(host.endswith(f".{suffix}") for suffix in _ENDPOINTS)
        return cls(domain, region) if domain and is_aws else None

    @property
    def automl_jobs(self) -> str:
        """Where to look at an AutoML job.

        Outside Studio an AutoML job has no page of its own; its training jobs, which carry its name, are listed here.
        """
        return self._sagemaker("/jobs")

    @property
    def studio(self) -> str:
        """Where to open SageMaker Studio, whose pages have the model registry.

        A version and its group have no page outside Studio, and those of Studio are under an address of each domain's
        own.
        """
        return self._sagemaker("/studio-landing")

    def training_job(self, name: str) -> str:
        """Where to look at a training job, its settings and its figures."""
        return self._sagemaker(f"/jobs/{quote(name, safe='')}")

    def training_logs(self, prefix: str) -> str:
        """Where to read what training jobs have logged.

        :param prefix: their names begin with it; those of an AutoML job begin with its name.
        """
        # The page reads its own address twice, and has $ for %.
        group, stream = (quote(quote(text, safe=""), safe="").replace("%", "$") for text in (_TRAINING_LOGS, prefix))
        page = f"logsV2:log-groups/log-group/{group}$3FlogStreamNameFilter$3D{stream}"
        return self._page("cloudwatch", page)

    def _sagemaker(self, page: str) -> str:
        return self._page("sagemaker", page)

    def _page(self, service: str, page: str) -> str:
        return f"https://{self.region}.{self.domain}/{service}/home?region={self.region}#{page}"
