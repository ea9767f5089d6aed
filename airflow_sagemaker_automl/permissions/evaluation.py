"""The permissions that Airflow's identity needs to evaluate models."""

from __future__ import annotations

from airflow_sagemaker_automl.permissions.scoring import SCORE
from airflow_sagemaker_automl.permissions.terms import Feature, Permission, Resource

# What differs from a scoring.
_OWN = (
    Permission(
        action="sagemaker:DescribeAutoMLJobV2",
        on=(Resource.JOB,),
        why="reads the jobs of candidate and champion: the label, and the place of the training data",
    ),
    Permission(
        action="sagemaker:ListCandidatesForAutoMLJob",
        on=(Resource.ANY,),
        why="finds the candidate of `candidate_name`",
        without="`candidate_name` cannot be used",
    ),
    Permission(
        action="sagemaker:ListModelPackages",
        on=(Resource.VERSION,),
        why="finds the champion",
        without="`against` must be the ARN of a version",
    ),
    Permission(
        action="sagemaker:DescribeModelPackage",
        on=(Resource.VERSION,),
        why="reads the champion, its containers and its AutoML job",
    ),
    Permission(
        action="sagemaker:ListModelPackageGroups",
        on=(Resource.ANY,),
        why="finds a similar name if the group does not exist",
        without="the error suggests no other name",
    ),
    Permission(
        action="s3:GetObject",
        on=(Resource.OBJECT,),
        why="reads the rows, the header of the training data, the predictions, the scores and the report",
        operations=("GetObject", "HeadObject"),
    ),
    Permission(
        action="s3:PutObject",
        on=(Resource.OBJECT,),
        why="writes the prepared data, the scores and the report below `output_uri`",
        operations=("PutObject", "CreateMultipartUpload", "UploadPart", "CompleteMultipartUpload"),
    ),
    Permission(
        action="s3:DeleteObject",
        on=(Resource.OBJECT,),
        why="deletes scores of earlier rows, and the prepared data when it is no longer needed",
        operations=("DeleteObjects",),
    ),
    Permission(
        action="sagemaker:CreateModel",
        on=(Resource.SCORING_MODEL,),
        why="creates a model of the candidate and one of the champion",
    ),
    Permission(
        action="sagemaker:DeleteModel",
        on=(Resource.SCORING_MODEL,),
        why="deletes the models after the jobs",
    ),
    Permission(
        action="sagemaker:CreateTransformJob", on=(Resource.TRANSFORM_JOB,), why="starts the two transform jobs"
    ),
)
_REPLACED = {each.action for each in _OWN}

EVALUATE = Feature(
    name="evaluate",
    title="Evaluate a candidate and the champion on the same rows: two batch transform jobs, and a report",
    used_by=("SageMakerModelEvaluationOperator",),
    permissions=(
        *_OWN,
        *(each for each in SCORE.permissions if each.action not in _REPLACED),
    ),
)
