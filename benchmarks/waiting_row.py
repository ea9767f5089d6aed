"""One row of :mod:`benchmarks.waiting`: a process with waiting tasks, measured from outside.

``requests_per_minute``, ``requests_per_round``
    SageMaker requests that the emulator has answered while all tasks wait and no job ends. A round is one shared poll
    on our side, and one interval on the provider's side.
``longest_block_s``
    Longest delay of a heartbeat of ten milliseconds while the triggers start, and around the end of jobs.
``start_cpu_s``
    CPU seconds of the process from the first trigger until the emulator has been polled about every job once, plus one
    second. It includes creating clients, and modules that the triggers import late. It excludes the baseline: the
    imports of Airflow's triggerer, of the provider's AWS hook (with boto3) and of the trigger's own module, and a
    garbage collection after them.
``cpu_s_per_minute``
    CPU seconds of the process while no job ends and the heartbeat is off.
``memory_mib``
    Growth of the process's own memory (USS) over the baseline, at the end of that time.
``end_to_event_s``
    The longest time from the end of a job to the task's event, for three jobs that end at different moments of an
    interval. On our side the first one ends right after a shared poll, which is the worst moment.
"""

from __future__ import annotations

import json
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

import psutil

from benchmarks.held_jobs import ROLE, HeldJobs
from benchmarks.waiting_process import CAPACITY_LIMIT, job_name
from demo.sandbox import REPOSITORY, airflow_environment, end

POLL_SECONDS = 10.0
FOLDER = REPOSITORY / "build" / "bench"
# ``make bench`` installs these for the provider's triggers: no release of aiobotocore supports the newest boto3.
_PACKAGES = FOLDER / "packages"
_SETTLING_SECONDS = 1.0
_BETWEEN_ENDS_SECONDS = 3.0
_LONGEST_STEP_SECONDS = 600.0
_POLLS = ("ListAutoMLJobs", "DescribeAutoMLJobV2", "ListTransformJobs", "DescribeTransformJob")


_WAITED_FOR = {"job": "an AutoML job", "transform": "a transform job", "capacity": "quota"}


class Plan(NamedTuple):
    """What a row measures."""

    subject: str
    kind: str
    waiting: int
    assumed_role: bool

    def __str__(self) -> str:
        """Describe it for the table."""
        return f"{self.subject}: {self.waiting} wait for {_WAITED_FOR[self.kind]}{self.role}"

    @property
    def role(self) -> str:
        """Return a suffix for an assumed role; empty without one."""
        return ", with a role" if self.assumed_role else ""


@dataclass(frozen=True)
class Row:
    """A plan and its results; the module docstring defines the metrics."""

    subject: str
    kind: str
    waiting: int
    assumed_role: bool
    requests_per_minute: float
    requests_per_round: float
    longest_block_s: float
    start_cpu_s: float
    cpu_s_per_minute: float
    memory_mib: float
    end_to_event_s: float

    @property
    def plan(self) -> Plan:
        """The plan of this row."""
        return Plan(self.subject, self.kind, self.waiting, self.assumed_role)


class WaitingProcess:
    """A process with waiting tasks.

    :param process: the process; this object reads its standard output.
    """

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._measured = psutil.Process(process.pid)
        self._lines: queue.SimpleQueue[tuple[float, dict[str, Any]]] = queue.SimpleQueue()
        self._failure: str | None = None
        threading.Thread(target=self._read, daemon=True).start()

    def order(self, line: str) -> None:
        """Send a command to the process."""
        print(line, file=self._process.stdin, flush=True)

    def usage(self) -> dict[str, float]:
        """Ask the process for its own usage.

        :return: ``cpu_s`` and ``longest_block_s``, both in seconds.
        """
        self.order("usage")
        return self.until("usage")[1]

    def memory_mib(self) -> float:
        """Return the memory that only this process uses (USS), in MiB."""
        return float(self._measured.memory_full_info().uss) / 2**20

    def until(self, what: str) -> tuple[float, dict[str, Any]]:
        """Wait for an event, and ignore the events before it.

        :return: the time of :func:`time.monotonic`, and the event.
        :raises RuntimeError: a trigger failed, the process ended, or the event did not arrive within ten minutes.
        """
        deadline = time.monotonic() + _LONGEST_STEP_SECONDS
        while time.monotonic() < deadline:
            self.check()
            with suppress(queue.Empty):
                moment, line = self._lines.get(timeout=1)
                if line["what"] == what:
                    return moment, line
        raise RuntimeError(f"There was no event {what!r} within {_LONGEST_STEP_SECONDS} s.")

    def check(self) -> None:
        """Check that the process still works.

        :raises RuntimeError: a trigger failed, or the process ended; its log may say why.
        """
        if self._failure is not None:
            raise RuntimeError(f"The process with the waiting tasks: {self._failure}")

    def _read(self) -> None:
        assert self._process.stdout is not None
        for text in self._process.stdout:
            line = json.loads(text)
            if line["what"] == "failed":
                self._failure = line["error"]
            self._lines.put((time.monotonic(), line))
        self._failure = self._failure or "ended"


