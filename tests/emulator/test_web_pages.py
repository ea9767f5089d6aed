"""No web page can drive the emulator, and programs reach it under all names that lead to it on purpose."""

from __future__ import annotations

import http.client
import subprocess
import sys
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from demo.sandbox import REGION, emulator, s3_client, sagemaker_client
from tests.support.jobs import unique

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_SIGNED = "AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/{}/aws4_request, SignedHeaders=host, Signature=x"
_PAGES = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://127.0.0.1:8080"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Host": "evil.example"},
    {"Host": "evil.example:5000"},
    {"Host": "127.0.0.1.evil.example"},
    {"Host": "localhost.evil.example"},
    {"Host": "evillocalhost"},
    {"Host": "0.0.0.0"},  # noqa: S104 - a browser on the same machine reaches loopback by it.
    {"Host": "127.0.0.1:80, evil.example"},
    {"Host": "api.sagemaker.us-east-1.amazonaws.com"},
]


def _send(
    url: str, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
) -> tuple[int, http.client.HTTPMessage, str]:
    """Send a request as a browser would, with the given ``Host`` if there is one."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=300)
    connection.request(method, path, body, dict(headers))
    with connection.getresponse() as answer:
        content = answer.read().decode()
        connection.close()
        return answer.status, answer.headers, content


def _cors(headers: http.client.HTTPMessage) -> list[str]:
    return [name for name in headers if name.lower().startswith("access-control-")]


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: "-".join(*page.items()))
def test_nothing_that_a_page_sends_has_an_effect(page: dict[str, str], private_url: str) -> None:
    """S3, SageMaker, STS, the runtime, the control interface and moto's own routes refuse alike."""
    s3 = s3_client(private_url)
    s3.create_bucket(Bucket="mine")
    json_headers = {"X-Amz-Target": "SageMaker.CreateModelPackageGroup", "Content-Type": "text/plain"}
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for method, path, headers, body in (
        ("PUT", "/mine/model.tar.gz", {}, b"x" * 100_000),
        ("GET", "/mine", {}, b""),
        ("OPTIONS", "/mine/model.tar.gz", {"Access-Control-Request-Method": "PUT"}, b""),
        ("POST", "/", json_headers, b'{"ModelPackageGroupName": "theirs"}'),
        ("POST", "/", {**form, "Authorization": _SIGNED.format("iam")}, b"Action=CreateUser&UserName=u"),
        ("POST", "/endpoints/e/invocations", {}, b"1,2"),
        ("PUT", "/automl-emulator/scripts/theirs?job-names=*", {}, b'{"Ending": {"AutoMLJobStatus": "Failed"}}'),
        ("PUT", "/automl-emulator/faults", {}, b'{"ThrottlingRate": 1}'),
        ("DELETE", "/automl-emulator/requests", {}, b""),
        ("POST", "/moto-api/reset", {}, b""),
        ("GET", "/moto-api/data.json", {}, b""),
    ):
        status, answered, content = _send(private_url, method, path, {**headers, **page}, body)
        assert (status, _cors(answered)) == (403, []), (method, path)
        assert "The emulator refuses requests" in content
    assert "Contents" not in s3.list_objects_v2(Bucket="mine")
    sagemaker = sagemaker_client(private_url)
    assert sagemaker.list_model_package_groups()["ModelPackageGroupSummaryList"] == []
    scripts = _send(private_url, "GET", "/automl-emulator/scripts/theirs", {})
    assert scripts[0] == 404


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "localhost"},
        {"Host": "LOCALHOST.:6000"},
        {"Host": "127.0.0.1:6000"},
        {"Host": "[::1]:5000"},
        {"Sec-Fetch-Site": "none"},
        {"Sec-Fetch-Site": "same-origin"},
    ],
    ids=lambda headers: "-".join(*headers.items()),
)
def test_a_name_of_loopback_and_an_address_bar_are_no_page(headers: dict[str, str], emulator_url: str) -> None:
    """A forwarded port has another number, and a person may open an address in a browser."""
    assert _send(emulator_url, "GET", "/automl-emulator/requests", headers)[0] == 200


def test_a_bucket_may_be_a_name_below_localhost(emulator_url: str, s3: S3Client) -> None:
    """This is how clients of S3 address buckets by default."""
    bucket = unique("virtual")
    s3.create_bucket(Bucket=bucket)
    signed = {"Host": f"{bucket}.localhost:5000", "Authorization": _SIGNED.format("s3")}
    assert _send(emulator_url, "PUT", "/key", signed, b"content")[0] == 200
    assert s3.get_object(Bucket=bucket, Key="key")["Body"].read() == b"content"


