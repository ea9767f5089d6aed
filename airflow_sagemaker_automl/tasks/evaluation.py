"""One evaluation: candidate and champion score the same labelled rows, and are compared."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.evaluation.arguments import CANDIDATE, CHAMPION, EvaluationArguments
from airflow_sagemaker_automl.core.evaluation.record import EvaluationOutcome, EvaluationRecord
from airflow_sagemaker_automl.core.scoring.arguments import PREDICTIONS_OF_MODELS, ScoringArguments
from airflow_sagemaker_automl.core.values.canonical import digest
from airflow_sagemaker_automl.core.values.evidence import STATISTICS_FILE
from airflow_sagemaker_automl.core.values.literals import text
from airflow_sagemaker_automl.exceptions import (
    EvaluationImpossible,
    EvaluationIncomplete,
    InvalidScoring,
    ModelPackageGone,
    TransformJobFailed,
    VersionNotScorable,
)
from airflow_sagemaker_automl.tasks.champion_group import ask_group
from airflow_sagemaker_automl.tasks.evaluation_overlap import require_unseen
from airflow_sagemaker_automl.tasks.evaluation_tables import compare, read_scores
from airflow_sagemaker_automl.tasks.scoring import Scoring
from airflow_sagemaker_automl.tasks.scoring_output import ScoringOutput
from airflow_sagemaker_automl.tasks.scoring_version import ScoringVersion, candidate_model, find_version

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.jobs.candidate import Candidate
    from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
    from airflow_sagemaker_automl.core.jobs.job_name import TaskIdentity
    from airflow_sagemaker_automl.tasks.base import SageMakerTask
    from airflow_sagemaker_automl.tasks.evaluation_tables import Described

_PLAN, _REPORT = "plan.json", "evaluation.json"
# What tells classes and their order apart; a bare model answers its best guess alone.
_KEYS = ("predicted_label", "probabilities", "labels")
# The champion of the plan cannot score these data, or its job failed.
_CANNOT_SCORE = (InvalidScoring, VersionNotScorable, TransformJobFailed)


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A model of an evaluation.

    :param role: ``candidate`` or ``champion``.
    :param scoring: its scores of the rows.
    """

    role: str
    scoring: Scoring

    @property
    def is_champion(self) -> bool:
        """Whether it is the version to beat."""
        return self.role == CHAMPION


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """One evaluation of a task.

    :param task: calls AWS with retries.
    :param asked: the operator's arguments, rendered and checked.
    :param job: the candidate's job, which has ended.
    :param candidate: with its default containers.
    :param identity: the owner of the evaluation.
    :param members: checked members of ``CreateTransformJob`` that the author chose.
    :param may_be_new_group: whether the champion's group may not exist yet.
    :param kms_key: encrypts what is written. Default: the bucket's own encryption.
    :param max_payload_mb: size of a request to the containers in megabytes.
    :param is_last_try: whether no retry follows; a failed job of the champion may be the service's fault before.
    """

    task: SageMakerTask
    asked: EvaluationArguments
    job: AutoMLJob
    candidate: Candidate
    identity: TaskIdentity
    members: Mapping[str, Any]
    may_be_new_group: bool
    kms_key: str | None
    max_payload_mb: Any
    is_last_try: bool = True

    @property
    def name(self) -> str:
        """Name of the folder of this evaluation."""
        return self.identity.job_name(1)

    @property
    def report_uri(self) -> str:
        """S3 URI of the full report."""
        return f"{self._files.prefix}{_REPORT}"

    def known(self) -> EvaluationRecord | None:
        """Return what an earlier try has written; None if there is nothing."""
        found = self._files.read(self.report_uri)
        return None if found is None else EvaluationRecord.from_json(found)

    def subjects(self) -> Iterator[Subject]:
        """Yield the candidate, and the champion if there is one that can score.

        :raises EvaluationImpossible: the rows are part of the training data of one of them, or the champion was
            rejected or deleted.
        """
        models = [(CANDIDATE, candidate_model(self.job, self.candidate))]
        if self._plan["champion"] and not self._plan["reason"]:
            models.append((CHAMPION, self._champion_model()))
        keys = self._common_keys([model for _, model in models])
        for role, model in models:
            self._require_same_kind(model)
            self._count_seen(role, model)
            yield Subject(role=role, scoring=self._scoring(role, model, keys))

    def begin(self, subject: Subject) -> Mapping[str, Any] | None:
        """Prepare the scores of a model.

        :return: its scores, if they exist; None if a job must score.
        :raises EvaluationImpossible: it is the champion, it cannot score the rows, and the option is ``fail``.
        """
        try:
            return subject.scoring.begin()
        except _CANNOT_SCORE as error:
            self.give_up(subject, error)
            return None

    def require_same_data(self, subjects: Sequence[Subject], scores: Mapping[str, Mapping[str, Any] | None]) -> None:
        """Require that all models score the same content.

        :param subjects: the models whose scores have begun.
        :param scores: role → scores that exist.
        :raises EvaluationImpossible: the files have changed since an earlier try scored or prepared them.
        """
        digests = {}
        for subject in subjects:
            known = scores[subject.role]
            if known is not None:
                digests[subject.role] = known.get("data_digest")
            elif subject.scoring.is_prepared:
                digests[subject.role] = subject.scoring.prepared.data_digest
        if len(set(digests.values())) > 1:
            shown = " and ".join(f"{found} for the {role}" for role, found in digests.items())
            reason = (
                f"its files changed while this task scored them: data_digest is {shown}, so nothing is compared. "
                "Clear the task to score the present files with both models."
            )
            raise EvaluationImpossible(self.asked.data, reason)

    def forget(self, subjects: Sequence[Subject]) -> None:
        """Forget champion, report and scores, so that the next execution evaluates the present data and champion."""
        for name in (_PLAN, _REPORT):
            self._files.remove(f"{self._files.prefix}{name}")
        for subject in subjects:
            subject.scoring.forget()

    def give_up(self, subject: Subject, error: Exception) -> None:
        """Go on without the champion, which cannot score the rows, if the option says so.

        :raises EvaluationImpossible: the option is ``fail``.
        :raises EvaluationIncomplete: the option is ``fail``, and the champion's job failed.
        """
        if not subject.is_champion or not isinstance(error, _CANNOT_SCORE):
            raise error
        champion = self._plan["champion"]
        may_pass = self.is_last_try or not isinstance(error, TransformJobFailed)
        if self.asked.on_champion_cannot_score == "fail" or not may_pass:
            advice = (
                "Set on_champion_cannot_score='pass' to evaluate the candidate alone."
                if may_pass or self.asked.on_champion_cannot_score == "fail"
                else "A retry scores again; if the last one fails too, the candidate is evaluated alone."
            )
            reason = f"the champion {champion} cannot score it. {error} {advice}"
            kind = EvaluationIncomplete if isinstance(error, TransformJobFailed) else EvaluationImpossible
            raise kind(self.asked.data, reason) from error
        self.task.log.warning("The champion %s cannot score these rows, so it is left out: %s", champion, error)
        # Before the plan: later tries do not prepare the champion's scores, and would not find what they left.
        subject.scoring.tidy()
        self._change_plan(reason=str(error))

    def compare(self, subjects: Sequence[Subject], scores: Mapping[str, Mapping[str, Any] | None]) -> EvaluationRecord:
        """Compare the scores, and write the report.

        :param subjects: the models; the candidate comes first.
        :param scores: role → result of its scoring; None for a champion that cannot score.
        :raises EvaluationImpossible: the rows do not tell how good a model is.
        :raises EvaluationIncomplete: another run replaced scores while they were read.
        """
        with tempfile.TemporaryDirectory(prefix="evaluation-") as folder:
            tables, digests = {}, []
            for subject in subjects:
                if (result := scores[subject.role]) is not None:
                    path = Path(folder) / subject.role
                    tables[subject.role] = read_scores(self.task, self.asked.data, result, path)
                    self._require_current(subject, result)
                    digests.append(result["data_digest"])
            record, described = compare(
                self.asked,
                tables,
                facts={**self._facts, "data_digest": digests[0]},
                problem_type=self.problem_type,
                label=self.label,
            )
        self._write(record, described)
        return record

    @property
    def _facts(self) -> dict[str, Any]:
        return {
            "job_name": self.job.name,
            "candidate_name": self.candidate.name,
            "group": self.asked.model_package_group_name,
            "champion": self._plan["champion"],
            "outcome": self._outcome,
            "data": self.asked.data,
            "reason": self._plan["reason"],
        }

    def _write(self, record: EvaluationRecord, described: Described) -> None:
        self._files.write(f"{self._files.prefix}{STATISTICS_FILE}", json.dumps(described.statistics))
        report = {
            **record.to_json(),
            "calibration": described.calibration,
            "seen_in_training": self._plan["seen"],
            "earlier_evaluations": self._count_earlier(record),
        }
        # Last: a retry that finds it has nothing to do.
        self._files.write(self.report_uri, json.dumps(report, indent=2))

    def _count_earlier(self, record: EvaluationRecord) -> int:
        """Count the evaluations of the group by the same data: rows that decide every week wear out."""
        digests = digest([str(self.asked.model_package_group_name).rpartition("/")[2], record.data_digest])
        used = self._output(f"history/{digests}")
        own = f"{used.prefix}{self.name}/used"
        self._files.write(own, "")
        earlier = sum(each.uri != own for each in used.objects())
        if earlier:
            text = "The same data have decided %s times before in this group; a new holdout is due at some point"
            self.task.log.info(text, earlier)
        return earlier

    def _require_current(self, subject: Subject, result: Mapping[str, Any]) -> None:
        """Require that the scores that were read are those of this evaluation.

        :raises EvaluationIncomplete: another run of the task has replaced them.
        """
        if not subject.scoring.is_current(result):
            reason = (
                f"another run of this task replaced the scores of the {subject.role} in {result['output_uri']} before "
                "they were compared. A retry scores again. Give runs that evaluate different data at the same time "
                "different output_uri, or set max_active_tis_per_dag=1."
            )
            raise EvaluationIncomplete(self.asked.data, reason)

    @property
    def label(self) -> str:
        """The column that has the labels.

        :raises EvaluationImpossible: the model has none.
        """
        names = (self.job.settings.get(member) for member in ("TargetAttributeName", "TargetLabelColumn"))
        found = next(filter(None, map(text, names)), None)
        if found is None or self.job.problem_type not in ("Tabular", "TextClassification"):
            reason = f"a model for {self.job.problem_type} has no labelled rows. Only tables and text can be evaluated."
            raise EvaluationImpossible(self.asked.data, reason)
        if found in PREDICTIONS_OF_MODELS:
            reason = f"its labels are in {found!r}, which is the name of a prediction. Rename the column."
            raise EvaluationImpossible(self.asked.data, reason)
        return found

    @property
    def problem_type(self) -> str:
        """The candidate's problem type; that of a table says whether its label is a number or a class.

        :raises EvaluationImpossible: the job does not tell.
        """
        found = self.job.resolved_problem_type or text(self.job.settings.get("ProblemType")) or self.job.problem_type
        if found == "Tabular":
            reason = f"{self.job.name} predicts a number or a class, and does not tell which. Train with problem_type."
            raise EvaluationImpossible(self.asked.data, reason)
        return found

    @property
    def _outcome(self) -> EvaluationOutcome:
        if not self._plan["champion"]:
            return EvaluationOutcome.WITHOUT_CHAMPION
        return EvaluationOutcome.CHAMPION_CANNOT_SCORE if self._plan["reason"] else EvaluationOutcome.COMPARED

    @cached_property
    def _files(self) -> ScoringOutput:
        return self._output(f"evaluations/{self.name}")

    def _output(self, folder: str) -> ScoringOutput:
        return ScoringOutput(self.task, f"{self.asked.output_uri.rstrip('/')}/{folder}", self.identity, self.kms_key)

    @cached_property
    def _plan(self) -> dict[str, Any]:
        """The champion of this evaluation: the first of several executions decides."""
        uri = f"{self._files.prefix}{_PLAN}"
        kept = self._files.read(uri)
        if kept is None:
            self._files.write_once(uri, json.dumps({"champion": self._find_champion(), "reason": "", "seen": {}}))
            kept = self._files.read(uri)
        return dict(kept)

    def _champion_model(self) -> ScoringVersion:
        """Find the champion of the plan.

        :raises EvaluationImpossible: it was rejected or deleted since it was chosen.
        """
        arn = self._plan["champion"]
        try:
            return find_version(self.task, arn, None)
        except (VersionNotScorable, ModelPackageGone) as error:
            if self.asked.against != CHAMPION:
                raise
            reason = (
                f"{arn} was the champion when this evaluation began, and cannot be used any more. {error} "
                "Clear the task to evaluate against the present champion."
            )
            raise EvaluationImpossible(self.asked.data, reason) from error

    def _require_same_kind(self, model: ScoringVersion) -> None:
        """Require that a model predicts what the candidate does: a number, or a class.

        :raises EvaluationImpossible: it does not.
        """
        if model.is_regression != (self.problem_type == "Regression"):
            kinds = ("a class", "a number")
            reason = (
                f"{model.arn} predicts {kinds[model.is_regression]}, and the candidate "
                f"{kinds[not model.is_regression]}, so they cannot be compared. Register them in different groups."
            )
            raise EvaluationImpossible(self.asked.data, reason)

    def _find_champion(self) -> str | None:
        from airflow_sagemaker_automl.core.registry.champion import is_same_model

        if self.asked.against != CHAMPION:
            return str(self.asked.against)
        group = self.asked.model_package_group_name
        described = ask_group(
            self.task,
            group,
            lambda hook: hook.newest_approved(
                group, unless=lambda seen: is_same_model(seen, self.job, self.candidate), with_card=False
            ),
            may_be_new=self.may_be_new_group,
        )
        return str(described["ModelPackageArn"]) if described else None

    def _common_keys(self, models: Sequence[ScoringVersion]) -> list[str]:
        """Return the keys that all models answer; empty for a regression, whose answer is the number."""
        if self.problem_type == "Regression" or any(model.is_regression for model in models):
            return []
        return [key for key in _KEYS if all(key in model.offered_keys for model in models)]

    def _scoring(self, role: str, model: ScoringVersion, keys: Sequence[str]) -> Scoring:
        asked, identity = self.asked, self.identity.of_part(role)
        name = f"{model.group}-{model.arn.rpartition('/')[2]}" if role == CHAMPION else self.candidate.name
        # Scores of a model are found again by their place; what decides on them is in their marker.
        output = ScoringOutput(self.task, f"{asked.output_uri.rstrip('/')}/scores/{name}", identity, self.kms_key)
        arguments = ScoringArguments(
            data=asked.data,
            output_uri=output.prefix,
            model_package_arn=model.arn,
            model_package_group_name=None,
            key_columns=list(dict.fromkeys([self.label, *self._columns])),
            columns=[],
            inference_response_keys=list(keys),
            output_format="parquet",
            on_unusable_rows="fail",
            max_payload_mb=self.max_payload_mb,
            max_concurrent_transforms=None,
            prepare=True,
        )
        return Scoring(self.task, arguments, identity, output, self.members, find=lambda: model, adopts="always")

    @property
    def _columns(self) -> list[str]:
        weights = [self.asked.weights] if self.asked.weights else []
        return [*self.asked.slices, *self.asked.cluster_columns, *weights]

    def _count_seen(self, role: str, model: ScoringVersion) -> None:
        """Require that none of the files is a training file of a model, and count the rows that it has seen, once."""
        if role not in self._plan["seen"]:
            found = require_unseen(self.task, str(self.asked.data), model)
            self._change_plan(seen={**self._plan["seen"], role: vars(found) if found else None})

    def _change_plan(self, **members: Any) -> None:
        self._plan.update(members)
        self._files.write(f"{self._files.prefix}{_PLAN}", json.dumps(self._plan))
