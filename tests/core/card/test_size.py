"""A card that would be too long omits parts in a documented order and says so; the author's part is never cut."""

from __future__ import annotations

import itertools
import json
import logging
from typing import Any

import pytest

from airflow_sagemaker_automl.core.card.size import ORDER, within_limit
from airflow_sagemaker_automl.core.registry.package_change import package_change
from airflow_sagemaker_automl.core.values.canonical import compact
from tests.core.jobs.test_candidate import described, objective
from tests.support.cards import (
    ANALYSIS,
    CANDIDATE,
    EVALUATED_VERDICT,
    STATISTICS,
    bars,
    build,
    evaluation,
    metric,
    require_sendable,
)

STATEMENT = [
    "partial dependence",
    "explanations of all model outputs except the first",
    "curve points beyond 50",
    "leaderboard entries beyond the first 10",
    "bias metrics",
    "explanations",
    "curves",
    "the leaderboard",
    "the job's settings",
    "the confusion matrix",
    "model insights",
    "candidate metrics by data set",
    "the evaluation on labelled rows",
    "the quality gate's rules",
    "training metrics, data and images",
    "everything except provenance",
    "provenance",
]
CURVE = [place / 999 for place in range(1000)]
LARGE_STATISTICS = {
    **STATISTICS,
    "binary_classification_metrics": {
        **STATISTICS["binary_classification_metrics"],
        "receiver_operating_characteristic_curve": {
            "false_positive_rates": CURVE,
            "true_positive_rates": [value**0.3 for value in CURVE],
        },
    },
}
SHAP = {"global_shap_values": {f"feature {place}": place / 7 for place in range(40)}}
LARGE_ANALYSIS = {
    **ANALYSIS,
    "explanations": {**ANALYSIS["explanations"], "kernel_shap": {f"label{place}": SHAP for place in range(3)}},
}
CANDIDATES = [{**CANDIDATE, **described(f"job-{place}", **objective(place / 100))} for place in range(30)]


