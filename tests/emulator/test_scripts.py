"""Scripted jobs: a script defines how a job proceeds, and every client sees it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from airflow_sagemaker_automl.emulator.documents import InvalidDocument
from airflow_sagemaker_automl.emulator.script import TAG, Script
from demo.sandbox import BUCKET
from tests.support.jobs import start, tabular_request, unique, wait
from tests.support.plain_http import send

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

_CANDIDATE: dict[str, Any] = {
    "CandidateName": "first",
    "FinalAutoMLJobObjectiveMetric": {"MetricName": "Accuracy", "Type": "Maximize", "Value": 0.75},
    "InferenceContainers": [{"Image": "image:1", "ModelDataUrl": "s3://bucket/model.tar.gz"}],
}
_COMPLETED: dict[str, Any] = {
    "Stages": [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": 0.2}],
    "Candidates": [{"AfterSeconds": 0.1, "Candidate": _CANDIDATE}],
    "Ending": {"AutoMLJobStatus": "Completed", "BestCandidate": "first"},
}


@pytest.fixture
def script(s3: S3Client, breast_cancer: str) -> Callable[[Any], dict[str, str]]:
    """Put a script into S3 and return the tag that names it."""

    def put(document: Any) -> dict[str, str]:
        key = f"scripts/{unique()}.json"
        body = document if isinstance(document, bytes) else json.dumps(document).encode()
        s3.put_object(Bucket=BUCKET, Key=key, Body=body)
        return {"Key": TAG, "Value": f"s3://{BUCKET}/{key}"}

    return put


def _request(tag: dict[str, str] | None = None, **config: Any) -> dict[str, Any]:
    request = tabular_request("s3://no-such-bucket/at-all/", **config)
    return {**request, "Tags": [tag]} if tag else request


def test_a_job_follows_its_script(sagemaker: SageMakerClient, script: Callable[[Any], dict[str, str]]) -> None:
    """Stages, candidates and the ending appear at their times; candidate times are based on the job's creation."""
    order = [
        ("Starting", ()),
        ("AnalyzingData", ()),
        ("TrainingModels", ()),
        ("TrainingModels", ("InProgress",)),
        ("TrainingModels", ("Failed", "InProgress")),
        ("TrainingModels", ("Completed",)),
        ("TrainingModels", ("Completed", "Failed")),
    ]
    passed: list[int] = []
    for second in (1, 4, 16, 64):  # A slow client misses states but sees them in order.
        document = _full_script(second)
        name = start(sagemaker, _request(script(document)))
        passed = [order.index(moment) for moment in _seen(sagemaker, name)]
        assert passed == sorted(passed)
        if len(passed) > 1:
            break
    assert len(passed) > 1
    job = wait(sagemaker, name)
    expected = document["Ending"] | {"ResolvedAttributes": document["ResolvedAttributes"]}
    assert {key: job.get(key) for key in expected} == {**expected, "BestCandidate": job["BestCandidate"]}
    best = job["BestCandidate"]
    assert {key: best.get(key) for key in _CANDIDATE} == _CANDIDATE
    assert job["CreationTime"] < best["CreationTime"] < best["EndTime"] <= job["EndTime"]


def _full_script(second: float) -> dict[str, Any]:
    """Write a script with every member.

    :param second: duration of one time unit.
    """
    return {
        "Stages": [
            {"AutoMLJobSecondaryStatus": "AnalyzingData", "Seconds": 0.5 * second},
            {"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": 0.7 * second},
        ],
        "Candidates": [
            {"AfterSeconds": 0.6 * second, "Candidate": {**_CANDIDATE, "CandidateStatus": "InProgress"}},
            {"AfterSeconds": 0.9 * second, "Candidate": {**_CANDIDATE, "CandidateStatus": "Completed"}},
            {
                "AfterSeconds": 0.9 * second,
                "Candidate": {"CandidateName": "second", "CandidateStatus": "Failed"},
            },
        ],
        "Ending": {
            "AutoMLJobStatus": "Completed",
            "AutoMLJobSecondaryStatus": "ModelInsightsError",
            "BestCandidate": "first",
            "PartialFailureReasons": [{"PartialFailureMessage": "No insights."}],
            "ModelDeployResult": {"EndpointName": "endpoint"},
        },
        "ResolvedAttributes": {"AutoMLJobObjective": {"MetricName": "Accuracy"}},
    }


