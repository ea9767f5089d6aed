"""The rules of the arguments: all violations at once, and what is a template is not judged."""

from __future__ import annotations

from typing import Any

import pytest

from airflow_sagemaker_automl import InvalidScoring, SageMakerBatchScoringOperator
from airflow_sagemaker_automl.core.scoring.arguments import ScoringArguments, names_of, transform_members
from airflow_sagemaker_automl.core.scoring.columns import TrainingColumns, column_violations, time_series_keys
from airflow_sagemaker_automl.core.values.literals import UNRESOLVED
from airflow_sagemaker_automl.tasks.scoring_fields import ScoringRefusedAtParse, checked_members
from tests.support.jobs import ROLE

ARN = "arn:aws:sagemaker:eu-central-1:123456789012:model-package/churn/3"
OPTIONAL = (
    "max_payload_mb",
    "max_concurrent_transforms",
    "environment",
    "tags",
    "volume_kms_key",
    "output_kms_key",
)
VALID: dict[str, Any] = {
    "data": "s3://bucket/data/",
    "output_uri": "s3://bucket/scores/",
    "model_package_arn": ARN,
    "model_package_group_name": None,
    "key_columns": ["id"],
    "columns": [],
    "inference_response_keys": [],
    "output_format": "csv",
    "on_unusable_rows": "fail",
    "max_payload_mb": 6,
    "max_concurrent_transforms": None,
    "prepare": True,
}


def _broken(**changes: Any) -> list[str]:
    return [str(each) for each in ScoringArguments(**{**VALID, **changes}).violations()]


def test_what_is_valid_breaks_nothing() -> None:
    """Nor does what is not known yet."""
    assert _broken() == []
    unknown = dict.fromkeys(VALID, UNRESOLVED)
    assert _broken(**{**unknown, "on_unusable_rows": "report", "prepare": True}) == []
    assert _broken(key_columns=[UNRESOLVED, UNRESOLVED, "id"]) == []
    assert _broken(model_package_arn=None, model_package_group_name="churn", output_format="parquet") == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": "bucket/data"}, "data = 'bucket/data' must be an S3 URI"),
        ({"data": None}, "data must be an S3 URI"),
        ({"output_uri": "s3://B/"}, "output_uri = 's3://B/' must be an S3 URI"),
        (
            {"data": "s3://bucket/rows", "output_uri": "s3://bucket/rows-2/", "prepare": False, "key_columns": []},
            "must be neither inside the data nor around it",
        ),
        ({"extra_request": "ModelClientConfig"}, "extra_request = 'ModelClientConfig' must be a mapping, or its JSON"),
        ({"extra_request": '{"ModelName": "mine"}'}, "extra_request.ModelName must be left out"),
        ({"output_format": "parquet", "prepare": False, "key_columns": []}, "output_format = 'parquet' needs prepare"),
        ({"on_unusable_rows": "report", "prepare": False, "key_columns": []}, "= 'report' needs prepare=True"),
        ({"output_uri": "s3://bucket/data/scores"}, "must be neither inside the data nor around it"),
        ({"output_uri": "s3://bucket/data"}, "must be neither inside the data nor around it"),
        ({"output_uri": "s3://bucket"}, "must be neither inside the data nor around it"),
        ({"model_package_arn": None}, "model_package_arn or model_package_group_name must be given, and not both"),
        ({"model_package_group_name": "churn"}, "or model_package_group_name must be given, and not both"),
        ({"model_package_arn": "churn"}, "model_package_arn = 'churn' must be the ARN of a model package"),
        ({"key_columns": {"id": 1}}, "must be a list of names, not a mapping"),
        ({"key_columns": ["id", 7]}, "key_columns = 7 must be a name, not an integer"),
        ({"key_columns": ["id", "id"]}, "key_columns = ['id', 'id'] must have each name once"),
        ({"key_columns": ["probability"]}, "must not have the name of a prediction"),
        ({"key_columns": ["predicted_value"]}, "must not have the name of a prediction"),
        ({"columns": ["a", ""]}, "columns = '' must be a name, not empty"),
        ({"inference_response_keys": ["probabilty"]}, "did you mean 'probability'?"),
        ({"inference_response_keys": ["labels", "labels"]}, "must have each name once"),
        ({"inference_response_keys": 5}, "must be a list of names, not an integer"),
        ({"output_format": "json"}, "output_format = 'json' must be one of csv, parquet"),
        ({"on_unusable_rows": "skip"}, "on_unusable_rows = 'skip' must be one of fail, report"),
        ({"max_payload_mb": 0}, "max_payload_mb = 0 must be from 1 to 100"),
        ({"max_payload_mb": "101"}, "max_payload_mb = '101' must be from 1 to 100"),
        ({"max_payload_mb": "6", "max_concurrent_transforms": "17"}, "times max_concurrent_transforms (17) must be at"),
        ({"prepare": False}, "key_columns = ['id'] needs prepare=True"),
        ({"prepare": False, "key_columns": [], "columns": ["a"]}, "columns = ['a'] needs prepare=True"),
        ({"extra_request": {"ModelName": "mine"}}, "extra_request.ModelName must be left out"),
        ({"extra_request": {"MaxPayloadInMB": 9}}, "extra_request.MaxPayloadInMB must be left out: set max_payload_mb"),
        (
            {"extra_request": {"TransformOutput": {"S3OutputPath": "s3://bucket/x/"}}},
            "extra_request.TransformOutput.S3OutputPath must be left out: set output_uri",
        ),
        ({"extra_request": {"DataProcessing": {"JoinSource": "Input"}}}, "DataProcessing needs prepare=False"),
    ],
)
def test_each_rule(changes: dict[str, Any], words: str) -> None:
    """One sentence that shows the value and the rule."""
    (said,) = _broken(**changes)
    assert words in said


