"""One whole Airflow on PostgreSQL for all scenarios, most of which run in it at the same time, and their emulators."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from demo.sandbox import REGION, emulator
from demo.standalone import free_port
from tests.jobs import unique
from tests.live.components import WholeAirflow, processes_of, whole_airflow
from tests.live.postgres import cluster, programs
from tests.live.rest import CANARY
from tests.live.service import FIRST_KEY, Service
from tests.live.sharing import shared

if TYPE_CHECKING:
    from pathlib import Path

    from tests.live.rest import Api


@contextmanager
def _checked_airflow(home: Path) -> Iterator[dict[str, Any]]:
    """Run an Airflow, and check afterwards that it has left no process, and shown no secret."""
    binaries = programs()
    if binaries is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: apt install postgresql)")
    statsd_port = free_port()
    with (
        cluster(binaries) as database_url,
        emulator() as url,
        whole_airflow(home, database_url, statsd_port, url) as airflow,
    ):
        yield {**airflow.to_json(), "statsd_port": statsd_port, "emulator_url": url}
    assert processes_of(home) == []
    assert [file for file in home.rglob("*.log*") if CANARY in file.read_text(errors="replace")] == []


@pytest.fixture(scope="session")
def described_airflow(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The live Airflow as the process that has started it describes it to all."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if hasattr(pytestconfig, "workerinput") else own) / "live-airflow"
    folder.mkdir(exist_ok=True)
    with shared(folder, lambda: _checked_airflow(tmp_path_factory.mktemp("live") / "airflow")) as described:
        yield described


@pytest.fixture(scope="session")
def live_airflow(described_airflow: Any) -> Iterator[WholeAirflow]:
    """An Airflow that other processes use, too."""
    airflow = WholeAirflow.from_json(described_airflow)
    yield airflow
    airflow.end()


@pytest.fixture(scope="session")
def api(live_airflow: WholeAirflow) -> Api:
    """The live Airflow's REST API."""
    return live_airflow.api


@pytest.fixture(scope="session")
def default_url(described_airflow: Any) -> str:
    """URL of the emulator that its default AWS connection points to, for the DAGs of the repository."""
    return str(described_airflow["emulator_url"])


_MORE_JOBS_THAN_TASKS = 1000


@pytest.fixture
def service(api: Api) -> Iterator[Service]:
    """An emulator for one scenario, with a quota that is never met unless the scenario changes it."""
    with emulator(concurrent_jobs=_MORE_JOBS_THAN_TASKS) as url:
        service = Service(url, unique("aws"))
        api.connect_to_aws(service.aws_conn_id, url, REGION, FIRST_KEY)
        yield service
