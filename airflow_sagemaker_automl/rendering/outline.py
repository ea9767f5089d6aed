"""Decides which parts of a card are shown, in which order and under which headings, in HTML and in Markdown."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_sagemaker_automl.rendering.values import (
    MISSING,
    format_row,
    format_value,
    heading,
    items,
    mapping,
    text_list,
    text_of,
)

CHART_TYPES = frozenset({"linear_graph", "bar_chart", "matrix"})
_COLUMNS_BESIDE_OTHERS = 4
# More columns do not fit on a printed page.
_MOST_SIDE_BY_SIDE = 5
_BASELINE = "_best_constant_classifier"
_OF_A_DATA_SET = re.compile(r"^(?P<metric>.*\S) \((?P<data_set>[^()]+)\)$", re.DOTALL)
_AUTHORS_USES = (
    "purpose_of_model",
    "intended_uses",
    "risk_rating",
    "explanations_for_risk_rating",
    "factors_affecting_model_efficiency",
)
_AUTHORS_BUSINESS = ("business_problem", "business_stakeholders", "line_of_business")
_AUTHORS_REMARKS = ("ethical_considerations", "caveats_and_recommendations")

Named = Callable[[Any], str]


@dataclass(frozen=True)
class Field:
    """One or several texts under a label."""

    label: str
    texts: tuple[str, ...]
    is_rating: bool = False


@dataclass(frozen=True)
class Table:
    """Rows of texts; the first cell of each row is its name."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    has_figures: bool = True

    @property
    def has_notes(self) -> bool:
        """Whether there is a column of notes."""
        return self.columns[-1] == "Notes"


@dataclass(frozen=True)
class Group:
    """A group of metrics: tables of the single values, and the metrics to draw."""

    title: str
    tables: tuple[Table, ...]
    charts: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class Evaluation:
    """One of the card's evaluations; its sources are in the appendix."""

    title: str
    observation: str
    groups: tuple[Group, ...]

    @property
    def is_wide(self) -> bool:
        """Whether it needs the full width of the page."""
        tables = [table for group in self.groups for table in group.tables]
        has_wide_table = any(len(table.columns) > _COLUMNS_BESIDE_OTHERS or table.has_notes for table in tables)
        return has_wide_table or any(len(group.charts) > 1 for group in self.groups)


@dataclass(frozen=True)
class Section:
    """A part of the page."""

    title: str
    fields: tuple[Field, ...] = ()
    evaluations: tuple[Evaluation, ...] = ()
    tables: tuple[Table, ...] = ()

    @property
    def is_empty(self) -> bool:
        """Whether the section has no content."""
        return not (self.fields or self.evaluations or self.tables)


def outline(card: Mapping[str, Any]) -> tuple[Section, ...]:
    """Order a card's content for reading: the author's texts first, details last.

    :param card: parsed content of the card; every part of it is optional, and unknown parts are left out.
    """
    training = mapping(card.get("training_details"))
    job = mapping(training.get("training_job_details"))
    given = [mapping(item) for item in items(card.get("evaluation_details"))]
    sections = (
        Section("Purpose and limits", _authors_fields(card)),
        Section("Evaluation", evaluations=tuple(filter(_says_something, map(_evaluation, given)))),
        Section("Training", _training_fields(training, job), tables=_hyper_parameters(job)),
        Section("Provenance", _provenance_fields(card, job), tables=_details(card)),
        Section("Appendix", tables=(*_training_metrics(job), *_sources(given))),
    )
    return tuple(section for section in sections if not section.is_empty)


def objective(card: Mapping[str, Any]) -> str:
    """Say what training optimised, such as "Maximize F1"."""
    training = mapping(card.get("training_details"))
    function = mapping(mapping(training.get("objective_function")).get("function"))
    words = (text_of(function.get("function")), heading(function.get("facet")), text_of(function.get("condition")))
    return " ".join(filter(None, words))


