"""Links of a task to the AWS console, there while the task runs or waits and as long as Airflow keeps its XComs.

A link is an XCom with a key of its own. Operators and sensors write it as soon as they know what it is about; Airflow
writes what ``get_link`` returns over it each time that a worker is done with the task, a deferral included.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseOperator, BaseOperatorLink

from airflow_sagemaker_automl.at_parse import NamesItsTask

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.sdk.types import TaskInstanceKey

    from airflow_sagemaker_automl.connection import ConnectsToSageMaker
    from airflow_sagemaker_automl.core.candidate import Candidate
    from airflow_sagemaker_automl.core.job import AutoMLJob


class HasLinks(BaseOperator, metaclass=NamesItsTask):
    """Base of the operators and sensors: which links they have shown."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shown_links: Mapping[str, str] = {}
        self.has_been_resumed = False

    def pre_execute(self, context: Context) -> None:
        """Forget what another try has shown: Airflow deletes a task's XComs before each, and may keep the instance."""
        self.shown_links, self.has_been_resumed = {}, False
        super().pre_execute(context)

    def resume_execution(self, next_method: str, next_kwargs: dict[str, Any] | None, context: Context) -> Any:
        """Go on after a wait, with links that another instance has shown."""
        self.has_been_resumed = True
        return super().resume_execution(next_method, next_kwargs, context)


class ConsoleLink(BaseOperatorLink):
    """A page of the AWS console; there is none for an emulator, and for a partition whose console is not known."""

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Give the URL that the task has shown; empty where it has not shown any."""
        from airflow.sdk.bases.xcom import BaseXCom

        if not isinstance(operator, HasLinks):
            return ""
        shown = operator.shown_links.get(self.xcom_key)
        if shown is None and operator.has_been_resumed:
            # Not through a backend of the deployment's own: Airflow's pages read links from the database.
            shown = BaseXCom.get_one(
                key=self.xcom_key,
                dag_id=ti_key.dag_id,
                task_id=ti_key.task_id,
                run_id=ti_key.run_id,
                map_index=ti_key.map_index,
            )
        return shown or ""


class AutoMLJobLink(ConsoleLink):
    """The training jobs of the region, among them those of the AutoML job, which begin with its name."""

    name = "AutoML job"


class TrainingJobLink(ConsoleLink):
    """The training job of the candidate that is registered or judged, or is the best; known when its job has ended."""

    name = "Candidate's training job"


class TrainingLogsLink(ConsoleLink):
    """What the training jobs of the AutoML job have logged."""

    name = "CloudWatch logs"


class ModelPackageGroupLink(ConsoleLink):
    """SageMaker Studio, which has the model package group under *Models*."""

    name = "Model package group"


class ModelPackageLink(ConsoleLink):
    """SageMaker Studio, which has the version in its group under *Models*."""

    name = "Model package version"


JOB_LINKS = (AutoMLJobLink(), TrainingJobLink(), TrainingLogsLink())
VERSION_LINKS = (ModelPackageGroupLink(), ModelPackageLink())


def show_job(task: ConnectsToSageMaker, ti: Any, job: AutoMLJob, candidate: Candidate | None = None) -> None:
    """Show the links of a job.

    :param ti: the task instance.
    :param candidate: the one that the task is about. Default: the best one, as soon as there is one.
    """
    console, chosen = task.hook.console, candidate or job.best_candidate
    if console is None:
        return
    urls = {AutoMLJobLink: console.automl_jobs, TrainingLogsLink: console.training_logs(job.name)}
    if chosen and chosen.training_job:
        urls[TrainingJobLink] = console.training_job(chosen.training_job)
    _show(task, ti, urls)


def show_group(task: ConnectsToSageMaker, ti: Any) -> None:
    """Show the link of a model package group."""
    if console := task.hook.console:
        _show(task, ti, {ModelPackageGroupLink: console.studio})


def show_version(task: ConnectsToSageMaker, ti: Any) -> None:
    """Show the links of a version of a model package group."""
    if console := task.hook.console:
        _show(task, ti, {ModelPackageGroupLink: console.studio, ModelPackageLink: console.studio})


def _show(task: ConnectsToSageMaker, ti: Any, urls: Mapping[type[ConsoleLink], str]) -> None:
    """Write links, each once; whether ``do_xcom_push`` is set does not matter to Airflow either."""
    from airflow.sdk.bases.xcom import BaseXCom

    named = {link().xcom_key: url for link, url in urls.items()}
    fresh = {key: url for key, url in named.items() if task.shown_links.get(key) != url}
    task.shown_links = {**task.shown_links, **fresh}
    place = {"dag_id": ti.dag_id, "task_id": ti.task_id, "run_id": ti.run_id, "map_index": ti.map_index}
    try:
        for key, url in fresh.items():
            BaseXCom.set(key=key, value=url, **place)
    except Exception as error:
        # Airflow writes them once more when the worker is done.
        task.log.warning("The links to the AWS console come later: %r", error)
