"""Jobs that run until a benchmark ends them, in an emulator: they follow scripts that are longer than any benchmark."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from benchmarks.plain_http import send
from benchmarks.waiting_process import INSTANCE_TYPE
from demo.sandbox import BUCKET, emulator, sagemaker_client

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

ROLE = "arn:aws:iam::123456789012:role/sagemaker-automl"
_CLIENTS = 4
_MORE_THAN_ANYBODY_WAITS_FOR = 100_000
_A_DAY = 24 * 60 * 60
_AUTOML = {
    "Stages": [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": _A_DAY}],
    "Ending": {"AutoMLJobStatus": "Stopped"},
}
_TRANSFORM = {"Seconds": _A_DAY, "Ending": {"TransformJobStatus": "Completed"}}
_CONTAINER: Any = {"Image": "image:1", "ModelDataUrl": f"s3://{BUCKET}/model.tar.gz"}
_MODEL = "held"


class HeldJobs:
    """Client of the emulator.

    :param url: URL of the emulator.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._sagemaker: SageMakerClient = sagemaker_client(url)

    def clear(self) -> None:
        """Delete all jobs."""
        send(f"{self.url}/moto-api/reset", "POST")
        send(f"{self.url}/automl-emulator/faults", "PUT", {"TransformInstances": _MORE_THAN_ANYBODY_WAITS_FOR})
        send(f"{self.url}/automl-emulator/scripts/automl?job-names=*", "PUT", _AUTOML)
        send(f"{self.url}/automl-emulator/scripts/transform?transform-jobs=*", "PUT", _TRANSFORM)

    def start_automl_jobs(self, names: list[str]) -> None:
        """Start AutoML jobs that run until they are stopped."""
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/held/"}}
        request: dict[str, Any] = {
            "AutoMLJobInputDataConfig": [{"ChannelType": "training", "DataSource": source}],
            "OutputDataConfig": {"S3OutputPath": f"s3://{BUCKET}/out"},
            "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "target"}},
            "RoleArn": ROLE,
        }
        self._each(names, lambda name: self._sagemaker.create_auto_ml_job_v2(AutoMLJobName=name, **request))

    def end_automl_job(self, name: str) -> None:
        """End one AutoML job."""
        self._sagemaker.stop_auto_ml_job(AutoMLJobName=name)

    def start_transform_jobs(self, names: list[str]) -> None:
        """Start transform jobs that run until they are stopped."""
        self._sagemaker.create_model(ModelName=_MODEL, Containers=[_CONTAINER], ExecutionRoleArn=ROLE)
        source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{BUCKET}/held/"}}
        request: dict[str, Any] = {
            "ModelName": _MODEL,
            "TransformInput": {"DataSource": source},
            "TransformOutput": {"S3OutputPath": f"s3://{BUCKET}/out"},
            "TransformResources": {"InstanceType": INSTANCE_TYPE, "InstanceCount": 1},
        }
        self._each(names, lambda name: self._sagemaker.create_transform_job(TransformJobName=name, **request))

    def end_transform_job(self, name: str) -> None:
        """End one transform job."""
        self._sagemaker.stop_transform_job(TransformJobName=name)

    def requests(self) -> Counter[str]:
        """Count the requests since the last :meth:`clear`, by operation."""
        return Counter(send(f"{self.url}/automl-emulator/requests", "GET")["Requests"])

    def _each(self, names: list[str], start: Callable[[str], object]) -> None:
        with ThreadPoolExecutor(_CLIENTS) as pool:
            list(pool.map(start, names))


@contextmanager
def held_jobs() -> Iterator[HeldJobs]:
    """Run the emulator while the block runs.

    :raises RuntimeError: it did not start.
    """
    with emulator(concurrent_jobs=_MORE_THAN_ANYBODY_WAITS_FOR) as url:
        yield HeldJobs(url)
