"""What scorings of a task left behind in AWS when they crashed, and when it is removed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.scoring.arguments import PREDICTIONS, WORK
from airflow_sagemaker_automl.core.values.timing import timing
from airflow_sagemaker_automl.exceptions import JobNotFound
from airflow_sagemaker_automl.hooks.errors import is_denied, is_invalid

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.jobs.job_name import TaskIdentity
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook
    from airflow_sagemaker_automl.hooks.s3_objects import StoredObject
    from airflow_sagemaker_automl.tasks.base import SageMakerTask
    from airflow_sagemaker_automl.tasks.scoring_output import ScoringOutput

KEPT_TAG = "airflow:kept"
_OF_EVERY_RUN = ("airflow:deployment", "airflow:dag_id", "airflow:task_id", "airflow:map_index")
# To find the models of running jobs, each of them is described.
_MOST_RUNNING = 100


@dataclass(frozen=True)
class Leftovers:
    """The models and files of a task's other scorings.

    :param task: calls AWS with retries.
    :param identity: the task; its runs share what they leave behind.
    :param output: where their files are.
    :param own: name of the current scoring, whose model and files stay.
    """

    task: SageMakerTask
    identity: TaskIdentity
    output: ScoringOutput
    own: str

    def remove(self, found: Sequence[StoredObject], result: str | None) -> None:
        """Remove the models and files that nobody needs any more; those of other tasks are not touched.

        :param found: all objects below the output.
        :param result: S3 prefix that is the result of an earlier run; None if there is none.
        """
        folders = [each for each in self._old_folders(found) if each != result]
        models = self._models()
        if not (folders or models):
            return
        running = self._ask(_models_of_running_jobs)
        if running is None:
            return
        for folder in folders:
            if _name_of(folder) not in running:
                self.task.log.info("Removing %s, which an earlier run of this task left behind", folder)
                self.output.remove_below(folder)
        of_endpoints = self._ask(lambda hook: hook.models_of_endpoints()) if models else None
        if of_endpoints is None:
            return
        for name in models:
            if name not in running and name not in of_endpoints and self._is_abandoned(name):
                self.task.log.info("Deleting model %s, which an earlier run of this task left behind", name)
                self._ask(partial(_delete_model, name))

    def is_own(self, name: str, arn: str) -> bool:
        """Tell whether a model was made by this task, in any run, and was not to be kept."""
        if not self.identity.may_have_named(name):
            return False
        tags, own = self._ask(lambda hook: hook.tags(arn)) or {}, self.identity.tags()
        return all(tags.get(mark) == own[mark] for mark in _OF_EVERY_RUN) and tags.get(KEPT_TAG) == "false"

    def _models(self) -> list[str]:
        found = self._ask(lambda hook: hook.models_named(self.own.rpartition("-")[0])) or {}
        return [name for name, arn in found.items() if name != self.own and self.is_own(name, arn)]

    def _old_folders(self, found: Sequence[StoredObject]) -> list[str]:
        """List the folders of other scorings to which nothing was written for a day: their runs have crashed."""
        newest: dict[str, datetime] = {}
        for each in found:
            for kind in (WORK, PREDICTIONS):
                name, separator, _ = each.uri.removeprefix(f"{self.output.prefix}{kind}").partition("/")
                if separator and each.uri.startswith(f"{self.output.prefix}{kind}") and name != self.own:
                    folder = f"{self.output.prefix}{kind}{name}/"
                    newest[folder] = max(newest.get(folder, each.modified), each.modified)
        return [folder for folder, modified in newest.items() if _is_old(modified)]

    def _is_abandoned(self, name: str) -> bool:
        """Tell whether nobody is about to use a model: its first job has ended, or it is older than a day."""
        try:
            job = self._ask(lambda hook: hook.describe_transform_job(name))
        except JobNotFound:
            model = self._ask(lambda hook: hook.model_answer(name))
            return bool(model) and _is_old(model["CreationTime"])
        return job is not None and job.is_finished

    def _ask(self, call: Callable[[SageMakerAutoMLHook], Any]) -> Any:
        """Call AWS for tidying up; None if access is denied, or another run has just deleted what it is about."""
        try:
            return self.task.call_with_retries(call)
        except Exception as error:
            if not (is_denied(error) or is_invalid(error)):
                raise
            self.task.log.info("What earlier runs left behind is not removed: %s", error)
            return None


def _is_old(modified: datetime) -> bool:
    return datetime.now(UTC) - modified > timedelta(seconds=timing().abandoned)


def _name_of(folder: str) -> str:
    return folder.rstrip("/").rpartition("/")[2]


def _delete_model(name: str, hook: SageMakerAutoMLHook) -> None:
    hook.delete_model(name)


def _models_of_running_jobs(hook: SageMakerAutoMLHook) -> set[str] | None:
    """Find the names and the models of all running transform jobs; None if there are too many."""
    running = list(hook.transform_jobs_in_progress())
    if len(running) > _MOST_RUNNING:
        return None
    return {*running, *(hook.describe_transform_job(name).model_name for name in running)}
