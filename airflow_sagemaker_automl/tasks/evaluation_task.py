"""Base of the operator that evaluates: it runs two transform jobs side by side as one task."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.evaluation.arguments import ROLES
from airflow_sagemaker_automl.core.scoring.transform_job import TransformJob
from airflow_sagemaker_automl.exceptions import JobNotFound, TransformJobTimedOut
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.observability.links import show_transform_job
from airflow_sagemaker_automl.tasks.base import is_permanent
from airflow_sagemaker_automl.tasks.job_task import JobTask
from airflow_sagemaker_automl.tasks.submission import Submission, tagged
from airflow_sagemaker_automl.tasks.task_memory import TaskMemory
from airflow_sagemaker_automl.tasks.transform_jobs import TransformJobs
from airflow_sagemaker_automl.tasks.transform_wait import transform_after_wait, wait_for_transform

if TYPE_CHECKING:
    from airflow.sdk import Context
    from airflow.triggers.base import BaseTrigger

    from airflow_sagemaker_automl.core.evaluation.record import EvaluationRecord
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook
    from airflow_sagemaker_automl.tasks.evaluation import Evaluation, Subject
    from airflow_sagemaker_automl.tasks.quota_place import QueuePlace


class EvaluationTask(JobTask[TransformJob]):
    """Runs the transform jobs of candidate and champion: both are started before the task waits for the first."""

    instance_type: str
    output_uri: str
    # Set before a job is started or resumed.
    _memory: TaskMemory
    _model: Mapping[str, Any]
    _evaluated: Subject

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._subject_kind = TransformJobs()
        self._current: Evaluation | None = None
        self._begun: list[Subject] = []
        # Role → the job that scores for it in this try.
        self._running: dict[str, str] = {}

    @abstractmethod
    def _evaluation(self, context: Context) -> Evaluation:
        """Check the arguments, and find the candidate."""

    @abstractmethod
    def _finished(self, evaluation: Evaluation, record: EvaluationRecord) -> dict[str, Any]:
        """Log the outcome, and return the task's result."""

    @property
    def _kind(self) -> TransformJobs:
        return self._subject_kind

    @property
    def _own_jobs(self) -> list[str]:
        return list(dict.fromkeys([*super()._own_jobs, *self._running.values()]))

    def on_kill(self) -> None:
        """Stop the jobs, unless the task continues; a task that was cleared evaluates the present data and champion."""
        super().on_kill()
        if self._kill is None or not self._kill.is_ended_by_airflow or self._current is None:
            return
        try:
            self._current.forget(self._begun)
        except Exception as error:  # Raised in a signal handler, it would surface in the code that was interrupted.
            self.log.warning("What %s has prepared is not removed: %s", self._current.name, error)

    def _run_job(
        self, context: Context, place: QueuePlace | None = None, task_deadline: float | None = None
    ) -> dict[str, Any]:
        return self._evaluate(context, self._described(self._other_jobs), place, task_deadline)

    def _resume(self, job: TransformJob, task_deadline: float | None) -> dict[str, Any]:
        return self._evaluate(self._context, [job, *self._described(self._other_jobs)], None, task_deadline)

    def _described(self, names: Sequence[str]) -> list[TransformJob]:
        """Describe jobs that this try has started; one that is not visible yet is found by its name later."""
        found = []
        for name in names:
            try:
                found.append(self.call_with_retries(partial(_describe, name)))
            except JobNotFound:
                continue
        return found

    def _evaluate(
        self, context: Context, jobs: Sequence[TransformJob], place: QueuePlace | None, task_deadline: float | None
    ) -> dict[str, Any]:
        """Score with both models, and compare.

        :param jobs: those that this try started before it was deferred.
        """
        self._begun, self._running = [], {}
        evaluation = self._current = self._evaluation(context)
        if (known := evaluation.known()) is not None:
            self.log.info("An earlier try has written %s", evaluation.report_uri)
            return self._finished(evaluation, known)
        self._stop_older_generations(evaluation)
        try:
            subjects = list(evaluation.subjects())
            scores = self._begin_scores(evaluation, subjects)
            self._score(evaluation, scores, jobs, place, task_deadline)
            return self._finished(evaluation, evaluation.compare(subjects, scores))
        except Exception as error:
            if is_permanent(error):
                self._abandon(error)
            raise

    def _stop_older_generations(self, evaluation: Evaluation) -> None:
        """Stop what this task started before it was cleared: also the job of a former champion."""
        for role in ROLES:
            self._submit(TransformJobs(), {}, evaluation.identity.of_part(role)).stop_older_generations()
        self._memory.settle(evaluation.identity.generation, None)

    def _begin_scores(self, evaluation: Evaluation, subjects: Sequence[Subject]) -> dict[str, Any]:
        """Prepare the input of all models, before any job is started.

        :return: role → scores that exist; None for those that do not.
        """
        scores: dict[str, Any] = {}
        for subject in subjects:
            self._begun.append(subject)
            scores[subject.role] = evaluation.begin(subject)
        evaluation.require_same_data(subjects, scores)
        return scores

    def _score(
        self,
        evaluation: Evaluation,
        scores: dict[str, Any],
        jobs: Sequence[TransformJob],
        place: QueuePlace | None,
        task_deadline: float | None,
    ) -> None:
        """Start or resume a job for each model that has no scores, and add the scores when it ends."""
        waiting = []
        for subject in [each for each in self._begun if scores[each.role] is None and each.scoring.is_prepared]:
            self._evaluated = subject
            job = self._resumed(subject, jobs) or self._start(self._context, place, task_deadline)
            self._show(job)
            waiting.append((subject, job))
            if job.is_finished:  # A failed candidate needs no champion.
                scores[subject.role] = self._scores_of(evaluation, *waiting.pop(), task_deadline)
        for subject, job in waiting:
            scores[subject.role] = self._scores_of(evaluation, subject, job, task_deadline)

    def _resumed(self, subject: Subject, jobs: Sequence[TransformJob]) -> TransformJob | None:
        """Find the job of a model among those of this try: even one that failed, which the next try repeats."""
        kind, request = subject.scoring.kind(self._model), subject.scoring.request()
        job = next((each for each in jobs if kind.is_of(each, request)), None)
        if job is not None:
            self._subject_kind = kind
            self._running[subject.role] = job.name
        return job

    def _scores_of(
        self, evaluation: Evaluation, subject: Subject, job: TransformJob, task_deadline: float | None
    ) -> dict[str, Any] | None:
        """Wait for the job of a model, and collect its scores; None if the evaluation goes on without them."""
        self._evaluated, self._started_job = subject, job.name
        scores = None
        try:
            scores = self._follow(job, task_deadline)
        except Exception as error:
            evaluation.give_up(subject, error)
        self._running.pop(subject.role, None)
        return scores

    def _abandon(self, error: Exception) -> None:
        """Stop and remove what no retry can use; a timeout has its own option."""
        if not isinstance(error, TransformJobTimedOut):
            for name in self._own_jobs:
                self._stop(name)
        for subject in self._begun:
            if not subject.scoring.is_prepared:
                continue
            try:
                subject.scoring.discard()
            except Exception as failed:
                self.log.warning("Model and input of %s are not removed: %s", subject.scoring.name, failed)

    def _submission(self, context: Context) -> Submission[TransformJob]:
        scoring = self._evaluated.scoring
        self._subject_kind = scoring.kind(self._model)
        return self._submit(self._subject_kind, tagged(scoring.request(), scoring.identity), scoring.identity)

    def _submit(self, kind: TransformJobs, request: Mapping[str, Any], identity: Any) -> Submission[TransformJob]:
        return Submission(
            aws=self,
            kind=kind,
            request=request,
            name=None,
            identity=identity,
            memory=self._memory,
            adopts_after_clear=False,
            announce=self._remember_started,
        )

    def _remember_started(self, job_name: str) -> None:
        self._running[self._evaluated.role] = job_name
        super()._remember_started(job_name)

    def _job_trigger(self, job_name: str, deadline: float | None) -> BaseTrigger:
        from airflow_sagemaker_automl.triggers.transform import TransformJobTrigger

        return TransformJobTrigger(
            job_name=job_name,
            instance_type=self.instance_type,
            connection=self.connection,
            poll_interval=self.poll_interval,
            deadline=deadline,
            stop_on_kill=self.stop_on_kill,
            also_stops=self._running_beside(job_name),
        )

    def _room_trigger(self, job_name: str, place: QueuePlace, deadline: float | None) -> BaseTrigger:
        from airflow_sagemaker_automl.triggers.transform import TransformRoomTrigger

        return TransformRoomTrigger(
            job_name=job_name,
            instance_type=self.instance_type,
            waiting_since=place.since,
            limit=place.limit,
            connection=self.connection,
            poll_interval=self.poll_interval,
            deadline=deadline,
            stop_on_kill=self.stop_on_kill,
            also_stops=self._running_beside(job_name),
        )

    def _running_beside(self, job_name: str) -> list[str]:
        return [name for name in self._running.values() if name != job_name]

    def _show(self, job: TransformJob) -> None:
        show_transform_job(self, self._context["ti"], job, self.output_uri)

    def _started_result(self, job: TransformJob) -> dict[str, Any]:
        raise AssertionError("unreachable: the task waits for its jobs")

    def _result(self, job: TransformJob) -> dict[str, Any]:
        metrics.count(metrics.TRANSFORMS_ENDED, job.status.value.lower())
        job.raise_for_status()
        return self._evaluated.scoring.collect(job)

    def _after_wait(self, event: Mapping[str, Any]) -> TransformJob:
        return transform_after_wait(self, event)

    def _wait_in_worker(self, job: TransformJob, deadline: float) -> TransformJob:
        return wait_for_transform(self, job, deadline)

    def _timed_out(self, job: TransformJob, limit: float, fate: str) -> TransformJobTimedOut:
        return TransformJobTimedOut(job, limit, fate)


def _describe(name: str, hook: SageMakerAutoMLHook) -> TransformJob:
    return hook.describe_transform_job(name)
