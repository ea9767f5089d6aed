"""Names of datasets, assets in OpenLineage's words, and what custom code that uses the hook leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from airflow.providers.common.compat.openlineage.utils.utils import translate_airflow_asset
from airflow.sdk import Asset
from airflow.sdk.lineage import HookLineageCollector

from airflow_sagemaker_automl import SageMakerAutoMLHook, SageMakerStopAutoMLJobOperator, approved, registered
from airflow_sagemaker_automl.assets.events import uri_of_watched_approvals
from airflow_sagemaker_automl.core.registry.lineage import DatasetName, data_uris, s3_place, version_place, version_uris
from demo.sandbox import BUCKET
from tests.support.jobs import tabular_request, unique
from tests.support.scripts import CONTAINERS, script_jobs

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

GROUPS = "sagemaker://model-package-groups"


@pytest.mark.parametrize(
    ("uri", "place"),
    [
        ("s3://bucket/churn/table.csv", ("s3://bucket", "churn/table.csv")),
        ("s3://bucket/churn/", ("s3://bucket", "churn")),
        ("s3://bucket", ("s3://bucket", "/")),
        ("s3://bucket/", ("s3://bucket", "/")),
        ("s3://", None),
        ("https://bucket.s3.amazonaws.com/key", None),
        (None, None),
    ],
)
def test_what_is_in_s3_has_the_name_that_other_systems_give_it(uri: Any, place: tuple[str, str] | None) -> None:
    """Bucket and key; a prefix without its last slash, as Airflow's own assets of S3 have it."""
    assert s3_place(uri) == place
    if place and uri.rstrip("/") != "s3://bucket":
        dataset = translate_airflow_asset(Asset(uri=uri), None)
        assert dataset is not None
        assert (dataset.namespace, dataset.name) == place


def test_a_version_has_the_name_of_its_arn() -> None:
    """In every partition; namespace and name with a colon between them are the ARN."""
    arn = "arn:aws-cn:sagemaker:cn-north-1:123456789012:model-package/churn/3"
    assert version_place(arn) == DatasetName("arn:aws-cn:sagemaker:cn-north-1:123456789012", "model-package/churn/3")
    assert [version_place(wrong) for wrong in ("", None, "churn", "arn:aws:sagemaker", "a:b:c:d:e:f")] == [None] * 5


def test_requests_of_any_shape_are_looked_through() -> None:
    """An event is made of a task that fails because of its request, too."""
    assert (
        data_uris({"AutoMLJobInputDataConfig": [{"DataSource": None}, 7, {"DataSource": {"S3DataSource": []}}]}) == []
    )
    assert data_uris(None) == data_uris({"AutoMLJobInputDataConfig": "s3://bucket"}) == []
    assert list(version_uris({"InferenceSpecification": {"Containers": [None]}, "ModelMetrics": {"Bias": 1}})) == [None]
    source = {"S3DataSource": {"S3Uri": "s3://bucket/model/", "S3DataType": "S3Prefix", "CompressionType": "None"}}
    assert list(version_uris({"InferenceSpecification": {"Containers": [{"ModelDataSource": source}]}})) == [
        "s3://bucket/model/"
    ]


@pytest.mark.parametrize(
    ("asset", "name"),
    [
        (registered("churn"), "churn"),
        (approved("churn"), "churn/approved"),
        (Asset(uri=uri_of_watched_approvals("churn", "aws_default")), "churn/approved"),
    ],
)
def test_the_assets_of_a_group_are_datasets(asset: Asset, name: str) -> None:
    """OpenLineage finds the way from one DAG to another; approvals are one dataset, whoever tells of them."""
    dataset = translate_airflow_asset(asset, None)
    assert dataset is not None
    assert (dataset.namespace, dataset.name) == (GROUPS, name)


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> HookLineageCollector:
    """Airflow's collector, as it is where somebody listens."""
    collector = HookLineageCollector()
    monkeypatch.setattr("airflow.sdk.lineage.get_hook_lineage_collector", lambda: collector)
    return collector


def _does_everything(hook: SageMakerAutoMLHook, s3: S3Client, url: str) -> str:
    """Start a job, read a report and register a version.

    :return: name of the group.
    """
    name = unique()
    script_jobs(url, name)
    s3.put_object(Bucket=BUCKET, Key=f"{name}/statistics.json", Body=b"{}")
    hook.create_job({"AutoMLJobName": name, **tabular_request("s3://no-such-bucket/data/")})
    assert hook.read_report(f"s3://{BUCKET}/{name}", "statistics.json")
    hook.ensure_group(name)
    specification = {
        "Containers": CONTAINERS,
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    assert hook.create_model_package({"ModelPackageGroupName": name, "InferenceSpecification": specification})
    return name


def test_custom_code_that_uses_the_hook_has_lineage(
    collector: HookLineageCollector, emulator_url: str, s3: S3Client, breast_cancer: str
) -> None:
    """Data, reports and models are read, the version is written, under the names that operators give them."""
    name = _does_everything(SageMakerAutoMLHook(aws_conn_id="aws_default"), s3, emulator_url)
    collected = collector.collected_assets
    read = [translate_airflow_asset(entry.asset, entry.context) for entry in collected.inputs]
    assert [(dataset.namespace, dataset.name) for dataset in read if dataset] == [
        ("s3://no-such-bucket", "data"),
        (f"s3://{BUCKET}", f"{name}/statistics.json"),
        ("s3://automl-demo", "model.tar.gz"),
    ]
    (made,) = [translate_airflow_asset(entry.asset, entry.context) for entry in collected.outputs]
    assert made is not None
    assert (made.namespace, made.name) == ("arn:aws:sagemaker:us-east-1:123456789012", f"model-package/{name}/1")


def test_an_operators_hook_collects_nothing(
    collector: HookLineageCollector, emulator_url: str, s3: S3Client, breast_cancer: str
) -> None:
    """What a task tells of itself is not told twice."""
    _does_everything(SageMakerStopAutoMLJobOperator(task_id="stop", job_name="job").hook, s3, emulator_url)
    assert not collector.has_collected
