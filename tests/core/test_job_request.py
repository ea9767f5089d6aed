"""A typed request says the same as the dictionary that boto3 takes."""

from __future__ import annotations

from botocore.session import get_session
from botocore.validate import ParamValidator

from airflow_sagemaker_automl.core.job_request import AutoMLJobRequest
from airflow_sagemaker_automl.core.problem_types import CompletionCriteria, Tabular
from airflow_sagemaker_automl.emulator.contract import check_request

ROLE = "arn:aws:iam::123456789012:role/sagemaker-automl"
SMALLEST = AutoMLJobRequest(
    problem_type=Tabular(target="y"), training_data="s3://bucket/train/", output="s3://bucket/out", role_arn=ROLE
)
LARGEST = AutoMLJobRequest(
    problem_type=Tabular(
        target="y",
        problem_type="Regression",
        mode="ENSEMBLING",
        algorithms=["lightgbm", "xgboost"],
        completion=CompletionCriteria(max_candidates=5, max_job_seconds=3600, max_training_job_seconds=600),
        sample_weight="weight",
        feature_specification="s3://bucket/features.json",
        candidate_definitions_only=False,
    ),
    training_data="s3://bucket/train/",
    validation_data="s3://bucket/validation/",
    validation_fraction=0.3,
    objective="RMSE",
    output="s3://bucket/out",
    output_kms_key="key",
    role_arn=ROLE,
    tags={"team": "risk"},
)


def test_the_smallest_request_leaves_everything_to_the_service() -> None:
    """Nothing is sent that was not asked for, but the content type."""
    assert SMALLEST.to_api() == {
        "AutoMLJobInputDataConfig": [
            {
                "ChannelType": "training",
                "ContentType": "text/csv;header=present",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": "s3://bucket/out"},
        "AutoMLProblemTypeConfig": {"TabularJobConfig": {"TargetAttributeName": "y"}},
        "RoleArn": ROLE,
    }


def test_every_argument_arrives_where_it_belongs() -> None:
    """The largest request, read back member by member."""
    api = LARGEST.to_api()
    config = api["AutoMLProblemTypeConfig"]["TabularJobConfig"]
    assert config == {
        "TargetAttributeName": "y",
        "ProblemType": "Regression",
        "Mode": "ENSEMBLING",
        "CandidateGenerationConfig": {"AlgorithmsConfig": [{"AutoMLAlgorithms": ["lightgbm", "xgboost"]}]},
        "CompletionCriteria": {
            "MaxCandidates": 5,
            "MaxAutoMLJobRuntimeInSeconds": 3600,
            "MaxRuntimePerTrainingJobInSeconds": 600,
        },
        "SampleWeightAttributeName": "weight",
        "FeatureSpecificationS3Uri": "s3://bucket/features.json",
        "GenerateCandidateDefinitionsOnly": False,
    }
    assert [channel["ChannelType"] for channel in api["AutoMLJobInputDataConfig"]] == ["training", "validation"]
    assert api["OutputDataConfig"] == {"S3OutputPath": "s3://bucket/out", "KmsKeyId": "key"}
    assert api["DataSplitConfig"] == {"ValidationFraction": 0.3}
    assert api["AutoMLJobObjective"] == {"MetricName": "RMSE"}
    assert api["Tags"] == [{"Key": "team", "Value": "risk"}]


def test_the_service_model_accepts_both() -> None:
    """botocore's own validator, and all constraints of its service model, have nothing to say."""
    shape = get_session().get_service_model("sagemaker").operation_model("CreateAutoMLJobV2").input_shape
    assert shape
    for request in (SMALLEST, LARGEST):
        api = {"AutoMLJobName": "job", **request.to_api()}
        assert not ParamValidator().validate(api, shape).has_errors()
        check_request("CreateAutoMLJobV2", api)


def test_each_call_gives_a_value_of_its_own() -> None:
    """Changing what one call returned changes neither the request nor the next call's value."""
    first = LARGEST.to_api()
    first["AutoMLProblemTypeConfig"]["TabularJobConfig"].clear()
    first["Tags"].clear()
    assert LARGEST.to_api()["AutoMLProblemTypeConfig"]["TabularJobConfig"]["TargetAttributeName"] == "y"
    assert LARGEST.to_api()["Tags"]
