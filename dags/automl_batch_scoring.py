"""Score a table with the model in charge: every night, and when a version is approved.

The model in charge is the newest approved version of the group. To score with a version of your choice, or another
table, trigger the DAG and fill in the form. The result is one table, ``scores.csv``, in a folder of the day; a second
run of a day replaces it.
"""

from __future__ import annotations

from datetime import timedelta

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, Param

from airflow_sagemaker_automl import SageMakerBatchScoringOperator, approvals_watched, scored

GROUP = "breast-cancer"

# [START howto_score]
with DAG(
    dag_id="automl_batch_scoring",
    dag_display_name="4. Score a table with the model in charge",
    description="From a table in S3 to a table of predictions",
    schedule=AssetOrTimeSchedule(
        # Without a start date and an immediate run, switching the DAG on costs nothing until the next night.
        timetable=CronTriggerTimetable("@daily", timezone="UTC", run_immediately=timedelta(0)),
        # Approvals by anyone; the same watch as that of automl_deploy_on_approval.
        assets=approvals_watched(GROUP, poll_interval=10),
    ),
    # Two runs of a day would write the same table.
    max_active_runs=1,
    tags=["sagemaker", "automl"],
    doc_md=__doc__,
    params={
        "data": Param(
            "s3://automl-demo/new-patients/",
            type="string",
            pattern="^s3://.+",
            title="Table to score",
            description="S3 prefix, manifest or object: CSV with a header line, gzipped CSV, or Parquet. Columns are "
            "matched by name with the training data; others are left out.",
        ),
        "key_columns": Param(
            "patient",
            type=["null", "string"],
            title="Key columns",
            description="Columns to repeat beside the predictions, separated by commas. Empty: the number of the row.",
        ),
        "model_package_group_name": Param(
            GROUP,
            type="string",
            pattern="^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$",
            title="Model package group",
            description="Its newest approved version scores.",
        ),
        "model_package_arn": Param(
            None,
            type=["null", "string"],
            pattern="^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:model-package/[^/]+/[0-9]+$",
            title="Version",
            description="ARN of the version that scores. Empty: the newest approved one of the group.",
        ),
        "output_uri": Param(
            "s3://automl-demo/scores",
            type="string",
            pattern="^s3://.+",
            title="Output prefix",
            description="S3 prefix for the tables; each day has a folder.",
            section="SageMaker role and output",
        ),
        "role_arn": Param(
            "arn:aws:iam::123456789012:role/sagemaker-automl",
            type="string",
            title="Execution role",
            description="IAM role that SageMaker uses to read the table and to write the predictions.",
            section="SageMaker role and output",
        ),
        "instance_type": Param(
            "ml.m5.xlarge",
            type="string",
            title="Instance type",
            description="Of the transform job, which is billed from its start to its end.",
            section="SageMaker role and output",
        ),
    },
) as dag:
    SageMakerBatchScoringOperator(
        task_id="score",
        data="{{ params.data }}",
        # A run has no logical date if a person or an approval starts it; each has the time from which on it may run.
        output_uri="{{ params.output_uri }}/{{ dag_run.run_after | ds }}/",
        model_package_arn="{{ params.model_package_arn or '' }}",
        model_package_group_name="{{ '' if params.model_package_arn else params.model_package_group_name }}",
        key_columns="{{ params.key_columns or '' }}",
        role_arn="{{ params.role_arn }}",
        instance_type="{{ params.instance_type }}",
        poll_interval=10,
        retries=2,
        retry_delay=timedelta(minutes=1),
        outlets=[scored(GROUP)],
    )
# [END howto_score]
