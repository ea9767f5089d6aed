"""Retrain every week, and judge the model and the champion on the last days, which no training has seen.

The labelled rows are below one prefix, with a folder for each day: ``dt=2026-01-31/``. The last days are the holdout:
the first task writes two manifests, one of the older days for the training and one of the last days for the
evaluation. The days move on with the data, so that the same rows do not decide every week.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any

from airflow.sdk import DAG, CronTriggerTimetable, Param, task

from airflow_sagemaker_automl import (
    AutoMLJobRequest,
    BetterThanChampion,
    InputChannel,
    QualityGate,
    Tabular,
    automl_retraining,
)

_DAY = re.compile(r"(?:^|/)dt=(\d{4}-\d{2}-\d{2})/")

# [START howto_holdout]
with DAG(
    dag_id="automl_holdout_retraining",
    dag_display_name="8. Retrain, and judge on the last days",
    description="A challenger replaces the champion only if it is not worse on days that neither has seen",
    schedule=CronTriggerTimetable("@weekly", timezone="UTC", run_immediately=timedelta(0)),
    max_active_runs=1,
    tags=["sagemaker", "automl"],
    doc_md=__doc__,
    default_args={"deferrable": True},
    params={
        "labelled": Param("s3://automl-demo/labelled/", type="string", pattern="^s3://.+/$", title="Labelled rows"),
        "days": Param(28, type="integer", minimum=1, title="Days of the holdout"),
        "target": Param("churned", type="string", title="Target column"),
        "group": Param("churn", type="string", title="Model package group"),
        "loss": Param(
            0.01,
            type="number",
            minimum=0,
            title="Loss that is allowed",
            description="By how much the model may be worse than the champion; see the documentation for the number of "
            "rows that a value needs.",
        ),
        "minimum_rows": Param(100, type="integer", minimum=30, title="Fewest rows of the holdout"),
        "output": Param("s3://automl-demo/holdout", type="string", pattern="^s3://.+", title="Output prefix"),
        "role_arn": Param("arn:aws:iam::123456789012:role/sagemaker-automl", type="string", title="Execution role"),
    },
):

    @task(retries=2)
    def split(params: dict[str, Any] | None = None) -> dict[str, str]:
        """Write the manifests, and return their addresses."""
        assert params is not None  # Airflow passes it.
        from airflow.providers.amazon.aws.hooks.s3 import S3Hook

        hook = S3Hook()
        bucket, prefix = S3Hook.parse_s3_url(params["labelled"])
        keys = [key for key in hook.list_keys(bucket, prefix) or [] if _DAY.search(key)]
        days = sorted({match[1] for key in keys if (match := _DAY.search(key))})
        if len(days) <= params["days"]:
            raise ValueError(f"{params['labelled']} has {len(days)} days; more than {params['days']} are needed.")
        first_held_out = days[-params["days"]]
        parts: dict[str, list[str]] = {"training": [], "holdout": []}
        for key in keys:
            match = _DAY.search(key)
            part = "holdout" if match and match[1] >= first_held_out else "training"
            parts[part].append(key.removeprefix(prefix))
        written = {}
        for part, names in parts.items():
            # The day is in the name, so that a retry writes the same.
            written[part] = f"{params['output'].rstrip('/')}/manifests/{part}-{days[-1]}.manifest"
            manifest = json.dumps([{"prefix": params["labelled"]}, *names])
            hook.load_string(manifest, written[part], replace=True)
        return written

    rows = split()
    automl_retraining(
        request=AutoMLJobRequest(
            problem_type=Tabular(target="{{ params.target }}", mode="ENSEMBLING"),
            training_data=InputChannel(uri=rows["training"], data_type="ManifestFile"),
            output="{{ params.output }}/models",
            role_arn="{{ params.role_arn }}",
        ),
        model_package_group_name="{{ params.group }}",
        # A first run creates the group. Remove this line afterwards, so that a wrong region or account is an error.
        may_be_new_group=True,
        gate=QualityGate(champion=BetterThanChampion(on="evaluation", margin="{{ -params.loss }}")),
        evaluation={
            "data": rows["holdout"],
            "output_uri": "{{ params.output }}/evaluations/",
            "role_arn": "{{ params.role_arn }}",
            "minimum_rows": "{{ params.minimum_rows }}",
            "poll_interval": 10,
        },
        steps={"train": {"poll_interval": 10}},
    )
# [END howto_holdout]