@contextmanager
def waiting_process(plan: Plan, jobs: HeldJobs) -> Iterator[WaitingProcess]:
    """Run a process with waiting tasks while the block runs."""
    argument = {**plan._asdict(), "poll_interval": POLL_SECONDS}
    log_file = FOLDER / "logs" / f"{'-'.join(map(str, plan))}.log"
    log_file.parent.mkdir(parents=True, exist_ok=True)
    with log_file.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.waiting_process", json.dumps(argument)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=REPOSITORY,
            env=_environment(plan, jobs),
            start_new_session=True,
        )
    try:
        yield WaitingProcess(process)
    finally:
        end(process)


def _environment(plan: Plan, jobs: HeldJobs) -> dict[str, str]:
    environment = airflow_environment(FOLDER / "airflow", jobs.url)
    connection = json.loads(environment["AIRFLOW_CONN_AWS_DEFAULT"])
    if plan.assumed_role:
        connection["extra"]["role_arn"] = ROLE
    return {**environment, "AIRFLOW_CONN_AWS_DEFAULT": json.dumps(connection), "PYTHONPATH": str(_PACKAGES)}


def measure(plan: Plan, jobs: HeldJobs) -> Row:
    """Measure one row."""
    jobs.clear()
    names = [job_name(number) for number in range(CAPACITY_LIMIT if plan.kind == "capacity" else plan.waiting)]
    if plan.kind == "transform":
        jobs.start_transform_jobs(names)
    else:
        jobs.start_automl_jobs(names)
    with waiting_process(plan, jobs) as process:
        process.until("ready")
        memory, baseline = process.memory_mib(), process.usage()
        process.order("start")
        began = _until_asked_once(plan, jobs, process)
        before = _polls(jobs)
        time.sleep(_SETTLING_SECONDS)
        process.order("rest")
        started = process.usage()
        resting_since = time.monotonic()
        rounds, rested_until = _rest_a_round(plan, process, began)
        requests = _polls(jobs) - before
        rested, resting = process.usage(), time.monotonic() - resting_since
        memory = process.memory_mib() - memory
        process.order("watch")
        delay = _longest_delay(plan, jobs, process, names)
        longest_block = process.usage()["longest_block_s"]
        process.order("stop")
    return Row(
        **plan._asdict(),
        requests_per_minute=requests / (rested_until - began) * 60,
        requests_per_round=requests / rounds,
        longest_block_s=longest_block,
        start_cpu_s=started["cpu_s"] - baseline["cpu_s"],
        cpu_s_per_minute=(rested["cpu_s"] - started["cpu_s"]) / resting * 60,
        memory_mib=memory,
        end_to_event_s=delay,
    )


def _until_asked_once(plan: Plan, jobs: HeldJobs, process: WaitingProcess) -> float:
    """Wait until every task has polled once.

    :return: the time of :func:`time.monotonic`.
    """
    if plan.subject == "ours":
        return process.until("round")[0]
    deadline = time.monotonic() + _LONGEST_STEP_SECONDS
    while jobs.requests()["DescribeTransformJob"] < plan.waiting:
        process.check()
        if time.monotonic() > deadline:
            raise RuntimeError(f"{plan}: not all tasks have polled within {_LONGEST_STEP_SECONDS} s.")
        time.sleep(0.1)
    return time.monotonic()


def _rest_a_round(plan: Plan, process: WaitingProcess, began: float) -> tuple[float, float]:
    """Wait for one round.

    :return: the number of rounds, and the time of :func:`time.monotonic` at their end.
    """
    if plan.subject == "ours":
        return 1, process.until("round")[0]
    time.sleep(max(0.0, began + POLL_SECONDS - time.monotonic()))
    ended = time.monotonic()
    return (ended - began) / POLL_SECONDS, ended


def _polls(jobs: HeldJobs) -> int:
    counts = jobs.requests()
    return sum(counts[operation] for operation in _POLLS)


def _longest_delay(plan: Plan, jobs: HeldJobs, process: WaitingProcess, names: list[str]) -> float:
    """End some jobs, and wait for the same number of events.

    :return: the longest delay, in seconds.
    """
    ended: dict[str, float] = {}
    for name in (names[0], names[len(names) // 2], names[-1]):
        if ended:
            time.sleep(_BETWEEN_ENDS_SECONDS)
        (jobs.end_transform_job if plan.kind == "transform" else jobs.end_automl_job)(name)
        ended[name] = time.monotonic()
    delays = []
    for name in ended:
        moment, line = process.until("event")
        # Tasks that wait for quota start in the order in which jobs end.
        delays.append(moment - ended[name if plan.kind == "capacity" else line["payload"]["job_name"]])
    return max(delays)
