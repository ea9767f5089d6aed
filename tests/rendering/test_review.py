"""The review text has the relevant facts for any card, and no text of a card affects its markup."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st
from markdown_it import MarkdownIt

from airflow_sagemaker_automl.core.gate.quality_gate import Ruling, Verdict
from airflow_sagemaker_automl.rendering.review import LONGEST_BODY, is_about, marked, review_body, review_subject
from tests.rendering.test_markdown import HOSTILE
from tests.support.cards import CANDIDATE, OTHER, build
from tests.support.rendered_cards import ODD_CARDS, TEXT_PATHS, with_value

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/4"
VERDICT = Verdict(
    approved=False,
    champion=ARN.replace("/4", "/3"),
    rules=(
        Ruling(name="F1 on validation data at least 0.9", passed=True, value=0.96, limit=0.9, reason="it is 0.96"),
        Ruling(
            name="F1 on test data better than the champion's by at least 0.01",
            passed=False,
            value=0.92,
            limit=0.95,
            reason="0.92 < champion 0.95 (version 3): worse by 0.03",
        ),
    ),
).to_json()
AUTHOR = {
    "intended_uses": {"intended_uses": "Letters to customers", "risk_rating": "Medium"},
    "additional_information": {"caveats_and_recommendations": "Not for businesses"},
}
CARD = build(verdict=VERDICT, author=AUTHOR)


def version(card: Any = CARD, **members: Any) -> dict[str, Any]:
    """Give an answer of ``DescribeModelPackage``."""
    content = card if isinstance(card, str) else json.dumps(card)
    return {
        "ModelPackageGroupName": "churn",
        "ModelPackageVersion": 4,
        "ModelPackageArn": ARN,
        "CreationTime": datetime(2026, 3, 1, tzinfo=UTC),
        "CustomerMetadataProperties": {
            "automl_job_name": "job",
            "objective_metric": "F1",
            "objective_value": "0.9612345",
            "objective_type": "Maximize",
            "dag_id": "retrain",
            "run_id": "manual__1",
        },
        "ModelCard": {"ModelCardContent": content, "ModelCardStatus": "PendingReview"},
        **members,
    }


def shape(markdown: str) -> list[str]:
    """Return the types of all blocks and spans, ignoring their texts, with automatic links as in Airflow's UI."""
    reader = MarkdownIt("gfm-like")
    assert reader.linkify is not None
    reader.linkify.set({"fuzzy_link": False})
    tokens = reader.parse(markdown)
    leaves = [leaf.type for token in tokens for leaf in token.children or []]
    return [token.type for token in tokens] + [leaf for leaf in leaves if leaf not in ("text", "code_inline")]


def section(body: str, title: str) -> str:
    """Return one section."""
    return body.split(f"### {title}\n\n")[1].split("\n\n### ")[0]


def test_it_begins_with_the_figure_and_tells_the_verdict_with_its_numbers() -> None:
    """Violated rules come first, and the champion's number is shown."""
    body = review_body(version())
    assert body.startswith("**F1 0.9200** (Test data); other data: Validation 0.9600; objective: Maximize F1\n")
    assert section(body, "Quality gate") == "\n".join(
        [
            "**The quality gate has not approved this model.**",
            "",
            "Compared with churn, version 3, the champion at that time.",
            "",
            "| Rule | Result | Details |",
            "| --- | --- | --- |",
            "| F1 on test data better than the champion's by at least 0.01 | **failed** "
            "| 0.92 &lt; champion 0.95 (version 3): worse by 0.03 |",
            "| F1 on validation data at least 0.9 | passed | it is 0.96 |",
        ]
    )


def test_it_ranks_the_candidates_and_marks_the_registered_one() -> None:
    """Names are those of the leaderboard, without the job's name."""
    assert section(review_body(version()), "Leaderboard").splitlines() == [
        "| Rank | Candidate | F1 |",
        "| --- | --- | --- |",
        "| 1 | **lightgbm** | **0.9600** |",
        "| 2 | forest | 0.9100 |",
        "",
        "The registered candidate, in bold, is number 1 of 2.",
    ]


def test_a_candidate_far_down_is_shown_with_the_best() -> None:
    """A candidate that was registered by name may not be among the first."""
    others = [{**OTHER, "CandidateName": f"job-{place}"} for place in range(30)]
    low = {**OTHER, "CandidateName": "job-low", "FinalAutoMLJobObjectiveMetric": {"MetricName": "F1", "Value": 0.5}}
    card = build(candidates=[CANDIDATE, *others, low])
    lines = section(review_body(version(card)), "Leaderboard").splitlines()
    assert [line.split(" | ")[0] for line in lines[2:8]] == ["| 1", "| 2", "| 3", "| 4", "| 5", "| 32"]
    assert lines[7] == "| 32 | **low** | **0.5000** |"
    assert lines[-1] == "The registered candidate, in bold, is number 32 of 32."


