"""URLs of the AWS console, by partition and region."""

from __future__ import annotations

_DOMAINS = {
    "aws": "console.aws.amazon.com",
    "aws-cn": "console.amazonaws.cn",
    "aws-us-gov": "console.amazonaws-us-gov.com",
}


def automl_job_url(partition: str, region: str) -> str | None:
    """Where to look at an AutoML job.

    Outside Studio an AutoML job has no page of its own; its training jobs, which carry its name, are listed here.

    :param partition: ``aws``, ``aws-cn`` or ``aws-us-gov``.
    :param region: the job's region.
    :return: None for a partition whose console is not known.
    """
    return _url(partition, region, "/jobs")


def studio_url(partition: str, region: str) -> str | None:
    """Where to open SageMaker Studio, whose pages have the model registry.

    A version has no page outside Studio, and those of Studio are under an address of each domain's own.

    :param partition: ``aws``, ``aws-cn`` or ``aws-us-gov``.
    :param region: the version's region.
    :return: None for a partition whose console is not known.
    """
    return _url(partition, region, "/studio-landing")


def _url(partition: str, region: str, page: str) -> str | None:
    domain = _DOMAINS.get(partition)
    return f"https://{region}.{domain}/sagemaker/home?region={region}#{page}" if domain else None
