"""An Airflow of their own for the scenarios that kill or freeze its triggerers, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.live.components import WholeAirflow
from tests.live.conftest import checked_airflow
from tests.support.statsd import StatsD, listening

if TYPE_CHECKING:
    from tests.live.rest import Api

_FOLDER = Path(__file__).parent


@pytest.fixture(scope="package")
def described_airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The Airflow of the one process that these tests run in."""
    dags = (_FOLDER.parent / "dags", _FOLDER / "dags")
    with checked_airflow(tmp_path_factory.mktemp("outages") / "airflow", dags) as described:
        yield described


@pytest.fixture(scope="package")
def live_airflow(described_airflow: Any) -> Iterator[WholeAirflow]:
    """An Airflow whose parts a test may kill."""
    airflow = WholeAirflow.from_json(described_airflow)
    yield airflow
    airflow.end()


@pytest.fixture(scope="package")
def api(live_airflow: WholeAirflow) -> Api:
    """Its REST API."""
    return live_airflow.api


@pytest.fixture(scope="package")
def statsd(described_airflow: Any) -> Iterator[StatsD]:
    """The package's metrics from all parts of that Airflow, since the test began."""
    with listening(described_airflow["statsd_port"]) as statsd:
        yield statsd
