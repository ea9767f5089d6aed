"""Generates the evaluations of a model card: candidates, reports, and the quality gate's verdict."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from airflow_sagemaker_automl.core.card.charts import Metric, answer, bars, scalar
from airflow_sagemaker_automl.core.card.explanations import read_bias, read_explanations, read_partial_dependence
from airflow_sagemaker_automl.core.card.limits import LONGEST_NOTE, MOST_DATASETS, cut, labels, number, text
from airflow_sagemaker_automl.core.card.metrics import Reading, read_statistics
from airflow_sagemaker_automl.core.card.same_rows import evaluated_rows
from airflow_sagemaker_automl.core.card.size import (
    BIAS,
    CANDIDATE_METRICS,
    EXPLAINABILITY,
    LEADERBOARD,
    MODEL_INSIGHTS,
    NOT_ORDERED,
    PARTIAL_DEPENDENCE,
    QUALITY_GATE,
)
from airflow_sagemaker_automl.core.card.training import listed, verdict_sentence
from airflow_sagemaker_automl.core.jobs.candidate import Candidate, is_ranked, leaderboard
from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
from airflow_sagemaker_automl.core.values.evidence import Report
from airflow_sagemaker_automl.core.values.literals import mapping, sequence
from airflow_sagemaker_automl.exceptions import escaped

_log = logging.getLogger(__name__)

_MOST_CANDIDATES = 50
_MOST_RULES = 50
_MOST_DATA_SETS = 10
_MOST_METRICS = 100
_MOST_NAMED = 5
_OPTIMISM = (
    "Candidates are ranked by their metrics on the validation data, so these metrics are optimistic. "
    "Metrics on test data, if any, come from rows that were used neither for training nor for ranking."
)


def evaluation_details(
    job: AutoMLJob,
    candidate: Candidate,
    candidates: Sequence[Candidate],
    statistics: Report | None,
    analysis: Report | None,
    verdict: Mapping[str, Any] | None,
) -> list[dict[str, Any]]:
    """Build all evaluations, the quality gate first."""
    return [
        *_quality_gate(verdict),
        *evaluated_rows(mapping(verdict).get("evaluation")),
        *_candidate_metrics(job, candidate),
        *_candidates_ranked(job, candidate, candidates),
        *_model_insights(statistics),
        *_explainability(analysis),
    ]


def _candidate_metrics(job: AutoMLJob, candidate: Candidate) -> list[dict[str, Any]]:
    """List the candidate's metrics, one group for each data set."""
    table = {
        data_set: [scalar(name, value) for name, given in metrics.items() if (value := number(given)) is not None]
        for data_set, metrics in list(candidate.metrics_by_set().items())[:_MOST_DATA_SETS]
    }
    names = labels([f"{data_set} data" for data_set in table])
    groups = [
        {"name": name, "metric_data": metrics[:_MOST_METRICS]}
        for name, metrics in zip(names, table.values(), strict=True)
        if metrics
    ]
    return _evaluation(CANDIDATE_METRICS, groups, _OPTIMISM, datasets=listed(job.datasets, MOST_DATASETS))


def _candidates_ranked(job: AutoMLJob, candidate: Candidate, candidates: Sequence[Candidate]) -> list[dict[str, Any]]:
    """Draw the leaderboard: the best candidates by the objective, always including the registered one."""
    ranked = [
        entry for entry in leaderboard(candidates) if entry.objective and number(entry.objective.value) is not None
    ]
    place = next((place for place, entry in enumerate(ranked, start=1) if entry.name == candidate.name), None)
    shown = ranked[:_MOST_CANDIDATES]
    if place and place > _MOST_CANDIDATES:
        shown = [*shown[:-1], ranked[place - 1]]
    entries = [(entry.name.removeprefix(f"{job.name}-"), entry.objective.value) for entry in shown if entry.objective]
    metric = ranked[0].objective.metric if ranked and ranked[0].objective else ""
    is_ordered = is_ranked(ranked)
    registered = f"Registered: {candidate.name}, number {place} of {len(ranked)}." if place else ""
    drawn = bars(metric, entries, metric, registered if is_ordered else NOT_ORDERED)
    order = "ranked by the objective, best first" if is_ordered else "in order of creation"
    observation = f"{len(shown)} of {len(candidates)} candidates, {order}."
    return _evaluation(LEADERBOARD, [{"name": "Leaderboard", "metric_data": drawn}] if drawn else [], observation)


