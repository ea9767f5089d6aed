"""Generates the documentation page on permissions from the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airflow_sagemaker_automl.permissions import sagemaker
from airflow_sagemaker_automl.permissions.documents import Document, policy, written
from airflow_sagemaker_automl.permissions.features import FEATURES
from airflow_sagemaker_automl.permissions.terms import Feature, Permission, Place, Resource

_ACCOUNT, _REGION = "123456789012", "eu-central-1"
_EXAMPLE = Place(
    account=_ACCOUNT,
    region=_REGION,
    group="churn",
    endpoint="churn",
    buckets=("my-bucket",),
    role=f"arn:aws:iam::{_ACCOUNT}:role/sagemaker-automl",
    connection_role=f"arn:aws:iam::{_ACCOUNT}:role/airflow-aws",
    keys=(f"arn:aws:kms:{_REGION}:{_ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab",),
)
_IDENTITIES = [f"arn:aws:iam::{_ACCOUNT}:role/sagemaker-automl", f"arn:aws:iam::{_ACCOUNT}:role/airflow"]
_WORDS = {
    Resource.ANY: "`*`",
    Resource.JOB: "`automl-job/NAME`",
    Resource.GROUP: "`model-package-group/GROUP`",
    Resource.VERSION: "`model-package/GROUP/*`",
    Resource.TRANSFORM_JOB: "`transform-job/NAME`",
    Resource.MODEL: "`model/*`",
    Resource.OWN_MODEL: "`model/ENDPOINT-v*`",
    Resource.SCORING_MODEL: "`model/NAME`",
    Resource.ENDPOINT_CONFIG: "`endpoint-config/*`",
    Resource.OWN_ENDPOINT_CONFIG: "`endpoint-config/ENDPOINT-v*`",
    Resource.ENDPOINT: "`endpoint/ENDPOINT`",
    Resource.ANY_ENDPOINT: "`endpoint/*`",
    Resource.LOG_GROUP: "`log-group:/aws/sagemaker/*`",
    Resource.LOG_STREAM: "`log-group:/aws/sagemaker/*:log-stream:*`",
    Resource.BUCKET: "the bucket",
    Resource.OBJECT: "the bucket's objects",
    Resource.ROLE: "the role in `role_arn`",
    Resource.CONNECTION_ROLE: "the role to assume",
    Resource.KEY: "your KMS key",
}

_BEGINNING = """\
# Permissions

<!-- Written by: python -m airflow_sagemaker_automl permissions page > docs/iam.md -->

Two identities need permissions. **Airflow's identity**, that of its AWS connection, calls AWS from workers and from the
triggerer. **The execution role**, `role_arn` of the request, is the role with which SageMaker reads the data, trains
and scores. Airflow's identity reads your data only to score it (`score`) or to evaluate models on it (`evaluate`).

This command prints the policies below for your resource names and for the features that you use:

```bash
python -m airflow_sagemaker_automl permissions airflow train wait queue stop register \\
    --account 123456789012 --region eu-central-1 \\
    --role sagemaker-automl --bucket my-bucket/models --group churn > airflow.json
aws iam put-role-policy --role-name airflow --policy-name automl --policy-document file://airflow.json
```

If `--bucket` names the folder of the jobs' outputs, Airflow's identity cannot read the data. `score` and `evaluate`
need the folders of the data to score, of the results and of the training data, `evaluate` those of both models: repeat
`--bucket` for each of them. `--job` limits the names of AutoML jobs, of transform jobs and of their models:
`--job 'churn-*'` for the tasks of a DAG `churn`. `--key` adds the permissions for your KMS keys. The partition, for
China and GovCloud, follows from the region; without a region, set `--partition`. `--required-only` leaves out optional
permissions. `permissions --help` lists the commands for the other documents on this page.

The test suite checks this page against every AWS call that Airflow makes there: the page has all of them, and nothing
that is never called. The exceptions are actions that AWS checks while it handles another call, which are marked
*implied*. Actions and the resources that can limit them are checked against AWS's Service Authorization Reference.

