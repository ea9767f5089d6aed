"""The model package group of the champion: an absent group, a hidden one and an empty one are different answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from airflow_sagemaker_automl.core.gate.verdict import compares, is_stale
from airflow_sagemaker_automl.core.rules import registration
from airflow_sagemaker_automl.core.values.literals import is_resolved
from airflow_sagemaker_automl.core.values.wording import nearest, type_in_words
from airflow_sagemaker_automl.exceptions import (
    ChampionChanged,
    ChampionUnreadable,
    ModelPackageGroupNotFound,
    Violation,
)
from airflow_sagemaker_automl.hooks.errors import is_denied

if TYPE_CHECKING:
    from airflow_sagemaker_automl.hooks.automl import SageMakerAutoMLHook
    from airflow_sagemaker_automl.tasks.base import SageMakerTask

R = TypeVar("R")

_MEMBER = "ModelPackageGroupName"
_ARGUMENT = "model_package_group_name"


def ask_group(
    task: SageMakerTask, group: str, ask: Callable[[SageMakerAutoMLHook], R], *, may_be_new: bool
) -> R | None:
    """Request the versions of the champion's group.

    :param group: name or ARN of the group.
    :param ask: makes the call.
    :param may_be_new: whether the group may not exist yet.
    :return: the response; None if the group does not exist and may be new.
    :raises ModelPackageGroupNotFound: it does not exist and may not be new; with the nearest name.
    :raises ChampionUnreadable: access to the group is denied.
    :raises OtherRegion: its ARN is of another region.
    """
    try:
        return task.call_with_retries(ask)
    except ModelPackageGroupNotFound as error:
        if may_be_new:
            text = "Model package group %s does not exist in region %s yet; may_be_new_group allows that"
            task.log.info(text, group, error.region)
            return None
        raise ModelPackageGroupNotFound(group, error.region, _nearest(task, group)) from error
    except Exception as error:
        if not is_denied(error):
            raise
        reason = (
            "Access is denied, so the group may or may not exist. Allow sagemaker:ListModelPackages, "
            "sagemaker:DescribeModelPackage and sagemaker:DescribeModelPackageGroup; for a group in another account, "
            f"its resource policy must allow them too. The service says: {error}"
        )
        raise ChampionUnreadable(group, reason) from error


def require_same_champion(
    task: SageMakerTask, group: str, verdict: Mapping[str, Any], is_candidate: Callable[[Mapping[str, Any]], bool]
) -> None:
    """Require that the champion of a verdict is still the champion, before the verdict approves a version.

    :param group: name or ARN of the group.
    :param is_candidate: takes a response of ``DescribeModelPackage``; whether it is the candidate itself.
    :raises ChampionChanged: it is another version, or the group has no approved version any more.
    :raises ChampionUnreadable: access to the group is denied.
    """
    if not compares(verdict):
        return
    described = ask_group(
        task,
        group,
        lambda hook: hook.newest_approved(group, unless=is_candidate, with_card=False),
        may_be_new=verdict.get("champion") is None,
    )
    current = described["ModelPackageArn"] if described else None
    if is_stale(verdict, current):
        raise ChampionChanged(group, verdict.get("champion"), current)


def group_violations(name: Any, *, may_be_new_group: Any = False) -> list[Violation]:
    """Check the name of a group, if it is known, and ``may_be_new_group``.

    :param name: :data:`~airflow_sagemaker_automl.core.values.literals.UNRESOLVED` if it is not known yet.
    """
    wrong = []
    if not isinstance(may_be_new_group, bool):
        wrong.append(Violation("may_be_new_group", may_be_new_group, "must be True or False"))
    if not is_resolved(name):
        return wrong
    if name is not None and not isinstance(name, str):
        rule = f"must be the name or ARN of a model package group, not {type_in_words(name)}"
        return [Violation(_ARGUMENT, name, rule), *wrong]
    found = [each for each in registration.violations({_MEMBER: name}) if each.path == _MEMBER]
    if not found and may_be_new_group is True and isinstance(name, str) and name.startswith("arn:"):
        rule = "must be a name with may_be_new_group=True: a group given as an ARN is never created"
        found.append(Violation(_MEMBER, name, rule))
    return [*registration.renamed(found, {_MEMBER: _ARGUMENT}), *wrong]


def _nearest(task: SageMakerTask, group: str) -> str | None:
    """Find the existing group with the most similar name; for an ARN, in its account.

    :return: its name, or its ARN for an ARN; None if no name is similar or access to the list is denied.
    """
    try:
        listed = task.call_with_retries(lambda hook: hook.newest_groups())
    except Exception as error:
        if not is_denied(error):
            raise
        task.log.info("No similar name is suggested, because listing model package groups is denied: %s", error)
        return None
    prefix, _, name = group.rpartition("/")
    known = {each: arn for each, arn in listed.items() if arn.startswith(prefix)}
    found = nearest(name, known)
    return known[found] if found and prefix else found
