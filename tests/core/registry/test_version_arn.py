"""What the ARN of a version contains."""

from __future__ import annotations

import pytest

from airflow_sagemaker_automl import OtherRegion
from airflow_sagemaker_automl.core.registry.version_arn import VersionArn, require_region


@pytest.mark.parametrize(("partition", "region"), [("aws", "eu-west-1"), ("aws-us-gov", "us-gov-west-1")])
def test_an_arn_tells_where_the_group_is(partition: str, region: str) -> None:
    """Account, region, group and number, and the ARN of the group."""
    arn = VersionArn.parse(f"arn:{partition}:sagemaker:{region}:123456789012:model-package/churn-2/17")
    assert arn == (partition, region, "123456789012", "churn-2", 17)
    assert arn.group_arn == f"arn:{partition}:sagemaker:{region}:123456789012:model-package-group/churn-2"


@pytest.mark.parametrize(
    "text",
    [
        "churn/17",
        "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn",
        "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/17/",
        "arn:aws:sagemaker:eu-west-1:12345:model-package/churn/17",
        "arn:aws:sagemaker:eu-west-1:123456789012:model-package-group/churn/17",
        "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/0",
        "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/017",
        f"arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn/{'9' * 5000}",
        "arn:aws:sagemaker:eu-west-1:\u0661\u0662\u0663456789012:model-package/churn/17",
        "arn:aws:sagemaker:eu-west-1:123456789012:model-package/churn\u202e/17",
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """A package without a group has no version, and a group is none."""
    with pytest.raises(ValueError, match="is not the ARN of a model version"):
        VersionArn.parse(text)


@pytest.mark.parametrize("kind", ["automl-job/churn", "model-package/churn/1", "model-package-group/churn"])
def test_an_arn_of_another_region_is_named_as_such(kind: str) -> None:
    """The region is compared before any call; a name, or another account, does not count as another region."""
    arn = f"arn:aws:sagemaker:eu-west-1:123456789012:{kind}"
    require_region(arn, "eu-west-1")
    require_region("churn", "us-east-1")
    with pytest.raises(OtherRegion) as refused:
        require_region(arn, "us-east-1")
    assert str(refused.value) == (
        f"{arn} is in region eu-west-1, but this connection uses us-east-1. Set region_name='eu-west-1', or use an "
        "ARN in us-east-1."
    )
