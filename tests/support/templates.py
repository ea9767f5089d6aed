"""What Airflow makes of a task's templates: its own code, from the XCom to the field that is shown, in one process."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from airflow.sdk import DAG, BaseOperator
from airflow.sdk.api.datamodels._generated import DagRun, DagRunState, DagRunType, TIRunContext
from airflow.sdk.execution_time.comms import GetTICount, GetXCom, TICount, XComResult
from airflow.sdk.execution_time.task_runner import RuntimeTaskInstance, _serialize_rendered_fields

_NOBODY = UUID(int=0)
_DAY = datetime(2026, 4, 30, tzinfo=UTC)


class XComs:
    """Airflow's side of the line from a running task, as far as a task asks for what others have returned."""

    def __init__(self) -> None:
        self._held: dict[str, Any] = {}

    def holding(self, returned: Mapping[str, Any]) -> None:
        """Let tasks have returned something.

        :param returned: task id → what it has returned.
        """
        # Written and read as every XCom is: it shares no object with a DAG.
        self._held |= {task_id: json.loads(json.dumps(value)) for task_id, value in returned.items()}

    def send(self, question: Any) -> Any:
        """Answer a question."""
        if isinstance(question, GetXCom):
            return XComResult(key=question.key, value=self._held[question.task_id])
        assert isinstance(question, GetTICount), question
        return TICount(count=1)


def rendered(dag: DAG, task_id: str, map_index: int = -1) -> BaseOperator:
    """Render a task of a DAG as a worker does.

    :param map_index: of a mapped task, or of a task in a mapped group.
    :return: the operator that would be executed.
    """
    run = DagRun(
        dag_id=dag.dag_id,
        run_id="run",
        logical_date=_DAY,
        data_interval_start=_DAY,
        data_interval_end=_DAY,
        run_after=_DAY,
        start_date=_DAY,
        end_date=None,
        run_type=DagRunType.MANUAL,
        state=DagRunState.RUNNING,
        consumed_asset_events=[],
        partition_key=None,
    )
    instance = RuntimeTaskInstance.model_construct(
        id=_NOBODY,
        dag_id=dag.dag_id,
        task_id=task_id,
        run_id="run",
        map_index=map_index,
        try_number=1,
        start_date=_DAY,
        task=dag.get_task(task_id).prepare_for_execution(),
        _ti_context_from_server=TIRunContext(dag_run=run, max_tries=0),
    )
    instance.render_templates(instance.get_template_context(), dag.get_template_env())
    return instance.task


def shown(task: BaseOperator) -> dict[str, Any]:
    """Give what Airflow's page *Rendered Templates* shows of a rendered task."""
    return dict(_serialize_rendered_fields(task))
