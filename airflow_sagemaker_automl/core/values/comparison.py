"""Compare an existing job or version with a request."""

from __future__ import annotations

import reprlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from airflow_sagemaker_automl.exceptions import escaped

_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 60
_LONGEST_SHOWN = 120
_LONGEST_WHOLE = 1000
# Members that the service adds to a container: digests and ETags.
FILLED_IN = frozenset({"ImageDigest", "ModelDataETag", "ETag", "ManifestEtag"})
# The members that determine what a container serves. Others describe it, or are added by the service.
SERVING = (
    "Image",
    "ModelDataUrl",
    "ModelDataSource",
    "AdditionalModelDataSources",
    "AdditionalS3DataSource",
    "BaseModel",
    "Environment",
    "IsCheckpoint",
    "ProductId",
)
_OF_AN_ARCHIVE = frozenset({"S3Uri", "S3DataType", "CompressionType"})
# The first is the key of the job; the second is not in the answer of DescribeAutoMLJobV2.
_NOT_COMPARED = frozenset({"AutoMLJobName", "Tags"})
# A union: its only member names the problem type, and may be empty.
_UNION = "AutoMLProblemTypeConfig"


def differences(asked: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """List the members in which a job differs from a request.

    Members that only the job has are ignored, because the service fills in what a request leaves out. Members that
    are empty in the request and missing in the job are ignored too.

    :param asked: arguments of ``CreateAutoMLJobV2``.
    :param found: answer of ``DescribeAutoMLJobV2``.
    :return: one clause for each member, for example ``RoleArn is 'a' in the job and 'b' in the request``.
    """
    return [
        escaped(f"{path} is {shown(there)} in the job and {shown(here)} in the request")
        for path, here, there in differing({key: asked[key] for key in asked if key not in _NOT_COMPARED}, found)
    ]


def differing(asked: Any, found: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Find the members that differ from the request; members that only the other side has are ignored.

    :return: path, requested value, actual value.
    """
    if path == _UNION and found and list(asked) != list(found):
        yield path, *list(asked), *list(found)
    elif isinstance(asked, Mapping) and isinstance(found, Mapping | None):
        for key, value in asked.items():
            yield from differing(value, (found or {}).get(key), f"{path}.{key}" if path else key)
    elif _is_list(asked) and _is_list(found) and len(asked) == len(found):
        for number, (here, there) in enumerate(zip(asked, found, strict=True)):
            yield from differing(here, there, f"{path}[{number}]")
    elif asked != (found or [] if _is_list(asked) else found):
        yield path, asked, found


def served_differences(asked: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    """List the differences in what a version serves and what a registration requests.

    Compared are the group, ``GeneratedBy``, and the containers of each inference specification in their order, with
    images, model data and environment. Ignored are digests and other members that the service adds, content types,
    instance types, and everything that an update may change.

    :param asked: arguments of ``CreateModelPackage``.
    :param found: answer of ``DescribeModelPackage``.
    :return: one clause for each difference; for an environment it has the key but not the values.
    """
    here, there = _group_name(asked), _group_name(found)
    clauses = [] if here.casefold() == there.casefold() else [_clause("ModelPackageGroupName", here, there)]
    here, there = (request.get("MetadataProperties", {}).get("GeneratedBy") for request in (asked, found))
    clauses += [] if here == there else [_clause("MetadataProperties.GeneratedBy", here, there)]
    chains, found_chains = _chains(asked), _chains(found)
    for path in {**chains, **found_chains}:
        clauses += _unlike_chains(path, chains.get(path), found_chains.get(path))
    return clauses


def _group_name(request: Mapping[str, Any]) -> str:
    return str(request.get("ModelPackageGroupName", "")).rpartition("/")[2]


def _chains(request: Mapping[str, Any]) -> dict[str, Sequence[Mapping[str, Any]]]:
    """Return the containers of all inference specifications, by the path of the specification."""
    chains = {"InferenceSpecification": request.get("InferenceSpecification", {}).get("Containers", [])}
    for entry in request.get("AdditionalInferenceSpecifications", []):
        chains[f"AdditionalInferenceSpecifications.{entry['Name']}"] = entry.get("Containers", [])
    return chains


def _unlike_chains(
    path: str, asked: Sequence[Mapping[str, Any]] | None, found: Sequence[Mapping[str, Any]] | None
) -> Iterator[str]:
    if asked is None or found is None:
        yield f"{path} is only in the {'version' if asked is None else 'request'}"
    elif len(asked) != len(found):
        yield f"{path} has {len(found)} containers in the version and {len(asked)} in the request"
    else:
        for number, (here, there) in enumerate(zip(asked, found, strict=True)):
            yield from _unlike_containers(f"{path}.Containers[{number}]", _serving(here), _serving(there))


def _unlike_containers(path: str, asked: Mapping[str, Any], found: Mapping[str, Any]) -> Iterator[str]:
    for member in sorted({*asked, *found}):
        here, there = asked.get(member), found.get(member)
        if here == there:
            continue
        if member != "Environment":
            yield _clause(f"{path}.{member}", here, there)
            continue
        here, there = here or {}, there or {}
        for key in sorted({*here, *there}):
            if here.get(key) != there.get(key):
                only = "version" if key in there else "request"
                how = "differs" if key in here and key in there else f"is only in the {only}"
                yield f"{path}.{member}.{key} {how}"


def _serving(container: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members that determine what a container serves, without empty ones."""
    serving = {member: _without_tags(container[member]) for member in SERVING if container.get(member)}
    source = serving.get("ModelDataSource", {}).get("S3DataSource", {})
    # The service may return a plain archive in either form.
    if source and set(source) <= _OF_AN_ARCHIVE and serving.get("ModelDataUrl", source["S3Uri"]) == source["S3Uri"]:
        del serving["ModelDataSource"]
        serving["ModelDataUrl"] = source["S3Uri"]
    if "Environment" in serving:
        serving["Environment"] = {key: value for key, value in serving["Environment"].items() if value != ""}
    return {member: value for member, value in serving.items() if value}


def _without_tags(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_tags(item) for key, item in value.items() if key not in FILLED_IN and item is not None}
    return [_without_tags(item) for item in value] if _is_list(value) else value


def _clause(path: str, here: Any, there: Any) -> str:
    return f"{path} is {_whole(there)} in the version and {_whole(here)} in the request"


def _whole(value: Any) -> str:
    """Write a value at greater length than :func:`shown`, so that differences stay visible."""
    text = "not set" if value is None else repr(value)
    return text if len(text) <= _LONGEST_WHOLE else f"{text[:_LONGEST_WHOLE]} ..."


def dropped(asked: Any, found: Any, path: str, filled_in: Collection[str]) -> Iterator[tuple[str, Any]]:
    """Find the members that exist but are not in the request.

    :param filled_in: members that the service adds, which are ignored.
    :return: path, actual value.
    """
    if isinstance(asked, Mapping) and isinstance(found, Mapping):
        for key, value in found.items():
            if asked.get(key) is not None:
                yield from dropped(asked[key], value, f"{path}.{key}", filled_in)
            elif key not in filled_in and value not in (None, "", [], {}):
                yield f"{path}.{key}", value
    elif _is_list(asked) and _is_list(found) and len(asked) == len(found):
        for number, (here, there) in enumerate(zip(asked, found, strict=True)):
            yield from dropped(here, there, f"{path}[{number}]", filled_in)


def shown(value: Any) -> str:
    """Write a value for a message, shortened if it is long."""
    if value is None:
        return "not set"
    try:
        text = _SHORT.repr(value)
    except ValueError:
        # Python refuses to convert an integer of more than 4300 digits to a string.
        return "a number with thousands of digits"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[:_LONGEST_SHOWN]} ..."


def _is_list(value: Any) -> bool:
    return isinstance(value, Sequence) and not isinstance(value, str)
