"""An Airflow whose parts are processes that a test may kill, stop and start, each for itself."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from demo.sandbox import REPOSITORY
from demo.standalone import Airflow, configure, free_port, unhealthy
from tests.live.lineage import lineage_environment
from tests.live.rest import Api, wait_until
from tests.support.dag_bundles import dag_bundles
from tests.support.jobs import unique
from tests.support.statsd import statsd_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

_HEALTHY_WITHIN_SECONDS = 600
# A scheduler that has lost a worker may wait for it for ever, and nothing here is worth waiting for.
_STOPPED_WITHIN_SECONDS = 15

# Scenarios whose tasks wait in a worker hold one each.
_PARALLELISM = 8

# Airflow notices within seconds what it would otherwise notice within minutes, and reads a DAG file once: each
# reading costs two seconds of CPU.
_QUICK = {
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "3600",
    "AIRFLOW__DATABASE__SQL_ALCHEMY_POOL_SIZE": "10",
    "AIRFLOW__SCHEDULER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__ORPHANED_TASKS_CHECK_INTERVAL": "5",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_THRESHOLD": "60",
    "AIRFLOW__SCHEDULER__SCHEDULER_HEARTBEAT_SEC": "1",
    "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "1",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
    "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    "AIRFLOW__TRIGGERER__JOB_HEARTBEAT_SEC": "1",
    "AIRFLOW__TRIGGERER__TRIGGERER_HEALTH_CHECK_THRESHOLD": "6",
    "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "1",
}


class Component:
    """A part of Airflow that runs in a session of its own, with all processes that it starts.

    :param pid: of its main process.
    :param log: file for what it prints.
    """

    def __init__(self, pid: int, log: Path) -> None:
        self.pid = pid
        self.log = log

    @classmethod
    def start(cls, command: Sequence[str], environment: dict[str, str], log: Path) -> Component:
        """Start one.

        :param command: what to run.
        """
        with log.open("ab") as output:
            process = subprocess.Popen(command, env=environment, stdout=output, stderr=output, start_new_session=True)
        # It is looked at by its number from now on, as other processes do; this one has to bury it.
        threading.Thread(target=process.wait, daemon=True).start()
        return cls(process.pid, log)

    @property
    def is_running(self) -> bool:
        """Whether its main process has not ended."""
        try:
            return bool(psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE)
        except psutil.NoSuchProcess:
            return False

    def kill(self) -> None:
        """Let it vanish, as with the machine that it runs on."""
        self.signal(signal.SIGKILL)
        wait_until(lambda: not self.is_running, f"{self.pid} is not killed")

    def freeze(self) -> None:
        """Stop it where it is, as on a machine that is suspended."""
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self.signal(signal.SIGCONT)

    def ask_to_end(self) -> None:
        """Ask its main process to end in its own time."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, signal.SIGINT)

    def make_end(self, seconds: float) -> None:
        """Wait for its end, and kill what is left then."""
        deadline = time.monotonic() + seconds
        while self.is_running and time.monotonic() < deadline:
            time.sleep(0.1)
        self.kill()

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to all of its processes."""
        for process in psutil.process_iter():
            with suppress(ProcessLookupError, psutil.NoSuchProcess):
                if os.getsid(process.pid) == self.pid:
                    process.send_signal(number)


@dataclass(frozen=True)
class Triggerer:
    """A running triggerer.

    :param job_id: by which Airflow knows it.
    """

    component: Component
    job_id: int


@dataclass
class WholeAirflow:
    """A running Airflow in parts.

    :param airflow: its address and environment.
    :param logs: folder of what its parts print.
    """

    airflow: Airflow
    logs: Path
    triggerers: list[Triggerer] = field(default_factory=list)
    _components: list[Component] = field(default_factory=list)

    @classmethod
    def from_json(cls, described: dict[str, Any]) -> WholeAirflow:
        """Find the one that another process has described with :meth:`to_json`; it ends only what it starts itself."""
        triggerers = [
            Triggerer(Component(each["pid"], Path(each["log"])), each["job_id"]) for each in described["triggerers"]
        ]
        return cls(Airflow(**described["airflow"]), Path(described["logs"]), triggerers)

    def to_json(self) -> dict[str, Any]:
        """Describe it for other processes."""
        triggerers = [
            {"pid": each.component.pid, "log": str(each.component.log), "job_id": each.job_id}
            for each in self.triggerers
        ]
        return {"airflow": asdict(self.airflow), "logs": str(self.logs), "triggerers": triggerers}

    @cached_property
    def api(self) -> Api:
        """Its REST API."""
        return Api(self.airflow)

    def start(self, *command: str) -> Component:
        """Start a part.

        :param command: as after ``airflow``.
        """
        log = self.logs / f"{command[0]}-{unique()}.log"
        component = Component.start(["airflow", *command], self.airflow.environment, log)
        self._components.append(component)
        return component

    def start_triggerer(self) -> Triggerer:
        """Start another triggerer, and wait until Airflow knows it.

        Its log server, which would need a port of its own, is left out.
        """
        known = self.api.triggerers()
        component = self.start("triggerer", "--skip-serve-logs")
        wait_until(lambda: self.api.triggerers() != known, "the triggerer has not started")
        [job_id] = self.api.triggerers() - known
        triggerer = Triggerer(component, job_id)
        self.triggerers.append(triggerer)
        return triggerer

    def replace_triggerer(self, lost: Triggerer) -> None:
        """Start a triggerer in place of one that was killed."""
        self.triggerers.remove(lost)
        if lost.component in self._components:
            self._components.remove(lost.component)
        self.start_triggerer()

    @contextmanager
    def second_triggerer(self) -> Iterator[Triggerer]:
        """Run another triggerer until the block ends."""
        triggerer = self.start_triggerer()
        try:
            yield triggerer
        finally:
            triggerer.component.thaw()
            triggerer.component.ask_to_end()
            triggerer.component.make_end(_STOPPED_WITHIN_SECONDS)
            self.triggerers.remove(triggerer)
            self._components.remove(triggerer.component)

    def end(self) -> None:
        """End all parts."""
        for component in self._components:
            component.thaw()
            component.ask_to_end()
        deadline = time.monotonic() + _STOPPED_WITHIN_SECONDS
        for component in self._components:
            component.make_end(max(0.0, deadline - time.monotonic()))

    def wait_until_answering(self) -> None:
        """Wait until the REST API answers."""
        self._wait_while(lambda: "the API server" in unhealthy(self.airflow))

    def wait_until_healthy(self) -> None:
        """Wait until each part says that it is well."""
        self._wait_while(lambda: bool(unhealthy(self.airflow)))

    def _wait_while(self, is_starting: Callable[[], bool]) -> None:
        """Wait for the parts to start.

        :raises RuntimeError: one has ended; the message has the end of its log.
        """

        def has_started() -> bool:
            for component in self._components:
                if not component.is_running:
                    tail = component.log.read_text(errors="replace")[-3000:]
                    raise RuntimeError(f"A part of Airflow has ended; the end of {component.log}:\n{tail}")
            return not is_starting()

        wait_until(has_started, "Airflow is not healthy", _HEALTHY_WITHIN_SECONDS)


@contextmanager
def whole_airflow(
    home: Path, dags: Sequence[Path], database_url: str, statsd_port: int, emulator_url: str
) -> Iterator[WholeAirflow]:
    """Run an Airflow with one triggerer until the block ends.

    :param home: ``AIRFLOW_HOME``.
    :param dags: folders of DAG files.
    :param database_url: of its empty metadata database.
    :param statsd_port: where it sends the package's metrics, whether anyone listens or not.
    :param emulator_url: where its default AWS connection points.
    """
    home.mkdir(parents=True, exist_ok=True)
    airflow = configure(home, emulator_url, free_port())
    airflow.environment.update(
        _QUICK,
        **statsd_settings(statsd_port),
        AIRFLOW__CORE__PARALLELISM=str(_PARALLELISM),
        AIRFLOW__CORE__EXECUTOR="tests.live.executor.PreparedLocalExecutor",
        AIRFLOW__DATABASE__SQL_ALCHEMY_CONN=database_url,
        AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST=dag_bundles(dags),
        PYTHONPATH=str(REPOSITORY),
        **lineage_environment(home),
    )
    # What is killed leaves halves of files behind, and being measured takes a hundred tasks twice as long.
    airflow.environment.pop("COVERAGE_PROCESS_CONFIG", None)
    migrated = subprocess.run(["airflow", "db", "migrate"], env=airflow.environment, capture_output=True, text=True)
    assert migrated.returncode == 0, migrated.stderr
    whole = WholeAirflow(airflow, home)
    try:
        whole.start("api-server")
        whole.start("scheduler", "--skip-serve-logs")
        whole.start("dag-processor")
        whole.wait_until_answering()
        whole.start_triggerer()
        whole.wait_until_healthy()
        yield whole
    finally:
        whole.end()


def processes_of(home: Path) -> list[list[str]]:
    """List the command lines of processes whose AIRFLOW_HOME is below a folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):  # Other people's processes do not tell, and some end meanwhile.
            if process.environ().get("AIRFLOW_HOME", "").startswith(str(home)):
                found.append(process.cmdline())
    return found
