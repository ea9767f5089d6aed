"""The quality gate operator against the emulator: what it compares with, what it says, and what becomes of the task."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from airflow_sagemaker_automl import AutoMLJobUnfinished, BetterThanChampion, QualityGate, ServiceUnavailable, Threshold
from tests.support.gating import ended, faulty, figures, gate_task, registration, requests
from tests.support.jobs import start, tabular_request, unique
from tests.support.plain_http import hold_jobs, once_answered, send
from tests.support.tasks import changed
from tests.support.versions import METADATA, decide, described, make_group, register

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient


def test_the_first_of_a_group_that_may_be_new_is_approved(
    context: Any, sagemaker: SageMakerClient, emulator_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """It has nothing to beat, the log says that there is no such group, and the group is not created."""
    group, job = unique("group"), ended(sagemaker, emulator_url, figures(0.9))
    verdict = gate_task(job, group, may_be_new_group=True).execute(context)
    assert f"Model package group {group} does not exist in region us-east-1 yet" in capsys.readouterr().out
    assert verdict == {
        "approved": True,
        "approval_status": "Approved",
        "champion": None,
        "compares_with_champion": True,
        "rules": [
            {
                "name": "F1 on validation data at least as good as that of the champion",
                "passed": True,
                "value": 0.9,
                "limit": None,
                "reason": "the group has no approved version to beat",
            }
        ],
        "job_name": job,
        "candidate_name": "best",
    }
    assert not sagemaker.list_model_package_groups(NameContains=group)["ModelPackageGroupSummaryList"]


def test_a_verdict_approves_registers_and_is_the_next_ones_champion(
    context: Any, sagemaker: SageMakerClient, emulator_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Gate, register, gate: the verdict is in metadata and card, and the next candidate is held against it."""
    group = make_group(sagemaker)
    first, worse = (ended(sagemaker, emulator_url, figures(f1)) for f1 in (0.9, 0.8))
    verdict = gate_task(first, group).execute(context)
    version = registration(first, group, verdict=verdict).execute(context)
    assert version["approval_status"] == "Approved"
    kept = described(sagemaker, version["model_package_arn"])
    assert kept["CustomerMetadataProperties"]["verdict"] == "approved - 1 of 1 rules passed"
    card = json.loads(kept["ModelCard"]["ModelCardContent"])
    assert "Quality gate" in {item["name"] for item in card["evaluation_details"]}
    capsys.readouterr()
    with pytest.raises(AirflowSkipException, match=r"worse by 0\.1"):
        gate_task(worse, group).execute(context)
    rejected = context["ti"].pushed["return_value"]
    assert (rejected["approved"], rejected["champion"]) == (False, version["model_package_arn"])
    log = capsys.readouterr().out
    assert version["model_package_arn"] in log
    (line,) = [line for line in log.splitlines() if "Rejected: " in line]
    assert "Rejected: F1 (validation) 0.8 < champion 0.9 (version 1): worse by 0.1; 0 of 1 rules passed" in line
    assert "[warning" in line
    decide(sagemaker, version["model_package_arn"], "Rejected")
    assert gate_task(worse, group).execute(context)["champion"] is None


