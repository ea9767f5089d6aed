"""Invalid quality gates, with the exact errors of each."""

from __future__ import annotations

import json
import math
from typing import Any

_CHAMPIONS = (
    "margin, is_relative, metric, data_set, is_new_metric, direction, on, confidence, require, without_champion, "
    "on_missing_champion_figure, on_other_objective, on_inconclusive, on_champion_cannot_score"
)
_NO_PARTS: tuple[Any, ...] = ("candidate", [], 7)
# A gate and its errors. All of them can be detected in a DAG file.
WRONG_GATES: list[tuple[Any, list[str]]] = [
    ({}, ["gate must have at least one rule: thresholds, champion, slices, most_partial_failures"]),
    ({"thresholds": []}, ["gate must have at least one rule: thresholds, champion, slices, most_partial_failures"]),
    (
        {"champion": None, "thresholds": ""},
        ["gate must have at least one rule: thresholds, champion, slices, most_partial_failures"],
    ),
    (None, ["gate must be a QualityGate, or a mapping of its arguments, not null"]),
    (0.9, ["gate = 0.9 must be a QualityGate, or a mapping of its arguments, not a number"]),
    (
        "{'thresholds': []}",
        [
            "gate = \"{'thresholds': []}\" must be a QualityGate, or a mapping of its arguments, not a string; "
            "in a template, use the filter tojson"
        ],
    ),
    (
        '{"champion":' * 5000,
        [
            'gate = \'{"champion":{"champion":{"champion":{...":{"champion":{"champion":{"champion":\' must be a '
            "QualityGate, or a mapping of its arguments, not a string; in a template, use the filter tojson"
        ],
    ),
    ([], ["gate = [] must be a QualityGate, or a mapping of its arguments, not a list"]),
    (
        {"treshold": [], "champion": {}},
        ["gate.treshold = [] is unknown; did you mean 'thresholds'?"],
    ),
    (
        {"most_partial_failures": 0, 7: 1},
        [
            "gate.7 = 1 is unknown; known arguments are thresholds, champion, slices, most_partial_failures, "
            "partial_failures_counted, on_missing_figure"
        ],
    ),
    ({"thresholds": {"F1": 0.9}}, ["gate.thresholds = {'F1': 0.9} must be a list of thresholds, not a mapping"]),
    (
        {"thresholds": ["F1"]},
        [
            "gate.thresholds[0] = 'F1' must be a Threshold, or a mapping of its arguments, not a string; in a "
            "template, use the filter tojson"
        ],
    ),
    (
        {"thresholds": [{"metric": "F1", "minimum": 1}, {"min": 0.5}]},
        [
            "gate.thresholds[1].min = 0.5 is unknown; known arguments are metric, minimum, maximum, data_set, "
            "is_new_metric, against_direction, confidence",
            "gate.thresholds[1].metric is required: the metric to limit",
            "gate.thresholds[1] must have a minimum or a maximum",
        ],
    ),
    (
        {
            "thresholds": [
                {"metric": "f1", "minimum": 0.9},
                {"metric": "log_loss", "maximum": 1},
                {"metric": "validation:mse", "maximum": 1, "is_new_metric": True},
            ]
        },
        [
            "gate.thresholds[0].metric = 'f1' must be 'F1', as SageMaker writes it",
            "gate.thresholds[1].metric = 'log_loss' must be 'LogLoss', as SageMaker writes it",
            "gate.thresholds[2].metric = 'validation:mse' must be 'MSE', as SageMaker writes it",
        ],
    ),
    (
        {"thresholds": [{"metric": "RSME", "maximum": 25}], "champion": {"metric": "Quality"}},
        [
            "gate.thresholds[0].metric = 'RSME' is not a known metric; did you mean 'RMSE'? (is_new_metric=True allows "
            "a metric newer than this package)",
            "gate.champion.metric = 'Quality' is not a known metric (is_new_metric=True allows a metric newer than "
            "this package)",
        ],
    ),
    (
        {"thresholds": [{"metric": "RMSE", "minimum": 25}, {"metric": "AUC", "maximum": "0.9"}]},
        [
            "gate.thresholds[0].minimum = 25.0 is a minimum of RMSE, but a lower RMSE is better; set maximum "
            "instead, or against_direction=True if this is intended",
            "gate.thresholds[1].maximum = 0.9 is a maximum of AUC, but a higher AUC is better; set minimum "
            "instead, or against_direction=True if this is intended",
        ],
    ),
    (
        {"champion": {"metric": "Quality", "is_new_metric": "true"}},
        [
            "gate.champion.direction is required for 'Quality', a metric unknown to this package: Maximize or Minimize",
        ],
    ),
    (
        {"champion": {"metric": "MSE", "direction": "Maximize"}},
        ["gate.champion.direction = 'Maximize' must be 'Minimize' for MSE, or left out"],
    ),
    (
        {"champion": {"direction": "down"}, "on_missing_figure": "pass"},
        [
            "gate.champion.direction = 'down' must be one of Maximize, Minimize",
            "gate.on_missing_figure = 'pass' must be one of fail, reject",
        ],
    ),
    (
        {"thresholds": [{"metric": 1, "minimum": "high", "maximum": True, "data_set": "validation"}]},
        [
            "gate.thresholds[0].metric = 1 must be the name of a metric, not an integer",
            "gate.thresholds[0].minimum = 'high' must be a number",
            "gate.thresholds[0].maximum = True must be a number",
            "gate.thresholds[0].data_set = 'validation' must be one of Train, Validation, Test, Evaluation; "
            "did you mean 'Validation'?",
        ],
    ),
    (
        {"thresholds": [{"metric": "F1", "minimum": 0.9, "maximum": "0.8", "against_direction": True}]},
        ["gate.thresholds[0].minimum = 0.9 must be at most maximum, which is 0.8"],
    ),
    (
        {"thresholds": [{"metric": "F1", "minimum": math.nan, "maximum": "inf"}]},
        [
            "gate.thresholds[0].minimum = nan must be a finite number",
            "gate.thresholds[0].maximum = 'inf' must be a finite number",
        ],
    ),
    (
        {"champion": True},
        ["gate.champion = True must be a BetterThanChampion, or a mapping of its arguments, not true"],
    ),
    (
        {"champion": {"margin": -0.1, "is_relative": "yes", "without_champion": "skip", "by": 1}},
        [
            f"gate.champion.by = 1 is unknown; known arguments are {_CHAMPIONS}",
            "gate.champion.is_relative = 'yes' must be true or false",
            "gate.champion.without_champion = 'skip' must be one of pass, reject",
            "gate.champion.margin = -0.1 must be 0 or more: the candidate must be better than the champion by "
            "at least this much",
        ],
    ),
    (
        {"champion": {"margin": "5", "is_relative": "true"}},
        [
            "gate.champion.margin = 5.0 must be a fraction below 1 if is_relative is true: 0.05 is 5 % of "
            "the champion's value"
        ],
    ),
    ({"most_partial_failures": -1}, ["gate.most_partial_failures = -1 must be an integer, 0 or more"]),
    ({"most_partial_failures": "1.5"}, ["gate.most_partial_failures = '1.5' must be an integer, 0 or more"]),
    ({"most_partial_failures": True}, ["gate.most_partial_failures = True must be an integer, 0 or more"]),
    *(
        (
            {"most_partial_failures": 0, "partial_failures_counted": wrong},
            [
                f"gate.partial_failures_counted = {wrong!r} must be a list of one or more of explanation, insights, "
                "deployment, candidate, other"
            ],
        )
        for wrong in _NO_PARTS
    ),
    (
        {"most_partial_failures": 0, "partial_failures_counted": ["explanations"]},
        [
            "gate.partial_failures_counted[0] = 'explanations' must be one of explanation, insights, deployment, "
            "candidate, other; did you mean 'explanation'?"
        ],
    ),
    (
        {"most_partial_failures": 0, "partial_failures_counted": [None]},
        ["gate.partial_failures_counted[0] = '' must be one of explanation, insights, deployment, candidate, other"],
    ),
    (
        {"partial_failures_counted": ["candidate"]},
        ["gate.partial_failures_counted needs most_partial_failures, which is missing"],
    ),
    (
        {"champion": {"on": "evaluation", "data_set": "Test", "is_relative": True, "direction": "Maximize"}},
        [
            "gate.champion.is_relative = True needs on='recorded'",
            "gate.champion.data_set = 'Test' needs on='recorded'",
            "gate.champion.direction = 'Maximize' needs on='recorded'",
        ],
    ),
    (
        {"champion": {"on": "evaluation", "on_missing_champion_figure": "fail", "on_other_objective": "reject"}},
        [
            "gate.champion.on_missing_champion_figure = 'fail' needs on='recorded'",
            "gate.champion.on_other_objective = 'reject' needs on='recorded'",
        ],
    ),
    (
        {"champion": {"confidence": "none", "require": "better", "on_inconclusive": "pass"}},
        [
            "gate.champion.confidence = 'none' needs on='evaluation'",
            "gate.champion.require = 'better' needs on='evaluation'",
            "gate.champion.on_inconclusive = 'pass' needs on='evaluation'",
        ],
    ),
    (
        {"champion": {"on": "recorded", "on_champion_cannot_score": "reject", "margin": -0.1}},
        [
            "gate.champion.on_champion_cannot_score = 'reject' needs on='evaluation'",
            "gate.champion.margin = -0.1 must be 0 or more: the candidate must be better than the champion by at "
            "least this much",
        ],
    ),
    (
        {"champion": {"on": "evaluation", "require": "not_worse", "margin": 0.1}},
        ["gate.champion.require = 'not_worse' must be 'better' with a positive margin, which is 0.1"],
    ),
    (
        {"champion": {"on": "evaluation", "require": "better", "margin": "-0.1"}},
        ["gate.champion.require = 'better' must be 'not_worse' with a negative margin, which is -0.1"],
    ),
    (
        {"champion": {"on": "evaluations", "require": "best", "confidence": 95, "on_inconclusive": "fail"}},
        [
            "gate.champion.on = 'evaluations' must be one of recorded, evaluation; did you mean 'evaluation'?",
            "gate.champion.confidence = 95 must be above 0.5 and below 1, for example 0.95, or 'none' to compare "
            "without an interval",
            "gate.champion.require = 'best' must be one of better, not_worse",
            "gate.champion.on_inconclusive = 'fail' must be one of reject, pass",
        ],
    ),
    (
        {"champion": {"data_set": "Evaluation"}},
        ["gate.champion.data_set = 'Evaluation' must be one of Train, Validation, Test; did you mean 'Validation'?"],
    ),
    (
        {"thresholds": [{"metric": "F1", "minimum": 0.9, "confidence": 0.95}]},
        ["gate.thresholds[0].confidence = 0.95 needs data_set='Evaluation': only an evaluation has intervals"],
    ),
    (
        {"thresholds": [{"metric": "F1", "minimum": 0.9, "confidence": 0.5, "data_set": "Evaluation"}]},
        ["gate.thresholds[0].confidence = 0.5 must be above 0.5 and below 1, for example 0.95"],
    ),
    (
        {"slices": {"metric": "RSME", "by": "region", "margin": -0.1, "confidence": "none", "most_unjudged": -1}},
        [
            "gate.slices.metric = 'RSME' is not a known metric; did you mean 'RMSE'?",
            "gate.slices.by = 'region' must be a list of one or more columns",
            "gate.slices.confidence = 'none' must be a number",
            "gate.slices.most_unjudged = -1 must be an integer, 0 or more",
            "gate.slices.margin = -0.1 must be 0 or more: the loss that is allowed in a slice",
        ],
    ),
    (
        {"slices": {"by": ["region", 7], "columns": []}},
        [
            "gate.slices.columns = [] is unknown; known arguments are metric, by, margin, confidence, most_unjudged",
            "gate.slices.by[1] = 7 must be the name of a column, not an integer",
        ],
    ),
    ({"slices": True}, ["gate.slices = True must be a NoSliceWorse, or a mapping of its arguments, not true"]),
    (
        json.dumps({"thresholds": [{"metric": "F1", "minimum": "x"}], "champion": {"margin": "x"}}),
        [
            "gate.thresholds[0].minimum = 'x' must be a number",
            "gate.champion.margin = 'x' must be a number",
        ],
    ),
]
