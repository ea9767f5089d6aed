"""The tasks of a retraining that decide on its version: the choice of a way, the verdict, and the last check."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from airflow.providers.standard.operators.branch import BaseBranchOperator
from airflow.sdk import BaseOperator
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from airflow_sagemaker_automl.core.registry.decision import APPROVE, STATUSES, decided_status
from airflow_sagemaker_automl.core.registry.version_arn import VersionArn
from airflow_sagemaker_automl.operators.update import SageMakerUpdateModelPackageOperator
from airflow_sagemaker_automl.tasks.base import with_clear_errors
from airflow_sagemaker_automl.tasks.champion_group import require_same_champion

if TYPE_CHECKING:
    from airflow.sdk import Context


class ChooseApprovalOperator(BaseBranchOperator):
    """Choose the approval task before training starts.

    An ordinary branch would skip nothing here, because all approval tasks are also downstream of the training.

    :param approval: ``automatic``, ``airflow`` or ``studio``. (templated)
    :param approvals: approval mode → id of its task, for the available modes. The tasks not chosen are skipped.
    """

    template_fields: Sequence[str] = ("approval",)
    ui_color = "#e6e0f0"

    def __init__(self, *, approval: str, approvals: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.approval = approval
        self.approvals = dict(approvals)

    def execute(self, context: Context) -> None:
        """Skip the tasks that are not chosen.

        :raises AirflowFailException: this approval mode is not available.
        """
        if self.approval not in self.approvals:
            raise AirflowFailException(no_such_approval(self.approval, self.approvals))
        self.log.info("The version will be approved by task %s", self.approvals[self.approval])
        others = [task_id for way, task_id in self.approvals.items() if way != self.approval]
        self.skip(context["ti"], [self.dag.get_task(task_id) for task_id in others])


class ApproveByVerdictOperator(SageMakerUpdateModelPackageOperator):
    """Approve or reject a version by the quality gate's verdict, unless it is already decided.

    :param verdict: the gate's verdict. (templated)
    :param kwargs: arguments of :class:`~airflow_sagemaker_automl.SageMakerUpdateModelPackageOperator`.
    """

    template_fields: Sequence[str] = ("verdict", *SageMakerUpdateModelPackageOperator.template_fields)

    def __init__(self, *, verdict: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.verdict = verdict

    @with_clear_errors
    def execute(self, context: Context) -> dict[str, Any]:
        """Keep an existing decision, and update the other members as requested.

        :raises ChampionChanged: the verdict approves, and is about another champion than the current one.
        """
        described = self._described(self.model_package_arn)
        arn, decided = described["ModelPackageArn"], decided_status(described)
        if decided:
            text = "%s is already %s and stays unchanged; the verdict would make it %s"
            self.log.info(text, arn, decided, self.approval_status)
            self.approval_status, self.approval_description = decided, None
        elif self.approval_status == STATUSES[APPROVE]:
            group = VersionArn.parse(arn).group_arn
            require_same_champion(self, group, self.verdict, lambda other: other["ModelPackageArn"] == arn)
        return super().execute(context)


class RequireApprovalOperator(BaseOperator):
    """Succeed if a version is approved; otherwise skip the task, or fail it.

    :param results: the results of the tasks that may have approved it; None for skipped tasks. (templated)
    :param on_rejected: what to do if the version is rejected: ``skip`` (default) or ``fail``.
    """

    template_fields: Sequence[str] = ("results",)

    def __init__(self, *, results: Sequence[Any], on_rejected: Literal["skip", "fail"] = "skip", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.results = list(results)
        self.on_rejected = on_rejected

    def execute(self, context: Context) -> None:
        """Check the approval status of the version.

        :raises AirflowSkipException: it is not approved.
        :raises AirflowFailException: it is rejected, and ``on_rejected`` is ``fail``.
        """
        for result in filter(None, self.results):
            if result["approval_status"] == "Approved":
                return
            reason = f"{result['model_package_arn']} is {result['approval_status']}, not Approved."
            if result["approval_status"] == "Rejected":
                self.log.warning(reason)
                if self.on_rejected == "fail":
                    raise AirflowFailException(reason)
            raise AirflowSkipException(reason)
        raise AirflowSkipException("No upstream task returned a version.")


def no_such_approval(approval: Any, possible: Iterable[str]) -> str:
    """Say that an approval mode is not available.

    :param approval: the mode that is asked for.
    :param possible: the available modes.
    """
    if approval == "automatic":
        return "approval = 'automatic' needs a gate, whose verdict decides."
    return f"approval = {approval!r} must be one of {', '.join(possible)}."
