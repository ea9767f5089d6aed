"""Rules 24 and 25: the containers of a version, their environment and their model data.

Source: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ModelPackageContainerDefinition.html and
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_S3ModelDataSource.html
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from airflow_sagemaker_automl.core.rules.characters import LONGEST_NAME, at_most, is_name, printable
from airflow_sagemaker_automl.core.values.literals import at, mapping, sequence, text
from airflow_sagemaker_automl.core.values.wording import of_entry
from airflow_sagemaker_automl.exceptions import Violation

_MOST_CONTAINERS = 15
_MOST_SPECIFICATIONS = 15
_LONGEST_DESCRIPTION = 1024
_LONGEST_VARIABLE = 1024
_VARIABLE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")


def on_create(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Validate the inference specifications of a new version."""
    yield from _specification(request.get("InferenceSpecification"), "InferenceSpecification")
    yield from _additional(request, "AdditionalInferenceSpecifications")
    algorithms = at(request, "SourceAlgorithmSpecification", "SourceAlgorithms")
    for position, algorithm in enumerate(sequence(algorithms)):
        path = f"SourceAlgorithmSpecification.SourceAlgorithms[{position}]"
        yield from _prefix(at(algorithm, "ModelDataSource", "S3DataSource"), f"{path}.ModelDataSource.S3DataSource")


def on_update(request: Mapping[str, Any]) -> Iterator[Violation]:
    """Validate the inference specifications that an update sets or adds."""
    yield from _specification(request.get("InferenceSpecification"), "InferenceSpecification")
    yield from _additional(request, "AdditionalInferenceSpecificationsToAdd")


def _additional(request: Mapping[str, Any], path: str) -> Iterator[Violation]:
    entries = request.get(path)
    if not isinstance(entries, list):
        return
    if not 1 <= len(entries) <= _MOST_SPECIFICATIONS:
        yield Violation(path, None, f"must have 1 to {_MOST_SPECIFICATIONS} entries; it has {len(entries)}")
    names = [text(at(entry, "Name")) for entry in entries]
    counted = Counter(name for name in names if name)
    for position, (entry, name) in enumerate(zip(entries, names, strict=True)):
        place = f"{path}[{position}]"
        if isinstance(entry, Mapping) and entry.get("Name") is None:
            yield Violation(f"{place}.Name", None, "is required: deployments select the specification by this name")
        if name and not is_name(name):
            rule = f"must have 1 to {LONGEST_NAME} letters, digits and hyphens, with no hyphen at either end"
            yield Violation(f"{place}.Name", name, rule)
        if name and counted[name] > 1 and name not in names[:position]:
            yield Violation(f"{place}.Name", name, f"must be unique; it appears {counted[name]} times")
        yield from at_most(f"{place}.Description", at(entry, "Description"), _LONGEST_DESCRIPTION)
        yield from printable(f"{place}.Description", at(entry, "Description"))
        yield from _specification(entry, place)


def _specification(specification: Any, path: str) -> Iterator[Violation]:
    containers = at(specification, "Containers")
    if not isinstance(containers, list):
        return
    if not 1 <= len(containers) <= _MOST_CONTAINERS:
        yield Violation(
            f"{path}.Containers", None, f"must have 1 to {_MOST_CONTAINERS} containers; it has {len(containers)}"
        )
    for position, container in enumerate(containers):
        place = f"{path}.Containers[{position}]"
        yield from _environment(mapping(at(container, "Environment")), f"{place}.Environment")
        yield from _prefix(at(container, "ModelDataSource", "S3DataSource"), f"{place}.ModelDataSource.S3DataSource")
        yield from _prefix(at(container, "AdditionalS3DataSource"), f"{place}.AdditionalS3DataSource")
        for channel, source in enumerate(sequence(at(container, "AdditionalModelDataSources"))):
            where = f"{place}.AdditionalModelDataSources[{channel}].S3DataSource"
            yield from _prefix(at(source, "S3DataSource"), where)


def _environment(environment: Mapping[str, Any], path: str) -> Iterator[Violation]:
    for key, value in environment.items():
        place = of_entry(path, key)
        if isinstance(key, str) and not _VARIABLE.fullmatch(key):
            yield Violation(place, None, "must have a key of letters, digits and _ that does not start with a digit")
        if isinstance(key, str) and len(key) > _LONGEST_VARIABLE:
            rule = f"must have a key of at most {_LONGEST_VARIABLE} characters; this one has {len(key)}"
            yield Violation(place, None, rule)
        yield from at_most(place, value, _LONGEST_VARIABLE)


def _prefix(source: Any, path: str) -> Iterator[Violation]:
    uri = text(at(source, "S3Uri"))
    if uri and at(source, "S3DataType") == "S3Prefix" and not uri.endswith("/"):
        yield Violation(f"{path}.S3Uri", uri, "must end with '/' if S3DataType is S3Prefix")
