"""Values for every templated argument of every operator and sensor, with a given text wherever a text may stand."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from functools import cache
from typing import Any

from airflow.sdk import BaseOperator

from airflow_sagemaker_automl.core.registry.decision import Consequence
from airflow_sagemaker_automl.core.registry.model_package import REGISTRATION_MEMBERS
from airflow_sagemaker_automl.core.registry.package_change import UPDATE_MEMBERS
from airflow_sagemaker_automl.core.values.literals import at
from tests.support.registrations import largest_registration, largest_update
from tests.support.requests import largest

_CONSEQUENCES = [Consequence(option=option) for option in ("Approve", "Reject")]
# Arguments that are members of a request → where they stand in it.
_MEMBERS = {
    **REGISTRATION_MEMBERS,
    **UPDATE_MEMBERS,
    **{
        name: member
        for option in ("Approve", "Reject")
        for member, name in Consequence(option=option).argument_names.items()
    },
}
_OTHERS: Mapping[str, Any] = {
    "request": largest(),
    "extra_request": {"AutoMLJobObjective": {"MetricName": "F1"}},
    "gate": {"thresholds": [{"metric": "F1", "data_set": "test", "minimum": 0.5}]},
    "verdict": {
        "approved": True,
        "champion": "a version",
        "rules": [{"name": "a rule", "passed": True, "value": 1, "limit": 1, "reason": "why"}],
    },
    "evaluation": {"report": "s3://bucket/evaluation.json", "rows": 100},
    "model_card": {"intended_uses": {"purpose_of_model": "a purpose"}},
    "inference_response_keys": ["predicted_label"],
    "key_columns": ["a key", "another key"],
    "columns": ["a column", "another column"],
    "slices": ["a column", "another column"],
    "cluster_columns": ["a column", "another column"],
    "metrics": ["F1", "AUC"],
    "environment": {"A_VARIABLE": "a value"},
    "tags": {"a key": "a value"},
    "vpc_config": {"Subnets": ["a subnet"], "SecurityGroupIds": ["a group"]},
    "botocore_config": {"user_agent_extra": "an agent"},
}


@cache
def arguments(operator: type[BaseOperator]) -> Mapping[str, inspect.Parameter]:
    """Give the arguments that a class and its bases declare."""
    found: dict[str, inspect.Parameter] = {}
    for base in reversed(operator.__mro__):
        if inspect.isfunction(vars(base).get("__init__")):
            found |= inspect.signature(vars(base)["__init__"]).parameters
    return found


def texts(operator: type[BaseOperator], text: str) -> dict[str, Any]:
    """Give each template field the text."""
    return dict.fromkeys(operator.template_fields, text)


def structures(operator: type[BaseOperator], text: str) -> dict[str, Any]:
    """Give each template field that may be a mapping or a list one with the text for its leaves, others the text."""
    return {name: _structure(operator, name, text) for name in operator.template_fields}


def with_leaves(tree: Any, leaf: Any, text: str | None = None) -> Any:
    """Copy a tree with another leaf in the place of each text.

    :param text: only in the place of this one.
    """
    if isinstance(tree, dict):
        return {key: with_leaves(item, leaf, text) for key, item in tree.items()}
    if isinstance(tree, list):
        return [with_leaves(item, leaf, text) for item in tree]
    return leaf if isinstance(tree, str) and text in (None, tree) else tree


def _structure(operator: type[BaseOperator], name: str, text: str) -> Any:
    annotation = str(arguments(operator)[name].annotation)
    if not any(kind in annotation for kind in ("Mapping", "dict", "Sequence")):
        return text
    found = _OTHERS.get(name)
    if name == "extra_request" and "key_columns" in operator.template_fields:
        found = {"ExperimentConfig": {"ExperimentName": "an experiment"}}
    elif name == "extra_request" and "request" not in operator.template_fields:
        found = {"ModelApprovalStatus": "Approved"}
    if found is None:
        found = at({**largest_update(), **largest_registration()}, *_MEMBERS[name].split("."))
    assert isinstance(found, dict | list), f"{name} may be a mapping or a list: what would one look like?"
    return with_leaves(found, text)
