"""Quality gates that nothing can be judged by, with all that is to be said of each, word for word."""

from __future__ import annotations

import json
import math
from typing import Any

_CHAMPIONS = (
    "margin, is_relative, metric, data_set, is_new_metric, direction, without_champion, on_missing_champion_figure, "
    "on_other_objective"
)
_NO_PARTS: tuple[Any, ...] = ("candidate", [], 7)
# A gate, and what is wrong with it. All of it shows in a DAG file already.
WRONG_GATES: list[tuple[Any, list[str]]] = [
    ({}, ["gate needs a rule: thresholds, champion, most_partial_failures"]),
    ({"thresholds": []}, ["gate needs a rule: thresholds, champion, most_partial_failures"]),
    ({"champion": None, "thresholds": ""}, ["gate needs a rule: thresholds, champion, most_partial_failures"]),
    (None, ["gate must be a QualityGate, or a mapping of its arguments, not nothing"]),
    (0.9, ["gate = 0.9 must be a QualityGate, or a mapping of its arguments, not a number"]),
    (
        "{'thresholds': []}",
        [
            "gate = \"{'thresholds': []}\" must be a QualityGate, or a mapping of its arguments, not a text; "
            "a template writes one with the filter tojson"
        ],
    ),
    (
        '{"champion":' * 5000,
        [
            'gate = \'{"champion":{"champion":{"champion":{...":{"champion":{"champion":{"champion":\' must be a '
            "QualityGate, or a mapping of its arguments, not a text; a template writes one with the filter tojson"
        ],
    ),
    ([], ["gate = [] must be a QualityGate, or a mapping of its arguments, not a list"]),
    (
        {"treshold": [], "champion": {}},
        ["gate.treshold = [] is not known; did you mean 'thresholds'?"],
    ),
    (
        {"most_partial_failures": 0, 7: 1},
        [
            "gate.7 = 1 is not known; there are thresholds, champion, most_partial_failures, partial_failures_counted, "
            "on_missing_figure"
        ],
    ),
    ({"thresholds": {"F1": 0.9}}, ["gate.thresholds = {'F1': 0.9} must be a list of thresholds, not a mapping"]),
    (
        {"thresholds": ["F1"]},
        [
            "gate.thresholds[0] = 'F1' must be a Threshold, or a mapping of its arguments, not a text; a template "
            "writes one with the filter tojson"
        ],
    ),
    (
        {"thresholds": [{"metric": "F1", "minimum": 1}, {"min": 0.5}]},
        [
            "gate.thresholds[1].min = 0.5 is not known; there are metric, minimum, maximum, data_set, is_new_metric, "
            "against_direction",
            "gate.thresholds[1].metric is required: the metric that has a limit",
            "gate.thresholds[1] needs a minimum or a maximum",
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
            "gate.thresholds[0].minimum = 25.0 is a minimum of RMSE, of which less is better; set maximum, or "
            "against_direction=True if it is meant",
            "gate.thresholds[1].maximum = 0.9 is a maximum of AUC, of which more is better; set minimum, or "
            "against_direction=True if it is meant",
        ],
    ),
    (
        {"champion": {"metric": "Quality", "is_new_metric": "true"}},
        [
            "gate.champion.direction is required for 'Quality', which this package does not know: Maximize or Minimize",
        ],
    ),
    (
        {"champion": {"metric": "MSE", "direction": "Maximize"}},
        ["gate.champion.direction = 'Maximize' must be 'Minimize', or left out: that of MSE is known"],
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
            "gate.thresholds[0].metric = 1 must be the name of a metric, not a whole number",
            "gate.thresholds[0].minimum = 'high' must be a number",
            "gate.thresholds[0].maximum = True must be a number",
            "gate.thresholds[0].data_set = 'validation' must be one of Train, Validation, Test; did you mean "
            "'Validation'?",
        ],
    ),
    (
        {"thresholds": [{"metric": "F1", "minimum": 0.9, "maximum": "0.8", "against_direction": True}]},
        ["gate.thresholds[0].minimum = 0.9 must not be more than maximum, which is 0.8"],
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
            f"gate.champion.by = 1 is not known; there are {_CHAMPIONS}",
            "gate.champion.is_relative = 'yes' must be true or false",
            "gate.champion.without_champion = 'skip' must be one of pass, reject",
            "gate.champion.margin = -0.1 must be 0 or more: the candidate has to be better by so much",
        ],
    ),
    (
        {"champion": {"margin": "5", "is_relative": "true"}},
        [
            "gate.champion.margin = 5.0 must be a share below 1 where is_relative is true: 0.05 is five per cent of "
            "the champion's figure"
        ],
    ),
    ({"most_partial_failures": -1}, ["gate.most_partial_failures = -1 must be a whole number, 0 or more"]),
    ({"most_partial_failures": "1.5"}, ["gate.most_partial_failures = '1.5' must be a whole number, 0 or more"]),
    ({"most_partial_failures": True}, ["gate.most_partial_failures = True must be a whole number, 0 or more"]),
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
        ["gate.partial_failures_counted says what most_partial_failures counts, which is missing"],
    ),
    (
        json.dumps({"thresholds": [{"metric": "F1", "minimum": "x"}], "champion": {"margin": "x"}}),
        [
            "gate.thresholds[0].minimum = 'x' must be a number",
            "gate.champion.margin = 'x' must be a number",
        ],
    ),
]
