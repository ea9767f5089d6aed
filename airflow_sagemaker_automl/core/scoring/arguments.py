"""The arguments of a scoring and their rules; what is not known yet, as at DAG parse, is not judged."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from airflow_sagemaker_automl.core.values.documents import Unreadable, parse_json
from airflow_sagemaker_automl.core.values.literals import UNRESOLVED, at, mapping, number
from airflow_sagemaker_automl.core.values.wording import one_of, type_in_words
from airflow_sagemaker_automl.exceptions import Violation

OnUnusableRows = Literal["fail", "report"]
OutputFormat = Literal["csv", "parquet"]
RESPONSE_KEYS = ("predicted_label", "probability", "probabilities", "labels")
# Names of the columns of a table of scores that are not the author's.
PREDICTIONS_OF_MODELS = (*RESPONSE_KEYS, "predicted_value")
_S3 = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](?:/.*)?", re.DOTALL)
# https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
_LARGEST_PAYLOADS_TOGETHER = 100
# The folder of a scoring's own files below its output.
WORK = "_work/"
# The folder of what jobs answer: below the output itself if the data was sent as it is.
PREDICTIONS = "predictions/"
MARKER = "_SUCCESS"
_VERSION = re.compile(r"arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:model-package/[a-zA-Z0-9/-]+")
# Member of the request → why it is not the author's.
_SET_BY_ARGUMENTS = {
    "TransformJobName": "the name is derived from the task",
    "ModelName": "the task creates the model of the version",
    "TransformInput.DataSource.S3DataSource.S3Uri": "set data",
    "TransformOutput.S3OutputPath": "set output_uri",
    "MaxPayloadInMB": "set max_payload_mb",
}
_SET_BY_PREPARATION = (
    "TransformInput.DataSource.S3DataSource.S3DataType",
    "TransformInput.ContentType",
    "TransformInput.CompressionType",
    "TransformInput.SplitType",
    "TransformOutput.Accept",
    "TransformOutput.AssembleWith",
    "DataProcessing",
)


@dataclass(frozen=True, kw_only=True)
class ScoringArguments:
    """The arguments that need more than the rules of the service.

    :param data: S3 URI of a prefix, a manifest or one object.
    :param output_uri: S3 prefix of the table.
    :param model_package_arn: the version; None for the newest approved one of the group.
    :param model_package_group_name: name or ARN of the group.
    :param key_columns: columns that the table has beside the predictions.
    :param columns: columns that the model needs, in order; empty for those of the training data.

    The others are the operator's arguments of the same names.
    """

    data: Any
    output_uri: Any
    model_package_arn: Any
    model_package_group_name: Any
    key_columns: Any
    columns: Any
    inference_response_keys: Any
    output_format: Any
    on_unusable_rows: Any
    max_payload_mb: Any
    max_concurrent_transforms: Any
    prepare: Any
    keep_model: bool = False
    extra_request: Any = None

    def violations(self) -> Iterator[Violation]:
        """List the broken rules."""
        yield from place_violations(self.data, self.output_uri, is_prefix=self.prepare is False)
        yield from self._version_violations()
        yield from name_violations("key_columns", self.key_columns)
        yield from name_violations("columns", self.columns)
        yield from name_violations("inference_response_keys", self.inference_response_keys)
        yield from one_of("output_format", self.output_format, get_args(OutputFormat))
        yield from one_of("on_unusable_rows", self.on_unusable_rows, get_args(OnUnusableRows))
        yield from self._key_violations()
        yield from self._payload_violations()
        yield from self._extra_violations()
        if self.prepare is False:
            yield from self._unprepared_violations()

    def _version_violations(self) -> Iterator[Violation]:
        arn, group = self.model_package_arn, self.model_package_group_name
        if UNRESOLVED in (arn, group):
            return
        if bool(arn) == bool(group):
            rule = "or model_package_group_name must be given, and not both"
            yield Violation("model_package_arn", arn or None, rule)
        if arn and not is_version_arn(arn):
            rule = "must be the ARN of a model package, such as arn:aws:sagemaker:REGION:ACCOUNT:model-package/GROUP/1"
            yield Violation("model_package_arn", arn, rule)

    def _key_violations(self) -> Iterator[Violation]:
        keys = self.key_columns if isinstance(self.key_columns, Sequence) else ()
        for name in keys:
            if name in PREDICTIONS_OF_MODELS:
                rule = "must not have the name of a prediction, which the table has too; rename the column"
                yield Violation("key_columns", name, rule)
        asked = self.inference_response_keys
        for key in asked if isinstance(asked, Sequence) and not isinstance(asked, str) else ():
            yield from one_of("inference_response_keys", key, RESPONSE_KEYS)

    def _payload_violations(self) -> Iterator[Violation]:
        size, parallel = number(self.max_payload_mb), number(self.max_concurrent_transforms)
        if size is None:
            return
        if not 1 <= size <= _LARGEST_PAYLOADS_TOGETHER:
            rule = f"must be from 1 to {_LARGEST_PAYLOADS_TOGETHER}"
            yield Violation("max_payload_mb", self.max_payload_mb, rule)
        elif size * (parallel or 1) > _LARGEST_PAYLOADS_TOGETHER:
            rule = f"times max_concurrent_transforms ({parallel:.0f}) must be at most {_LARGEST_PAYLOADS_TOGETHER}"
            yield Violation("max_payload_mb", self.max_payload_mb, rule)

    def _extra_violations(self) -> Iterator[Violation]:
        extra = extra_of(self.extra_request)
        if extra and extra is not UNRESOLVED and not isinstance(extra, Mapping):
            yield Violation(
                "extra_request", extra, "must be a mapping, or its JSON; in a template use the filter tojson"
            )
        given = mapping(extra)
        for path, argument in _SET_BY_ARGUMENTS.items():
            if at(given, *path.split(".")) is not None:
                yield Violation(f"extra_request.{path}", None, f"must be left out: {argument}")
        for path in _SET_BY_PREPARATION if self.prepare is True else ():
            if at(given, *path.split(".")) is not None:
                rule = "needs prepare=False: the task writes the input and joins the predictions itself"
                yield Violation(f"extra_request.{path}", None, rule)

    def _unprepared_violations(self) -> Iterator[Violation]:
        for name, value in (("key_columns", self.key_columns), ("columns", self.columns)):
            if value and value is not UNRESOLVED:
                yield Violation(name, value, "needs prepare=True: data that is sent as it is has no named columns")
        rule = "needs prepare=True: predictions of data that is sent as it is stay as the job writes them"
        if self.output_format == "parquet":
            yield Violation("output_format", self.output_format, rule)
        if self.on_unusable_rows == "report":
            yield Violation("on_unusable_rows", self.on_unusable_rows, "needs prepare=True: no row is looked at")


def place_violations(data: Any, output_uri: Any, *, is_prefix: bool = False) -> Iterator[Violation]:
    """Check where the data are, and where the output goes.

    :param is_prefix: whether the data are sent as they are: then their prefix need not end at a folder, and
        ``s3://bucket/rows`` has ``s3://bucket/rows-2/``. Default: no.
    """
    for name, uri in (("data", data), ("output_uri", output_uri)):
        if uri is not UNRESOLVED and (not isinstance(uri, str) or not _S3.fullmatch(uri)):
            yield Violation(name, uri, "must be an S3 URI, such as s3://bucket/folder/")
    if isinstance(data, str) and isinstance(output_uri, str):
        of_data, output = (uri.rstrip("/") + "/" for uri in (data, output_uri))
        has_it = is_prefix and output_uri.startswith(data)
        if output.startswith(of_data) or of_data.startswith(output) or has_it:
            yield inside(output_uri, data)


def is_version_arn(value: Any) -> bool:
    """Tell whether a value is the ARN of a version."""
    return isinstance(value, str) and _VERSION.fullmatch(value) is not None


def inside(output_uri: str, data: str) -> Violation:
    """Describe an output that is where the data is."""
    rule = f"must be neither inside the data nor around it ({data}): the next run would read the table"
    return Violation("output_uri", output_uri, rule)


def extra_of(given: Any) -> Any:
    """Read a field of further members: a mapping, or its JSON after rendering; anything else is returned unchanged."""
    try:
        return parse_json(given) if isinstance(given, str) and given.strip() else given
    except Unreadable:
        return given


def names_of(given: Any) -> Any:
    """Read a field of names: a list, or text with commas after rendering."""
    if isinstance(given, str):
        return [name.strip() for name in given.split(",") if name.strip()]
    if given is None:
        return []
    return list(given) if isinstance(given, Sequence) else given


def name_violations(path: str, names: Any) -> Iterator[Violation]:
    """Check a list of names.

    :param path: path of the list.
    """
    if names is UNRESOLVED or names is None:
        return
    if not isinstance(names, Sequence) or isinstance(names, str):
        yield Violation(path, names, f"must be a list of names, not {type_in_words(names)}")
        return
    known = [name for name in names if name is not UNRESOLVED]
    for name in known:
        if not name or not isinstance(name, str):
            yield Violation(path, name, f"must be a name, not {type_in_words(name) if name else 'empty'}")
    if len(set(map(str, known))) < len(known):
        yield Violation(path, list(known), "must have each name once")


def transform_members(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of ``CreateTransformJob`` that the author chooses.

    :param arguments: of the operator, by name.
    """
    given = {
        "MaxPayloadInMB": arguments["max_payload_mb"],
        "MaxConcurrentTransforms": arguments["max_concurrent_transforms"],
        "Environment": arguments["environment"],
        "Tags": _tags(arguments["tags"]),
        "TransformResources": {
            "InstanceType": arguments["instance_type"],
            "InstanceCount": arguments["instance_count"],
            "VolumeKmsKeyId": arguments["volume_kms_key"],
        },
        "TransformOutput": {"KmsKeyId": arguments["output_kms_key"]},
    }
    present: dict[str, Any] = _present(given)
    return present


def _tags(given: Any) -> Any:
    """Return tags as the service has them; what is no mapping is judged by the service's rules."""
    return [{"Key": key, "Value": value} for key, value in given.items()] if isinstance(given, Mapping) else given


# Member of the request → the argument that sets it.
NAMES = {
    "MaxPayloadInMB": "max_payload_mb",
    "MaxConcurrentTransforms": "max_concurrent_transforms",
    "Environment": "environment",
    "Tags": "tags",
    "TransformResources.InstanceType": "instance_type",
    "TransformResources.InstanceCount": "instance_count",
    "TransformResources.VolumeKmsKeyId": "volume_kms_key",
    "TransformOutput.KmsKeyId": "output_kms_key",
    "ExecutionRoleArn": "role_arn",
    "VpcConfig": "vpc_config",
}


def _present(tree: Any) -> Any:
    if isinstance(tree, dict):
        kept = {key: _present(value) for key, value in tree.items()}
        return {key: value for key, value in kept.items() if value not in (None, "", {}, [])}
    return tree
