"""Cards to render: a full one, the paths of its texts, hostile texts, and arbitrary values."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence
from typing import Any

from hypothesis import strategies as st

HOSTILE = "\"><script>alert('1')</script>"
ROC = {
    "name": "receiver_operating_characteristic_curve",
    "type": "linear_graph",
    "value": [[0, 0], [0.1, 0.8], [1, 1]],
    "x_axis_name": "False positive rate",
    "y_axis_name": "True positive rate",
    "notes": "On the hold-out table",
}
BARS = {
    "name": "change_by_metric",
    "type": "bar_chart",
    "value": [2.0, -1.0, 0],
    "x_axis_name": ["gain", "loss", "none"],
    "y_axis_name": "Difference",
}
MATRIX = {
    "name": "confusion_matrix",
    "type": "matrix",
    "value": [[63, 2], [1, 105]],
    "x_axis_name": ["said malignant", "said benign"],
    "y_axis_name": ["is malignant", "is benign"],
}
CARD: dict[str, Any] = {
    "model_overview": {"model_creator": "Data science", "model_artifact": ["s3://bucket/model.tar.gz"]},
    "business_details": {
        "business_problem": "Reading order",
        "business_stakeholders": "Pathology",
        "line_of_business": "Diagnostics",
    },
    "intended_uses": {
        "purpose_of_model": "Ranks cases",
        "intended_uses": "Decision support",
        "factors_affecting_model_efficiency": "Scanner type",
        "risk_rating": "High",
        "explanations_for_risk_rating": "A missed case delays treatment",
    },
    "training_details": {
        "objective_function": {
            "function": {"function": "Maximize", "facet": "f1", "condition": "on validation"},
            "notes": "Both errors are costly",
        },
        "training_observations": "Six candidates",
        "training_job_details": {
            "training_arn": "arn:aws:sagemaker:eu-central-1:123456789012:automl-job/cancer",
            "training_datasets": ["s3://bucket/train.csv"],
            "training_environment": {"container_image": ["123456789012.dkr.ecr.eu-west-1.amazonaws.com/a:1"]},
            "training_metrics": [{"name": "train_f1", "value": 0.99123, "notes": "Last epoch"}],
            "user_provided_training_metrics": [{"name": "seconds", "value": 2835.5}],
            "hyper_parameters": [{"name": "max_depth", "value": "6"}],
            "user_provided_hyper_parameters": [{"name": "seed", "value": "17"}],
        },
    },
    "evaluation_details": [
        {
            "name": "hold_out",
            "evaluation_observation": "Finds 63 of 65 cases",
            "evaluation_job_arn": "arn:aws:sagemaker:eu-central-1:123456789012:processing-job/quality",
            "datasets": ["s3://bucket/holdout.csv"],
            "metadata": {"positive_label": "malignant"},
            "metric_groups": [
                {
                    "name": "binary_classification_metrics",
                    "an_unknown_key": {"is": "tolerated"},
                    "metric_data": [
                        {"name": "accuracy", "type": "number", "value": 0.96474, "notes": "Share of hits"},
                        {"name": "rows", "type": "number", "value": 171},
                        {"name": "calibrated", "type": "boolean", "value": True},
                        {"name": "winner", "type": "string", "value": "LightGBM"},
                        ROC,
                        BARS,
                        MATRIX,
                    ],
                }
            ],
        }
    ],
    "additional_information": {
        "ethical_considerations": "Not measured by group",
        "caveats_and_recommendations": "Repeat twice a year",
        "custom_details": {"dag_id": "cancer_automl"},
    },
}
EVALUATION = ("evaluation_details", 0)
GROUP = (*EVALUATION, "metric_groups", 0)
OBJECTIVE = ("training_details", "objective_function")
JOB = ("training_details", "training_job_details")
TEXT_PATHS: list[tuple[str | int, ...]] = [
    ("model_overview", "model_creator"),
    ("model_overview", "model_artifact", 0),
    *(("business_details", key) for key in CARD["business_details"]),
    *(("intended_uses", key) for key in CARD["intended_uses"]),
    *((*OBJECTIVE, "function", key) for key in ("function", "facet", "condition")),
    (*OBJECTIVE, "notes"),
    ("training_details", "training_observations"),
    (*JOB, "training_arn"),
    (*JOB, "training_datasets", 0),
    (*JOB, "training_environment", "container_image", 0),
    *((*JOB, "training_metrics", 0, key) for key in ("name", "notes")),
    (*JOB, "user_provided_training_metrics", 0, "name"),
    *((*JOB, "hyper_parameters", 0, key) for key in ("name", "value")),
    *((*JOB, "user_provided_hyper_parameters", 0, key) for key in ("name", "value")),
    *((*EVALUATION, key) for key in ("name", "evaluation_observation", "evaluation_job_arn")),
    (*EVALUATION, "datasets", 0),
    (*EVALUATION, "metadata", "positive_label"),
    (*GROUP, "name"),
    *((*GROUP, "metric_data", 0, key) for key in ("name", "notes")),
    (*GROUP, "metric_data", 3, "value"),
    *((*GROUP, "metric_data", 4, key) for key in ("name", "notes", "x_axis_name", "y_axis_name")),
    *((*GROUP, "metric_data", 5, *keys) for keys in (("name",), ("x_axis_name", 0), ("y_axis_name",))),
    *((*GROUP, "metric_data", 6, *keys) for keys in (("name",), ("x_axis_name", 0), ("y_axis_name", 0))),
    ("additional_information", "ethical_considerations"),
    ("additional_information", "caveats_and_recommendations"),
    ("additional_information", "custom_details", "dag_id"),
]

_WORDS = st.one_of(st.text(max_size=12), st.sampled_from([HOSTILE, "|", "`", "a|b", "\\", "\ud800", "_x_", "- [ ] x"]))
_NUMBERS = st.one_of(st.integers(), st.floats(), st.sampled_from([10**400, -0.0, math.nan, math.inf]))
_ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), _NUMBERS, _WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(_WORDS, inner, max_size=4)),
    max_leaves=12,
)


def _member(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Build mappings whose members are as expected, of another type, or missing."""
    return st.one_of(_ANYTHING, st.fixed_dictionaries({}, optional=members))


