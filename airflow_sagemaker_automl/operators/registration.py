"""One registration: what the author declares, laid over what is known of the model, and sent once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_sagemaker_automl.core.evidence import ANALYSIS_FILE, STATISTICS_FILE, Provenance
from airflow_sagemaker_automl.core.literals import at
from airflow_sagemaker_automl.core.model_card import build_model_card
from airflow_sagemaker_automl.core.model_package import (
    REGISTRATION_MEMBERS,
    client_token,
    create_model_package_request,
    identity,
    unfailed,
)
from airflow_sagemaker_automl.exceptions import CandidateNotRegistrable

if TYPE_CHECKING:
    from airflow_sagemaker_automl.connection import ConnectsToSageMaker
    from airflow_sagemaker_automl.core.candidate import Candidate
    from airflow_sagemaker_automl.core.job import AutoMLJob

REGISTRATION_NAMES: Mapping[str, str] = {member: name for name, member in REGISTRATION_MEMBERS.items()}
# How long the service remembers a client token is not documented; that of other services lasts for hours.
_TOKEN_LASTS = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """What the author asks for, rendered and allowed.

    :param members: members of ``CreateModelPackage``.
    :param card: the author's part of the card.
    :param response_keys: what the model is to answer with; none leaves it at the predicted label.
    """

    members: Mapping[str, Any]
    card: Mapping[str, Any]
    response_keys: Sequence[str] = ()

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

    def find_or_create(self, candidates: Sequence[Candidate], provenance: Provenance) -> str:
        """Give the version that is registered already, else register it.

        :param candidates: all of the job's, for the leaderboard.
        :return: the version's ARN.
        :raises CandidateNotRegistrable: the service knows it, but it cannot be found.
        """
        # A version that failed stays as it is; the next one needs a token of its own.
        earlier = [] if self._is_known_by_its_token() else self._earlier()
        if known := unfailed(earlier):
            return self._found(known)
        arn = self._create(self._request(candidates, provenance), attempt=len(earlier))
        if arn is None:
            # The token is that of the same version with another DAG run on its card.
            if known := unfailed(self._earlier()):
                return self._found(known)
            reason = "the service has registered it before, but no such version is in the group, or may be seen."
            raise CandidateNotRegistrable(self._job.name, self._candidate.name, reason)
        self._task.log.info("Registered %s", arn)
        return arn

    def _is_known_by_its_token(self) -> bool:
        ended = self._job.ended
        return self._is_first_try and ended is not None and datetime.now(UTC) - ended < _TOKEN_LASTS

    def _earlier(self) -> list[dict[str, Any]]:
        group, since = self._declaration.group, self._job.created
        return self._task.patiently(lambda hook: list(hook.versions_of(group, self._identity, since)))

    def _found(self, known: Mapping[str, Any]) -> str:
        arn, approval = str(known["ModelPackageArn"]), known.get("ModelApprovalStatus")
        self._task.log.info("The same was registered before as %s, which is %s now", arn, approval)
        return arn

    def _create(self, request: Mapping[str, Any], attempt: int) -> str | None:
        """Register, in a group that is made where there is none; one that was made in vain is taken away again."""
        from airflow_sagemaker_automl.validation import checked_model_package

        ready = checked_model_package(request, names=REGISTRATION_NAMES)
        ready["ClientToken"] = ready.get("ClientToken") or client_token(self._identity, attempt)
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

    def _request(self, candidates: Sequence[Candidate], provenance: Provenance) -> dict[str, Any]:
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
        )
        return create_model_package_request(
            declared.members,
            version=self._identity,
            job=job,
            candidate=candidate,
            response_keys=declared.response_keys,
            statistics=statistics,
            analysis=analysis,
            card=card,
            provenance=provenance,
        )


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
