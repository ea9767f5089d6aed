"""The question tells what is to be known, from whatever card there is, and no text of a card does anything in it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from airflow_sagemaker_automl.core.quality_gate import Ruling, Verdict
from airflow_sagemaker_automl.rendering.review import LONGEST_BODY, is_about, marked, review_body, review_subject
from tests.core.card.cards import CANDIDATE, OTHER, build
from tests.rendering.cards import ODD_CARDS, TEXT_PATHS, with_value
from tests.rendering.test_markdown import HOSTILE

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
    """Read which blocks and spans there are, whatever their texts; as eager about links as Airflow's pages."""
    reader = MarkdownIt("gfm-like")
    assert reader.linkify is not None
    reader.linkify.set({"fuzzy_link": False})
    tokens = reader.parse(markdown)
    leaves = [leaf.type for token in tokens for leaf in token.children or []]
    return [token.type for token in tokens] + [leaf for leaf in leaves if leaf not in ("text", "code_inline")]


def section(body: str, title: str) -> str:
    """Cut a section out."""
    return body.split(f"### {title}\n\n")[1].split("\n\n### ")[0]


def test_it_begins_with_the_figure_and_tells_the_verdict_with_its_numbers() -> None:
    """Broken rules come first, and the champion has its number."""
    body = review_body(version())
    assert body.startswith("**F1 0.92** (Test data); elsewhere: Validation 0.96; objective: Maximize F1\n")
    assert section(body, "Quality gate") == "\n".join(
        [
            "**The quality gate has not approved this model.**",
            "",
            "Compared with churn, version 3, the champion at that time.",
            "",
            "| Rule | Result | Figures |",
            "| --- | --- | --- |",
            "| F1 on test data better than the champion's by at least 0.01 | **failed** "
            "| 0.92 &lt; champion 0.95 (version 3): worse by 0.03 |",
            "| F1 on validation data at least 0.9 | passed | it is 0.96 |",
        ]
    )


def test_it_ranks_the_candidates_and_marks_the_registered_one() -> None:
    """Names are those of the leaderboard, without the job's."""
    assert section(review_body(version()), "Leaderboard").splitlines() == [
        "| Place | Candidate | F1 |",
        "| --- | --- | --- |",
        "| 1 | **lightgbm** | **0.96** |",
        "| 2 | forest | 0.91 |",
        "",
        "The bold one is number 1, and is what was registered. There were 2 candidates.",
    ]


def test_a_candidate_far_down_is_shown_with_the_best() -> None:
    """What was registered by name need not be among the first."""
    others = [{**OTHER, "CandidateName": f"job-{place}"} for place in range(30)]
    low = {**OTHER, "CandidateName": "job-low", "FinalAutoMLJobObjectiveMetric": {"MetricName": "F1", "Value": 0.5}}
    card = build(candidates=[CANDIDATE, *others, low])
    lines = section(review_body(version(card)), "Leaderboard").splitlines()
    assert [line.split(" | ")[0] for line in lines[2:8]] == ["| 1", "| 2", "| 3", "| 4", "| 5", "| 32"]
    assert lines[7] == "| 32 | **low** | **0.5** |"
    assert lines[-1] == "The bold one is number 32, and is what was registered. There were 32 candidates."


def test_it_tells_the_main_points_and_where_the_version_comes_from() -> None:
    """What each answer does comes last, and links only where there are pages."""
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
    assert section(body, "Where it comes from").splitlines() == [
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
    """Versions that others have registered are asked about too."""
    body = review_body(version(card))
    assert body.startswith("**F1 0.9612**; objective: Maximize F1\n")
    assert "No verdict of a quality gate is recorded." in body
    bare = {"ModelPackageArn": ARN, "ModelPackageGroupName": "churn", "ModelPackageVersion": 4}
    assert review_body(bare).startswith("No figures of this model are recorded with the version.\n")
    assert "The version has no model card that can be read." in review_body(bare)


def test_a_verdict_in_the_metadata_is_told_where_the_card_has_none() -> None:
    """A card may have been replaced since."""
    described = version("{}")
    described["CustomerMetadataProperties"]["verdict"] = "Approved: 2 of 2 rules are kept"
    assert section(review_body(described), "Quality gate") == "**Approved: 2 of 2 rules are kept**"


@pytest.mark.parametrize("path", TEXT_PATHS, ids=lambda path: ".".join(map(str, path)))
def test_hostile_texts_change_nothing(path: Sequence[str | int]) -> None:
    """Markup, links, pictures and HTML in any text of a card are words."""
    plain = shape(review_body(version(with_value(path, "word"))))
    for hostile in HOSTILE:
        if len(hostile.splitlines()) == 1:
            assert shape(review_body(version(with_value(path, hostile)))) == plain, hostile


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_rules_and_candidates_change_nothing(hostile: str) -> None:
    """So are those of the verdict and the leaderboard."""

    def body(words: str) -> str:
        rules = [{**rule, "name": words, "reason": words} for rule in VERDICT["rules"]]
        named = {**CANDIDATE, "CandidateName": words}
        card = build(verdict={**VERDICT, "rules": rules}, author=AUTHOR, candidates=[OTHER, named])
        return review_body(version(card), consequences=[words])

    assert shape(body(hostile)) == shape(body("word"))


@given(card=ODD_CARDS, metadata=st.dictionaries(st.sampled_from(["verdict", "objective_metric"]), st.text()))
def test_any_card_can_be_asked_about(card: dict[str, Any], metadata: Mapping[str, str]) -> None:
    """Whatever stands where: the question is of sane length, and a text that can be sent."""
    body = review_body(version(json.dumps(card), CustomerMetadataProperties=metadata))
    assert len(body.encode()) <= 4 * LONGEST_BODY
    assert len(body) <= LONGEST_BODY


def test_what_is_huge_is_cut() -> None:
    """A card may have a hundred thousand characters, all of them to be escaped."""
    long = "<" * 90_000
    rules = [{"name": f"{place} {long}", "passed": False, "reason": long} for place in range(40)]
    card = build(author={"intended_uses": {"intended_uses": long[:2000]}}, verdict={"approved": True, "rules": rules})
    body = review_body(version(card), consequences=["Approve: it is approved."])
    assert len(body) <= LONGEST_BODY
    assert body.endswith("- Approve: it is approved.")
    assert body.startswith("**F1 0.92**")


def test_a_body_says_which_version_it_is_about() -> None:
    """By its last line, whoever has written the rest."""
    body = marked("Look at **it**.\n\n", ARN)
    assert body == f"Look at **it**.\n\nModel package: `{ARN}`"
    assert is_about(body, ARN)
    assert not is_about(body, ARN + "0")
    assert not is_about(body + " and more", ARN)
    assert not is_about(None, ARN)