def test_it_tells_the_main_points_and_where_the_version_comes_from() -> None:
    """The effect of each option comes last, and links are only shown if their pages exist."""
    body = review_body(
        version(),
        consequences=["Approve: the version becomes Approved."],
        links={"SageMaker Studio": "https://example.org/#/studio"},
    )
    assert section(body, "Model card").splitlines() == [
        "- **Intended uses:** Letters to customers",
        "- **Risk rating:** Medium",
        "- **Caveats and recommendations:** Not for businesses",
    ]
    assert section(body, "Provenance").splitlines() == [
        "| Fact | Value |",
        "| --- | --- |",
        "| Data | `s3://bucket/train/` `s3://bucket/validation/` |",
        "| AutoML job | job |",
        "| DAG | retrain |",
        "| Run | manual__1 |",
        "| Created | 2026-03-01 00:00 UTC |",
        "",
        "[SageMaker Studio](<https://example.org/#/studio>)",
    ]
    assert body.endswith("### What your answer does\n\n- Approve: the version becomes Approved.")
    assert review_subject(version()) == "Approve churn, version 4?"
    assert "](" not in review_body(version())


@pytest.mark.parametrize("card", ["", "no JSON", "[]", "[" * 100_000, '{"evaluation_details": 7}', "{}"])
def test_without_a_card_that_can_be_read_the_metadata_speaks(card: str) -> None:
    """Versions that were registered outside this package can be reviewed, too."""
    body = review_body(version(card))
    assert body.startswith("**F1 0.9612**; objective: Maximize F1\n")
    assert "No quality gate verdict is recorded." in body
    bare = {"ModelPackageArn": ARN, "ModelPackageGroupName": "churn", "ModelPackageVersion": 4}
    assert review_body(bare).startswith("No metrics are recorded with this version.\n")
    assert "The version has no readable model card." in review_body(bare)


def test_a_verdict_in_the_metadata_is_told_where_the_card_has_none() -> None:
    """The card may have been replaced since."""
    described = version("{}")
    described["CustomerMetadataProperties"]["verdict"] = "Approved: 2 of 2 rules passed"
    assert section(review_body(described), "Quality gate") == "**Approved: 2 of 2 rules passed**"


@pytest.mark.parametrize("path", TEXT_PATHS, ids=lambda path: ".".join(map(str, path)))
def test_hostile_texts_change_nothing(path: Sequence[str | int]) -> None:
    """Markup, links, pictures and HTML in any text of a card are shown literally."""
    plain = shape(review_body(version(with_value(path, "word"))))
    for hostile in HOSTILE:
        if len(hostile.splitlines()) == 1:
            assert shape(review_body(version(with_value(path, hostile)))) == plain, hostile


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_rules_and_candidates_change_nothing(hostile: str) -> None:
    """The same holds for texts of the verdict and the leaderboard."""

    def body(words: str) -> str:
        rules = [{**rule, "name": words, "reason": words} for rule in VERDICT["rules"]]
        named = {**CANDIDATE, "CandidateName": words}
        card = build(verdict={**VERDICT, "rules": rules}, author=AUTHOR, candidates=[OTHER, named])
        return review_body(version(card), consequences=[words])

    assert shape(body(hostile)) == shape(body("word"))


@given(card=ODD_CARDS, metadata=st.dictionaries(st.sampled_from(["verdict", "objective_metric"]), st.text()))
def test_any_card_can_be_asked_about(card: dict[str, Any], metadata: Mapping[str, str]) -> None:
    """For any card the text has a reasonable length and can be sent."""
    body = review_body(version(json.dumps(card), CustomerMetadataProperties=metadata))
    assert len(body.encode()) <= 4 * LONGEST_BODY
    assert len(body) <= LONGEST_BODY


def test_what_is_huge_is_cut() -> None:
    """A card may have a hundred thousand characters that all need escaping."""
    long = "<" * 90_000
    rules = [{"name": f"{place} {long}", "passed": False, "reason": long} for place in range(40)]
    card = build(author={"intended_uses": {"intended_uses": long[:2000]}}, verdict={"approved": True, "rules": rules})
    body = review_body(version(card), consequences=["Approve: it is approved."])
    assert len(body) <= LONGEST_BODY
    assert body.endswith("- Approve: it is approved.")
    assert body.startswith("**F1 0.9200**")


def test_a_body_says_which_version_it_is_about() -> None:
    """The last line names the version, whatever the texts above it are."""
    body = marked("Look at **it**.\n\n", ARN)
    assert body == f"Look at **it**.\n\nModel package: `{ARN}`"
    assert is_about(body, ARN)
    assert not is_about(body, ARN + "0")
    assert not is_about(body + " and more", ARN)
    assert not is_about(None, ARN)
