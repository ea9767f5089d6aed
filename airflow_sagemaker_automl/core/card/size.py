"""Shortens a model card to the service's limit, leaving out the least important parts first.

The length is that of the request's text: compact JSON in ASCII. The service does not document whether it counts bytes,
UTF-16 units or characters; for ASCII all three are equal. The service also refuses line breaks, including Unicode's,
all of which ASCII JSON escapes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from airflow_sagemaker_automl.core.card.curves import thinned
from airflow_sagemaker_automl.core.card.limits import LONGEST_CONTENT, LONGEST_FILLED_IN, LONGEST_NOTE, cut
from airflow_sagemaker_automl.core.values.canonical import compact

_log = logging.getLogger(__name__)

CANDIDATE_METRICS = "Candidate metrics"
# The leaderboard's notes if it is unknown which direction is better.
NOT_ORDERED = "Not ranked, because it is unknown which direction is better."
LEADERBOARD = "Candidates"
MODEL_INSIGHTS = "Model insights"
EXPLAINABILITY = "Explainability"
PARTIAL_DEPENDENCE = "Partial dependence"
BIAS = "Bias"
QUALITY_GATE = "Quality gate"
SAME_ROWS = "Evaluation on the same rows"
LEFT_OUT = "Left out"

_FEWER_POINTS = 50
_FEWER_CANDIDATES = 10
Card = dict[str, Any]


class Step(NamedTuple):
    """A part that can be left out of a card.

    :param what: its name in the card's note about left-out parts.
    :param leave_out: returns the card without it.
    """

    what: str
    leave_out: Callable[[Card], Card]


def merged(built: Any, author: Any) -> Any:
    """Merge the author's part over the generated one: mappings member by member; evaluations of both are kept."""
    if not (isinstance(built, Mapping) and isinstance(author, Mapping)):
        return author
    both = {key: merged(value, author[key]) if key in author else value for key, value in built.items()}
    both |= {key: value for key, value in author.items() if key not in built}
    if "evaluation_details" in built and "evaluation_details" in author:
        both["evaluation_details"] = [*author["evaluation_details"], *built["evaluation_details"]]
    return both


def within_limit(built: Card, author: Card) -> Card:
    """Merge both parts of a card, leaving out generated parts in :data:`ORDER` until it fits.

    :param built: the generated part.
    :param author: the author's part, which is within the limit; nothing of it is left out.
    :return: the card, of at most 100 000 characters. At most 90 000 are generated, so that an update can add texts. A
        custom detail lists what was left out.
    """
    left_out: list[str] = []
    filled_in = built
    card: Card = merged(built, author)
    for step in ORDER:
        if len(compact(filled_in)) <= LONGEST_FILLED_IN and len(compact(card)) <= LONGEST_CONTENT:
            break
        fewer = step.leave_out(built)
        if fewer != built:
            left_out.append(step.what)
        built = fewer
        filled_in = _with_line(built, left_out)
        card = merged(filled_in, author)
    if len(compact(card)) > LONGEST_CONTENT:
        card = author
    if left_out:
        _log.info("Model card of %d characters; left out to fit: %s", len(compact(card)), ", ".join(left_out))
    return card


def _with_line(built: Card, left_out: Sequence[str]) -> Card:
    why = f"To stay within {LONGEST_CONTENT} characters ({LONGEST_FILLED_IN} generated)"
    line = cut(f"{why}: {', '.join(left_out)}.", LONGEST_NOTE)
    return merged(built, {"additional_information": {"custom_details": {LEFT_OUT: line}}}) if left_out else built


def _without_evaluation(name: str) -> Callable[[Card], Card]:
    return lambda card: _changed_evaluations(card, lambda item: None if item["name"] == name else item)


def _without_shape(name: str, *types: str) -> Callable[[Card], Card]:
    """Leave out the charts of an evaluation."""

    def reduced(item: Card) -> Card:
        return item if item["name"] != name else _changed_metrics(item, lambda m: None if m["type"] in types else m)

    return lambda card: _changed_evaluations(card, reduced)


