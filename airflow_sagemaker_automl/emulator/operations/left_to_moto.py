"""The operations that moto answers: records of experiments, which claim no work.

Whatever moto answers with a job that has never run, an instance that does not exist or a definition that nothing
follows is refused instead (:mod:`airflow_sagemaker_automl.emulator.operations.refused`). So is a member that moto
would drop silently, and a resource that does not exist.

Answers are checked against the service model like the emulator's own; if moto breaks it, the client gets
``UnknownOperationException`` with the reason.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_sagemaker_automl.emulator.backend import LocalSageMaker
from airflow_sagemaker_automl.emulator.errors import ResourceNotFound, ValidationException
from airflow_sagemaker_automl.emulator.listing import Members
from airflow_sagemaker_automl.emulator.operations.tags import kind_of

LEFT_TO_MOTO = frozenset(
    {
        "AssociateTrialComponent",
        "CreateExperiment",
        "CreateTrial",
        "CreateTrialComponent",
        "DeleteExperiment",
        "DeleteTrial",
        "DeleteTrialComponent",
        "DescribeExperiment",
        "DescribeTrial",
        "DescribeTrialComponent",
        "DisassociateTrialComponent",
        "ListExperiments",
        "ListTrialComponents",
        "ListTrials",
        "UpdateTrialComponent",
    }
)
_SORTING = frozenset({"CreatedAfter", "CreatedBefore", "SortBy", "SortOrder"})
# Members that moto accepts and forgets.
FORGOTTEN: Mapping[str, frozenset[str]] = {
    "CreateExperiment": frozenset({"DisplayName", "Description", "Tags"}),
    "CreateTrial": frozenset({"DisplayName", "MetadataProperties", "Tags"}),
    "CreateTrialComponent": frozenset({"Tags"}),
    "ListExperiments": _SORTING,
    "ListTrialComponents": _SORTING | {"ExperimentName", "SourceArn"},
    "ListTrials": _SORTING,
}
_NAMES = {"ExperimentName": "experiment", "TrialName": "trial", "TrialComponentName": "trial component"}
_CREATED = {
    "CreateExperiment": "ExperimentName",
    "CreateTrial": "TrialName",
    "CreateTrialComponent": "TrialComponentName",
}


def require_answerable(account: LocalSageMaker, operation: str, members: Members) -> None:
    """Refuse a request that moto would answer as if it had done what it has not.

    :raises ValidationException: moto would drop a member, or the name of a new resource is in use.
    :raises ResourceNotFound: an experiment, trial or trial component does not exist.
    """
    forgotten = sorted(FORGOTTEN.get(operation, frozenset()) & set(members))
    if forgotten:
        hint = "; use AddTags instead of Tags" if "Tags" in forgotten else ""
        raise ValidationException(f"The emulator does not support {', '.join(forgotten)} in {operation}{hint}.")
    if operation.endswith("Tags"):
        _require_tagged(account, members["ResourceArn"])
        return
    known = _records(account)
    for member, noun in _NAMES.items():
        name = members.get(member)
        if name is None:
            continue
        if _CREATED.get(operation) == member:
            if name in known[member]:
                raise ValidationException(
                    f"{noun.capitalize()} names must be unique within an AWS account and region. "
                    f"{noun.capitalize()} with name ({name}) already exists."
                )
        elif name not in known[member]:
            raise ResourceNotFound(f"Could not find {noun} with name {name}.")


def _records(account: LocalSageMaker) -> Mapping[str, Mapping[str, Any]]:
    return {
        "ExperimentName": account.experiments,
        "TrialName": account.trials,
        "TrialComponentName": account.trial_components,
    }


def _require_tagged(account: LocalSageMaker, arn: str) -> None:
    kinds: Mapping[str, Mapping[str, Any]] = {
        "experiment": account.experiments,
        "experiment-trial": account.trials,
        "experiment-trial-component": account.trial_components,
        "model-card": {name: versions[0] for name, versions in account.model_cards.items()},
    }
    record = kinds.get(kind_of(arn), {}).get(arn.rpartition("/")[2])
    if record is None or record.arn != arn:
        raise ValidationException(f"Resource {arn} does not exist.")