## Airflow's own identity

The DAG `automl_retraining` needs `train`, `wait`, `queue`, `stop`, `judge`, `register` and `decide`, and with
`evaluation=` also `evaluate`; `automl_batch_scoring` needs `score`. A permission is required unless the last column
says what happens without it. A permission is on `*` if the action does not support resources, or if the resources
belong to AWS.
"""

_IMPLIED = """\
### Implied actions

This package does not call these actions. AWS checks them while it handles another call.
"""

_ROLE = """\
## The execution role

Create it from two documents:

```bash
python -m airflow_sagemaker_automl permissions trust --account 123456789012 > trust.json
python -m airflow_sagemaker_automl permissions execution-role \\
    --account 123456789012 --region eu-central-1 --role sagemaker-automl --bucket my-bucket > role.json
aws iam create-role --role-name sagemaker-automl --assume-role-policy-document file://trust.json
aws iam put-role-policy --role-name sagemaker-automl --policy-name automl --policy-document file://role.json
```

Its trust policy allows SageMaker to assume it, for this account only:
"""

_ROLE_POLICY = """\
Its permissions, for a job that reads from and writes to `my-bucket` (`permissions execution-role`; `--key` adds KMS
keys, `--deploys` supports jobs with `ModelDeployConfig`, `--in-network` jobs with `VpcConfig`). Transform jobs need no
other permissions: the role reads the model and the prepared data, and writes the predictions below `output_uri`, so
`--bucket` must name that bucket too:
"""

_KEYS = """\
## KMS keys

If data, outputs or volumes are encrypted with a customer managed key, both the identities' policies (`--key`) and the
key policy must allow its use. Add these statements to the key policy (`permissions key`):
"""

_SHARED = """\
## Share a group with other accounts

The account that owns the group sets a resource policy on it. This one allows another account to register versions
(`permissions group register`; the other uses are `decide` and `deploy`, which includes scoring):
"""

_SHARED_END = """\
```bash
aws sagemaker put-model-package-group-policy --model-package-group-name churn --resource-policy file://group.json
```

The other account's identity needs the same permissions in its own policy, with the group's account in the ARNs
(`--account`), and must name the group by its ARN. A group named by ARN is never created. AWS also requires that the
jobs' outputs are encrypted with a customer managed key, that the account that owns the group has `kms:Decrypt` and
`kms:GenerateDataKey` on the key, and a bucket policy with `s3:GetObject`, `s3:GetObjectAcl` and `s3:GetBucketAcl`.
"""

_APPROVAL = """\
## Registering without approving

An identity that can register versions can also register them as approved, unless you add this policy. Approvals then
need another identity, on another AWS connection:
"""

_CALLS = """\
## Which calls does my DAG make?

The emulator records which operations are called, and by which Airflow operators:

```bash
python -m airflow_sagemaker_automl.emulator --record-calls calls/
```

Run the DAG against it. The folder then has one line of JSON for each different call.
"""

_NOT_VERIFIED = """\
## Not verified against live AWS

This page was written without an AWS account. The names of actions, their resource types and condition keys are those
of AWS's Service Authorization Reference; the execution role is that of AWS's developer guide. Not verified:

- which ARN IAM checks for `ListModelPackages` of a group. The reference and AWS's example for other accounts have
  `model-package`. If listing is denied, allow it on `*`;
- which of the two ARNs IAM checks for `CreateModelPackage`. Both are allowed here; the reference has both;
- whether `CreateModelPackage` reads the model's archive and image with the caller's permissions. AWS's managed policy
  for the registry (`AmazonSageMakerModelRegistryFullAccess`) has `s3:GetObject`, `ecr:BatchGetImage` and
  `ecr:DescribeImages`. If a registration is denied because one of them is missing, add it;
- whether `sagemaker:TaggingAction` is `CreateAutoMLJobV2` when a job is created with tags, as the key's description
  says. If `AddTags` is denied, remove the condition;
