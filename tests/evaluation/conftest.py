"""Models that were really trained, a good and a bad one, and rows that neither has seen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from demo.sandbox import BUCKET
from tests.support.customers import LABEL, customers
from tests.support.jobs import put_table, start, tabular_request, unique, wait
from tests.support.tasks import new_context
from tests.support.trained import QUICK

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

_ROWS, _HELD_OUT = 1200, 600


@dataclass(frozen=True)
class Jobs:
    """Two AutoML jobs that have ended, and labelled rows that neither has seen.

    :param good: name of the job whose data are right.
    :param bad: name of the job that was trained with many wrong labels.
    :param training: S3 prefix of the good job's data.
    :param held_out: S3 prefix of the other rows.
    :param rows: these rows.
    """

    good: str
    bad: str
    training: str
    held_out: str
    rows: pd.DataFrame


@pytest.fixture
def context() -> Any:
    """The context of a task in a run of its own."""
    return new_context(unique("dag"), "evaluate", unique("run"))


@pytest.fixture
def place() -> str:
    """An output prefix that nobody else uses."""
    return f"s3://{BUCKET}/{unique('evaluated')}/"


@pytest.fixture(scope="session")
def jobs(sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str) -> Jobs:
    """Both jobs."""
    table, held_out = customers(_ROWS, 1), customers(_HELD_OUT, 2)
    wrong = np.random.default_rng(3).uniform(size=_ROWS) < 0.42
    bad = table.assign(**{LABEL: np.where(wrong, np.where(table[LABEL] == "yes", "no", "yes"), table[LABEL])})
    places = [put_table(s3, unique("customers"), each) for each in (table, bad, held_out)]
    names = [start(sagemaker, tabular_request(place, LABEL, **QUICK)) for place in places[:2]]
    for name in names:
        assert wait(sagemaker, name)["AutoMLJobStatus"] == "Completed"
    return Jobs(good=names[0], bad=names[1], training=places[0], held_out=places[2], rows=held_out)
