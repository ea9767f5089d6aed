"""The shipped DAG keeps the last days for judging: no training has seen them, and they move on with the data."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from airflow.dag_processing.dagbag import DagBag

from demo.sandbox import BUCKET, REPOSITORY
from tests.support.customers import customers
from tests.support.jobs import unique

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_FIRST = date(2026, 1, 1)
_ROWS_A_DAY, _HELD_OUT = 70, 3


def _run(conf: dict[str, Any]) -> Any:
    bag = DagBag(str(REPOSITORY / "dags" / "automl_holdout_retraining.py"), load_op_links=False)
    assert not bag.import_errors
    run = bag.dags["automl_holdout_retraining"].test(run_conf=conf)
    assert run.state == "success"
    return {task.task_id: task.xcom_pull(task_ids=task.task_id) for task in run.get_task_instances()}


def _put(s3: S3Client, prefix: str, day: int) -> str:
    name = f"dt={_FIRST + timedelta(days=day)}/rows.csv"
    body = customers(_ROWS_A_DAY, 100 + day).to_csv(index=False).encode()
    s3.put_object(Bucket=BUCKET, Key=f"{prefix}/{name}", Body=body)
    return name


def _names(s3: S3Client, uri: str) -> list[str]:
    _, *names = json.loads(s3.get_object(Bucket=BUCKET, Key=uri.removeprefix(f"s3://{BUCKET}/"))["Body"].read())
    return [str(name) for name in names]


@pytest.mark.matrix  # Two whole trainings.
def test_the_last_days_judge_and_the_others_train(airflow_database: None, s3: S3Client, breast_cancer: str) -> None:
    """The first model is approved alone; the next is compared with it on the days that are the last ones then."""
    prefix, group = unique("labelled"), unique("group")
    days = [_put(s3, prefix, day) for day in range(12)]
    conf = {
        "labelled": f"s3://{BUCKET}/{prefix}/",
        "days": _HELD_OUT,
        "group": group,
        "loss": 0.2,
        "output": f"s3://{BUCKET}/{prefix}-output",
    }
    first = _run(conf)
    assert _names(s3, first["split"]["training"]) == days[:-_HELD_OUT]
    assert _names(s3, first["split"]["holdout"]) == days[-_HELD_OUT:]
    evaluated = first["retraining.evaluate"]
    assert (evaluated["outcome"], evaluated["rows"]) == ("without_champion", _HELD_OUT * _ROWS_A_DAY)
    champion = first["retraining.register"]["model_package_arn"]
    assert first["retraining.register"]["approval_status"] == "Approved"
    days += [_put(s3, prefix, day) for day in range(12, 14)]
    second = _run(conf)
    assert _names(s3, second["split"]["holdout"]) == days[-_HELD_OUT:]
    evaluated = second["retraining.evaluate"]
    assert (evaluated["outcome"], evaluated["champion"]) == ("compared", champion)
    assert second["retraining.judge"]["rules"][0]["passed"], second["retraining.judge"]
    assert second["retraining.register"]["approval_status"] == "Approved"
