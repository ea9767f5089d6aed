"""Links of a task to the AWS console, available while the task runs or waits and as long as Airflow keeps its XComs.

Each link is an XCom with its own key. Operators and sensors write it as soon as its target is known; Airflow overwrites
it with the result of ``get_link`` each time a worker finishes the task or defers it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from airflow.sdk import BaseOperator, BaseOperatorLink

if TYPE_CHECKING:
    from airflow.sdk.types import TaskInstanceKey

    from airflow_sagemaker_automl.core.jobs.candidate import Candidate
    from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
    from airflow_sagemaker_automl.core.scoring.transform_job import TransformJob


class ShowsLinks(Protocol):
    """A task that shows links; every operator and sensor of this package is one."""

    shown_links: Mapping[str, str]
    has_been_resumed: bool

    @property
    def hook(self) -> Any:
        """The hook, which knows the AWS console."""

    @property
    def log(self) -> Any:
        """Its log."""


class ConsoleLink(BaseOperatorLink):
    """A page of the AWS console; empty for an emulator, and for a partition whose console is not known."""

    def get_link(self, operator: BaseOperator, *, ti_key: TaskInstanceKey) -> str:
        """Return the URL that the task has shown; empty if it has shown none."""
        from airflow.sdk.bases.xcom import BaseXCom

        task: Any = operator
        shown = getattr(task, "shown_links", {}).get(self.xcom_key)
        if shown is None and getattr(task, "has_been_resumed", False):
            # Not through a custom XCom backend: the Airflow UI reads links from the database.
            shown = BaseXCom.get_one(
                key=self.xcom_key,
                dag_id=ti_key.dag_id,
                task_id=ti_key.task_id,
                run_id=ti_key.run_id,
                map_index=ti_key.map_index,
            )
        return shown or ""


class AutoMLJobLink(ConsoleLink):
    """The training jobs of the region; the names of the AutoML job's training jobs begin with its name."""

    name = "AutoML job"


class TrainingJobLink(ConsoleLink):
    """The training job of the registered, judged or best candidate; known when the AutoML job has ended."""

    name = "Candidate's training job"


class TrainingLogsLink(ConsoleLink):
    """The CloudWatch logs of the AutoML job's training jobs."""

    name = "CloudWatch logs"


class ModelPackageGroupLink(ConsoleLink):
    """SageMaker Studio, which shows the model package group under *Models*."""

    name = "Model package group"


class ModelPackageLink(ConsoleLink):
    """SageMaker Studio, which shows the version in its group under *Models*."""

    name = "Model package version"


class TransformJobLink(ConsoleLink):
    """The batch transform job."""

    name = "Transform job"


class TransformLogsLink(ConsoleLink):
    """The CloudWatch logs of the transform job."""

    name = "CloudWatch logs"


class ScoresLink(ConsoleLink):
    """The output prefix in S3."""

    name = "Scores"


JOB_LINKS = (AutoMLJobLink(), TrainingJobLink(), TrainingLogsLink())
TRANSFORM_LINKS = (TransformJobLink(), TransformLogsLink(), ScoresLink())
VERSION_LINKS = (ModelPackageGroupLink(), ModelPackageLink())


def show_job(task: ShowsLinks, ti: Any, job: AutoMLJob, candidate: Candidate | None = None) -> None:
    """Show the links of a job.

    :param ti: the task instance.
    :param candidate: the task's candidate. Default: the best one, as soon as there is one.
    """
    console, chosen = task.hook.console, candidate or job.best_candidate
    if console is None:
        return
    urls = {AutoMLJobLink: console.automl_jobs, TrainingLogsLink: console.training_logs(job.name)}
    if chosen and chosen.training_job:
        urls[TrainingJobLink] = console.training_job(chosen.training_job)
    _show(task, ti, urls)


def show_transform_job(task: ShowsLinks, ti: Any, job: TransformJob, output: str) -> None:
    """Show the links of a transform job.

    :param ti: the task instance.
    :param output: S3 prefix of the table.
    """
    if console := task.hook.console:
        urls = {
            TransformJobLink: console.transform_job(job.name),
            TransformLogsLink: console.transform_logs(job.name),
            ScoresLink: console.s3_prefix(output),
        }
        _show(task, ti, urls)


def show_group(task: ShowsLinks, ti: Any) -> None:
    """Show the link of a model package group."""
    if console := task.hook.console:
        _show(task, ti, {ModelPackageGroupLink: console.studio})


def show_version(task: ShowsLinks, ti: Any) -> None:
    """Show the links of a version of a model package group."""
    if console := task.hook.console:
        _show(task, ti, {ModelPackageGroupLink: console.studio, ModelPackageLink: console.studio})


def _show(task: ShowsLinks, ti: Any, urls: Mapping[type[ConsoleLink], str]) -> None:
    """Write links, each once, regardless of ``do_xcom_push``, as Airflow does."""
    from airflow.sdk.bases.xcom import BaseXCom

    named = {link().xcom_key: url for link, url in urls.items()}
    fresh = {key: url for key, url in named.items() if task.shown_links.get(key) != url}
    task.shown_links = {**task.shown_links, **fresh}
    place = {"dag_id": ti.dag_id, "task_id": ti.task_id, "run_id": ti.run_id, "map_index": ti.map_index}
    try:
        for key, url in fresh.items():
            BaseXCom.set(key=key, value=url, **place)
    except Exception as error:
        # Airflow writes them again when the worker is done.
        task.log.warning("The links to the AWS console could not be written yet: %r", error)
