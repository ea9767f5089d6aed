"""Every number on a registered card is recomputed from the artifacts in S3 and the answers of the service.

Nothing here knows how a card is built. The card is walked, each number with its place, and a second account of all
places is written from the artifacts; the two have to be the same, so that a number nobody accounts for fails the test.
"""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, get_args
from urllib.parse import urlsplit

import pytest

from airflow_sagemaker_automl import SageMakerRegisterCandidateOperator
from tests.support.jobs import unique
from tests.support.recorded import Kind, replay

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sagemaker import SageMakerClient

Account = dict[tuple[str, ...], float]
TRAINING = ("training_details", "training_job_details")
# A number that stands by itself, not one in a name.
NUMBER = re.compile(r"(?<![\w.\-/])-?\d+(?:\.\d+)?(?:e[-+]?\d+)?(?![\w/])")
MOST_BARS = 25


class Evidence:
    """What S3 and the service say of a job and its best candidate."""

    def __init__(self, sagemaker: SageMakerClient, s3: S3Client, job_name: str) -> None:
        self.job: dict[str, Any] = dict(sagemaker.describe_auto_ml_job_v2(AutoMLJobName=job_name))
        self.best = self.job["BestCandidate"]
        self.candidates = sagemaker.list_candidates_for_auto_ml_job(AutoMLJobName=job_name)["Candidates"]
        locations = self.best["CandidateProperties"]["CandidateArtifactLocations"]
        self.statistics = _download(s3, f"{locations['ModelInsights']}/statistics.json")
        self.analysis = _download(s3, f"{locations['Explainability']}/analysis.json")

    @property
    def metrics(self) -> list[tuple[str, str, float]]:
        """Name, part of the data and value of each figure of the candidate."""
        data = self.best["CandidateProperties"]["CandidateMetrics"]
        return [(datum["StandardMetricName"], datum["Set"], datum["Value"]) for datum in data]

    @property
    def ranking(self) -> list[tuple[str, float]]:
        """Short name and objective of all candidates, the best first."""
        found = [
            (
                entry["CandidateName"].removeprefix(f"{self.job['AutoMLJobName']}-"),
                entry["FinalAutoMLJobObjectiveMetric"],
            )
            for entry in self.candidates
        ]
        best_first = sorted(found, key=lambda entry: entry[1]["Value"])
        if found[0][1]["Type"] == "Maximize":
            best_first.reverse()
        return [(name, objective["Value"]) for name, objective in best_first]

    @property
    def section(self) -> tuple[str, dict[str, Any]]:
        """Name and content of the one section of figures in ``statistics.json``."""
        ((name, content),) = ((key, value) for key, value in self.statistics.items() if key.endswith("_metrics"))
        return name, content


def _download(s3: S3Client, uri: str) -> dict[str, Any]:
    parts = urlsplit(uri)
    return dict(json.load(s3.get_object(Bucket=parts.netloc, Key=parts.path.lstrip("/"))["Body"]))


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_number_on_the_card_is_recomputed_from_the_artifacts(
    kind: Kind, context: Any, emulator_url: str, sagemaker: SageMakerClient, s3: S3Client
) -> None:
    """Binary, multiclass and regression: no number is missing, none is another one, and none is of unknown origin."""
    name = replay(emulator_url, kind, seconds=1)
    task = SageMakerRegisterCandidateOperator(
        task_id="register", job_name=name, model_package_group_name=unique("group")
    )
    arn = task.execute(context)["model_package_arn"]
    version = sagemaker.describe_model_package(ModelPackageName=arn)
    card = json.loads(version["ModelCard"]["ModelCardContent"])
    evidence = Evidence(sagemaker, s3, name)
    found = list(numbers(card))
    assert len(found) == len(dict(found)), "two numbers in one place"
    assert dict(found) == accounted(evidence)
    assert sayings(card) == {key: value for key, value in said(evidence).items() if value}
    assert dict(identifiers(card)).items() <= known_identifiers(evidence, context["ti"]).items()