def _model_insights(report: Report | None) -> list[dict[str, Any]]:
    """Draw ``statistics.json``."""
    if report is None:
        return []
    reading = read_statistics(report.content)
    _log_unknown(report, reading)
    evaluated = text(mapping(mapping(report.content).get("dataset")).get("evaluation_time"))
    return _of_report(
        MODEL_INSIGHTS, report, reading, {"evaluation_time": cut(evaluated, LONGEST_NOTE)} if evaluated else {}
    )


def _explainability(report: Report | None) -> list[dict[str, Any]]:
    """Draw ``analysis.json``: one evaluation each for explanations, partial dependence and bias."""
    if report is None:
        return []
    readings = {
        EXPLAINABILITY: read_explanations(report.content),
        PARTIAL_DEPENDENCE: read_partial_dependence(report.content),
        BIAS: read_bias(report.content),
    }
    _log_unknown(report, *readings.values())
    return [item for name, reading in readings.items() for item in _of_report(name, report, reading, {})]


def _quality_gate(verdict: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    """List a quality gate's verdict, rule by rule.

    :param verdict: ``approved`` and ``rules``, each with ``name``, ``passed``, ``value``, ``limit`` and ``reason``, all
        optional.
    """
    said = verdict_sentence(verdict)
    if not said or verdict is None:
        return []
    metrics = [_rule(mapping(rule)) for rule in sequence(verdict.get("rules")) if mapping(rule)]
    groups = [{"name": "Rules", "metric_data": metrics[:_MOST_RULES]}] if metrics else []
    details = {
        cut(key, LONGEST_NOTE): cut(value, LONGEST_NOTE)
        for key, value in list(verdict.items())[:_MOST_RULES]
        if key not in ("approved", "rules", "compares_with_champion", "evaluation") and text(value)
    }
    item = {"name": QUALITY_GATE, "evaluation_observation": said, "metadata": details, "metric_groups": groups}
    return [{key: value for key, value in item.items() if value or key == "metric_groups"}]


def _rule(rule: Mapping[str, Any]) -> Metric:
    figures = [f"{name} {value:.6g}" for name in ("value", "limit") if (value := number(rule.get(name))) is not None]
    notes = ": ".join(filter(None, [", ".join(figures), text(rule.get("reason"))]))
    return answer(rule.get("name"), rule.get("passed"), notes)


def _of_report(name: str, report: Report, reading: Reading, metadata: Mapping[str, str]) -> list[dict[str, Any]]:
    where = {"report": cut(report.uri, LONGEST_NOTE), **metadata}
    return _evaluation(name, reading.groups, reading.observation, metadata=where)


def _evaluation(
    name: str, groups: Sequence[Mapping[str, Any]], observation: str, **members: Any
) -> list[dict[str, Any]]:
    """Make an evaluation; an empty list if it has no metrics."""
    said = {"evaluation_observation": observation} if observation else {}
    given = {key: value for key, value in members.items() if value}
    return [{"name": name, **said, **given, "metric_groups": list(groups)}] if groups else []


def _log_unknown(report: Report, *readings: Reading) -> None:
    unknown = list(dict.fromkeys(cut(place, 200) for reading in readings for place in reading.unknown))
    if unknown:
        more = f" and {len(unknown) - _MOST_NAMED} more" if len(unknown) > _MOST_NAMED else ""
        _log.warning(
            "Report %s has parts in an unknown format, which are left out of the model card: %s%s",
            escaped(report.uri),
            escaped(", ".join(unknown[:_MOST_NAMED])),
            more,
        )
