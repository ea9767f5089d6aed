"""Captured data of a transform job: manifests of its input and output.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-batch.html
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.inference.transform_input import InputObject
    from airflow_sagemaker_automl.emulator.trainer.storage import Storage


def capture(storage: Storage, request: dict[str, Any], objects: Sequence[InputObject], started: datetime) -> None:
    """Write the manifests, if the request wants them.

    :param objects: the objects that were transformed.
    :param started: ``TransformStartTime``; its hour is part of the manifests' keys.
    """
    config = request.get("DataCaptureConfig")
    if config is None:
        return
    destination, hour = config["DestinationS3Uri"].rstrip("/"), started.strftime("%Y/%m/%d/%H")
    output = f"{request['TransformOutput']['S3OutputPath'].rstrip('/')}/"
    sides = {
        "input": [{"prefix": objects[0].prefix}, *(each.key for each in objects)],
        "output": [{"prefix": output}, *(each.output_key() for each in objects)],
    }
    for side, manifest in sides.items():
        # The name of the file is not documented.
        storage.write(f"{destination}/{side}/{hour}/{uuid.uuid4()}.jsonl", f"{json.dumps(manifest)}\n".encode())
