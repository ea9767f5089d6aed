"""The result of a run in the registry, read with plain boto3, as text and as JSON."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from airflow_sagemaker_automl import render_html, render_markdown
from airflow_sagemaker_automl.rendering import version_facts, version_title

Members = dict[str, Any]


class Outcome:
    """The model version that a demo has registered, its AutoML job, and the verdicts of the quality gate.

    :param sagemaker: a client of the emulator.
    :param group: the model package group; its newest version is read.
    :param verdicts: one of each run.
    :raises LookupError: the group has no version.
    """

    def __init__(self, sagemaker: Any, group: str, verdicts: list[Members]) -> None:
        self._verdicts = verdicts
        versions = sagemaker.list_model_packages(ModelPackageGroupName=group, SortOrder="Descending", MaxResults=1)
        if not versions["ModelPackageSummaryList"]:
            raise LookupError(f"Model package group {group!r} has no version.")
        arn = versions["ModelPackageSummaryList"][0]["ModelPackageArn"]
        self.version: Members = sagemaker.describe_model_package(ModelPackageName=arn)
        job_name = self.version["CustomerMetadataProperties"]["automl_job_name"]
        self.job: Members = sagemaker.describe_auto_ml_job_v2(AutoMLJobName=job_name)
        pages = sagemaker.get_paginator("list_candidates_for_auto_ml_job").paginate(AutoMLJobName=job_name)
        self.candidates: list[Members] = [candidate for page in pages for candidate in page["Candidates"]]

    def summary(self) -> Members:
        """Return the content of ``summary.json``."""
        return {
            "job_name": self.job["AutoMLJobName"],
            "job_arn": self.job["AutoMLJobArn"],
            "status": self.job["AutoMLJobStatus"],
            "objective": self.job["BestCandidate"]["FinalAutoMLJobObjectiveMetric"]["MetricName"],
            "best_candidate": self.job["BestCandidate"]["CandidateName"],
            "candidates": [
                {"name": candidate["CandidateName"], "metrics": _metrics(candidate)} for candidate in self._ranked()
            ],
            "model_package_arn": self.version["ModelPackageArn"],
            "model_package_version": self.version["ModelPackageVersion"],
            "approval_status": self.version["ModelApprovalStatus"],
            "verdicts": self._verdicts,
        }

    def leaderboard(self) -> str:
        """Draw a table of the candidates, best first, with the objective on each data set and other metrics."""
        objective = self.summary()["objective"]
        columns = [(objective, "Validation"), (objective, "Test"), ("AUC", "Validation"), ("LogLoss", "Validation")]
        header = [f"{'candidate':<24}", *(f"{name} {part.lower()}".rjust(19) for name, part in columns)]
        lines = ["".join(header)]
        for candidate in self._ranked():
            metrics = _metrics(candidate)
            short = candidate["CandidateName"].removeprefix(f"{self.job['AutoMLJobName']}-")
            best = candidate["CandidateName"] == self.job["BestCandidate"]["CandidateName"]
            cells = [_cell(metrics.get(part, {}).get(name)) for name, part in columns]
            lines.append(f"{short:<24}{''.join(cells)}{'   <- best' if best else ''}")
        return "\n".join(lines)

    def write(self, folder: Path) -> None:
        """Write ``summary.json``, and the model card as ``model_card.json``, ``.html`` and ``.md``."""
        card = json.loads(self.version["ModelCard"]["ModelCardContent"])
        title, facts = version_title(self.version), version_facts(self.version)
        (folder / "summary.json").write_text(json.dumps(self.summary(), indent=2) + "\n")
        (folder / "model_card.json").write_text(json.dumps(card, indent=2) + "\n")
        (folder / "model_card.html").write_text(render_html(card, title=title, facts=facts))
        (folder / "model_card.md").write_text(render_markdown(card, title=title, facts=facts))

    def _ranked(self) -> list[Members]:
        sign = -1 if self._objective(self.job["BestCandidate"])["Type"] == "Maximize" else 1
        best = self.job["BestCandidate"]["CandidateName"]
        return sorted(
            self.candidates,
            key=lambda entry: (sign * self._objective(entry)["Value"], entry["CandidateName"] != best),
        )

    @staticmethod
    def _objective(candidate: Members) -> Members:
        objective: Members = candidate["FinalAutoMLJobObjectiveMetric"]
        return objective


def _metrics(candidate: Members) -> dict[str, dict[str, float]]:
    table: dict[str, dict[str, float]] = {}
    for datum in candidate["CandidateProperties"]["CandidateMetrics"]:
        table.setdefault(datum["Set"], {})[datum["StandardMetricName"]] = datum["Value"]
    return table


def _cell(value: float | None) -> str:
    return "–".rjust(19) if value is None else f"{value:19.4f}"
