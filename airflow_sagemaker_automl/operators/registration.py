"""One registration: what the author declares, laid over what is known of the model, and sent once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl import metrics
from airflow_sagemaker_automl.core.comparison import served_differences
from airflow_sagemaker_automl.core.evidence import ANALYSIS_FILE, STATISTICS_FILE, Provenance
from airflow_sagemaker_automl.core.literals import at
from airflow_sagemaker_automl.core.model_card import build_model_card
from airflow_sagemaker_automl.core.model_package import (
    REGISTRATION_MEMBERS,
    Metadata,
    client_token,
    create_model_package_request,
    has_failed,
    identity,
)
from airflow_sagemaker_automl.core.people import aws_identity
from airflow_sagemaker_automl.exceptions import CandidateNotRegistrable, ModelPackageDiffers
from airflow_sagemaker_automl.service_errors import is_denied, is_invalid
from airflow_sagemaker_automl.waiting import SEEN_WITHIN_SECONDS

if TYPE_CHECKING:
    from airflow_sagemaker_automl.connection import ConnectsToSageMaker
    from airflow_sagemaker_automl.core.candidate import Candidate
    from airflow_sagemaker_automl.core.job import AutoMLJob

REGISTRATION_NAMES: Mapping[str, str] = {member: name for name, member in REGISTRATION_MEMBERS.items()}
# How long the service remembers a client token is not documented; that of other services lasts for hours.
_TOKEN_LASTS = timedelta(hours=1)
_MOST_TOKENS = 5
_LOOK_EVERY_SECONDS = 2.0
# Each is a call. In a group that gets more while a job is trained, the client token has to find the version.
_MOST_OTHERS = 100


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What the author asks for, rendered and allowed.

    :param members: members of ``CreateModelPackage``.
    :param card: the author's part of the card.
    :param response_keys: what the model is to answer with; none leaves it at the predicted label.
    :param verdict: what a quality gate has decided; None where none was asked. It makes no other version.
    :param decided: the approval status by that verdict; None where the members have the say.
    """

    members: Mapping[str, Any]
    card: Mapping[str, Any]
    response_keys: Sequence[str] = ()
    verdict: Mapping[str, Any] | None = None
    decided: str | None = None

    @property
    def members_as_decided(self) -> Mapping[str, Any]:
        """The members, with the approval that the verdict gives."""
        return {**self.members, "ModelApprovalStatus": self.decided} if self.decided else self.members

    @property
    def group(self) -> str:
        """Name or ARN of the group."""
        return str(self.members["ModelPackageGroupName"])