_METRIC = _member(
    name=st.one_of(st.sampled_from(["f1", "f1_best_constant_classifier", "confusion_matrix", "roc"]), _ANYTHING),
    type=st.one_of(st.sampled_from(["number", "linear_graph", "bar_chart", "matrix"]), _ANYTHING),
    value=st.one_of(_NUMBERS, st.lists(_NUMBERS), st.lists(st.lists(_NUMBERS, max_size=4)), _ANYTHING),
    notes=_ANYTHING,
    x_axis_name=st.one_of(st.lists(_WORDS), _ANYTHING),
    y_axis_name=st.one_of(st.lists(_WORDS), _ANYTHING),
)
_EVALUATION = _member(
    name=_ANYTHING,
    evaluation_observation=_ANYTHING,
    metadata=_ANYTHING,
    metric_groups=st.lists(_member(name=_ANYTHING, metric_data=st.lists(_METRIC, max_size=4)), max_size=3),
)
_JOB = _member(training_metrics=st.lists(_METRIC, max_size=3), hyper_parameters=st.lists(_METRIC, max_size=3))
_TRAINING = _member(
    objective_function=_member(function=_member(function=_WORDS, facet=st.just("f1")), notes=_ANYTHING),
    training_job_details=_JOB,
)
# Mappings in the shape of a card, with any value in any place.
ODD_CARDS = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(CARD, _ANYTHING)
    | {"training_details": _TRAINING, "evaluation_details": st.lists(_EVALUATION, max_size=3)},
)


def with_value(path: Sequence[str | int], value: Any, card: dict[str, Any] = CARD) -> dict[str, Any]:
    """Copy a card, by default the full one, with one value replaced."""
    card = copy.deepcopy(card)
    holder: Any = card
    for key in path[:-1]:
        holder = holder[key]
    holder[path[-1]] = value
    return card


def with_metric(metric: dict[str, Any]) -> dict[str, Any]:
    """Build a card around one metric."""
    groups = [{"name": "group", "metric_data": [metric]}]
    return {"evaluation_details": [{"name": "evaluation", "metric_groups": groups}]}
