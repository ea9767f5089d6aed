"""A candidate is served by the containers that the service names, in either of its lists."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_sagemaker_automl import InvalidModelPackage
from airflow_sagemaker_automl.core.jobs.candidate import Candidate
from airflow_sagemaker_automl.core.registry.inference import alternatives, answering, served
from tests.core.jobs.test_candidate import described


def container(name: str, **environment: str) -> dict[str, Any]:
    """Make a container."""
    members: dict[str, Any] = {"Image": f"{name}:1", "ModelDataUrl": f"s3://bucket/{name}.tar.gz"}
    return {**members, "Environment": environment} if environment else members


CPU = [container("cpu")]
GPU = [container("gpu")]
# As the documentation shows them for a classifier of HYPERPARAMETER_TUNING.
TUNED = [
    container("transform", AUTOML_TRANSFORM_MODE="feature-transform"),
    container(
        "algorithm",
        SAGEMAKER_INFERENCE_OUTPUT="predicted_label",
        SAGEMAKER_INFERENCE_SUPPORTED="predicted_label,probability,probabilities",
    ),
    container(
        "labels",
        AUTOML_TRANSFORM_MODE="inverse-label-transform",
        SAGEMAKER_INFERENCE_INPUT="predicted_label",
        SAGEMAKER_INFERENCE_OUTPUT="predicted_label",
        SAGEMAKER_INFERENCE_SUPPORTED="predicted_label,probability,labels,probabilities",
    ),
]


def candidate(containers: Any = None, **by_unit: Any) -> Candidate:
    """Make a candidate with containers in one list or the other."""
    lists: dict[str, Any] = {"InferenceContainers": containers or [], "InferenceContainerDefinitions": by_unit}
    return Candidate.from_api(described(**lists))


@pytest.mark.parametrize(
    ("given", "problem_type", "expected"),
    [
        (candidate(TUNED, CPU=CPU), "Tabular", TUNED),
        (candidate(CPU=CPU, GPU=GPU), "TextClassification", CPU),
        (candidate(GPU=GPU), "ImageClassification", GPU),
        (candidate(CPU=CPU, GPU=GPU), "TextGeneration", GPU),
        (candidate(CPU=CPU), "TextGeneration", CPU),
        (candidate(CPU=[]), "Tabular", []),
    ],
)
def test_the_default_chain_is_found_in_either_list(given: Candidate, problem_type: str, expected: Any) -> None:
    """AWS's documents contradict each other on which problem type uses which list."""
    assert list(served(given, problem_type).containers) == expected


def test_other_units_are_alternatives() -> None:
    """Containers that are already the default are not an alternative."""
    both = candidate(CPU=CPU, GPU=GPU)
    assert alternatives(served(both, "TextClassification")) == {"gpu": tuple(GPU)}
    assert alternatives(served(both, "TextGeneration")) == {"cpu": tuple(CPU)}
    assert alternatives(candidate(CPU, CPU=CPU)) == {}


def test_without_keys_a_chain_stays_as_it_is() -> None:
    """All containers keep their order and their whole environment."""
    assert answering(TUNED, []) == TUNED


def test_keys_pass_through_the_chain() -> None:
    """Each container outputs the keys that it supports, and accepts what the previous one outputs."""
    transform, algorithm, labels = answering(TUNED, ["labels", "probability", "predicted_label", "labels"])
    assert transform == TUNED[0]
    assert algorithm["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] == "probability,predicted_label"
    assert "SAGEMAKER_INFERENCE_INPUT" not in algorithm["Environment"]
    assert labels["Environment"] == {
        **TUNED[2]["Environment"],
        "SAGEMAKER_INFERENCE_INPUT": "probability,predicted_label",
        "SAGEMAKER_INFERENCE_OUTPUT": "labels,probability,predicted_label",
    }
    assert TUNED[1]["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] == "predicted_label"


def test_a_container_that_offers_none_of_the_keys_gives_what_it_gave() -> None:
    """The next container's input is set nevertheless."""
    _, algorithm, labels = answering(TUNED, ["labels"])
    assert algorithm["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] == "predicted_label"
    assert labels["Environment"]["SAGEMAKER_INFERENCE_INPUT"] == "predicted_label"
    assert labels["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] == "labels"


def test_what_is_carried_ends_at_a_container_that_cannot_choose() -> None:
    """Its output is not known, so the next container's input is unchanged."""
    plain = container("plain", AUTOML_TRANSFORM_MODE="rescale")
    _, algorithm, between, labels = answering([*TUNED[:2], plain, TUNED[2]], ["probability"])
    assert algorithm["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] == "probability"
    assert between == plain
    assert labels["Environment"]["SAGEMAKER_INFERENCE_INPUT"] == "predicted_label"
    assert labels["Environment"]["SAGEMAKER_INFERENCE_OUTPUT"] == "probability"


def test_keys_that_are_not_offered_are_refused() -> None:
    """The error names the supported keys; a regression supports none."""
    with pytest.raises(InvalidModelPackage) as raised:
        answering(TUNED, ["probability", "odds"])
    assert str(raised.value).endswith(
        "inference_response_keys = ['probability', 'odds'] must be from predicted_label, probability, labels, "
        "probabilities, the keys that this candidate supports; it has 'odds'"
    )
    with pytest.raises(InvalidModelPackage, match="must be left out: this candidate's containers do not support it"):
        answering(TUNED[:1], ["probability"])
