"""Addresses of the AWS console: which exist, and how names are encoded."""

from __future__ import annotations

import pytest

from airflow_sagemaker_automl.core.values.console import Console

HOSTS = {
    ("aws", "eu-west-1"): "https://eu-west-1.console.aws.amazon.com/",
    ("aws-cn", "cn-north-1"): "https://cn-north-1.console.amazonaws.cn/",
    ("aws-us-gov", "us-gov-west-1"): "https://us-gov-west-1.console.amazonaws-us-gov.com/",
}


@pytest.mark.parametrize(("partition", "region"), HOSTS)
def test_each_partition_has_a_console_of_its_own(partition: str, region: str) -> None:
    """Every page is in the region's own console."""
    console = Console.behind(f"https://api.sagemaker.{region}.amazonaws.com", partition, region)
    assert console
    sagemaker = f"{HOSTS[partition, region]}sagemaker/home?region={region}"
    assert console.automl_jobs == f"{sagemaker}#/jobs"
    assert console.studio == f"{sagemaker}#/studio-landing"
    assert console.training_job("churn-t1-1") == f"{sagemaker}#/jobs/churn-t1-1"
    assert console.training_logs("churn") == (
        f"{HOSTS[partition, region]}cloudwatch/home?region={region}#logsV2:log-groups/log-group/"
        "$252Faws$252Fsagemaker$252FTrainingJobs$3FlogStreamNameFilter$3Dchurn"
    )


@pytest.mark.parametrize(
    "host",
    [
        "api.sagemaker.eu-west-1.amazonaws.com",
        "api-fips.sagemaker.us-east-1.amazonaws.com",
        "sagemaker.cn-north-1.amazonaws.com.cn",
        "sagemaker.eu-west-1.api.aws",
        "sagemaker.cn-north-1.api.amazonwebservices.com.cn",
        "vpce-0a-1b.api.sagemaker.eu-west-1.vpce.amazonaws.com:443",
    ],
)
def test_every_spelling_of_the_service_has_a_console(host: str) -> None:
    """FIPS, dual-stack and VPC endpoints lead to the same console."""
    assert Console.behind(f"https://{host}", "aws", "eu-west-1") == Console("console.aws.amazon.com", "eu-west-1")


@pytest.mark.parametrize(
    "endpoint_url",
    [
        "http://127.0.0.1:5000",
        "http://localhost.localstack.cloud:4566",
        "https://sagemaker.eu-west-1.amazonaws.com.example.org",
        "https://example.org/amazonaws.com",
        "https://notamazonaws.com",
        "",
    ],
)
def test_what_is_not_the_service_has_no_console(endpoint_url: str) -> None:
    """An emulator or any other endpoint gives no link."""
    assert Console.behind(endpoint_url, "aws", "eu-west-1") is None


def test_an_unknown_partition_has_no_console() -> None:
    """An unknown partition gives no link instead of a broken one."""
    assert Console.behind("https://sagemaker.us-iso-east-1.amazonaws.com", "aws-iso", "us-iso-east-1") is None


def test_names_are_encoded() -> None:
    """Any job name stays one path segment of the address."""
    console = Console("console.aws.amazon.com", "eu-west-1")
    assert console.training_job("a/b?c#d e").endswith("#/jobs/a%2Fb%3Fc%23d%20e")
    assert console.training_logs("a/b c").endswith("$3FlogStreamNameFilter$3Da$252Fb$2520c")
