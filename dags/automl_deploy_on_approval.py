"""Deploy a model version when it is approved, and request a prediction from it.

A version that is approved in Airflow or in SageMaker Studio starts a run. To deploy a version of your choice, for
example an older one, trigger the DAG and enter the version in the form.

The event of an approval may arrive late or twice, so each run checks the endpoint first. It does nothing if the
endpoint already serves the version, or a newer version that is still approved. To roll back to an older version by
approval, reject the newer one first. Approvals that arrive while a run deploys start one run together, and Airflow may
leave some of their events out of it. So the run deploys the newest approved version of the group, whichever event it
has got.

| the endpoint | a run that an approval starts | a run from the form |
|---|---|---|
| does not exist, or has failed | deploys | deploys |
| serves the same version | skips | deploys if instances, role or data capture differ |
| serves an older version, or one of another group | deploys | deploys |
| serves a newer version that is approved | skips | deploys |
| serves a newer version that was rejected later | deploys | deploys |

The previous version serves until the new one is ready. If the new one cannot start, the previous one stays in service,
and the run fails with SageMaker's reason. To repeat a failed run, clear it from its first task.
"""

from __future__ import annotations

import csv
import hashlib
import logging
import time
from datetime import timedelta
from typing import Any, NoReturn

import pendulum
from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook
from airflow.providers.amazon.aws.operators.sagemaker import (
    SageMakerEndpointConfigOperator,
    SageMakerEndpointOperator,
    SageMakerModelOperator,
)
from airflow.providers.amazon.aws.sensors.sagemaker import SageMakerEndpointSensor
from airflow.sdk import DAG, Param, task
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from botocore.exceptions import ClientError

from airflow_sagemaker_automl import VersionArn, approvals_watched, approved_versions

GROUP = "breast-cancer"
# The first row of the training data without the target column, whose value is "malignant".
A_ROW = (
    "17.99,10.38,122.8,1001.0,0.1184,0.2776,0.3001,0.1471,0.2419,0.07871,1.095,0.9053,8.589,153.4,0.006399,0.04904,"
    "0.05373,0.01587,0.03003,0.006193,25.38,17.33,184.6,2019.0,0.1622,0.6656,0.7119,0.2654,0.4601,0.1189"
)
# For the tasks that are safe to repeat: each approval starts one run, which must survive errors of AWS.
RETRIES, RETRY_DELAY = 3, timedelta(minutes=1)
# In these states SageMaker refuses to change the endpoint.
CHANGING = ("Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting")


def client(service: str = "sagemaker") -> Any:
    """Create a boto3 client from the connection ``aws_default``, which the operators use too."""
    return AwsBaseHook(client_type=service).conn


def described_or_none(describe: Any, **name: str) -> dict[str, Any] | None:
    """Describe a resource in SageMaker; None if it does not exist."""
    try:
        return dict(describe(**name))
    except ClientError as error:
        # SageMaker answers "ValidationException: Could not find ..." for a missing resource.
        if error.response["Error"]["Code"] != "ValidationException":
            raise
        return None


def described_endpoint(params: Any) -> dict[str, Any] | None:
    """Describe the endpoint of the form; None if it does not exist."""
    return described_or_none(client().describe_endpoint, EndpointName=params["endpoint_name"])


def served_version(endpoint: dict[str, Any]) -> str | None:
    """Find the version that an endpoint serves; None if its model has no version, or is deleted."""
    sagemaker = client()
    config = described_or_none(sagemaker.describe_endpoint_config, EndpointConfigName=endpoint["EndpointConfigName"])
    variants = config["ProductionVariants"] if config else [{}]
    if "ModelName" not in variants[0]:
        return None
    model = described_or_none(sagemaker.describe_model, ModelName=variants[0]["ModelName"]) or {}
    containers = model.get("Containers") or [model.get("PrimaryContainer", {})]
    arn: str | None = containers[0].get("ModelPackageName")
    return arn


def approval_status(model_package_arn: str) -> str:
    """Return the current approval status of a version, or its own status if the service has not completed it."""
    version = described_or_none(client().describe_model_package, ModelPackageName=model_package_arn)
    if version is None:
        return "not there"
    is_completed = version["ModelPackageStatus"] == "Completed"
    return str(version["ModelApprovalStatus" if is_completed else "ModelPackageStatus"])


def newest_approved(model_package_arn: str) -> str:
    """Return the newest approved version in the group of an approved one."""
    pages = (
        client()
        .get_paginator("list_model_packages")
        .paginate(
            ModelPackageGroupName=VersionArn.parse(model_package_arn).group_arn,
            ModelApprovalStatus="Approved",
            SortBy="CreationTime",
            SortOrder="Descending",
        )
    )
    for arn in (version["ModelPackageArn"] for page in pages for version in page["ModelPackageSummaryList"]):
        if not is_newer(arn, model_package_arn):
            break
        # The list may lag behind, and has versions that are not completed.
        if approval_status(arn) == "Approved":
            return str(arn)
    return model_package_arn


