"""The provider's metadata for Airflow, which reads it at every start, so nothing else is imported here."""

from __future__ import annotations

from typing import Any

from airflow_sagemaker_automl import __version__

_INTEGRATION = "Amazon SageMaker AutoML"
_CONFIGURATION = {
    "sagemaker_automl": {
        "description": "Amazon SageMaker AutoML.",
        "options": {
            "deployment": {
                "description": (
                    "Name of this Airflow deployment, unique among the deployments that use the same AWS account.\n"
                    "It is part of every job's name and tags, so that a task finds its job again if its state is\n"
                    "lost. If it is empty, the tags contain ``[api] base_url`` instead."
                ),
                "version_added": "0.1.0",
                "type": "string",
                "example": "production",
                "default": "",
            }
        },
    }
}


def get_provider_info() -> dict[str, Any]:
    """Describe the provider in the terms of Airflow's ``provider_info.schema.json``."""
    return {
        "package-name": "airflow-sagemaker-automl",
        "name": _INTEGRATION,
        "description": "From a table of data to an approved, documented model version on Amazon SageMaker.",
        "versions": [__version__],
        "integrations": [
            {
                "integration-name": _INTEGRATION,
                "external-doc-url": "https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-automate-model-development.html",
                "tags": ["aws"],
            }
        ],
        "operators": [
            _modules(
                "operators.approve",
                "operators.check_group",
                "operators.evaluate",
                "operators.judge",
                "operators.register",
                "operators.score",
                "operators.stop",
                "operators.train",
                "operators.update",
            )
        ],
        "sensors": [_modules("sensors.approval", "sensors.job", "sensors.transform")],
        "hooks": [_modules("hooks.automl")],
        "triggers": [_modules("triggers.approvals", "triggers.jobs", "triggers.model_packages", "triggers.transform")],
        "extra-links": [
            f"airflow_sagemaker_automl.observability.links.{name}"
            for name in (
                "AutoMLJobLink",
                "ModelPackageGroupLink",
                "ModelPackageLink",
                "ScoresLink",
                "TrainingJobLink",
                "TrainingLogsLink",
                "TransformJobLink",
                "TransformLogsLink",
            )
        ],
        "asset-uris": [
            {
                "schemes": ["sagemaker"],
                "handler": "airflow_sagemaker_automl.assets.events.sanitize_uri",
                "factory": "airflow_sagemaker_automl.assets.events.create_asset",
                "to_openlineage_converter": "airflow_sagemaker_automl.observability.lineage.to_openlineage",
            }
        ],
        "config": _CONFIGURATION,
    }


def _modules(*names: str) -> dict[str, Any]:
    return {
        "integration-name": _INTEGRATION,
        "python-modules": [f"airflow_sagemaker_automl.{name}" for name in names],
    }
