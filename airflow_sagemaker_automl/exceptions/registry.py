"""What became of a version of a model package group, or kept it from being registered."""

from __future__ import annotations

from collections.abc import Sequence

from airflow_sagemaker_automl.exceptions.base import AutoMLError
from airflow_sagemaker_automl.exceptions.escaping import escaped


class CandidateNotRegistrable(AutoMLError):
    """There is no such candidate, or it has no model.

    :param job_name: the AutoML job.
    :param candidate_name: the candidate that was asked for; None for the best one.
    :param reason: what is wrong with it.
    """

    def __init__(self, job_name: str, candidate_name: str | None, reason: str) -> None:
        super().__init__(job_name, candidate_name, reason)
        self.job_name = job_name
        self.candidate_name = candidate_name
        self.reason = reason

    def __str__(self) -> str:
        which = f"Candidate {self.candidate_name!r}" if self.candidate_name else "The best candidate"
        return f"{which} of AutoML job {self.job_name} cannot be registered: {self.reason}"


class ModelPackageDiffers(AutoMLError, has_lines=True):
    """A version looks like this task's own registration, and serves another model.

    :param arn: ARN of the version.
    :param candidate: which candidate of which job was to be registered.
    :param differences: what is not the same, one clause each.
    :param registered_by: who has registered the version; None where the service does not say.
    """

    def __init__(self, arn: str, candidate: str, differences: Sequence[str], registered_by: str | None) -> None:
        super().__init__(arn, candidate, differences, registered_by)
        self.arn = arn
        self.candidate = candidate
        self.differences = tuple(differences)
        self.registered_by = registered_by

    def __str__(self) -> str:
        differences = "".join(f"\n  {escaped(difference)}" for difference in self.differences)
        by = escaped(self.registered_by or "somebody whom the service does not name")
        return (
            f"Model package {escaped(self.arn)} has the request digest or the client token of this registration of "
            f"{escaped(self.candidate)}, but serves something else, so that it was not taken for it, and nothing was "
            f"registered:{differences}\n"
            f"It was registered by {by}. Do not approve it before you know "
            "why. If it was changed on purpose, use its ARN without registering again; if not, "
            "delete it, then clear this task."
        )


class CandidateRejected(AutoMLError, has_lines=True):
    """A quality gate has not approved a candidate.

    :param job_name: the AutoML job.
    :param candidate_name: the candidate.
    :param verdict: what the gate says, rule by rule.
    """

    def __init__(self, job_name: str, candidate_name: str, verdict: str) -> None:
        super().__init__(job_name, candidate_name, verdict)
        self.job_name = job_name
        self.candidate_name = candidate_name
        self.verdict = verdict

    def __str__(self) -> str:
        return f"{self.verdict}\n  candidate: {escaped(self.candidate_name)} of AutoML job {escaped(self.job_name)}"


class ChampionUnreadable(AutoMLError):
    """The group is not visible, so it is not known whether it has an approved version to beat.

    :param group: name or ARN of the model package group.
    :param reason: why it is not visible, and what to do, as sentences.
    """

    def __init__(self, group: str, reason: str) -> None:
        super().__init__(group, reason)
        self.group = group
        self.reason = reason

    def __str__(self) -> str:
        return f"The champion of model package group {self.group} cannot be read. {self.reason}"


class ModelPackageGroupNotFound(AutoMLError):
    """The group does not exist, so a gate that compares with its champion would compare with nothing.

    :param group: name or ARN of the model package group.
    :param region: the region that was asked.
    :param nearest: name or ARN of the existing group that is most like it; None where there is none, or where the
        groups may not be listed.
    """

    def __init__(self, group: str, region: str, nearest: str | None = None) -> None:
        super().__init__(group, region, nearest)
        self.group = group
        self.region = region
        self.nearest = nearest

    def __str__(self) -> str:
        meant = f"; did you mean {self.nearest!r}?" if self.nearest else "."
        is_arn = self.group.startswith("arn:")
        hidden = ", or its account does not let this identity see it" if is_arn else ""
        new = "" if is_arn else " If the group is new, set may_be_new_group=True."
        return (
            f"Model package group {self.group!r} does not exist in region {self.region}{hidden}{meant} "
            f"Check model_package_group_name, aws_conn_id and region_name.{new}"
        )


class ModelPackageFailed(AutoMLError):
    """The service could not complete a model package version.

    :param arn: ARN of the version.
    :param reasons: what its validation and image scan say.
    """

    def __init__(self, arn: str, reasons: Sequence[str]) -> None:
        super().__init__(arn, reasons)
        self.arn = arn
        self.reasons = tuple(reasons)

    def __str__(self) -> str:
        return f"Model package {self.arn} failed: {'; '.join(self.reasons) or 'the service gives no reason.'}"


class ModelPackageUnfinished(AutoMLError):
    """The service still works on a model package version; a retry finds it and waits again.

    :param arn: ARN of the version.
    :param status: its status.
    :param reason: why nobody waits any longer, and what to do.
    """

    retry_can_help = True

    def __init__(self, arn: str, status: str, reason: str) -> None:
        super().__init__(arn, status, reason)
        self.arn = arn
        self.status = status
        self.reason = reason

    def __str__(self) -> str:
        return f"Model package {self.arn} is {self.status}. {self.reason}"


class ModelPackageTimedOut(ModelPackageUnfinished):
    """A retry cannot help: it finds the same version, whose deadline is counted from its creation."""

    retry_can_help = False


class ModelCardArchived(AutoMLError):
    """The model card takes no change any more.

    :param arn: ARN of the version.
    :param members: what of the card was to change.
    """

    def __init__(self, arn: str, members: Sequence[str]) -> None:
        super().__init__(arn, members)
        self.arn = arn
        self.members = tuple(members)

    def __str__(self) -> str:
        return (
            f"The model card of {self.arn} is archived, so that {' and '.join(self.members)} cannot change any more; "
            "nothing was changed. Leave the card out, or register the model again."
        )


class ModelCardUnreadable(AutoMLError):
    """Nothing can be laid over the content of the model card, which is no mapping in JSON.

    :param arn: ARN of the version.
    """

    def __init__(self, arn: str) -> None:
        super().__init__(arn)
        self.arn = arn

    def __str__(self) -> str:
        return (
            f"The model card of {self.arn} is no mapping in JSON, so that no section can be laid over it; nothing was "
            "changed. Give a whole card as ModelCard.ModelCardContent in extra_request, without model_card."
        )


class ModelCardOverwritten(AutoMLError):
    """Somebody else changes the model card at the same time, and takes away what was laid over it.

    :param arn: ARN of the version.
    :param members: what of the card is not as it was asked for.
    """

    retry_can_help = True

    def __init__(self, arn: str, members: Sequence[str]) -> None:
        super().__init__(arn, members)
        self.arn = arn
        self.members = tuple(members)

    def __str__(self) -> str:
        return (
            f"The model card of {self.arn} does not keep {' and '.join(self.members)}, however often it is sent: "
            "another writes the same card. Let its updates follow each other."
        )
