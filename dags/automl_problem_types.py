"""Run one AutoML job of each of the five problem types, on small real data sets, in parallel.

The emulator trains no image classifiers and no language models. For those two jobs a tag names a script, and the
emulator simulates the job by that script; the candidate has no metrics, because nothing was trained. SageMaker ignores
the tag and trains on your own data.
"""

from __future__ import annotations

import pendulum
from airflow.sdk import DAG, Param, task

from airflow_sagemaker_automl import (
    AutoMLJobRequest,
    CompletionCriteria,
    ImageClassification,
    InputChannel,
    SageMakerAutoMLJobOperator,
    Tabular,
    TextClassification,
    TextGeneration,
    TimeSeriesForecasting,
)

BUCKET, OUTPUT, ROLE = "{{ params.bucket }}", "s3://{{ params.bucket }}/models", "{{ params.role_arn }}"
SCRIPT_TAG = "automl-emulator:script"


@task
def upload_digits(bucket: str) -> str:
    """Upload scikit-learn's digits table: 1797 handwritten digits, with the darkness of 64 pixels and the digit."""
    from sklearn.datasets import load_digits

    return _upload(bucket, "digits/table.csv", load_digits(as_frame=True).frame.to_csv(index=False))


@task
def upload_economy(bucket: str) -> str:
    """Upload statsmodels' macroeconomic table as three series of 203 quarters: United States, 1959 to 2009."""
    import pandas as pd
    from statsmodels.datasets import macrodata

    table = macrodata.load_pandas().data
    quarters = pd.PeriodIndex.from_fields(
        year=table["year"].astype(int), quarter=table["quarter"].astype(int), freq="Q"
    )
    series = table[["realgdp", "realcons", "realinv"]].set_index(quarters.to_timestamp().strftime("%Y-%m-%d"))
    rows = series.rename_axis("quarter").reset_index().melt("quarter", var_name="series", value_name="billions")
    return _upload(bucket, "economy/table.csv", rows.to_csv(index=False))


@task
def upload_documentation(bucket: str) -> str:
    """Upload paragraphs from the documentation of numpy and pandas, labeled with the library."""
    import inspect

    import numpy as np
    import pandas as pd

    texts = {
        " ".join(paragraph.split()): library
        for library, namespace in {"numpy": np, "pandas": pd.DataFrame}.items()
        for name in dir(namespace)
        if not name.startswith("_")
        for paragraph in (inspect.getdoc(getattr(namespace, name)) or "").split("\n\n")[1:2]
        if paragraph.strip()
    }
    table = pd.DataFrame(texts.items(), columns=["text", "library"])
    return _upload(bucket, "documentation/table.csv", table.to_csv(index=False))


@task
def upload_script(bucket: str) -> str:
    """Upload a script for the emulator: a short job, with one candidate without metrics."""
    import json

    script = {
        "Stages": [{"AutoMLJobSecondaryStatus": status, "Seconds": 2} for status in ("PreTraining", "TrainingModels")],
        "Candidates": [{"AfterSeconds": 3, "Candidate": {"CandidateName": "rehearsed-not-trained"}}],
        "Ending": {"AutoMLJobStatus": "Completed", "BestCandidate": "rehearsed-not-trained"},
    }
    return _upload(bucket, "rehearsal.json", json.dumps(script)) + "rehearsal.json"


def _upload(bucket: str, key: str, content: str) -> str:
    """Upload a text.

    :return: URI of its folder.
    """
    from airflow.providers.amazon.aws.hooks.s3 import S3Hook

    s3 = S3Hook()
    if not s3.check_for_bucket(bucket):
        s3.create_bucket(bucket)
    folder, slash, _ = f"problem-types/{key}".rpartition("/")
    s3.load_string(content, f"problem-types/{key}", bucket, replace=True)
    return f"s3://{bucket}/{folder}{slash}"


with DAG(
    dag_id="automl_problem_types",
    dag_display_name="6. Train on each problem type",
    description="Runs the five problem types of AutoML V2, each with a minimal request",
    schedule=None,
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    tags=["sagemaker", "automl"],
    doc_md=__doc__,
    # For the account's quota of concurrent jobs, four or fewer by default; the waiting tasks are deferred anyway.
    max_active_tasks=2,
    default_args={"deferrable": True, "poll_interval": 10},
    params={
        "bucket": Param("automl-demo", type="string", title="Bucket", description="For data, models and reports."),
        "role_arn": Param("arn:aws:iam::123456789012:role/sagemaker-automl", type="string", title="Execution role"),
    },
) as dag:
    # [START howto_tabular]
    SageMakerAutoMLJobOperator(
        task_id="tabular",
        request=AutoMLJobRequest(
            problem_type=Tabular(
                target="target",
                problem_type="MulticlassClassification",
                mode="ENSEMBLING",
                algorithms=["extra-trees", "linear-learner"],
                completion=CompletionCriteria(max_candidates=3),
            ),
            objective="BalancedAccuracy",
            training_data=upload_digits(BUCKET),
            output=OUTPUT,
            role_arn=ROLE,
        ),
    )
    # [END howto_tabular]
    # [START howto_time_series_forecasting]
    SageMakerAutoMLJobOperator(
        task_id="time_series_forecasting",
        request=AutoMLJobRequest(
            problem_type=TimeSeriesForecasting(
                target="billions",
                timestamp="quarter",
                item_identifier="series",
                frequency="3M",
                horizon=4,
                quantiles=["p10", "p50", "p90"],
                algorithms=["ets", "npts"],
            ),
            training_data=upload_economy(BUCKET),
            output=OUTPUT,
            role_arn=ROLE,
        ),
    )
    # [END howto_time_series_forecasting]
    # [START howto_text_classification]
    SageMakerAutoMLJobOperator(
        task_id="text_classification",
        request=AutoMLJobRequest(
            problem_type=TextClassification(content="text", target="library"),
            training_data=upload_documentation(BUCKET),
            output=OUTPUT,
            role_arn=ROLE,
        ),
    )
    # [END howto_text_classification]

    script = upload_script(BUCKET)
    # [START howto_image_classification]
    SageMakerAutoMLJobOperator(
        task_id="image_classification",
        request=AutoMLJobRequest(
            problem_type=ImageClassification(),
            training_data=InputChannel(uri="s3://{{ params.bucket }}/problem-types/images/", content_type="image/png"),
            output=OUTPUT,
            role_arn=ROLE,
            tags={SCRIPT_TAG: script},
        ),
    )
    # [END howto_image_classification]
    # [START howto_text_generation]
    SageMakerAutoMLJobOperator(
        task_id="text_generation",
        request=AutoMLJobRequest(
            problem_type=TextGeneration(
                base_model="Falcon7BInstruct", accept_eula=True, hyperparameters={"epochCount": 1}
            ),
            training_data="s3://{{ params.bucket }}/problem-types/prompts/",
            output=OUTPUT,
            role_arn=ROLE,
            tags={SCRIPT_TAG: script},
        ),
    )
    # [END howto_text_generation]