def _first_explanation_only(card: Card) -> Card:
    def reduced(item: Card) -> Card:
        if item["name"] != EXPLAINABILITY or len(item["metric_groups"]) == 1:
            return item
        said = f"The first of {len(item['metric_groups'])} model outputs."
        return {**item, "metric_groups": item["metric_groups"][:1], "evaluation_observation": said}

    return _changed_evaluations(card, reduced)


def _fewer_points(card: Card) -> Card:
    def thinner(metric: Card) -> Card:
        if metric["type"] != "linear_graph" or len(metric["value"]) <= _FEWER_POINTS:
            return metric
        notes = f"{_FEWER_POINTS} points, chosen to keep the shape"
        return {**metric, "value": thinned(metric["value"], _FEWER_POINTS), "notes": notes}

    return _changed_evaluations(card, lambda item: _changed_metrics(item, thinner))


def _fewer_candidates(card: Card) -> Card:
    def shorter(metric: Card) -> Card:
        return {**metric, **{axis: metric[axis][:_FEWER_CANDIDATES] for axis in ("value", "x_axis_name")}}

    def reduced(item: Card) -> Card:
        if item["name"] != LEADERBOARD or len(item["metric_groups"][0]["metric_data"][0]["value"]) <= _FEWER_CANDIDATES:
            return item
        order = item.get("evaluation_observation", "").partition(", ")[2]
        said = f"{_FEWER_CANDIDATES} candidates, {order}"
        return {**_changed_metrics(item, shorter), "evaluation_observation": said}

    return _changed_evaluations(card, reduced)


def _without_training(*members: str) -> Callable[[Card], Card]:
    def reduced(card: Card) -> Card:
        training = card.get("training_details", {})
        details = training.get("training_job_details", {})
        fewer = {key: value for key, value in details.items() if key not in members}
        return {**card, "training_details": {**training, "training_job_details": fewer}} if details else card

    return reduced


def _changed_evaluations(card: Card, change: Callable[[Card], Card | None]) -> Card:
    items = [changed for item in card.get("evaluation_details", []) if (changed := change(item)) is not None]
    return {**card, "evaluation_details": items} if "evaluation_details" in card else card


def _changed_metrics(item: Card, change: Callable[[Card], Card | None]) -> Card:
    groups = [
        {
            **group,
            "metric_data": [changed for metric in group["metric_data"] if (changed := change(metric)) is not None],
        }
        for group in item["metric_groups"]
    ]
    return {**item, "metric_groups": [group for group in groups if group["metric_data"]]}


# The author's part is never left out. Content that the reports in S3 have in full goes first, the verdict and the
# provenance go last.
ORDER: tuple[Step, ...] = (
    Step("partial dependence", _without_evaluation(PARTIAL_DEPENDENCE)),
    Step("explanations of all model outputs except the first", _first_explanation_only),
    Step(f"curve points beyond {_FEWER_POINTS}", _fewer_points),
    Step(f"leaderboard entries beyond the first {_FEWER_CANDIDATES}", _fewer_candidates),
    Step("bias metrics", _without_evaluation(BIAS)),
    Step("explanations", _without_evaluation(EXPLAINABILITY)),
    Step("curves", _without_shape(MODEL_INSIGHTS, "linear_graph")),
    Step("the leaderboard", _without_evaluation(LEADERBOARD)),
    Step("the job's settings", _without_training("hyper_parameters")),
    Step("the confusion matrix", _without_shape(MODEL_INSIGHTS, "matrix")),
    Step("model insights", _without_evaluation(MODEL_INSIGHTS)),
    Step("candidate metrics by data set", _without_evaluation(CANDIDATE_METRICS)),
    Step("the evaluation on labelled rows", _without_evaluation(SAME_ROWS)),
    Step("the quality gate's rules", _without_evaluation(QUALITY_GATE)),
    Step(
        "training metrics, data and images",
        _without_training("training_metrics", "training_datasets", "training_environment"),
    ),
    Step(
        "everything except provenance",
        lambda card: {key: value for key, value in card.items() if key == "additional_information"},
    ),
    Step("provenance", lambda card: {}),
)
