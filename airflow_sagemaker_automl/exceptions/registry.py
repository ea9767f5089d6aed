"""Errors of judging candidates, and of registering and updating versions of a model package group."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_sagemaker_automl.exceptions.base import AutoMLError
from airflow_sagemaker_automl.exceptions.escaping import escaped


class CandidateNotRegistrable(AutoMLError):
    """The candidate does not exist or has no model.

    :param job_name: the AutoML job.
    :param candidate_name: the requested candidate; None for the best one.
    :param reason: what is wrong with it.
    """

    job_name: str
    candidate_name: str | None
    reason: str

    def _text(self) -> str:
        which = f"Candidate {self.candidate_name!r}" if self.candidate_name else "The best candidate"
        return f"{which} of AutoML job {self.job_name} cannot be registered: {self.reason}"


class ModelPackageDiffers(AutoMLError):
    """A version has the digest or client token of this registration, but serves another model.

    :param arn: ARN of the version.
    :param candidate: the candidate to register, with its job.
    :param differences: the differences, one clause each.
    :param registered_by: who registered the version; None if the service does not say.
    """

    has_lines = True
    arn: str
    candidate: str
    differences: Sequence[str]
    registered_by: str | None

    def _text(self) -> str:
        differences = "".join(f"\n  {escaped(difference)}" for difference in self.differences)
        by = escaped(self.registered_by or "an unknown user")
        return (
            f"Model package {escaped(self.arn)} has the request digest or the client token of this registration of "
            f"{escaped(self.candidate)}, but serves another model. It was not adopted, and nothing was "
            f"registered:{differences}\n"
            f"It was registered by {by}. Do not approve it before you know why it differs. If it was changed on "
            "purpose, use its ARN instead of registering again; otherwise delete it, then clear this task."
        )


class CandidateRejected(AutoMLError):
    """The quality gate rejected a candidate.

    :param job_name: the AutoML job.
    :param candidate_name: the candidate.
    :param verdict: the gate's verdict, rule by rule.
    """

    has_lines = True
    job_name: str
    candidate_name: str
    verdict: str

    def _text(self) -> str:
        return f"{self.verdict}\n  candidate: {escaped(self.candidate_name)} of AutoML job {escaped(self.job_name)}"


class ChampionUnreadable(AutoMLError):
    """The group cannot be read, so it is unknown whether it has a champion to compare with.

    :param group: name or ARN of the model package group.
    :param reason: why it cannot be read, and the next step, as sentences.
    """

    group: str
    reason: str
    _message = "The champion of model package group {group} cannot be read. {reason}"


class ChampionChanged(AutoMLError):
    """Another version was approved after the verdict or the evaluation, or its champion is not approved any more.

    :param group: name or ARN of the model package group.
    :param judged: ARN of the version that the candidate was compared with; None if there was none.
    :param current: ARN of the newest approved version now; None if there is none.
    :param is_evaluation: whether an evaluation compared them, and nothing is judged yet. Default: a verdict did.
    """

    group: str
    judged: str | None
    current: str | None
    is_evaluation: bool = False

    def _text(self) -> str:
        then = f"with {self.judged}" if self.judged else "when the group had no approved version"
        now = f"{self.current} is the newest approved version" if self.current else "it has no approved version"
        refused, task = (
            ("evaluation cannot judge", "evaluates") if self.is_evaluation else ("verdict does not approve", "judges")
        )
        return (
            f"The {refused} this candidate for model package group {self.group}: it was compared {then}, and now "
            f"{now}. Clear the task that {task}, so that it compares with the current champion."
        )


class ModelPackageGroupNotFound(AutoMLError):
    """The group does not exist, so the gate has no champion to compare with.

    :param group: name or ARN of the model package group.
    :param region: the region that was searched.
    :param nearest: name or ARN of the existing group with the most similar name; None if there is none, or if listing
        the groups is not allowed.
    """

    group: str
    region: str
    nearest: str | None = None

    def _text(self) -> str:
        meant = f"; did you mean {self.nearest!r}?" if self.nearest else "."
        is_arn = self.group.startswith("arn:")
        hidden = ", or its account does not allow this identity to read it" if is_arn else ""
        new = "" if is_arn else " If the group is new, set may_be_new_group=True."
        return (
            f"Model package group {self.group!r} does not exist in region {self.region}{hidden}{meant} "
            f"Check model_package_group_name, aws_conn_id and region_name.{new}"
        )


class ModelPackageFailed(AutoMLError):
    """The service could not complete a model package version.

    :param arn: ARN of the version.
    :param reasons: the messages of its validation and image scan.
    """

    arn: str
    reasons: Sequence[str]

    def _text(self) -> str:
        return f"Model package {self.arn} failed: {'; '.join(self.reasons) or 'the service gives no reason.'}"


class ModelPackageUnfinished(AutoMLError):
    """A model package version is not completed yet; a retry waits again.

    :param arn: ARN of the version.
    :param status: its status.
    :param reason: why the wait ended, and the next step.
    """

    retry_can_help = True
    arn: str
    status: str
    reason: str
    _message = "Model package {arn} is {status}. {reason}"


class ModelPackageTimedOut(ModelPackageUnfinished):
    """The wait for the version timed out.

    A retry cannot help: it finds the same version, and the deadline counts from the version's creation.
    """

    retry_can_help = False


class ModelCardUnchangeable(AutoMLError):
    """The model card cannot be changed: it is archived, or its content is not a JSON object.

    :param arn: ARN of the version.
    :param reason: why not, as the rest of a sentence that begins with the card.
    :param advice: the next step, as a sentence.
    """

    arn: str
    reason: str
    advice: str
    _message = "The model card of {arn} {reason}; nothing was changed. {advice}"


class ModelCardOverwritten(AutoMLError):
    """Another task or user changes the model card at the same time and overwrites the change.

    :param arn: ARN of the version.
    :param members: the members of the card that do not have the requested value.
    """

    retry_can_help = True
    arn: str
    members: Sequence[str]

    def _text(self) -> str:
        return (
            f"The change of {' and '.join(self.members)} in the model card of {self.arn} was overwritten several "
            "times: another task or user changes the same card. Run the updates of a card one after another."
        )