def scalar_metrics(group: Any) -> list[Mapping[str, Any]]:
    """Select the metrics of a group that are single values."""
    metrics = [mapping(metric) for metric in items(mapping(group).get("metric_data"))]
    return [metric for metric in metrics if str(metric.get("type")) not in CHART_TYPES]


def _authors_fields(card: Mapping[str, Any]) -> tuple[Field, ...]:
    return (
        *_fields(mapping(card.get("intended_uses")), _AUTHORS_USES),
        *_fields(mapping(card.get("business_details")), _AUTHORS_BUSINESS),
        *_fields(mapping(card.get("additional_information")), _AUTHORS_REMARKS),
    )


def _training_fields(training: Mapping[str, Any], job: Mapping[str, Any]) -> tuple[Field, ...]:
    function = mapping(training.get("objective_function"))
    named = {"objective": objective({"training_details": training}), "notes": function.get("notes")}
    return (
        *_fields(named, ("objective", "notes")),
        *_fields(training, ("training_observations",)),
        *_fields(job, ("training_datasets",)),
    )


def _provenance_fields(card: Mapping[str, Any], job: Mapping[str, Any]) -> tuple[Field, ...]:
    return (
        *_fields(mapping(card.get("model_overview")), ("model_creator", "model_artifact")),
        *_fields(mapping(job.get("training_environment")), ("container_image",)),
        *_fields(job, ("training_arn",)),
    )


def _fields(source: Mapping[str, Any], keys: Iterable[str]) -> tuple[Field, ...]:
    return tuple(
        Field(heading(key), texts, is_rating=key == "risk_rating")
        for key in keys
        if (texts := text_list(source.get(key)))
    )


def _says_something(evaluation: Evaluation) -> bool:
    return bool(evaluation.observation or evaluation.groups)


def _evaluation(item: Mapping[str, Any]) -> Evaluation:
    groups = [mapping(group) for group in items(item.get("metric_groups"))]
    title, observation = heading(item.get("name")) or "Evaluation", text_of(item.get("evaluation_observation"))
    compared = _side_by_side(groups)
    if compared:
        return Evaluation(title, observation, (Group("", (compared,), ()),))
    shown = [group for group in map(_group, groups) if group.tables or group.charts]
    return Evaluation(title, observation, tuple(shown))


def _group(given: Mapping[str, Any]) -> Group:
    metrics = [mapping(metric) for metric in items(given.get("metric_data"))]
    charts = [metric for metric in metrics if str(metric.get("type")) in CHART_TYPES]
    return Group(heading(given.get("name")) or "Metrics", _tables(_with_baselines(given)), tuple(charts))


def _side_by_side(groups: Sequence[Mapping[str, Any]]) -> Table | None:
    """Combine groups that have the same single-value metrics into one table, with a column for each group.

    :return: None if the groups cannot be combined.
    """
    columns = [{text_of(metric.get("name")): metric for metric in scalar_metrics(group)} for group in groups]
    sizes = [len(items(group.get("metric_data"))) for group in groups]
    names = list(dict.fromkeys(name for column in columns for name in column))
    is_plain = all(len(column) == size for column, size in zip(columns, sizes, strict=True))
    shared = sum(map(len, columns)) > 0.75 * len(names) * len(columns)
    if not 2 <= len(groups) <= _MOST_SIDE_BY_SIDE or not is_plain or not shared:
        return None
    if any(text_of(metric.get("notes")) for column in columns for metric in column.values()):
        return None
    heads = tuple(heading(group.get("name")) or "Metrics" for group in groups)
    rows = [(heading(name) or MISSING, *format_row([_value(column.get(name)) for column in columns])) for name in names]
    return Table("Metrics", ("Metric", *heads), tuple(rows))


def _value(metric: Mapping[str, Any] | None) -> Any:
    return (metric or {}).get("value")