class Registration:
    """The registration of one candidate.

    :param task: the operator that asks and logs.
    :param is_first_try: whether nobody can have registered the same in this task before.
    """

    def __init__(
        self,
        task: ConnectsToSageMaker,
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
        # What a version was registered as, it stays.
        self._others: set[str] = set()

    def find_or_create(self, candidates: Sequence[Candidate], provenance: Provenance) -> str:
        """Give the version that is registered already, else register it.

        :param candidates: all of the job's, for the leaderboard.
        :return: the version's ARN.
        :raises CandidateNotRegistrable: the service knows it, and who asks may not list versions to find it.
        :raises ModelPackageDiffers: what looks like the version serves another model.
        """
        if self._is_known_by_its_token():
            known, attempt = None, 0
        else:
            known, attempt = self._look_if_allowed()
        request = self._checked_request(candidates, provenance)
        if known:
            return self._found(known, request)
        for _ in range(_MOST_TOKENS):
            arn = self._create(request, attempt)
            if arn is None:
                # The token is that of the same version with another DAG run on its card, or of one that failed.
                known, failed = self._look_for_what_has_the_token(attempt)
                if known:
                    return self._found(known, request)
                attempt = max(failed, attempt + 1)
            elif (described := self._described_soon(arn)) is None:
                attempt += 1
            else:
                # The service gives back what the token has registered before, whatever that is.
                self._require_as_asked(described, request)
                metrics.count(metrics.REGISTERED)
                text = "Registered candidate %s of AutoML job %s as %s"
                self._task.log.info(text, self._candidate.name, self._job.name, arn)
                return arn
        reason = f"of {_MOST_TOKENS} client tokens each was used for a version that is not there any more."
        raise CandidateNotRegistrable(self._job.name, self._candidate.name, reason)

    def _is_known_by_its_token(self) -> bool:
        ended = self._job.ended
        return self._is_first_try and ended is not None and datetime.now(UTC) - ended < _TOKEN_LASTS

    def _look_if_allowed(self) -> tuple[Mapping[str, Any] | None, int]:
        try:
            return self._look()
        except Exception as error:
            if not is_denied(error):
                raise
            text = "Whether the version of AutoML job %s exists is left to its client token: %s"
            self._task.log.warning(text, self._job.name, error)
            return None, 0

    def _look_for_what_has_the_token(self, attempt: int) -> tuple[Mapping[str, Any] | None, int]:
        """Look for a version that may be too new to be listed.

        :param attempt: how many versions had failed before.
        """
        deadline = time.monotonic() + SEEN_WITHIN_SECONDS
        try:
            known, failed = self._look()
            while known is None and failed <= attempt and time.monotonic() < deadline:
                time.sleep(_LOOK_EVERY_SECONDS)
                known, failed = self._look()
        except Exception as error:
            if not is_denied(error):
                raise
            reason = f"the service has registered it before, and it cannot be found: {error}"
            raise CandidateNotRegistrable(self._job.name, self._candidate.name, reason) from error
        return known, failed

    def _described_soon(self, arn: str) -> dict[str, Any] | None:
        """Describe a version that may be too new to be shown; None for one that has been deleted.

        A client token may give back the ARN of a version that is not there any more.
        """
        deadline = time.monotonic() + SEEN_WITHIN_SECONDS
        while (described := self._described(arn)) is None:
            if time.monotonic() > deadline:
                self._task.log.warning("%s was registered once, and has been deleted", arn)
                return None
            time.sleep(_LOOK_EVERY_SECONDS)
        return described

    def _look(self) -> tuple[Mapping[str, Any] | None, int]:
        """Look for a version that the same registration has made before.

        :return: the newest that has not failed, and how many have failed since.
        """
        group, since, failed = self._declaration.group, self._job.created, 0
        for arn in self._task.patiently(lambda hook: hook.versions_since(group, since)):
            if arn in self._others:
                continue
            if len(self._others) >= _MOST_OTHERS:
                text = "%s of the versions of %s since AutoML job %s began are others; the rest was not looked at"
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
        """Describe a version; None where it has been deleted since it was listed."""
        try:
            return self._task.patiently(lambda hook: hook.describe_model_package(arn))
        except Exception as error:
            if not is_invalid(error):
                raise
            return None

    def _found(self, known: Mapping[str, Any], request: Mapping[str, Any]) -> str:
        """Adopt a version that was registered before.

        :raises ModelPackageDiffers: it serves another model.
        """
        self._require_as_asked(known, request)
        arn, approval = str(known["ModelPackageArn"]), known.get("ModelApprovalStatus")
        metrics.count(metrics.FOUND_AGAIN)
        text = "Candidate %s of AutoML job %s was registered before as %s, which is %s now"
        self._task.log.info(text, self._candidate.name, self._job.name, arn, approval)
        return arn

    def _require_as_asked(self, described: Mapping[str, Any], request: Mapping[str, Any]) -> None:
        """Refuse a version that others have made to look like this one: digest and token can be calculated."""
        if differences := served_differences(request, described):
            candidate = f"candidate {self._candidate.name} of AutoML job {self._job.name}"
            who = aws_identity(described.get("CreatedBy"))
            raise ModelPackageDiffers(described["ModelPackageArn"], candidate, differences, who)

    def _create(self, request: Mapping[str, Any], attempt: int) -> str | None:
        """Register, in a group that is made where there is none; one that was made in vain is taken away again."""
        ready = {**request, "ClientToken": request.get("ClientToken") or client_token(self._identity, attempt)}
        group, ask = self._declaration.group, self._task.patiently
        while True:
            is_made_here = ask(lambda hook: hook.ensure_group(group))
            try:
                return ask(lambda hook: hook.create_model_package(ready))
            except Exception:
                if is_made_here:
                    ask(lambda hook: hook.delete_empty_group(group))
                    raise
                # Whoever made the group a moment ago may have taken it away again.
                if group.startswith("arn:") or ask(lambda hook: hook.has_group(group)):
                    raise

    @cached_property
    def _identity(self) -> str:
        declared = self._declaration
        return identity(
            self._job, self._candidate, declared.members, card=declared.card, response_keys=declared.response_keys
        )

    def _checked_request(self, candidates: Sequence[Candidate], provenance: Provenance) -> dict[str, Any]:
        from airflow_sagemaker_automl.validation import checked_model_package

        job, candidate, declared = self._job, self._candidate, self._declaration
        statistics, analysis = self._task.patiently(
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
    """Say where a version comes from.

    :param ti: the task instance that registers it.
    :param members: what the author declares, revision and repository included.
    """
    return Provenance(
        dag_id=ti.dag_id,
        run_id=ti.run_id,
        task_id=ti.task_id,
        commit_id=at(members, "MetadataProperties", "CommitId"),
        repository=at(members, "MetadataProperties", "Repository"),
    )
