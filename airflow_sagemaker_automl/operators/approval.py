"""The operator that asks a person to approve or reject a version, where they already work: in Airflow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from airflow.providers.standard.operators.hitl import HITLOperator
from airflow.sdk import Param
from airflow.sdk.exceptions import TaskAwaitingInput

from airflow_sagemaker_automl import metrics
from airflow_sagemaker_automl.connection import CONNECTION_FIELDS, ConnectsToSageMaker, errors_for_people
from airflow_sagemaker_automl.core.decision import (
    APPROVE,
    COMMENT,
    LONGEST_COMMENT,
    REJECT,
    STATUSES,
    Answer,
    Outcome,
    decided_status,
    decision_members,
    duration,
    is_decided_by,
    outcome_elsewhere,
)
from airflow_sagemaker_automl.core.literals import plain
from airflow_sagemaker_automl.core.model_package import written
from airflow_sagemaker_automl.core.package_change import package_change
from airflow_sagemaker_automl.core.rules import registration
from airflow_sagemaker_automl.exceptions import (
    AnswerNotApplied,
    InvalidModelPackage,
    ModelPackageDecidedElsewhere,
    QuestionOfAnotherVersion,
    Violation,
    escaped,
)
from airflow_sagemaker_automl.lineage import TellsOfVersion
from airflow_sagemaker_automl.links import VERSION_LINKS, show_version
from airflow_sagemaker_automl.operators.author import RegistrationRefusedAtParse
from airflow_sagemaker_automl.operators.ending import decision_result, end_task, reason_of, require_going_on
from airflow_sagemaker_automl.operators.question import (
    ENDINGS,
    FIXED,
    Ending,
    WhenDecided,
    argument_names,
    keep_answer,
    kept_answer,
    shown_body,
    told_consequence,
    wrong_arguments,
    wrong_choices,
    wrong_in_either,
)
from airflow_sagemaker_automl.operators.standing import described_to_decide, send_decision
from airflow_sagemaker_automl.service_errors import is_denied, may_pass

if TYPE_CHECKING:
    from datetime import timedelta

    from airflow.sdk import BaseNotifier, Context
    from airflow.sdk.execution_time.hitl import HITLUser

_FIELD = {"type": ["null", "string"], "title": "Comment", "format": "multiline", "maxLength": LONGEST_COMMENT}


class SageMakerModelApprovalOperator(TellsOfVersion, HITLOperator, ConnectsToSageMaker):
    """Ask a person, on Airflow's own pages, whether a version of a model package group is approved.

    The task waits in the state ``awaiting_input``, without a worker or a triggerer, under *Required Actions*. The
    person sees figures, leaderboard, the quality gate's verdict and the model card's main points, all of it read from
    the version; chooses ``Approve`` or ``Reject``; and may add a comment. The approval description then says who has
    decided, when, in which DAG run and why.

    The answer is kept in the task's state store before the version is changed: if that fails, a retry applies it and
    asks nobody; give the task some. One that is cleared asks again, but not about a version that is decided on already.

    A version that is decided on before somebody is asked, or while they are, by Studio or any other client, stays as
    it is. Nothing looks at it while the task waits, so that this is seen when the answer comes.

    A task that has asked can only ask about the same version again, even after a clear: Airflow keeps its form as it
    was, and the task fails rather than show one version and decide on another.

    ``airflow dags test`` and ``dag.test()`` wait for an answer for ever, without ``response_timeout``, which is the
    scheduler's: answer on the pages of an API server on the same database, or leave the task out with
    ``--mark-success-pattern``.

    :param model_package_arn: ARN of the version, ``…:model-package/GROUP/NUMBER``. (templated)
    :param subject: the question in one line. Default: whether to approve the version. (templated)
    :param body: what is to be known, in Markdown, instead of what is read from the version; the version's ARN comes
        under it. (templated)
    :param response_timeout: how long to wait for an answer, from when the task asks. Default: for ever.
    :param defaults: ``Approve`` or ``Reject``: what is decided if nobody answers in time. Default: nothing is, and
        ``on_timeout`` says how the task ends.
    :param assigned_users: who alone may answer: ``{"id": …, "name": …}``, one or a list. Default: whoever may answer
        in Airflow.
    :param notifiers: called when the question is asked, each time that it is.
    :param on_rejected: ``skip`` (default), ``fail`` or ``pass`` the task when the version is rejected, whoever did.
    :param on_timeout: ``fail`` (default), ``skip`` or ``pass`` the task when nobody has decided in time.
    :param on_decided_elsewhere: when the version was decided on while somebody was asked, and against their answer:
        ``accept`` (default) goes on as with any such decision, ``fail`` fails the task.
    :param model_card_status_if_approved: status of the version's model card then (default: ``Approved``); None leaves
        it alone. A version without a card, or with one that is archived, is approved all the same. (templated)
    :param model_card_status_if_rejected: the same after a rejection. Default: None. (templated)
    :param model_life_cycle_if_approved: ``Stage``, ``StageStatus`` and ``StageDescription`` then, for example
        ``{"Stage": "Production", "StageStatus": "Approved"}``. Default: None, which leaves it alone. (templated)
    :param model_life_cycle_if_rejected: the same after a rejection. Default: None. (templated)
    :param execution_timeout: as for every operator: it is about the moments in which the task runs, of which there
        are two, and never about the time that the person takes. Default: none.
    :param kwargs: connection arguments as in :class:`~airflow_sagemaker_automl.connection.ConnectsToSageMaker`, and
        those of every operator. ``outlets`` may have :func:`~airflow_sagemaker_automl.assets.approved` of the group,
        which is told if the task ends well and the version is approved.
    :return: (XCom, also of a task that is skipped or fails at the end) ``model_package_arn``,
        ``model_package_group_name``, ``model_package_version``, ``approval_status``, ``approval_description``;
        ``outcome``: ``approved``, ``rejected``, ``approved_by_default``, ``rejected_by_default``,
        ``approved_elsewhere``, ``rejected_elsewhere`` or ``timed_out``; ``decided_by`` and ``decided_at`` (ISO 8601,
        UTC): the user of Airflow, the id first, or for a decision made elsewhere the AWS identity that changed the
        version last, and when; ``comment`` of an answer that has counted. What is not known is None.
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
        on_rejected: Ending = "skip",
        on_timeout: Ending = "fail",
        on_decided_elsewhere: WhenDecided = "accept",
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
            # Given one without a response_timeout, the base class would take it for that.
            execution_timeout=None,
            **{"multiple_outputs": True, **{name: value for name, value in kwargs.items() if name not in FIXED}},
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

    @errors_for_people
    def execute(self, context: Context) -> Any:
        """Ask, unless an earlier try was answered or somebody has decided already."""
        self._require_allowed()
        kept = kept_answer(self, context, self._question(context))
        if kept is not None:
            self.log.info("Nobody is asked again about %s: %s", self.model_package_arn, self._words(kept, context))
            return self._conclude(kept, context, is_kept=True)
        described = described_to_decide(self, self.model_package_arn)
        show_version(self, context["ti"])
        status = decided_status(described)
        if status:
            self.log.info("Nobody is asked: %s is %s already", self.model_package_arn, status)
            return end_task(self, outcome_elsewhere(status), described, context)
        self._write_question(described, context)
        try:
            return super().execute(context)
        except TaskAwaitingInput as asked:
            # What the template says by then may be another version than the one that is shown.
            asked.kwargs = {**(asked.kwargs or {}), "model_package_arn": self.model_package_arn}
            raise

    @errors_for_people
    def execute_complete(self, context: Context, event: dict[str, Any], model_package_arn: str | None = None) -> Any:
        """Keep the answer, then apply it.

        :param model_package_arn: of the version that the person has seen.
        """
        if model_package_arn and model_package_arn != self.model_package_arn:
            text = "The answer is about %s, which the form has shown; model_package_arn is %s by now"
            self.log.warning(text, model_package_arn, self.model_package_arn)
            self.model_package_arn = model_package_arn
        if event.get("error") and event.get("error_type") != "timeout":
            self.process_trigger_event_error(event)
        answer = Answer.from_event(event)
        if not event.get("error"):
            # The comment as it is used: one that is too long must not lose the answer.
            super().execute_complete(context, {**event, "params_input": {COMMENT: answer.comment}})
        self.log.info("%s: %s", self.model_package_arn, self._words(answer, context))
        is_kept = keep_answer(self, context, self._question(context), answer)
        return self._conclude(answer, context, is_kept=is_kept)

    def _conclude(self, answer: Answer, context: Context, *, is_kept: bool) -> dict[str, Any]:
        try:
            return self._apply(answer, context)
        except Exception as error:
            # What is denied may be allowed by the next try, and the answer is worth it.
            if may_pass(error) or is_denied(error):
                words = self._words(answer, context)
                raise AnswerNotApplied(self.model_package_arn, words, str(error), is_kept) from error
            raise

    def _apply(self, answer: Answer, context: Context) -> dict[str, Any]:
        """Make the version what the answer says, as far as nobody else has decided and it is not so already."""
        from airflow_sagemaker_automl.validation import checked_model_package

        described = described_to_decide(self, self.model_package_arn)
        show_version(self, context["ti"])
        decided = decided_status(described)
        if answer.option is None:
            return end_task(self, outcome_elsewhere(decided) if decided else Outcome.TIMED_OUT, described, context)
        words, consequences = self._words(answer, context), self._consequences_for(answer.option)
        members, untouched = decision_members(
            described, status=STATUSES[answer.option], description=words, **consequences
        )
        if decided and not is_decided_by(described, members):
            return self._accept(decided, described, answer, context)
        if untouched:
            self.log.warning("The model card of %s is left alone: %s", self.model_package_arn, untouched)
        asked = checked_model_package(members, update=True, names=argument_names(answer.option))
        change = package_change(described, asked)
        for request in change.requests:
            described = send_decision(self, request, described)
        for line in change.changes:
            self.log.info("%s: %s", self.model_package_arn, line)
        self.remember_version(described)
        return end_task(self, answer.outcome, described, context, answer)

    def _accept(self, decided: str, described: Mapping[str, Any], answer: Answer, context: Context) -> dict[str, Any]:
        """Leave a decision that somebody else has made meanwhile."""
        arn, words, reason = self.model_package_arn, self._words(answer, context), reason_of(described)
        outcome = outcome_elsewhere(decided)
        if self.on_decided_elsewhere == "fail" and decided != answer.status:
            metrics.count(metrics.DECIDED, outcome.value)
            error = ModelPackageDecidedElsewhere(arn, words, decided, reason)
            require_going_on(self, "fail", error, decision_result(outcome, described), context)
        text = "%s was decided on elsewhere meanwhile, and stays %s: %s. The answer here changes nothing: %s"
        self.log.warning(text, arn, decided, escaped(reason), words)
        return end_task(self, outcome, described, context)

    def _write_question(self, described: Mapping[str, Any], context: Context) -> None:
        """Say what is to be shown, and see what Airflow will show: it keeps that of before a clear.

        :raises QuestionOfAnotherVersion: it is about another version.
        """
        from airflow_sagemaker_automl.rendering.review import is_about, marked, review_subject

        # Not before: a run is triggered with values for all params of its tasks, and a DAG may have a comment as well.
        self.params[COMMENT] = Param("", schema=_FIELD)
        self.subject = str(self.subject or review_subject(described))
        self.body = marked(str(self.body or self._review(described)), self.model_package_arn)
        shown = shown_body(self, context)
        if not is_about(shown, self.model_package_arn):
            raise QuestionOfAnotherVersion(self.model_package_arn)
        if shown != self.body:
            self.log.warning("Airflow still shows the text of before a clear about %s", self.model_package_arn)

    def _review(self, described: Mapping[str, Any]) -> str:
        from airflow_sagemaker_automl.rendering.review import review_body

        console, links = self.hook.console, dict[str, str]()
        if console:
            links = {"Training jobs in the AWS console": console.automl_jobs, "SageMaker Studio": console.studio}
        return review_body(described, consequences=list(self._told_consequences(described)), links=links)

    def _told_consequences(self, described: Mapping[str, Any]) -> Iterator[str]:
        for option, status in STATUSES.items():
            members, _ = decision_members(described, status=status, description="", **self._consequences_for(option))
            then = f"; {ENDINGS[self.on_rejected]}" if option == REJECT else ""
            yield f"{told_consequence(option, members)}{then}."
        if self.response_timeout:
            default = f"as if {self.defaults[0]} was chosen" if self.defaults else ENDINGS[self.on_timeout]
            yield f"No answer within {duration(self.response_timeout)}: {default}."

    def _consequences_for(self, option: str) -> dict[str, Any]:
        approves = option == APPROVE
        return {
            "card_status": self.model_card_status_if_approved if approves else self.model_card_status_if_rejected,
            "life_cycle": self.model_life_cycle_if_approved if approves else self.model_life_cycle_if_rejected,
        }

    def _words(self, answer: Answer, context: Context) -> str:
        ti = context["ti"]
        if answer.option is None:
            return "Nobody has answered."
        return answer.description(dag_id=ti.dag_id, run_id=ti.run_id, response_timeout=self.response_timeout)

    def _question(self, context: Context) -> dict[str, Any]:
        """Name the question that an answer is kept for: another version is another one, and so is one after a clear."""
        # Airflow raises max_tries when a task that has ended, or waits for an answer, is cleared.
        return {"model_package_arn": self.model_package_arn, "clears": context["ti"].max_tries - (self.retries or 0)}

    def _members(self, option: str) -> dict[str, Any]:
        """Give what is known of an answer's update without the answer."""
        known = written(vars(self), {name: member for member, name in argument_names(option).items()})
        return {**known, "ModelApprovalStatus": STATUSES[option]}

    def _require_allowed_at_parse(self, wrong: list[Violation]) -> None:
        wrong += wrong_choices(vars(self))
        if self.params:
            rule = f"must be left out: the form has one field, {COMMENT}"
            wrong.append(Violation("params", list(self.params), rule))
        wrong += wrong_in_either(
            lambda option: registration.require_literals(
                self._members(option), names=argument_names(option), update=True
            )
        )
        if wrong:
            raise RegistrationRefusedAtParse(wrong)

    def _require_allowed(self) -> None:
        """Judge what Airflow has rendered, before somebody spends a thought on it."""
        from airflow_sagemaker_automl.validation import checked_model_package

        wrong = wrong_in_either(
            lambda option: checked_model_package(self._members(option), update=True, names=argument_names(option))
        )
        if wrong:
            raise InvalidModelPackage(wrong)
