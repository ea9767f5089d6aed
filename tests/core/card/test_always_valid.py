"""For any candidates, reports, verdicts and author's texts, the card is valid for the service."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from logging.handlers import QueueHandler
from queue import SimpleQueue
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from airflow_sagemaker_automl.core.card import schema
from airflow_sagemaker_automl.core.card.author import author_card
from airflow_sagemaker_automl.core.card.schema import card_violations, without_breaches
from tests.core.card.test_author import FULL
from tests.core.jobs.test_candidate import described
from tests.support.cards import ANALYSIS, CANDIDATE, JOB, STATISTICS, TEXTS, VERDICT, build, require_sendable
from tests.support.examples import examples

# Texts up to the limit and longer, with any characters, some equal once they are cut.
TEXT = st.one_of(
    st.text(max_size=20),
    st.text(alphabet=st.characters(), max_size=3),
    st.sampled_from(
        ["", " ", "\n", "NaN", "\x00\x85\u2028", "é" * 3000, "x" * 64, "x" * 65, "x" * 1100, "\U0001f600" * 70]
    ),
)
NUMBER = st.one_of(
    st.floats(),
    st.integers(),
    st.sampled_from([10**400, -(10**400), 2**53 + 1, 1e308, -1e308, 5e-324, float("nan"), float("inf")]),
)
LEAF = st.one_of(st.none(), st.booleans(), NUMBER, TEXT)
JSON = st.recursive(
    LEAF,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
    max_leaves=12,
)
ANYTHING_BUT_MAPPINGS = st.one_of(LEAF, st.lists(LEAF, max_size=3))


def _ways(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the paths of all nodes of a tree, including its root."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(found for key, item in inner for found in _ways(item, (*way, key)))]


@st.composite
def spoilt(draw: st.DrawFn, tree: Any) -> Any:
    """Change a realistic tree in a few nodes: another value, another key, a longer list, a missing member."""
    changed = deepcopy(tree)
    for _ in range(draw(st.integers(0, 4))):
        way = draw(st.sampled_from(_ways(changed)))
        if not way:
            continue
        parent = changed
        for step in way[:-1]:
            parent = parent[step]
        kind = draw(st.sampled_from(["value", "gone", "key", "more"]))
        if kind == "value":
            parent[way[-1]] = draw(JSON)
        elif kind == "gone":
            del parent[way[-1]]
        elif kind == "key" and isinstance(parent, dict):
            parent[draw(TEXT)] = parent.pop(way[-1])
        elif isinstance(parent, list):
            parent.extend(deepcopy(parent[-1]) for _ in range(draw(st.integers(1, 20))))
        elif isinstance(parent[way[-1]], dict):
            parent[way[-1]] |= {f"{draw(TEXT)}{place}": draw(NUMBER) for place in range(draw(st.integers(1, 40)))}
    return changed


@contextmanager
def nothing_mended() -> Iterator[None]:
    """Require that the built card is valid without any part being removed."""
    lines: SimpleQueue[logging.LogRecord] = SimpleQueue()
    handler = QueueHandler(lines)
    logger = logging.getLogger(schema.__name__)
    logger.addHandler(handler)
    try:
        yield
    finally:
        logger.removeHandler(handler)
    assert lines.empty(), lines.get().getMessage()


STATISTICS_OF_ANY_KIND = st.one_of(
    st.none(),
    JSON,
    spoilt(STATISTICS),
    spoilt({"multiclass_classification_metrics": STATISTICS["binary_classification_metrics"]}),
)
ANALYSIS_OF_ANY_KIND = st.one_of(st.none(), JSON, spoilt(ANALYSIS), spoilt(TEXTS))


@st.composite
def candidates(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Draw a possible answer of ``ListCandidatesForAutoMLJob``; the last candidate is registered."""
    metrics = st.lists(
        st.fixed_dictionaries({"Value": st.floats()}, optional={"StandardMetricName": TEXT, "Set": TEXT}), max_size=45
    )
    containers = st.lists(st.fixed_dictionaries({}, optional={"Image": TEXT, "ModelDataUrl": TEXT}), max_size=20)
    found = []
    for _ in range(draw(st.integers(1, 4))):
        members: dict[str, Any] = {
            "CandidateProperties": {"CandidateMetrics": draw(metrics)},
            "InferenceContainers": draw(containers),
        }
        if draw(st.booleans()):
            kind = draw(st.sampled_from(["Maximize", "Minimize"]))
            members["FinalAutoMLJobObjectiveMetric"] = {
                "MetricName": draw(TEXT),
                "Type": kind,
                "Value": draw(st.floats()),
            }
        found.append(described(draw(TEXT), **members))
    # As many as the service allows, some equal.
    return found * draw(st.sampled_from([1, 1, 1, 190]))