def _seen(sagemaker: SageMakerClient, name: str) -> list[tuple[str, tuple[str, ...]]]:
    """List the states of a running job that a client sees: its secondary status with those of its candidates."""
    seen: list[tuple[str, tuple[str, ...]]] = []
    while (job := sagemaker.describe_auto_ml_job_v2(AutoMLJobName=name))["AutoMLJobStatus"] == "InProgress":
        candidates = sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=name)["Candidates"]
        moment = (job["AutoMLJobSecondaryStatus"], tuple(sorted(entry["CandidateStatus"] for entry in candidates)))
        if moment not in seen[-1:]:
            seen.append(moment)
        time.sleep(0.02)
    return seen


@pytest.mark.parametrize(
    "ending",
    [
        {"AutoMLJobStatus": "Failed", "FailureReason": "The role cannot read the data."},
        {"AutoMLJobStatus": "Failed"},
        {"AutoMLJobStatus": "Failed", "AutoMLJobSecondaryStatus": "ExplainabilityError", "BestCandidate": "first"},
        {"AutoMLJobStatus": "Stopped", "BestCandidate": "first"},
        {"AutoMLJobStatus": "Completed", "AutoMLJobSecondaryStatus": "MaxAutoMLJobRuntimeReached"},
        {"AutoMLJobStatus": "Completed", "AutoMLJobSecondaryStatus": "CandidateDefinitionsGenerated"},
    ],
)
def test_every_ending_can_be_rehearsed(
    ending: dict[str, str], sagemaker: SageMakerClient, script: Callable[[Any], dict[str, str]]
) -> None:
    """Also endings that training never has: no best candidate, a stop with one, a failure without a reason."""
    document = {"Candidates": [{"Candidate": _CANDIDATE}], "Ending": ending}
    job = wait(sagemaker, start(sagemaker, _request(script(document))))
    if "BestCandidate" in ending:
        assert job["BestCandidate"]["CandidateName"] == ending["BestCandidate"]
    said = {key: job.get(key) for key in ("AutoMLJobStatus", "AutoMLJobSecondaryStatus", "FailureReason")}
    assert said == {
        "AutoMLJobStatus": ending["AutoMLJobStatus"],
        "AutoMLJobSecondaryStatus": ending.get("AutoMLJobSecondaryStatus", ending["AutoMLJobStatus"]),
        "FailureReason": ending.get("FailureReason"),
    }


@pytest.mark.parametrize(
    "problem",
    [
        {"ImageClassificationJobConfig": {}},
        {"TextGenerationJobConfig": {"BaseModelName": "Falcon7BInstruct"}},
    ],
)
def test_what_cannot_be_trained_here_can_be_rehearsed(
    problem: dict[str, Any], sagemaker: SageMakerClient, script: Callable[[Any], dict[str, str]]
) -> None:
    """Image and text generation jobs follow a script like any other job."""
    request = {**_request(script(_COMPLETED)), "AutoMLProblemTypeConfig": problem}
    job = wait(sagemaker, start(sagemaker, request))
    assert job["AutoMLJobStatus"] == "Completed"
    assert job["BestCandidate"]["CandidateName"] == "first"


def test_a_scripted_job_can_be_stopped_in_the_middle(
    sagemaker: SageMakerClient, script: Callable[[Any], dict[str, str]]
) -> None:
    """A stop leaves the script, takes as long as the script says, and keeps the candidates so far."""
    for seconds, status in ((3600, "Stopping"), (0.3, "Stopped")):
        document = {
            "Stages": [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": 3600}],
            "Candidates": [{"Candidate": _CANDIDATE}],
            "Ending": {"AutoMLJobStatus": "Completed"},
            "StoppingSeconds": seconds,
        }
        name = start(sagemaker, _request(script(document)))
        wait(sagemaker, name, until="TrainingModels")
        sagemaker.stop_auto_ml_job(AutoMLJobName=name)
        job = wait(sagemaker, name, until=status)
        assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == (status, status)
        assert sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=name)["Candidates"]


