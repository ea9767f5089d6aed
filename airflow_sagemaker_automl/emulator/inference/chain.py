"""A candidate's chain of containers, loaded from the archives that its job uploaded to S3."""

from __future__ import annotations

import json
import pickle
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from airflow_sagemaker_automl.emulator.inference.messages import Input, Predicted, rows_of, written
from airflow_sagemaker_automl.emulator.inference.model_data import download
from airflow_sagemaker_automl.emulator.trainer.columns import COLUMN_TYPES_FILE

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.storage import Storage

_OUTPUT = "SAGEMAKER_INFERENCE_OUTPUT"


@dataclass(frozen=True)
class Chain:
    """A loaded model with its input and output.

    :param input: the columns of a row.
    :param output: keys of an answer; empty for a regression, and if the environment names none.
    :param problem_type: as in ``ProblemType`` of the API.
    :param model: predicts numbers, or the probability of each class.
    """

    input: Input
    output: list[str]
    problem_type: str
    model: Any

    @classmethod
    def load(
        cls, storage: Storage, containers: Sequence[Mapping[str, Any]], digests: Sequence[str | None], folder: Path
    ) -> Chain:
        """Download and load a chain.

        :param containers: in the order of inference; at least one.
        :param digests: SHA-256 of each container's archive; None refuses the archive.
        :param folder: for the archives' content; it must exist as long as the chain.
        :raises UnusableData: an archive cannot be read, or is not the one that a trainer has written.
        """
        folders = [folder / str(number) for number, _ in enumerate(containers)]
        for container, digest, place in zip(containers, digests, folders, strict=True):
            download(storage, container, digest, place)
        served = json.loads((folders[0] / "serving.json").read_text())
        types = json.loads((folders[0] / COLUMN_TYPES_FILE).read_text())
        keys = containers[-1].get("Environment", {}).get(_OUTPUT, "")
        return cls(
            Input(served["columns"], served["verbatim"], types),
            [key.strip() for key in keys.split(",") if key.strip()],
            served["problem_type"],
            _Tuned.load(folders) if (folders[0] / "transformer.pkl").exists() else _Ensemble.load(folders[0]),
        )

    def answered(self, body: str, content_type: str, accept: str) -> tuple[str, str]:
        """Predict the rows of an invocation.

        :return: the answer's body and content type.
        :raises Refusal: the rows cannot be read, or the answer cannot have a form that the client accepts.
        """
        return written(self.predict(rows_of(body, content_type, self.input)), self.output, accept)

    def predict(self, rows: pd.DataFrame) -> Predicted:
        """Predict rows."""
        output = self.model.predict(rows)
        if self.problem_type == "Regression":
            return Predicted([], output.tolist(), None, is_binary=False)
        is_binary = self.problem_type == "BinaryClassification"
        # As in AutoGluon, a tie is negative.
        chosen = (output[:, 1] > 0.5).astype(int) if is_binary else output.argmax(axis=1)
        labels = pd.Series(self.model.classes).tolist()
        return Predicted(labels, [labels[code] for code in chosen], output.tolist(), is_binary)


class _Ensemble:
    """A clone of AutoGluon's predictor with one model."""

    def __init__(self, predictor: Any) -> None:
        self._predictor = predictor
        self._is_regression = predictor.problem_type == "regression"
        self.classes = [] if self._is_regression else list(predictor.class_labels)

    @classmethod
    def load(cls, folder: Path) -> _Ensemble:
        from autogluon.tabular import TabularPredictor

        predictor = TabularPredictor.load(str(folder), verbosity=0)
        predictor.persist()
        return cls(predictor)

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        if self._is_regression:
            return np.asarray(self._predictor.predict(rows), dtype=float)
        return np.asarray(self._predictor.predict_proba(rows)[self.classes], dtype=float)


@dataclass(frozen=True)
class _Tuned:
    """A feature transformer, an estimator that predicts class numbers, and the labels of the numbers."""

    transformer: Any
    estimator: Any
    classes: list[Any]

    @classmethod
    def load(cls, folders: Sequence[Path]) -> _Tuned:
        files = {file.name: file for folder in folders for file in folder.iterdir()}
        labels = files.get("labels.json")
        return cls(
            # The digests of the archives prove that this emulator's own trainers wrote them.
            pickle.loads(files["transformer.pkl"].read_bytes()),  # noqa: S301
            pickle.loads(files["model.pkl"].read_bytes()),  # noqa: S301
            json.loads(labels.read_text()) if labels else [],
        )

    def predict(self, rows: pd.DataFrame) -> np.ndarray:
        transformed = self.transformer.transform(rows)
        predict = self.estimator.predict_proba if self.classes else self.estimator.predict
        return np.asarray(predict(transformed), dtype=float)
