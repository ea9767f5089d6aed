"""Renders a card as one self-contained HTML page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.rendering.bars import bar_chart
from airflow_sagemaker_automl.rendering.curves import line_chart
from airflow_sagemaker_automl.rendering.drawing import Chart
from airflow_sagemaker_automl.rendering.headline import headline
from airflow_sagemaker_automl.rendering.matrix import matrix_chart
from airflow_sagemaker_automl.rendering.outline import outline
from airflow_sagemaker_automl.rendering.values import is_identifier, printable

if TYPE_CHECKING:
    import jinja2

_CHARTS = {"linear_graph": line_chart, "bar_chart": bar_chart, "matrix": matrix_chart}
_BADGES = {
    "Approved": "good",
    "Rejected": "bad",
    "PendingManualApproval": "open",
    "PendingReview": "open",
    "Draft": "plain",
    "Archived": "plain",
}
_RATINGS = {"High": "bad", "Medium": "open", "Low": "good"}
_LONG = 48


def render_html(card: Mapping[str, Any], *, title: str, facts: Mapping[str, str] | None = None) -> str:
    """Render model card content as one self-contained HTML page, which loads no other resources.

    :param card: parsed content of the model card; every part of it is optional.
    :param title: heading of the page, such as the model package group and version.
    :param facts: labels and texts to show at the top, in this order. Default: none.
    :return: the page, which can be encoded as UTF-8.
    """
    template = _environment().get_template("model_card.html.jinja")
    given = facts or {}
    return printable(
        template.render(
            title=title,
            badges={label: fact for label, fact in given.items() if fact in _BADGES},
            facts={label: fact for label, fact in given.items() if fact not in _BADGES},
            headline=headline(card),
            sections=outline(card),
        )
    )


def _chart(metric: Mapping[str, Any]) -> Chart:
    return _CHARTS[metric["type"]](metric)


def _is_long(text: str) -> bool:
    return len(text) > _LONG


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.globals |= {"chart": _chart, "is_identifier": is_identifier, "is_long": _is_long}
    environment.globals |= {"badge_of": _BADGES, "rating_of": _RATINGS}
    return environment
