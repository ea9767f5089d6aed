"""An account of its own, with a candidate, a champion, and rows that neither has seen."""

from __future__ import annotations

from typing import Any

import pytest

from tests.scoring.once.conftest import account as account, intercept as intercept
from tests.support.evaluating import LABELS, ROWS
from tests.support.jobs import unique
from tests.support.scoring import Account, place as new_place
from tests.support.tasks import new_context


@pytest.fixture
def context() -> Any:
    """The context of a task in a run of its own."""
    return new_context(unique("dag"), "evaluate", unique("run"))


@pytest.fixture
def group(account: Account) -> str:
    """Name of a group with a champion."""
    name = unique("group")
    account.version(group=name, kind="BinaryClassification")
    return name


@pytest.fixture
def given(account: Account, group: str) -> dict[str, Any]:
    """What the operator is given; jobs are held."""
    account.hold()
    return {
        "job_name": account.job(kind="BinaryClassification"),
        "model_package_group_name": group,
        "data": account.rows(ROWS, churned=LABELS),
        "output_uri": new_place(),
        "instance_type": "ml.m5.large",
    }
