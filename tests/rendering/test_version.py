"""The registry's data of a version is shown above its card."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from airflow_sagemaker_automl import render_html, render_markdown
from airflow_sagemaker_automl.rendering import version_facts, version_title
from tests.support.rendered_cards import ODD_CARDS

ARN = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn/3"
VERSION: dict[str, Any] = {
    "ModelPackageGroupName": "churn",
    "ModelPackageVersion": 3,
    "ModelPackageArn": ARN,
    "ModelPackageStatus": "Completed",
    "ModelPackageDescription": "Trained on March",
    "ModelApprovalStatus": "Approved",
    "ApprovalDescription": "Seen by Mira",
    "CreationTime": datetime(2026, 3, 1, 14, 5, tzinfo=UTC),
    "CreatedBy": {"IamIdentity": {"Arn": "arn:aws:iam::1:role/airflow"}},
    "LastModifiedTime": datetime(2026, 3, 2, 9, 30, tzinfo=UTC),
    "LastModifiedBy": {
        "UserProfileName": "mira",
        "DomainId": "d-1",
        "IamIdentity": {"Arn": "arn:aws:sts::1:assumed-role/x/mira"},
    },
    "ModelCard": {"ModelCardContent": "{}", "ModelCardStatus": "PendingReview"},
    "ModelLifeCycle": {"Stage": "Staging", "StageStatus": "Live", "StageDescription": "half of the traffic"},
    "CustomerMetadataProperties": {"automl_job_name": "churn-1", "dag_id": "retrain", "run_id": "manual__1"},
}


def test_a_version_is_told_whole() -> None:
    """Statuses with reasons, life cycle, job, DAG, run, time and names."""
    assert version_title(VERSION) == "churn, version 3"
    assert version_facts(VERSION) == {
        "Approval": "Approved",
        "Card": "PendingReview",
        "Reason for the approval status": "Seen by Mira",
        "Last changed by": 'arn:aws:sts::1:assumed-role/x/mira (Studio user profile "mira", domain d-1)',
        "Last changed": "2026-03-02 09:30 UTC",
        "Note": "The version is Approved, but its model card is still PendingReview, because only the approval task in "
        "Airflow changes both. To change the card, use SageMakerUpdateModelPackageOperator(model_card_status=...).",
        "Life cycle": "Staging: Live (half of the traffic)",
        "AutoML job": "churn-1",
        "DAG": "retrain",
        "Run": "manual__1",
        "Created": "2026-03-01 14:05 UTC",
        "Created by": "arn:aws:iam::1:role/airflow",
        "Group": "churn",
        "Version": "3",
        "Description": "Trained on March",
        "Model package": ARN,
    }


def test_the_page_says_who_has_decided_elsewhere_and_why_the_card_stays() -> None:
    """As HTML and as Markdown, with everything escaped."""
    hostile = {"UserProfileName": '<b>x</b>"|*y*', "IamIdentity": {"Arn": "arn:aws:iam::1:user/mira"}}
    facts = version_facts(VERSION | {"LastModifiedBy": hostile, "ApprovalDescription": "<i>Fine</i> | *now*"})
    page, text = (render({}, title="churn", facts=facts) for render in (render_html, render_markdown))
    for shown in (page, text):
        assert "<b>" not in shown
        assert "<i>" not in shown
        assert "arn:aws:iam::1:user/mira" in shown
        assert "2026-03-02 09:30 UTC" in shown
    assert "&lt;b&gt;x&lt;/b&gt;&#39;|*y*" in page
    assert "its model card is still PendingReview" in page
    assert "\\*now\\*" in text


def test_a_version_that_failed_says_so() -> None:
    """The package status is shown if the registration failed."""
    assert version_facts(VERSION | {"ModelPackageStatus": "Failed"})["Registration"] == "Failed"


@pytest.mark.parametrize(
    "written", ["2026-03-01T14:05:59+00:00", "2026-03-01T15:05:59.123000+01:00", 1772373959.123], ids=str
)
def test_moments_are_read_as_the_aws_cli_prints_them(written: Any) -> None:
    """In ISO 8601, or as seconds since 1970."""
    assert version_facts(VERSION | {"CreationTime": written})["Created"] == "2026-03-01 14:05 UTC"


@pytest.mark.parametrize("written", ["soon", 1e300, float("nan"), [], None], ids=str)
def test_what_is_no_moment_does_no_harm(written: Any) -> None:
    """A text is shown literally, anything else is left out."""
    assert version_facts(VERSION | {"CreationTime": written}).get("Created") == ("soon" if written == "soon" else None)


@pytest.mark.parametrize(
    ("described", "title"),
    [
        ({"ModelPackageName": "old-style"}, "old-style"),
        ({"ModelPackageGroupName": "churn"}, "churn"),
        ({}, "Model package"),
    ],
)
def test_every_version_has_a_title(described: dict[str, Any], title: str) -> None:
    """Also a package without a group, and an incomplete description."""
    assert version_title(described) == title
    assert not {"Created", "Created by", "Last changed", "Last changed by", "Note"} & set(version_facts(described))


@given(
    odd=ODD_CARDS,
    members=st.dictionaries(st.sampled_from(sorted(VERSION)), st.one_of(ODD_CARDS, st.text(), st.floats())),
)
def test_an_odd_description_does_no_harm(odd: dict[str, Any], members: dict[str, Any]) -> None:
    """For any value, title and facts are texts that can be rendered."""
    described = VERSION | members
    title, facts = version_title(described), version_facts(described)
    assert all(isinstance(text, str) for text in (title, *facts.values()))
    assert render_html(odd, title=title, facts=facts)
    assert render_markdown(odd, title=title, facts=facts)
