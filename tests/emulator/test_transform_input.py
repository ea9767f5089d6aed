"""What transform jobs read and write: objects, records, filters, joins, captured data and logs."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import uuid
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.exceptions import ClientError

from demo.sandbox import BUCKET, REGION
from tests.emulator.downloads import split_part
from tests.support.jobs import ROLE, unique
from tests.support.transforms import (
    output_keys,
    output_of,
    output_rows,
    put_body,
    put_rows,
    start_transform,
    transform_model,
    transformed,
)

if TYPE_CHECKING:
    import pandas as pd
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

_ROWS = 40


@pytest.fixture(scope="module")
def model(sagemaker: SageMakerClient, binary_job: dict[str, Any]) -> str:
    """The model of the best candidate for breast cancer."""
    return transform_model(sagemaker, binary_job["BestCandidate"]["InferenceContainers"])


@pytest.fixture(scope="module")
def rows(s3: S3Client, binary_job: dict[str, Any]) -> pd.DataFrame:
    """Rows that the job held out, without the target."""
    return split_part(s3, binary_job, "test").drop(columns="diagnosis")[:_ROWS]


@pytest.fixture(scope="module")
def labels(sagemaker: SageMakerClient, s3: S3Client, model: str, rows: pd.DataFrame) -> list[str]:
    """The label that the model predicts for each row."""
    return [label for (label,) in output_rows(s3, transformed(sagemaker, model, put_rows(s3, rows)))]


def _with_ids(rows: pd.DataFrame) -> pd.DataFrame:
    numbered = rows.copy()
    numbered.insert(0, "id", [f"patient {number}" for number in range(len(rows))])
    return numbered


def test_each_object_has_an_output_in_its_folder(
    sagemaker: SageMakerClient, s3: S3Client, model: str, rows: pd.DataFrame, labels: list[str]
) -> None:
    """Its name is that of the object with .out, in the folder relative to the prefix; empty objects have none."""
    prefix = unique("input")
    for key, part in (("a.csv", rows[:10]), ("2026/11/b.csv", rows[10:])):
        s3.put_object(Bucket=BUCKET, Key=f"{prefix}/{key}", Body=part.to_csv(index=False, header=False).encode())
    s3.put_object(Bucket=BUCKET, Key=f"{prefix}/empty.csv", Body=b"")
    for uri, keys in (
        (f"s3://{BUCKET}/{prefix}", ["2026/11/b.csv.out", "a.csv.out"]),
        (f"s3://{BUCKET}/{prefix}/", ["2026/11/b.csv.out", "a.csv.out"]),
        (f"s3://{BUCKET}/{prefix}/20", ["2026/11/b.csv.out"]),
        (f"s3://{BUCKET}/{prefix}/a.csv", ["a.csv.out"]),
    ):
        job = transformed(sagemaker, model, uri)
        assert output_keys(s3, job) == keys, job
        if "a.csv.out" in keys:
            assert [label for (label,) in output_rows(s3, job, "a.csv.out")] == labels[:10]


def test_a_manifest_names_the_objects(
    sagemaker: SageMakerClient, s3: S3Client, model: str, rows: pd.DataFrame, labels: list[str]
) -> None:
    """Objects beside those that it names are not read."""
    folder = put_rows(s3, rows[:5], "wanted/x.csv")
    bucket, _, prefix = folder.removeprefix("s3://").partition("/")
    s3.put_object(Bucket=bucket, Key=f"{prefix}unwanted.csv", Body=b"1,2\n")
    manifest = put_body(s3, json.dumps([{"prefix": folder}, "wanted/x.csv"]).encode(), "m.manifest")
    source = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": f"{manifest}m.manifest"}}
    job = transformed(sagemaker, model, "", TransformInput={"DataSource": source})
    assert output_keys(s3, job) == ["wanted/x.csv.out"]
    assert [label for (label,) in output_rows(s3, job, "wanted/x.csv.out")] == labels[:5]
    empty = put_body(s3, json.dumps([{"prefix": folder}]).encode(), "m.manifest")
    source["S3DataSource"]["S3Uri"] = f"{empty}m.manifest"
    job = transformed(sagemaker, model, "", TransformInput={"DataSource": source})
    assert "m.manifest: it names no object with content" in job["FailureReason"]
    source["S3DataSource"]["S3Uri"] = f"{folder}wanted/x.csv"
    job = transformed(sagemaker, model, "", TransformInput={"DataSource": source})
    assert "x.csv is not JSON" in job["FailureReason"]


def test_compressed_and_whole_objects_give_the_same(
    sagemaker: SageMakerClient, s3: S3Client, model: str, rows: pd.DataFrame, labels: list[str]
) -> None:
    """Gzipped, without a split, one record at a time, without a last line end, with CRLF and with blank lines."""
    text = rows.to_csv(index=False, header=False)
    plain, zipped = put_rows(s3, rows), put_body(s3, gzip.compress(text.encode()))
    odd = put_body(s3, text.rstrip("\n").replace("\n", "\r\n\r\n").encode())
    for uri, members in (
        (zipped, {"TransformInput": {"CompressionType": "Gzip"}}),
        (plain, {"TransformInput": {"SplitType": "None"}, "TransformOutput": {"AssembleWith": "None"}}),
        (plain, {"TransformInput": {"SplitType": None}}),
        (odd, {}),
        (odd, {"BatchStrategy": "SingleRecord"}),
    ):
        job = transformed(sagemaker, model, uri, **members)
        assert output_of(s3, job) == "".join(f"{label}\n" for label in labels)
    job = transformed(sagemaker, model, plain, TransformInput={"CompressionType": "Gzip"})
    assert "rows.csv is not gzipped" in job["FailureReason"]
    cut = put_body(s3, gzip.compress(text.encode())[:-9])
    assert "cut off" in transformed(sagemaker, model, cut, TransformInput={"CompressionType": "Gzip"})["FailureReason"]


def test_the_answer_can_be_json(
    sagemaker: SageMakerClient, s3: S3Client, model: str, rows: pd.DataFrame, labels: list[str]
) -> None:
    """As one document for each invocation, or as a line for each record."""
    data = put_rows(s3, rows)
    job = transformed(sagemaker, model, data, TransformOutput={"Accept": "application/json"})
    assert json.loads(output_of(s3, job)) == {"predictions": [{"predicted_label": label} for label in labels]}
    job = transformed(sagemaker, model, data, TransformOutput={"Accept": "application/jsonlines"})
    assert [json.loads(line)["predicted_label"] for line in output_of(s3, job).splitlines()] == labels


@pytest.mark.parametrize(
    ("processing", "expected"),
    [
        ({"JoinSource": "None", "OutputFilter": "$"}, ["label"]),
        ({"JoinSource": "Input", "OutputFilter": "$[0,-1]"}, ["id", "label"]),
        ({"JoinSource": "Input", "OutputFilter": "$[-1]"}, ["label"]),
        ({"JoinSource": "Input", "OutputFilter": "$[0,31:]"}, ["id", "label"]),
        ({"JoinSource": "Input", "OutputFilter": "$[:2]"}, ["id", "first"]),
        ({"JoinSource": "Input"}, ["id", "rest", "label"]),
    ],
)
def test_input_is_filtered_and_joined(
    processing: dict[str, str],
    expected: list[str],
    sagemaker: SageMakerClient,
    s3: S3Client,
    model: str,
    rows: pd.DataFrame,
    labels: list[str],
) -> None:
    """The id does not reach the model, and stands beside the label in the output, unchanged."""
    numbered = _with_ids(rows)
    given = list(csv.reader(io.StringIO(numbered.to_csv(index=False, header=False))))
    job = transformed(sagemaker, model, put_rows(s3, numbered), DataProcessing={"InputFilter": "$[1:]", **processing})
    values = {"id": [[row[0]] for row in given], "first": [[row[1]] for row in given], "rest": [r[1:] for r in given]}
    values["label"] = [[label] for label in labels]
    assert output_rows(s3, job) == [
        [value for name in expected for value in values[name][number]] for number in range(len(labels))
    ]


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ({"DataProcessing": {"InputFilter": "$..x"}}, "is not a JSONPath that the emulator supports; it supports"),
        ({"DataProcessing": {"OutputFilter": "$[1-2]"}}, "neither a position nor a range"),
        ({"DataProcessing": {"OutputFilter": f"$[{'1,' * 40}1]"}}, "length less than or equal to 63"),
        ({"DataProcessing": {"InputFilter": "$.name"}}, "a row of CSV has only positions"),
        ({"DataProcessing": {"InputFilter": "$['a','b']"}}, "a row of CSV has only positions"),
        (
            {"DataProcessing": {"JoinSource": "Input"}, "TransformOutput": {"Accept": "application/json"}},
            "needs the same ContentType and Accept.*they are text/csv and application/json",
        ),
        (
            {"DataProcessing": {"JoinSource": "Input"}, "TransformInput": {"ContentType": "image/png"}},
            "they are image/png and text/csv",
        ),
        (
            {"DataProcessing": {"InputFilter": "$[1:]"}, "TransformOutput": {"AssembleWith": "None"}},
            "needs SplitType Line and AssembleWith Line, not Line and None",
        ),
    ],
)
def test_a_filter_that_cannot_apply_is_refused(
    members: dict[str, Any], message: str, sagemaker: SageMakerClient, model: str
) -> None:
    """When the job is created."""
    with pytest.raises(ClientError, match=f"(?s)ValidationException.*{message}"):
        start_transform(sagemaker, model, f"s3://{BUCKET}/none/", **members)


@pytest.mark.parametrize(
    ("body", "members", "reason"),
    [
        (b"", {}, r"ClientError: There is no data at s3://automl-demo/input-\w+/: it names no object with content"),
        (b"mean radius,mean texture\n", {}, r"line 1: the container answered 400: Row 1 has 2 values; 30 are needed"),
        (b"{}\n", {"TransformInput": {"ContentType": "application/jsonlines"}}, "answered 415: The content type"),
        (b"{}\n", {"TransformInput": {"ContentType": None}}, "answered 415"),
        (b"1,2\n", {"TransformOutput": {"Accept": "image/png"}}, "the container answered 4"),
        (b"x" * (1 << 20) + b"\n", {"MaxPayloadInMB": 1}, r"line 1, has 1048577 bytes, .* MaxPayloadInMB \(1 MB"),
        (
            b"x" * (1 << 20) + b"x",  # A whole object.
            {"MaxPayloadInMB": 1, "TransformInput": {"SplitType": "None"}},
            "rows.csv has 1048577 bytes",
        ),
        (
            b"1,2\n",
            {"DataProcessing": {"InputFilter": "$[7]"}},
            r"line 1: \$\[7\] needs a value at 7, but there are 2 values",
        ),
        (b"\xff,2\n", {"DataProcessing": {"InputFilter": "$[0]"}}, "line 1: it is not text in UTF-8"),
        (b'1,"a\rb"\n2\r3\n', {"DataProcessing": {"InputFilter": "$[0]"}}, "line 2: it is not one row of CSV"),
    ],
)
def test_what_cannot_be_transformed_fails_the_job(
    body: bytes, members: dict[str, Any], reason: str, sagemaker: SageMakerClient, s3: S3Client, model: str
) -> None:
    """With a reason that names the object and the line."""
    job = transformed(sagemaker, model, put_body(s3, body), **members)
    assert job["TransformJobStatus"] == "Failed"
    assert re.search(reason, job["FailureReason"])
    assert output_keys(s3, job) == []


def test_a_header_is_scored_like_a_row(
    sagemaker: SageMakerClient, s3: S3Client, model: str, rows: pd.DataFrame
) -> None:
    """Its names are no numbers, so it fails the job, and the reason shows the value."""
    job = transformed(sagemaker, model, put_body(s3, rows.to_csv(index=False).encode()))
    assert "The value 'mean radius' of 'mean radius' in row 1 is not a number" in job["FailureReason"]


def test_batches_stay_below_the_largest_payload(
    sagemaker: SageMakerClient, s3: S3Client, model: str, rows: pd.DataFrame, labels: list[str]
) -> None:
    """An object of several megabytes is predicted in several invocations, and nothing is lost or doubled."""
    text = rows.to_csv(index=False, header=False)
    times = (2 << 20) // len(text) + 1
    job = transformed(sagemaker, model, put_body(s3, text.encode() * times), MaxPayloadInMB=1)
    assert output_of(s3, job) == "".join(f"{label}\n" for label in labels) * times
    broken = transformed(sagemaker, model, put_body(s3, text.encode() * times + b"1,2\n"), MaxPayloadInMB=1)
    found = re.search(r"lines (\d+) to (\d+): the container answered 400", broken["FailureReason"])
    assert found
    assert (int(found[1]) > _ROWS, int(found[2])) == (True, _ROWS * times + 1)


def test_objects_beside_a_bad_one_have_their_output(
    sagemaker: SageMakerClient, s3: S3Client, model: str, rows: pd.DataFrame, labels: list[str]
) -> None:
    """The job fails, as documented, and says why in the log that the service keeps for it."""
    data = put_rows(s3, rows)
    prefix = data.removeprefix(f"s3://{BUCKET}/")
    for name in ("bad.csv", "worse.csv"):
        s3.put_object(Bucket=BUCKET, Key=f"{prefix}{name}", Body=b"1,2\n")
    job = transformed(sagemaker, model, data)
    assert output_keys(s3, job) == ["rows.csv.out"]
    assert job["FailureReason"].startswith(f"ClientError: {data}bad.csv, line 1: the container answered 400: ")
    assert " 1 more objects failed." in job["FailureReason"]
    lines = _log(sagemaker, job)
    assert lines[:3] == [
        "MaxConcurrentTransforms=1, MaxPayloadInMB=6, BatchStrategy=MULTI_RECORD",
        f"{BUCKET}/{prefix}bad.csv: ClientError: 400",
        f"{BUCKET}/{prefix}bad.csv: ",
    ]
    assert any(line.startswith(f"{BUCKET}/{prefix}bad.csv: Row 1 has 2 values") for line in lines)


def test_an_answer_that_does_not_fit_the_filter_fails_the_job(
    sagemaker: SageMakerClient, s3: S3Client, model: str, rows: pd.DataFrame
) -> None:
    """The reason names the lines."""
    data = put_rows(s3, rows)
    job = transformed(sagemaker, model, data, DataProcessing={"OutputFilter": "$[1]"})
    assert f"rows.csv, lines 1 to {_ROWS}: $[1] needs a value at 1, but there are 1 values" in job["FailureReason"]


def test_a_model_that_fails_leaves_its_traceback_in_the_log(
    sagemaker: SageMakerClient, s3: S3Client, model: str, rows: pd.DataFrame
) -> None:
    """As the environment asks for an output that there is not."""
    environment = {"SAGEMAKER_INFERENCE_OUTPUT": "no_such_key"}
    job = transformed(sagemaker, model, put_rows(s3, rows), Environment=environment)
    assert job["FailureReason"].startswith("AlgorithmError: ")
    assert "the container answered 500" in job["FailureReason"]
    assert any("KeyError: 'no_such_key'" in line for line in _log(sagemaker, job))


def _log(sagemaker: SageMakerClient, job: dict[str, Any]) -> list[str]:
    """Read the log that a job's reason names."""
    found = re.search(r"Log: (\S+), (\S+)\.$", job["FailureReason"])
    assert found
    assert found[2].startswith(f"{job['TransformJobName']}/i-")
    session = boto3.Session("emulator", "emulator", region_name=REGION)
    logs = session.client("logs", endpoint_url=sagemaker.meta.endpoint_url)
    events = logs.get_log_events(logGroupName=found[1], logStreamName=found[2])["events"]
    return [event["message"].partition("[sagemaker logs]: ")[2] for event in events]


