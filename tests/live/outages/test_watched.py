"""DAGs that start because somebody has approved a version with AWS's own tools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from airflow_sagemaker_automl.assets.events import ModelVersion
from demo.sandbox import REGION, sagemaker_client
from tests.live.outages.dags.watched import CONNECTION, GROUP, WATCHED
from tests.live.rest import ENDED, Run, wait_until
from tests.live.service import FIRST_KEY
from tests.support.versions import decide, described, register

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mypy_boto3_sagemaker import SageMakerClient

    from tests.live.components import WholeAirflow
    from tests.live.rest import Api
    from tests.live.service import Service

pytestmark = [pytest.mark.live, pytest.mark.matrix]

_DAGS = ("follow_watched", "follow_both", "follow_elsewhere")


@pytest.fixture
def watch(api: Api, service: Service) -> Iterator[Watch]:
    """The watching DAGs, which run for as long as the test."""
    api.connect_to_aws(CONNECTION, service.url, REGION, FIRST_KEY)
    watch = Watch(api)
    wait_until(watch.knows_its_dags, "the DAG files are not read")
    watch.pause(False)
    yield watch
    watch.pause(True)
    wait_until(lambda: watch.watchers() == [], "the group is still watched")


class Watch:
    """What the DAGs that watch the group have made of it.

    :param api: of the Airflow that they run in.
    """

    def __init__(self, api: Api) -> None:
        self._api = api

    def knows_its_dags(self) -> bool:
        """Whether Airflow has read all DAG files."""
        return set(_DAGS) <= {dag["dag_id"] for dag in self._api.call("GET", "/dags")["dags"]}

    def pause(self, is_paused: bool) -> None:
        """Pause the DAGs, or let them run."""
        for dag_id in _DAGS:
            self._api.call("PATCH", f"/dags/{dag_id}", {"is_paused": is_paused})
        for dag_id in ("follow_watched", "follow_elsewhere"):
            self._api.read_again(dag_id)

    def watchers(self) -> list[str]:
        """List the names of what watches the asset."""
        return [watcher["name"] for watcher in self._asset()["watchers"]]

    def written_down(self) -> list[str] | None:
        """List the numbers of the versions whose approval needs no telling; None while nothing is written down."""
        stored = self._api.call("GET", f"/assets/{self._asset()['id']}/state-store")["asset_state_store"]
        return list(stored[0]["value"]["reported"]) if stored else None

    def read(self, dag_id: str) -> list[Any]:
        """List what the runs of a DAG have read, as far as they have ended, the first run first."""
        listed = self._api.call("GET", f"/dags/{dag_id}/dagRuns?limit=100&order_by=run_after")["dag_runs"]
        runs = [Run(self._api, dag_id, run["dag_run_id"]) for run in listed if run["state"] in ENDED]
        assert {run.state() for run in runs} <= {"success"}
        return [run.xcom("read") for run in runs]

    def wait_until_read(self, *versions: dict[str, Any]) -> None:
        """Wait until a run each has read these versions, one after the other, and nothing else."""
        arns = [version["model_package_arn"] for version in versions]
        self._wait_until_read("follow_elsewhere", arns)
        for dag_id in ("follow_watched", "follow_both"):
            self._wait_until_read(dag_id, [[version, version] for version in versions])

    def _wait_until_read(self, dag_id: str, expected: list[Any]) -> None:
        wait_until(lambda: len(self.read(dag_id)) >= len(expected), f"{dag_id} has not read all of {expected}")
        assert self.read(dag_id) == expected

    def _asset(self) -> dict[str, Any]:
        assets = self._api.call("GET", f"/assets?uri_pattern={quote(WATCHED.uri, safe='')}&limit=100")["assets"]
        (asset,) = [entry for entry in assets if entry["uri"] == WATCHED.uri]
        return dict(asset)


def approve(sagemaker: SageMakerClient, arn: str) -> dict[str, Any]:
    """Approve a version as somebody in SageMaker Studio does.

    :return: what is to be told then.
    """
    decide(sagemaker, arn)
    return ModelVersion.from_description(described(sagemaker, arn)).to_extra()


def test_each_approval_starts_a_run_though_the_triggerer_is_killed(
    live_airflow: WholeAirflow, service: Service, watch: Watch
) -> None:
    """One run for each, in each DAG; what is approved while no triggerer runs is told by the next one.

    What was approved before anybody watched starts nothing, and other files that name the group end no watch.
    """
    sagemaker = sagemaker_client(service.url)
    before, first, second, third = (register(sagemaker, GROUP) for _ in range(4))
    decide(sagemaker, before)
    wait_until(lambda: watch.written_down() == ["1"], "nobody watches")
    told = [approve(sagemaker, first)]
    watch.wait_until_read(*told)
    wait_until(lambda: watch.written_down() == ["1", "2"], "the first approval is not written down")

    [triggerer] = live_airflow.triggerers
    triggerer.component.kill()
    told.append(approve(sagemaker, second))
    live_airflow.replace_triggerer(triggerer)
    watch.wait_until_read(*told)
    wait_until(lambda: watch.written_down() == ["1", "2", "3"], "the second approval is not written down")

    told.append(approve(sagemaker, third))
    watch.wait_until_read(*told)
    assert watch.watchers() == [WATCHED.watchers[0].name]
