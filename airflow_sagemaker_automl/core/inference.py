"""How a candidate is served: the chain of its inference containers, and what the chain answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from airflow_sagemaker_automl.core.candidate import Candidate
from airflow_sagemaker_automl.core.members import present
from airflow_sagemaker_automl.exceptions import InvalidModelPackage, Violation

Chain: TypeAlias = Sequence[Mapping[str, Any]]

# Which of them fills which list is documented in two ways, so that either may be empty.
_UNITS = ("CPU", "GPU")
_SERVED_BY_GPU = frozenset({"TextGeneration"})

_SUPPORTED = "SAGEMAKER_INFERENCE_SUPPORTED"
_OUTPUT = "SAGEMAKER_INFERENCE_OUTPUT"
_INPUT = "SAGEMAKER_INFERENCE_INPUT"


def served(candidate: Candidate, problem_type: str) -> Candidate:
    """Give a candidate the containers that serve it by default.

    ``InferenceContainers``, or where there are none, one of ``InferenceContainerDefinitions``: that for a GPU for
    text generation, that for a CPU for all else.

    :return: the candidate; without containers, if the service names none.
    """
    if candidate.containers:
        return candidate
    units = reversed(_UNITS) if problem_type in _SERVED_BY_GPU else _UNITS
    known = (candidate.containers_by_unit[unit] for unit in units if unit in candidate.containers_by_unit)
    return replace(candidate, containers=next(known, ()))


def alternatives(candidate: Candidate) -> dict[str, Chain]:
    """Give the chains for other processing units than the default's.

    :return: ``gpu`` or ``cpu`` → chain.
    """
    chains = candidate.containers_by_unit
    return {unit.lower(): chains[unit] for unit in _UNITS if unit in chains and chains[unit] != candidate.containers}


def answering(containers: Chain, keys: Sequence[str]) -> list[dict[str, Any]]:
    """Have a chain answer with other keys than by its default, which is the predicted label alone.

    Every container that can choose gives what it can of the keys and takes what the one before it gives. It has to be
    done before registering: a package's environment cannot be changed when a model is made of it.

    :param keys: of ``predicted_label``, ``probability``, ``probabilities``, ``labels``, in the order wanted; none
        leaves the chain as it is.
    :return: the containers, with their whole environments.
    :raises InvalidModelPackage: the chain does not offer one of them.
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
                ModelDataUrl=container["ModelDataUrl"],
                Environment=environment or None,
            )
        )
    return chain


def _offers(container: Mapping[str, Any]) -> list[str]:
    return [key.strip() for key in (container.get("Environment") or {}).get(_SUPPORTED, "").split(",") if key.strip()]


def _require_offered(keys: Sequence[str], containers: Chain) -> None:
    offered = _offers(containers[-1]) if containers else []
    missing = [key for key in keys if key not in offered]
    if missing:
        rule = (
            f"must be of {', '.join(offered)}, which is all that this candidate can answer with; it has "
            f"{', '.join(map(repr, missing))}"
            if offered
            else "must be left out: this candidate's containers offer no choice, as for regression"
        )
        raise InvalidModelPackage([Violation("inference_response_keys", list(keys), rule)])
