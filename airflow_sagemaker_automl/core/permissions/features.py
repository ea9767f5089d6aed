"""The table: what Airflow's identity needs, by what it is to do.

The whole test suite is held against it: every call that Airflow makes there has to be in it, and everything that is in
it has to be called there, but for what is implied by other calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from airflow_sagemaker_automl.core.permissions.terms import Feature, Permission, Resource

_TO_SAGEMAKER = {"StringEquals": {"iam:PassedToService": "sagemaker.amazonaws.com"}}
_ON_CREATION = {"StringEquals": {"sagemaker:TaggingAction": "CreateAutoMLJobV2"}}
_FOR_AWS_SERVICES = {"Bool": {"kms:GrantIsForAWSResource": "true"}}

_DESCRIBE_JOB = Permission(
    action="sagemaker:DescribeAutoMLJobV2", on=(Resource.JOB,), why="reads the job, its end and its best candidate"
)
_LIST_JOBS = Permission(action="sagemaker:ListAutoMLJobs", on=(Resource.ANY,), why="")
_DESCRIBE_VERSION = Permission(action="sagemaker:DescribeModelPackage", on=(Resource.VERSION,), why="reads the version")
_LIST_VERSIONS = Permission(action="sagemaker:ListModelPackages", on=(Resource.VERSION,), why="")
_DESCRIBE_GROUP = Permission(
    action="sagemaker:DescribeModelPackageGroup", on=(Resource.GROUP,), why="looks whether the group is there"
)
_UPDATE_VERSION = Permission(action="sagemaker:UpdateModelPackage", on=(Resource.VERSION,), why="changes the version")
_READ_REPORT = Permission(action="s3:GetObject", on=(Resource.OBJECT,), why="", operations=("GetObject",))
_LIST_CANDIDATES = Permission(action="sagemaker:ListCandidatesForAutoMLJob", on=(Resource.ANY,), why="")
_PASS_ROLE = Permission(action="iam:PassRole", on=(Resource.ROLE,), why="", is_implied=True, condition=_TO_SAGEMAKER)
_DECRYPT = Permission(
    action="kms:Decrypt",
    on=(Resource.KEY,),
    why="S3 asks for it where the report is encrypted with a key of yours",
    is_implied=True,
)

TRAIN = Feature(
    name="train",
    title="Train: start a job, or go on with the one that was started",
    used_by=("SageMakerAutoMLJobOperator",),
    permissions=(
        Permission(action="sagemaker:CreateAutoMLJobV2", on=(Resource.JOB,), why="starts the job"),
        replace(_PASS_ROLE, why="`CreateAutoMLJobV2` asks for it: the job runs with the `role_arn` of the request"),
        Permission(
            action="sagemaker:AddTags",
            on=(Resource.JOB,),
            why="`CreateAutoMLJobV2` asks for it where a job gets tags, and each job gets those that say whose it is",
            is_implied=True,
            condition=_ON_CREATION,
        ),
        _DESCRIBE_JOB,
        Permission(
            action="sagemaker:ListTags",
            on=(Resource.JOB,),
            why="reads whose job it is that has the name already",
            without="the job's request tells whose it is",
        ),
        Permission(
            action="kms:CreateGrant",
            on=(Resource.KEY,),
            why="the service asks for it with `VolumeKmsKeyId`, unless the execution role may do it",
            without="the execution role has to be allowed it",
            is_implied=True,
            condition=_FOR_AWS_SERVICES,
        ),
    ),
)

WAIT = Feature(
    name="wait",
    title="Wait for a job's end",
    used_by=("SageMakerAutoMLJobOperator", "SageMakerAutoMLJobSensor"),
    permissions=(
        _DESCRIBE_JOB,
        replace(
            _LIST_JOBS,
            why="is the one poll that all waiting tasks share",
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
            why="counts the jobs that run",
            without="of the tasks that wait for a place, one tries to create its job at each poll",
        ),
    ),
)

STOP = Feature(
    name="stop",
    title="Stop jobs: at a time limit, when a task is ended or cleared, or by an operator",
    used_by=("SageMakerAutoMLJobOperator", "SageMakerStopAutoMLJobOperator"),
    permissions=(
        Permission(action="sagemaker:StopAutoMLJob", on=(Resource.JOB,), why="stops the job"),
        replace(_DESCRIBE_JOB, why="looks whether the job has ended"),
    ),
)

JUDGE = Feature(
    name="judge",
    title="Judge a candidate by a quality gate, against the champion",
    used_by=("SageMakerQualityGateOperator",),
    permissions=(
        replace(_DESCRIBE_JOB, why="reads the job and its best candidate"),
        replace(
            _LIST_CANDIDATES, why="finds the candidate of `candidate_name`", without="`candidate_name` cannot be used"
        ),
        replace(_LIST_VERSIONS, why="finds the champion", without="a gate with `BetterThanChampion` fails"),
        replace(
            _DESCRIBE_VERSION, why="reads the champion's figures", without="a gate with `BetterThanChampion` fails"
        ),
        replace(
            _DESCRIBE_GROUP,
            why="tells a group that does not exist from one that may not be seen",
            without="a gate with `BetterThanChampion` fails as long as there is no group",
        ),
        Permission(
            action="sagemaker:ListModelPackageGroups",
            on=(Resource.ANY,),
            why="finds the group that is most like one that does not exist",
            without="the error about such a group suggests no name",
        ),
        replace(
            _READ_REPORT,
            why="reads the metrics report of a champion whose record has no figures, which other programs register",
            without="such a champion has no figures to beat",
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
            why="makes the group",
            without="the group has to be there before",
        ),
        Permission(
            action="sagemaker:DeleteModelPackageGroup",
            on=(Resource.GROUP,),
            why="takes away a group that was made for a version which the service then refused",
            without="such a group stays, empty",
        ),
        Permission(
            action="sagemaker:CreateModelPackage", on=(Resource.VERSION, Resource.GROUP), why="registers the version"
        ),
        replace(_DESCRIBE_VERSION, why="waits until the service has completed the version"),
        replace(
            _LIST_VERSIONS,
            why="finds what was registered before, and is the one poll for each group",
            without="only the client token, which AWS forgets after a while, keeps a version from being registered "
            "twice; each waiting task describes its own version",
        ),
        replace(_UPDATE_VERSION, why="sets `source_uri`, which cannot be given at once", without="no `source_uri`"),
        replace(
            _READ_REPORT,
            why="reads the service's reports in the job's output",
            without="the version is registered without reports",
        ),
        replace(_DECRYPT, without="the version is registered without reports"),
        Permission(
            action="kms:GenerateDataKey",
            on=(Resource.KEY,),
            why="the service may ask for it with `security_config`",
            without="no `security_config` with that key",
            is_implied=True,
        ),
    ),
)

DECIDE = Feature(
    name="decide",
    title="Approve, reject or document a version; have a person decide in Airflow",
    used_by=("SageMakerUpdateModelPackageOperator", "SageMakerModelApprovalOperator"),
    permissions=(_DESCRIBE_VERSION, _UPDATE_VERSION),
)

AWAIT_DECISION = Feature(
    name="await-decision",
    title="Wait for a decision that is made elsewhere",
    used_by=("SageMakerModelPackageApprovalSensor",),
    permissions=(
        _DESCRIBE_VERSION,
        replace(
            _LIST_VERSIONS,
            why="is the one poll for each group",
            without="each deferred sensor describes its own version at each poll",
        ),
    ),
)

WATCH = Feature(
    name="watch",
    title="Start DAGs by approvals, whoever makes them (`approvals_watched`): the triggerer's identity",
    used_by=(),
    permissions=(
        replace(_LIST_VERSIONS, why="finds approved versions, on one poll for each group"),
        replace(_DESCRIBE_VERSION, why="reads what is told of an approval"),
        replace(
            _DESCRIBE_GROUP,
            why="tells a group that is not there yet from one that may not be seen",
            without="the watch begins when there is a group",
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
        replace(_DESCRIBE_VERSION, why="looks whether the version is approved"),
        Permission(action="sagemaker:CreateModel", on=(Resource.OWN_MODEL,), why="makes a model of the version"),
        replace(_PASS_ROLE, why="`CreateModel` asks for it: the endpoint runs with the execution role"),
        Permission(action="sagemaker:DescribeModel", on=(Resource.MODEL,), why="finds the version that is served"),
        Permission(
            action="sagemaker:DeleteModel",
            on=(Resource.OWN_MODEL,),
            why="takes away what an earlier try has left",
        ),
        Permission(
            action="sagemaker:CreateEndpointConfig",
            on=(Resource.OWN_ENDPOINT_CONFIG,),
            why="makes the endpoint's configuration",
        ),
        Permission(
            action="sagemaker:DescribeEndpointConfig",
            on=(Resource.ENDPOINT_CONFIG,),
            why="finds the model that is served",
        ),
        Permission(
            action="sagemaker:DeleteEndpointConfig",
            on=(Resource.OWN_ENDPOINT_CONFIG,),
            why="takes away what an earlier try has left",
        ),
        Permission(
            action="sagemaker:CreateEndpoint",
            on=(Resource.ENDPOINT, Resource.OWN_ENDPOINT_CONFIG),
            why="makes the endpoint",
        ),
        Permission(
            action="sagemaker:UpdateEndpoint",
            on=(Resource.ENDPOINT, Resource.OWN_ENDPOINT_CONFIG),
            why="replaces what the endpoint serves",
        ),
        Permission(action="sagemaker:DescribeEndpoint", on=(Resource.ENDPOINT,), why="waits for the endpoint"),
        Permission(
            action="sagemaker:DeleteEndpoint", on=(Resource.ENDPOINT,), why="takes away an endpoint that has failed"
        ),
        Permission(action="sagemaker:InvokeEndpoint", on=(Resource.ENDPOINT,), why="asks for a prediction"),
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
            why="looks whether there is the bucket",
            operations=("HeadBucket",),
        ),
        Permission(action="s3:PutObject", on=(Resource.OBJECT,), why="uploads them"),
    ),
)

ASSUME_ROLE = Feature(
    name="assume-role",
    title="Assume the role that Airflow's AWS connection names: the identity that the connection starts from",
    used_by=(),
    permissions=(
        Permission(
            action="sts:AssumeRole",
            on=(Resource.CONNECTION_ROLE,),
            why="becomes the role that may do the rest, whose trust policy has to name this identity, too",
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
        JUDGE,
        REGISTER,
        DECIDE,
        AWAIT_DECISION,
        WATCH,
        DEPLOY,
        EXAMPLE_DATA,
        ASSUME_ROLE,
    )
}


def all_permissions(features: Iterable[Feature] = FEATURES.values()) -> Iterator[Permission]:
    """Give the permissions of features, one after the other; the same one may come again."""
    for feature in features:
        yield from feature.permissions
