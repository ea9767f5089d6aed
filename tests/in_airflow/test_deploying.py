"""The deployment DAG in Airflow's test runner, from an approval to a prediction of a trained model."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.models.asset import AssetEvent, AssetModel
from airflow.models.dagrun import DagRun
from airflow.utils.session import create_session
from sqlalchemy import Connection, event, insert, select

from airflow_sagemaker_automl import ModelVersion, approved
from demo.sandbox import REPOSITORY, airflow_environment, emulator, sagemaker_client, upload_breast_cancer
from tests.support.endpoints import configure
from tests.support.jobs import unique
from tests.support.plain_http import once_answered, send
from tests.support.trained import quick_job, version_of
from tests.support.versions import decide, described, make_group

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_GROUP = "breast-cancer"
_LOOKING = ["choose_version", "compare_with_served"]
_DEPLOYING = ["clear_leftovers", "create_model", "configure_endpoint", "deploy", "wait_until_in_service", "predict"]


@pytest.fixture(scope="module")
def emulator_url() -> Iterator[str]:
    """URL of an emulator that only this module uses, with the default connection pointing to it."""
    with emulator() as url, pytest.MonkeyPatch.context() as environment:
        name = "AIRFLOW_CONN_AWS_DEFAULT"
        environment.setenv(name, airflow_environment(Path("unused"), url)[name])
        yield url


@pytest.fixture(scope="module")
def sagemaker(emulator_url: str) -> SageMakerClient:
    """A plain boto3 SageMaker client for it."""
    return sagemaker_client(emulator_url)


@pytest.fixture(scope="module")
def trained(airflow_database: None, sagemaker: SageMakerClient, emulator_url: str) -> dict[str, Any]:
    """Description of version 1 of the group, which predicts as the retraining DAG's versions do."""
    job = quick_job(sagemaker, upload_breast_cancer(emulator_url))
    group, keys = make_group(sagemaker, _GROUP), "predicted_label,probability"
    return described(sagemaker, version_of(sagemaker, job, group=group, approval="PendingManualApproval", keys=keys))


@pytest.fixture
def endpoint(sagemaker: SageMakerClient) -> str:
    """Name of an endpoint that does not exist."""
    return unique("endpoint")


def _dag(dag_id: str, folder: str = "dags") -> Any:
    bag = DagBag(str(REPOSITORY / folder), load_op_links=False)
    assert not bag.import_errors
    return bag.dags[dag_id]


def _register(sagemaker: SageMakerClient, trained: dict[str, Any], **container: Any) -> str:
    """Register another version of the same model and approve it.

    :param container: changes to its container.
    :return: its ARN.
    """
    specification = copy.deepcopy(trained["InferenceSpecification"])
    for given in specification["Containers"]:
        given.pop("ImageDigest", None)
        given |= container
    return sagemaker.create_model_package(
        ModelPackageGroupName=_GROUP, InferenceSpecification=specification, ModelApprovalStatus="Approved"
    )["ModelPackageArn"]


@contextmanager
def _approvals(*extras: dict[str, Any]) -> Iterator[None]:
    """Let new runs consume events of ``approved(group)``, as the scheduler does."""
    uri = approved(_GROUP).uri
    with create_session() as session:
        asset = session.scalar(select(AssetModel).where(AssetModel.uri == uri))
        if asset is None:
            asset = AssetModel(uri=uri, name=uri)
            session.add(asset)
            session.flush()
        asset_id = asset.id

    def consume(mapper: Any, connection: Connection, run: DagRun) -> None:
        for extra in extras:
            told = connection.execute(insert(AssetEvent).values(asset_id=asset_id, extra=extra)).inserted_primary_key
            connection.execute(consumed.insert().values(dag_run_id=run.id, event_id=told[0] if told else None))

    consumed = AssetEvent.created_dagruns.property.secondary
    event.listen(DagRun, "after_insert", consume)
    try:
        yield
    finally:
        event.remove(DagRun, "after_insert", consume)


def _run(conf: dict[str, Any], *events: dict[str, Any]) -> Any:
    dag = _dag("automl_deploy_on_approval")
    dag.get_task("wait_until_in_service").poke_interval = 1
    for task in dag.tasks:
        task.retry_delay = timedelta(seconds=1)
    with _approvals(*events):
        return dag.test(run_conf=conf)


def _event(sagemaker: SageMakerClient, arn: str) -> dict[str, Any]:
    """Write the event that an operator or a watcher emits for a newly approved version."""
    return ModelVersion.from_description(described(sagemaker, arn)).to_extra()


def _states(run: Any) -> dict[str, str]:
    return {task.task_id: str(task.state) for task in run.get_task_instances()}


def _all(looking: str, deploying: str, **others: str) -> dict[str, str]:
    return {**dict.fromkeys(_LOOKING, looking), **dict.fromkeys(_DEPLOYING, deploying), **others}


