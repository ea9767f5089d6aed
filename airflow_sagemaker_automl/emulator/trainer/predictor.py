"""AutoGluon's predictor as fitted models and inference containers."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import autogluon.tabular
import numpy as np

from airflow_sagemaker_automl.emulator.trainer.candidates import (
    SERVING_FILE,
    Container,
    describe_serving,
    model_environment,
)
from airflow_sagemaker_automl.emulator.trainer.columns import COLUMN_TYPES_FILE

if TYPE_CHECKING:
    import pandas as pd
    from autogluon.tabular import TabularPredictor

    from airflow_sagemaker_automl.emulator.trainer.job import Job
    from airflow_sagemaker_automl.emulator.trainer.scoring import FittedModel


@dataclass(frozen=True)
class PredictorModel:
    """One of the models of a predictor; see :class:`scoring.FittedModel`."""

    predictor: TabularPredictor
    name: str
    problem_type: str

    @property
    def label(self) -> str:
        return str(self.predictor.label)

    @property
    def features(self) -> list[str]:
        return list(self.predictor.features())

    @property
    def classes(self) -> list[Any]:
        return [] if self.problem_type == "Regression" else list(self.predictor.class_labels)

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        if self.problem_type == "Regression":
            return np.asarray(self.predictor.predict(rows, model=self.name), dtype=float)
        probabilities = self.predictor.predict_proba(rows, model=self.name)
        return np.asarray(probabilities[self.classes], dtype=float)


def image_name() -> str:
    """Name of the image for these models."""
    return f"automl-emulator:autogluon-{autogluon.tabular.__version__}"


def publish_model(job: Job, predictor: TabularPredictor, model: FittedModel) -> list[Container]:
    """Upload a clone of the predictor with only this model; AutoGluon alone can load it.

    :return: its one inference container.
    """
    candidate = job.candidate_name(model.name)
    clone = job.folder / "deployment" / candidate
    predictor.clone_for_deployment(path=str(clone), model=model.name)
    texts = [job.config["ContentColumn"]] if "ContentColumn" in job.config else []
    columns = [str(name) for name in predictor.original_features if name != predictor.sample_weight]
    (clone / SERVING_FILE).write_bytes(describe_serving(columns, model.problem_type, texts))
    (clone / COLUMN_TYPES_FILE).write_text(json.dumps(job.column_types))
    uri = f"{job.output}/sagemaker-automl-candidates/model/{candidate}/model.tar.gz"
    job.storage.write_archive(uri, clone)
    environment = model_environment(candidate, model.problem_type)
    return [{"Image": f"{job.image_prefix}{image_name()}", "ModelDataUrl": uri, "Environment": environment}]
