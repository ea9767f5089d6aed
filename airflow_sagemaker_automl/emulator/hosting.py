"""Models, endpoint configurations and endpoints: what the service says of them; no container runs behind them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from airflow_sagemaker_automl.emulator.clock import now
from airflow_sagemaker_automl.emulator.errors import ValidationException
from airflow_sagemaker_automl.emulator.registry import Registry

# Long enough to be seen by whoever polls, short enough to wait for.
_TRANSITION = timedelta(seconds=1)
_NOT_WITH_A_PACKAGE = ("Image", "ModelDataUrl", "ModelDataSource", "Environment")


class Model:
    """A model.

    :param request: ``CreateModel`` request.
    :param arn: ARN of the model.
    """

    def __init__(self, request: Mapping[str, Any], arn: str) -> None:
        self.name: str = request["ModelName"]
        self.arn = arn
        self.tags: list[dict[str, str]] = list(request.get("Tags", []))
        self._request = _without_tags(request)
        self._created = now()

    @property
    def containers(self) -> list[dict[str, Any]]:
        return _containers(self._request)

    def describe(self) -> dict[str, Any]:
        answer = {**self._request, "ModelArn": self.arn, "CreationTime": self._created}
        answer.setdefault("EnableNetworkIsolation", False)
        return copy.deepcopy(answer)


class EndpointConfig:
    """An endpoint configuration.

    :param request: ``CreateEndpointConfig`` request.
    :param arn: ARN of the configuration.
    """

    def __init__(self, request: Mapping[str, Any], arn: str) -> None:
        self.name: str = request["EndpointConfigName"]
        self.arn = arn
        self.tags: list[dict[str, str]] = list(request.get("Tags", []))
        self.request = _without_tags(request)
        for variant in self.request["ProductionVariants"]:
            variant.setdefault("InitialVariantWeight", 1.0)
        self._created = now()

    def describe(self) -> dict[str, Any]:
        answer = {**self.request, "EndpointConfigArn": self.arn, "CreationTime": self._created}
        answer.setdefault("EnableNetworkIsolation", False)
        return copy.deepcopy(answer)


class Endpoint:
    """An endpoint; it gets from one state to the next by time alone.

    :param request: ``CreateEndpoint`` request.
    :param arn: ARN of the endpoint.
    :param config: its configuration.
    :param images: images that each of the configuration's variants runs.
    """

    def __init__(
        self, request: Mapping[str, Any], arn: str, config: EndpointConfig, images: Mapping[str, list[str]]
    ) -> None:
        self.name: str = request["EndpointName"]
        self.arn = arn
        self.tags: list[dict[str, str]] = list(request.get("Tags", []))
        self._created = now()
        self._deployment: dict[str, Any] | None = request.get("DeploymentConfig")
        self._begin("Creating")
        self._deploy(config, images)

    @property
    def status(self) -> str:
        return self._changing_to if now() < self._settled else "InService"

    @property
    def is_gone(self) -> bool:
        return self._changing_to == "Deleting" and now() >= self._settled

    def update(self, request: Mapping[str, Any], config: EndpointConfig, images: Mapping[str, list[str]]) -> None:
        """Apply ``UpdateEndpoint``."""
        self._require_settled("update")
        kept = self._variants if request.get("RetainAllVariantProperties") else {}
        excluded = {entry["VariantPropertyType"] for entry in request.get("ExcludeRetainedVariantProperties", [])}
        self._deploy(config, images)
        for name, variant in self._variants.items():
            retained = {key: kept[name][key] for key in _RETAINED if name in kept and key in kept[name]}
            variant |= {key: value for key, value in retained.items() if _RETAINED[key] not in excluded}
        if not request.get("RetainDeploymentConfig"):
            self._deployment = request.get("DeploymentConfig")
        self._begin("Updating")

    def weigh(self, changes: list[dict[str, Any]]) -> None:
        """Apply ``UpdateEndpointWeightsAndCapacities``."""
        self._require_settled("update")
        unknown = [change["VariantName"] for change in changes if change["VariantName"] not in self._variants]
        if unknown:
            raise ValidationException(f"The endpoint {self.arn} has no variants {', '.join(unknown)}.")
        for change in changes:
            self._variants[change["VariantName"]] |= {
                key: change[key] for key in ("DesiredWeight", "DesiredInstanceCount") if key in change
            }
        self._begin("Updating")

    def delete(self) -> None:
        self._begin("Deleting")

    def describe(self) -> dict[str, Any]:
        config = self._config.request
        status = self.status
        return copy.deepcopy(
            {
                "EndpointName": self.name,
                "EndpointArn": self.arn,
                "EndpointConfigName": self._config.name,
                "ProductionVariants": [self._variant(variant, status) for variant in self._variants.values()],
                "DataCaptureConfig": _data_capture(config.get("DataCaptureConfig")),
                "AsyncInferenceConfig": config.get("AsyncInferenceConfig"),
                "ExplainerConfig": config.get("ExplainerConfig"),
                "LastDeploymentConfig": self._deployment,
                **self.summary(),
            }
        )

    def summary(self) -> dict[str, Any]:
        status = self.status
        return {
            "EndpointName": self.name,
            "EndpointArn": self.arn,
            "EndpointStatus": status,
            "CreationTime": self._created,
            "LastModifiedTime": self._settled if status == "InService" else self._settled - _TRANSITION,
        }

    def _require_settled(self, verb: str) -> None:
        if self.status != "InService":
            raise ValidationException(f'Cannot {verb} in-progress endpoint "{self.arn}".')

    def _begin(self, change: str) -> None:
        self._changing_to = change
        self._settled: datetime = now() + _TRANSITION

    def _deploy(self, config: EndpointConfig, images: Mapping[str, list[str]]) -> None:
        self._config = config
        self._variants = {
            variant["VariantName"]: {
                "VariantName": variant["VariantName"],
                "DesiredWeight": variant["InitialVariantWeight"],
                "DesiredInstanceCount": variant.get("InitialInstanceCount"),
                "DesiredServerlessConfig": variant.get("ServerlessConfig"),
                "ManagedInstanceScaling": variant.get("ManagedInstanceScaling"),
                "RoutingConfig": variant.get("RoutingConfig"),
                "DeployedImages": [
                    {"SpecifiedImage": image, "ResolvedImage": image, "ResolutionTime": now()}
                    for image in images[variant["VariantName"]]
                ],
            }
            for variant in config.request["ProductionVariants"]
        }

    def _variant(self, variant: Mapping[str, Any], status: str) -> dict[str, Any]:
        if status != "InService":
            began = self._settled - _TRANSITION
            known = ("Creating", "Updating", "Deleting")
            return {**variant, "VariantStatus": [{"Status": status, "StartTime": began}] if status in known else None}
        current = {f"Current{name}": variant.get(f"Desired{name}") for name in _CURRENT}
        return {**variant, **current}


_CURRENT = ("Weight", "InstanceCount", "ServerlessConfig")
_RETAINED = {"DesiredInstanceCount": "DesiredInstanceCount", "DesiredWeight": "DesiredWeight"}


class Hosting:
    """All models, endpoint configurations and endpoints of an account in a region.

    :param arn: writes an ARN of a kind and a name.
    :param registry: where model packages are.
    """

    def __init__(self, arn: Callable[[str, str], str], registry: Registry) -> None:
        self.models: dict[str, Model] = {}
        self.configs: dict[str, EndpointConfig] = {}
        self._endpoints: dict[str, Endpoint] = {}
        self._arn = arn
        self._registry = registry

    @property
    def endpoints(self) -> dict[str, Endpoint]:
        self._endpoints = {name: endpoint for name, endpoint in self._endpoints.items() if not endpoint.is_gone}
        return self._endpoints

    def create_model(self, request: Mapping[str, Any]) -> Model:
        arn = self._arn("model", request["ModelName"])
        if request["ModelName"] in self.models:
            raise ValidationException(f'Cannot create already existing model "{arn}".')
        if ("PrimaryContainer" in request) == bool(request.get("Containers")):
            raise ValidationException("Give either PrimaryContainer or Containers, which must not be empty.")
        for container in _containers(request):
            self._require_usable(container)
        self.models[request["ModelName"]] = Model(request, arn)
        return self.models[request["ModelName"]]

    def find_model(self, name: str) -> Model:
        if name not in self.models:
            raise ValidationException(f'Could not find model "{self._arn("model", name)}".')
        return self.models[name]

    def create_config(self, request: Mapping[str, Any]) -> EndpointConfig:
        name = request["EndpointConfigName"]
        arn = self._arn("endpoint-config", name)
        if name in self.configs:
            raise ValidationException(f'Cannot create already existing endpoint configuration "{arn}".')
        variants = [*request["ProductionVariants"], *request.get("ShadowProductionVariants", [])]
        names = [variant["VariantName"] for variant in variants]
        if len(set(names)) < len(names):
            raise ValidationException("The names of an endpoint configuration's variants must be different.")
        for variant in variants:
            self._require_complete(variant)
        self.configs[name] = EndpointConfig(request, arn)
        return self.configs[name]

    def find_config(self, name: str) -> EndpointConfig:
        if name not in self.configs:
            arn = self._arn("endpoint-config", name)
            raise ValidationException(f'Could not find endpoint configuration "{arn}".')
        return self.configs[name]

    def create_endpoint(self, request: Mapping[str, Any]) -> Endpoint:
        name = request["EndpointName"]
        arn = self._arn("endpoint", name)
        if name.lower() in (taken.lower() for taken in self.endpoints):
            raise ValidationException(f'Cannot create already existing endpoint "{arn}".')
        config = self.find_config(request["EndpointConfigName"])
        self._endpoints[name] = Endpoint(request, arn, config, self._images(config))
        return self._endpoints[name]

    def find_endpoint(self, name: str) -> Endpoint:
        if name not in self.endpoints:
            raise ValidationException(f'Could not find endpoint "{self._arn("endpoint", name)}".')
        return self.endpoints[name]

    def update_endpoint(self, request: Mapping[str, Any]) -> Endpoint:
        endpoint = self.find_endpoint(request["EndpointName"])
        config = self.find_config(request["EndpointConfigName"])
        endpoint.update(request, config, self._images(config))
        return endpoint

    def _require_usable(self, container: Mapping[str, Any]) -> None:
        """Refuse a container that names neither image nor package, or a package that may not be deployed."""
        if "ModelPackageName" not in container:
            if "Image" not in container:
                raise ValidationException("A container needs an Image or a ModelPackageName.")
            return
        both = [key for key in _NOT_WITH_A_PACKAGE if key in container]
        if both:
            raise ValidationException(f"{', '.join(both)} cannot be specified both at Model Package and Model.")
        package = self._registry.find_package(container["ModelPackageName"])
        if package.status != "Completed":
            raise ValidationException(
                f"Model package {package.arn} is {package.status}, so no model can be made of it."
            )
        if not package.is_deployable:
            raise ValidationException(f"Model package {package.arn} is not approved, so no model can be made of it.")
        wanted = container.get("InferenceSpecificationName")
        if wanted is not None and wanted not in package.specifications:
            raise ValidationException(f"Model package {package.arn} has no inference specification {wanted}.")

    def _require_complete(self, variant: Mapping[str, Any]) -> None:
        name = variant["VariantName"]
        if "ModelName" in variant:
            self.find_model(variant["ModelName"])
        serverless = "ServerlessConfig" in variant
        if serverless == ("InstanceType" in variant or "InstancePools" in variant):
            raise ValidationException(f"Variant {name} needs either an InstanceType or a ServerlessConfig.")
        if "ModelName" in variant and not serverless and "InitialInstanceCount" not in variant:
            raise ValidationException(f"Variant {name} needs an InitialInstanceCount.")

    def _images(self, config: EndpointConfig) -> dict[str, list[str]]:
        """Tell what each variant runs; a model may have been deleted since the configuration was made."""
        images: dict[str, list[str]] = {}
        for variant in config.request["ProductionVariants"]:
            model = self.find_model(variant["ModelName"]) if "ModelName" in variant else None
            containers = [
                inner
                for container in (model.containers if model else [])
                for inner in (
                    self._registry.find_package(container["ModelPackageName"]).containers
                    if "ModelPackageName" in container
                    else [container]
                )
            ]
            images[variant["VariantName"]] = [container["Image"] for container in containers]
        return images


def _containers(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [request["PrimaryContainer"]] if "PrimaryContainer" in request else list(request.get("Containers", []))


def _without_tags(request: Mapping[str, Any]) -> dict[str, Any]:
    return {key: copy.deepcopy(value) for key, value in request.items() if key != "Tags"}


def _data_capture(config: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if config is None:
        return None
    enabled = bool(config.get("EnableCapture"))
    return {
        "EnableCapture": enabled,
        "CaptureStatus": "Started" if enabled else "Stopped",
        "CurrentSamplingPercentage": config["InitialSamplingPercentage"],
        "DestinationS3Uri": config["DestinationS3Uri"],
        "KmsKeyId": config.get("KmsKeyId", ""),
    }
