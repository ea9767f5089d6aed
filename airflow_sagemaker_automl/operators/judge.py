"""The operator that judges whether a candidate is good enough to be registered or approved."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, get_args

from airflow_sagemaker_automl.core.gate.quality_gate import (
    BetterThanChampion,
    Champion,
    QualityGate,
)
from airflow_sagemaker_automl.core.gate.verdict import approval_by
from airflow_sagemaker_automl.core.rules.quality_gate import ON_EVALUATION
from airflow_sagemaker_automl.core.values.literals import literal, plain
from airflow_sagemaker_automl.core.values.members import Later
from airflow_sagemaker_automl.core.values.wording import one_of, type_in_words
from airflow_sagemaker_automl.exceptions import CandidateRejected, Violation
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.observability.links import JOB_LINKS, ModelPackageGroupLink, show_group, show_job
from airflow_sagemaker_automl.tasks.base import CONNECTION_FIELDS, SageMakerTask, with_clear_errors
from airflow_sagemaker_automl.tasks.candidate import chosen_candidate, ended_job, job_name_violations
from airflow_sagemaker_automl.tasks.champion_group import ask_group, group_violations
from airflow_sagemaker_automl.tasks.evaluation_report import read_evaluation
from airflow_sagemaker_automl.tasks.gate_field import gate_as_template_field
from airflow_sagemaker_automl.tasks.results import OnRejected, end_as_chosen

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.jobs.candidate import Candidate
    from airflow_sagemaker_automl.core.jobs.job import AutoMLJob


class SageMakerQualityGateOperator(SageMakerTask):
    """Judge a candidate of a completed AutoML job by a quality gate: thresholds, and the champion of its group.

    The champion is the newest approved version of the group, other than the candidate itself: if the task is cleared
    after its candidate was approved, it compares with the same champion as before. The champion's metric values are
    those recorded at registration; for a version that was registered by other means, those of its model quality report
    in S3, which are computed on the validation data. The task changes nothing.

    The log and the XCom contain every rule with its values, however the task ends. The register operator takes the
    result as ``verdict``.

    :param job_name: the AutoML job. (templated)
    :param model_package_group_name: name or ARN of the group whose champion the candidate must beat. (templated)
    :param gate: a :class:`~airflow_sagemaker_automl.QualityGate`, or a mapping of its arguments, in
        which ``thresholds`` is a list of mappings and ``champion`` a mapping; or the JSON of that. Every leaf may be a
        template or an XComArg; text is converted to the number or boolean that the rule expects, and empty text leaves
        its member out. In ``partial(...)`` of a mapped task, XComArgs require the mapping form. (templated)
    :param candidate_name: the candidate to judge. Default: the best one. (templated)
    :param evaluation: the result of a :class:`~airflow_sagemaker_automl.SageMakerModelEvaluationOperator`, or its
        JSON, for rules on an evaluation: ``BetterThanChampion(on="evaluation")``, ``Threshold(data_set="Evaluation")``
        and ``NoSliceWorse``. The full report is read from S3. Default: none. (templated)
    :param may_be_new_group: True lets a candidate pass a champion rule with ``without_champion="pass"`` if the group
        does not exist yet. With False (default) the task fails in that case, because the name, the region or the
        account may be wrong. A group without an approved version always follows ``without_champion``, and a group to
        which access is denied always fails the task.
    :param on_rejected: what to do if the candidate is not approved: ``skip`` (default) skips the task, and downstream
        tasks by their trigger rules; ``fail`` fails it without retrying; ``pass`` lets it succeed, so that the
        candidate can be registered as ``Rejected``.
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.tasks.base.SageMakerTask`, and
        those of every operator.
    :return: (XCom) ``approved``; ``approval_status``: ``Approved`` or ``Rejected``; ``champion``: ARN of the version
        that it was compared with, or None; ``compares_with_champion``: whether the gate has a champion rule; ``rules``:
        a list of ``name``, ``passed``, ``value``, ``limit`` and ``reason``; ``job_name``; ``candidate_name``.
    :raises InvalidQualityGate: literal values break rules; with all violations.
    """

    template_fields: Sequence[str] = (
        "job_name",
        "model_package_group_name",
        "candidate_name",
        "gate",
        "evaluation",
        *CONNECTION_FIELDS,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"gate": "json", "evaluation": "json"}
    reads = ("models", "champion")
    ui_color = "#fdf0d0"
    operator_extra_links = (*JOB_LINKS, ModelPackageGroupLink())

    def __init__(
        self,
        *,
        job_name: str,
        model_package_group_name: str,
        gate: QualityGate | Mapping[str, Any] | str | Later,
        candidate_name: str | None = None,
        evaluation: Mapping[str, Any] | str | Later | None = None,
        may_be_new_group: bool = False,
        on_rejected: OnRejected = "skip",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.job_name = job_name
        self.model_package_group_name = model_package_group_name
        self.candidate_name = candidate_name
        self.evaluation = plain(evaluation)
        self.may_be_new_group = may_be_new_group
        self.on_rejected = on_rejected
        more = [
            *group_violations(literal(model_package_group_name), may_be_new_group=may_be_new_group),
            *one_of("on_rejected", on_rejected or "", get_args(OnRejected)),
        ]
        self.gate = gate_as_template_field(gate, more)

    @with_clear_errors
    def execute(self, context: Context) -> dict[str, Any]:
        """Judge the candidate.

        :raises AirflowFailException: the candidate lacks a metric, and the gate does not reject it for that.
        :raises AirflowSkipException: it is not approved, and ``on_rejected`` is ``skip``.
        :raises CandidateRejected: it is not approved, and ``on_rejected`` is ``fail``.
        """
        gate = self._gate()
        why = "A candidate is judged when its job has ended."
        job = ended_job(self, context["ti"], self.job_name, self.candidate_name, why=why)
        candidate = self._candidate(job)
        show_job(self, context["ti"], job, candidate)
        show_group(self, context["ti"])
        self.lineage = self.lineage.with_candidate(job, candidate)
        evaluation = read_evaluation(self, self.evaluation)
        verdict = gate.judge(job, candidate, self._champion(gate, job, candidate), evaluation)
        metrics.count(metrics.JUDGED, "approved" if verdict.approved else "rejected")
        judged = CandidateRejected(job.name, candidate.name, str(verdict))
        self.log.log(logging.INFO if verdict.approved else logging.WARNING, "%s", judged)
        decided = verdict.to_json()
        names = {"job_name": job.name, "candidate_name": candidate.name}
        result = {**decided, "approval_status": approval_by(decided), **names}
        self.lineage = self.lineage.with_verdict(result)
        return result if verdict.approved else end_as_chosen(self, context, result, judged, self.on_rejected)

    def _gate(self) -> QualityGate:
        """Read the rendered gate.

        :raises InvalidQualityGate: with all violations.
        """
        more = [
            *job_name_violations(self.job_name),
            *group_violations(self.model_package_group_name, may_be_new_group=self.may_be_new_group),
        ]
        if not isinstance(self.candidate_name, str | None):
            rule = f"must be the name of a candidate, not {type_in_words(self.candidate_name)}"
            more.append(Violation("candidate_name", self.candidate_name, rule))
        return QualityGate.read(self.gate, "gate", more=more)

    def _candidate(self, job: AutoMLJob) -> Candidate:
        candidates = self.call_with_retries(lambda hook: hook.candidates(job)) if self.candidate_name else []
        return chosen_candidate(job, candidates, self.candidate_name)

    def _champion(self, gate: QualityGate, job: AutoMLJob, candidate: Candidate) -> Champion | None:
        """Look up the champion; None if there is none, or the gate does not compare with it.

        :raises ChampionUnreadable: access to its group is denied.
        :raises ModelPackageGroupNotFound: its group does not exist, and may not be new.
        """
        from airflow_sagemaker_automl.core.registry.champion import is_same_model, read_champion, report_of, with_report

        rule, group = gate.champion, self.model_package_group_name
        if not gate.compares:
            return None
        described = ask_group(
            self,
            group,
            lambda hook: hook.newest_approved(group, unless=lambda seen: is_same_model(seen, job, candidate)),
            may_be_new=self.may_be_new_group,
        )
        if described is None:
            return None
        champion, report = read_champion(described), report_of(described)
        if not isinstance(rule, BetterThanChampion) or rule.on == ON_EVALUATION:
            return champion
        if report and not champion.has(rule.compared(candidate), rule.data_set):
            read = self.call_with_retries(lambda hook: hook.read_report(*report))
            return with_report(champion, read.content) if read else champion
        return champion
