"""Operators that work on the model registry."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_sagemaker_automl.connection import CONNECTION_FIELDS, ConnectsToSageMaker, errors_for_people
from airflow_sagemaker_automl.core.evidence import ANALYSIS_FILE, STATISTICS_FILE, Provenance
from airflow_sagemaker_automl.core.model_card import build_model_card
from airflow_sagemaker_automl.core.model_package import Metadata, create_model_package_request
from airflow_sagemaker_automl.core.outcome import Acceptance
from airflow_sagemaker_automl.exceptions import AutoMLJobError, AutoMLJobUnfinished, CandidateNotRegistrable

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.candidate import Candidate
    from airflow_sagemaker_automl.core.job import AutoMLJob


class SageMakerRegisterCandidateOperator(ConnectsToSageMaker):
    """Register a candidate of a completed AutoML job as a version of a model package group, with a model card.

    The group is created if it does not exist. The card is built from the job, its candidates and the service's
    reports; ``model_card`` adds what only people know. Registering the same thing twice gives one version.

    :param job_name: the AutoML job. (templated)
    :param model_package_group_name: name of the group, or the ARN of one that may be another account's and is never
        created. (templated)
    :param candidate_name: the candidate to register. Default: the best one. (templated)
    :param approval_status: ``PendingManualApproval`` (default), ``Approved`` or ``Rejected``. (templated)
    :param model_card: the author's part of the card, in the card's own schema, for example
        ``{"intended_uses": {"purpose_of_model": "…"}}``; it wins over what is built. (templated)
    :param model_card_status: ``Draft`` (default), ``PendingReview`` or ``Approved``. (templated)
    :param description: description of the version, at most 1024 characters on one line. (templated)
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.connection.ConnectsToSageMaker`, and
        those of every operator.
    :return: (XCom) ``model_package_arn``, ``model_package_group_name``, ``model_package_version``,
        ``approval_status``, ``model_package_status``.
    """

    template_fields: Sequence[str] = (
        "job_name",
        "model_package_group_name",
        "candidate_name",
        "approval_status",
        "model_card",
        "model_card_status",
        "description",
        *CONNECTION_FIELDS,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"model_card": "json"}
    ui_color = "#d9e2f3"

    def __init__(
        self,
        *,
        job_name: str,
        model_package_group_name: str,
        candidate_name: str | None = None,
        approval_status: str = "PendingManualApproval",
        model_card: Mapping[str, Any] | None = None,
        model_card_status: str = "Draft",
        description: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.job_name = job_name
        self.model_package_group_name = model_package_group_name
        self.candidate_name = candidate_name
        self.approval_status = approval_status
        self.model_card = model_card
        self.model_card_status = model_card_status
        self.description = description

    @errors_for_people
    def execute(self, context: Context) -> dict[str, Any]:
        """Register the candidate, or find the version that an earlier try has registered."""
        job = self._ended_job()
        candidates = self.hook.candidates(job.name)
        candidate = self._choose(job, candidates)
        request = self._registration(job, candidate, candidates, context)
        self.hook.ensure_group(self.model_package_group_name)
        arn = self._find_or_create(request, job, first_try=context["ti"].try_number == 1)
        return _result(self.hook.wait_for_model_package(arn))

    def _ended_job(self) -> AutoMLJob:
        """Look at the job.

        :raises AutoMLJobUnfinished: it still runs.
        :raises CandidateNotRegistrable: it did not end well, which no retry of this task can change.
        """
        job = self.hook.describe_job(self.job_name)
        if not job.is_finished:
            raise AutoMLJobUnfinished(job, "A candidate is registered when its job has ended.")
        try:
            # A stopped job's candidate is a model all the same, if the task that trained it has taken it.
            job.raise_for_status(Acceptance(on_stopped="accept_candidate"))
        except AutoMLJobError as error:
            raise CandidateNotRegistrable(job.name, self.candidate_name, str(error)) from error
        return job

    def _choose(self, job: AutoMLJob, candidates: Sequence[Candidate]) -> Candidate:
        """Find the candidate to register.

        :raises CandidateNotRegistrable: there is no such candidate, or no model behind it.
        """
        if self.candidate_name:
            chosen = next((entry for entry in candidates if entry.name == self.candidate_name), None)
        else:
            chosen = job.best_candidate
        if chosen is None:
            known = ", ".join(entry.name for entry in candidates) or "none"
            reason = f"the job has no such candidate; it has: {known}."
            raise CandidateNotRegistrable(job.name, self.candidate_name, reason)
        chosen.require_registrable(job.name)
        return chosen

    def _registration(
        self, job: AutoMLJob, candidate: Candidate, candidates: Sequence[Candidate], context: Context
    ) -> dict[str, Any]:
        statistics = self.hook.read_report(candidate.model_insights_prefix, STATISTICS_FILE)
        analysis = self.hook.read_report(candidate.explainability_prefix, ANALYSIS_FILE)
        ti = context["ti"]
        provenance = Provenance(dag_id=ti.dag_id, run_id=ti.run_id, task_id=ti.task_id)
        card = build_model_card(
            job=job,
            candidate=candidate,
            candidates=candidates,
            statistics=statistics,
            analysis=analysis,
            provenance=provenance,
            author=self.model_card,
        )
        return create_model_package_request(
            group=self.model_package_group_name,
            job=job,
            candidate=candidate,
            approval_status=self.approval_status,
            statistics=statistics,
            analysis=analysis,
            card=card,
            card_status=self.model_card_status,
            provenance=provenance,
            description=self.description,
        )

    def _find_or_create(self, request: dict[str, Any], job: AutoMLJob, *, first_try: bool) -> str:
        """Register the version unless an earlier try has; how long the service remembers a token is not documented."""
        if not first_try:
            identity = request["CustomerMetadataProperties"][Metadata.REQUEST_DIGEST.value]
            arn = self.hook.find_model_package(self.model_package_group_name, identity, job.created)
            if arn:
                self.log.info("An earlier try has registered %s", arn)
                return arn
        arn = self.hook.create_model_package(request)
        self.log.info("Registered %s", arn)
        return arn


def _result(described: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "model_package_arn": described["ModelPackageArn"],
        "model_package_group_name": described.get("ModelPackageGroupName"),
        "model_package_version": described.get("ModelPackageVersion"),
        "approval_status": described.get("ModelApprovalStatus"),
        "model_package_status": described["ModelPackageStatus"],
    }