def test_a_gate_does_not_compare_a_model_with_itself(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """Cleared after its candidate was approved, it compares with the champion before."""
    group, gate = make_group(sagemaker), QualityGate(champion=BetterThanChampion(margin=0.05))
    old, new = (ended(sagemaker, emulator_url, figures(f1)) for f1 in (0.8, 0.9))
    champion = registration(old, group, approval_status="Approved").execute(context)["model_package_arn"]
    verdict = gate_task(new, group, gate).execute(context)
    assert registration(new, group, verdict=verdict).execute(context)["approval_status"] == "Approved"
    again = gate_task(new, group, gate).execute(context)
    assert again == verdict
    assert again["champion"] == champion


@pytest.mark.parametrize(("on_rejected", "error"), [("skip", AirflowSkipException), ("fail", AirflowFailException)])
def test_the_verdict_is_kept_whatever_becomes_of_the_task(
    on_rejected: Any, error: type[Exception], context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """Each of its members, and the whole, as after a success."""
    job = ended(sagemaker, emulator_url, figures(0.9))
    gate = QualityGate(thresholds=[Threshold(metric="F1", minimum=0.95), Threshold(metric="LogLoss", maximum=1)])
    head, rule = (
        r"^Rejected: F1 \(validation\) 0\.9 < 0\.95; 1 of 2 rules passed",
        r"F1 on validation data at least 0\.95",
    )
    with pytest.raises(error, match=rf"{head}\n  failed: {rule}"):
        gate_task(job, "churn", gate, on_rejected=on_rejected).execute(context)
    pushed = dict(context["ti"].pushed)
    assert pushed.pop("return_value") == pushed
    assert [rule["passed"] for rule in pushed["rules"]] == [False, True]
    passed = gate_task(job, "churn", gate, on_rejected="pass").execute(context)
    assert passed == pushed


def test_a_champion_is_found_behind_a_hundred_that_wait(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """It takes one list and one look, however old it is; a version that failed is none."""
    group, job = make_group(sagemaker), ended(sagemaker, emulator_url, figures(0.8))
    champion = register(sagemaker, group, ModelApprovalStatus="Approved")
    for _ in range(110):
        register(sagemaker, group, ModelApprovalStatus="PendingManualApproval")
    requests(emulator_url)
    assert gate_task(job, group).execute(context)["champion"] == champion
    counted = requests(emulator_url)
    assert (counted["ListModelPackages"], counted["DescribeModelPackage"]) == (1, 1)


def test_a_gate_without_a_champion_asks_for_none(context: Any, sagemaker: SageMakerClient, emulator_url: str) -> None:
    """It works for whoever may not see the registry, with one look at the job."""
    job = ended(sagemaker, emulator_url, figures(0.8))
    requests(emulator_url)
    assert gate_task(job, "churn", {"thresholds": [{"metric": "F1", "minimum": "0.5"}]}).execute(context)["approved"]
    assert requests(emulator_url) == {"DescribeAutoMLJobV2": 1}


@pytest.mark.parametrize("operation", ["ListModelPackages", "DescribeModelPackage"])
def test_who_may_not_see_the_champion_approves_nothing(
    operation: str, context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """Not even where a gate lets the first of a group pass; the error names the permission."""
    group, job = make_group(sagemaker), ended(sagemaker, emulator_url, figures(0.8))
    register(sagemaker, group, ModelApprovalStatus="Approved")
    with faulty(emulator_url, DeniedOperations=[operation]), pytest.raises(AirflowFailException) as failed:
        gate_task(job, group).execute(context)
    assert f"The champion of model package group {group} cannot be read. Access is denied" in str(failed.value)
    assert f"not authorized to perform: sagemaker:{operation}" in str(failed.value)


def test_whether_a_group_is_there_has_to_be_known(context: Any, sagemaker: SageMakerClient, emulator_url: str) -> None:
    """The service's answer for a group that is not there could mean something else as well."""
    job = ended(sagemaker, emulator_url, figures(0.8))
    denied = ["DescribeModelPackageGroup"]
    with (
        faulty(emulator_url, DeniedOperations=denied),
        pytest.raises(AirflowFailException, match=r"cannot be read\. .* says: .*Group"),
    ):
        gate_task(job, unique("group"), may_be_new_group=True).execute(context)


def test_a_group_may_be_given_by_its_arn(context: Any, sagemaker: SageMakerClient, emulator_url: str) -> None:
    """Its champion is found; one that does not exist is never created, and fails the task."""
    group, job = make_group(sagemaker), ended(sagemaker, emulator_url, figures(0.8))
    champion = register(sagemaker, group, ModelApprovalStatus="Approved")
    arn = f"arn:aws:sagemaker:us-east-1:123456789012:model-package-group/{group}"
    assert gate_task(job, arn).execute(context)["champion"] == champion
    with pytest.raises(
        AirflowFailException, match=f"'{arn}x' does not exist in region us-east-1.*mean '{arn}'"
    ) as failed:
        gate_task(job, f"{arn}x").execute(context)
    assert "may_be_new_group" not in str(failed.value)


def test_a_group_of_another_account_may_be_closed(context: Any, sagemaker: SageMakerClient, emulator_url: str) -> None:
    """Without its owner's leave nothing is known of it, and nothing is approved."""
    job = ended(sagemaker, emulator_url, figures(0.8))
    arn = "arn:aws:sagemaker:us-east-1:210987654321:model-package-group/churn"
    with pytest.raises(AirflowFailException, match=r"churn cannot be read\. Access is denied.* its resource policy"):
        gate_task(job, arn).execute(context)


def test_a_group_of_another_region_is_not_visible(context: Any, sagemaker: SageMakerClient, emulator_url: str) -> None:
    """The message names both regions, and nothing is asked."""
    job = ended(sagemaker, emulator_url, figures(0.8))
    arn = "arn:aws:sagemaker:eu-west-1:123456789012:model-package-group/churn"
    requests(emulator_url)
    says = r"churn is in region eu-west-1, but this connection uses us-east-1\. Set region_name='eu-west-1'"
    with pytest.raises(AirflowFailException, match=says):
        gate_task(job, arn).execute(context)
    assert requests(emulator_url) == {}


@pytest.mark.parametrize("is_listed", [True, False])
def test_a_group_that_does_not_exist_fails_the_task_with_the_nearest_name(
    is_listed: bool, context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """A typo is no first run; where groups may not be listed, the message has no suggestion."""
    group, job = make_group(sagemaker), ended(sagemaker, emulator_url, figures(0.8))
    denied = "StopAutoMLJob" if is_listed else "ListModelPackageGroups"
    with faulty(emulator_url, DeniedOperations=[denied]), pytest.raises(AirflowFailException) as failed:
        gate_task(job, group[:-1]).execute(context)
    meant = f"; did you mean {group!r}? Check" if is_listed else ". Check"
    assert f"Model package group {group[:-1]!r} does not exist in region us-east-1{meant}" in str(failed.value)
    assert "set may_be_new_group=True" in str(failed.value)
    assert context["ti"].pushed == {}


@pytest.mark.parametrize(("policy", "approved"), [("pass", True), ("reject", False)])
def test_an_empty_group_follows_the_policy(
    policy: Any, approved: bool, context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """It exists, so nobody has to say that it may be new; a version that waits is no champion."""
    group, job = make_group(sagemaker), ended(sagemaker, emulator_url, figures(0.8))
    register(sagemaker, group, ModelApprovalStatus="PendingManualApproval")
    gate = QualityGate(champion=BetterThanChampion(without_champion=policy))
    verdict = gate_task(job, group, gate, on_rejected="pass").execute(context)
    assert (verdict["approved"], verdict["champion"]) == (approved, None)


def test_trouble_that_passes_is_waited_for(context: Any, sagemaker: SageMakerClient, emulator_url: str) -> None:
    """A gate is asked at the end of hours of training."""
    group, job = make_group(sagemaker), ended(sagemaker, emulator_url, figures(0.8))
    champion = register(sagemaker, group, ModelApprovalStatus="Approved")
    url = f"{emulator_url}/automl-emulator/faults"
    with faulty(emulator_url, ThrottlingRate=1, Operations=["ListModelPackages"]):
        calm = once_answered(emulator_url, "ListModelPackages", lambda: send(url, "DELETE"), times=3)
        once = {"retries": {"total_max_attempts": 1}}
        assert gate_task(job, group, botocore_config=once).execute(context)["champion"] == champion
        calm.join()


def test_a_champion_that_goes_away_meanwhile_is_none(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """Deleted or rejected after it was listed; the one before it is what the candidate has to beat."""
    group, job = make_group(sagemaker), ended(sagemaker, emulator_url, figures(0.8))
    champion, rejected, deleted = (register(sagemaker, group, ModelApprovalStatus="Approved") for _ in range(3))
    own = {**METADATA, "automl_job_name": job, "candidate_name": "best"}
    register(sagemaker, group, ModelApprovalStatus="Approved", CustomerMetadataProperties=own)

    def take_away() -> None:
        sagemaker.delete_model_package(ModelPackageName=deleted)
        decide(sagemaker, rejected, "Rejected")
        send(f"{emulator_url}/automl-emulator/faults", "DELETE")

    # The first description is held back until then.
    with faulty(emulator_url, LatencySeconds=3600, Operations=["DescribeModelPackage"]):
        change = once_answered(emulator_url, "ListModelPackages", take_away)
        assert gate_task(job, group).execute(context)["champion"] == champion
        change.join()


def test_a_champion_that_cannot_be_described_is_not_none(
    context: Any, sagemaker: SageMakerClient, emulator_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The service may answer a missing permission, or a key that cannot be used, as it answers for what is deleted."""
    group, job = make_group(sagemaker), ended(sagemaker, emulator_url, figures(0.8))
    champion = register(sagemaker, group, ModelApprovalStatus="Approved")
    call = vars(BaseClient)["_make_api_call"]

    def hidden(client: Any, operation: str, arguments: Any) -> Any:
        if operation == "DescribeModelPackage":
            raise ClientError({"Error": {"Code": "ValidationException", "Message": "The key is disabled"}}, operation)
        return call(client, operation, arguments)

    monkeypatch.setattr(BaseClient, "_make_api_call", hidden)
    with pytest.raises(ServiceUnavailable, match=f"{champion} is listed as approved, but .*The key is disabled"):
        gate_task(job, group).execute(context)


@pytest.mark.parametrize(("follows", "approved"), [("pass", True), ("reject", False)])
def test_a_champion_without_figures_follows_the_option(
    follows: Any, approved: bool, context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """One that somebody has registered by hand, with a card of their own; by default the task fails."""
    group, job = make_group(sagemaker), ended(sagemaker, emulator_url, figures(0.8))
    card = {"ModelCardContent": '{"evaluation_details":[{"name":"Mine"}]}', "ModelCardStatus": "Draft"}
    champion = register(
        sagemaker, group, ModelApprovalStatus="Approved", CustomerMetadataProperties={"team": "risk"}, ModelCard=card
    )
    gate = QualityGate(champion=BetterThanChampion(on_missing_champion_figure=follows))
    verdict = gate_task(job, group, gate, on_rejected="pass").execute(context)
    assert (verdict["approved"], verdict["champion"]) == (approved, champion)
    assert verdict["rules"][0]["reason"] == "the champion has no such metric; it has no metrics"
    with pytest.raises(AirflowFailException, match=f"the champion has no such metric.*{champion}"):
        gate_task(job, group, on_rejected="pass").execute(context)


def test_a_champion_without_figures_has_those_of_its_report(
    context: Any, sagemaker: SageMakerClient, emulator_url: str, s3: S3Client
) -> None:
    """The report that its metrics name is read from S3, and means validation data; one that is away is no figure."""
    group, job = make_group(sagemaker), ended(sagemaker, emulator_url, figures(0.8))
    bucket = unique("insights")
    report = {"binary_classification_metrics": {"f1": {"value": 0.85, "standard_deviation": "NaN"}}}
    source = {"ContentType": "application/json", "S3Uri": f"s3://{bucket}/of/it/statistics.json"}
    members: dict[str, Any] = {"CustomerMetadataProperties": {"team": "risk"}, "ModelApprovalStatus": "Approved"}
    register(sagemaker, group, ModelMetrics={"ModelQuality": {"Statistics": source}}, **members)
    rejecting = {"on_missing_champion_figure": "reject"}
    task = gate_task(job, group, {"champion": rejecting}, on_rejected="pass")
    missing = "the champion has no such metric; it has no metrics"
    assert task.execute(context)["rules"][0]["reason"] == missing
    s3.create_bucket(Bucket=bucket)
    s3.put_object(Bucket=bucket, Key="of/it/statistics.json", Body=json.dumps(report).encode())
    assert task.execute(context)["rules"][0]["reason"].startswith("0.8 < champion 0.85 (version 1): worse by 0.05;")
    of_test_data = gate_task(job, group, {"champion": {"data_set": "Test", **rejecting}}, on_rejected="pass")
    missing = "the champion has no such metric; it has metrics on validation data only"
    assert of_test_data.execute(context)["rules"][0]["reason"] == missing


def test_a_figure_that_the_candidate_lacks_fails_the_task(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """Without a verdict, since a rule that can never be kept would reject for ever; unless the gate wants that."""
    job = ended(sagemaker, emulator_url, figures(0.8))
    gate = {"thresholds": [{"metric": "AUC", "minimum": 0.9}]}
    with pytest.raises(AirflowFailException) as failed:
        gate_task(job, "churn", gate).execute(context)
    assert str(failed.value) == (
        "The quality gate cannot be evaluated: thresholds[0].metric = 'AUC' is not a metric of candidate best of "
        f"AutoML job {job} on validation data; it has F1, LogLoss"
    )
    assert context["ti"].pushed == {}
    rejected = gate_task(job, "churn", {**gate, "on_missing_figure": "reject"}, on_rejected="pass").execute(context)
    assert rejected["rules"][0]["reason"] == "the candidate has no such metric; it has F1, LogLoss"


def test_an_edited_card_is_no_way_round_the_champion(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """What registration wrote into the metadata counts, and the verdict says that the card contradicts it."""
    group, good, worse = make_group(sagemaker), *(ended(sagemaker, emulator_url, figures(f1)) for f1 in (0.9, 0.75))
    arn = registration(good, group, approval_status="Approved").execute(context)["model_package_arn"]
    card = described(sagemaker, arn)["ModelCard"]["ModelCardContent"]
    edited: Any = {"ModelCardContent": card.replace('"value":0.9', '"value":0.1'), "ModelCardStatus": "Draft"}
    assert edited["ModelCardContent"] != card
    sagemaker.update_model_package(ModelPackageArn=arn, ModelCard=edited)
    verdict = gate_task(worse, group, on_rejected="pass").execute(context)
    assert not verdict["approved"]
    assert verdict["rules"][0]["reason"] == (
        "0.75 < champion 0.9 (version 1): worse by 0.15; this is the value in the champion's metadata (0.9), but its "
        "model card says 0.1; each figure is from its own job's data"
    )


def test_less_is_better_where_the_service_says_so(context: Any, sagemaker: SageMakerClient, emulator_url: str) -> None:
    """Whatever the metric is; and a metric that is named is compared on the data that are named."""
    group = make_group(sagemaker)

    def minimised(value: float, f1: float) -> str:
        objective = {"MetricName": "Accuracy", "Type": "Minimize", "Value": value}
        return ended(sagemaker, emulator_url, figures(f1, FinalAutoMLJobObjectiveMetric=objective))

    old, new = minimised(0.4, 0.8), minimised(0.3, 0.85)
    registration(old, group, approval_status="Approved").execute(context)
    gate = QualityGate(champion=BetterThanChampion(margin=0.25, is_relative=True))
    verdict = gate_task(new, group, gate).execute(context)
    assert verdict["rules"][0]["reason"].startswith("0.3 < champion 0.4 (version 1): better by 0.1;")
    on_test = gate_task(new, group, {"champion": {"metric": "F1", "data_set": "Test", "margin": "0.05"}})
    assert on_test.execute(context)["rules"][0]["reason"].startswith("0.8 > champion 0.75 (version 1): better by 0.05;")
    registration(new, group, verdict=verdict).execute(context)
    with pytest.raises(AirflowSkipException, match=r"0\.4 > champion 0\.3 \(version 2\): worse by 0\.1"):
        gate_task(old, group, gate).execute(context)


def test_a_named_candidate_is_judged(context: Any, sagemaker: SageMakerClient, emulator_url: str) -> None:
    """Not only the best one; a name that is not there fails with those that are."""
    other = figures(0.7, CandidateName="other")
    job = ended(sagemaker, emulator_url, figures(0.9), other)
    gate = QualityGate(thresholds=[Threshold(metric="F1", minimum=0.6)])
    verdict = gate_task(job, "churn", gate, candidate_name="other").execute(context)
    assert (verdict["candidate_name"], verdict["rules"][0]["value"]) == ("other", 0.7)
    assert gate_task(job, "churn", gate, candidate_name="").execute(context)["candidate_name"] == "best"
    with pytest.raises(AirflowFailException, match="no such candidate; it has: best, other"):
        gate_task(job, "churn", gate, candidate_name="nobody").execute(context)


def test_candidates_of_a_job_that_failed_are_counted(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """A job that completed with partial failures has a model, which a gate may refuse."""
    reasons = [{"PartialFailureMessage": "3 candidates failed."}]
    job = ended(sagemaker, emulator_url, figures(0.9), PartialFailureReasons=reasons)
    assert gate_task(job, "churn", {"most_partial_failures": "1"}).execute(context)["approved"]
    with pytest.raises(AirflowSkipException, match="of the job: 1 failed: candidate: 3 candidates failed"):
        gate_task(job, "churn", {"most_partial_failures": 0}).execute(context)


@pytest.mark.parametrize("status", ["Completed", "Failed"])
@pytest.mark.parametrize("reasons", [[], ["No explanations."], ["Internal error."]])
def test_a_missing_explanation_rejects_no_model(
    context: Any, sagemaker: SageMakerClient, emulator_url: str, status: str, reasons: list[str]
) -> None:
    """Not with the gate of the shipped DAG: the candidate is approved, and registered, unless explanations count."""
    group, ending = (
        make_group(sagemaker),
        {"AutoMLJobStatus": status, "AutoMLJobSecondaryStatus": "ExplainabilityError"},
    )
    if reasons:
        ending["PartialFailureReasons"] = [{"PartialFailureMessage": text} for text in reasons]  # type: ignore[assignment]
    job = ended(sagemaker, emulator_url, figures(0.9), **ending)
    gate = QualityGate(champion=BetterThanChampion(), most_partial_failures=0)
    verdict = gate_task(job, group, gate).execute(context)
    assert verdict["approved"]
    assert "0 failed (not counted: explanation: " in verdict["rules"][-1]["reason"]
    registered = registration(job, group, verdict=verdict).execute(context)
    assert registered["approval_status"] == "Approved"
    strict = QualityGate(most_partial_failures=0, partial_failures_counted=["explanation"])
    with pytest.raises(AirflowSkipException, match=r"\(explanation\): 1 failed: explanation: "):
        gate_task(job, group, strict).execute(context)


def test_a_job_without_a_candidate_is_told_as_at_registration(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """Failed, without a model, or not there: nothing is judged, and no retry changes that."""
    failed = ended(sagemaker, emulator_url, AutoMLJobStatus="Failed", FailureReason="The role cannot read the data.")
    for name, says in ((failed, "The role cannot read the data"), ("no-such-job", "no-such-job")):
        with pytest.raises(AirflowFailException, match=says):
            gate_task(name, "churn").execute(context)
    assert context["ti"].pushed == {}


def test_a_job_that_still_runs_is_not_judged(context: Any, sagemaker: SageMakerClient, emulator_url: str) -> None:
    """A retry may find it ended."""
    name = unique()
    hold_jobs(emulator_url, name)
    start(sagemaker, tabular_request("s3://automl-demo/none/"), name)
    with pytest.raises(AutoMLJobUnfinished, match="A candidate is judged when its job has ended"):
        gate_task(name, "churn").execute(context)


def test_a_rejection_is_told_again_by_a_retry(context: Any, sagemaker: SageMakerClient, emulator_url: str) -> None:
    """The same try and the next one say the same, for nothing is changed."""
    group, job = make_group(sagemaker), ended(sagemaker, emulator_url, figures(0.8))
    register(sagemaker, group, ModelApprovalStatus="Approved", CustomerMetadataProperties=METADATA)
    gate = QualityGate(champion=BetterThanChampion(margin=0.1))
    task, retry = gate_task(job, group, gate, on_rejected="fail"), changed(context, try_number=2, pushed={})
    for each in (context, retry):
        with pytest.raises(AirflowFailException):
            task.execute(each)
    assert context["ti"].pushed == retry["ti"].pushed != {}


def test_a_task_that_pushes_nothing_pushes_no_verdict(
    context: Any, sagemaker: SageMakerClient, emulator_url: str
) -> None:
    """``do_xcom_push=False`` and ``multiple_outputs=False`` mean what they mean for every task."""
    job, gate = ended(sagemaker, emulator_url, figures(0.8)), {"thresholds": [{"metric": "F1", "minimum": 0.9}]}
    with pytest.raises(AirflowSkipException):
        gate_task(job, "churn", gate, do_xcom_push=False).execute(context)
    assert context["ti"].pushed == {}
    with pytest.raises(AirflowSkipException):
        gate_task(job, "churn", gate, multiple_outputs=False).execute(context)
    assert list(context["ti"].pushed) == ["return_value"]