def _with_baselines(group: Mapping[str, Any]) -> Table:
    """Give each metric of a group a row, with the best constant classifier's value next to the model's."""
    metrics = scalar_metrics(group)
    names = {text_of(metric.get("name")) for metric in metrics}
    baselines = {
        name.removesuffix(_BASELINE): metric
        for metric in metrics
        if (name := text_of(metric.get("name"))).endswith(_BASELINE) and name.removesuffix(_BASELINE) in names
    }
    own = [metric for metric in metrics if not any(metric is baseline for baseline in baselines.values())]
    if not baselines or any(text_of(metric.get("notes")) for metric in baselines.values()):
        return named_values("Metrics", metrics)
    plain = named_values("Metrics", own)
    pairs = [(_value(metric), _value(baselines.get(text_of(metric.get("name"))))) for metric in own]
    rows = tuple((row[0], *format_row(pair), *row[2:]) for row, pair in zip(plain.rows, pairs, strict=True))
    return Table("Metrics", (*plain.columns[:2], "Best constant classifier", *plain.columns[2:]), rows)


def named_values(caption: str, entries: Any, name: Named = heading, *, has_figures: bool = True) -> Table:
    """Lay out named values in rows of name, value and notes; the notes column is left out if it would be empty.

    :param entries: mappings with ``name``, ``value`` and ``notes``; or one mapping of names to values.
    :param name: formats a name. Default: :func:`heading`.
    """
    if isinstance(entries, Mapping):
        entries = [{"name": key, "value": value} for key, value in entries.items()]
    rows = [
        (name(entry.get("name")) or MISSING, *format_row([entry.get("value")]), text_of(entry.get("notes")))
        for entry in map(mapping, items(entries))
    ]
    width = 3 if any(notes for _, _, notes in rows) else 2
    return Table(caption, ("Name", "Value", "Notes")[:width], tuple(row[:width] for row in rows), has_figures)


def _tables(*tables: Table) -> tuple[Table, ...]:
    return tuple(table for table in tables if table.rows)


def _hyper_parameters(job: Mapping[str, Any]) -> tuple[Table, ...]:
    keys = ("hyper_parameters", "user_provided_hyper_parameters")
    return _tables(*(named_values(heading(key), job.get(key), text_of, has_figures=False) for key in keys))


def _details(card: Mapping[str, Any]) -> tuple[Table, ...]:
    custom = mapping(mapping(card.get("additional_information")).get("custom_details"))
    return _tables(named_values("Custom details", custom, has_figures=False))


def _training_metrics(job: Mapping[str, Any]) -> tuple[Table, ...]:
    keys = ("training_metrics", "user_provided_training_metrics")
    return _tables(*(_by_data_set(heading(key), items(job.get(key))) for key in keys))


def _by_data_set(caption: str, metrics: Sequence[Any]) -> Table:
    """Give each data set a column if all metrics are named like "F1 (Test)"; otherwise give each metric a row."""
    found = [_OF_A_DATA_SET.match(text_of(mapping(metric).get("name"))) for metric in metrics]
    has_notes = any(text_of(mapping(metric).get("notes")) for metric in metrics)
    figures = {
        (match["metric"], match["data_set"]): _value(mapping(metric))
        for match, metric in zip(found, metrics, strict=True)
        if match
    }
    if has_notes or len(figures) < len(metrics):
        return named_values(caption, metrics)
    names = list(dict.fromkeys(name for name, _ in figures))
    data_sets = list(dict.fromkeys(data_set for _, data_set in figures))
    rows = [(heading(name), *format_row([figures.get((name, each)) for each in data_sets])) for name in names]
    return Table(caption, ("Metric", *data_sets), tuple(rows))


def _sources(evaluations: Sequence[Mapping[str, Any]]) -> tuple[Table, ...]:
    rows: list[tuple[str, ...]] = []
    for item in evaluations:
        title = heading(item.get("name")) or "Evaluation"
        for field in _fields(item, ("datasets", "evaluation_job_arn")):
            rows += [(title, field.label, text) for text in field.texts]
        metadata = mapping(item.get("metadata"))
        rows += [(title, heading(key) or MISSING, format_value(value)) for key, value in metadata.items()]
    columns = ("Evaluation", "Source", "Value")
    return _tables(Table("Sources of the evaluations", columns, tuple(rows), has_figures=False))
