"""Trains a text classification job: AutoGluon's linear model on the words and word pairs of one column."""

from __future__ import annotations

from typing import TYPE_CHECKING

from airflow_sagemaker_automl.emulator.trainer.classes import learnable
from airflow_sagemaker_automl.emulator.trainer.columns import Columns, require_variety
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData
from airflow_sagemaker_automl.emulator.trainer.features import FeatureSpecification
from airflow_sagemaker_automl.emulator.trainer.metrics import PROBLEM_TYPES
from airflow_sagemaker_automl.emulator.trainer.notebooks import publish_text_notebook
from airflow_sagemaker_automl.emulator.trainer.table import Split, load_split, publish_split

if TYPE_CHECKING:
    import pandas as pd
    from autogluon.tabular import TabularPredictor
    from sklearn.feature_extraction.text import TfidfVectorizer

    from airflow_sagemaker_automl.emulator.trainer.job import Job

# With fewer, both sides of the split have too few texts of each class; the service documents no number.
FEWEST_TEXTS = 50
# Metrics are macro averages, whatever the number of labels, as in the service's report for this problem type.
_PROBLEM_TYPE = "MulticlassClassification"
_MOST_TERMS = 5000


def train(job: Job) -> None:
    """Train a job and send its events.

    :raises UnusableData: the data cannot be trained on, or not as requested.
    """
    job.events.stage("AnalyzingData")
    known = PROBLEM_TYPES[_PROBLEM_TYPE]
    metric = job.request.get("AutoMLJobObjective", {}).get("MetricName", known.default_metric)
    split = prepare(job)
    job.events.resolved(metric)
    publish_split(job, split)
    publish_text_notebook(job, split)
    job.events.stage("TrainingModels")
    _train(job, split, metric)


def prepare(job: Job) -> Split:
    """Read and judge the data of a job.

    :raises UnusableData: the data cannot be trained on.
    """
    content, label = job.config["ContentColumn"], job.config["TargetLabelColumn"]
    columns = Columns(label, features=FeatureSpecification([content]), verbatim=(content,), fewest=FEWEST_TEXTS)
    split = load_split(job.storage, job.request, columns)
    if split.labels(label).nunique() < 2:
        raise UnusableData(f"The column {label!r} has the same label in every row; there is nothing to learn.")
    split = learnable(split, label)
    require_variety(split.train, [label])
    _require_words(split.train[content])
    return split


def _require_words(texts: pd.Series) -> None:
    """Refuse texts without words to learn from.

    :raises UnusableData: no word occurs in two texts.
    """
    try:
        _vectorizer().fit(texts)
    except ValueError as error:
        raise UnusableData(
            f"The texts in {texts.name!r} have no word of two or more letters or digits that occurs in two of them, "
            "so there is nothing to learn from."
        ) from error


def _vectorizer() -> TfidfVectorizer:
    import numpy as np
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(ngram_range=(1, 2), min_df=2, max_features=_MOST_TERMS, sublinear_tf=True, dtype=np.float32)


def _train(job: Job, split: Split, metric: str) -> None:
    # The libraries take seconds to load; a job with unusable data fails before that.
    from functools import partial

    from airflow_sagemaker_automl.emulator.trainer.candidates import Publisher
    from airflow_sagemaker_automl.emulator.trainer.predictor import PredictorModel, publish_model
    from airflow_sagemaker_automl.emulator.trainer.token_scores import explain_texts

    predictor = None if job.out_of_time else _fit(job, split, metric)
    trained = predictor.model_names() if predictor else []
    if not trained and not job.out_of_time:
        raise UnusableData("No model could be trained on these texts.")
    containers = partial(publish_model, job, predictor)
    publisher = Publisher(job, split, metric, containers, explain_model=explain_texts)
    for name in trained:
        publisher.publish(PredictorModel(predictor, name, _PROBLEM_TYPE))
    publisher.finish(asked_for=1, failures=split.notes)


def _fit(job: Job, split: Split, metric: str) -> TabularPredictor:
    from autogluon.common.features.feature_metadata import FeatureMetadata
    from autogluon.features.generators import AutoMLPipelineFeatureGenerator
    from autogluon.tabular import TabularPredictor

    content, label = job.config["ContentColumn"], job.config["TargetLabelColumn"]
    predictor = TabularPredictor(
        label=label,
        problem_type="binary" if split.train[label].nunique() == 2 else "multiclass",
        eval_metric=PROBLEM_TYPES[_PROBLEM_TYPE].metrics[metric],
        path=str(job.folder / "training"),
        verbosity=1,
    )
    return predictor.fit(
        split.train,
        tuning_data=split.validation,
        hyperparameters={"LR": {}},
        feature_generator=AutoMLPipelineFeatureGenerator(enable_text_special_features=False, vectorizer=_vectorizer()),
        feature_metadata=FeatureMetadata({content: "object"}, type_map_special={content: ["text"]}),
        time_limit=job.seconds_left(),
        num_gpus=0,
        calibrate_decision_threshold=False,
        fit_weighted_ensemble=False,
        raise_on_no_models_fitted=False,
    )
