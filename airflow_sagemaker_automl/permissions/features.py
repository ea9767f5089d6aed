"""The table of permissions that Airflow's identity needs, by feature.

The test suite checks it: every AWS call that Airflow makes there must be in the table, and every entry must be called,
except for actions that other calls imply.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from airflow_sagemaker_automl.permissions.evaluation import EVALUATE
from airflow_sagemaker_automl.permissions.scoring import SCORE
from airflow_sagemaker_automl.permissions.terms import Feature, Permission, Resource

_TO_SAGEMAKER = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
_ON_CREATION = {"StringEquals": {"sagemaker:TaggingAction": "CreateAutoMLJobV2"}}
_FOR_AWS_SERVICES = {"Bool": {"kms:GrantIsForAWSResource": "true"}}

_DESCRIBE_JOB = Permission(
    action="sagemaker:DescribeAutoMLJobV2", on=(Resource.JOB,), why="reads the job, its outcome and its best candidate"
)
_LIST_JOBS = Permission(action="sagemaker:ListAutoMLJobs", on=(Resource.ANY,), why="")
_DESCRIBE_VERSION = Permission(action="sagemaker:DescribeModelPackage", on=(Resource.VERSION,), why="reads the version")
_LIST_VERSIONS = Permission(action="sagemaker:ListModelPackages", on=(Resource.VERSION,), why="")
_DESCRIBE_GROUP = Permission(
    action="sagemaker:DescribeModelPackageGroup", on=(Resource.GROUP,), why="checks that the group exists"
)
_UPDATE_VERSION = Permission(action="sagemaker:UpdateModelPackage", on=(Resource.VERSION,), why="changes the version")
_READ_REPORT = Permission(action="s3:GetObject", on=(Resource.OBJECT,), why="", operations=("GetObject",))
_LIST_CANDIDATES = Permission(action="sagemaker:ListCandidatesForAutoMLJob", on=(Resource.ANY,), why="")
_PASS_ROLE = Permission(action="iam:PassRole", on=(Resource.ROLE,), why="", is_implied=True, condition=_TO_SAGEMAKER)
_DECRYPT = Permission(
    action="kms:Decrypt",
    on=(Resource.KEY,),
    why="required by S3 if the report is encrypted with your KMS key",
    is_implied=True,
)

TRAIN = Feature(
    name="train",
    title="Train: start a job, or resume the one that was started",
    used_by=("SageMakerAutoMLJobOperator",),
    permissions=(
        Permission(action="sagemaker:CreateAutoMLJobV2", on=(Resource.JOB,), why="starts the job"),
        replace(_PASS_ROLE, why="required by `CreateAutoMLJobV2`: the job runs with the `role_arn` of the request"),
        Permission(
            action="sagemaker:AddTags",
            on=(Resource.JOB,),
            why="required by `CreateAutoMLJobV2` to create a job with tags; each job gets tags that name its owner",
            is_implied=True,
            condition=_ON_CREATION,
        ),
        _DESCRIBE_JOB,
        Permission(
            action="sagemaker:ListTags",
            on=(Resource.JOB,),
            why="reads the owner of an existing job of the same name",
            without="the owner is determined from the job's request",
        ),
        Permission(
            action="kms:CreateGrant",
            on=(Resource.KEY,),
            why="required with `VolumeKmsKeyId`, unless the execution role has it",
            without="the execution role needs it",
            is_implied=True,
            condition=_FOR_AWS_SERVICES,
        ),
    ),
)

WAIT = Feature(
    name="wait",
    title="Wait for the end of a job",
    used_by=("SageMakerAutoMLJobOperator", "SageMakerAutoMLJobSensor"),
    permissions=(
        _DESCRIBE_JOB,
        replace(
            _LIST_JOBS,
            why="one poll shared by all waiting tasks",
            without="each waiting task describes its own job at each poll",
        ),
    ),
)

QUEUE = Feature(
    name="queue",
    title="Wait for a free place in the account's quota of jobs",
    used_by=("SageMakerAutoMLJobOperator",),
    permissions=(
        replace(
            _LIST_JOBS,
            why="counts the running jobs",
            without="at each poll, one of the tasks in the queue tries to create its job",
        ),
    ),
)

STOP = Feature(
    name="stop",
    title="Stop jobs: at a timeout, when a user marks or clears a task, or by an operator",
    used_by=("SageMakerAutoMLJobOperator", "SageMakerStopAutoMLJobOperator"),
    permissions=(
        Permission(action="sagemaker:StopAutoMLJob", on=(Resource.JOB,), why="stops the job"),
        replace(_DESCRIBE_JOB, why="checks whether the job has ended"),
    ),
)

JUDGE = Feature(
    name="judge",
    title="Judge a candidate by a quality gate, optionally against the champion",
    used_by=("SageMakerCheckGroupOperator", "SageMakerQualityGateOperator"),
    permissions=(
        replace(_DESCRIBE_JOB, why="reads the job and its best candidate"),
        replace(
            _LIST_CANDIDATES, why="finds the candidate of `candidate_name`", without="`candidate_name` cannot be used"
        ),
        replace(_LIST_VERSIONS, why="finds the champion", without="a gate with `BetterThanChampion` fails"),
        replace(
            _DESCRIBE_VERSION, why="reads the champion's metrics", without="a gate with `BetterThanChampion` fails"
        ),
        replace(
            _DESCRIBE_GROUP,
            why="distinguishes a group that does not exist from one that is not visible",
            without="a gate with `BetterThanChampion` fails until the group exists",
        ),
        Permission(
            action="sagemaker:ListModelPackageGroups",
            on=(Resource.ANY,),
            why="finds a similar name if the group does not exist",
            without="the error suggests no other name",
        ),
        replace(
            _READ_REPORT,
            why="reads the report of an evaluation, and the metrics report of a champion without recorded metrics, "
            "which another program registered",
            without="rules on an evaluation fail, and such a champion has no metrics to compare with",
        ),
        replace(_DECRYPT, without="such a report is not read"),
    ),
)

REGISTER = Feature(
    name="register",
    title="Register a candidate as a version of a model package group",
    used_by=("SageMakerRegisterCandidateOperator",),
    permissions=(
        replace(_DESCRIBE_JOB, why="reads the job and its best candidate"),
        replace(
            _LIST_CANDIDATES,
            why="reads the leaderboard, or the candidate of `candidate_name`",
            without="the card has no leaderboard, and `candidate_name` cannot be used",
        ),
        _DESCRIBE_GROUP,
        Permission(
            action="sagemaker:CreateModelPackageGroup",
            on=(Resource.GROUP,),
            why="creates the group",
            without="the group must exist before",
        ),
        Permission(
            action="sagemaker:DeleteModelPackageGroup",
            on=(Resource.GROUP,),
            why="deletes a group that was created for a version which the service then refused",
            without="the empty group remains",
        ),
        Permission(
            action="sagemaker:CreateModelPackage", on=(Resource.VERSION, Resource.GROUP), why="registers the version"
        ),
        replace(_DESCRIBE_VERSION, why="waits until the service has completed the version"),
        replace(
            _LIST_VERSIONS,
            why="finds an earlier registration; one poll for each group; checks that a verdict is about the champion",
            without="only the client token, which AWS forgets after some time, prevents a second registration; each "
            "waiting task describes its own version; a verdict of `BetterThanChampion` approves nothing",
        ),
        replace(
            _UPDATE_VERSION, why="sets `source_uri`, which cannot be set at registration", without="no `source_uri`"
        ),
        replace(
            _READ_REPORT,
            why="reads the service's reports in the job's output",
            without="the version is registered without reports",
        ),
        replace(_DECRYPT, without="the version is registered without reports"),
        Permission(
            action="kms:GenerateDataKey",
            on=(Resource.KEY,),
            why="may be required with `security_config`",
            without="no `security_config` with that key",
            is_implied=True,
        ),
    ),
)

DECIDE = Feature(
    name="decide",
    title="Approve, reject or document a version; ask a reviewer in Airflow",
    used_by=("SageMakerUpdateModelPackageOperator", "SageMakerModelApprovalOperator"),
    permissions=(
        _DESCRIBE_VERSION,
        _UPDATE_VERSION,
        replace(
            _LIST_VERSIONS,
            why="checks in the task `approve_by_verdict` that a verdict is about the champion",
            without="a verdict of `BetterThanChampion` approves nothing",
        ),
    ),
)

AWAIT_DECISION = Feature(
    name="await-decision",
    title="Wait for a decision that is made outside Airflow",
    used_by=("SageMakerModelPackageApprovalSensor",),
    permissions=(
        _DESCRIBE_VERSION,
        replace(
            _LIST_VERSIONS,
            why="one poll for each group",
            without="each deferred sensor describes its own version at each poll",
        ),
    ),
)

WATCH = Feature(
    name="watch",
    title="Start DAGs when anyone approves a version (`approvals_watched`): the triggerer's identity",
    used_by=(),
    permissions=(
        replace(_LIST_VERSIONS, why="finds approved versions; one poll for each group"),
        replace(_DESCRIBE_VERSION, why="reads the content of the event"),
        replace(
            _DESCRIBE_GROUP,
            why="distinguishes a group that does not exist yet from one that is not visible",
            without="the watch begins when the group exists",
        ),
    ),
)

DEPLOY = Feature(
    name="deploy",
    title="Deploy approved versions as the DAG `automl_deploy_on_approval` does",
    used_by=(
        "SageMakerModelOperator",
        "SageMakerEndpointConfigOperator",
        "SageMakerEndpointOperator",
        "SageMakerEndpointSensor",
    ),
    permissions=(
        replace(_LIST_VERSIONS, why="finds the newest approved version of the group"),
        replace(_DESCRIBE_VERSION, why="checks that the version is approved"),
        Permission(action="sagemaker:CreateModel", on=(Resource.OWN_MODEL,), why="creates a model of the version"),
        replace(_PASS_ROLE, why="required by `CreateModel`: the endpoint runs with the execution role"),
        Permission(action="sagemaker:DescribeModel", on=(Resource.MODEL,), why="finds the version that is served"),
        Permission(
            action="sagemaker:DeleteModel",
            on=(Resource.OWN_MODEL,),
            why="deletes what an earlier try left behind",
        ),
        Permission(
            action="sagemaker:CreateEndpointConfig",
            on=(Resource.OWN_ENDPOINT_CONFIG,),
            why="creates the endpoint's configuration",
        ),
        Permission(
            action="sagemaker:DescribeEndpointConfig",
            on=(Resource.ENDPOINT_CONFIG,),
            why="finds the model that is served",
        ),
        Permission(
            action="sagemaker:DeleteEndpointConfig",
            on=(Resource.OWN_ENDPOINT_CONFIG,),
            why="deletes what an earlier try left behind",
        ),
        Permission(
            action="sagemaker:CreateEndpoint",
            on=(Resource.ENDPOINT, Resource.OWN_ENDPOINT_CONFIG),
            why="creates the endpoint",
        ),
        Permission(
            action="sagemaker:UpdateEndpoint",
            on=(Resource.ENDPOINT, Resource.OWN_ENDPOINT_CONFIG),
            why="updates the endpoint to the version",
        ),
        Permission(action="sagemaker:DescribeEndpoint", on=(Resource.ENDPOINT,), why="waits for the endpoint"),
        Permission(action="sagemaker:DeleteEndpoint", on=(Resource.ENDPOINT,), why="deletes a failed endpoint"),
        Permission(action="sagemaker:InvokeEndpoint", on=(Resource.ENDPOINT,), why="requests a prediction"),
    ),
)

EXAMPLE_DATA = Feature(
    name="example-data",
    title="Upload the small data sets of the DAG `automl_problem_types`",
    used_by=(),
    permissions=(
        Permission(
            action="s3:ListBucket",
            on=(Resource.BUCKET,),
            why="checks that the bucket exists",
            operations=("HeadBucket",),
        ),
        Permission(action="s3:PutObject", on=(Resource.OBJECT,), why="uploads them"),
    ),
)

ASSUME_ROLE = Feature(
    name="assume-role",
    title="Assume the role in Airflow's AWS connection: the identity that the connection's credentials belong to",
    used_by=(),
    permissions=(
        Permission(
            action="sts:AssumeRole",
            on=(Resource.CONNECTION_ROLE,),
            why="assumes the role that has the other permissions; its trust policy must allow this identity",
        ),
    ),
)

FEATURES = {
    feature.name: feature
    for feature in (
        TRAIN,
        WAIT,
        QUEUE,
        STOP,
        EVALUATE,
        JUDGE,
        REGISTER,
        DECIDE,
        AWAIT_DECISION,
        WATCH,
        DEPLOY,
        SCORE,
        EXAMPLE_DATA,
        ASSUME_ROLE,
    )
}


def all_permissions(features: Iterable[Feature] = FEATURES.values()) -> Iterator[Permission]:
    """Yield the permissions of all given features, with repetitions."""
    for feature in features:
        yield from feature.permissions
