"""A whole Airflow on PostgreSQL, in which scenarios run at the same time, and an emulator for each of them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from demo.sandbox import REGION, REPOSITORY, emulator
from demo.standalone import free_port
from tests.live.components import WholeAirflow, processes_of, whole_airflow
from tests.live.postgres import cluster, programs
from tests.live.rest import CANARY
from tests.live.service import FIRST_KEY, Service
from tests.live.sharing import shared
from tests.support.jobs import unique

if TYPE_CHECKING:
    from tests.live.rest import Api


@contextmanager
def checked_airflow(home: Path, dags: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Run an Airflow, and check afterwards that it has left no process, and shown no secret.

    :param home: ``AIRFLOW_HOME``.
    :param dags: folders of DAG files.
    """
    binaries = programs()
    if binaries is None:
        pytest.skip("PostgreSQL's server is not installed (Debian: apt install postgresql)")
    statsd_port = free_port()
    with (
        cluster(binaries) as database_url,
        emulator() as url,
        whole_airflow(home, dags, database_url, statsd_port, url) as airflow,
    ):
        yield {**airflow.to_json(), "statsd_port": statsd_port, "emulator_url": url}
    assert processes_of(home) == []
    assert [file for file in home.rglob("*.log*") if CANARY in file.read_text(errors="replace")] == []


@pytest.fixture(scope="package")
def described_airflow(pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The Airflow that all processes use, as the process that started it describes it."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if hasattr(pytestconfig, "workerinput") else own) / "live-airflow"
    folder.mkdir(exist_ok=True)
    dags = (REPOSITORY / "dags", Path(__file__).parent / "dags")
    with shared(folder, lambda: checked_airflow(tmp_path_factory.mktemp("live") / "airflow", dags)) as described:
        yield described


@pytest.fixture(scope="package")
def live_airflow(described_airflow: Any) -> Iterator[WholeAirflow]:
    """An Airflow that other processes use, too."""
    airflow = WholeAirflow.from_json(described_airflow)
    yield airflow
    airflow.end()


@pytest.fixture(scope="package")
def api(live_airflow: WholeAirflow) -> Api:
    """Its REST API."""
    return live_airflow.api


@pytest.fixture(scope="package")
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
