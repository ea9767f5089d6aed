"""The hook's own decisions: what a missing report means, which console there is, and who may be first."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import tracemalloc
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

from airflow_sagemaker_automl import SageMakerAutoMLHook
from demo.sandbox import BUCKET, s3_client
from tests.support.gating import ended
from tests.support.jobs import unique
from tests.support.scripts import CANDIDATE

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


@pytest.fixture
def hook(emulator_url: str) -> SageMakerAutoMLHook:
    """A hook on the emulator."""
    return SageMakerAutoMLHook(aws_conn_id="aws_default")


def test_a_report_that_is_not_there_is_no_failure(hook: SageMakerAutoMLHook, s3: S3Client, breast_cancer: str) -> None:
    """No prefix, no object, no JSON: no report, and the registration goes on without it."""
    prefix = f"s3://{BUCKET}/{unique('report')}"
    assert hook.read_report(None, "statistics.json") is None
    assert hook.read_report(prefix, "statistics.json") is None
    assert hook.read_report("s3://no-such-bucket-anywhere/x", "statistics.json") is None
    key = f"{prefix.removeprefix(f's3://{BUCKET}/')}/statistics.json"
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"<html>")
    assert hook.read_report(prefix, "statistics.json") is None
    body = b'{"version": 0.0}'
    s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    for spelling in (prefix, f"{prefix}/"):  # The service writes the prefix with and without a slash.
        report = hook.read_report(spelling, "statistics.json")
        assert report
        assert (report.uri, report.content) == (f"{prefix}/statistics.json", {"version": 0.0})
        assert report.sha256 == hashlib.sha256(body).hexdigest()


def test_a_report_that_cannot_be_read_is_no_failure(
    hook: SageMakerAutoMLHook, s3: S3Client, breast_cancer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that S3 has put away, or that no reader of JSON takes, is left out; the log names it."""
    s3.put_object(Bucket=BUCKET, Key="reports/away/statistics.json", Body=b"{}", StorageClass="GLACIER")
    s3.put_object(Bucket=BUCKET, Key="reports/deep/statistics.json", Body=b"[" * 100_000)
    for place in ("away", "deep"):
        assert hook.read_report(f"s3://{BUCKET}/reports/{place}", "statistics.json") is None
        assert f"reports/{place}/statistics.json" in capsys.readouterr().out


def test_a_report_that_is_too_large_is_no_failure(
    hook: SageMakerAutoMLHook, s3: S3Client, breast_cancer: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No more of it is read than is needed to know, and the log says that there is no report and why."""
    largest = 10 * 1024**2
    for size, file in ((largest, "statistics.json"), (largest + 1, "analysis.json"), (4 * largest, "large.json")):
        s3.put_object(Bucket=BUCKET, Key=f"reports/large/{file}", Body=b"{}" + b" " * (size - 2))
    report = hook.read_report(f"s3://{BUCKET}/reports/large", "statistics.json")
    assert report
    assert report.content == {}
    capsys.readouterr()
    for file in ("analysis.json", "large.json"):
        tracemalloc.start()
        assert hook.read_report(f"s3://{BUCKET}/reports/large", file) is None
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert peak < largest
        said = f"No report from s3://{BUCKET}/reports/large/{file}: it is larger than 10 MiB"
        assert said in capsys.readouterr().out


def test_a_report_of_a_size_that_s3_does_not_tell_is_read_up_to_the_limit(
    hook: SageMakerAutoMLHook, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer that is sent in chunks, as a proxy may do, has no length, and is not read to its end either."""
    sent = 0
    chunk = b"100000\r\n" + b" " * 0x100000 + b"\r\n"

    class Endless(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            nonlocal sent
            self.send_response(200)
            self.send_header("Transfer-Encoding", "chunked")
            self.end_headers()
            with suppress(OSError):
                while sent < 200:
                    self.wfile.write(chunk)
                    sent += 1
            self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - so it is called.
            """Keep quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Endless) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}"
        monkeypatch.setenv("AIRFLOW_CONN_ENDLESS", json.dumps(_connection_to(url)))
        assert SageMakerAutoMLHook(aws_conn_id="endless").read_report("s3://bucket/x", "statistics.json") is None
        server.shutdown()
    assert sent < 100


def _connection_to(url: str) -> dict[str, object]:
    extra = {"region_name": "us-east-1", "endpoint_url": url}
    return {"conn_type": "aws", "login": "x", "password": "x", "extra": extra}


def test_an_emulator_has_no_console(hook: SageMakerAutoMLHook, sagemaker: SageMakerClient, emulator_url: str) -> None:
    """No link is better than one that leads nowhere."""
    assert hook.console is None
    assert hook.describe_job(ended(sagemaker, emulator_url, CANDIDATE)).console_url is None


@pytest.mark.parametrize(
    ("region", "host"), [("eu-west-1", "console.aws.amazon.com"), ("cn-north-1", "console.amazonaws.cn")]
)
def test_the_real_service_has_one(region: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Partition and region of the connection decide; no call is made for it."""
    monkeypatch.setenv("AIRFLOW_CONN_REAL", '{"conn_type": "aws", "login": "a", "password": "b"}')
    console = SageMakerAutoMLHook(aws_conn_id="real", region_name=region).console
    assert console
    assert console.automl_jobs.startswith(f"https://{region}.{host}/")


def test_many_may_create_a_group_at_once(hook: SageMakerAutoMLHook, sagemaker: SageMakerClient) -> None:
    """Eight tasks that find the group missing create it once, and none fails."""
    group = unique("group")
    errors: list[Exception] = []

    def ensure() -> None:
        try:
            SageMakerAutoMLHook(aws_conn_id="aws_default").ensure_group(group)
        except Exception as error:
            errors.append(error)

    threads = [threading.Thread(target=ensure) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sagemaker.describe_model_package_group(ModelPackageGroupName=group)["ModelPackageGroupStatus"] == "Completed"


def test_a_role_is_assumed_for_both_services(alone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection with a role works for SageMaker and for S3; all four arguments reach both clients."""
    s3 = s3_client(alone)
    s3.create_bucket(Bucket=BUCKET)
    s3.put_object(Bucket=BUCKET, Key="table.csv", Body=b"a,b\n1,2\n")
    connection = json.loads(os.environ["AIRFLOW_CONN_AWS_DEFAULT"])
    connection["extra"]["role_arn"] = "arn:aws:iam::123456789012:role/automl"
    monkeypatch.setenv("AIRFLOW_CONN_ROLE", json.dumps(connection))
    hook = SageMakerAutoMLHook.from_connection(
        {
            "aws_conn_id": "role",
            "region_name": "eu-west-1",
            "verify": False,
            "botocore_config": {"read_timeout": 7},
        }
    )
    assert hook.jobs_in_progress() == {}
    for client in (hook.conn, hook.s3):
        assert client.meta.region_name == "eu-west-1"
        assert vars(client.meta.config)["_user_provided_options"]["read_timeout"] == 7
        assert client.meta.endpoint_url == alone
    assert hook.s3.get_object(Bucket=BUCKET, Key="table.csv")["ContentLength"] > 0
