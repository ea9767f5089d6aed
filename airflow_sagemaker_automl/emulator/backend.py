"""The state of one account in one region, stored in moto's backend so that moto's reset clears it too."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar

import moto.sagemaker.urls
from moto.s3.models import s3_backends
from moto.sagemaker.models import SageMakerModelBackend, sagemaker_backends

from airflow_sagemaker_automl.emulator.admission import require_admissible
from airflow_sagemaker_automl.emulator.archives import TrainedArchives
from airflow_sagemaker_automl.emulator.clock import now
from airflow_sagemaker_automl.emulator.errors import (
    ResourceInUse,
    ResourceLimitExceeded,
    ResourceNotFound,
    ValidationException,
)
from airflow_sagemaker_automl.emulator.fault_switch import FaultSwitch
from airflow_sagemaker_automl.emulator.hosting import Hosting
from airflow_sagemaker_automl.emulator.jobs import AutoMLJob
from airflow_sagemaker_automl.emulator.lag import Lag
from airflow_sagemaker_automl.emulator.model_cards import ModelCards
from airflow_sagemaker_automl.emulator.package_validation import Validations
from airflow_sagemaker_automl.emulator.places import TrainingPlaces
from airflow_sagemaker_automl.emulator.playback import Playback
from airflow_sagemaker_automl.emulator.registry import Registry
from airflow_sagemaker_automl.emulator.rehearsals import Rehearsals
from airflow_sagemaker_automl.emulator.script import Script
from airflow_sagemaker_automl.emulator.script_choice import ScriptChoice
from airflow_sagemaker_automl.emulator.serving import Fleet
from airflow_sagemaker_automl.emulator.supervisor import Trainer
from airflow_sagemaker_automl.emulator.transform_run import Surroundings, TransformRun
from airflow_sagemaker_automl.emulator.transform_script import TransformPlayback
from airflow_sagemaker_automl.emulator.transforms import Transforms


class LocalSageMaker(SageMakerModelBackend):
    """moto's SageMaker backend, plus the jobs, the registry, the endpoints and the transforms of this emulator."""

    endpoint_url: ClassVar[str]
    faults: ClassVar[FaultSwitch]
    places: ClassVar[TrainingPlaces]
    rehearsals: ClassVar[Rehearsals] = Rehearsals()
    archives: ClassVar[TrainedArchives] = TrainedArchives()

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.jobs: dict[str, AutoMLJob] = {}
        # What runs, by the ARN of its job, in the order of creation.
        self._runs: dict[str, Trainer | Playback | TransformRun | TransformPlayback] = {}
        self.registry = Registry(
            self.arn,
            self.caller(),
            self.rehearsals.for_group,
            Validations(self._surroundings, self._runs).begin,
            lambda account: self.of(account, region_name).registry,
        )
        self.hosting = Hosting(
            self.arn,
            self.registry,
            lambda chains: Fleet(chains, self.endpoint_url, self.region_name, self.archives.digest_of),
            self._store,
        )
        self.cards = ModelCards(self.arn, self.caller())
        self.lag = Lag()
        self.seen_words: set[str] = set()  # The ``Seen`` of all scripts that jobs follow.
        self.scripts = ScriptChoice(self.rehearsals, account_id, self.partition)
        self.transforms = Transforms(
            self.arn,
            self.hosting,
            lambda: self.faults.transform_instances,
            self._surroundings,
            self.scripts,
            self._runs,
        )
        # One request at a time: if two clients create the same name concurrently, only one succeeds.
        self.lock = threading.RLock()

    @classmethod
    def of(cls, account_id: str, region_name: str) -> LocalSageMaker:
        """Find the state of an account in a region.

        :raises ValidationException: there is no such region.
        """
        try:
            backend = sagemaker_backends[account_id][region_name]
        except KeyError:
            raise ValidationException(f"There is no region {region_name}.") from None
        assert isinstance(backend, cls)
        return backend

    @classmethod
    def install(cls, endpoint_url: str, faults: FaultSwitch, places: TrainingPlaces) -> None:
        """Replace moto's backend.

        :param endpoint_url: URL of this server's S3, for trainers.
        :param faults: the injected faults, including the quota.
        :param places: limits how many trainers run at the same time, for all accounts.
        """
        cls.endpoint_url = endpoint_url
        cls.faults = faults
        cls.places = places
        sagemaker_backends.backend = cls

    @classmethod
    def end_all_runs(cls) -> None:
        """End all processes of all accounts and regions."""
        for _, _, backend in sagemaker_backends.iter_backends():
            assert isinstance(backend, cls)
            backend.end_runs()

    @property
    def _url_module(self) -> Any:
        return moto.sagemaker.urls

    def reset(self) -> None:
        self.end_runs()
        super().reset()

    def end_runs(self) -> None:
        # The last first: those that wait do not begin when another one ends.
        for run in reversed(self._runs.values()):
            run.close()
        self.hosting.end_all()

    def start_job(self, request: Mapping[str, Any], first_request: Mapping[str, Any] | None = None) -> AutoMLJob:
        """Create a job and start to train it, or to play its script.

        :param request: ``CreateAutoMLJobV2`` request.
        :param first_request: the ``CreateAutoMLJob`` request that it was translated from.
        """
        require_admissible(request)
        name = request["AutoMLJobName"]
        if name.lower() in (taken.lower() for taken in self.jobs):
            raise ResourceInUse(f"AutoML job with name {name} already exists.")
        self._require_room()
        tags, script = self.scripts.of_job(Script, name, list(request.get("Tags", [])))
        job = AutoMLJob({**request, "Tags": tags}, self.arn("automl-job", name), first_request)
        self.seen_words |= script.seen if script else set()
        run = Playback(job, script) if script else self._trainer(job)
        self.jobs[name] = job
        self._runs[job.arn] = run
        run.start()
        return job

    def summaries(self) -> list[dict[str, Any]]:
        """Entries of ``ListAutoMLJobs``, current or as old as the ``StaleListSeconds`` fault says."""
        as_of = self.lists_as_of()
        return [summary for job in self.jobs.values() if (summary := job.summary(as_of))]

    def lists_as_of(self) -> datetime | None:
        """The time whose state lists of jobs show; None for now."""
        lag = self.faults.stale_list_seconds
        return now() - timedelta(seconds=lag) if lag else None

    def find_job(self, name: str) -> AutoMLJob:
        job = self.jobs.get(name)
        if job is None:
            raise ResourceNotFound(f"Could not find AutoML job with name {name}.")
        return job

    def stop_job(self, name: str) -> None:
        self._runs[self.find_job(name).arn].stop()

    def caller(self) -> dict[str, Any]:
        """The caller as ``UserContext``; the emulator has one user."""
        return {"IamIdentity": {"Arn": f"arn:{self.partition}:iam::{self.account_id}:user/emulator"}}

    def arn(self, kind: str, name: str) -> str:
        return f"arn:{self.partition}:sagemaker:{self.region_name}:{self.account_id}:{kind}/{name}"

    def _trainer(self, job: AutoMLJob) -> Trainer:
        return Trainer(
            job,
            self.endpoint_url,
            self.account_id,
            self.region_name,
            archives=self.archives,
            places=self.places,
            complete_objectives=self.faults.complete_objectives,
        )

    def _store(self, uri: str, content: bytes) -> None:
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        s3_backends[self.account_id][self.partition].put_object(bucket, key, content)

    def _surroundings(self) -> Surroundings:
        return Surroundings(
            self.endpoint_url,
            self.account_id,
            self.partition,
            self.region_name,
            self.archives.digest_of,
            self.places,
        )

    def _require_room(self) -> None:
        """Refuse a job beyond the quota of concurrent jobs."""
        quota = self.faults.concurrent_jobs
        running = sum(not job.is_finished for job in self.jobs.values())
        if running >= quota:
            # The wording that public reports quote for other SageMaker limits, with this limit's name from Service
            # Quotas; the real message for this limit is not known.
            raise ResourceLimitExceeded(
                f"The account-level service limit 'Maximum number of concurrent AutoML Jobs' is {quota} AutoML Jobs, "
                f"with current utilization of {running} AutoML Jobs and a request delta of 1 AutoML Jobs. "
                "Please use AWS Service Quotas to request an increase for this quota."
            )