def words(characters: int) -> dict[str, Any]:
    """Write an author's part with this number of characters."""
    details = {f"{place:03}": "x" * 900 for place in range((characters - 150) // 909)}
    card = {"additional_information": {"custom_details": details}}
    missing = characters - len(compact(card))
    card["additional_information"]["custom_details"]["rest"] = "x" * (missing - len(',"rest":""'))
    assert len(compact(card)) == characters
    return card


def large(author: Any = None) -> dict[str, Any]:
    """Build a card that has something to omit for each step of the order."""
    return build(author, LARGE_STATISTICS, LARGE_ANALYSIS, candidates=CANDIDATES, verdict=EVALUATED_VERDICT)


def left_out(card: dict[str, Any]) -> list[str]:
    """Read the card's line about omitted parts."""
    line = card["additional_information"]["custom_details"].get("Left out", "")
    head, _, tail = line.partition(": ")
    assert head in ("", "To stay within 100000 characters (90000 generated)")
    return [what for what in STATEMENT if what in _parts(tail)]


def _parts(line: str) -> list[str]:
    whole = line.removesuffix(".").replace("training metrics, data and images", "training")
    return [part.replace("training", "training metrics, data and images") for part in whole.split(", ")]


def test_the_order_is_the_one_that_is_stated() -> None:
    """Parts that the reports in S3 have in full are omitted first; the provenance is omitted last."""
    assert [step.what for step in ORDER] == STATEMENT


def test_the_longer_the_authors_part_the_more_is_left_out_in_this_order() -> None:
    """Each card omits the first steps of the order, no more than necessary, and names them."""
    whole = len(compact(large()))
    seen: list[tuple[int, int]] = []
    for characters in range(100_000 - whole, 99_000, 800):
        author = words(characters)
        card = large(author)
        text = require_sendable(card)
        details = card["additional_information"]["custom_details"]
        assert author["additional_information"]["custom_details"].items() <= details.items()
        missing = left_out(card)
        assert missing == STATEMENT[: len(missing)]
        seen.append((len(missing), len(text)))
    assert seen[0][0] == 0
    assert seen[-1][0] >= 13
    for (fewer, before), (more, after) in itertools.pairwise(seen):
        # If nothing more is omitted, the card grows by what the author adds.
        assert more > fewer or (more == fewer and after == before + 800)


@pytest.mark.parametrize("characters", [99_900, 99_999, 100_000])
def test_an_author_who_leaves_no_room_has_the_card_alone(characters: int, caplog: pytest.LogCaptureFixture) -> None:
    """The author's text is complete, and the log names what the card has no room for."""
    author = words(characters)
    with caplog.at_level(logging.INFO):
        assert large(author) == author
    (line,) = caplog.messages
    assert line.startswith("Model card of ")
    assert line.endswith("provenance")


def with_long_curves(characters: int) -> dict[str, Any]:
    """Build a card of about this number of characters, most of them points of one curve."""
    card = large()
    curve = metric(card, "Model insights", "receiver_operating_characteristic_curve")
    points = (characters - len(compact(card))) // len("[0.123,0.456],")
    curve["value"] += [[0.123, 0.456]] * points
    return card


@pytest.mark.parametrize("whole", [91_000, 98_600])
@pytest.mark.parametrize("said_before", [0, 5_000])
def test_what_is_filled_in_leaves_room_for_words_that_come_later(whole: int, said_before: int) -> None:
    """A reviewer can document a version even if its reports alone would fill the card."""
    built = with_long_curves(whole)
    assert 90_000 < len(compact(built)) < 100_000
    author = words(said_before) if said_before else {}
    card = within_limit(built, author)
    assert left_out(card)
    later = {"intended_uses": {"purpose_of_model": "x" * 2000}}
    described = {"ModelPackageArn": "arn", "ModelCard": {"ModelCardContent": compact(card)}}
    (request,) = package_change(described, {}, later).requests
    require_sendable(json.loads(request["ModelCard"]["ModelCardContent"]))


def test_what_fills_ninety_thousand_characters_is_left_whole() -> None:
    """No more room than documented is reserved for later texts."""
    built = with_long_curves(89_900)
    assert 89_000 < len(compact(built)) <= 90_000
    assert within_limit(built, {}) == built
    assert left_out(within_limit(built, words(9_900))) == []


def test_what_is_thinned_still_says_what_it_shows() -> None:
    """Curves of 50 points keep their ends, and the leaderboard its best candidates."""
    whole = large()
    assert len(metric(whole, "Candidates", "F1")["value"]) == 30
    room = 100_000 - len(compact(whole))
    card = next(
        card
        for step in range(60)
        if "leaderboard entries beyond the first 10" in left_out(card := large(words(room + 800 * step)))
    )
    curve = metric(card, "Model insights", "receiver_operating_characteristic_curve")
    assert (len(curve["value"]), curve["value"][0], curve["value"][-1]) == (50, [0.0, 0.0], [1.0, 1.0])
    assert curve["notes"] == "50 points, chosen to keep the shape"
    assert list(bars(metric(card, "Candidates", "F1")).values()) == [place / 100 for place in range(29, 19, -1)]
    assert evaluation(card, "Candidates")["evaluation_observation"] == (
        "10 candidates, ranked by the objective, best first."
    )
    explained = evaluation(card, "Explainability")
    assert len(explained["metric_groups"]) == 1
    assert explained["evaluation_observation"] == "The first of 3 model outputs."


def test_nothing_is_left_out_of_a_card_that_fits() -> None:
    """The card also has no line about omitted parts."""
    assert left_out(large()) == []
    assert "Left out" not in large()["additional_information"]["custom_details"]


def test_only_what_was_there_is_named_as_left_out() -> None:
    """The card of a job without reports does not name curves as omitted."""
    room = 100_000 - len(compact(build(statistics=None, analysis=None, candidates=CANDIDATES)))
    card = build(words(room + 100), None, None, candidates=CANDIDATES)
    assert left_out(card) == ["leaderboard entries beyond the first 10"]