def test_all_violations_are_told() -> None:
    """Of both places, of the version, and of the rest."""
    said = _broken(data="x", output_uri="y", model_package_arn=None, output_format="z", max_payload_mb=500)
    assert [each.split(" ")[0] for each in said] == [
        "data",
        "output_uri",
        "model_package_arn",
        "output_format",
        "max_payload_mb",
    ]


def test_data_as_it_is_may_be_processed() -> None:
    """Nobody else joins its predictions."""
    extra = {"DataProcessing": {"JoinSource": "Input"}, "TransformInput": {"CompressionType": "Gzip"}}
    assert _broken(prepare=False, key_columns=[], extra_request=extra) == []


@pytest.mark.parametrize(
    ("given", "names"),
    [("a, b,", ["a", "b"]), ("", []), (None, []), (("a",), ["a"]), (UNRESOLVED, UNRESOLVED), (5, 5)],
)
def test_names_may_be_text(given: Any, names: Any) -> None:
    """A rendered template is text."""
    assert names_of(given) == names


def _operator(**changes: Any) -> SageMakerBatchScoringOperator:
    given: dict[str, Any] = {name: VALID[name] for name in ("data", "output_uri", "model_package_arn", "key_columns")}
    return SageMakerBatchScoringOperator(**{"task_id": "score", "role_arn": ROLE, **given, **changes})


def test_literals_are_judged_at_parse() -> None:
    """An import error of the DAG that names the task; templates wait for their values."""
    with pytest.raises(ScoringRefusedAtParse) as raised:
        _operator(data="nowhere", output_format="json")
    assert isinstance(raised.value, InvalidScoring)
    assert str(raised.value).startswith("score: 2 errors:")
    _operator(data="{{ params.data }}", output_format="{{ params.kind }}", key_columns=["{{ params.key }}"])
    _operator(model_package_arn="{{ ti.xcom_pull('register') }}", max_payload_mb="{{ params.size }}")
    with pytest.raises(ScoringRefusedAtParse, match="and not both"):
        _operator(model_package_group_name="churn")


def test_members_are_judged_by_the_service_model() -> None:
    """Text becomes numbers, empty text leaves its member out, and violations have the names of arguments."""
    task = _operator(instance_count="2", max_payload_mb="10", volume_kms_key="", tags={"team": "churn"})
    members, model = checked_members(vars(task), [])
    assert members == {
        "MaxPayloadInMB": 10,
        "Tags": [{"Key": "team", "Value": "churn"}],
        "TransformResources": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 2},
    }
    assert model == {"ExecutionRoleArn": ROLE, "Tags": [{"Key": "team", "Value": "churn"}]}
    wrong = _operator(instance_count=0, role_arn="{{ none }}", vpc_config={"Subnets": ["a"]})
    wrong.instance_type, wrong.role_arn = "ml.m5.huge", ""
    with pytest.raises(InvalidScoring) as raised:
        checked_members(vars(wrong), [])
    paths = {violation.path for violation in raised.value.violations}
    assert paths == {"instance_type", "instance_count", "role_arn", "vpc_config.SecurityGroupIds"}


def test_only_what_is_set_is_sent() -> None:
    """The service has its own defaults."""
    names = [*OPTIONAL, "instance_type", "instance_count"]
    given = dict.fromkeys(names)
    assert transform_members(given) == {}


def test_the_roles_of_columns() -> None:
    """Target and weights are not asked for; a text needs its text only; a forecast needs all of the past."""
    header = ["w", "a", "target", "b"]
    table = {"TargetAttributeName": "target", "SampleWeightAttributeName": "w"}
    assert TrainingColumns.of_job("Tabular", table).expected(header) == ("a", "b")
    text = {"ContentColumn": "b", "TargetLabelColumn": "target"}
    assert TrainingColumns.of_job("TextClassification", text).expected(header) == ("b",)
    assert TrainingColumns.of_job("TimeSeriesForecasting", {}).expected(header) == tuple(header)
    config = {
        "TimeSeriesConfig": {
            "ItemIdentifierAttributeName": "item",
            "TimestampAttributeName": "day",
            "GroupingAttributeNames": ["shop"],
        }
    }
    assert time_series_keys(config) == ("item", "shop", "day")
    assert time_series_keys({}) == ()


def test_missing_columns_are_counted() -> None:
    """Twenty are named, each with the most similar one."""
    expected = [f"column_{number}" for number in range(30)]
    (violation,) = column_violations(expected, ["column_0", "Column_1"], [], "s3://bucket/rows.csv")
    assert "'column_1'; did you mean 'Column_1'?" in str(violation)
    assert str(violation).endswith("and 9 more")
    (key,) = column_violations([], ["ident"], ["id", "ident"], "s3://bucket/rows.csv")
    assert key.path == "key_columns"
