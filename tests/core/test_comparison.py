"""How a job differs from a request: in nothing that was really sent, and in every leaf that was not."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from airflow_sagemaker_automl.core.comparison import differences
from tests.core.requests import GONE, LARGEST_CONFIGS, SMALLEST_CONFIGS, largest, smallest, spoiled
from tests.jobs import unique
from tests.plain_http import send

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

KINDS = tuple(LARGEST_CONFIGS)
_HELD: dict[str, Any] = {
    "Stages": [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": 3600}],
    "Ending": {"AutoMLJobStatus": "Completed"},
}


@pytest.fixture
def prefix(emulator_url: str) -> Iterator[str]:
    """Names that begin with it are those of jobs that stay in progress."""
    prefix = unique("held")
    script = f"{emulator_url}/automl-emulator/scripts/{prefix}"
    assert send(f"{script}?job-names={prefix}-*", "PUT", _HELD)[0] == 201
    yield prefix
    assert send(script, "DELETE")[0] == 204


def described(sagemaker: SageMakerClient, request: dict[str, Any], name: str) -> dict[str, Any]:
    """Start a job, stop it, and give what the service says of it."""
    sagemaker.create_auto_ml_job_v2(**{**request, "AutoMLJobName": name})
    answer = dict(sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name))
    sagemaker.stop_auto_ml_job(AutoMLJobName=name)
    return answer


def leaves(tree: Any, way: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Walk to all values that have nothing in them."""
    if isinstance(tree, dict | list) and tree:
        for step, item in tree.items() if isinstance(tree, dict) else enumerate(tree):
            yield from leaves(item, (*way, step))
    else:
        yield way, tree


def dotted(way: tuple[str | int, ...]) -> str:
    """Write a path as a person reads it."""
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way).lstrip(".")


def compared(request: dict[str, Any]) -> dict[str, Any]:
    """Take away what a description does not have."""
    return {key: value for key, value in request.items() if key not in ("AutoMLJobName", "Tags")}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("write", [smallest, largest])
def test_a_job_does_not_differ_from_what_was_sent(
    write: Any, kind: str, sagemaker: SageMakerClient, prefix: str
) -> None:
    """Whatever the service fills in, of the smallest and of the largest request; name and tags do not count."""
    request = write(kind)
    found = described(sagemaker, request, f"{prefix}-job")
    assert differences(request, found) == []
    assert differences({**request, "AutoMLJobName": "other", "Tags": []}, found) == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_leaf_that_was_changed_is_found(kind: str, sagemaker: SageMakerClient, prefix: str) -> None:
    """One clause, with the way to the leaf and both values; and each that the job has not."""
    request = largest(kind)
    found = described(sagemaker, request, f"{prefix}-job")
    for way, value in leaves(compared(request)):
        (clause,) = differences(spoiled(request, way, "changed"), found)
        assert clause == f"{dotted(way)} is {value!r} there and 'changed' here"
        if not isinstance(way[-1], int):
            (clause,) = differences(request, spoiled(found, way, GONE))
            assert clause == f"{dotted(way)} is not set there and {value!r} here"


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("other", KINDS)
def test_a_job_of_another_problem_type_differs(kind: str, other: str) -> None:
    """Also where the request's type needs no settings at all."""
    if kind == other:
        assert differences(smallest(kind), smallest(other)) == []
    else:
        (clause,) = differences(smallest(kind), smallest(other))
        assert clause == f"AutoMLProblemTypeConfig is {other!r} there and {kind!r} here"


def test_what_a_request_leaves_out_is_no_difference() -> None:
    """A job with everything does not differ from a request with the least that has the same values."""
    for kind in KINDS:
        least = {"AutoMLProblemTypeConfig": {kind: SMALLEST_CONFIGS[kind]}, "RoleArn": smallest()["RoleArn"]}
        assert differences(least, largest(kind)) == []


def test_what_was_sent_empty_may_be_left_out_of_the_answer() -> None:
    """Nothing was asked for with it."""
    request: dict[str, Any] = smallest()
    found = copy.deepcopy(request)
    request["AutoMLProblemTypeConfig"]["TabularJobConfig"] |= {
        "CompletionCriteria": {},
        "CandidateGenerationConfig": {"AlgorithmsConfig": []},
    }
    request["SecurityConfig"] = {"VpcConfig": {}}
    assert differences(request, found) == []


def test_a_list_of_another_length_is_one_difference() -> None:
    """Channels or algorithms more or less cannot be told apart one by one; long values are cut."""
    request = largest("TimeSeriesForecastingJobConfig")
    found = copy.deepcopy(request)
    request["AutoMLProblemTypeConfig"]["TimeSeriesForecastingJobConfig"]["ForecastQuantiles"].append("p95")
    request["AutoMLJobInputDataConfig"].append(request["AutoMLJobInputDataConfig"][0])
    request["RoleArn"] = "arn:aws:iam::123456789012:role/" + "long" * 100
    channels, quantiles, role = sorted(differences(request, found))
    assert channels.startswith("AutoMLJobInputDataConfig is [")
    assert quantiles == (
        "AutoMLProblemTypeConfig.TimeSeriesForecastingJobConfig.ForecastQuantiles is ['p10', 'p50', 'p90'] there and "
        "['p10', 'p50', 'p90', 'p95'] here"
    )
    assert max(map(len, (channels, quantiles, role))) < 400
