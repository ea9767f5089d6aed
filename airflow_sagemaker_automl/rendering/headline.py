"""The few metric values at the top of a card."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_sagemaker_automl.rendering.outline import scalar_metrics
from airflow_sagemaker_automl.rendering.values import MISSING, format_row, heading, items, mapping, number, text_of

MOST_FIGURES = 5
# Test data, used for neither training nor ranking, says most about a model; training data says least.
_MOST_TELLING_FIRST = ("test", "hold", "valid", "", "train")


@dataclass(frozen=True)
class Figure:
    """A metric's value on one data set, and its values on other data sets."""

    name: str
    value: str
    elsewhere: tuple[tuple[str, str], ...]
    is_objective: bool


@dataclass(frozen=True)
class Headline:
    """Metric values of one group, the objective first."""

    source: str
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class _Group:
    title: str
    values: dict[str, Any]
    names: dict[str, str]


def headline(card: Mapping[str, Any]) -> Headline | None:
    """Choose the metrics: of test data, else of other data that has the objective, else the first group of the card.

    :return: None if the card's evaluations have no metric values.
    """
    function = mapping(mapping(card.get("training_details")).get("objective_function")).get("function")
    facet = _key(mapping(function).get("facet"))
    # Only values of the same evaluation can be compared.
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
    return Headline(home.title, tuple(_figure(key, home, others, is_objective=key == facet) for key in keys))


def _figure(key: str, home: _Group, others: Sequence[_Group], *, is_objective: bool) -> Figure:
    elsewhere = [group for group in others if key in group.values]
    value, *texts = format_row([group.values[key] for group in (home, *elsewhere)])
    titles = [_short(group.title) for group in elsewhere]
    name = heading(home.names[key]) or MISSING
    return Figure(name, value, tuple(zip(titles, texts, strict=True)), is_objective=is_objective)


def _short(title: str) -> str:
    return title.removesuffix(" data") or title


def _groups(evaluation: Mapping[str, Any]) -> list[_Group]:
    groups = [_group(mapping(group)) for group in items(evaluation.get("metric_groups"))]
    return [group for group in groups if group.values]


def _group(given: Mapping[str, Any]) -> _Group:
    group = _Group(heading(given.get("name")) or "Metrics", {}, {})
    for metric in scalar_metrics(given):
        value, key = metric.get("value"), _key(metric.get("name"))
        if number(value) is not None and key not in group.values:
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
