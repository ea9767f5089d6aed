"""What Airflow is told of this provider; it reads this at every start, so nothing else is imported here."""

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
                    "Name of this Airflow deployment, different from that of any other on the same AWS account.\n"
                    "It is part of every job's name and tags, by which a task finds its job again if its state is\n"
                    "lost. Where it is empty, ``[api] base_url`` stands for it in the tags."
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
                "operators.approval",
                "operators.jobs",
                "operators.champion_group",
                "operators.quality_gate",
                "operators.registry",
                "operators.stopping",
                "operators.updating",
            )
        ],
        "sensors": [_modules("sensors.approval", "sensors.jobs")],
        "hooks": [_modules("hooks")],
        "triggers": [_modules("approval_watch", "registry_triggers", "triggers")],
        "extra-links": [
            f"airflow_sagemaker_automl.links.{name}"
            for name in (
                "AutoMLJobLink",
                "ModelPackageGroupLink",
                "ModelPackageLink",
                "TrainingJobLink",
                "TrainingLogsLink",
            )
        ],
        "asset-uris": [
            {
                "schemes": ["sagemaker"],
                "handler": "airflow_sagemaker_automl.assets.sanitize_uri",
                "factory": "airflow_sagemaker_automl.assets.create_asset",
                "to_openlineage_converter": "airflow_sagemaker_automl.lineage.to_openlineage",
            }
        ],
        "config": _CONFIGURATION,
    }


def _modules(*names: str) -> dict[str, Any]:
    return {
        "integration-name": _INTEGRATION,
        "python-modules": [f"airflow_sagemaker_automl.{name}" for name in names],
    }
