"""The approval form that a reviewer sees in Airflow: subject and body, in Markdown."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from airflow_sagemaker_automl.core.card.size import CANDIDATE_METRICS, LEADERBOARD, NOT_ORDERED, QUALITY_GATE
from airflow_sagemaker_automl.core.registry.model_package import Metadata, recorded_objective
from airflow_sagemaker_automl.core.registry.version_arn import VersionArn
from airflow_sagemaker_automl.rendering.headline import headline
from airflow_sagemaker_automl.rendering.markdown import headline_sentence
from airflow_sagemaker_automl.rendering.markdown_text import inline, table
from airflow_sagemaker_automl.rendering.outline import Field, Table, objective, outline
from airflow_sagemaker_automl.rendering.values import (
    MISSING,
    format_row,
    format_values,
    heading,
    items,
    mapping,
    number,
    text_of,
)
from airflow_sagemaker_automl.rendering.version import version_facts, version_title

# Airflow stores the body in a MySQL TEXT column, which has four times as many bytes.
LONGEST_BODY = 15_000
_LONGEST_TEXT = 500
_LONGEST_CELL = 200
_LONGEST_HEADLINE = 1000
_MOST_RULES = 12
_MOST_RANKED = 5
_MOST_METRICS = 8
_MOST_COLUMNS = 4
_MOST_DATA_SETS = 4
_MAIN_POINTS = (
    "Intended uses",
    "Purpose of model",
    "Risk rating",
    "Explanations for risk rating",
    "Caveats and recommendations",
    "Ethical considerations",
)
_FACTS = ("Data", "AutoML job", "DAG", "Run", "Created", "Description")
_REGISTERED = re.compile(r"number (\d+) of (\d+)\.?$")
_FIGURES_BEFORE_REASON = re.compile(r"^(?:value|limit) [^:]*: (?=\S)")
_ELLIPSIS = "\N{HORIZONTAL ELLIPSIS}"


def review_subject(described: Mapping[str, Any]) -> str:
    """Write the question in one line.

    :param described: the response of ``DescribeModelPackage``.
    """
    return f"Approve {version_title(described)}?"


def review_body(
    described: Mapping[str, Any], *, consequences: Sequence[str] = (), links: Mapping[str, str] | None = None
) -> str:
    """Summarise a version for the reviewer, in at most :data:`LONGEST_BODY` characters.

    Everything is read from the version itself, so that versions of any origin can be reviewed. Texts of its model card
    are escaped: they cannot add links, images or HTML.

    :param described: the response of ``DescribeModelPackage``; its card may be missing or malformed.
    :param consequences: what each answer does, as plain-text sentences. Default: none.
    :param links: labels and URLs, which are not checked. Default: none.
    :return: GitHub Flavored Markdown, as Airflow renders it.
    """
    card = _card(described)
    sections = {
        "": list(_opening(described, card)),
        "Quality gate": list(_verdict(described, card)),
        "Model card": list(_main_points(card)),
        "Leaderboard": list(_ranking(card)),
        "Metrics": list(_figures(card)),
        "Provenance": list(_provenance(described, card, links or {})),
        "What your answer does": ["\n".join(f"- {inline(sentence)}" for sentence in consequences)],
    }
    written = {title: _section(title, blocks) for title, blocks in sections.items()}
    for title in ("Metrics", "Leaderboard", "Model card", "Provenance", "Quality gate"):
        if sum(map(len, written.values())) <= LONGEST_BODY:
            break
        written[title] = ""
    return "\n\n".join(filter(None, written.values()))


def marked(body: str, arn: str) -> str:
    """Append a last line that names the version."""
    return f"{body.rstrip()}\n\n{_mark(arn)}"


def is_about(body: str | None, arn: str) -> bool:
    """Tell whether the last line, added by :func:`marked`, names this version."""
    return (body or "").rstrip().endswith(_mark(arn))


def _mark(arn: str) -> str:
    return f"Model package: {inline(arn)}"


def _section(title: str, blocks: Sequence[str]) -> str:
    said = [block for block in blocks if block]
    return "\n\n".join([*([f"### {title}"] if title else []), *said]) if said else ""


def _card(described: Mapping[str, Any]) -> Mapping[str, Any]:
    content = mapping(described.get("ModelCard")).get("ModelCardContent")
    try:
        return mapping(json.loads(content)) if isinstance(content, str) else {}
    except (ValueError, RecursionError):
        return {}


def _opening(described: Mapping[str, Any], card: Mapping[str, Any]) -> Iterator[str]:
    """Show the objective's value, from the card or else from the version's metadata, which has less."""
    metadata = mapping(described.get("CustomerMetadataProperties"))
    named, value = recorded_objective(metadata), text_of(metadata.get(Metadata.OBJECTIVE_VALUE))
    figures = headline(card)
    sentence = headline_sentence(figures, objective(card)) if figures else ""
    if sentence and len(sentence) <= _LONGEST_HEADLINE:
        yield sentence
    elif named and value:
        name, aim = _cell(named.metric), named.direction
        yield f"**{name} {_cell(_rounded(value))}**" + (f"; objective: {aim} {name}" if aim else "")
    else:
        yield "No metrics are recorded with this version."


def _rounded(value: str) -> str:
    try:
        return format_row([float(value)])[0]
    except ValueError:
        return value


def _verdict(described: Mapping[str, Any], card: Mapping[str, Any]) -> Iterator[str]:
    """List the gate's rules, failed ones first."""
    gate = _evaluation(card, QUALITY_GATE)
    short = text_of(mapping(described.get("CustomerMetadataProperties")).get(Metadata.VERDICT))
    said = text_of(gate.get("evaluation_observation")) or short
    yield f"**{_cell(said)}**" if said else "No quality gate verdict is recorded."
    champion = text_of(mapping(gate.get("metadata")).get("champion"))
    if champion:
        yield f"Compared with {_cell(_short(champion))}, the champion at that time."
    metrics = [mapping(metric) for group in items(gate.get("metric_groups")) for metric in _metrics(group)]
    rules = sorted(metrics, key=lambda metric: metric.get("value") is True)[:_MOST_RULES]
    if rules:
        yield table(["Rule", "Result", "Details"], [_rule(metric) for metric in rules])
    if len(metrics) > len(rules):
        yield f"{len(metrics) - len(rules)} more rules are on the model card."


