"""The shipped DAG scores a table with the model in charge; an approval changes which version that is."""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Any

from airflow.dag_processing.dagbag import DagBag

from demo.sandbox import BUCKET, NEW_ROWS, REPOSITORY
from tests.support.jobs import unique
from tests.support.trained import quick_job, version_of
from tests.support.versions import decide

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


def _run(**conf: Any) -> Any:
    bag = DagBag(str(REPOSITORY / "dags" / "automl_batch_scoring.py"), load_op_links=False)
    assert not bag.import_errors
    return bag.dags["automl_batch_scoring"].test(run_conf=conf)


def _result(run: Any) -> dict[str, Any]:
    assert run.state == "success"
    (instance,) = run.get_task_instances()
    result: dict[str, Any] = instance.xcom_pull(task_ids="score")
    return result


def test_the_scoring_dag_scores_with_the_newest_approved_version(
    airflow_database: None, sagemaker: SageMakerClient, s3: S3Client, breast_cancer: str
) -> None:
    """Deferred, with the form's defaults: 100 rows with their keys; then a second approval, and a chosen version."""
    job = quick_job(sagemaker, breast_cancer)
    group, output = unique("group"), f"s3://{BUCKET}/{unique('scores')}"
    sagemaker.create_model_package_group(ModelPackageGroupName=group)
    first, second = (version_of(sagemaker, job, group=group, approval="PendingManualApproval") for _ in range(2))
    decide(sagemaker, first)
    asked = {"model_package_group_name": group, "output_uri": output}
    result = _result(_run(**asked))
    assert (result["model_package_arn"], result["scored_rows"]) == (first, 100)
    decide(sagemaker, second)
    again = _result(_run(**asked))
    assert (again["model_package_arn"], again["output_uri"]) == (second, result["output_uri"])
    chosen = _result(_run(**{**asked, "output_uri": f"{output}-chosen"}, model_package_arn=first))
    assert chosen["model_package_arn"] == first
    key = again["output_uri"].split("/", 3)[3]
    rows = list(csv.DictReader(io.StringIO(s3.get_object(Bucket=BUCKET, Key=key)["Body"].read().decode())))
    data = s3.get_object(Bucket=BUCKET, Key=f"{NEW_ROWS}/rows.csv")["Body"].read().decode()
    assert [row["patient"] for row in rows] == [row["patient"] for row in csv.DictReader(io.StringIO(data))]
    assert {row["predicted_label"] for row in rows} == {"benign", "malignant"}