def test_captured_data_are_manifests(
    sagemaker: SageMakerClient, s3: S3Client, model: str, rows: pd.DataFrame, labels: list[str]
) -> None:
    """Of the input and the output, by the hour of the job's start; each record has an id and that start."""
    data, captured = put_rows(s3, rows), unique("captured")
    capture = {"DestinationS3Uri": f"s3://{BUCKET}/{captured}", "GenerateInferenceId": True}
    job = transformed(sagemaker, model, data, DataCaptureConfig=capture)
    assert job["DataCaptureConfig"] == capture
    found = output_rows(s3, job)
    assert [row[0] for row in found] == labels
    assert len({uuid.UUID(row[1]) for row in found}) == _ROWS
    started = job["TransformStartTime"]
    assert {row[2] for row in found} == {started.strftime("%Y-%m-%dT%H:%M:%SZ")}
    output = job["TransformOutput"]["S3OutputPath"]
    for side, expected in (
        ("input", [{"prefix": data}, "rows.csv"]),
        ("output", [{"prefix": f"{output}/"}, "rows.csv.out"]),
    ):
        hour = started.strftime(f"{captured}/{side}/%Y/%m/%d/%H/")
        (entry,) = s3.list_objects_v2(Bucket=BUCKET, Prefix=f"{captured}/{side}/")["Contents"]
        assert entry["Key"].startswith(hour)
        assert json.loads(s3.get_object(Bucket=BUCKET, Key=entry["Key"])["Body"].read()) == expected