def _served(sagemaker: SageMakerClient, endpoint: str) -> str:
    """Find the version that the endpoint serves."""
    name = sagemaker.describe_endpoint(EndpointName=endpoint)["EndpointConfigName"]
    (variant,) = sagemaker.describe_endpoint_config(EndpointConfigName=name)["ProductionVariants"]
    (container,) = sagemaker.describe_model(ModelName=variant["ModelName"])["Containers"]
    return container["ModelPackageName"]


@pytest.mark.matrix  # tests/live/test_retraining.py deploys two approvals, one after the other.
def test_approvals_are_deployed_once_each_and_in_order(
    trained: dict[str, Any], sagemaker: SageMakerClient, endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Approve, deploy, predict; a repeated or late event changes nothing; a newer version does."""
    first, conf = trained["ModelPackageArn"], {"endpoint_name": endpoint}
    released = _dag("automl_release").test(run_conf={"model_package_arn": first, "reason": "Good enough"})
    assert released.state == "success"
    news = _event(sagemaker, first)
    run = _run(conf, news)
    assert _states(run) == _all("success", "success")
    answer = run.get_task_instance("predict").xcom_pull(task_ids="predict")
    probability = answer.pop("probability")
    assert answer == {"model_package_arn": first, "endpoint_name": endpoint, "predicted_label": "malignant"}
    assert 0.5 < probability <= 1
    assert _served(sagemaker, endpoint) == first

    before = sagemaker.describe_endpoint(EndpointName=endpoint)["LastModifiedTime"]
    from_watcher = {"from_trigger": True, "payload": news}
    assert _states(_run(conf, from_watcher)) == _all("success", "skipped", compare_with_served="skipped")
    assert f"The endpoint already serves {first}." in capsys.readouterr().out
    assert sagemaker.describe_endpoint(EndpointName=endpoint)["LastModifiedTime"] == before

    second = _register(sagemaker, trained)
    run = _run(conf, news, _event(sagemaker, second))
    assert _states(run) == _all("success", "success")
    assert run.get_task_instance("predict").xcom_pull(task_ids="compare_with_served") == first
    assert _served(sagemaker, endpoint) == second

    assert _states(_run(conf, news)) == _all("success", "skipped", compare_with_served="skipped")
    assert f"The endpoint already serves {second}." in capsys.readouterr().out
    faults = f"{sagemaker.meta.endpoint_url}/automl-emulator/faults"
    send(faults, "PUT", {"StaleListSeconds": 3600})
    assert _states(_run(conf, news)) == _all("success", "skipped", compare_with_served="skipped")
    send(faults, "DELETE")
    assert f"The endpoint serves {second}, which is newer than {first} and still approved." in capsys.readouterr().out
    decide(sagemaker, second, "Rejected", "Worse in production")
    assert _states(_run(conf, news)) == _all("success", "success")
    assert _served(sagemaker, endpoint) == first


def test_approvals_that_come_together_deploy_the_newest_that_still_is_one(
    trained: dict[str, Any], sagemaker: SageMakerClient, endpoint: str
) -> None:
    """In any order of approval, and even if the last approval was withdrawn."""
    older, newer, withdrawn = (_register(sagemaker, trained) for _ in range(3))
    decide(sagemaker, older)
    decide(sagemaker, withdrawn)
    events = [_event(sagemaker, arn) for arn in (newer, older, withdrawn)]
    decide(sagemaker, withdrawn, "Rejected", "A mistake")
    assert _run({"endpoint_name": endpoint}, *events).state == "success"
    assert _served(sagemaker, endpoint) == newer


def test_an_approval_whose_event_airflow_leaves_out_is_deployed(
    trained: dict[str, Any], sagemaker: SageMakerClient, endpoint: str
) -> None:
    """An event that comes while another one is queued may be missing in the run that both of them start."""
    told, left_out = (_register(sagemaker, trained) for _ in range(2))
    assert _run({"endpoint_name": endpoint}, _event(sagemaker, told)).state == "success"
    assert _served(sagemaker, endpoint) == left_out


def test_a_newer_approved_version_that_is_not_completed_is_not_deployed(
    trained: dict[str, Any], sagemaker: SageMakerClient, endpoint: str
) -> None:
    """Registered as approved, and its validation still runs or has failed: no model can be made of it."""
    told = _register(sagemaker, trained)
    held = {"Stages": [{"ModelPackageStatus": "InProgress"}], "Ending": {"ModelPackageStatus": "Completed"}}
    script = f"{sagemaker.meta.endpoint_url}/automl-emulator/scripts/validated"
    assert send(f"{script}?model-package-groups={_GROUP}", "PUT", held)[0] == 201
    unfinished = _register(sagemaker, trained)
    assert described(sagemaker, unfinished)["ModelPackageStatus"] == "InProgress"
    assert _run({"endpoint_name": endpoint}, _event(sagemaker, told)).state == "success"
    assert _served(sagemaker, endpoint) == told
    assert send(script, "DELETE")[0] == 204
    decide(sagemaker, unfinished, "Rejected")


def test_trouble_that_passes_loses_no_approval(
    trained: dict[str, Any], sagemaker: SageMakerClient, endpoint: str
) -> None:
    """The run has consumed the event, so its tasks retry."""
    url, version = sagemaker.meta.endpoint_url, _register(sagemaker, trained)
    news = _event(sagemaker, version)
    send(f"{url}/automl-emulator/faults", "PUT", {"DeniedOperations": ["DescribeModelPackage"]})
    recovery = once_answered(url, "DescribeModelPackage", lambda: send(f"{url}/automl-emulator/faults", "DELETE"))
    run = _run({"endpoint_name": endpoint}, news)
    recovery.join()
    assert (run.get_task_instance("choose_version").try_number, run.state) == (2, "success")
    assert _served(sagemaker, endpoint) == version


@pytest.mark.matrix
def test_a_person_deploys_what_the_form_says(
    trained: dict[str, Any], sagemaker: SageMakerClient, endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also an older version, and the same one with other settings; but not the same twice."""
    older, newer = _register(sagemaker, trained), _register(sagemaker, trained)
    form = {"endpoint_name": endpoint, "model_package_arn": newer, "capture_percentage": 20}
    assert _run(form).state == "success"
    capture = sagemaker.describe_endpoint(EndpointName=endpoint)["DataCaptureConfig"]
    assert (capture["EnableCapture"], capture["CurrentSamplingPercentage"]) == (True, 20)
    form = {"endpoint_name": endpoint, "model_package_arn": older, "instance_count": 2}
    for _ in range(2):
        run = _run(form)
        assert run.state == "success"
    assert _states(run)["compare_with_served"] == "skipped"
    assert "with the same settings." in capsys.readouterr().out
    assert _served(sagemaker, endpoint) == older
    assert sagemaker.describe_endpoint(EndpointName=endpoint)["ProductionVariants"][0]["CurrentInstanceCount"] == 2


def test_a_version_that_cannot_start_fails_with_the_reason(
    trained: dict[str, Any], sagemaker: SageMakerClient, endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A failed endpoint is replaced by the next version, and a working one keeps its current version."""
    nowhere = "s3://automl-demo/nowhere/model.tar.gz"
    conf = {"endpoint_name": endpoint}
    broken = _register(sagemaker, trained, ModelDataUrl=nowhere)
    states = _states(_run(conf, _event(sagemaker, broken)))
    assert states == _all("success", "success", wait_until_in_service="failed", predict="upstream_failed")
    out = capsys.readouterr().out
    assert "Sagemaker job failed for the following reason: Failed to download model data" in out
    assert nowhere in out
    good = _register(sagemaker, trained)
    assert _states(_run(conf, _event(sagemaker, good))) == _all("success", "success")
    broken = _register(sagemaker, trained, ModelDataUrl=nowhere)
    for _ in range(2):  # The second run finds model and configuration of the first.
        states = _states(_run(conf, _event(sagemaker, broken)))
        assert states == _all("success", "success", predict="failed")
        out = capsys.readouterr().out
        assert f"{broken} could not be deployed, so the endpoint still serves {good}: Failed to download" in out


@pytest.mark.matrix
def test_an_answer_without_a_probability_fails_the_run(
    trained: dict[str, Any], sagemaker: SageMakerClient, endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A version with another output is detected; an endpoint of another owner is replaced once it is in service."""
    (container,) = trained["InferenceSpecification"]["Containers"]
    environment = {**container["Environment"], "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label"}
    arn = _register(sagemaker, trained, Environment=environment)
    of_no_version = configure(sagemaker, [{key: container[key] for key in ("Image", "ModelDataUrl", "Environment")}])
    sagemaker.create_endpoint(EndpointName=endpoint, EndpointConfigName=of_no_version)
    run = _run({"endpoint_name": endpoint}, _event(sagemaker, arn))
    assert _states(run) == _all("success", "success", predict="failed")
    assert run.get_task_instance("predict").xcom_pull(task_ids="compare_with_served") == of_no_version
    assert r"The endpoint answers 'malignant\n' instead of a label and a probability." in capsys.readouterr().out


def test_a_run_that_knows_no_version_says_what_to_do(
    airflow_database: None, emulator_url: str, endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """If triggered manually with an empty form, the first task fails, and nothing follows."""
    states = _states(_run({"endpoint_name": endpoint}))
    assert states == _all("upstream_failed", "upstream_failed", choose_version="failed")
    assert "There is no version to deploy; enter one in the form." in capsys.readouterr().out


def test_only_what_is_approved_now_is_deployed(
    trained: dict[str, Any], sagemaker: SageMakerClient, endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A withdrawn approval is skipped; a manual request for such a version is refused."""
    arn = _register(sagemaker, trained)
    news = _event(sagemaker, arn)
    decide(sagemaker, arn, "Rejected")
    message = f"{arn} is Rejected, and only an approved version can be deployed."
    assert _states(_run({"endpoint_name": endpoint}, news)) == _all("skipped", "skipped")
    assert message in capsys.readouterr().out
    states = _states(_run({"endpoint_name": endpoint, "model_package_arn": arn}))
    assert states == _all("upstream_failed", "upstream_failed", choose_version="failed")
    assert message in capsys.readouterr().out
