"""The permissions that Airflow's identity needs to score tables."""

from __future__ import annotations

from airflow_sagemaker_automl.permissions.terms import Condition, Feature, Permission, Resource

_LEFTOVERS = "models that a crashed worker left behind remain"


def _on_creation(operation: str) -> Condition:
    return {"StringEquals": {"sagemaker:TaggingAction": operation}}


SCORE = Feature(
    name="score",
    title="Score a table with a version: prepare it, run a batch transform job, wait for it, and write the result",
    used_by=("SageMakerBatchScoringOperator", "SageMakerTransformJobSensor"),
    permissions=(
        Permission(
            action="sagemaker:ListModelPackages",
            on=(Resource.VERSION,),
            why="finds the newest approved version of `model_package_group_name`",
            without="`model_package_arn` is required",
        ),
        Permission(
            action="sagemaker:DescribeModelPackageGroup",
            on=(Resource.GROUP,),
            why="distinguishes a group that does not exist from one that is not visible",
            without="if the group does not exist, the error says that access is denied",
        ),
        Permission(
            action="sagemaker:DescribeModelPackage",
            on=(Resource.VERSION,),
            why="reads the version, its containers and its AutoML job",
        ),
        Permission(
            action="sagemaker:DescribeAutoMLJobV2",
            on=(Resource.JOB,),
            why="reads the problem type and the place of the training data",
            without="`columns` is required, and forecasts are not possible",
        ),
        Permission(
            action="s3:ListBucket",
            on=(Resource.BUCKET,),
            why="finds the files below a prefix",
            operations=("ListObjectsV2",),
        ),
        Permission(
            action="s3:GetObject",
            on=(Resource.OBJECT,),
            why="reads the data, the header of the training data, and the predictions",
            operations=("GetObject", "HeadObject"),
        ),
        Permission(
            action="s3:PutObject",
            on=(Resource.OBJECT,),
            why="writes the prepared data and the result below `output_uri`",
            operations=("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"),
        ),
        Permission(
            action="s3:DeleteObject",
            on=(Resource.OBJECT,),
            why="deletes the previous result, and the prepared data when it is no longer needed",
            operations=("DeleteObjects",),
        ),
        Permission(
            action="s3:AbortMultipartUpload",
            on=(Resource.OBJECT,),
            why="removes the parts of a large upload that failed",
            without="these parts remain, and cost storage, until a lifecycle rule of the bucket removes them",
        ),
        Permission(
            action="sagemaker:CreateModel",
            on=(Resource.SCORING_MODEL,),
            why="creates a model of the version",
        ),
        Permission(
            action="iam:PassRole",
            on=(Resource.ROLE,),
            why="required by `CreateModel`: the transform job runs with `role_arn`",
            is_implied=True,
            condition={"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}},
        ),
        Permission(
            action="sagemaker:AddTags",
            on=(Resource.SCORING_MODEL,),
            why="required by `CreateModel` to create a model with tags; each model gets tags that name its owner",
            is_implied=True,
            condition=_on_creation("CreateModel"),
        ),
        Permission(
            action="sagemaker:DescribeModel",
            on=(Resource.SCORING_MODEL,),
            why="checks an existing model of the same name",
        ),
        Permission(
            action="sagemaker:DeleteModel",
            on=(Resource.SCORING_MODEL,),
            why="deletes the model after the job",
            without="`keep_model=True` is required",
        ),
        Permission(action="sagemaker:CreateTransformJob", on=(Resource.TRANSFORM_JOB,), why="starts the transform job"),
        Permission(
            action="sagemaker:AddTags",
            on=(Resource.TRANSFORM_JOB,),
            why="required by `CreateTransformJob` to create a job with tags; each job gets tags that name its owner",
            is_implied=True,
            condition=_on_creation("CreateTransformJob"),
        ),
        Permission(
            action="sagemaker:DescribeTransformJob", on=(Resource.TRANSFORM_JOB,), why="reads the transform job"
        ),
        Permission(
            action="sagemaker:StopTransformJob",
            on=(Resource.TRANSFORM_JOB,),
            why="stops the job: at a timeout, or when a user marks or clears the task",
        ),
        Permission(
            action="sagemaker:ListTransformJobs",
            on=(Resource.ANY,),
            why="one poll shared by all waiting tasks; counts the running jobs while a task waits for quota",
            without="each waiting task describes its own job at each poll; in the queue for the quota, one of the "
            f"tasks tries to create its job at each poll; {_LEFTOVERS}",
        ),
        Permission(
            action="sagemaker:ListTags",
            on=(Resource.TRANSFORM_JOB, Resource.SCORING_MODEL),
            why="reads the owner of an existing job or model",
            without=f"the owner of a job is determined from its request; {_LEFTOVERS}",
        ),
        Permission(
            action="sagemaker:ListModels",
            on=(Resource.ANY,),
            why="finds models that a crashed worker left behind",
            without=_LEFTOVERS,
        ),
        Permission(
            action="sagemaker:ListEndpointConfigs",
            on=(Resource.ANY,),
            why="keeps such a model if an endpoint uses it",
            without=_LEFTOVERS,
        ),
        Permission(
            action="sagemaker:DescribeEndpointConfig",
            on=(Resource.ENDPOINT_CONFIG,),
            why="keeps such a model if an endpoint uses it",
            without=_LEFTOVERS,
        ),
        Permission(
            action="kms:Decrypt",
            on=(Resource.KEY,),
            why="required by S3 if the data, the training data or the output is encrypted with your KMS key",
            without="such data cannot be read",
            is_implied=True,
        ),
        Permission(
            action="kms:GenerateDataKey",
            on=(Resource.KEY,),
            why="required by S3 with `output_kms_key`, or if the output's bucket encrypts with your KMS key",
            without="such output cannot be written",
            is_implied=True,
        ),
        Permission(
            action="kms:CreateGrant",
            on=(Resource.KEY,),
            why="required with `volume_kms_key`, unless the execution role has it",
            without="the execution role needs it",
            is_implied=True,
            condition={"Bool": {"kms:GrantIsForAWSResource": "true"}},
        ),
    ),
)
