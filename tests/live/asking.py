"""Runs whose task asks a person about a version."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.live.rest import Run
    from tests.live.service import Service


def conf(service: Service, arn: str) -> dict[str, Any]:
    """Say what a run is about."""
    return {**service.conf, "model_package_arn": arn}


def form(run: Run) -> dict[str, Any]:
    """Read what Airflow shows, as soon as the task waits for an answer."""
    run.wait_for_task("ask", "awaiting_input")
    return run.question("ask")
