"""The operator that asks a reviewer in the Airflow UI to approve or reject a version."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param
from airflow.sdk.exceptions import TaskAwaitingInput

from airflow_sagemaker_automl.assets.events import emit_approval_event
from airflow_sagemaker_automl.core.registry.decision import (
    APPROVE,
    COMMENT,
    LONGEST_COMMENT,
    REJECT,
    REJECTIONS,
    STATUSES,
    Answer,
    ApprovalOutcome,
    Consequence,
    decided_status,
    duration,
    outcome_elsewhere,
    ranking_figure,
)
from airflow_sagemaker_automl.core.rules import registration
from airflow_sagemaker_automl.core.values.literals import plain
from airflow_sagemaker_automl.exceptions import (
    AnswerNotApplied,
    InvalidModelPackage,
    ModelPackageRejected,
    ModelPackageUndecided,
    QuestionOfAnotherVersion,
    Violation,
)
from airflow_sagemaker_automl.hooks.errors import is_denied, is_retryable
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.observability.links import VERSION_LINKS, show_version
from airflow_sagemaker_automl.tasks.base import CONNECTION_FIELDS, SageMakerTask, with_clear_errors
from airflow_sagemaker_automl.tasks.decision import Decided, OnDecidedElsewhere, apply_answer, describe_for_decision
from airflow_sagemaker_automl.tasks.question import (
    ENDINGS,
    FIXED,
    keep_answer,
    kept_answer,
    shown_body,
    wrong_arguments,
    wrong_choices,
    wrong_in_any,
)
from airflow_sagemaker_automl.tasks.registration_fields import RegistrationRefusedAtParse
from airflow_sagemaker_automl.tasks.results import OnRejected, end_as_chosen

if TYPE_CHECKING:
    from datetime import timedelta

    from airflow.sdk import BaseNotifier, Context
    from airflow.sdk.execution_time.hitl import HITLUser

_FIELD = {"type": ["null", "string"], "title": "Comment", "format": "multiline", "maxLength": LONGEST_COMMENT}


class SageMakerModelApprovalOperator(HITLOperator, SageMakerTask):
    """Ask a reviewer in the Airflow UI to approve or reject a version of a model package group.

    The task waits in the state ``awaiting_input``, without a worker or a triggerer, under *Required Actions*. The
    reviewer sees metric values, leaderboard, the quality gate's verdict and the main points of the model card, all
    read from the version, chooses ``Approve`` or ``Reject``, and may add a comment. The approval description then
    records who decided, when, in which DAG run and why.

    The answer is saved in the task state store before the version is changed. If the change fails, a retry applies the
    saved answer without asking again, so give the task ``retries``. A cleared task asks again, unless the version is
    already approved or rejected.

    A version that is approved or rejected elsewhere (in Studio or any other client) before or while the task waits
    keeps that decision. The task does not poll the version while it waits; it notices this when the answer comes.

    A task that has asked can only ask about the same version again, even after a clear: Airflow keeps the original
    form, and the task fails rather than show one version and decide on another.

    ``airflow dags test`` and ``dag.test()`` wait for an answer forever, because only the scheduler applies
    ``response_timeout``. Answer in the UI of an API server on the same database, or leave the task out with
    ``--mark-success-pattern``.

    :param model_package_arn: ARN of the version, ``…:model-package/GROUP/NUMBER``. (templated)
    :param subject: the question in one line. Default: whether to approve the version. (templated)
    :param body: text of the form, in Markdown, instead of the one built from the version; the version's ARN is added
        at its end. (templated)
    :param response_timeout: how long to wait for an answer, from when the task asks. Default: no limit.
    :param defaults: ``Approve`` or ``Reject``: the decision if nobody answers in time. Default: no decision, and
        ``on_timeout`` sets how the task ends.
    :param assigned_users: the only users who may answer: ``{"id": …, "name": …}``, one or a list. Default: any user
        who may answer in Airflow.
    :param notifiers: called each time the question is asked.
    :param on_rejected: ``skip`` (default), ``fail`` or ``pass`` the task when the version is rejected, by any user.
    :param on_timeout: ``fail`` (default), ``skip`` or ``pass`` the task when there is no decision in time.
    :param on_decided_elsewhere: what to do if the version was decided elsewhere while the task waited, and the
        decision contradicts the answer: ``accept`` (default) uses that decision, ``fail`` fails the task.
    :param model_card_status_if_approved: status that the version's model card gets on approval (default:
        ``Approved``); None leaves it unchanged. A missing or archived card does not prevent approval. (templated)
    :param model_card_status_if_rejected: the same on rejection. Default: None. (templated)
    :param model_life_cycle_if_approved: ``Stage``, ``StageStatus`` and ``StageDescription`` on approval, for example
        ``{"Stage": "Production", "StageStatus": "Approved"}``. Default: None, which leaves it unchanged. (templated)
    :param model_life_cycle_if_rejected: the same on rejection. Default: None. (templated)
    :param execution_timeout: as for every operator. It limits the two phases in which the task runs, before the
        question and after the answer, not the time that the reviewer takes. Default: none.
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.tasks.base.SageMakerTask`, and
        those of every operator. ``outlets`` may contain :func:`~airflow_sagemaker_automl.approved` of the
        group, which gets an event if the task succeeds and the version is approved.
    :return: (XCom, also of a task that is skipped or fails because of the decision) ``model_package_arn``,
        ``model_package_group_name``, ``model_package_version``, ``approval_status``, ``approval_description``;
        ``outcome``: ``approved``, ``rejected``, ``approved_by_default``, ``rejected_by_default``,
        ``approved_elsewhere``, ``rejected_elsewhere`` or ``timed_out``; ``decided_by`` and ``decided_at`` (ISO 8601,
        UTC): the Airflow user, id first, or for a decision made elsewhere the AWS identity that last changed the
        version, and when; ``comment`` of the answer, if it was applied. Unknown values are None.
    """

    template_fields: Sequence[str] = (
        "model_package_arn",
        "subject",
        "body",
        "model_card_status_if_approved",
        "model_card_status_if_rejected",
        "model_life_cycle_if_approved",
        "model_life_cycle_if_rejected",
        *CONNECTION_FIELDS,
    )
    template_fields_renderers: ClassVar[dict[str, str]] = {"body": "md"}
    writes = ("version",)
    ui_color = "#d9e2f3"
    operator_extra_links = (*HITLOperator.operator_extra_links, *VERSION_LINKS)

    def __init__(
        self,
        *,
        model_package_arn: str,
        subject: str | None = None,
        body: str | None = None,
        response_timeout: timedelta | None = None,
        defaults: Literal["Approve", "Reject"] | list[str] | None = None,
        assigned_users: HITLUser | list[HITLUser] | None = None,
        notifiers: Sequence[BaseNotifier] | BaseNotifier | None = None,
        on_rejected: OnRejected = "skip",
        on_timeout: OnRejected = "fail",
        on_decided_elsewhere: OnDecidedElsewhere = "accept",
        model_card_status_if_approved: str | None = "Approved",
        model_card_status_if_rejected: str | None = None,
        model_life_cycle_if_approved: Mapping[str, str] | None = None,
        model_life_cycle_if_rejected: Mapping[str, str] | None = None,
        execution_timeout: timedelta | None = None,
        **kwargs: Any,
    ) -> None:
        wrong = list(wrong_arguments(response_timeout, defaults, assigned_users, kwargs))
        super().__init__(
            subject=subject or "",
            body=body or "",
            options=[*STATUSES],
            defaults=None if wrong else defaults,
            response_timeout=response_timeout,
            assigned_users=assigned_users,
            notifiers=notifiers,
            # Without a response_timeout, the base class would use this as one.
            execution_timeout=None,
            **{name: value for name, value in kwargs.items() if name not in FIXED},
        )
        self.execution_timeout = execution_timeout
        self.model_package_arn = model_package_arn
        self.on_rejected = on_rejected
        self.on_timeout = on_timeout
        self.on_decided_elsewhere = on_decided_elsewhere
        self.model_card_status_if_approved = model_card_status_if_approved
        self.model_card_status_if_rejected = model_card_status_if_rejected
        self.model_life_cycle_if_approved = plain(model_life_cycle_if_approved)
        self.model_life_cycle_if_rejected = plain(model_life_cycle_if_rejected)
        self._require_allowed_at_parse(wrong)

    @with_clear_errors
    def execute(self, context: Context) -> Any:
        """Ask, unless an earlier try was answered or the version is already decided."""
        self._require_allowed()
        kept = kept_answer(self, context, self._question(context))
        if kept is not None:
            words = self._words(kept, context)
            text = "Applying the answer that an earlier try received about %s: %s"
            self.log.info(text, self.model_package_arn, words)
            return self._end(self._apply(kept, words, context, is_kept=True), context)
        described = describe_for_decision(self, self.model_package_arn)
        show_version(self, context["ti"])
        status = decided_status(described)
        if status:
            self.log.info("No approval requested: %s is already %s", self.model_package_arn, status)
            return self._end(Decided(outcome=outcome_elsewhere(status), described=described), context)
        self._write_question(described, context)
        try:
            return super().execute(context)
        except TaskAwaitingInput as asked:
            # The template may render to another version by the time the answer comes.
            asked.kwargs = {**(asked.kwargs or {}), "model_package_arn": self.model_package_arn}
            raise

    @with_clear_errors
    def execute_complete(self, context: Context, event: dict[str, Any], model_package_arn: str | None = None) -> Any:
        """Save the answer, then apply it.

        :param model_package_arn: of the version that the reviewer saw.
        """
        if model_package_arn and model_package_arn != self.model_package_arn:
            text = "The answer is about %s, the version in the form; model_package_arn is now %s"
            self.log.warning(text, model_package_arn, self.model_package_arn)
            self.model_package_arn = model_package_arn
        if event.get("error") and event.get("error_type") != "timeout":
            self.process_trigger_event_error(event)
        answer = Answer.from_event(event)
        if not event.get("error"):
            # The comment is already cut: the base class rejects the whole answer if it is too long.
            super().execute_complete(context, {**event, "params_input": {COMMENT: answer.comment}})
        words = self._words(answer, context)
        self.log.info("%s: %s", self.model_package_arn, words)
        is_kept = keep_answer(self, context, self._question(context), answer)
        return self._end(self._apply(answer, words, context, is_kept=is_kept), context)

    def _apply(self, answer: Answer, words: str, context: Context, *, is_kept: bool) -> Decided:
        """Apply an answer.

        :raises AnswerNotApplied: the call to AWS failed in a way that a retry may not meet again.
        """
        try:
            described = describe_for_decision(self, self.model_package_arn)
            show_version(self, context["ti"])
            return apply_answer(
                self,
                described,
                answer,
                words=words,
                consequences=self._consequences,
                on_decided_elsewhere=self.on_decided_elsewhere,
            )
        except Exception as error:
            # Denied access may be granted before the next try, which can then apply the saved answer.
            if is_retryable(error) or is_denied(error):
                raise AnswerNotApplied(self.model_package_arn, words, str(error), is_kept) from error
            raise

    def _end(self, decided: Decided, context: Context) -> dict[str, Any]:
        """Log and count the decision, emit the asset event, and end the task as its options say.

        :raises AirflowSkipException: the version is rejected or undecided, and the option for this is ``skip``.
        :raises ModelPackageRejected: the version is rejected, and ``on_rejected`` is ``fail``.
        :raises ModelPackageUndecided: there is no decision, and ``on_timeout`` is ``fail``.
        :raises ModelPackageDecidedElsewhere: the decision contradicts the answer, and ``on_decided_elsewhere`` is
            ``fail``.
        """
        arn, outcome, result = decided.described["ModelPackageArn"], decided.outcome, decided.to_json()
        metrics.count(metrics.DECIDED, outcome.value)
        if decided.conflict:
            return end_as_chosen(self, context, result, decided.conflict, "fail")
        if outcome is ApprovalOutcome.TIMED_OUT:
            self.log.info("%s: %s", arn, outcome.value)
            waited = duration(self.response_timeout) if self.response_timeout else "response_timeout"
            end_as_chosen(self, context, result, ModelPackageUndecided(arn, waited), self.on_timeout)
        elif outcome in REJECTIONS:
            rejected = ModelPackageRejected(arn, decided.reason, ranking_figure(decided.described))
            self.log.warning("%s: %s", rejected, outcome.value)
            end_as_chosen(self, context, result, rejected, self.on_rejected)
        else:
            self.log.info("%s: %s", arn, outcome.value)
        emit_approval_event(self, context, decided.described, result["approval_status"])
        return result

    def _write_question(self, described: Mapping[str, Any], context: Context) -> None:
        """Write the form, and check what Airflow will show: after a clear it keeps the earlier form.

        :raises QuestionOfAnotherVersion: the form that Airflow keeps is about another version.
        """
        from airflow_sagemaker_automl.rendering.review import is_about, marked, review_subject

        # Only now: triggering a run asks for values of all its tasks' params, and a DAG may have a param of this name.
        self.params[COMMENT] = Param("", schema=_FIELD)
        self.subject = str(self.subject or review_subject(described))
        self.body = marked(str(self.body or self._review(described)), self.model_package_arn)
        shown = shown_body(self, context)
        if not is_about(shown, self.model_package_arn):
            raise QuestionOfAnotherVersion(self.model_package_arn)
        if shown != self.body:
            self.log.warning("Airflow still shows the form from before the clear for %s", self.model_package_arn)

    def _review(self, described: Mapping[str, Any]) -> str:
        from airflow_sagemaker_automl.rendering.review import review_body

        console, links = self.hook.console, dict[str, str]()
        if console:
            links = {"Training jobs in the AWS console": console.automl_jobs, "SageMaker Studio": console.studio}
        return review_body(described, consequences=list(self._told_consequences(described)), links=links)

    def _told_consequences(self, described: Mapping[str, Any]) -> Iterator[str]:
        for option, consequence in self._consequences.items():
            then = f"; {ENDINGS[self.on_rejected]}" if option == REJECT else ""
            yield f"{consequence.in_words(described)}{then}."
        if self.response_timeout:
            default = f"same as {self.defaults[0]}" if self.defaults else ENDINGS[self.on_timeout]
            yield f"No answer within {duration(self.response_timeout)}: {default}."

    @property
    def _consequences(self) -> dict[str, Consequence]:
        return {
            APPROVE: Consequence(
                option=APPROVE,
                card_status=self.model_card_status_if_approved,
                life_cycle=self.model_life_cycle_if_approved,
            ),
            REJECT: Consequence(
                option=REJECT,
                card_status=self.model_card_status_if_rejected,
                life_cycle=self.model_life_cycle_if_rejected,
            ),
        }

    def _words(self, answer: Answer, context: Context) -> str:
        ti = context["ti"]
        if answer.option is None:
            return "Nobody answered."
        return answer.description(dag_id=ti.dag_id, run_id=ti.run_id, response_timeout=self.response_timeout)

    def _question(self, context: Context) -> dict[str, Any]:
        """Identify the question of a saved answer: another version or a clear makes it another question."""
        # Airflow raises max_tries when a task that has ended, or waits for an answer, is cleared.
        return {"model_package_arn": self.model_package_arn, "clears": context["ti"].max_tries - (self.retries or 0)}

    def _require_allowed_at_parse(self, wrong: list[Violation]) -> None:
        wrong += wrong_choices(
            on_rejected=self.on_rejected,
            on_timeout=self.on_timeout,
            on_decided_elsewhere=self.on_decided_elsewhere,
        )
        if self.params:
            rule = f"must be left out: the form has one field, {COMMENT}"
            wrong.append(Violation("params", list(self.params), rule))
        wrong += wrong_in_any(
            self._consequences.values(),
            self.model_package_arn,
            lambda members, of: registration.require_literals(members, names=of.argument_names, update=True),
        )
        if wrong:
            raise RegistrationRefusedAtParse(wrong)

    def _require_allowed(self) -> None:
        """Check the rendered arguments before asking.

        :raises InvalidModelPackage: with all violations.
        """
        from airflow_sagemaker_automl.hooks.service_model import checked_model_package

        wrong = wrong_in_any(
            self._consequences.values(),
            self.model_package_arn,
            lambda members, of: checked_model_package(members, names=of.argument_names, update=True),
        )
        if wrong:
            raise InvalidModelPackage(wrong)
