"""How a candidate is served: the chain of its inference containers, and the content of its responses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from airflow_sagemaker_automl.core.jobs.candidate import Candidate
from airflow_sagemaker_automl.core.values.members import present
from airflow_sagemaker_automl.exceptions import InvalidModelPackage, Violation

Chain: TypeAlias = Sequence[Mapping[str, Any]]

# The documentation contradicts itself about which list each unit fills, so either may be empty.
_UNITS = ("CPU", "GPU")
_SERVED_BY_GPU = frozenset({"TextGeneration"})

_SUPPORTED = "SAGEMAKER_INFERENCE_SUPPORTED"
_OUTPUT = "SAGEMAKER_INFERENCE_OUTPUT"
_INPUT = "SAGEMAKER_INFERENCE_INPUT"


def served(candidate: Candidate, problem_type: str) -> Candidate:
    """Give a candidate its default containers.

    These are ``InferenceContainers``. If there are none, they are those of ``InferenceContainerDefinitions``: for GPU
    for text generation, for CPU for all other problem types.

    :return: the candidate; without containers if the service returned none.
    """
    if candidate.containers:
        return candidate
    units = reversed(_UNITS) if problem_type in _SERVED_BY_GPU else _UNITS
    known = (candidate.containers_by_unit[unit] for unit in units if unit in candidate.containers_by_unit)
    return replace(candidate, containers=next(known, ()))


def alternatives(candidate: Candidate) -> dict[str, Chain]:
    """Return the chains for processing units other than the default.

    :return: ``gpu`` or ``cpu`` → chain.
    """
    chains = candidate.containers_by_unit
    return {unit.lower(): chains[unit] for unit in _UNITS if unit in chains and chains[unit] != candidate.containers}


def answering(containers: Chain, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Set the keys of a chain's responses; by default it returns only the predicted label.

    Each container that supports the choice outputs the keys that it can, and takes the output of the one before it as
    input. This must be done before registration: the environment of a model package cannot be changed when a model is
    created from it.

    :param keys: from ``predicted_label``, ``probability``, ``probabilities``, ``labels``, in the order of the
        response; an empty list leaves the chain unchanged.
    :return: the containers, with their whole environments.
    :raises InvalidModelPackage: the chain does not support one of the keys.
    """
    wanted = list(dict.fromkeys(keys))
    _require_offered(wanted, containers)
    chain, given = [], None
    for container in containers:
        environment = dict(container.get("Environment") or {})
        if _SUPPORTED not in environment:
            given = None
        elif wanted:
            if given:
                environment[_INPUT] = given
            offered = [key for key in wanted if key in _offers(container)]
            environment |= {_OUTPUT: ",".join(offered)} if offered else {}
            given = environment.get(_OUTPUT)
        chain.append(
            present(
                Image=container["Image"],
                ModelDataUrl=container.get("ModelDataUrl"),
                ModelDataSource=container.get("ModelDataSource"),
                Environment=environment or None,
            )
        )
    return chain


def _offers(container: Mapping[str, Any]) -> list[str]:
    return [key.strip() for key in (container.get("Environment") or {}).get(_SUPPORTED, "").split(",") if key.strip()]


def offered_keys(containers: Chain) -> list[str]:
    """List the keys that a chain can answer; empty if there is no choice, as for a regression."""
    return _offers(containers[-1]) if containers else []


def _require_offered(keys: Sequence[str], containers: Chain) -> None:
    offered = offered_keys(containers)
    missing = [key for key in keys if key not in offered]
    if missing:
        rule = (
            f"must be from {', '.join(offered)}, the keys that this candidate supports; it has "
            f"{', '.join(map(repr, missing))}"
            if offered
            else "must be left out: this candidate's containers do not support it, as for regression"
        )
        raise InvalidModelPackage([Violation("inference_response_keys", list(keys), rule)])
