"""Measure how the emulator's cost grows: the same operation with ten times the jobs, versions and bytes.

Each line is a ratio within one run. 1 means that the cost does not depend on the number; 10 that it grows with it.

    python -m benchmarks.emulator
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import psutil

from benchmarks.plain_http import send
from demo.sandbox import BUCKET, REGION, emulator, interrupt_on_signals, s3_client, sagemaker_client

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

_FEW, _MANY = 200, 2000
_SMALL, _LARGE = 25 << 20, 250 << 20
_REPEATED = 20
_GROUP = "measured"
_CARD: Any = {
    "ModelCardContent": '{"model_overview": {"model_creator": "%s"}}' % ("x" * 1000),
    "ModelCardStatus": "Draft",
}
_ENDED = {"Ending": {"AutoMLJobStatus": "Completed"}}


def main() -> int:
    """Print the ratios.

    :return: exit status.
    """
    interrupt_on_signals()
    print(f"The emulator with {_FEW} and {_MANY} jobs and versions, and objects of 25 and 250 MiB ...", flush=True)
    try:
        with emulator(concurrent_jobs=_MANY) as url:
            (process,) = psutil.Process().children()
            send(f"{url}/automl-emulator/scripts/ended?job-names=*", "PUT", _ENDED)
            _measure_jobs(sagemaker_client(url))
            _measure_versions(sagemaker_client(url), process)
            _measure_objects(s3_client(url), process)
    except KeyboardInterrupt:
        return 130
    return 0


def _measure_jobs(sagemaker: SageMakerClient) -> None:
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/data/"}}
    request: dict[str, Any] = {
        "AutoMLJobInputDataConfig": [{"ChannelType": "training", "DataSource": source}],
        "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "target"}},
        "RoleArn": f"arn:aws:iam::123456789012:role/{REGION}",
    }
    _grow(
        lambda number: sagemaker.create_auto_ml_job_v2(AutoMLJobName=f"job-{number}", **request),
        {
            "CreateAutoMLJobV2": None,
            "DescribeAutoMLJobV2": lambda: sagemaker.describe_auto_ml_job_v2(AutoMLJobName="job-0"),
            "a page of ListAutoMLJobs": lambda: sagemaker.list_auto_ml_jobs(MaxResults=100),
        },
    )


def _measure_versions(sagemaker: SageMakerClient, process: psutil.Process) -> None:
    sagemaker.create_model_package_group(ModelPackageGroupName=_GROUP)
    arns: list[str] = []

    def register(number: int) -> None:
        version = sagemaker.create_model_package(
            ModelPackageGroupName=_GROUP,
            ClientToken=f"token-{number}",
            ModelCard=_CARD,
            InferenceSpecification={
                "Containers": [{"Image": "image:1", "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}]
            },
        )
        arns.append(version["ModelPackageArn"])

    before = process.memory_info().rss
    _grow(
        register,
        {
            "CreateModelPackage": None,
            "DescribeModelPackage": lambda: sagemaker.describe_model_package(ModelPackageName=arns[-1]),
            "a page of ListModelPackages": lambda: sagemaker.list_model_packages(
                ModelPackageGroupName=_GROUP, MaxResults=100
            ),
        },
    )
    print(f"  memory of a version: {(process.memory_info().rss - before) / _MANY / 1024:.1f} KiB")


def _grow(create: Callable[[int], object], calls: dict[str, Callable[[], object] | None]) -> None:
    """Create few, then many, and compare what calls cost; None stands for the creation of the last ones."""
    figures: list[dict[str, float]] = []
    for begin, end in ((0, _FEW), (_FEW, _MANY)):
        for number in range(begin, end - _REPEATED):
            create(number)
        creation = _seconds(create, range(end - _REPEATED, end))
        figures.append(
            {
                name: creation if call is None else _seconds(_without_number(call), range(_REPEATED))
                for name, call in calls.items()
            }
        )
    few, many = figures
    for name in calls:
        print(f"  {name:<28} {many[name] / few[name]:5.1f} x with 10 x the number ({1000 * many[name]:.1f} ms)")


def _measure_objects(s3: S3Client, process: psutil.Process) -> None:
    s3.create_bucket(Bucket=BUCKET)
    seconds = []
    for size in (_SMALL, _LARGE):
        s3.put_object(Bucket=BUCKET, Key=str(size), Body=bytes(size))
        seconds.append(_seconds(partial(_read_range, s3, str(size)), range(_REPEATED)))
    print(f"  {'a range of an S3 object':<28} {seconds[1] / seconds[0]:5.1f} x with 10 x the bytes")
    print(f"  memory of the server in the end: {process.memory_info().rss >> 20} MiB")


def _read_range(s3: S3Client, key: str, first: int) -> bytes:
    return s3.get_object(Bucket=BUCKET, Key=key, Range=f"bytes={first}-{first + (1 << 20)}")["Body"].read()


def _without_number(call: Callable[[], object]) -> Callable[[int], object]:
    return lambda _: call()


def _seconds(call: Callable[[int], object], numbers: range) -> float:
    """Mean duration of a call."""
    started = time.perf_counter()
    for number in numbers:
        call(number)
    return (time.perf_counter() - started) / len(numbers)


if __name__ == "__main__":
    sys.exit(main())
