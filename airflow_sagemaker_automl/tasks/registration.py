"""One registration: the author's values, merged over those built from the job, and sent exactly once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.card.model_card import build_model_card
from airflow_sagemaker_automl.core.registry.decision import APPROVE, STATUSES
from airflow_sagemaker_automl.core.registry.model_package import (
    REGISTRATION_MEMBERS,
    Metadata,
    client_token,
    create_model_package_request,
    has_failed,
    identity,
)
from airflow_sagemaker_automl.core.registry.people import aws_identity
from airflow_sagemaker_automl.core.values.comparison import served_differences
from airflow_sagemaker_automl.core.values.evidence import ANALYSIS_FILE, STATISTICS_FILE, Provenance
from airflow_sagemaker_automl.core.values.literals import at
from airflow_sagemaker_automl.core.values.timing import timing
from airflow_sagemaker_automl.exceptions import CandidateNotRegistrable, ModelPackageDiffers
from airflow_sagemaker_automl.hooks.errors import is_denied, is_invalid
from airflow_sagemaker_automl.observability import metrics
from airflow_sagemaker_automl.tasks.champion_group import require_same_champion

if TYPE_CHECKING:
    from airflow_sagemaker_automl.core.jobs.candidate import Candidate
    from airflow_sagemaker_automl.core.jobs.job import AutoMLJob
    from airflow_sagemaker_automl.tasks.base import SageMakerTask

REGISTRATION_NAMES: Mapping[str, str] = {member: name for name, member in REGISTRATION_MEMBERS.items()}
_MOST_TOKENS = 5
# Each costs one call. In a group that gets more versions during training, the client token must find the version.
_MOST_OTHERS = 100


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """The author's values, rendered and checked.

    :param members: members of ``CreateModelPackage``.
    :param card: the author's part of the card.
    :param response_keys: what the model returns; empty for the predicted label only.
    :param verdict: of a quality gate; None without a gate. Another verdict does not make another version.
    :param decided: the approval status by that verdict; None if the members set it.
    """

    members: Mapping[str, Any]
    card: Mapping[str, Any]
    response_keys: Sequence[str] = ()
    verdict: Mapping[str, Any] | None = None
    decided: str | None = None

    @property
    def members_as_decided(self) -> Mapping[str, Any]:
        """The members, with the approval status by the verdict."""
        return {**self.members, "ModelApprovalStatus": self.decided} if self.decided else self.members

    @property
    def group(self) -> str:
        """Name or ARN of the group."""
        return str(self.members["ModelPackageGroupName"])


class Registration:
    """The registration of one candidate.

    :param task: the operator that calls AWS and logs.
    :param is_first_try: whether no earlier try of this task can have registered the candidate.
    """

    def __init__(
        self,
        task: SageMakerTask,
        declaration: Declaration,
        job: AutoMLJob,
        candidate: Candidate,
        *,
        is_first_try: bool,
    ) -> None:
        self._task = task
        self._declaration = declaration
        self._job = job
        self._candidate = candidate
        self._is_first_try = is_first_try
        # Versions of other registrations; the digest of a version never changes.
        self._others: set[str] = set()

    def find_or_create(self, candidates: Sequence[Candidate], provenance: Provenance) -> str:
        """Find the version if it is already registered, otherwise register it.

        :param candidates: all candidates of the job, for the leaderboard.
        :return: the version's ARN.
        :raises CandidateNotRegistrable: it is already registered, and listing versions to find it is denied.
        :raises ModelPackageDiffers: the version that was found serves another model.
        :raises ChampionChanged: the verdict is about another champion than the current one; nothing is registered.
        """
        if self._is_known_by_its_token():
            known, attempt = None, 0
        else:
            known, attempt = self._look_if_allowed()
        request = self._checked_request(candidates, provenance)
        if known:
            return self._found(known, request)
        self._require_same_champion()
        for _ in range(_MOST_TOKENS):
            arn = self._create(request, attempt)
            if arn is None:
                # The token belongs to the same version with another DAG run on its card, or to a failed version.
                known, failed = self._look_for_what_has_the_token(attempt)
                if known:
                    return self._found(known, request)
                attempt = max(failed, attempt + 1)
            elif (described := self._describe_when_visible(arn)) is None:
                attempt += 1
            else:
                # The service returns the version that the token registered earlier, without comparing requests.
                self._require_as_asked(described, request)
                metrics.count(metrics.REGISTERED)
                text = "Registered candidate %s of AutoML job %s as %s"
                self._task.log.info(text, self._candidate.name, self._job.name, arn)
                return arn
        reason = f"each of {_MOST_TOKENS} client tokens was used for a version that no longer exists."
        raise CandidateNotRegistrable(self._job.name, self._candidate.name, reason)

    def _require_same_champion(self) -> None:
        """Require that the champion did not change after the verdict, if the verdict approves the new version."""
        from airflow_sagemaker_automl.core.registry.champion import is_same_model

        declared = self._declaration
        if declared.verdict is not None and declared.decided == STATUSES[APPROVE]:
            require_same_champion(
                self._task,
                declared.group,
                declared.verdict,
                lambda described: is_same_model(described, self._job, self._candidate),
            )

    def _is_known_by_its_token(self) -> bool:
        ended = self._job.ended
        return (
            self._is_first_try
            and ended is not None
            and datetime.now(UTC) - ended < timedelta(seconds=timing().client_token)
        )

    def _look_if_allowed(self) -> tuple[Mapping[str, Any] | None, int]:
        try:
            return self._look()
        except Exception as error:
            if not is_denied(error):
                raise
            text = "Listing versions is denied; only the client token prevents a second version of AutoML job %s: %s"
            self._task.log.warning(text, self._job.name, error)
            return None, 0

    def _look_for_what_has_the_token(self, attempt: int) -> tuple[Mapping[str, Any] | None, int]:
        """Look for a version that may be too new to be listed.

        :param attempt: how many versions had failed before.
        """
        deadline = time.monotonic() + timing().visible
        try:
            known, failed = self._look()
            while known is None and failed <= attempt and time.monotonic() < deadline:
                time.sleep(timing().lookup_poll)
                known, failed = self._look()
        except Exception as error:
            if not is_denied(error):
                raise
            reason = f"it is already registered, but its version cannot be found: {error}"
            raise CandidateNotRegistrable(self._job.name, self._candidate.name, reason) from error
        return known, failed

    def _describe_when_visible(self, arn: str) -> dict[str, Any] | None:
        """Describe a version that may be too new to be visible; None for a deleted version.

        A client token may return the ARN of a version that no longer exists.
        """
        deadline = time.monotonic() + timing().visible
        while (described := self._described(arn)) is None:
            if time.monotonic() > deadline:
                self._task.log.warning("%s was registered earlier and has been deleted", arn)
                return None
            time.sleep(timing().lookup_poll)
        return described

    def _look(self) -> tuple[Mapping[str, Any] | None, int]:
        """Look for a version that the same registration created earlier.

        :return: the newest version that has not failed, and how many newer ones have failed.
        """
        group, since, failed = self._declaration.group, self._job.created, 0
        for arn in self._task.call_with_retries(lambda hook: hook.versions_since(group, since)):
            if arn in self._others:
                continue
            if len(self._others) >= _MOST_OTHERS:
                text = "Stopped looking for the version after %s other versions of %s newer than AutoML job %s"
                self._task.log.warning(text, _MOST_OTHERS, group, self._job.name)
                break
            if (described := self._described(arn)) is None:
                continue
            properties = described.get("CustomerMetadataProperties", {})
            if properties.get(Metadata.REQUEST_DIGEST.value) != self._identity:
                self._others.add(arn)
            elif not has_failed(described):
                return described, failed
            else:
                failed += 1
        return None, failed

    def _described(self, arn: str) -> dict[str, Any] | None:
        """Describe a version; None if it has been deleted since it was listed."""
        try:
            return self._task.call_with_retries(lambda hook: hook.describe_model_package(arn))
        except Exception as error:
            if not is_invalid(error):
                raise
            return None

    def _found(self, known: Mapping[str, Any], request: Mapping[str, Any]) -> str:
        """Adopt a version that was registered earlier.

        :raises ModelPackageDiffers: it serves another model.
        """
        self._require_as_asked(known, request)
        arn, approval = str(known["ModelPackageArn"]), known.get("ModelApprovalStatus")
        metrics.count(metrics.FOUND_AGAIN)
        text = "Candidate %s of AutoML job %s is already registered as %s, which is now %s"
        self._task.log.info(text, self._candidate.name, self._job.name, arn, approval)
        return arn

    def _require_as_asked(self, described: Mapping[str, Any], request: Mapping[str, Any]) -> None:
        """Reject a version that another user made to look like this one: digest and token can be computed by anyone."""
        if differences := served_differences(request, described):
            candidate = f"candidate {self._candidate.name} of AutoML job {self._job.name}"
            who = aws_identity(described.get("CreatedBy"))
            raise ModelPackageDiffers(described["ModelPackageArn"], candidate, differences, who)

    def _create(self, request: Mapping[str, Any], attempt: int) -> str | None:
        """Register the version; create the group if it is missing, and delete it again if the registration fails."""
        ready = {**request, "ClientToken": request.get("ClientToken") or client_token(self._identity, attempt)}
        group, ask = self._declaration.group, self._task.call_with_retries
        while True:
            is_made_here = ask(lambda hook: hook.ensure_group(group))
            try:
                return ask(lambda hook: hook.create_model_package(ready))
            except Exception:
                if is_made_here:
                    ask(lambda hook: hook.delete_empty_group(group))
                    raise
                # Another task may have created the group and deleted it again.
                if group.startswith("arn:") or ask(lambda hook: hook.has_group(group)):
                    raise

    @cached_property
    def _identity(self) -> str:
        declared = self._declaration
        return identity(
            self._job, self._candidate, declared.members, card=declared.card, response_keys=declared.response_keys
        )

    def _checked_request(self, candidates: Sequence[Candidate], provenance: Provenance) -> dict[str, Any]:
        from airflow_sagemaker_automl.hooks.service_model import checked_model_package

        job, candidate, declared = self._job, self._candidate, self._declaration
        statistics, analysis = self._task.call_with_retries(
            lambda hook: (
                hook.read_report(candidate.model_insights_prefix, STATISTICS_FILE),
                hook.read_report(candidate.explainability_prefix, ANALYSIS_FILE),
            )
        )
        card = build_model_card(
            job=job,
            candidate=candidate,
            candidates=candidates,
            statistics=statistics,
            analysis=analysis,
            provenance=provenance,
            author=declared.card,
            verdict=declared.verdict,
        )
        request = create_model_package_request(
            declared.members_as_decided,
            version=self._identity,
            job=job,
            candidate=candidate,
            response_keys=declared.response_keys,
            statistics=statistics,
            analysis=analysis,
            card=card,
            provenance=provenance,
            verdict=declared.verdict,
        )
        return checked_model_package(request, names=REGISTRATION_NAMES)


def provenance_of(ti: Any, members: Mapping[str, Any]) -> Provenance:
    """Return the provenance of a version.

    :param ti: the task instance that registers it.
    :param members: the author's members, with commit and repository.
    """
    return Provenance(
        dag_id=ti.dag_id,
        run_id=ti.run_id,
        task_id=ti.task_id,
        commit_id=at(members, "MetadataProperties", "CommitId"),
        repository=at(members, "MetadataProperties", "Repository"),
    )
