"""An error of a library is never an answer: the reason is a sentence, and the traceback is where it says."""

from __future__ import annotations

import hashlib
import io
import json
import pickle
import tarfile
import threading
from collections.abc import Callable
from multiprocessing import Pipe
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from airflow_sagemaker_automl.core.jobs.partial_failure import JobPart, failed_parts
from airflow_sagemaker_automl.emulator.child import Link
from airflow_sagemaker_automl.emulator.inference.process import serve
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.table import Split
from demo.sandbox import BUCKET, REGION
from tests.emulator.trainers import trainers_job
from tests.support.jobs import tabular_request, unique

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

pytestmark = pytest.mark.usefixtures("breast_cancer")  # It makes the bucket.

_ROWS = pd.DataFrame({"x": [1.0, 2.0, 3.0, 4.0], "y": [1.0, 2.0, 3.0, 5.0]})


class _Doubled:
    """A model that predicts its only feature."""

    name, problem_type, label = "doubled", "Regression", "y"
    features, classes = ["x"], []  # type: ignore[var-annotated]

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        return np.asarray(rows["x"], dtype=float)


def _out_of_memory(*_: Any) -> bytes:
    raise MemoryError("std::bad_alloc")


def _refused(*_: Any) -> bytes:
    raise UnusableData("All features are constant.")


@pytest.mark.parametrize(
    ("explain", "said"),
    [
        (_out_of_memory, "analysis.json could not be made. The traceback is in s3://"),
        (_refused, "analysis.json could not be made: All features are constant."),
    ],
)
def test_a_report_that_fails_says_where_its_traceback_is(
    explain: Callable[..., bytes], said: str, emulator_url: str, s3: S3Client, tmp_path: Path
) -> None:
    """The job completes, and the failed part keeps its class in the reason's words."""
    # Not at the top, here and below: each process would import scikit-learn to collect the tests.
    from airflow_sagemaker_automl.emulator.trainer.candidates import Publisher

    job, events = trainers_job(emulator_url, tabular_request(f"s3://{BUCKET}/none/"), tmp_path)
    publisher: Publisher[_Doubled] = Publisher(
        job, Split(_ROWS, _ROWS, _ROWS), "MSE", lambda _: [], explain_model=explain
    )
    publisher.publish(_Doubled())
    publisher.finish(1, [])
    (reason,) = events[-1]["partial_failures"]
    assert reason.startswith(said)
    assert "Error" not in reason
    (part,) = failed_parts([reason], "Completed", job_name=job.name, reason=None, lacks_endpoint=False)
    assert part.part is JobPart.EXPLANATION
    if explain is _out_of_memory:
        uri = reason.split("s3://")[1].rstrip(".")
        bucket, key = uri.split("/", 1)
        assert "std::bad_alloc" in s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()


def _archive(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, body in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(body)
            archive.addfile(member, io.BytesIO(body))
    return content.getvalue()


def _served(s3: S3Client, url: str, archive: bytes, *invocations: dict[str, Any]) -> list[Any]:
    """Serve an archive that counts as a trainer's.

    :return: the answers.
    """
    key = unique("model")
    s3.put_object(Bucket=BUCKET, Key=key, Body=archive)
    container = {"Image": "image", "ModelDataUrl": f"s3://{BUCKET}/{key}"}
    ours, theirs = Pipe()
    endpoint = threading.Thread(target=serve, args=(Link(theirs),))
    endpoint.start()
    link = Link(ours)
    digests = [hashlib.sha256(archive).hexdigest()]
    link.send(
        {"endpoint_url": url, "region": REGION, "containers": [container], "digests": digests, "variant": "AllTraffic"}
    )
    answers = [link.receive()]
    for invocation in invocations:
        link.send(invocation)
        answers.append(link.receive())
    link.close()
    endpoint.join()
    return answers


def test_a_model_that_does_not_load_says_so_in_a_sentence(
    s3: S3Client, emulator_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The archive lacks the files of a model."""
    (answer,) = _served(s3, emulator_url, _archive({"other.json": b"{}"}))
    assert answer["failed"].endswith("its model cannot be loaded. The traceback is in the emulator's output.")
    assert "FileNotFoundError" in capsys.readouterr().err


def test_what_is_not_an_archive_says_so_in_a_sentence(s3: S3Client, emulator_url: str) -> None:
    """The library's message lists its attempts with the names of their exceptions."""
    (answer,) = _served(s3, emulator_url, b"not a tar archive")
    assert answer["failed"].endswith(": it is not a tar archive.")


def test_a_model_that_fails_answers_a_sentence(
    s3: S3Client, emulator_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The estimator is not fitted, which scikit-learn says only at the first prediction."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import FunctionTransformer

    archive = _archive(
        {
            "serving.json": json.dumps(
                {"columns": ["x"], "verbatim": [], "problem_type": "BinaryClassification"}
            ).encode(),
            "column_types.json": b"{}",
            "labels.json": b'["no", "yes"]',
            "transformer.pkl": pickle.dumps(FunctionTransformer()),
            "model.pkl": pickle.dumps(LogisticRegression()),
        }
    )
    invocation = {"body": "1\n", "content_type": "text/csv", "accept": "text/csv"}
    ready, answer = _served(s3, emulator_url, archive, invocation)
    assert ready == {"ready": True}
    assert answer["status"] == 500
    assert answer["body"] == "The model failed on this request. The traceback is in the emulator's output."
    assert "NotFittedError" in capsys.readouterr().err
