"""Scripts in the service's own words, whether the installed botocore lists them or not."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from airflow_sagemaker_automl.emulator.contract import check_answer
from tests.support.jobs import start, tabular_request, unique, wait
from tests.support.plain_http import send

if TYPE_CHECKING:
    from mypy_boto3_sagemaker import SageMakerClient

_CANDIDATE: dict[str, Any] = {
    "CandidateName": "first",
    "InferenceContainers": [{"Image": "image:1", "ModelDataUrl": "s3://bucket/model.tar.gz"}],
}
_REQUEST = tabular_request("s3://no-such-bucket/at-all/")
_ARN = "arn:aws:sagemaker:us-east-1:123456789012:dream/"
# Words that nobody has seen; the service may use others tomorrow.
_SEEN = ["Dreaming", "DreamedAtLength", "Calm", "Night", "AWS::Dream"]


def _put(url: str, name: str, document: dict[str, Any]) -> tuple[int, Any]:
    return send(f"{url}/automl-emulator/scripts/{name}?job-names={name}", "PUT", document)


def test_words_of_known_answers_need_no_entry(sagemaker: SageMakerClient, emulator_url: str) -> None:
    """A status between stages and the objective's name in a tuning job pass in every answer about the job."""
    objective = {"MetricName": "validation:accuracy", "Value": 0.585}
    document = {
        "Stages": [{"AutoMLJobSecondaryStatus": "MergingAutoMLTaskReports"}],
        "Candidates": [{"Candidate": {**_CANDIDATE, "FinalAutoMLJobObjectiveMetric": objective}}],
        "Held": True,
        "Ending": {"AutoMLJobStatus": "Completed", "BestCandidate": "first"},
        "ResolvedAttributes": {"AutoMLJobObjective": {"MetricName": "Accuracy"}},
    }
    name = unique()
    assert _put(emulator_url, name, document)[0] == 201
    start(sagemaker, _REQUEST, name)
    assert wait(sagemaker, name, until="MergingAutoMLTaskReports")["AutoMLJobStatus"] == "InProgress"
    (listed,) = sagemaker.list_auto_ml_jobs(NameContains=name)["AutoMLJobSummaries"]
    assert str(listed["AutoMLJobSecondaryStatus"]) == "MergingAutoMLTaskReports"
    assert send(f"{emulator_url}/automl-emulator/scripts/{name}", "DELETE")[0] == 204
    assert wait(sagemaker, name)["BestCandidate"]["FinalAutoMLJobObjectiveMetric"] == objective


def test_other_words_pass_where_the_script_says_that_they_were_seen(
    sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """Any enum value, such as a status, a metric, a data set or a step; without the entry the script is refused."""
    metric = {"MetricName": "Calm", "StandardMetricName": "Calm", "Set": "Night", "Value": 0.5}
    steps = [{"CandidateStepType": "AWS::Dream", "CandidateStepArn": f"{_ARN}step", "CandidateStepName": "step"}]
    candidate = {
        **_CANDIDATE,
        "FinalAutoMLJobObjectiveMetric": {"MetricName": "Calm", "StandardMetricName": "Calm", "Value": 0.5},
        "CandidateProperties": {"CandidateMetrics": [metric]},
        "CandidateSteps": steps,
    }
    ending = {"AutoMLJobStatus": "Completed", "AutoMLJobSecondaryStatus": "DreamedAtLength", "BestCandidate": "first"}
    document = {
        "Stages": [{"AutoMLJobSecondaryStatus": "Dreaming", "Seconds": 0.2}],
        "Candidates": [{"Candidate": candidate}],
        "Ending": ending,
        "ResolvedAttributes": {"AutoMLJobObjective": {"MetricName": "Calm"}},
    }
    name = unique()
    status, answer = _put(emulator_url, name, document)
    assert status == 400
    assert all(f"'{word}'" in answer["Message"] for word in _SEEN)
    assert _put(emulator_url, name, {**document, "Seen": _SEEN})[0] == 201
    start(sagemaker, _REQUEST, name)
    job = wait(sagemaker, name)
    assert job["AutoMLJobSecondaryStatus"] == "DreamedAtLength"
    assert job["BestCandidate"]["CandidateSteps"] == steps
    (listed,) = sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=name)["Candidates"]
    assert listed["CandidateProperties"]["CandidateMetrics"] == [metric]


def test_words_that_were_seen_excuse_no_others() -> None:
    """Other values, and other violations with the same value, are still violations."""
    for summary in ({"AutoMLJobSecondaryStatus": "Slumber"}, {"Dreaming": "Dreaming"}, {"AutoMLJobArn": "Dreaming"}):
        with pytest.raises(AssertionError, match=r"autoMLJobSummaries\.1\.member"):
            check_answer("ListAutoMLJobs", {"AutoMLJobSummaries": [summary]}, _SEEN)