@st.composite
def authors(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a valid author's part: any members of the full one, with other texts and names."""
    card = author_card(FULL)
    for section in draw(st.sets(st.sampled_from(sorted(card)))):
        del card[section]
    if "intended_uses" in card:
        card["intended_uses"]["purpose_of_model"] = draw(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
    if "additional_information" in card:
        named = st.dictionaries(
            st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30),
            st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=1024),
            max_size=5,
        )
        details = draw(named)
        for place in range(draw(st.sampled_from([0, 0, 0, 80, 95]))):
            details[f"{place}"] = "x" * 1000
        card["additional_information"]["custom_details"] = details
    return {key: value for key, value in card.items() if not card_violations({key: value})}


@settings(max_examples=examples(200))
@given(candidates(), STATISTICS_OF_ANY_KIND, ANALYSIS_OF_ANY_KIND, authors(), st.none() | JSON | spoilt(VERDICT))
def test_every_card_is_one_that_the_service_takes(
    known: list[dict[str, Any]], statistics: Any, analysis: Any, author: dict[str, Any], verdict: Any
) -> None:
    """The card satisfies the schema, has at most 100 000 characters on one line, and has all of the author's text."""
    with nothing_mended():
        card = build(author, statistics, analysis, candidates=known, verdict=verdict)
    require_sendable(card)
    assert _holds(card, author)


@settings(max_examples=examples(100))
@given(spoilt({key: JOB[key] for key in ("AutoMLProblemTypeConfig", "ResolvedAttributes")}), TEXT, TEXT)
def test_every_job_has_such_a_card(members: Any, name: str, reason: str) -> None:
    """A job has a valid card for any number and values of its settings and any reason of the service."""
    if not all(isinstance(members.get(key), dict) for key in members):
        members = {}
    if not all(isinstance(config, dict) for config in members.get("AutoMLProblemTypeConfig", {}).values()):
        del members["AutoMLProblemTypeConfig"]
    attributes = members.get("ResolvedAttributes", {}).get("AutoMLProblemTypeResolvedAttributes", {})
    if not isinstance(attributes, dict) or not all(isinstance(item, dict) for item in attributes.values()):
        del members["ResolvedAttributes"]
    job = {**JOB, **members, "AutoMLJobName": name, "PartialFailureReasons": [{"PartialFailureMessage": reason}] * 5}
    with nothing_mended():
        card = build(job=job)
    require_sendable(card)


@settings(max_examples=examples(60))
@given(spoilt(author_card(FULL)))
def test_what_breaks_the_schema_can_always_be_taken_out(card: dict[str, Any]) -> None:
    """Invalid parts are removed until a valid card is left; a valid card is unchanged."""
    sound = without_breaches(card)
    assert [violation for violation in card_violations(sound) if violation.path != "model_card"] == []
    assert sound == card or card_violations(card)


@pytest.mark.parametrize("count", [1, 750])
def test_hundreds_of_candidates_with_the_longest_names_are_no_trouble(count: int) -> None:
    """750 is the service's limit for candidates."""
    named = [{**CANDIDATE, "CandidateName": "\N{SNOWMAN}" * 60 + f"{place:04}"} for place in range(count)]
    require_sendable(build(candidates=named))


def _holds(card: Any, words: Any) -> bool:
    """Whether a card contains all of an author's part, in the same places."""
    if isinstance(words, dict):
        return all(key in card and _holds(card[key], value) for key, value in words.items())
    if isinstance(words, list):
        return bool(card[: len(words)] == words)
    return bool(card == words)