def test_a_script_can_stop_its_job_itself(sagemaker: SageMakerClient, script: Callable[[Any], dict[str, str]]) -> None:
    """The job is Stopping and then Stopped, as if another user had stopped it."""
    for seconds, status in ((3600, "Stopping"), (0.3, "Stopped")):
        stages = [{"AutoMLJobSecondaryStatus": "Stopping", "Seconds": seconds}]
        name = start(sagemaker, _request(script({"Stages": stages, "Ending": {"AutoMLJobStatus": "Stopped"}})))
        assert wait(sagemaker, name, until=status)["AutoMLJobStatus"] == status


def test_a_script_does_not_outlast_the_jobs_time_limit(
    sagemaker: SageMakerClient, script: Callable[[Any], dict[str, str]]
) -> None:
    """At its limit the job completes with the best candidate so far, as on the service."""
    document = {**_COMPLETED, "Stages": [{"AutoMLJobSecondaryStatus": "TrainingModels", "Seconds": 600}]}
    request = _request(script(document), CompletionCriteria={"MaxAutoMLJobRuntimeInSeconds": 1})
    job = wait(sagemaker, start(sagemaker, request))
    assert (job["AutoMLJobStatus"], job["AutoMLJobSecondaryStatus"]) == ("Completed", "MaxAutoMLJobRuntimeReached")
    assert job["BestCandidate"]["CandidateName"] == "first"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("s3://no-such-bucket/script.json", "does not exist"),
        (f"s3://{BUCKET}/no-such-script.json", "does not exist"),
        ("no-such-script", "does not exist"),
        ("", "does not exist"),
    ],
)
def test_a_script_that_is_not_there_starts_no_job(
    value: str, message: str, sagemaker: SageMakerClient, breast_cancer: str
) -> None:
    """If its script cannot be found, a job is refused and not trained."""
    name = unique("unscripted")
    with pytest.raises(ClientError, match=message) as refused:
        start(sagemaker, _request({"Key": TAG, "Value": value}), name)
    assert refused.value.response["Error"]["Code"] == "ValidationException"
    assert not sagemaker.list_auto_ml_jobs(NameContains=name)["AutoMLJobSummaries"]


