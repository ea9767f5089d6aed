"""Measure the cost of waiting: our triggers and the Amazon provider's ``SageMakerTrigger``, one new process per row.

In each row, the tasks of one process wait on one connection: for AutoML or transform jobs that an emulator keeps in
progress, or for a free place in the quota that such jobs use up. Both sides poll every ten seconds, and use the
versions of boto3 and botocore that the provider's trigger needs. :mod:`benchmarks.waiting_row` defines the metrics.

Other load on the machine changes the values, so compare only values of the same run.

    python -m benchmarks.waiting [20,200,1000]
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict

from benchmarks.held_jobs import held_jobs
from benchmarks.waiting_row import FOLDER, POLL_SECONDS, Plan, Row, measure
from demo.sandbox import REPOSITORY, interrupt_on_signals

FILE = FOLDER / "waiting.json"
_WAITING = (20, 200, 1000)
# With an assumed role, the provider uses about 25 MiB per task.
_MOST_WITH_ROLE = 200
_HEADINGS = {
    "requests_per_minute": "requests/min",
    "requests_per_round": "a round",
    "longest_block_s": "block s",
    "start_cpu_s": "start CPU s",
    "cpu_s_per_minute": "CPU s/min",
    "memory_mib": "MiB",
    "end_to_event_s": "end to event s",
}
_COMPARED = ("requests_per_minute", "longest_block_s", "start_cpu_s", "cpu_s_per_minute", "memory_mib")


def plans(waiting: Iterable[int]) -> Iterator[Plan]:
    """List the rows of a run, with the rows that are compared next to each other."""
    for number in waiting:
        for assumed_role in (False, True):
            yield Plan("ours", "transform", number, assumed_role)
            if not assumed_role or number <= _MOST_WITH_ROLE:
                yield Plan("provider", "transform", number, assumed_role)
                yield Plan("ours", "job", number, assumed_role)
                yield Plan("ours", "capacity", number, assumed_role)


def table(rows: Iterable[Row]) -> Iterator[str]:
    """Format rows as the lines of a table."""
    yield f"{'':<42}" + "".join(f"{heading:>16}" for heading in _HEADINGS.values())
    for row in rows:
        yield f"{row.plan!s:<42}" + "".join(f"{getattr(row, figure):>16.2f}" for figure in _HEADINGS)


def ratios(rows: Iterable[Row]) -> Iterator[str]:
    """Format the provider's values as multiples of ours, one line for each plan that both sides have."""
    by_plan = {row.plan: row for row in rows}
    for plan, ours in by_plan.items():
        provider = by_plan.get(plan._replace(subject="provider"))
        if provider is None or plan.subject == "provider":
            continue
        times = (
            f"{getattr(provider, figure) / getattr(ours, figure):.0f} x {_HEADINGS[figure]}" for figure in _COMPARED
        )
        yield f"The provider's {plan.waiting} tasks{plan.role}: " + ", ".join(times)


def main(arguments: list[str]) -> int:
    """Measure all rows, write each result to the file, and print the table at the end.

    :param arguments: task counts, separated by commas. Default: 20,200,1000.
    :return: exit status.
    """
    interrupt_on_signals()
    waiting = [int(number) for number in arguments[0].split(",")] if arguments else _WAITING
    planned = list(plans(waiting))
    shutil.rmtree(FOLDER / "logs", ignore_errors=True)
    print(
        f"Waiting tasks, polled every {POLL_SECONDS:.0f} s: {len(planned)} rows of about half a minute each",
        flush=True,
    )
    rows: list[Row] = []
    began = time.monotonic()
    try:
        with held_jobs() as jobs:
            for number, plan in enumerate(planned, 1):
                print(f"{time.monotonic() - began:6.0f} s  {number}/{len(planned)}  {plan}", flush=True)
                rows.append(measure(plan, jobs))
                FILE.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    except KeyboardInterrupt:
        return 130
    except RuntimeError as error:
        print(f"{error}\nLogs are in {(FOLDER / 'logs').relative_to(REPOSITORY)}", file=sys.stderr)
        return 1
    finally:
        print("", *table(rows), "", *ratios(rows), sep="\n")
    print(f"Written to {FILE.relative_to(REPOSITORY)}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
