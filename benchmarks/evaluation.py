"""Measure comparing two models on the same rows, from their tables of scores, with slices.

Each size runs in a process of its own. Memory is the peak above what the imports, and a comparison of few rows, take.

    python -m benchmarks.evaluation [MILLIONS ...]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet

from airflow_sagemaker_automl.core.evaluation.arguments import EvaluationArguments
from airflow_sagemaker_automl.core.evaluation.record import EvaluationOutcome
from airflow_sagemaker_automl.tables.labelled import ScoredTable
from airflow_sagemaker_automl.tasks.evaluation_tables import compare

_MILLIONS = (0.1, 1.0)
_REGIONS = 5
_MEBIBYTE = 1 << 20
_BATCH = 100_000


def main() -> int:
    """Print seconds and memory for each size.

    :return: exit status.
    """
    sizes = [float(text) for text in sys.argv[1:]] or list(_MILLIONS)
    print("Two models of two classes are compared on the same rows, and in ten slices ...", flush=True)
    first: float | None = None
    for millions in sizes:
        command = [sys.executable, "-m", "benchmarks.evaluation", "--measure", str(int(millions * 1_000_000))]
        measured = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        first = first or measured["seconds"]
        print(
            f"  {millions:g} million rows: {measured['seconds']:.1f} s ({measured['seconds'] / first:.1f} of the "
            f"first), {measured['metrics']} metrics, {measured['slices']} slices; peak memory "
            f"{measured['memory'] / _MEBIBYTE:.0f} MiB above imports",
            flush=True,
        )
    return 0


def _measure(rows: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _write(folder / "small", 1000)
        _write(folder / "large", rows)
        _compare(folder / "small")
        before = _peak()
        started = time.monotonic()
        metrics, slices = _compare(folder / "large")
        seconds = time.monotonic() - started
    memory = max(_peak() - before, 1)
    print(json.dumps({"seconds": seconds, "metrics": metrics, "slices": slices, "memory": memory}))


def _compare(path: Path) -> tuple[int, int]:
    asked = EvaluationArguments(
        job_name="job",
        model_package_group_name="churn",
        data="s3://bucket/rows/",
        output_uri="s3://bucket/evaluations/",
        slices=["region", "age"],
    )
    facts = {
        "job_name": "job",
        "candidate_name": "best",
        "group": "churn",
        "champion": "arn",
        "outcome": EvaluationOutcome.COMPARED,
        "data": "s3://bucket/rows/",
        "data_digest": "",
    }
    tables = {role: ScoredTable(path.with_suffix(f".{role}")) for role in ("candidate", "champion")}
    record, _ = compare(asked, tables, facts=facts, problem_type="BinaryClassification", label="churned")
    return len(record.metrics), len(record.slices)


def _write(path: Path, rows: int) -> None:
    """Write the scores of both models; in batches, so that this process's peak is not that of writing them."""
    for role, seed in (("candidate", 1), ("champion", 2)):
        common, own = np.random.default_rng(0), np.random.default_rng(seed)
        writer: pyarrow.parquet.ParquetWriter | None = None
        for start in range(0, rows, _BATCH):
            table = _scores(common, own, min(_BATCH, rows - start))
            writer = writer or pyarrow.parquet.ParquetWriter(path.with_suffix(f".{role}"), table.schema)
            writer.write_table(table)
        assert writer is not None
        writer.close()


def _scores(common: np.random.Generator, own: np.random.Generator, rows: int) -> pa.Table:
    signal = common.normal(size=rows)
    truth = 1 / (1 + np.exp(-2 * signal)) > common.uniform(size=rows)
    regions, ages = common.integers(0, _REGIONS, rows), common.integers(18, 90, rows)
    chance = 1 / (1 + np.exp(-(signal + own.normal(size=rows))))
    return pa.table(
        {
            "churned": np.where(truth, "yes", "no"),
            "region": [f"region {number}" for number in regions],
            "age": [str(age) for age in ages],
            "predicted_label": np.where(chance > 0.5, "yes", "no"),
            "probabilities": [f"[{1 - each:.6f}, {each:.6f}]" for each in chance],
            "labels": ["['no', 'yes']"] * rows,
        }
    )


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    if sys.argv[1:2] == ["--measure"]:
        _measure(int(sys.argv[2]))
    else:
        sys.exit(main())
