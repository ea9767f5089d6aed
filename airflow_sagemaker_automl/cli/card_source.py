"""Finds the card for ``card show``: in the model registry, or in a file of one of several formats."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from airflow_sagemaker_automl.cli.files import STDIO, FileUnreadable, read
from airflow_sagemaker_automl.core.values import documents
from airflow_sagemaker_automl.hooks.errors import code_of, is_denied, is_retryable, is_stale
from airflow_sagemaker_automl.rendering import version_facts, version_title

_VERSION_ARN = re.compile(r"arn:aws[a-z-]*:sagemaker:(?P<region>[a-z0-9-]+):\d{12}:model-package/\S+")
_ARN_FORM = "arn:aws:sagemaker:REGION:ACCOUNT:model-package/GROUP/VERSION"
_SECTIONS = (
    "model_overview",
    "business_details",
    "intended_uses",
    "training_details",
    "evaluation_details",
    "additional_information",
)
_LOG_LEVEL = "AIRFLOW__LOGGING__LOGGING_LEVEL"
_YAML_SUFFIXES = (".yaml", ".yml")
_LOG_IN = (
    "Set AWS_PROFILE, log in with 'aws configure' or 'aws sso login', or name an Airflow connection: --aws-conn-id."
)
_ADVICE = {
    "EndpointConnectionError": "Check the region and, if it is set, AWS_ENDPOINT_URL.",
    "InvalidRegionError": "Check the region.",
    "NoCredentialsError": _LOG_IN,
    "NoRegionError": "Set it with --region.",
    "PartialCredentialsError": _LOG_IN,
    "ProfileNotFound": "Check AWS_PROFILE.",
    "SSOTokenLoadError": "Log in with 'aws sso login'.",
    "TokenRetrievalError": "Log in with 'aws sso login'.",
    "UnauthorizedSSOTokenError": "Log in with 'aws sso login'.",
    "ValueError": "Check AWS_ENDPOINT_URL, which must start with http:// or https://.",
}

Fetch = Callable[[str], dict[str, Any]]


@dataclass(frozen=True)
class FoundCard:
    """A card, with its title and the facts to show above it."""

    card: Mapping[str, Any]
    title: str
    facts: Mapping[str, str]


def find_card(source: str, *, aws_conn_id: str | None, region: str | None) -> FoundCard:
    """Find the card that a command's argument names.

    :param source: an ARN, the path of a file, or ``-``.
    :param aws_conn_id: Airflow connection to fetch with; None means boto3's default credentials.
    :param region: AWS region to fetch from; None means the region in the ARN.
    :raises FileUnreadable: there is no card; the message names the next step.
    """

    def fetch(arn: str) -> dict[str, Any]:
        return _fetched(arn.strip(), aws_conn_id=aws_conn_id, region=region)

    if _is_arn(source):
        return _of_version(source, fetch(source))
    return _of_content(source, _content(source), fetch)


def _is_arn(text: str) -> bool:
    return text.strip().lower().startswith("arn:")


def _content(path: str) -> Any:
    try:
        text, suffix = read(path)
    except FileUnreadable as error:
        if path == STDIO or Path(path).exists():
            raise
        raise FileUnreadable(f"{error.message} For a registered version, give its ARN: {_ARN_FORM}") from error
    if not text.strip():
        raise FileUnreadable(f"{path}: the file is empty.")
    return _yaml(path, text) if suffix.lower() in _YAML_SUFFIXES else _json(path, text)


def _json(path: str, text: str) -> Any:
    try:
        return documents.parse_json(text)
    except documents.Unreadable as error:
        raise FileUnreadable(f"{path}: it {error}.") from error


def _yaml(path: str, text: str) -> Any:
    try:
        return documents.parse_yaml(text)
    except documents.Unreadable as error:
        raise FileUnreadable(f"{path}: it {error}.") from error


def _of_content(path: str, content: Any, fetch: Fetch) -> FoundCard:
    if isinstance(content, str):
        if _is_arn(content):
            return _of_version(content, fetch(content))
        # ModelCardContent, which the service stores as text.
        content = _json(path, content)
    if not isinstance(content, Mapping):
        raise FileUnreadable(f"{path}: the file contains no model card.")
    if isinstance(arn := content.get("model_package_arn"), str):
        return _of_version(arn, fetch(arn))
    if "ModelCardContent" in content:
        content = {"ModelCard": content}
    if "ModelCard" in content or "ModelPackageArn" in content:
        return _of_version(path, content)
    if not any(section in content for section in _SECTIONS):
        raise FileUnreadable(
            f"{path}: the file contains no model card, which has one or more of {', '.join(_SECTIONS)}."
        )
    return FoundCard(content, "Model card" if path == STDIO else Path(path).name, {})


def _of_version(source: str, described: Mapping[str, Any]) -> FoundCard:
    kept = described.get("ModelCard")
    content = kept.get("ModelCardContent") if isinstance(kept, Mapping) else None
    card = _json(f"{source}: ModelCardContent", content) if isinstance(content, str) else content
    if not isinstance(card, Mapping):
        raise FileUnreadable(f"{source.strip()}: this version has no model card.")
    return FoundCard(card, version_title(described), version_facts(described))


def _fetched(arn: str, *, aws_conn_id: str | None, region: str | None) -> dict[str, Any]:
    found = _VERSION_ARN.fullmatch(arn)
    if not found:
        is_group = ":model-package-group/" in arn
        reason = (
            "this is a group; cards belong to its versions" if is_group else "this is not the ARN of a model package"
        )
        raise FileUnreadable(f"{arn}: {reason}. Give the ARN of a version: {_ARN_FORM}")
    with _airflow_off_the_output():
        return _described(arn, aws_conn_id=aws_conn_id, region=region or found["region"])


def _described(arn: str, *, aws_conn_id: str | None, region: str) -> dict[str, Any]:
    from airflow.sdk.exceptions import AirflowException

    from airflow_sagemaker_automl.exceptions import OtherRegion
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook

    try:
        if aws_conn_id is not None:
            # The hook would silently ignore a missing connection.
            SageMakerAutoMLHook.get_connection(aws_conn_id)
        return SageMakerAutoMLHook(aws_conn_id=aws_conn_id, region_name=region).describe_model_package(arn)
    except OtherRegion as error:
        raise FileUnreadable(str(error)) from error
    except (AirflowException, ValueError) as error:
        raise FileUnreadable(_explained(arn, error)) from error
    except Exception as error:
        if not (code_of(error) or is_retryable(error)):
            raise
        raise FileUnreadable(_explained(arn, error)) from error


@contextmanager
def _airflow_off_the_output() -> Iterator[None]:
    """Keep Airflow's log, which is set up on import, out of standard output, to which the card is printed."""
    before = os.environ.get(_LOG_LEVEL)
    os.environ[_LOG_LEVEL] = before or "CRITICAL"
    try:
        with redirect_stdout(sys.stderr):
            yield
    finally:
        if before is None:
            del os.environ[_LOG_LEVEL]


def _explained(arn: str, error: Exception) -> str:
    code = code_of(error)
    if is_denied(error):
        advice = "Reading a version requires the permission sagemaker:DescribeModelPackage."
    elif code and is_stale(error):
        advice = f"The credentials are invalid or have expired. {_LOG_IN}"
    elif code == "ValidationException":
        advice = "Check the region, account, group and version."
    else:
        advice = _ADVICE.get(type(error).__name__, "")
    return f"{arn}: {' '.join(str(error).split()).rstrip('.')}. {advice}".rstrip()
