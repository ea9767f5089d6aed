"""The operator that registers a candidate as a version of a model package group."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_sagemaker_automl.assets import tell_of_registration
from airflow_sagemaker_automl.completion import WaitsForModelPackage
from airflow_sagemaker_automl.connection import CONNECTION_FIELDS, errors_for_people
from airflow_sagemaker_automl.core.inference import served
from airflow_sagemaker_automl.core.literals import is_resolved, literal, plain
from airflow_sagemaker_automl.core.members import Later
from airflow_sagemaker_automl.core.model_card import card_violations
from airflow_sagemaker_automl.core.model_package import REGISTRATION_MEMBERS, written
from airflow_sagemaker_automl.core.verdict import about_another, approval_by, read_verdict
from airflow_sagemaker_automl.exceptions import InvalidModelPackage
from airflow_sagemaker_automl.lineage import TellsOfRegistration
from airflow_sagemaker_automl.links import JOB_LINKS, VERSION_LINKS, show_job, show_version
from airflow_sagemaker_automl.operators.author import (
    allowed_registration,
    card_as_template_field,
    rendered_card,
    require_allowed_at_parse,
    response_keys_of,
    with_extra_members,
)
from airflow_sagemaker_automl.operators.candidate import chosen_candidate, ended_job, job_name_violations
from airflow_sagemaker_automl.operators.changing import change_and_describe
from airflow_sagemaker_automl.operators.registration import (
    REGISTRATION_NAMES,
    Declaration,
    Registration,
    provenance_of,
)
from airflow_sagemaker_automl.service_errors import is_denied

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.candidate import Candidate
    from airflow_sagemaker_automl.core.job import AutoMLJob
    from airflow_sagemaker_automl.core.model_card import ModelCard

# Without a verdict a person decides.
_UNDECIDED = "PendingManualApproval"


class SageMakerRegisterCandidateOperator(TellsOfRegistration, WaitsForModelPackage):
    """Register a candidate of a completed AutoML job as a version of a model package group, with a model card.

    The group is created if it does not exist. The card is built from the job, its candidates and the service's
    reports; ``model_card`` adds what only people know.

    The same model, registered in the same way, is one version, however often the task runs, and whoever runs it: a
    retry, a clear or another DAG run finds the version that exists, with the approval that it has by then. A
    registration that was edited makes another version. Revision, repository and DAG run are recorded, and make no
    difference. Nor does what a quality gate says: a model that is registered again with another verdict keeps the
    approval that it has, and the log says so.

    Members of ``CreateModelPackage`` that an argument is named after are given as boto3 takes them, and win over what
    is built, mapping by mapping.

    :param job_name: the AutoML job. (templated)
    :param model_package_group_name: name of the group, or the ARN of one that may be another account's and is never
        created. (templated)
    :param candidate_name: the candidate to register. Default: the best one. (templated)
    :param verdict: what a quality gate has decided, as
        :class:`~airflow_sagemaker_automl.operators.quality_gate.SageMakerQualityGateOperator` returns it, or its JSON
        (``{{ … | tojson }}``). It goes into the metadata and onto the card, and decides on the approval. One that is
        about another job or candidate is refused. Default: none. (templated)
    :param approval_status: ``PendingManualApproval``, ``Approved`` or ``Rejected``, whatever the verdict is. Default:
        by the verdict ``Approved`` or ``Rejected``, without one ``PendingManualApproval``. (templated)
    :param model_card: the author's part of the card: a :class:`~airflow_sagemaker_automl.core.model_card.ModelCard`;
        a mapping in the card's own schema, for example ``{"intended_uses": {"purpose_of_model": "…"}}``; or the path
        of a ``.json``, ``.yaml`` or ``.yml`` file that holds one, relative to the DAG file, whose text is rendered
        too. It wins over what is built. (templated)
    :param model_card_status: ``Draft`` (default), ``PendingReview`` or ``Approved``. (templated)
    :param description: of the version, at most 1024 characters on one line. (templated)
    :param inference_response_keys: what the model is to answer with, of ``predicted_label``, ``probability``,
        ``probabilities`` and ``labels``, as far as the candidate supports them; a list, or a text with commas.
        Default: the predicted label. It cannot be changed after registration. (templated)
    :param content_types: MIME types that the model takes. Default: those of the problem type. (templated)
    :param response_types: MIME types that it answers in. Default: those of the problem type. (templated)
    :param realtime_instance_types: instance types that it may be hosted on. (templated)
    :param transform_instance_types: instance types for batch transform. (templated)
    :param additional_inference_specifications: other ways to serve it. If the service names containers for a CPU and
        for a GPU, those that are not the default are added under the name ``cpu`` or ``gpu``. (templated)
    :param customer_metadata_properties: key → text, beside the keys that registration writes, which are those of
        :class:`~airflow_sagemaker_automl.core.model_package.Metadata`; 50 in all. (templated)
    :param commit_id: revision of the code behind it, at most 1024 characters. (templated)
    :param repository: where that code is. (templated)
    :param project_id: the SageMaker project that it belongs to. (templated)
    :param model_metrics: further reports, for example of bias, beside those of the job. (templated)
    :param drift_check_baselines: baselines for monitoring. (templated)
    :param model_life_cycle: ``Stage``, ``StageStatus`` and ``StageDescription``. (templated)
    :param registration_type: ``Registered`` or ``Logged``. (templated)
    :param domain: for Inference Recommender, for example ``MACHINE_LEARNING``. (templated)
    :param task: for Inference Recommender, for example ``CLASSIFICATION``. (templated)
    :param sample_payload_url: S3 URI of an archive of sample requests. (templated)
    :param source_uri: where the model comes from; it is set when the version is completed, since the service does
        not take it together with containers. (templated)
    :param security_config: ``{"KmsKeyId": …}`` that encrypts the package's information. (templated)
    :param skip_model_validation: ``All`` or ``None`` (as text). (templated)
    :param validation_specification: batch transform jobs that have to succeed before it is completed. (templated)
    :param managed_storage_type: ``Restricted``, or nothing. (templated)
    :param extra_request: members of ``CreateModelPackage`` to put over all others, mapping by mapping. (templated)
    :param kwargs: waiting arguments as in :class:`~airflow_sagemaker_automl.completion.WaitsForModelPackage`,
        connection arguments as in :class:`~airflow_sagemaker_automl.connection.ConnectsToSageMaker`, and those of
        every operator. ``outlets`` may have :func:`~airflow_sagemaker_automl.assets.registered` and
        :func:`~airflow_sagemaker_automl.assets.approved` of the group.
    :return: (XCom) ``model_package_arn``, ``model_package_group_name``, ``model_package_version``,
        ``approval_status``, ``model_package_status``.
    """

    template_fields: Sequence[str] = (
        "job_name",
        "candidate_name",
        "model_card",
        "inference_response_keys",
        "verdict",
        *REGISTRATION_MEMBERS,
        "extra_request",
        *CONNECTION_FIELDS,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {
        "model_card": "json",
        "verdict": "json",
        "extra_request": "json",
    }
    ui_color = "#d9e2f3"
    operator_extra_links = (*JOB_LINKS, *VERSION_LINKS)

    def __init__(
        self,
        *,
        job_name: str,
        model_package_group_name: str,
        candidate_name: str | None = None,
        verdict: Mapping[str, Any] | str | Later | None = None,
        approval_status: str | None = None,
        model_card: ModelCard | Mapping[str, Any] | str | os.PathLike[str] | None = None,
        model_card_status: str = "Draft",
        description: str | None = None,
        inference_response_keys: Sequence[str] | str | None = None,
        content_types: Sequence[str] | None = None,
        response_types: Sequence[str] | None = None,
        realtime_instance_types: Sequence[str] | None = None,
        transform_instance_types: Sequence[str] | None = None,
        additional_inference_specifications: Sequence[Mapping[str, Any]] | None = None,
        customer_metadata_properties: Mapping[str, str] | None = None,
        commit_id: str | None = None,
        repository: str | None = None,
        project_id: str | None = None,
        model_metrics: Mapping[str, Any] | None = None,
        drift_check_baselines: Mapping[str, Any] | None = None,
        model_life_cycle: Mapping[str, str] | None = None,
        registration_type: str | None = None,
        domain: str | None = None,
        task: str | None = None,
        sample_payload_url: str | None = None,
        source_uri: str | None = None,
        security_config: Mapping[str, str] | None = None,
        skip_model_validation: str | None = None,
        validation_specification: Mapping[str, Any] | None = None,
        managed_storage_type: str | None = None,
        extra_request: Mapping[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        given = {name: plain(value) for name, value in locals().items() if name in REGISTRATION_MEMBERS}
        super().__init__(**{"multiple_outputs": True, **kwargs})
        self.job_name = job_name
        self.candidate_name = candidate_name
        self.model_card = card_as_template_field(model_card)
        self.inference_response_keys = plain(inference_response_keys)
        self.verdict = plain(verdict)
        self.extra_request = plain(extra_request)
        for name, value in given.items():
            setattr(self, name, value)
        members = written(vars(self), REGISTRATION_MEMBERS)
        wrong = [violation for violation in read_verdict(literal(self.verdict))[1] if is_resolved(violation.value)]
        require_allowed_at_parse(members, REGISTRATION_NAMES, self.model_card, extra=self.extra_request, more=wrong)

    @errors_for_people
    def execute(self, context: Context) -> dict[str, Any]:
        """Register the candidate, or find the version that is registered already, and wait until it is completed."""
        declaration, ti = self._declaration(context), context["ti"]
        why = "A candidate is registered when its job has ended."
        job = ended_job(self, ti, self.job_name, self.candidate_name, why=why)
        candidates = self._candidates(job)
        candidate = served(chosen_candidate(job, candidates, self.candidate_name), job.problem_type)
        show_job(self, ti, job, candidate)
        self.remember_candidate(job, candidate)
        candidate.require_registrable(job.name)
        if wrong := about_another(declaration.verdict, candidate_name=candidate.name):
            raise InvalidModelPackage(wrong)
        registration = Registration(self, declaration, job, candidate, is_first_try=ti.try_number == 1)
        arn = registration.find_or_create(candidates, provenance_of(ti, declaration.members))
        show_version(self, ti)
        return self._finish(self.completed(arn, context), context)

    @errors_for_people
    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Go on when the version is completed or has failed, or the deadline has come."""
        return self._finish(self.after_completion(event), context)

    def _members(self) -> dict[str, Any]:
        """Give what the author declares as members of ``CreateModelPackage``.

        :raises InvalidModelPackage: ``extra_request`` is no mapping.
        """
        return with_extra_members(written(vars(self), REGISTRATION_MEMBERS), self.extra_request)

    def _declaration(self, context: Context) -> Declaration:
        """Read what Airflow has rendered.

        :raises InvalidModelPackage: it breaks rules, the card's included.
        """
        card = rendered_card(self, self.model_card, context)
        verdict, wrong = read_verdict(self.verdict)
        wrong += about_another(verdict, job_name=self.job_name, candidate_name=self.candidate_name)
        more = [*job_name_violations(self.job_name), *wrong, *card_violations(card)]
        members = allowed_registration(self._members(), REGISTRATION_NAMES, more=more)
        return Declaration(
            members={"ModelApprovalStatus": _UNDECIDED, **members},
            card=card,
            response_keys=response_keys_of(self.inference_response_keys),
            verdict=verdict,
            decided=self._decided(),
        )

    def _decided(self) -> str | None:
        """Say which approval the verdict gives; None where there is no verdict, or the author has the say."""
        verdict, _ = read_verdict(self.verdict)
        return None if verdict is None or self._members().get("ModelApprovalStatus") else approval_by(verdict)

    def _candidates(self, job: AutoMLJob) -> Sequence[Candidate]:
        """List all candidates; none where they may not be listed and only the leaderboard would need them."""
        try:
            return self.patiently(lambda hook: hook.candidates(job))
        except Exception as error:
            if self.candidate_name or not is_denied(error):
                raise
            text = "The card has no leaderboard, for candidates of AutoML job %s may not be listed: %s"
            self.log.warning(text, job.name, error)
            return []

    def _finish(self, described: Mapping[str, Any], context: Context) -> dict[str, Any]:
        """Set what can be set on a completed version only, and tell assets and downstream tasks of it."""
        arn, source_uri = described["ModelPackageArn"], self._members().get("SourceUri")
        if source_uri and not described.get("SourceUri"):
            change = {"ModelPackageArn": arn, "SourceUri": source_uri}
            described = change_and_describe(self, change, described)
        self.remember_version(described)
        decided, approval = self._decided(), described.get("ModelApprovalStatus")
        if decided not in (None, approval):
            text = "%s was registered before and is %s, and stays so, though by the verdict it would be %s"
            self.log.warning(text, arn, approval, decided)
        tell_of_registration(self, context, described)
        return {
            "model_package_arn": arn,
            "model_package_group_name": described.get("ModelPackageGroupName"),
            "model_package_version": described.get("ModelPackageVersion"),
            "approval_status": described.get("ModelApprovalStatus"),
            "model_package_status": described["ModelPackageStatus"],
        }
