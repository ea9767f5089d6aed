"""What is left in AWS after a scoring: nothing, and of crashed ones nothing after the next run; others' things stay."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.jobs import ROLE
from tests.support.scoring import Account, finished, operator, scored, started
from tests.support.tasks import changed
from tests.support.timing import SetTiming


@pytest.mark.parametrize("keep", [True, False])
def test_a_model_is_kept_if_that_is_wanted(account: Account, context: Any, given: dict[str, Any], keep: bool) -> None:
    """Also from the next run, which removes only what was left behind."""
    result = scored(account, operator(**given, keep_model=keep), context)
    scored(account, operator(**given), changed(context, run_id="next"))
    assert account.models() == ([result["transform_job_name"]] if keep else [])


@pytest.fixture
def crashed(account: Account, context: Any, given: dict[str, Any]) -> Callable[..., str]:
    """Leave behind model, input and predictions of a run, and return the name of its job."""

    def crash(**changes: Any) -> str:
        name = started(operator(**given), changed(context, **changes))
        finished(account, name)
        return name

    return crash


def test_what_a_crash_left_behind_is_removed_by_the_next_run(
    account: Account, context: Any, given: dict[str, Any], crashed: Callable[..., str], set_timing: SetTiming
) -> None:
    """The model at once, the files when nobody can need them any more."""
    name = crashed(run_id="crashed")
    assert account.models() == [name]
    scored(account, operator(**given), changed(context, run_id="second"))
    assert account.models() == []
    assert {found.split("/")[1] for found in account.names(f"{given['output_uri']}") if "/" in found} == {name}
    set_timing(abandoned=0)
    scored(account, operator(**given), changed(context, run_id="third"))
    assert account.names(given["output_uri"]) == ["_SUCCESS", "scores.csv"]


def test_what_is_in_use_stays(account: Account, context: Any, given: dict[str, Any], set_timing: SetTiming) -> None:
    """The model and the input of a job of another run; a model behind an endpoint, or of somebody's job."""
    set_timing(abandoned=0)
    running = started(operator(**given), changed(context, run_id="running"))
    other = {**given, "output_uri": f"{given['output_uri'][:-1]}-other/"}
    served = started(operator(**other), changed(context, run_id="served"))
    finished(account, served)
    account.sagemaker.create_endpoint_config(
        EndpointConfigName="serving",
        ProductionVariants=[
            {"VariantName": "all", "ModelName": served, "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
        ],
    )
    again = started(operator(**given), changed(context, run_id="running-2"))
    assert {served, again} <= set(account.models())
    files = [name for name in account.names(given["output_uri"]) if again in name]
    third = started(operator(**given), changed(context, run_id="third"))
    assert account.models() == [name for name in account.models() if name in (running, served, again, third)]
    assert [name for name in account.names(given["output_uri"]) if again in name] == files


def test_models_of_others_stay(account: Account, context: Any, given: dict[str, Any], set_timing: SetTiming) -> None:
    """Another task whose names begin the same, another mapped instance, and a model without tags."""
    set_timing(abandoned=0)
    dag = "a-dag-with-a-long-name-of-its-own"
    mine = changed(context, dag_id=dag)
    outputs = (f"{given['output_uri'][:-1]}-{number}/" for number in range(9))
    others = []
    for changes in ({"task_id": "another"}, {"map_index": 3}, {"dag_id": f"{dag}-2"}):
        theirs = changed(mine, run_id="crashed", **changes)
        others.append(started(operator(**{**given, "output_uri": next(outputs)}), theirs))
        finished(account, others[-1])
    container: Any = {"Image": "other:1", "ModelDataUrl": "s3://bucket/other.tar.gz"}
    bare = f"{others[0].rpartition('-')[0]}-abcdefghijkl"
    account.sagemaker.create_model(ModelName=bare, Containers=[container], ExecutionRoleArn=ROLE)
    scored(account, operator(**given), mine)
    assert account.models() == [*others, bare]


def test_without_the_rights_to_tidy_up_the_task_scores(
    account: Account, context: Any, given: dict[str, Any], crashed: Callable[..., str]
) -> None:
    """The log says what is not removed."""
    name = crashed(run_id="crashed")
    for operation in ("ListModels", "ListTags", "ListTransformJobs", "ListEndpointConfigs"):
        account.fault(DeniedOperations=[operation])
        scored(account, operator(**given), changed(context, run_id=f"next-{operation}"))
        account.fault()
        assert account.models() == [name]
