"""The page of documentation on permissions, written from the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from airflow_sagemaker_automl.core.permissions import sagemaker
from airflow_sagemaker_automl.core.permissions.documents import Document, policy, written
from airflow_sagemaker_automl.core.permissions.features import FEATURES
from airflow_sagemaker_automl.core.permissions.terms import Feature, Permission, Place, Resource

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
    Resource.MODEL: "`model/*`",
    Resource.OWN_MODEL: "`model/ENDPOINT-v*`",
    Resource.ENDPOINT_CONFIG: "`endpoint-config/*`",
    Resource.OWN_ENDPOINT_CONFIG: "`endpoint-config/ENDPOINT-v*`",
    Resource.ENDPOINT: "`endpoint/ENDPOINT`",
    Resource.ANY_ENDPOINT: "`endpoint/*`",
    Resource.LOG_GROUP: "`log-group:/aws/sagemaker/*`",
    Resource.LOG_STREAM: "`log-group:/aws/sagemaker/*:log-stream:*`",
    Resource.BUCKET: "the bucket",
    Resource.OBJECT: "the bucket's objects",
    Resource.ROLE: "the role in `role_arn`",
    Resource.CONNECTION_ROLE: "the role that is assumed",
    Resource.KEY: "your KMS key",
}

_BEGINNING = """\
# Permissions

<!-- Written by: python -m airflow_sagemaker_automl permissions page > docs/iam.md -->

Two identities take part. **Airflow's own** calls AWS: the one of its AWS connection, in workers and in the triggerer.
**The execution role**, `role_arn` of the request, is what SageMaker reads the data and trains with; Airflow's identity
never reads your data.

The policies below are printed by a command, with your names in them and for those features alone that you use:

```bash
python -m airflow_sagemaker_automl permissions airflow train wait queue stop register \\
    --account 123456789012 --region eu-central-1 \\
    --role sagemaker-automl --bucket my-bucket/models --group churn > airflow.json
aws iam put-role-policy --role-name airflow --policy-name automl --policy-document file://airflow.json
```

With the folder of the jobs' outputs in `--bucket`, Airflow's identity may not read the data either. `--key` adds what
is needed with keys of yours. For China and GovCloud the partition follows from the region; `--partition` says it
otherwise. `--required-only` leaves out what is good to have. `permissions --help` lists the commands for the other
documents of this page.

Each call that Airflow makes in this project's test suite is held against this page: none is missing here, and nothing
is here that is never called, but for the actions that AWS asks for while it handles another call; these are marked
*implied*. Actions and the resources that they can be limited to are checked against AWS's Service Authorization
Reference.

## Airflow's own identity

`train`, `wait`, `queue`, `stop`, `judge`, `register` and `decide` together are what `automl_retraining` needs. A
permission is required unless the last column says what happens without it. Where it is on `*`, AWS takes no resource
for the action, or, below, has them in accounts of its own.
"""

_IMPLIED = """\
### Implied actions

No call of this package is named like these. AWS asks for them while it handles another call.
"""

_ROLE = """\
## The role that SageMaker trains with

Make it by two of these documents:

```bash
python -m airflow_sagemaker_automl permissions trust --account 123456789012 > trust.json
python -m airflow_sagemaker_automl permissions execution-role \\
    --account 123456789012 --region eu-central-1 --role sagemaker-automl --bucket my-bucket > role.json
aws iam create-role --role-name sagemaker-automl --assume-role-policy-document file://trust.json
aws iam put-role-policy --role-name sagemaker-automl --policy-name automl --policy-document file://role.json
```

Its trust policy lets SageMaker take it, for this account alone:
"""

_ROLE_POLICY = """\
Its permissions, for a job on data in `my-bucket` that writes there, too
(`permissions execution-role`; `--key` adds KMS, `--deploys` jobs with `ModelDeployConfig`, `--in-network` those with
`VpcConfig`):
"""

_KEYS = """\
## Keys of yours (KMS)

Where data, outputs or volumes are encrypted with a customer managed key, both the identities' policies (`--key`) and
the key's own policy count. These statements are for the key's policy, beside those that it has (`permissions key`):
"""

_SHARED = """\
## A group that other accounts use

The account that has the group sets a resource policy on it, as here for another account that registers versions
(`permissions group register`; `decide` and `deploy` are the other uses):
"""

_SHARED_END = """\
```bash
aws sagemaker put-model-package-group-policy --model-package-group-name churn --resource-policy file://group.json
```

The other account's identity needs the same in its own policy, with the group's account in the ARNs
(`--account` of the group), and names the group by its ARN: a group that is given as ARN is never created. AWS
also wants the jobs' outputs encrypted with a customer managed key, `kms:Decrypt` and `kms:GenerateDataKey` on it for
the account that has the group, and a bucket policy with `s3:GetObject`, `s3:GetObjectAcl` and `s3:GetBucketAcl`.
"""

_APPROVAL = """\
## Registering without approving

An identity that may register may also register as approved, unless this, to be copied from here, denies it. Who
decides needs another identity then, on another AWS connection:
"""

_CALLS = """\
## Which calls does my DAG make?

The emulator writes down which operations are called, and by which of Airflow's operators:

```bash
python -m airflow_sagemaker_automl.emulator --record-calls calls/
```

Run the DAG against it, and look into the folder: one line of JSON for each different call.
"""

_NOT_VERIFIED = """\
## Not verified against live AWS

No AWS account took part in writing this page. The names of actions, the resource types that they take, and condition
keys are those of AWS's Service Authorization Reference; the execution role is from AWS's developer guide. Open are:

- which ARN `ListModelPackages` is held against where a group is asked for. The reference has `model-package` for it,
  and so has AWS's example for other accounts. If listing is denied, allow it on `*`;
- which of the two ARNs `CreateModelPackage` is held against; both are allowed here, the reference has both;
- whether `CreateModelPackage` looks at the model's archive and image with the caller's rights. AWS's own policy for the
  registry (`AmazonSageMakerModelRegistryFullAccess`) has `s3:GetObject`, `ecr:BatchGetImage` and `ecr:DescribeImages`.
  If a registration is denied for want of one of them, add it;
- whether `sagemaker:TaggingAction` is `CreateAutoMLJobV2` when a job is created with tags, as the key's description
  says. If `AddTags` is denied, take the condition away;
- whether SageMaker sends `aws:SourceAccount` with everything that an AutoML job starts. If it cannot take the role,
  remove that condition from the trust policy;
- whether a `security_config` of a version, and `VolumeKmsKeyId` of a job, ask for more on the key than is named here;
- which of the endpoint and model actions of the execution role a job needs without `ModelDeployConfig`. AWS's guide
  lists them for every job, with all resources; here they come with `--deploys`. Jobs in the mode of tuning make models
  of candidates: if one fails for want of `CreateModel`, add `--deploys`;
- whether names with capitals are compared as they are written: SageMaker writes some ARNs in small letters;
- that the service principal is `sagemaker.amazonaws.com` in China, too.
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
    """Write a table with one line for all actions that are on the same and for the same."""
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
