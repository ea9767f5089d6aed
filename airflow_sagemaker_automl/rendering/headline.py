"""The few figures that stand at the top of a card."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_sagemaker_automl.rendering.outline import scalar_metrics
from airflow_sagemaker_automl.rendering.values import MISSING, format_value, heading, items, mapping, number, text_of

MOST_FIGURES = 5
# Rows that took part in neither training nor choice say most about a model, and those it was trained with least.
_MOST_TELLING_FIRST = ("test", "hold", "valid", "", "train")


@dataclass(frozen=True)
class Figure:
    """A metric's value on one data set, and the same metric on others."""

    name: str
    value: str
    elsewhere: tuple[tuple[str, str], ...]
    is_objective: bool


@dataclass(frozen=True)
class Headline:
    """Figures of one group of metrics, the objective first."""

    source: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class _Group:
    title: str
    values: dict[str, float]
    names: dict[str, str]


def headline(card: Mapping[str, Any]) -> Headline | None:
    """Choose the figures: those of the most telling data that has the objective, else the first there are.

    :return: None where the card's evaluations have no figures.
    """
    function = mapping(mapping(card.get("training_details")).get("objective_function")).get("function")
    facet = _key(mapping(function).get("facet"))
    # Figures are told beside each other only where they are of one evaluation.
    evaluations = [_groups(mapping(item)) for item in items(card.get("evaluation_details"))]
    for groups in evaluations:
        with_objective = sorted((group for group in groups if facet and facet in group.values), key=_rank)
        if with_objective:
            return _headline(with_objective, facet)
    first = next(filter(None, evaluations), None)
    return _headline(first[:1], "") if first else None


def _headline(groups: Sequence[_Group], facet: str) -> Headline:
    home, *others = groups
    keys = sorted(home.values, key=lambda key: key != facet)[:MOST_FIGURES]
    figures = [
        Figure(
            heading(home.names[key]) or MISSING,
            format_value(home.values[key]),
            tuple((_short(group.title), format_value(group.values[key])) for group in others if key in group.values),
            is_objective=bool(facet) and key == facet,
        )
        for key in keys
    ]
    return Headline(home.title, tuple(figures))


def _short(title: str) -> str:
    return title.removesuffix(" data") or title


def _groups(evaluation: Mapping[str, Any]) -> list[_Group]:
    groups = [_group(mapping(group)) for group in items(evaluation.get("metric_groups"))]
    return [group for group in groups if group.values]


def _group(given: Mapping[str, Any]) -> _Group:
    group = _Group(heading(given.get("name")) or "Metrics", {}, {})
    for metric in scalar_metrics(given):
        value, key = number(metric.get("value")), _key(metric.get("name"))
        if value is not None and key not in group.values:
            group.values[key] = value
            group.names[key] = text_of(metric.get("name"))
    return group


def _key(name: Any) -> str:
    return re.sub(r"[\W_]", "", text_of(name)).casefold()


def _rank(group: _Group) -> int:
    title = group.title.casefold()
    return next(
        place for place, word in enumerate(_MOST_TELLING_FIRST) if word in title and (word or "train" not in title)
    )