def is_newer(served: str, model_package_arn: str) -> bool:
    """Return whether the served version is newer; versions of different groups are not comparable."""
    try:
        of_served, of_other = VersionArn.parse(served), VersionArn.parse(model_package_arn)
    except ValueError:
        return False
    return of_served.group_arn == of_other.group_arn and of_served.number > of_other.number


def skip(why: str) -> NoReturn:
    """Skip this task and those after it."""
    # Airflow's UI collapses its own log lines of a skipped task.
    logging.getLogger(__name__).info(why)
    raise AirflowSkipException(why)


# [START howto_deploy_schedule]
with DAG(
    dag_id="automl_deploy_on_approval",
    dag_display_name="3. Deploy an approved version",
    description="Deploys a model version when it is approved, and requests a prediction",
    # Approvals by anyone, including those by tasks, so that each approval starts one run.
    schedule=approvals_watched(GROUP, poll_interval=10),
    start_date=pendulum.datetime(2026, 1, 1, tz="UTC"),
    # Deploy one after the other: each run checks what the previous one has deployed.
    max_active_runs=1,
    # [END howto_deploy_schedule]
    # Numbers and booleans of the form keep their types.
    render_template_as_native_obj=True,
    tags=["sagemaker", "automl"],
    doc_md=__doc__,
    params={
        "model_package_arn": Param(
            None,
            type=["null", "string"],
            pattern="^arn:aws[a-z-]*:sagemaker:[a-z0-9-]+:[0-9]{12}:model-package/[^/]+/[0-9]+$",
            title="Version",
            description="ARN of the version to deploy. Leave it empty in runs that an approval starts.",
        ),
        "endpoint_name": Param(
            GROUP,
            type="string",
            pattern="^[a-zA-Z](-*[a-zA-Z0-9]){0,62}$",
            title="Endpoint",
            description="Name of the endpoint. It is created if it does not exist.",
        ),
        "execution_role_arn": Param(
            "arn:aws:iam::123456789012:role/sagemaker-automl",
            type="string",
            title="Execution role",
            description="IAM role that SageMaker uses to read the model.",
        ),
        "instance_type": Param("ml.m5.large", type="string", pattern="^ml[.].+", title="Instance type"),
        "instance_count": Param(1, type="integer", minimum=1, title="Number of instances"),
        "capture_percentage": Param(
            0,
            type="integer",
            minimum=0,
            maximum=100,
            title="Data capture",
            description="Percentage of requests and responses that SageMaker stores in S3; 0 stores none.",
        ),
        "capture_to": Param("s3://automl-demo/captured", type="string", pattern="^s3://.+", title="Captured data"),
        "row": Param(
            A_ROW,
            type="string",
            minLength=1,
            title="Row to predict",
            description="One line of CSV: the columns of the training data in their order, without the target column.",
        ),
    },
):
    # [START howto_choose_version]
    @task(retries=RETRIES, retry_delay=RETRY_DELAY)
    def choose_version(params: Any = None, triggering_asset_events: Any = None) -> dict[str, str]:
        """Take the version of the form, or else the approved one, and choose names for the new resources."""
        named = params["model_package_arn"]
        try:
            told = [] if named else approved_versions(triggering_asset_events, GROUP)
        except ValueError as error:
            raise AirflowFailException(f"There is no version to deploy; enter one in the form. {error}") from None
        arns = [named] if named else [version.model_package_arn for version in told]
        statuses = {arn: approval_status(arn) for arn in arns}
        arn = next((arn for arn in arns if statuses[arn] == "Approved"), None)
        if arn is None:
            found = "; ".join(f"{arn} is {status}" for arn, status in statuses.items())
            why = f"{found}, and only an approved version can be deployed."
            if named:
                raise AirflowFailException(why)
            skip(why)
        if not named:
            arn = newest_approved(arn)
        # The same version with the same settings has the same names, of at most 63 characters.
        settings = [str(value) for name, value in sorted(params.items()) if name not in ("model_package_arn", "row")]
        digest = hashlib.sha256("\n".join([arn, *settings]).encode()).hexdigest()[:8]
        return {
            "model_package_arn": arn,
            "name": f"{params['endpoint_name'][:43]}-v{VersionArn.parse(arn).number}-{digest}",
        }

    # [END howto_choose_version]

    @task(execution_timeout=timedelta(hours=1), retries=RETRIES, retry_delay=RETRY_DELAY)
    def compare_with_served(version: Any, params: Any = None) -> str:
        """Skip the rest if the endpoint already serves the right version; otherwise return what is replaced."""
        # Another user may be changing the endpoint, or a run that was killed.
        while (endpoint := described_endpoint(params)) and endpoint["EndpointStatus"] in CHANGING:
            time.sleep(15)
        if endpoint is None or endpoint["EndpointStatus"] == "Failed":
            return "nothing"
        arn, served = version["model_package_arn"], served_version(endpoint)
        if params["model_package_arn"] is None:
            if served == arn:
                skip(f"The endpoint already serves {arn}.")
            if served and is_newer(served, arn) and approval_status(served) == "Approved":
                skip(f"The endpoint serves {served}, which is newer than {arn} and still approved.")
        if endpoint["EndpointConfigName"] == version["name"]:
            skip(f"The endpoint already serves {arn} with the same settings.")
        return served or endpoint["EndpointConfigName"]

    @task(retries=RETRIES, retry_delay=RETRY_DELAY)
    def clear_leftovers(version: Any, params: Any = None) -> None:
        """Delete what an earlier try or deployment of this version has left under the same names."""
        sagemaker, name, endpoint_name = client(), version["name"], params["endpoint_name"]
        endpoint = described_endpoint(params)
        if endpoint and endpoint["EndpointStatus"] == "Failed":
            # A failed endpoint serves nothing, and SageMaker allows only to delete it.
            sagemaker.delete_endpoint(EndpointName=endpoint_name)
            sagemaker.get_waiter("endpoint_deleted").wait(EndpointName=endpoint_name, WaiterConfig={"Delay": 5})
        if described_or_none(sagemaker.describe_endpoint_config, EndpointConfigName=name):
            sagemaker.delete_endpoint_config(EndpointConfigName=name)
        if described_or_none(sagemaker.describe_model, ModelName=name):
            sagemaker.delete_model(ModelName=name)

    @task(retries=RETRIES, retry_delay=RETRY_DELAY)
    def predict(version: Any, params: Any = None) -> dict[str, Any]:
        """Request a prediction for one row; the response must be a label and a probability."""
        endpoint = client().describe_endpoint(EndpointName=params["endpoint_name"])
        if endpoint["EndpointConfigName"] != version["name"]:
            # SageMaker has rolled back to the previous configuration.
            why = endpoint.get("FailureReason", "SageMaker gives no reason.")
            raise AirflowFailException(
                f"{version['model_package_arn']} could not be deployed, so the endpoint still serves "
                f"{served_version(endpoint) or endpoint['EndpointConfigName']}: {why}"
            )
        answer = client("sagemaker-runtime").invoke_endpoint(
            EndpointName=params["endpoint_name"], ContentType="text/csv", Accept="text/csv", Body=params["row"]
        )
        text = answer["Body"].read().decode()
        try:
            ((label, probability),) = csv.reader(text.splitlines())
            if not 0 <= float(probability) <= 1:
                raise ValueError(f"{probability} is not a probability")
        except ValueError as error:
            raise AirflowFailException(
                f"The endpoint answers {text!r} instead of a label and a probability."
            ) from error
        return {
            "model_package_arn": version["model_package_arn"],
            "endpoint_name": params["endpoint_name"],
            "predicted_label": label,
            "probability": float(probability),
        }

    version = choose_version()

    # [START howto_deploy]
    create_model = SageMakerModelOperator(
        task_id="create_model",
        config={
            "ModelName": version["name"],
            "ExecutionRoleArn": "{{ params.execution_role_arn }}",
            "Containers": [{"ModelPackageName": version["model_package_arn"]}],
        },
    )
    configure_endpoint = SageMakerEndpointConfigOperator(
        task_id="configure_endpoint",
        config={
            "EndpointConfigName": version["name"],
            "ProductionVariants": [
                {
                    "VariantName": "AllTraffic",
                    "ModelName": version["name"],
                    "InstanceType": "{{ params.instance_type }}",
                    "InitialInstanceCount": "{{ params.instance_count }}",
                }
            ],
            "DataCaptureConfig": {
                "EnableCapture": "{{ params.capture_percentage > 0 }}",
                "InitialSamplingPercentage": "{{ params.capture_percentage }}",
                "DestinationS3Uri": "{{ params.capture_to }}",
                "CaptureOptions": [{"CaptureMode": "Input"}, {"CaptureMode": "Output"}],
            },
        },
    )
    # It updates an existing endpoint. It does not wait, because the sensor reports why an endpoint has failed.
    deploy = SageMakerEndpointOperator(
        task_id="deploy",
        config={"EndpointName": "{{ params.endpoint_name }}", "EndpointConfigName": version["name"]},
        operation="create",
        wait_for_completion=False,
        deferrable=False,
    )
    wait_until_in_service = SageMakerEndpointSensor(
        task_id="wait_until_in_service",
        endpoint_name="{{ params.endpoint_name }}",
        poke_interval=15,
        timeout=60 * 60,
        mode="reschedule",
    )
    (
        version
        >> compare_with_served(version)
        >> clear_leftovers(version)
        >> create_model
        >> configure_endpoint
        >> deploy
        >> wait_until_in_service
        >> predict(version)
    )
    # [END howto_deploy]
