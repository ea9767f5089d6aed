"""Explains a text classifier by its predictions: the probability with the whole text and without each word."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from airflow_sagemaker_automl.emulator.trainer.reports import as_json

if TYPE_CHECKING:
    from airflow_sagemaker_automl.emulator.trainer.scoring import FittedModel

_EXPLAINED_TEXTS = 10
_LONGEST_TEXT = 100  # Words; each costs a prediction.


def explain_texts(model: FittedModel, rows: pd.DataFrame) -> bytes:
    """Explain the first few texts.

    The service's scores are integrated gradients of a neural network. This model is linear, so each word's
    ``attribution`` is how much the probability of the predicted label drops without it; ``method`` says so.

    :return: a JSON list of samples in the form of
        https://docs.aws.amazon.com/sagemaker/latest/dg/text-classification-explainability-report.html
    """
    (content,) = model.features
    return as_json([_explain(model, content, str(text)) for text in rows[content].head(_EXPLAINED_TEXTS)])


def _explain(model: FittedModel, content: str, text: str) -> dict[str, Any]:
    words = list(re.finditer(r"\S+", text))[:_LONGEST_TEXT]
    without = [text[: word.start()] + text[word.end() :] for word in words]
    probabilities = model.predict(pd.DataFrame({content: [text, *without]}))
    label = int(np.argmax(probabilities[0]))
    whole = float(probabilities[0, label])
    return {
        "text": text,
        "predicted_label": str(model.classes[label]),
        "probability": whole,
        "method": "leave-one-word-out",
        "token_scores": [
            {"attribution": whole - float(rest[label]), "description": {"partial_text": word.group()}}
            for word, rest in zip(words, probabilities[1:], strict=True)
        ],
    }
