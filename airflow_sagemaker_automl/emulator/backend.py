"""The state of one account in one region, in the dictionaries of moto's own backend, whose tagging finds it there."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any, ClassVar

import moto.sagemaker.urls
from moto.sagemaker.exceptions import ConflictException, ResourceInUseException, ResourceNotFound, ValidationError
from moto.sagemaker.models import SageMakerModelBackend

from airflow_sagemaker_automl.emulator.admission import require_admissible
from airflow_sagemaker_automl.emulator.jobs import AutoMLJob
from airflow_sagemaker_automl.emulator.registry import ModelPackage, ModelPackageGroup
from airflow_sagemaker_automl.emulator.supervisor import Trainer


class LocalSageMaker(SageMakerModelBackend):
    """moto's SageMaker with AutoML jobs that train and a registry that keeps what it is given."""

    endpoint_url: ClassVar[str]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        # moto looks for tags in dictionaries of these names; what it needs of the values is arn and tags.
        self.auto_ml_jobs: dict[str, AutoMLJob] = {}  # type: ignore[assignment]
        self.model_package_groups: dict[str, ModelPackageGroup] = {}  # type: ignore[assignment]
        self._trainers: dict[str, Trainer] = {}
        # One request at a time: a name that two clients ask for at once is one client's.
        self.lock = threading.RLock()

    @property
    def _url_module(self) -> Any:
        return moto.sagemaker.urls

    def reset(self) -> None:
        self.kill_trainers()
        super().reset()

    def kill_trainers(self) -> None:
        for trainer in self._trainers.values():
            trainer.close()

    def start_job(self, request: Mapping[str, Any]) -> AutoMLJob:
        """Create a job and start to train it."""
        require_admissible(request)
        name = request["AutoMLJobName"]
        if name.lower() in (taken.lower() for taken in self.auto_ml_jobs):
            raise ResourceInUseException(f"AutoML job with name {name} already exists.")
        job = AutoMLJob(request, self._arn("automl-job", name))
        self.auto_ml_jobs[name] = job
        self._trainers[name] = Trainer(job, self.endpoint_url, self.account_id, self.region_name)
        self._trainers[name].start()
        return job

    def find_job(self, name: str) -> AutoMLJob:
        job = self.auto_ml_jobs.get(name)
        if job is None:
            raise ResourceNotFound(f"Could not find AutoML job with name {name}.")
        return job

    def stop_job(self, name: str) -> None:
        self.find_job(name)
        self._trainers[name].stop()

    def create_group(self, request: Mapping[str, Any]) -> ModelPackageGroup:
        name = request["ModelPackageGroupName"]
        if name in self.model_package_groups:
            arn = self.model_package_groups[name].arn
            raise ValidationError(f"Model Package Group already exists: {arn}")
        group = ModelPackageGroup(request, self._arn("model-package-group", name), self.caller())
        self.model_package_groups[name] = group
        return group

    def find_group(self, name_or_arn: str) -> ModelPackageGroup:
        name = name_or_arn.rpartition("/")[2]
        if name not in self.model_package_groups:
            raise ValidationError(f"ModelPackageGroup {self._arn('model-package-group', name)} does not exist.")
        return self.model_package_groups[name]

    def delete_group(self, name_or_arn: str) -> None:
        group = self.find_group(name_or_arn)
        if group.versions:
            raise ConflictException(f"Model Package Group {group.arn} is not empty.")
        del self.model_package_groups[group.name]

    def find_version(self, name_or_arn: str) -> ModelPackage:
        for group in self.model_package_groups.values():
            for version in group.versions.values():
                if version.arn == name_or_arn:
                    return version
        raise ValidationError(f"ModelPackage {name_or_arn} does not exist.")

    def delete_version(self, name_or_arn: str) -> None:
        version = self.find_version(name_or_arn)
        del version.group.versions[version.version]

    def caller(self) -> dict[str, Any]:
        """Whoever is calling, as ``UserContext``; there is one user here."""
        return {"IamIdentity": {"Arn": f"arn:{self.partition}:iam::{self.account_id}:user/emulator"}}

    def _arn(self, kind: str, name: str) -> str:
        return f"arn:{self.partition}:sagemaker:{self.region_name}:{self.account_id}:{kind}/{name}"
