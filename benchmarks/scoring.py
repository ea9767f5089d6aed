"""Measure preparing the rows of a table for a transform job, and joining its predictions to a table.

Each size runs in a process of its own. Memory is the peak above what the imports take, so it must not grow with the
number of rows.

    python -m benchmarks.scoring [MILLIONS ...]
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from airflow_sagemaker_automl.tables.parts import Part, PartsWriter
from airflow_sagemaker_automl.tables.predictions import TableWriter, joined
from airflow_sagemaker_automl.tables.reading import TableFile

_MILLIONS = (0.1, 1.0)
_COLUMNS = 30
_MEBIBYTE = 1 << 20
_PREDICTED = ("predicted_label", "probability")


def main() -> int:
    """Print rows per second and memory for each size.

    :return: exit status.
    """
    sizes = [float(text) for text in sys.argv[1:]] or list(_MILLIONS)
    print(f"Rows of {_COLUMNS} columns are prepared, and joined with their predictions ...", flush=True)
    first: float | None = None
    for millions in sizes:
        command = [sys.executable, "-m", "benchmarks.scoring", "--measure", str(int(millions * 1_000_000))]
        measured = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        first = first or measured["memory"]
        print(
            f"  {millions:g} million rows: prepared {measured['prepared']:,.0f} a second, "
            f"collected {measured['collected']:,.0f} a second; peak memory {measured['memory'] / _MEBIBYTE:.0f} MiB "
            f"above imports ({measured['memory'] / first:.2f} of the first)",
            flush=True,
        )
    return 0


def _measure(rows: int) -> None:
    names = [f"column_{number}" for number in range(_COLUMNS)]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "table.csv", names, rows)
        # A first file, so that what pyarrow loads on its first use counts as an import.
        _write(folder / "small.csv", names, 10)
        small = TableFile(lambda: (folder / "small.csv").open("rb"), "small")
        _prepare(small, folder, names, lambda *_: None)
        before = _peak()
        parts: list[Part] = []

        def hand_on(part: Part, _: Path, keys: Path) -> None:
            keys.rename(folder / part.keys_name)
            parts.append(part)

        started = time.monotonic()
        table = TableFile(lambda: (folder / "table.csv").open("rb"), "table")
        _prepare(table, folder, names, hand_on)
        prepared = time.monotonic() - started
        for part in parts:
            with (folder / part.input_name).open("w") as file:
                file.writelines(f"yes,0.{number % 1000:03}\n" for number in range(part.rows))
        started = time.monotonic()
        with TableWriter(folder / "scores.csv", "csv") as scores:
            for part in parts:
                for batch in joined(folder / part.keys_name, folder / part.input_name, _PREDICTED):
                    scores.write(batch)
        collected = time.monotonic() - started
        assert scores.rows == rows
    measured = {"prepared": rows / prepared, "collected": rows / collected, "memory": max(_peak() - before, 1)}
    print(json.dumps(measured))


def _prepare(table: TableFile, folder: Path, names: list[str], hand_on: Callable[[Part, Path, Path], object]) -> None:
    with PartsWriter(folder, names[1:], names[:1], longest_line=_MEBIBYTE, hand_on=hand_on) as writer:
        for batch in table.rows(names):
            writer.write(batch, 0)


def _write(path: Path, names: list[str], rows: int) -> None:
    lines = [",".join(f"{random.random():.6f}" for _ in names) for _ in range(1000)]
    with path.open("w") as file:
        file.write(",".join(names) + "\n")
        for number in range(rows):
            file.write(f"{lines[number % 1000]}\n")


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        _measure(int(sys.argv[2]))
    else:
        sys.exit(main())