@pytest.mark.parametrize(
    ("containers", "reason"),
    [
        ([{"Image": "123.dkr.ecr.us-east-1.amazonaws.com/xgboost:1"}], "runs no containers of the image 123"),
        ("copied", "no training job of this emulator wrote it there"),
        ("no data", "has no ModelDataUrl"),
    ],
)
def test_a_model_that_the_emulator_cannot_run_fails_the_job(
    containers: Any, reason: str, sagemaker: SageMakerClient, s3: S3Client, binary_job: dict[str, Any]
) -> None:
    """It invents no predictions."""
    if isinstance(containers, str):
        (served,) = binary_job["BestCandidate"]["InferenceContainers"]
        url = {"ModelDataUrl": f"{put_body(s3, b'x', 'model.tar.gz')}model.tar.gz"} if containers == "copied" else {}
        containers = [{"Image": served["Image"], **url}]
    job = transformed(sagemaker, transform_model(sagemaker, containers), put_body(s3, b"1,2\n"))
    assert job["TransformJobStatus"] == "Failed"
    assert reason in job["FailureReason"]


def test_a_request_without_data_is_refused(sagemaker: SageMakerClient, s3: S3Client, model: str) -> None:
    """A missing bucket, one of another region, a prefix without objects, and a missing manifest."""
    far = unique("far")
    s3.create_bucket(Bucket=far, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    s3.put_object(Bucket=far, Key="in/rows.csv", Body=b"1,2\n")
    manifest = {"S3DataSource": {"S3DataType": "ManifestFile", "S3Uri": f"s3://{BUCKET}/no.manifest"}}
    for uri, members in (
        (f"s3://{far}/in/", {}),
        ("s3://no-such-bucket/in/", {}),
        (f"s3://{BUCKET}/nothing-here/", {}),
        (f"s3://{BUCKET}/no.manifest", {"TransformInput": {"DataSource": manifest}}),
    ):
        with pytest.raises(ClientError) as refused:
            start_transform(sagemaker, model, uri, **members)
        error = refused.value.response["Error"]
        bucket = uri.split("/")[2]
        assert error["Code"] == "ValidationException"
        assert error["Message"] == (
            f'No S3 objects found under S3 URL "{uri}" given in input data source. Please ensure that the bucket '
            f"exists in the selected region (us-east-1), that objects exist under that S3 prefix, and that the role "
            f'"{ROLE}" has "s3:ListBucket" permissions on bucket "{bucket}".'
        )


def test_an_output_bucket_that_is_not_there_fails_the_job(
    sagemaker: SageMakerClient, s3: S3Client, model: str, rows: pd.DataFrame
) -> None:
    """The reason names it."""
    output = {"S3OutputPath": "s3://no-such-bucket/out"}
    job = transformed(sagemaker, model, put_rows(s3, rows), TransformOutput=output)
    assert "The output s3://no-such-bucket/out/rows.csv.out cannot be written" in job["FailureReason"]