def test_a_wrong_script_in_s3_starts_no_job(
    sagemaker: SageMakerClient, script: Callable[[Any], dict[str, str]]
) -> None:
    """The error names the script and all its problems."""
    tag = script({"Stages": [{"AutoMLJobSecondaryStatus": "Dreaming"}], "Ending": {"AutoMLJobStatus": "Done"}})
    with pytest.raises(ClientError, match="ValidationException") as refused:
        start(sagemaker, _request(tag))
    for words in (tag["Value"], "Dreaming", "must be one of Completed, Failed, Stopped, not 'Done'"):
        assert words in str(refused.value)


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (b"{", "cannot be read as JSON"),
        (b'{"Ending": {"AutoMLJobStatus": "Failed"}, "StoppingSeconds": NaN}', "NaN is not a JSON number"),
        (b"[]", "must be a JSON object"),
        ({}, "Ending is required"),
        ({"Ending": {"AutoMLJobStatus": "Completed"}, "Stage": []}, "has no member 'Stage'"),
        ({"Ending": {"AutoMLJobStatus": "Completed"}, "Stages": {}}, "Stages must be a list of objects"),
        ({"Ending": {"AutoMLJobStatus": "InProgress"}}, "must be one of Completed, Failed, Stopped"),
        ({"Ending": {"AutoMLJobStatus": "Stopped", "AutoMLJobSecondaryStatus": "Failed"}}, "of a Stopped job"),
        ({"Ending": {"AutoMLJobStatus": "Completed", "FailureReason": "x"}}, "a Completed job has none"),
        ({"Ending": {"AutoMLJobStatus": "Failed", "FailureReason": "x" * 1025}}, "less than or equal to 1024"),
        ({"Ending": {"AutoMLJobStatus": "Failed", "PartialFailureReasons": []}}, "greater than or equal to 1"),
        ({**_COMPLETED, "Ending": {"AutoMLJobStatus": "Failed", "BestCandidate": "first"}}, "ends Failed has none"),
        ({**_COMPLETED, "Candidates": []}, "is not one of the candidates"),
        (
            {**_COMPLETED, "Candidates": [{"Candidate": {**_CANDIDATE, "CandidateStatus": "Failed"}}]},
            "only a Completed one can be best",
        ),
        ({**_COMPLETED, "Candidates": [{"Candidate": "first"}]}, "must be an object"),
        ({**_COMPLETED, "Candidates": [{"AfterSeconds": 9, "Candidate": _CANDIDATE}]}, "the job has ended after 0.2 s"),
        ({**_COMPLETED, "Candidates": [{"Candidate": {**_CANDIDATE, "EndTime": 1}}]}, "is set by the emulator"),
        ({**_COMPLETED, "Candidates": [{"Candidate": {**_CANDIDATE, "Score": 1}}]}, "Unknown member"),
        (
            {
                **_COMPLETED,
                "Candidates": [
                    {
                        "Candidate": {
                            **_CANDIDATE,
                            "FinalAutoMLJobObjectiveMetric": {"MetricName": "Beauty", "Value": 1.0},
                        }
                    }
                ],
            },
            "'Beauty'",
        ),
        ({**_COMPLETED, "Stages": [{"AutoMLJobSecondaryStatus": "Failed"}]}, "Failed is not a status of a running job"),
        ({**_COMPLETED, "Stages": [{"AutoMLJobSecondaryStatus": "Stopping"}]}, "last stage of a job that ends Stopped"),
        ({**_COMPLETED, "Stages": [{"AutoMLJobSecondaryStatus": "Starting", "Seconds": -1}]}, "0 or more, not -1"),
        ({**_COMPLETED, "Stages": [{"AutoMLJobSecondaryStatus": "Starting", "Seconds": 1e9}]}, "longer than 30 days"),
        ({**_COMPLETED, "ResolvedAttributes": {"ProblemType": "Regression"}}, "Unknown member"),
        ({**_COMPLETED, "Seen": "Dreaming"}, "Seen must be a list of texts, not 'Dreaming'"),
        ({**_COMPLETED, "Seen": [1]}, "Seen must be a list of texts, not [1]"),
        (
            {**_COMPLETED, "Seen": ["Waking"], "Stages": [{"AutoMLJobSecondaryStatus": "Dreaming", "Seconds": 1}]},
            "'Dreaming'",
        ),
    ],
)
def test_a_script_that_no_job_could_follow_is_refused(document: Any, problem: str) -> None:
    """Each problem is named; invalid members have no defaults."""
    with pytest.raises(InvalidDocument) as refused:
        Script.from_json(document if isinstance(document, bytes) else json.dumps(document))
    assert problem in str(refused.value)


def test_the_example_of_the_documentation_is_a_script() -> None:
    """The example in the module's docstring is a valid script."""
    from airflow_sagemaker_automl.emulator import script

    assert script.__doc__
    example = script.__doc__.partition("::\n")[2].partition("\n``Stages``")[0]
    assert Script.from_json(example).stages == [("Starting", 1), ("TrainingModels", 5)]


