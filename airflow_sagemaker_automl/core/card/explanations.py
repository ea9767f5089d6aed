"""Converts ``analysis.json``, SageMaker Clarify's report, to metric groups of a model card.

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/clarify-processing-job-analysis-results.html
For text and image classification it contains one explained sample or a list of them: texts with a score for each token,
images with a heatmap:
https://docs.aws.amazon.com/sagemaker/latest/dg/text-classification-explainability-report.html
https://docs.aws.amazon.com/sagemaker/latest/dg/image-classification-explainability-report.html
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from posixpath import commonprefix
from typing import Any

from airflow_sagemaker_automl.core.card.charts import Metric, bars, curve, largest_bars, scalar
from airflow_sagemaker_automl.core.card.limits import labels, number, text, total
from airflow_sagemaker_automl.core.card.metrics import Reading
from airflow_sagemaker_automl.core.values.literals import mapping, sequence

# One for each class of a classifier, one for each facet, one for each feature that Clarify plots by default.
_MOST_GROUPS = 10
# Clarify evaluates the model at about this many values of a feature.
_MOST_PLOTTED = 50
_MOST_OUTPUTS_PLOTTED = 5
_MOST_BIAS_METRICS = 30
_PLOTS = "pdp"
_BIAS = {"pre_training_bias_metrics": "pre-training", "post_training_bias_metrics": "post-training"}
_KNOWN = {"version", "explanations", *_BIAS}
_OF_TEXTS = {"text", "token_scores"}
_OF_IMAGES = {"input_image_uri", "heatmap_image_uri"}


def read_explanations(analysis: Any) -> Reading:
    """Read the feature attributions.

    :param analysis: the parsed report, of any content.
    :return: one group for each explained output, largest values first; or one group for all explained texts and one
        for all explained images.
    """
    reading = Reading()
    if isinstance(analysis, list) or mapping(analysis).keys() & (_OF_TEXTS | _OF_IMAGES):
        _read_samples(analysis if isinstance(analysis, list) else [analysis], reading)
        return reading
    if not isinstance(analysis, Mapping):
        reading.unknown.append("the whole report")
    reading.unknown += [name for name in mapping(analysis) if name not in _KNOWN]
    found: list[tuple[str, list[Metric]]] = []
    for method, outputs in mapping(mapping(analysis).get("explanations")).items():
        if method == _PLOTS:
            continue
        explained = [
            (f"{method} {output}", _explained(mapping(content))) for output, content in mapping(outputs).items()
        ]
        reading.unknown += [f"explanations.{name}" for name, metrics in explained if not metrics]
        reading.unknown += [] if explained else [f"explanations.{method}"]
        found += [(name, metrics) for name, metrics in explained if metrics]
    _add_groups(reading, found, "model outputs")
    return reading


def read_partial_dependence(analysis: Any) -> Reading:
    """Read the partial dependence plots.

    :return: one group for each feature: the distribution of its values, and the model's mean prediction for them.
    """
    reading = Reading()
    plots = mapping(mapping(analysis).get("explanations")).get(_PLOTS, [])
    found = []
    for place, plot in enumerate(sequence(plots)):
        metrics = list(_plotted(mapping(plot)))
        if metrics:
            found.append((text(plot.get("feature_name")), metrics))
        else:
            reading.unknown.append(f"explanations.{_PLOTS}[{place}]")
    if not isinstance(plots, list):
        reading.unknown.append(f"explanations.{_PLOTS}")
    _add_groups(reading, found, "features")
    return reading


def read_bias(analysis: Any) -> Reading:
    """Read the pre-training bias metrics (of the data) and the post-training ones (of the predictions).

    :return: one group for each value of each facet.
    """
    reading = Reading()
    found: list[tuple[str, list[Metric]]] = []
    for section, when in _BIAS.items():
        content = mapping(analysis).get(section)
        facets = mapping(mapping(content).get("facets"))
        before = len(found)
        for facet, entries in facets.items():
            for entry in sequence(entries):
                metrics = list(_bias_metrics(mapping(entry)))
                if metrics:
                    found.append((f"{when} {facet} = {text(entry.get('value_or_threshold'))}", metrics))
        if content is not None and len(found) == before:
            reading.unknown.append(section)
    _add_groups(reading, found, "facet values")
    return reading


def _add_groups(reading: Reading, found: list[tuple[str, list[Metric]]], what: str) -> None:
    names = labels([name for name, _ in found[:_MOST_GROUPS]])
    reading.groups += [{"name": name, "metric_data": metrics} for name, (_, metrics) in zip(names, found, strict=False)]
    if len(found) > _MOST_GROUPS:
        reading.observation = f"The first {_MOST_GROUPS} of {len(found)} {what}."


def _explained(content: Mapping[str, Any]) -> list[Metric]:
    metrics = largest_bars(
        "global_shap_values", mapping(content.get("global_shap_values")), "global SHAP value", "features"
    )
    for feature, tokens in list(mapping(content.get("global_top_shap_text")).items())[:_MOST_GROUPS]:
        metrics += largest_bars(f"global_top_shap_text {feature}", mapping(tokens), "global SHAP value", "tokens")
    expected = number(content.get("expected_value"))
    return metrics if expected is None else [*metrics, scalar("expected_value", expected)]


def _read_samples(samples: list[Any], reading: Reading) -> None:
    texts = [sample for sample in samples if mapping(sample).keys() & _OF_TEXTS]
    images = [sample for sample in samples if mapping(sample).keys() & _OF_IMAGES]
    if texts:
        _read_texts(texts, reading)
    if images:
        _read_images(images, reading)
    if not samples:
        reading.unknown.append("the list, which is empty")
    reading.unknown += [
        f"[{place}]" for place, sample in enumerate(samples) if not mapping(sample).keys() & (_OF_TEXTS | _OF_IMAGES)
    ]


def _read_images(samples: list[Mapping[str, Any]], reading: Reading) -> None:
    """Summarise explained images: counts by label, mean probability, and the location of the heatmaps."""
    heatmaps = [uri for sample in samples if (uri := text(sample.get("heatmap_image_uri")))]
    folder = commonprefix(heatmaps).rpartition("/")[0]
    metrics = [
        *_predicted(samples, "explained images"),
        scalar("explained_images", len(samples)),
        scalar("heatmaps", len(heatmaps), f"In {folder}/" if folder.removeprefix("s3:").strip("/") else ""),
    ]
    sure = [value for sample in samples if (value := number(sample.get("probability"))) is not None]
    if sure and (whole := total(sure)) is not None:
        metrics.append(scalar("mean_probability", whole / len(sure), "Mean probability of the predicted labels."))
    reading.groups.append({"name": "explained images", "metric_data": metrics})


def _predicted(samples: list[Mapping[str, Any]], axis: str) -> list[Metric]:
    counts = Counter(text(sample.get("predicted_label")) for sample in samples)
    return largest_bars("predicted_labels", counts, axis, "labels")


def _read_texts(samples: list[Mapping[str, Any]], reading: Reading) -> None:
    """Summarise explained texts: counts by label, and the sum of absolute attributions of each token."""
    attributions: dict[str, list[float]] = {}
    for score in (score for sample in samples for score in sequence(sample.get("token_scores"))):
        token = text(mapping(mapping(score).get("description")).get("partial_text"))
        value = number(mapping(score).get("attribution"))
        if token and value is not None:
            attributions.setdefault(token, []).append(abs(value))
    sums = {token: total(sizes) for token, sizes in attributions.items()}
    charts = largest_bars("token_attributions", sums, "sum of absolute attributions", "tokens")
    if not charts:
        reading.unknown.append("token_scores of the explained texts")
        return
    metrics = [*charts, *_predicted(samples, "explained texts"), scalar("explained_texts", len(samples))]
    reading.groups.append({"name": "explained texts", "metric_data": metrics})


def _plotted(plot: Mapping[str, Any]) -> Iterator[Metric]:
    values = plot.get("feature_values")
    if not isinstance(values, list):
        return
    distribution, predictions = plot.get("data_distribution"), sequence(plot.get("model_predictions"))
    headers = sequence(plot.get("label_headers"))
    drawn = [("data_distribution", "share of rows", distribution)]
    for place, predicted in enumerate(predictions[:_MOST_OUTPUTS_PLOTTED]):
        header = text(headers[place]) if place < len(headers) else f"output {place + 1}"
        drawn.append((f"model_predictions {header}", header, predicted))
    for name, axis, heights in drawn:
        if not isinstance(heights, list) or len(heights) != len(values):
            continue
        points = list(zip(values, heights, strict=True))
        if plot.get("data_type") == "numerical":
            yield from curve(name, points, plot.get("feature_name"), axis, _MOST_PLOTTED)
        elif plot.get("data_type") == "categorical":
            notes = f"The first {_MOST_PLOTTED} of {len(points)} values." if len(points) > _MOST_PLOTTED else ""
            yield from bars(name, points[:_MOST_PLOTTED], axis, notes)


def _bias_metrics(entry: Mapping[str, Any]) -> Iterator[Metric]:
    for metric in map(mapping, sequence(entry.get("metrics"))[:_MOST_BIAS_METRICS]):
        value = number(metric.get("value"))
        if value is not None:
            yield scalar(metric.get("name"), value, text(metric.get("description")))