- whether SageMaker sends `aws:SourceAccount` with everything that an AutoML job starts. If it cannot assume the role,
  remove that condition from the trust policy;
- whether `security_config` of a version, or `VolumeKmsKeyId` of a job, needs more permissions on the key;
- which endpoint and model actions of the execution role a job needs without `ModelDeployConfig`. AWS's guide lists them
  for every job, on all resources; here `--deploys` adds them. Jobs in mode `HYPERPARAMETER_TUNING` create models of
  candidates: if one fails because `CreateModel` is missing, add `--deploys`;
- whether IAM compares names with capitals literally: SageMaker writes some ARNs in lower case;
- whether `CreateModel` from a version needs more permissions of the caller or of the execution role, and whether
  `sagemaker:TaggingAction` is `CreateModel` or `CreateTransformJob` when `score` or `evaluate` creates them with tags.
  If `AddTags` is denied, remove the condition;
- whether the service principal is `sagemaker.amazonaws.com` in China too.
"""


def page() -> str:
    """Write the whole page."""
    return "\n".join(line.rstrip() for line in "\n".join(_parts()).splitlines()) + "\n"


def _parts() -> Iterator[str]:
    yield _BEGINNING
    for feature in FEATURES.values():
        yield from _about(feature)
    yield _IMPLIED
    yield from _implied()
    yield _ROLE
    yield _json(sagemaker.trust(_EXAMPLE))
    yield _ROLE_POLICY
    yield _json(sagemaker.execution_role(_without_keys()))
    yield from _purposes([*sagemaker.EXECUTION_ROLE, *sagemaker.NETWORK])
    yield _KEYS
    yield _json(sagemaker.key_statements(_IDENTITIES))
    yield _SHARED
    yield _json(sagemaker.shared_group(_EXAMPLE, ["210987654321"], ["register"]))
    yield _SHARED_END
    yield _APPROVAL
    yield _json(sagemaker.no_approval(_EXAMPLE))
    yield _CALLS
    yield _NOT_VERIFIED


def _about(feature: Feature) -> Iterator[str]:
    yield f"### `{feature.name}`\n\n{feature.title}.\n"
    if feature.used_by:
        yield f"For {_and([f'`{name}`' for name in feature.used_by])}.\n"
    yield from _table(feature.permissions)
    yield _json(policy([feature], _EXAMPLE))


def _table(permissions: Iterable[Permission]) -> Iterator[str]:
    yield "| action | on | for | without it |\n|---|---|---|---|"
    for each in permissions:
        action = f"`{each.action}`" + (" (implied)" if each.is_implied else "")
        yield f"| {action} | {_and([_WORDS[one] for one in each.on])} | {each.why} | {each.without} |"
    yield ""


def _purposes(permissions: Iterable[Permission]) -> Iterator[str]:
    """Write a table that combines actions with the same resources and purpose in one row."""
    actions: dict[tuple[str, str, str], list[str]] = {}
    for each in permissions:
        about = _and([_WORDS[one] for one in each.on])
        actions.setdefault((about, each.why, each.without), []).append(f"`{each.action}`")
    yield "| actions | on | for | without them |\n|---|---|---|---|"
    for (about, why, without), named in actions.items():
        yield f"| {', '.join(named)} | {about} | {why} | {without} |"
    yield ""


def _implied() -> Iterator[str]:
    yield "| action | feature | why |\n|---|---|---|"
    for feature in FEATURES.values():
        for each in feature.permissions:
            if each.is_implied:
                yield f"| `{each.action}` | `{feature.name}` | {each.why} |"
    yield ""


def _without_keys() -> Place:
    return Place(account=_ACCOUNT, region=_REGION, buckets=_EXAMPLE.buckets, role=_EXAMPLE.role)


def _json(document: Document) -> str:
    return f"```json\n{written(document)}```\n"


def _and(words: list[str]) -> str:
    return " and ".join(words)