def test_scripts_are_put_listed_and_deleted_oversend(emulator_url: str) -> None:
    """Scripts can be put, listed and deleted; errors name all problems."""
    name = unique("script")
    url = f"{emulator_url}/automl-emulator/scripts"
    entry = {"Name": name, "JobNames": None, "Script": _COMPLETED}
    assert send(f"{url}/{name}", "PUT", _COMPLETED) == (201, entry)
    assert send(f"{url}/{name}", "PUT", _COMPLETED) == (200, entry)
    assert send(f"{url}/{name}", "GET") == (200, entry)
    assert entry in send(url, "GET")[1]["Scripts"]
    assert send(f"{url}/{name}", "DELETE") == (204, None)
    assert send(f"{url}/{name}", "GET")[0] == send(f"{url}/{name}", "DELETE")[0] == 404
    status, refusal = send(f"{url}/{name}", "PUT", {"Ending": {"AutoMLJobStatus": "Done"}, "Stage": [], "End": 1})
    assert status == 400
    assert len(refusal["Problems"]) == 3
    assert send(f"{url}/-", "PUT", _COMPLETED)[0] == 400
    assert send(url, "PUT", _COMPLETED)[0] == 405
    assert send(f"{emulator_url}/automl-emulator/else", "GET")[0] == 404


def test_jobs_of_a_name_follow_the_script_that_was_put_for_them(emulator_url: str, sagemaker: SageMakerClient) -> None:
    """Of several matching patterns the last put applies, a tag takes precedence, and the job's tag names its script."""
    prefix = unique("scripted")
    url = f"{emulator_url}/automl-emulator/scripts/{prefix}"
    for number, status in enumerate(("Failed", "Stopped", "Completed")):
        pattern = f"?job-names={prefix.upper()}-*" if status != "Completed" else ""
        assert send(f"{url}-{number}{pattern}", "PUT", {"Ending": {"AutoMLJobStatus": status}})[0] == 201
    matched = wait(sagemaker, start(sagemaker, _request(), f"{prefix}-a"))
    assert matched["AutoMLJobStatus"] == "Stopped"
    tags = sagemaker.list_tags(ResourceArn=matched["AutoMLJobArn"])["Tags"]
    assert tags == [{"Key": TAG, "Value": f"{prefix}-1"}]
    tagged = start(sagemaker, _request({"Key": TAG, "Value": f"{prefix}-2"}), f"{prefix}-b")
    assert wait(sagemaker, tagged)["AutoMLJobStatus"] == "Completed"
    for number in range(3):
        assert send(f"{url}-{number}", "DELETE")[0] == 204


def test_a_held_job_ends_when_its_script_is_gone(sagemaker: SageMakerClient, emulator_url: str) -> None:
    """It stays in its last stage until the script is deleted; a stop ends it, too."""
    pattern, script = unique("held"), {"Stages": [{"AutoMLJobSecondaryStatus": "TrainingModels"}], "Held": True}
    address = f"{emulator_url}/automl-emulator/scripts/{pattern}"
    document = {**script, "Ending": {"AutoMLJobStatus": "Completed"}}
    assert send(f"{address}?job-names={pattern}*", "PUT", document)[0] == 201
    held, stopped = (start(sagemaker, tabular_request("s3://nowhere/"), f"{pattern}-{each}") for each in "ab")
    assert wait(sagemaker, held, until="TrainingModels")["AutoMLJobStatus"] == "InProgress"
    sagemaker.stop_auto_ml_job(AutoMLJobName=stopped)
    assert wait(sagemaker, stopped)["AutoMLJobStatus"] == "Stopped"
    assert wait(sagemaker, held, until="TrainingModels")["AutoMLJobStatus"] == "InProgress"
    assert send(address, "DELETE")[0] == 204
    assert wait(sagemaker, held)["AutoMLJobStatus"] == "Completed"


@pytest.mark.parametrize("script", [{"Held": 1}, {"Held": True, "Stages": []}])
def test_a_job_cannot_be_held_in_no_stage(script: dict[str, Any], emulator_url: str) -> None:
    """The error gives the reason."""
    document = {"Ending": {"AutoMLJobStatus": "Completed"}, **script}
    status, answer = send(f"{emulator_url}/automl-emulator/scripts/odd", "PUT", document)
    assert status == 400
    assert [problem.partition(" ")[0].strip(":") for problem in answer["Problems"]] == ["Held"]
