"""One whole Airflow on PostgreSQL for all scenarios, and an emulator for each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from demo.sandbox import REGION, emulator
from tests.jobs import unique
from tests.live.components import WholeAirflow, processes_of, whole_airflow
from tests.live.postgres import cluster, programs
from tests.live.rest import CANARY
from tests.live.service import FIRST_KEY, Service
from tests.statsd import listening

if TYPE_CHECKING:
    from tests.live.rest import Api


@pytest.fixture(scope="session")
def live_airflow(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WholeAirflow]:
    """An Airflow whose parts a test may kill, if it leaves one of each behind."""
    binaries = programs()
    if binaries is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: apt install postgresql)")
    home = tmp_path_factory.mktemp("live") / "airflow"
    with (
        cluster(binaries) as database_url,
        listening() as statsd,
        whole_airflow(home, database_url, "http://127.0.0.1:9", statsd) as airflow,
    ):
        yield airflow
    assert processes_of(home) == []
    assert [file for file in home.rglob("*.log*") if CANARY in file.read_text(errors="replace")] == []


@pytest.fixture(scope="session")
def api(live_airflow: WholeAirflow) -> Api:
    """The live Airflow's REST API."""
    return live_airflow.api


_MORE_JOBS_THAN_TASKS = 1000


@pytest.fixture
def service(api: Api) -> Iterator[Service]:
    """An emulator for one scenario, with a quota that is never met unless the scenario changes it."""
    with emulator(concurrent_jobs=_MORE_JOBS_THAN_TASKS) as url:
        service = Service(url, unique("aws"))
        api.connect_to_aws(service.aws_conn_id, url, REGION, FIRST_KEY)
        yield service
