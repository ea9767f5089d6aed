"""Texts from an XCom reach AWS and Airflow's UI unchanged."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from airflow.models.renderedtifields import RenderedTaskInstanceFields
from airflow.utils.session import create_session
from sqlalchemy import select

from tests.dags.quoting import QUOTED
from tests.in_airflow.test_judging import run_of, states, xcoms
from tests.support.gating import ended, figures
from tests.support.jobs import unique
from tests.support.versions import described

if TYPE_CHECKING:
    import pytest
    from mypy_boto3_sagemaker import SageMakerClient

HIDDEN = "what-only-the-variable-has"
MAPPED = ("by_argument", "by_keyword")


def test_data_of_mapped_registrations_is_not_rendered(
    airflow_database: None, sagemaker: SageMakerClient, emulator_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Verdict and card are on the version literally; templates of the same tasks are rendered."""
    monkeypatch.setenv("AIRFLOW_VAR_TOLD_TO_NOBODY", HIDDEN)
    run = run_of("quoting", job_name=ended(sagemaker, emulator_url, figures(0.9)), group=unique("group"))
    assert set(states(run).values()) == {"success"}
    for task_id in MAPPED:
        version = described(sagemaker, xcoms(run, task_id, 0)["return_value"]["model_package_arn"])
        assert version["ModelPackageDescription"] == f"By run {run.run_id}"
        assert version["ModelApprovalStatus"] == "Approved"
        card = version["ModelCard"]["ModelCardContent"]
        assert json.loads(card)["intended_uses"]["purpose_of_model"] == f"purpose {QUOTED}"
        assert f"rule {QUOTED}" in card
        assert HIDDEN not in card
    query = select(RenderedTaskInstanceFields).where(
        RenderedTaskInstanceFields.run_id == run.run_id, RenderedTaskInstanceFields.map_index == 0
    )
    with create_session() as session:
        shown = {entry.task_id: entry.rendered_fields for entry in session.scalars(query)}
    told = {name: (fields["verdict"]["rules"][0]["reason"], fields["description"]) for name, fields in shown.items()}
    assert told == dict.fromkeys(MAPPED, (QUOTED, f"By run {run.run_id}"))