def _rule(metric: Mapping[str, Any]) -> list[str]:
    value = metric.get("value")
    result = "passed" if value is True else "**failed**" if value is False else MISSING
    figures = text_of(metric.get("notes"))
    # The reason repeats the values, and the rule's name has the limit.
    return [_cell(metric.get("name")), result, _cell(_FIGURES_BEFORE_REASON.sub("", figures))]


def _short(arn: str) -> str:
    try:
        version = VersionArn.parse(arn)
    except ValueError:
        return arn
    return f"{version.group}, version {version.number}"


def _ranking(card: Mapping[str, Any]) -> Iterator[str]:
    """Rank the job's best candidates, always including the registered one, in bold."""
    groups = items(_evaluation(card, LEADERBOARD).get("metric_groups"))
    chart = next((mapping(metric) for group in groups for metric in _metrics(group)), {})
    names, values = items(chart.get("x_axis_name")), items(chart.get("value"))
    texts = format_values([number(value) for value in values], are_measured=True)
    entries = [(text_of(name), text) for name, text in zip(names, texts, strict=False)]
    match = _REGISTERED.search(text_of(chart.get("notes"))[-_LONGEST_CELL:])
    place, count = (int(match[1]), int(match[2])) if match else (0, len(entries))
    at = min(place, len(entries))
    rows = [
        [str(place if rank == at else rank), _bold(_cell(name), rank == at), _bold(text, rank == at)]
        for rank, (name, text) in enumerate(entries, start=1)
        if rank <= _MOST_RANKED or rank == at
    ]
    if not rows:
        return
    columns = ["Rank", "Candidate", _cell(heading(chart.get("name"))) or "Objective"]
    if text_of(chart.get("notes")) == NOT_ORDERED:
        columns, rows = columns[1:], [row[1:] for row in rows]
        yield NOT_ORDERED
    yield table(columns, rows)
    yield (
        f"The registered candidate, in bold, is number {place} of {count}."
        if at
        else f"The job has {count} candidates."
    )


def _figures(card: Mapping[str, Any]) -> Iterator[str]:
    """Show the candidate's metrics by data set."""
    for section in outline(card):
        for evaluation in section.evaluations:
            if evaluation.title == heading(CANDIDATE_METRICS):
                for group in evaluation.groups:
                    for given in group.tables:
                        yield _table(given)
                return


def _table(given: Table) -> str:
    columns = [_cell(column) for column in given.columns[:_MOST_COLUMNS]]
    rows = [[_cell(cell) for cell in row[:_MOST_COLUMNS]] for row in given.rows[:_MOST_METRICS]]
    return table(columns, rows, numeric=given.has_figures and not given.has_notes)


def _main_points(card: Mapping[str, Any]) -> Iterator[str]:
    """Show the author's texts on use and risk."""
    fields = {field.label: field for section in outline(card) for field in section.fields}
    points = [fields[label] for label in _MAIN_POINTS if label in fields]
    if not card:
        yield "The version has no readable model card."
    elif not points:
        yield "The model card does not describe intended uses, risks or caveats."
    else:
        yield "\n".join(f"- **{_cell(point.label)}:** {_point(point)}" for point in points)


def _point(field: Field) -> str:
    words = " ".join(" ".join(field.texts).split())
    return inline(_cut(words, _LONGEST_TEXT))


def _provenance(described: Mapping[str, Any], card: Mapping[str, Any], links: Mapping[str, str]) -> Iterator[str]:
    known = {**version_facts(described), "Data": _data_sets(card)}
    rows = [[label, _cell(known[label])] for label in _FACTS if known.get(label)]
    if rows:
        yield table(["Fact", "Value"], rows)
    yield " · ".join(f"[{inline(label)}](<{url}>)" for label, url in links.items())


def _data_sets(card: Mapping[str, Any]) -> str:
    job = mapping(mapping(card.get("training_details")).get("training_job_details"))
    return " ".join(filter(None, map(text_of, items(job.get("training_datasets"))[:_MOST_DATA_SETS])))


def _evaluation(card: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    given = [mapping(item) for item in items(card.get("evaluation_details"))]
    return next((item for item in given if item.get("name") == name), {})


def _metrics(group: Any) -> Sequence[Any]:
    return items(mapping(group).get("metric_data"))


def _bold(written: str, is_bold: bool) -> str:
    return f"**{written}**" if is_bold and written else written


def _cell(value: Any) -> str:
    return inline(_cut(text_of(value), _LONGEST_CELL)) or MISSING


def _cut(words: str, longest: int) -> str:
    return words if len(words) <= longest else words[: longest - 1] + _ELLIPSIS
