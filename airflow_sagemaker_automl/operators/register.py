"""The operator that registers a candidate as a version of a model package group."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from airflow_sagemaker_automl.assets.events import emit_registration_events
from airflow_sagemaker_automl.core.card.schema import card_violations
from airflow_sagemaker_automl.core.gate.verdict import about_another, approval_by, read_verdict
from airflow_sagemaker_automl.core.registry.inference import served
from airflow_sagemaker_automl.core.registry.model_package import REGISTRATION_MEMBERS, written
from airflow_sagemaker_automl.core.values.literals import is_resolved, literal, plain
from airflow_sagemaker_automl.core.values.members import Later
from airflow_sagemaker_automl.exceptions import InvalidModelPackage
from airflow_sagemaker_automl.hooks.errors import is_denied
from airflow_sagemaker_automl.observability.links import JOB_LINKS, VERSION_LINKS, show_job, show_version
from airflow_sagemaker_automl.tasks.base import CONNECTION_FIELDS, with_clear_errors
from airflow_sagemaker_automl.tasks.candidate import chosen_candidate, ended_job, job_name_violations
from airflow_sagemaker_automl.tasks.changing import update_and_describe
from airflow_sagemaker_automl.tasks.completion import Completion
from airflow_sagemaker_automl.tasks.registration import (
    REGISTRATION_NAMES,
    Declaration,
    Registration,
    provenance_of,
)
from airflow_sagemaker_automl.tasks.registration_fields import (
    allowed_registration,
    card_as_template_field,
    rendered_card,
    require_allowed_at_parse,
    response_keys_of,
    with_extra_members,
)
from airflow_sagemaker_automl.tasks.waiting import WaitingTask, seconds

if TYPE_CHECKING:
    from airflow.sdk import Context

    from airflow_sagemaker_automl.core.card.sections import ModelCard
    from airflow_sagemaker_automl.core.jobs.candidate import Candidate
    from airflow_sagemaker_automl.core.jobs.job import AutoMLJob

# Without a verdict, a reviewer decides.
_UNDECIDED = "PendingManualApproval"


class SageMakerRegisterCandidateOperator(WaitingTask):
    """Register a candidate of a completed AutoML job as a version of a model package group, with a model card.

    The group is created if it does not exist. The card is built from the job, its candidates and the service's
    reports; ``model_card`` adds the author's sections.

    The same model with the same registration arguments is registered once: a retry, a clear or another DAG run finds
    the existing version with its current approval status. Changed arguments create another version, except
    ``commit_id``, ``repository`` and ``verdict``, which are only recorded, like the DAG run. A model that is
    registered again with another verdict keeps its approval status, and the log says so.

    Arguments named after members of ``CreateModelPackage`` take the values that boto3 takes, and are deep-merged over
    the built values.

    :param job_name: the AutoML job. (templated)
    :param model_package_group_name: name of the group; or an ARN, possibly of another account's group, which is never
        created. (templated)
    :param candidate_name: the candidate to register. Default: the best one. (templated)
    :param verdict: the result of a
        :class:`~airflow_sagemaker_automl.SageMakerQualityGateOperator`, or its JSON
        (``{{ … | tojson }}``). It is written to the metadata and the card, and sets the approval status. A verdict on
        another job or candidate is an error. Default: none. (templated)
    :param approval_status: ``PendingManualApproval``, ``Approved`` or ``Rejected``, regardless of the verdict.
        Default: ``Approved`` or ``Rejected`` by the verdict; ``PendingManualApproval`` without one. (templated)
    :param model_card: the author's part of the card: a :class:`~airflow_sagemaker_automl.ModelCard`;
        a mapping in the card's own schema, for example ``{"intended_uses": {"purpose_of_model": "…"}}``; or the path
        of a ``.json``, ``.yaml`` or ``.yml`` file with it, relative to the DAG file, whose text is rendered too. It
        overrides the built card. (templated)
    :param model_card_status: ``Draft`` (default), ``PendingReview`` or ``Approved``. (templated)
    :param description: of the version, at most 1024 characters on one line. (templated)
    :param inference_response_keys: what the model returns: any of ``predicted_label``, ``probability``,
        ``probabilities`` and ``labels`` that the candidate supports, as a list or comma-separated text.
        Default: the predicted label. It cannot be changed after registration. (templated)
    :param content_types: MIME types of requests to the model. Default: those of the problem type. (templated)
    :param response_types: MIME types of its responses. Default: those of the problem type. (templated)
    :param realtime_instance_types: instance types for endpoints. (templated)
    :param transform_instance_types: instance types for batch transform. (templated)
    :param additional_inference_specifications: additional ways to serve the model. If the service returns containers
        for both CPU and GPU, those that are not the default are added under the name ``cpu`` or ``gpu``. (templated)
    :param customer_metadata_properties: key → text, in addition to the keys that registration writes, which are those
        of :class:`~airflow_sagemaker_automl.core.registry.model_package.Metadata`; at most 50 in total. (templated)
    :param commit_id: commit of the code that produced the version, at most 1024 characters. (templated)
    :param repository: repository of that code. (templated)
    :param project_id: the SageMaker project of the version. (templated)
    :param model_metrics: further reports, for example on bias, in addition to those of the job. (templated)
    :param drift_check_baselines: baselines for monitoring. (templated)
    :param model_life_cycle: ``Stage``, ``StageStatus`` and ``StageDescription``. (templated)
    :param registration_type: ``Registered`` or ``Logged``. (templated)
    :param domain: for Inference Recommender, for example ``MACHINE_LEARNING``. (templated)
    :param task: for Inference Recommender, for example ``CLASSIFICATION``. (templated)
    :param sample_payload_url: S3 URI of an archive of sample requests. (templated)
    :param source_uri: source of the model; it is set after the version is completed, because the service does not
        accept it together with containers. (templated)
    :param security_config: ``{"KmsKeyId": …}`` to encrypt the model package's information. (templated)
    :param skip_model_validation: ``All`` or ``None`` (as text). (templated)
    :param validation_specification: batch transform jobs that must succeed before the version is completed. (templated)
    :param managed_storage_type: ``Restricted``. Default: unset. (templated)
    :param extra_request: members of ``CreateModelPackage`` to deep-merge over all others. (templated)
    :param deferrable: wait for the version in the triggerer instead of a worker. Default:
        ``[operators] default_deferrable``.
    :param poll_interval: seconds, or a timedelta, between two polls of the version after the first five seconds, which
        the task always waits in the worker (default: 15). Deferred tasks with the same connection, interval and group
        share one poll.
    :param completion_timeout: seconds, or a timedelta, from the version's creation until the wait ends and the task
        fails without retrying (default: 3600, because a validation runs a transform job, which may take half an hour);
        None means no limit. The task's ``execution_timeout`` ends a wait as well, deferred or not.
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.tasks.base.SageMakerTask`, and those of
        every operator. ``outlets`` may contain :func:`~airflow_sagemaker_automl.registered` and
        :func:`~airflow_sagemaker_automl.approved` of the group.
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
    reads = ("models",)
    writes = ("version",)
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
        deferrable: bool | None = None,
        poll_interval: float | timedelta = 15,
        completion_timeout: float | timedelta | None = 3600,
        **kwargs: Any,
    ) -> None:
        super().__init__(deferrable=deferrable, poll_interval=poll_interval, **kwargs)
        self.completion_timeout = completion_timeout
        self.job_name = job_name
        self.candidate_name = candidate_name
        self.model_card = card_as_template_field(model_card)
        self.inference_response_keys = plain(inference_response_keys)
        self.verdict = plain(verdict)
        self.extra_request = plain(extra_request)
        self.model_package_group_name = model_package_group_name
        self.approval_status = approval_status
        self.description = description
        self.model_card_status = model_card_status
        self.content_types = plain(content_types)
        self.response_types = plain(response_types)
        self.realtime_instance_types = plain(realtime_instance_types)
        self.transform_instance_types = plain(transform_instance_types)
        self.additional_inference_specifications = plain(additional_inference_specifications)
        self.customer_metadata_properties = plain(customer_metadata_properties)
        self.commit_id = commit_id
        self.repository = repository
        self.project_id = project_id
        self.model_metrics = plain(model_metrics)
        self.drift_check_baselines = plain(drift_check_baselines)
        self.model_life_cycle = plain(model_life_cycle)
        self.registration_type = registration_type
        self.domain = domain
        self.task = task
        self.sample_payload_url = sample_payload_url
        self.source_uri = source_uri
        self.security_config = plain(security_config)
        self.skip_model_validation = skip_model_validation
        self.validation_specification = plain(validation_specification)
        self.managed_storage_type = managed_storage_type
        members = written(vars(self), REGISTRATION_MEMBERS)
        wrong = [violation for violation in read_verdict(literal(self.verdict))[1] if is_resolved(violation.value)]
        require_allowed_at_parse(members, REGISTRATION_NAMES, self.model_card, extra=self.extra_request, more=wrong)

    @with_clear_errors
    def execute(self, context: Context) -> dict[str, Any]:
        """Register the candidate, or find its existing version, and wait until the version is completed."""
        declaration, ti = self._declaration(context), context["ti"]
        why = "A candidate is registered when its job has ended."
        job = ended_job(self, ti, self.job_name, self.candidate_name, why=why)
        candidates = self._candidates(job)
        candidate = served(chosen_candidate(job, candidates, self.candidate_name), job.problem_type)
        show_job(self, ti, job, candidate)
        self.lineage = self.lineage.with_candidate(job, candidate)
        candidate.require_registrable(job.name)
        if wrong := about_another(declaration.verdict, candidate_name=candidate.name):
            raise InvalidModelPackage(wrong)
        registration = Registration(self, declaration, job, candidate, is_first_try=ti.try_number == 1)
        arn = registration.find_or_create(candidates, provenance_of(ti, declaration.members))
        show_version(self, ti)
        return self._finish(self._completion.wait(arn), context)

    @with_clear_errors
    def execute_complete(self, context: Context, event: dict[str, Any]) -> dict[str, Any]:
        """Resume when the version is completed or has failed, or at the deadline."""
        return self._finish(self._completion.after(event), context)

    @property
    def _completion(self) -> Completion:
        return Completion(task=self, timeout=seconds(self.completion_timeout))

    def _members(self) -> dict[str, Any]:
        """Return the author's arguments as members of ``CreateModelPackage``.

        :raises InvalidModelPackage: ``extra_request`` is not a mapping.
        """
        return with_extra_members(written(vars(self), REGISTRATION_MEMBERS), self.extra_request)

    def _declaration(self, context: Context) -> Declaration:
        """Read the rendered arguments.

        :raises InvalidModelPackage: with all violations, including those of the card.
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
        """Return the approval status by the verdict; None without a verdict, or if the author sets the status."""
        verdict, _ = read_verdict(self.verdict)
        return None if verdict is None or self._members().get("ModelApprovalStatus") else approval_by(verdict)

    def _candidates(self, job: AutoMLJob) -> Sequence[Candidate]:
        """List all candidates; empty if listing is denied and only the leaderboard needs them."""
        try:
            return self.call_with_retries(lambda hook: hook.candidates(job))
        except Exception as error:
            if self.candidate_name or not is_denied(error):
                raise
            text = "The card has no leaderboard, because listing the candidates of AutoML job %s is denied: %s"
            self.log.warning(text, job.name, error)
            return []

    def _finish(self, described: Mapping[str, Any], context: Context) -> dict[str, Any]:
        """Set ``SourceUri``, which needs a completed version, emit the asset events, and return the result."""
        arn, source_uri = described["ModelPackageArn"], self._members().get("SourceUri")
        if source_uri and not described.get("SourceUri"):
            change = {"ModelPackageArn": arn, "SourceUri": source_uri}
            described = update_and_describe(self, change, described)
        self.lineage = self.lineage.with_version(described)
        decided, approval = self._decided(), described.get("ModelApprovalStatus")
        if decided not in (None, approval):
            text = "%s is already registered and stays %s, although the verdict would make it %s"
            self.log.warning(text, arn, approval, decided)
        emit_registration_events(self, context, described)
        return {
            "model_package_arn": arn,
            "model_package_group_name": described.get("ModelPackageGroupName"),
            "model_package_version": described.get("ModelPackageVersion"),
            "approval_status": described.get("ModelApprovalStatus"),
            "model_package_status": described["ModelPackageStatus"],
        }
