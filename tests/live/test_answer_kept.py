"""A worker that vanishes between a person's answer and its way to the registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil
import pytest

from demo.sandbox import sagemaker_client
from tests.live.asking import conf, form
from tests.live.dags.approving import GROUP
from tests.support.versions import described, register

if TYPE_CHECKING:
    from tests.live.rest import Api
    from tests.live.service import Service

pytestmark = [pytest.mark.live, pytest.mark.matrix]


def test_a_worker_that_is_lost_after_the_answer_asks_nobody_again(api: Api, service: Service) -> None:
    """It has kept the answer, and the version does not have it yet: the retry finds it, and applies it."""
    sagemaker = sagemaker_client(service.url)
    arn = register(sagemaker, GROUP)
    run = api.trigger("approve", conf(service, arn))
    form(run)
    service.disturb(DroppedRequestRate=1, Operations=["UpdateModelPackage"])
    run.answer("ask", "Approve", "Quick")
    # The first is that of the question; the second comes when the answer is kept.
    service.wait_until_asked("DescribeModelPackage", 2)
    task = psutil.Process(run.task("ask")["pid"])
    for process in (task.parent(), task):
        assert process is not None
        process.kill()
    assert described(sagemaker, arn)["ModelApprovalStatus"] == "PendingManualApproval"
    service.recover()
    assert run.wait_for_end() == "success"
    assert run.task("ask")["try_number"] == 2
    assert described(sagemaker, arn)["ApprovalDescription"].endswith('). Comment: "Quick"')
