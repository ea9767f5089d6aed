"""The operator that decides whether a candidate is good enough to be registered, or approved."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, TypeAlias, get_args

from airflow.sdk.bases.xcom import BaseXCom
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_sagemaker_automl import metrics
from airflow_sagemaker_automl.connection import CONNECTION_FIELDS, ConnectsToSageMaker, errors_for_people
from airflow_sagemaker_automl.core.literals import literal, merged
from airflow_sagemaker_automl.core.members import Later
from airflow_sagemaker_automl.core.metric_names import problem_type_of
from airflow_sagemaker_automl.core.quality_gate import (
    BetterThanChampion,
    Champion,
    QualityGate,
    gate_as_mapping,
    require_literals,
)
from airflow_sagemaker_automl.core.rules.wording import kind_of, one_of
from airflow_sagemaker_automl.core.verdict import approval_by
from airflow_sagemaker_automl.exceptions import CandidateRejected, InvalidQualityGate, Violation
from airflow_sagemaker_automl.lineage import TellsOfJudging
from airflow_sagemaker_automl.links import JOB_LINKS, ModelPackageGroupLink, show_group, show_job
from airflow_sagemaker_automl.operators.candidate import chosen_candidate, ended_job, job_name_violations
from airflow_sagemaker_automl.operators.champion_group import ask_group, group_violations

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.candidate import Candidate
    from airflow_sagemaker_automl.core.job import AutoMLJob

OnRejected: TypeAlias = Literal["skip", "fail", "pass"]


class GateRefusedAtParse(InvalidQualityGate, AirflowFailException):
    """What is literal in a quality gate is wrong: an import error of the DAG."""


class SageMakerQualityGateOperator(TellsOfJudging, ConnectsToSageMaker):
    """Hold a candidate of a completed AutoML job against a quality gate: thresholds, and the champion of its group.

    The champion is the newest approved version of the group, other than the candidate itself: a gate that is cleared
    after its candidate was approved compares with the same champion as before. Its figures are those that registration
    has recorded; for a version that was registered in another way, those of its model quality report in S3, which are
    of the validation data. Nothing is changed.

    The log has every rule with its numbers, and so has the XCom, whatever becomes of the task. The register operator
    takes it as ``verdict``.

    :param job_name: the AutoML job. (templated)
    :param model_package_group_name: name or ARN of the group whose champion it has to beat. (templated)
    :param gate: a :class:`~airflow_sagemaker_automl.core.quality_gate.QualityGate`, or a mapping of its arguments, in
        which ``thresholds`` is a list of mappings and ``champion`` a mapping; or the JSON of that. Every leaf may be a
        template or an XComArg; a text becomes the number or truth value that is wanted, and an empty one leaves its
        member out. In ``partial(...)`` of a mapped task XComArgs need the mapping. (templated)
    :param candidate_name: the candidate to judge. Default: the best one. (templated)
    :param may_be_new_group: True lets a candidate pass a champion rule with ``without_champion="pass"`` where the group
        does not exist yet. By default (False) the task fails then: the name, the region or the account may be wrong.
        A group that exists without an approved version follows ``without_champion`` in any case, and one that is not
        visible always fails the task.
    :param on_rejected: what becomes of the task if the candidate is not approved: ``skip`` (default) skips it, and what
        follows by its trigger rule; ``fail`` fails it for good; ``pass`` lets it succeed, so that the candidate can be
        registered as ``Rejected``.
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.connection.ConnectsToSageMaker`, and
        those of every operator.
    :return: (XCom) ``approved``; ``approval_status``: ``Approved`` or ``Rejected``; ``champion``: ARN of the version
        that it was compared with, or None; ``rules``: a list of ``name``, ``passed``, ``value``, ``limit`` and
        ``reason``; ``job_name``; ``candidate_name``.
    :raises GateRefusedAtParse: what is literal is wrong; with everything that is.
    """

    template_fields: Sequence[str] = (
        "job_name",
        "model_package_group_name",
        "candidate_name",
        "gate",
        *CONNECTION_FIELDS,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"gate": "json"}
    ui_color = "#fdf0d0"
    operator_extra_links = (*JOB_LINKS, ModelPackageGroupLink())

    def __init__(
        self,
        *,
        job_name: str,
        model_package_group_name: str,
        gate: QualityGate | Mapping[str, Any] | str | Later,
        candidate_name: str | None = None,
        may_be_new_group: bool = False,
        on_rejected: OnRejected = "skip",
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.job_name = job_name
        self.model_package_group_name = model_package_group_name
        self.candidate_name = candidate_name
        self.may_be_new_group = may_be_new_group
        self.on_rejected = on_rejected
        more = [
            *group_violations(literal(model_package_group_name), may_be_new_group=may_be_new_group),
            *one_of("on_rejected", on_rejected or "", get_args(OnRejected)),
        ]
        try:
            self.gate = gate_as_mapping(gate)
            require_literals(self.gate, "gate", more=more)
        except InvalidQualityGate as error:
            raise GateRefusedAtParse(error.violations) from None

    @errors_for_people
    def execute(self, context: Context) -> dict[str, Any]:
        """Judge the candidate.

        :raises AirflowFailException: the candidate lacks a figure, and the gate does not reject it for that.
        :raises AirflowSkipException: it is not approved, and the task is to be skipped then.
        :raises CandidateRejected: it is not approved, and the task is to fail then.
        """
        gate = self._gate()
        why = "A candidate is judged when its job has ended."
        job = ended_job(self, context["ti"], self.job_name, self.candidate_name, why=why)
        candidate = self._candidate(job)
        show_job(self, context["ti"], job, candidate)
        show_group(self, context["ti"])
        self.remember_candidate(job, candidate)
        verdict = gate.judge(job, candidate, self._champion(gate, job, candidate))
        metrics.count(metrics.JUDGED, "approved" if verdict.approved else "rejected")
        told = CandidateRejected(job.name, candidate.name, str(verdict))
        self.log.log(logging.INFO if verdict.approved else logging.WARNING, "%s", told)
        decided = verdict.to_json()
        names = {"job_name": job.name, "candidate_name": candidate.name}
        result = {**decided, "approval_status": approval_by(decided), **names}
        self.remember_verdict(result)
        if verdict.approved or self.on_rejected == "pass":
            return result
        self._push(context, result)
        if self.on_rejected == "fail":
            raise told
        raise AirflowSkipException(str(told))

    def _gate(self) -> QualityGate:
        """Read what Airflow has rendered.

        :raises InvalidQualityGate: with everything that is wrong.
        """
        more = [
            *job_name_violations(self.job_name),
            *group_violations(self.model_package_group_name, may_be_new_group=self.may_be_new_group),
        ]
        if not isinstance(self.candidate_name, str | None):
            rule = f"must be the name of a candidate, not {kind_of(self.candidate_name)}"
            more.append(Violation("candidate_name", self.candidate_name, rule))
        return QualityGate.read(self.gate, "gate", more=more)

    def _candidate(self, job: AutoMLJob) -> Candidate:
        candidates = self.patiently(lambda hook: hook.candidates(job)) if self.candidate_name else []
        return chosen_candidate(job, candidates, self.candidate_name)

    def _champion(self, gate: QualityGate, job: AutoMLJob, candidate: Candidate) -> Champion | None:
        """Look up what the candidate has to beat; None where there is nothing, or nothing is compared.

        :raises ChampionUnreadable: its group is not visible.
        :raises ModelPackageGroupNotFound: its group does not exist, and may not be new.
        """
        from airflow_sagemaker_automl.core.champion import is_same_model, read_champion, report_of, with_report

        rule, group = gate.champion, self.model_package_group_name
        if not isinstance(rule, BetterThanChampion):
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
        if report and not champion.has(rule.compared(candidate), rule.data_set):
            read = self.patiently(lambda hook: hook.read_report(*report))
            return with_report(champion, read.content) if read else champion
        return champion

    def _push(self, context: Context, result: Mapping[str, Any]) -> None:
        """Give the result to whoever asks for it, as Airflow does for a task that succeeds."""
        if not self.do_xcom_push:
            return
        for key, value in result.items() if self.multiple_outputs else ():
            context["ti"].xcom_push(key=key, value=value)
        context["ti"].xcom_push(key=BaseXCom.XCOM_RETURN_KEY, value=dict(result))


def require_metrics_of(gate: Any, request: Any, extra_request: Any) -> None:
    """Judge at DAG parse whether the metrics of a gate exist for what is trained, as far as both are literal.

    :param gate: the template field of the operator.
    :param request: that of the operator that trains.
    :param extra_request: what is merged over it.
    :raises GateRefusedAtParse: with every metric that the problem type does not have.
    """
    known, extra = literal(request), literal(extra_request or {})
    if not isinstance(known, Mapping) or not isinstance(extra, Mapping):
        return
    try:
        require_literals(gate, "gate", problem_type=problem_type_of(merged(known, extra)))
    except InvalidQualityGate as error:
        raise GateRefusedAtParse(error.violations) from None
