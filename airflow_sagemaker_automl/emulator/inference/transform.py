"""The main function of a transform job's process.

It receives its task as one document and sends events: ``log`` and ``traceback`` (``text``), and at the end
``completed`` or ``failed`` (``reason``, ``is_logged``). It ends when the other end of the link is closed.
"""

from __future__ import annotations

import threading
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from airflow_sagemaker_automl.emulator.child import Link
from airflow_sagemaker_automl.emulator.images import forecasts, predicts_rows
from airflow_sagemaker_automl.emulator.inference.batches import Batch, ObjectFailed, batches_of, opened, records_of
from airflow_sagemaker_automl.emulator.inference.process import answer
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.process import end_with_server
from airflow_sagemaker_automl.emulator.transform_admission import DEFAULT_PAYLOAD_MB

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.inference.data_processing import DataProcessing
    from airflow_sagemaker_automl.emulator.inference.transform_input import InputObject
    from airflow_sagemaker_automl.emulator.trainer.storage import Storage

_NOT_RUN = "The emulator runs no containers of the image {image}, so they cannot transform."
_NO_CONTAINERS = "The model has no containers."
_UNKNOWN = "AlgorithmError: the transform failed for a reason that the emulator does not recognize."


@dataclass(frozen=True)
class _Task:
    """What the server has sent.

    :param request: ``CreateTransformJob`` request.
    :param model: the loaded containers.
    """

    request: dict[str, Any]
    storage: Storage
    model: Any
    processing: DataProcessing
    link: Link

    @property
    def input(self) -> dict[str, Any]:
        return dict(self.request["TransformInput"])

    @property
    def output(self) -> dict[str, Any]:
        return dict(self.request["TransformOutput"])

    def log(self, text: str) -> None:
        self.link.send({"event": "log", "text": text})


def transform(link: Link) -> None:
    """Run the transform job that arrives on the link."""
    spec = link.receive()
    threading.Thread(target=end_with_server, args=(link, spec["folder"]), daemon=True).start()
    try:
        failures = _run(spec, link)
    except UnusableData as error:
        link.send({"event": "failed", "reason": f"ClientError: {error}"})
    except Exception:
        link.send({"event": "traceback", "text": traceback.format_exc()})
        link.send({"event": "failed", "reason": _UNKNOWN, "is_logged": True})
    else:
        if failures:
            more = f" {len(failures) - 1} more objects failed." if len(failures) > 1 else ""
            link.send({"event": "failed", "reason": failures[0] + more, "is_logged": True})
        else:
            link.send({"event": "completed"})


def _run(spec: dict[str, Any], link: Link) -> list[str]:
    """Transform all objects, and upload the output of those that could be.

    :return: why the others could not.
    """
    # These libraries take seconds to load, so they are not imported with the module.
    from airflow_sagemaker_automl.emulator.inference.data_processing import DataProcessing
    from airflow_sagemaker_automl.emulator.inference.transform_capture import capture
    from airflow_sagemaker_automl.emulator.inference.transform_input import objects_of
    from airflow_sagemaker_automl.emulator.trainer.storage import Storage

    request, folder = spec["request"], Path(spec["folder"])
    storage = Storage(spec["endpoint_url"], spec["region"])
    objects = objects_of(storage, request["TransformInput"]["DataSource"]["S3DataSource"], spec["region"])
    model = _load(spec, storage, folder / "model")
    started = datetime.fromisoformat(spec["started"])
    processing = DataProcessing.of(request, started)
    task = _Task(request, storage, model, processing, link)
    task.log(_settings(request))
    failures = []
    outputs: dict[InputObject, Path] = {}
    for number, each in enumerate(objects):
        try:
            _transform_object(task, each, folder / f"{number}.out")
        except ObjectFailed as failed:
            _report(task, each, failed)
            failures.append(f"{failed.kind}: {each.uri}{failed}")
        else:
            outputs[each] = folder / f"{number}.out"
    # Last, because a job that is stopped stores no output.
    for each, path in outputs.items():
        storage.write_file(f"{request['TransformOutput']['S3OutputPath'].rstrip('/')}/{each.output_key()}", path)
    if not failures:
        capture(storage, request, objects, started)
    return failures


def _load(spec: dict[str, Any], storage: Storage, folder: Path) -> Any:
    containers = spec["containers"]
    environment = spec["request"].get("Environment", {})
    given = [{**one, "Environment": {**one.get("Environment", {}), **environment}} for one in containers]
    if predicts_rows(containers):
        from airflow_sagemaker_automl.emulator.inference.chain import Chain

        return Chain.load(storage, given, spec["digests"], folder)
    if forecasts(containers):
        from airflow_sagemaker_automl.emulator.inference.forecast import ForecastChain

        return ForecastChain.load(storage, given, spec["digests"], folder)
    raise UnusableData(_NOT_RUN.format(image=containers[0].get("Image")) if containers else _NO_CONTAINERS)


def _settings(request: dict[str, Any]) -> str:
    strategy = "SINGLE_RECORD" if request.get("BatchStrategy") == "SingleRecord" else "MULTI_RECORD"
    parallel, payload = request.get("MaxConcurrentTransforms") or 1, request.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB)
    return f"MaxConcurrentTransforms={parallel}, MaxPayloadInMB={payload}, BatchStrategy={strategy}"


def _report(task: _Task, each: InputObject, failed: ObjectFailed) -> None:
    """Write to the log why an object failed."""
    path = each.uri.removeprefix("s3://")
    for line in failed.log or (f"{failed.kind}: {failed}",):
        task.log(f"{path}: {line}")
    if failed.traceback:
        task.link.send({"event": "traceback", "text": failed.traceback})


def _transform_object(task: _Task, each: InputObject, path: Path) -> None:
    """Transform one object.

    :param path: file for its output.
    :raises ObjectFailed: a record of it cannot be transformed.
    """
    assembles_lines = task.output.get("AssembleWith") == "Line"
    with (
        path.open("wb") as output,
        task.storage.read(each.uri) as body,
        opened(body, compressed=task.input.get("CompressionType") == "Gzip") as content,
    ):
        for batch in _batches(task, content):
            written = _answered(task, batch)
            output.write(written)
            # Whether the service adds a second line end to a record that has one is not documented.
            if assembles_lines and not written.endswith(b"\n"):
                output.write(b"\n")


def _batches(task: _Task, content: IO[bytes]) -> Iterator[Batch]:
    return batches_of(
        records_of(content, by_line=task.input.get("SplitType") == "Line", filtered=task.processing.payload),
        megabytes=task.request.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB),
        single=task.request.get("BatchStrategy") == "SingleRecord",
    )


def _answered(task: _Task, batch: Batch) -> bytes:
    """Invoke the container with a batch."""
    try:
        body = batch.payload.decode()
    except UnicodeDecodeError as error:
        raise ObjectFailed(f"{batch.place} is not text in UTF-8.") from error
    invocation = {
        "body": body,
        "content_type": task.input.get("ContentType", ""),
        "accept": task.output.get("Accept", ""),
    }
    answered = answer(task.model, invocation)
    if answered["status"] != HTTPStatus.OK:
        status, message = int(answered["status"]), answered["body"]
        kind = "ClientError" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "AlgorithmError"
        raise ObjectFailed(
            f"{batch.place}: the container answered {status}: {message}",
            kind,
            # As on the service: https://github.com/aws/amazon-sagemaker-examples/issues/1620
            (f"{kind}: {status}", "", "Message:", message),
            answered.get("traceback"),
        )
    return task.processing.output(batch, answered["body"], answered["content_type"])
