"""Drive the emulator with the AWS CLI: no line of this is the project's own code."""

from __future__ import annotations

import json
import os
import subprocess
import time
from pathlib import Path
from sys import executable
from typing import Any

AWS = str(Path(executable).parent / "aws")
DATA, ROLE = os.environ["DATA"], os.environ["ROLE"]
OUTPUT = DATA.removesuffix("data/") + "cli/"


def aws(*arguments: str, fails: str = "") -> Any:
    """Run a command of SageMaker; ``fails`` is part of the message with which it must fail."""
    done = subprocess.run([AWS, "sagemaker", *arguments], capture_output=True, text=True)
    if fails:
        assert done.returncode != 0, f"{arguments} did not fail"
        assert fails in done.stderr, done.stderr
        return None
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def create(name: str) -> str:
    channel = {
        "ChannelType": "training",
        "ContentType": "text/csv;header=present",
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": DATA}},
    }
    criteria = {"MaxCandidates": 1, "MaxAutoMLJobRuntimeInSeconds": 600}
    config = {"TargetAttributeName": "label", "Mode": "ENSEMBLING", "CompletionCriteria": criteria}
    created = aws(
        *("create-auto-ml-job-v2", "--auto-ml-job-name", name, "--role-arn", ROLE),
        *("--auto-ml-job-input-data-config", json.dumps([channel])),
        *("--output-data-config", json.dumps({"S3OutputPath": OUTPUT})),
        *("--auto-ml-problem-type-config", json.dumps({"TabularJobConfig": config})),
        *("--tags", "Key=team,Value=risk"),
    )
    return str(created["AutoMLJobArn"])


def wait(name: str) -> Any:
    while (job := describe(name))["AutoMLJobStatus"] in ("InProgress", "Stopping"):
        time.sleep(0.3)
    return job


def describe(name: str) -> Any:
    return aws("describe-auto-ml-job-v2", "--auto-ml-job-name", name)


arn = create("cli-trained")
create("cli-stopped")
aws("stop-auto-ml-job", "--auto-ml-job-name", "cli-stopped")
assert wait("cli-stopped")["AutoMLJobStatus"] == "Stopped"
job = wait("cli-trained")
assert (job["AutoMLJobStatus"], job["AutoMLJobArn"]) == ("Completed", arn), job
best = job["BestCandidate"]
assert aws("list-tags", "--resource-arn", arn)["Tags"] == [{"Key": "team", "Value": "risk"}]
candidates = aws("list-candidates-for-auto-ml-job", "--auto-ml-job-name", "cli-trained")["Candidates"]
assert best["CandidateName"] in [candidate["CandidateName"] for candidate in candidates]
print("trained and stopped")

by_name = ("list-auto-ml-jobs", "--name-contains", "cli-", "--sort-by", "Name", "--sort-order", "Ascending")
names = [summary["AutoMLJobName"] for summary in aws(*by_name, "--page-size", "1")["AutoMLJobSummaries"]]
assert names == ["cli-stopped", "cli-trained"], names
(stopped,) = aws(*by_name, "--status-equals", "Stopped")["AutoMLJobSummaries"]
assert stopped["AutoMLJobName"] == "cli-stopped"
first = aws(*by_name, "--max-items", "1")
rest = aws(*by_name, "--starting-token", first["NextToken"])
assert [len(page["AutoMLJobSummaries"]) for page in (first, rest)] == [1, 1]
aws("describe-auto-ml-job-v2", "--auto-ml-job-name", "cli-none", fails="(ResourceNotFound)")
print("listed")

group = aws("create-model-package-group", "--model-package-group-name", "cli", "--tags", "Key=team,Value=risk")
group_arn = group["ModelPackageGroupArn"]
specification = {
    "Containers": [{key: best["InferenceContainers"][0][key] for key in ("Image", "ModelDataUrl")}],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}
versions = [
    aws(
        *("create-model-package", "--model-package-group-name", key),
        *("--inference-specification", json.dumps(specification)),
        *("--customer-metadata-properties", f"number={number}"),
    )["ModelPackageArn"]
    for number, key in enumerate(("cli", group_arn, "cli"), start=1)
]
listing = ("list-model-packages", "--model-package-group-name", "cli")
pages = aws(*listing, "--page-size", "1", "--sort-order", "Ascending")["ModelPackageSummaryList"]
assert [entry["ModelPackageArn"] for entry in pages] == versions
aws("update-model-package", "--model-package-arn", versions[1], "--model-approval-status", "Approved")
(approved,) = aws(*listing, "--model-approval-status", "Approved")["ModelPackageSummaryList"]
assert approved["ModelPackageArn"] == versions[1]
described = aws("describe-model-package", "--model-package-name", versions[1])
assert (described["ModelPackageVersion"], described["CustomerMetadataProperties"]) == (2, {"number": "2"})
batch = aws("batch-describe-model-package", "--model-package-arn-list", *versions)["ModelPackageSummaries"]
assert set(batch) == set(versions)
for key in ("cli", group_arn):
    found = aws("describe-model-package-group", "--model-package-group-name", key)
    assert found["ModelPackageGroupArn"] == group_arn
print("registered, approved and described")

aws("delete-model-package-group", "--model-package-group-name", "cli", fails="(ConflictException)")
for version in versions:
    aws("delete-model-package", "--model-package-name", version)
aws("describe-model-package", "--model-package-name", versions[0], fails="(ValidationException)")
aws("delete-model-package-group", "--model-package-group-name", "cli")
remaining = aws("list-model-package-groups", "--name-contains", "cli")["ModelPackageGroupSummaryList"]
assert remaining == []
print("deleted")