def numbers(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    """Walk a card and find every number, whose place is made of names where there are names."""
    if isinstance(value, dict):
        axes = (value.get(axis) for axis in ("y_axis_name", "x_axis_name"))
        labels = [names for names in axes if isinstance(names, list)]
        for key, item in value.items():
            if key == "value" and labels:
                yield from _labelled(item, labels, (*place, key))
            else:
                yield from numbers(item, (*place, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            named = item.get("name") if isinstance(item, dict) else None
            yield from numbers(item, (*place, named or str(position)))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield place, value


def _labelled(value: Any, labels: list[list[str]], place: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], float]]:
    if not labels:
        yield place, value
        return
    for label, item in zip(labels[0], value, strict=True):
        yield from _labelled(item, labels[1:], (*place, label))


def accounted(evidence: Evidence) -> Account:
    """Account for every number of a card by the artifacts."""
    account: Account = {}
    for name, part, value in evidence.metrics:
        account[*TRAINING, "training_metrics", f"{name} ({part})", "value"] = value
        account[
            "evaluation_details", "Candidate metrics", "metric_groups", f"{part} data", "metric_data", name, "value"
        ] = value
    metric = evidence.best["FinalAutoMLJobObjectiveMetric"]["MetricName"]
    for name, value in evidence.ranking:
        place = (
            "evaluation_details",
            "Candidates",
            "metric_groups",
            "Leaderboard",
            "metric_data",
            metric,
            "value",
            name,
        )
        account[place] = value
    account |= _of_statistics(evidence)
    for label, explained in evidence.analysis["explanations"]["kernel_shap"].items():
        data = ("evaluation_details", "Explainability", "metric_groups", f"kernel_shap {label}", "metric_data")
        account[*data, "expected_value", "value"] = explained["expected_value"]
        for feature, value in _bars(explained["global_shap_values"]).items():
            account[*data, "global_shap_values", "value", feature] = value
    return account


def _of_statistics(evidence: Evidence) -> Account:
    section, content = evidence.section
    groups = ("evaluation_details", "Model insights", "metric_groups")
    data = (*groups, section, "metric_data")
    account: Account = {
        (*groups, "dataset", "metric_data", "item_count", "value"): evidence.statistics["dataset"]["item_count"]
    }
    for name, member in content.items():
        if "value" in member:
            account[*data, name, "value"] = member["value"]
        elif name == "confusion_matrix":
            account |= {
                (*data, name, "value", actual, predicted): count
                for actual, row in member.items()
                for predicted, count in row.items()
            }
        else:
            x, y = {"receiver_operating_characteristic_curve": ("false_positive_rates", "true_positive_rates")}.get(
                name, ("recalls", "precisions")
            )
            for position, point in enumerate(zip(member[x], member[y], strict=True)):
                account |= {(*data, name, "value", str(position), str(axis)): point[axis] for axis in (0, 1)}
    return account


def _bars(values: dict[str, float]) -> dict[str, float]:
    """Take the largest values, and the sum of the others where there are two or more."""
    ranked = sorted(values, key=lambda feature: abs(values[feature]), reverse=True)
    if len(ranked) <= MOST_BARS + 1:
        return values
    others = ranked[MOST_BARS:]
    rest = math.fsum(values[feature] for feature in others)
    return {feature: values[feature] for feature in ranked[:MOST_BARS]} | {f"{len(others)} other features": rest}


def _texts(value: Any, place: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    if isinstance(value, str):
        yield place, value
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        named = item.get("name") if isinstance(item, dict) and isinstance(value, list) else None
        yield from _texts(item, (*place, named or str(key)))


def _is_sentence(place: tuple[str, ...]) -> bool:
    return place[-1] in ("notes", "evaluation_observation", "training_observations") or "hyper_parameters" in place


def _is_name(place: tuple[str, ...]) -> bool:
    """Whether this text is the name of something, which the place of its number holds already."""
    return (
        place[-1] in ("name", "type") or place[-2] in ("x_axis_name", "y_axis_name") or place[-1].endswith("axis_name")
    )


def sayings(card: Any) -> dict[tuple[str, ...], list[float]]:
    """Find the numbers that are said in sentences, and in the texts that settings are."""
    found = {
        place: [float(number) for number in NUMBER.findall(text)] for place, text in _texts(card) if _is_sentence(place)
    }
    return {place: said for place, said in found.items() if said and place[-1] != "name"}


def said(evidence: Evidence) -> dict[tuple[str, ...], list[float]]:
    """Account for the numbers that are said in sentences."""
    job, count = evidence.job, float(len(evidence.candidates))
    took = round((job["EndTime"] - job["CreationTime"]).total_seconds())
    place = 1.0 + [value for _, value in evidence.ranking].index(
        evidence.best["FinalAutoMLJobObjectiveMetric"]["Value"]
    )
    metric = evidence.best["FinalAutoMLJobObjectiveMetric"]["MetricName"]
    leaderboard = ("evaluation_details", "Candidates")
    account = {
        ("training_details", "training_observations"): [float(took)],
        (*leaderboard, "evaluation_observation"): [count, count],
        (*leaderboard, "metric_groups", "Leaderboard", "metric_data", metric, "notes"): [place, count],
    }
    asked, resolved = job["AutoMLProblemTypeConfig"]["TabularJobConfig"], job["ResolvedAttributes"]
    for name, value in [*_settings(asked, ""), *_settings(resolved, "ResolvedAttributes")]:
        if not isinstance(value, bool) and isinstance(value, int | float):
            account[*TRAINING, "hyper_parameters", name, "value"] = [float(value)]
    section, content = evidence.section
    for name, member in content.items():
        deviation = member.get("standard_deviation")
        notes = ("evaluation_details", "Model insights", "metric_groups", section, "metric_data", name, "notes")
        # For reading; the report has all digits.
        account[notes] = [float(f"{deviation:.6g}")] if isinstance(deviation, float) else []
    for label, explained in evidence.analysis["explanations"]["kernel_shap"].items():
        features = len(explained["global_shap_values"])
        data = ("evaluation_details", "Explainability", "metric_groups", f"kernel_shap {label}", "metric_data")
        cut = [float(MOST_BARS), float(features), float(features - MOST_BARS)]
        account[*data, "global_shap_values", "notes"] = cut if features > MOST_BARS + 1 else []
    return account


def _settings(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _settings(item, f"{path}.{key}" if path else key)
    else:
        yield path, value


def identifiers(card: Any) -> Iterator[tuple[str, str]]:
    """Find every other text with a digit in it."""
    for place, text in _texts(card):
        if re.search(r"\d", text) and not _is_sentence(place) and not _is_name(place):
            yield text, text


def known_identifiers(evidence: Evidence, ti: Any) -> dict[str, str]:
    """List every text of the answers and artifacts, and of the task that registers."""
    answers = itertools.chain(_texts(evidence.job), _texts(evidence.statistics))
    texts = [text for _, text in answers]
    texts += [f"Airflow DAG {ti.dag_id}, task {ti.task_id}", ti.dag_id, ti.run_id]
    texts += [
        f"{evidence.best['CandidateProperties']['CandidateArtifactLocations'][report]}/{file}"
        for report, file in (("ModelInsights", "statistics.json"), ("Explainability", "analysis.json"))
    ]
    return dict.fromkeys(texts, "") | {text: text for text in texts}
