"""A verdict is passed between tasks: it can be read in every form, and its summary fits into metadata."""

from __future__ import annotations

import json
from typing import Any

import pytest

from airflow_sagemaker_automl import BetterThanChampion, QualityGate, Threshold
from airflow_sagemaker_automl.core.gate.verdict import about_another, approval_by, read_verdict, summary
from airflow_sagemaker_automl.core.registry.model_package import metadata_value
from airflow_sagemaker_automl.core.rules.characters import wrong_in_metadata
from tests.core.gate.test_quality_gate import champion, judge

VERDICT = judge(QualityGate(champion=BetterThanChampion(margin=0.05, is_relative=True)), champion()).to_json()


@pytest.mark.parametrize("nothing", [None, "", "  \n"])
def test_nothing_is_no_verdict(nothing: Any) -> None:
    """For example an empty text from a template or a missing XCom."""
    assert read_verdict(nothing) == (None, [])


@pytest.mark.parametrize("given", [VERDICT, json.dumps(VERDICT), {**VERDICT, "approval_status": "Rejected"}])
def test_a_verdict_is_a_mapping_or_its_json(given: Any) -> None:
    """The approval status in it is not recorded: the author may decide otherwise."""
    assert read_verdict(given) == (VERDICT, [])


@pytest.mark.parametrize(("text", "status"), [("true", "Approved"), (" False ", "Rejected")])
def test_its_truth_value_may_be_a_text(text: str, status: str) -> None:
    """As a template renders it."""
    verdict, wrong = read_verdict({"approved": text})
    assert verdict is not None
    assert (approval_by(verdict), wrong) == (status, [])


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            "{'approved': True}",
            "verdict = \"{'approved': True}\" must be a quality gate's verdict, or its JSON; in a template use "
            "the filter tojson",
        ),
        ([], "verdict = [] must be a mapping, not a list"),
        (True, "verdict = True must be a mapping, not true"),
        ("[]", "verdict = '[]' must be a mapping, not a list"),
        ({}, "verdict.approved must be true or false"),
        ({"approved": "yes"}, "verdict.approved = 'yes' must be true or false"),
        ({"approved": 1}, "verdict.approved = 1 must be true or false"),
    ],
)
def test_what_is_no_verdict_says_so(given: Any, says: str) -> None:
    """An invalid verdict counts neither as an approval nor as a missing verdict."""
    verdict, wrong = read_verdict(given)
    assert verdict is None
    assert list(map(str, wrong)) == [says]


def test_a_verdict_names_what_it_is_about() -> None:
    """Candidate and version are compared if both are known."""
    verdict = {"approved": True, "job_name": "a", "candidate_name": "b"}
    assert about_another(verdict, job_name="a", candidate_name="b") == []
    assert about_another(verdict, job_name="a", candidate_name=None) == []
    assert about_another({"approved": True}, job_name="a", candidate_name="b") == []
    assert about_another(None, job_name="a") == []
    assert [str(violation) for violation in about_another(verdict, job_name="c", candidate_name="d")] == [
        "verdict.job_name = 'a' must be 'c', which is registered; the verdict is about another one",
        "verdict.candidate_name = 'b' must be 'd', which is registered; the verdict is about another one",
    ]


def test_a_summary_is_a_line_that_metadata_may_have() -> None:
    """Which rules are not kept, in characters that the service allows."""
    assert summary({"approved": True, "rules": []}) == "approved - 0 of 0 rules passed"
    gate = QualityGate(
        thresholds=[Threshold(metric="F1", minimum=0.95), Threshold(metric="F1", minimum=0.5)],
        champion=BetterThanChampion(margin=0.05, is_relative=True),
    )
    line = summary(judge(gate, champion()).to_json())
    assert line == (
        "rejected - 1 of 3 rules passed - failed: F1 on validation data at least 0.95 - F1 on validation data "
        "better than that of the champion by at least 5 percent"
    )
    assert wrong_in_metadata(line) == ""
    assert metadata_value(line) == line
    assert summary({"approved": False, "rules": [1, {"passed": None}]}) == (
        "rejected - 0 of 2 rules passed - failed: a rule without a name - a rule without a name"
    )
