"""Valid registrations and version updates for tests of rules and constraints."""

from __future__ import annotations

import json
from typing import Any

from tests.support.requests import ROLE

ACCOUNT = "arn:aws:sagemaker:eu-west-1:123456789012"
GROUP_ARN = f"{ACCOUNT}:model-package-group/churn"
VERSION_ARN = f"{ACCOUNT}:model-package/churn/3"
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-xgboost:1.7-1-cpu-py3"
_DIGEST = f"sha256:{'0' * 64}"
_SOURCE = {"ContentType": "application/json", "ContentDigest": _DIGEST, "S3Uri": "s3://bucket/statistics.json"}
_S3_MODEL = {
    "S3Uri": "s3://bucket/model/",
    "S3DataType": "S3Prefix",
    "CompressionType": "None",
    "ModelAccessConfig": {"AcceptEula": True},
    "HubAccessConfig": {"HubContentArn": f"{ACCOUNT}:hub-content/hub/Model/x/1"},
    "ManifestS3Uri": "s3://bucket/manifest.csv",
    "ETag": "e",
    "ManifestEtag": "e",
}
_CONTAINER = {
    "ContainerHostname": "algo-1",
    "Image": IMAGE,
    "ImageDigest": _DIGEST,
    "ModelDataUrl": "s3://bucket/model.tar.gz",
    "ModelDataSource": {"S3DataSource": _S3_MODEL},
    "ProductId": "product",
    "Environment": {"SAGEMAKER_PROGRAM": "serve.py"},
    "ModelInput": {"DataInputConfig": "{}"},
    "Framework": "XGBOOST",
    "FrameworkVersion": "1.7-1",
    "NearestModelName": "resnet50",
    "AdditionalModelDataSources": [{"ChannelName": "adapter", "S3DataSource": _S3_MODEL}],
    "AdditionalS3DataSource": {
        "S3DataType": "S3Prefix",
        "S3Uri": "s3://bucket/more/",
        "CompressionType": "Gzip",
        "ETag": "e",
    },
    "ModelDataETag": "e",
    "IsCheckpoint": False,
    "BaseModel": {"HubContentName": "x", "HubContentVersion": "1.0.0", "RecipeName": "recipe"},
}
_SPECIFICATION = {
    "Containers": [_CONTAINER],
    "SupportedTransformInstanceTypes": ["ml.m5.large"],
    "SupportedRealtimeInferenceInstanceTypes": ["ml.m5.large"],
    "SupportedContentTypes": ["text/csv"],
    "SupportedResponseMIMETypes": ["text/csv"],
}
_ADDITIONAL = [{"Name": "gpu", "Description": "with a GPU", **_SPECIFICATION}]
_TRANSFORM = {
    "MaxConcurrentTransforms": 1,
    "MaxPayloadInMB": 6,
    "BatchStrategy": "MultiRecord",
    "Environment": {"KEY": "value"},
    "TransformInput": {
        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/in/"}},
        "ContentType": "text/csv",
        "CompressionType": "None",
        "SplitType": "Line",
    },
    "TransformOutput": {
        "S3OutputPath": "s3://bucket/out/",
        "Accept": "text/csv",
        "AssembleWith": "Line",
        "KmsKeyId": "key",
    },
    "TransformResources": {
        "InstanceType": "ml.m5.large",
        "InstanceCount": 1,
        "VolumeKmsKeyId": "key",
        "TransformAmiVersion": "al2-ami-sagemaker-batch-gpu-470",
    },
}
_OF_BOTH = {
    "ModelApprovalStatus": "Approved",
    "ModelPackageRegistrationType": "Registered",
    "CustomerMetadataProperties": {"note": "for the review of 2026-01"},
    "InferenceSpecification": _SPECIFICATION,
    "ModelCard": {"ModelCardContent": "{}", "ModelCardStatus": "Draft"},
    "ModelLifeCycle": {"Stage": "Development", "StageStatus": "InProgress", "StageDescription": "from a DAG"},
}


def _written_out(request: dict[str, Any]) -> dict[str, Any]:
    """Copy a request so that no object occurs in it twice."""
    copy: dict[str, Any] = json.loads(json.dumps(request))
    return copy


def smallest_registration() -> dict[str, Any]:
    """Write the smallest valid registration."""
    containers = [{"Image": IMAGE, "ModelDataUrl": "s3://bucket/model.tar.gz"}]
    types = {"SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}
    return {"ModelPackageGroupName": "churn", "InferenceSpecification": {"Containers": containers, **types}}


def smallest_update() -> dict[str, Any]:
    """Write the most common update."""
    return {"ModelPackageArn": VERSION_ARN, "ModelApprovalStatus": "Approved"}


def cloning_registration() -> dict[str, Any]:
    """Write a registration with a source, which needs no containers."""
    return {"ModelPackageGroupName": GROUP_ARN, "SourceUri": VERSION_ARN}


def largest_registration() -> dict[str, Any]:
    """Write a registration with all members."""
    quality = {"Statistics": _SOURCE, "Constraints": _SOURCE}
    reports = ("Report", "PreTrainingReport", "PostTrainingReport")
    metrics = {
        "ModelQuality": quality,
        "ModelDataQuality": quality,
        "Bias": dict.fromkeys(reports, _SOURCE),
        "Explainability": {"Report": _SOURCE},
    }
    bias = ("ConfigFile", "PreTrainingConstraints", "PostTrainingConstraints")
    baselines = {
        "Bias": dict.fromkeys(bias, _SOURCE),
        "Explainability": {"Constraints": _SOURCE, "ConfigFile": _SOURCE},
        "ModelQuality": quality,
        "ModelDataQuality": quality,
    }
    algorithm = {
        "ModelDataUrl": "s3://bucket/model.tar.gz",
        "ModelDataSource": {"S3DataSource": _S3_MODEL},
        "ModelDataETag": "e",
        "AlgorithmName": "algorithm",
    }
    profiles = [{"ProfileName": "profile", "TransformJobDefinition": _TRANSFORM}]
    return _written_out(
        _OF_BOTH
        | {
            "ModelPackageGroupName": "churn",
            "ModelPackageDescription": "Café – 客户流失 👍",
            "AdditionalInferenceSpecifications": _ADDITIONAL,
            "ValidationSpecification": {"ValidationRole": ROLE, "ValidationProfiles": profiles},
            "SourceAlgorithmSpecification": {"SourceAlgorithms": [algorithm]},
            "CertifyForMarketplace": False,
            "MetadataProperties": dict.fromkeys(("CommitId", "Repository", "GeneratedBy", "ProjectId"), "x"),
            "ModelMetrics": metrics,
            "DriftCheckBaselines": baselines,
            "Domain": "MACHINE_LEARNING",
            "Task": "CLASSIFICATION",
            "SamplePayloadUrl": "s3://bucket/payload.tar.gz",
            "SkipModelValidation": "All",
            "SecurityConfig": {"KmsKeyId": "key"},
            "ManagedStorageType": "Restricted",
            "ClientToken": "0f3a-1",
        }
    )


def largest_update() -> dict[str, Any]:
    """Write an update with all members."""
    return _written_out(
        _OF_BOTH
        | {
            "ModelPackageArn": VERSION_ARN,
            "ApprovalDescription": "Better than its predecessor.",
            "CustomerMetadataPropertiesToRemove": ["ticket"],
            "AdditionalInferenceSpecificationsToAdd": _ADDITIONAL,
            "SourceUri": "s3://bucket/source",
        }
    )