def test_no_answer_has_cors_headers(emulator_url: str, s3: S3Client) -> None:
    """Neither moto's own nor those of a bucket with a CORS configuration."""
    bucket = unique("shared")
    s3.create_bucket(Bucket=bucket)
    everyone: Any = {"CORSRules": [{"AllowedMethods": ["GET"], "AllowedOrigins": ["*"]}]}
    s3.put_bucket_cors(Bucket=bucket, CORSConfiguration=everyone)
    s3.put_object(Bucket=bucket, Key="key", Body=b"1")
    target = {"X-Amz-Target": "SageMaker.ListTrainingJobs"}
    form = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": _SIGNED.format("sts")}
    for method, path, headers, body in (
        ("GET", f"/{bucket}/key", {}, b""),
        ("OPTIONS", f"/{bucket}/key", {}, b""),
        ("POST", "/", target, b"{}"),
        ("POST", "/", form, b"Action=GetCallerIdentity&Version=2011-06-15"),
        ("GET", "/automl-emulator/requests", {}, b""),
        ("GET", "/moto-api/data.json", {}, b""),
    ):
        answered = _send(emulator_url, method, path, headers, body)[1]
        assert _cors(answered) == [], (method, path)


def test_the_emulator_is_a_proxy_for_the_names_of_aws(emulator_url: str) -> None:
    """A browser's page cannot send a whole URL; clients that use a proxy do."""
    client = boto3.client(
        "sagemaker",
        region_name=REGION,
        endpoint_url=f"http://api.sagemaker.{REGION}.amazonaws.com",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(proxies={"http": emulator_url}),
    )
    assert "AutoMLJobSummaries" in client.list_auto_ml_jobs()
    absolute = f"http://s3.{REGION}.amazonaws.com/"
    assert _send(emulator_url, "GET", absolute, {"Host": f"s3.{REGION}.amazonaws.com"})[0] == 200
    assert _send(emulator_url, "GET", absolute, {"Origin": "https://evil.example"})[0] == 403


def _client(service: str, port: int) -> Any:
    return boto3.client(
        service,  # type: ignore[call-overload]
        region_name=REGION,
        endpoint_url=f"http://127.0.0.1:{port}",
        aws_access_key_id="a",
        aws_secret_access_key="b",
        config=Config(retries={"total_max_attempts": 1}),
    )


@pytest.mark.parametrize(
    ("service", "operation", "members", "code"),
    [
        ("s3", "list_buckets", {}, "AccessDenied"),
        ("s3", "put_object", {"Bucket": "b", "Key": "k", "Body": b"x"}, "AccessDenied"),
        ("sts", "get_caller_identity", {}, "AccessDenied"),
        ("sagemaker", "list_models", {}, "AccessDeniedException"),
        ("sagemaker-runtime", "invoke_endpoint", {"EndpointName": "e", "Body": b""}, "AccessDeniedException"),
    ],
)
def test_a_client_with_another_name_reads_what_to_do(
    service: str, operation: str, members: dict[str, Any], code: str, emulator_url: str
) -> None:
    """Every client shows the sentence with the option that allows the name."""
    client = _client(service, urlsplit(emulator_url).port or 0)
    client.meta.events.register("before-send", lambda request, **_: request.headers.__setitem__("Host", "build.test"))
    with pytest.raises(ClientError, match=r"for build\.test\. .* start it with --allow-host") as refused:
        getattr(client, operation)(**members)
    assert refused.value.response["Error"]["Code"] == code


@pytest.fixture(scope="module")
def allowing_url() -> Iterator[str]:
    """URL of an emulator that may be addressed as ``build.test``, too."""
    with emulator(allowed_hosts=["Build.test", "machine"]) as url:
        yield url


def test_a_name_may_be_allowed(allowing_url: str) -> None:
    """S3 works under it with the bucket in the path and in the name, and other names stay refused."""
    for host, path in (("build.test:5000", "/here"), ("machine", "/there")):
        assert _send(allowing_url, "PUT", path, {"Host": host})[0] == 200
    assert _send(allowing_url, "PUT", "/key", {"Host": "here.BUILD.test"}, b"content")[0] == 200
    assert s3_client(allowing_url).get_object(Bucket="here", Key="key")["Body"].read() == b"content"
    assert _send(allowing_url, "GET", "/", {"Host": "evil.test"})[0] == 403
    assert _send(allowing_url, "GET", "/", {"Host": "build.test", "Origin": "http://build.test"})[0] == 403


@pytest.mark.parametrize("name", ["http://build.test", "build.test:5000", "*.test", ""])
def test_what_is_no_host_name_is_refused_at_the_start(name: str) -> None:
    """The message shows the value and the rule."""
    started = subprocess.run(
        [sys.executable, "-m", "airflow_sagemaker_automl.emulator", "--allow-host", name],
        capture_output=True,
        text=True,
    )
    assert started.returncode == 2
    assert f"{name!r} is not a host name; give it without scheme, port and wildcards" in started.stderr
