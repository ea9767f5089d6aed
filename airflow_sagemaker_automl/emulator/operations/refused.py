"""Why the emulator refuses the operations that it does not implement.

They are refused as a whole, including lists and descriptions: a job that could be created and would never run, or not
be described, misleads a client more than an error does.
"""

from __future__ import annotations

# By a part of the operation's name; the first that fits counts.
_REASONS = (
    ("TrainingJobsForHyperParameterTuningJob", "it runs no hyperparameter tuning jobs"),
    ("HyperParameterTuningJob", "it runs no hyperparameter tuning jobs; an AutoML job can tune"),
    ("TrainingJob", "it runs no training jobs; its AutoML jobs train"),
    ("ProcessingJob", "it runs no processing jobs"),
    ("CompilationJob", "it compiles no models"),
    ("OptimizationJob", "it optimizes no models"),
    ("EdgePackagingJob", "it packages no models"),
    ("LabelingJob", "it labels no data"),
    ("InferenceRecommendationsJob", "it runs no load tests"),
    ("AIBenchmarkJob", "it runs no load tests"),
    ("AIRecommendationJob", "it runs no load tests"),
    ("ModelCardExportJob", "it exports no model cards"),
    ("JobDefinition", "it monitors no endpoints"),
    ("Monitoring", "it monitors no endpoints"),
    ("InferenceExperiment", "it compares no endpoints"),
    ("Pipeline", "it runs no pipelines"),
    ("Feature", "it has no feature store"),
    ("NotebookInstance", "it runs no notebooks"),
    ("Cluster", "it has no clusters"),
    ("Domain", "it has no Studio"),
    ("UserProfile", "it has no Studio"),
    ("Space", "it has no Studio"),
    ("Mlflow", "it runs no MLflow"),
)


def refusal(operation: str) -> str:
    """Write the error message for an operation that is not implemented.

    :param operation: API name; empty if the request names none.
    """
    what = f"The emulator does not implement {operation or 'this request'}"
    reason = next((why for part, why in _REASONS if part in operation), None)
    return f"{what}: {reason}." if reason else f"{what}."
