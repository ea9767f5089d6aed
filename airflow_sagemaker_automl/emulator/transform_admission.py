"""Rules across members of ``CreateTransformJob`` that the constraints of single members do not cover.

They are stated in the documentation of the members, and those of ``DataProcessing`` in
https://docs.aws.amazon.com/sagemaker/latest/dg/batch-transform-data-processing.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.emulator.errors import ValidationException
from airflow_sagemaker_automl.emulator.json_path import InvalidPath, JsonPath

DEFAULT_PAYLOAD_MB = 6
_MOST_PAYLOAD_MB = 100
_CSV = "text/csv"
_PROCESSED = (_CSV, "application/json", "application/jsonlines")


def require_transformable(request: Mapping[str, Any]) -> None:
    """Refuse a job that the service would refuse, or that the emulator cannot run.

    :param request: ``CreateTransformJob`` request, or ``TransformJobDefinition``, whose single members satisfy the
        service model.
    :raises ValidationException: with all violations.
    """
    breaches = [*_payload_breaches(request), *_input_breaches(request), *_processing_breaches(request)]
    if breaches:
        raise ValidationException(" ".join(breaches))


def media_type(content_type: str) -> str:
    """Read a media type without its parameters."""
    return content_type.partition(";")[0].strip().lower()


def _payload_breaches(request: Mapping[str, Any]) -> Iterator[str]:
    payload, parallel = request.get("MaxPayloadInMB", DEFAULT_PAYLOAD_MB), request.get("MaxConcurrentTransforms") or 1
    if request.get("MaxPayloadInMB") == 0:
        yield "MaxPayloadInMB must be 1 or more: the emulator's containers do not support HTTP chunked encoding."
    if payload > _MOST_PAYLOAD_MB:
        yield f"MaxPayloadInMB must be {_MOST_PAYLOAD_MB} or less, not {payload}."
    elif payload * parallel > _MOST_PAYLOAD_MB:
        yield (
            f"MaxConcurrentTransforms * MaxPayloadInMB must be {_MOST_PAYLOAD_MB} MB or less, "
            f"not {parallel} * {payload} MB."
        )


def _input_breaches(request: Mapping[str, Any]) -> Iterator[str]:
    given = request["TransformInput"]
    split, source = given.get("SplitType", "None"), given["DataSource"]["S3DataSource"]["S3DataType"]
    if split in ("RecordIO", "TFRecord"):
        yield f"The emulator's containers read no {split} records; SplitType can be None or Line."
    if request.get("BatchStrategy") == "MultiRecord" and split == "None":
        yield "BatchStrategy MultiRecord needs SplitType Line: without a split, an object is one record."
    if source not in ("S3Prefix", "ManifestFile"):
        yield f"S3DataType must be S3Prefix or ManifestFile, not {source}."


def _processing_breaches(request: Mapping[str, Any]) -> Iterator[str]:
    processing = request.get("DataProcessing", {})
    content = media_type(request["TransformInput"].get("ContentType", ""))
    paths = [(name, processing[name]) for name in ("InputFilter", "OutputFilter") if name in processing]
    for name, text in paths:
        yield from _path_breaches(name, text, of_csv=content == _CSV)
    if not is_processed(processing):
        return
    accept = media_type(request["TransformOutput"].get("Accept", ""))
    if content not in _PROCESSED or accept != content:
        yield (
            f"DataProcessing needs the same ContentType and Accept, one of {', '.join(_PROCESSED)}; "
            f"they are {content or 'not set'} and {accept or 'not set'}."
        )
    elif content == _CSV:
        split = request["TransformInput"].get("SplitType", "None")
        assembly = request["TransformOutput"].get("AssembleWith", "None")
        if (split, assembly) != ("Line", "Line"):
            yield f"DataProcessing of CSV needs SplitType Line and AssembleWith Line, not {split} and {assembly}."


def is_processed(processing: Mapping[str, str]) -> bool:
    """Whether ``DataProcessing`` changes input or output."""
    filters = (processing.get("InputFilter", "$"), processing.get("OutputFilter", "$"))
    return filters != ("$", "$") or processing.get("JoinSource", "None") != "None"


def _path_breaches(name: str, text: str, *, of_csv: bool) -> Iterator[str]:
    try:
        path = JsonPath.parse(text)
    except InvalidPath as error:
        yield f"{name}: {error}"
        return
    if of_csv and path.names:
        yield f"{name}: {text} names an attribute, but a row of CSV has only positions, such as $[0] or $[1:]."
