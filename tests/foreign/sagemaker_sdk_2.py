"""Drive the emulator with version 2 of the SageMaker SDK."""

from __future__ import annotations

import os
import time
from typing import Any

import boto3
from botocore.exceptions import ClientError
from sagemaker import ModelPackage, Session
from sagemaker.automl.automlv2 import AutoMLDataChannel, AutoMLTabularConfig, AutoMLV2

DATA, ROLE = os.environ["DATA"], os.environ["ROLE"]
BUCKET = DATA.split("/")[2]
session = Session(boto3.Session(), default_bucket=BUCKET)
client = session.sagemaker_client


def automl() -> Any:
    config = AutoMLTabularConfig(target_attribute_name="label", mode="ENSEMBLING", max_candidates=1)
    return AutoMLV2(config, role=ROLE, output_path=f"s3://{BUCKET}/sdk2/", sagemaker_session=session)


channel = AutoMLDataChannel("S3Prefix", DATA, content_type="text/csv;header=present", channel_type="training")
stopped = automl()
stopped.fit([channel], job_name="sdk2-stopped", wait=False)
client.stop_auto_ml_job(AutoMLJobName="sdk2-stopped")
trained = automl()
trained.fit([channel], job_name="sdk2-trained", wait=False)
# Not fit(wait=True): with logs it needs CloudWatch, and without them 2.257.7 fails with a TypeError of its own.
while trained.describe_auto_ml_job()["AutoMLJobStatus"] == "InProgress":
    time.sleep(0.3)
assert trained.describe_auto_ml_job()["AutoMLJobStatus"] == "Completed"
assert stopped.describe_auto_ml_job()["AutoMLJobStatus"] in ("Stopping", "Stopped")
attached = AutoMLV2.attach("sdk2-trained", sagemaker_session=session)
best = attached.best_candidate()
assert best["CandidateName"] == trained.best_candidate()["CandidateName"]
candidates = attached.list_candidates(status_equals="Completed", sort_by="FinalObjectiveMetricValue")
assert best["CandidateName"] in [candidate["CandidateName"] for candidate in candidates]
print("trained and stopped")

pages = client.get_paginator("list_auto_ml_jobs").paginate(NameContains="sdk2-", PaginationConfig={"PageSize": 1})
names = [summary["AutoMLJobName"] for page in pages for summary in page["AutoMLJobSummaries"]]
assert sorted(names) == ["sdk2-stopped", "sdk2-trained"]
print("listed")

model = attached.create_model("sdk2-model", candidate=best)
packages = [
    model.register(
        content_types=["text/csv"],
        response_types=["text/csv"],
        model_package_group_name="sdk2",
        approval_status="PendingManualApproval",
        customer_metadata_properties={"number": str(number)},
    )
    for number in (1, 2)
]
arns = [package.model_package_arn for package in packages]
package = ModelPackage(role=ROLE, model_package_arn=arns[1], sagemaker_session=session)
package.update_approval_status("Approved", approval_description="by the SDK")
package.update_customer_metadata({"reviewed": "yes"})
(approved,) = client.list_model_packages(ModelPackageGroupName="sdk2", ModelApprovalStatus="Approved")[
    "ModelPackageSummaryList"
]
assert approved["ModelPackageArn"] == arns[1]
described = client.describe_model_package(ModelPackageName=arns[1])
assert described["ApprovalDescription"] == "by the SDK"
assert described["CustomerMetadataProperties"] == {"number": "2", "reviewed": "yes"}
print("registered, approved and described")

for arn in arns:
    client.delete_model_package(ModelPackageName=arn)
client.delete_model_package_group(ModelPackageGroupName="sdk2")
try:
    client.describe_model_package_group(ModelPackageGroupName="sdk2")
except ClientError as refused:
    assert refused.response["Error"]["Code"] == "ValidationException", refused
else:
    raise AssertionError("The group still exists.")
print("deleted")
