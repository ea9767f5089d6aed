"""Search over the emulator's own resources: endpoints, models, model packages and their groups."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from airflow_sagemaker_automl.emulator.backend import LocalSageMaker
from airflow_sagemaker_automl.emulator.contract import service_model
from airflow_sagemaker_automl.emulator.errors import ValidationException
from airflow_sagemaker_automl.emulator.listing import Members, page

_RESULT_SHAPES = {
    "Endpoint": "Endpoint",
    "Model": "Model",
    "ModelPackage": "ModelPackage",
    "ModelPackageGroup": "ModelPackageGroup",
}


def search(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``Search``."""
    resource = request["Resource"]
    if resource not in _RESULT_SHAPES:
        raise ValidationException(f"The emulator can search {', '.join(_RESULT_SHAPES)}, not {resource}.")
    expression = request.get("SearchExpression", {})
    found = [entry for entry in _entries(account, resource) if _matches(entry, expression)]
    order = request.get("SortBy", "LastModifiedTime" if resource == "Endpoint" else "CreationTime")
    answer = page(
        [{"Entry": entry, "Arn": _arn(entry, resource)} for entry in found],
        request,
        "Results",
        name="Arn",
        sort_key=lambda result: _sortable(_property(result["Entry"], order)),
        order="Descending",
    )
    members = _members(resource)
    answer["Results"] = [
        {resource: {key: value for key, value in result["Entry"].items() if key in members}}
        for result in answer["Results"]
    ]
    return {**answer, "TotalHits": {"Value": len(found), "Relation": "EqualTo"}}


def _entries(account: LocalSageMaker, resource: str) -> Iterator[Members]:
    kept: Mapping[str, Callable[[], Any]] = {
        "Endpoint": account.hosting.endpoints.values,
        "Model": account.hosting.models.values,
        "ModelPackage": account.registry.packages,
        "ModelPackageGroup": account.registry.groups.values,
    }
    for thing in kept[resource]():
        described = thing.describe()
        yield {**described, "Tags": thing.tags, **({"Model": described} if resource == "Model" else {})}


def _arn(entry: Members, resource: str) -> str:
    return str(entry[f"{resource}Arn"])


def _members(resource: str) -> set[str]:
    record: Any = service_model().shape_for("SearchRecord")
    return set(record.members[resource].members)


def _matches(entry: Members, expression: Mapping[str, Any]) -> bool:
    if "NestedFilters" in expression:
        raise ValidationException("The emulator does not search by NestedFilters.")
    outcomes = [_passes(entry, wanted) for wanted in expression.get("Filters", [])]
    outcomes += [_matches(entry, inner) for inner in expression.get("SubExpressions", [])]
    if expression.get("Operator") == "Or" and outcomes:
        return any(outcomes)
    return all(outcomes)


def _passes(entry: Members, wanted: Mapping[str, str]) -> bool:
    value, operator = _property(entry, wanted["Name"]), wanted.get("Operator", "Equals")
    if operator in ("Exists", "NotExists"):
        return (value is not None) == (operator == "Exists")
    if value is None:
        return operator == "NotEquals"
    try:
        text, given = _comparable(value), _comparable_text(wanted.get("Value", ""), value)
    except ValueError:
        raise ValidationException(f"{wanted.get('Value')!r} cannot be compared with {wanted['Name']}.") from None
    return _OPERATORS[operator](text, given)


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "Equals": lambda value, given: bool(value == given),
    "NotEquals": lambda value, given: bool(value != given),
    "GreaterThan": lambda value, given: bool(value > given),
    "GreaterThanOrEqualTo": lambda value, given: bool(value >= given),
    "LessThan": lambda value, given: bool(value < given),
    "LessThanOrEqualTo": lambda value, given: bool(value <= given),
    "Contains": lambda value, given: str(given).lower() in str(value).lower(),
    "In": lambda value, given: str(value) in str(given).split(","),
}


def _comparable(value: Any) -> Any:
    return value if isinstance(value, int | float | datetime) and not isinstance(value, bool) else str(value)


def _comparable_text(text: str, beside: Any) -> Any:
    if isinstance(beside, datetime):
        return datetime.fromisoformat(text)
    if isinstance(beside, int | float) and not isinstance(beside, bool):
        return float(text)
    return text


def _property(entry: Members, name: str) -> Any:
    """Read a property by its path: ``ModelApprovalStatus``, ``Tags.team``, ``ModelLifeCycle.Stage``."""
    if name.startswith("Tags."):
        return next((tag["Value"] for tag in entry["Tags"] if tag["Key"] == name.removeprefix("Tags.")), None)
    value: Any = entry
    for part in name.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _sortable(value: Any) -> Any:
    return "" if value is None else _comparable(value)


OPERATIONS = {"Search": search}
