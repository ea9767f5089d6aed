"""The inference containers of a tuned candidate: two for a regression, three for a classification.

Each has its own archive, which the libraries named in it can load. The environment variables are those that the
service documents; they show clients the outputs of the chain:
https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-automate-model-development-container-output.html
"""

from __future__ import annotations

import json
import pickle
from typing import TYPE_CHECKING

from airflow_sagemaker_automl.emulator.trainer.candidates import SERVING_FILE, describe_serving
from airflow_sagemaker_automl.emulator.trainer.columns import COLUMN_TYPES_FILE
from airflow_sagemaker_automl.emulator.trainer.predictor import image_name

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.candidates import Container
    from airflow_sagemaker_automl.emulator.trainer.job import Job
    from airflow_sagemaker_automl.emulator.trainer.tuned_model import TunedModel

_PROGRAM = {"SAGEMAKER_PROGRAM": "sagemaker_serve", "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code"}
_TRANSFORM = {
    "AUTOML_SPARSE_ENCODE_RECORDIO_PROTOBUF": "1",
    "AUTOML_TRANSFORM_MODE": "feature-transform",
    "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "application/x-recordio-protobuf",
    **_PROGRAM,
}
_MODEL = {"MAX_CONTENT_LENGTH": "20971520", "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv"}
_CLASSIFIER = {
    **_MODEL,
    "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label",
    "SAGEMAKER_INFERENCE_SUPPORTED": "predicted_label,probability,probabilities",
}
_LABELS = {
    "AUTOML_TRANSFORM_MODE": "inverse-label-transform",
    "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "text/csv",
    "SAGEMAKER_INFERENCE_INPUT": "predicted_label",
    "SAGEMAKER_INFERENCE_OUTPUT": "predicted_label",
    "SAGEMAKER_INFERENCE_SUPPORTED": "predicted_label,probability,labels,probabilities",
    **_PROGRAM,
}


class ChainPublisher:
    """Uploads candidates' archives; transformer and labels are shared by all of them and uploaded once."""

    def __init__(self, job: Job) -> None:
        self._job = job
        self._uploaded: set[str] = set()

    def publish(self, model: TunedModel) -> list[Container]:
        """Upload the archives that are missing in S3.

        ``transformer.pkl`` is AutoGluon's feature generator, ``model.pkl`` a scikit-learn or XGBoost
        estimator that predicts class numbers, ``labels.json`` the label of each number.

        :return: the containers in the order of inference.
        """
        candidate = self._job.candidate_name(model.name)
        processors = f"data-processor-models/{self._job.name}-dpp0"
        steps = [
            (
                f"{processors}-features",
                {
                    "transformer.pkl": pickle.dumps(model.transformer),
                    SERVING_FILE: describe_serving(model.features, model.problem_type),
                    COLUMN_TYPES_FILE: json.dumps(self._job.column_types).encode(),
                },
                _TRANSFORM,
            ),
            (f"tuning/{candidate}", {"model.pkl": pickle.dumps(model.estimator)}, _CLASSIFIER),
            (f"{processors}-labels", {"labels.json": json.dumps(model.classes).encode()}, _LABELS),
        ]
        if model.problem_type == "Regression":
            steps = [steps[0], (*steps[1][:2], _MODEL)]
        return [self._publish_step(*step) for step in steps]

    def _publish_step(self, place: str, files: dict[str, bytes], environment: dict[str, str]) -> Container:
        uri = f"{self._job.output}/{place}/output/model.tar.gz"
        if uri not in self._uploaded:
            folder = self._job.folder / "deployment" / place
            folder.mkdir(parents=True)
            for file, content in files.items():
                (folder / file).write_bytes(content)
            self._job.storage.write_archive(uri, folder)
            self._uploaded.add(uri)
        return {"Image": f"{self._job.image_prefix}{image_name()}", "ModelDataUrl": uri, "Environment": environment}
