"""Models, endpoint configurations and endpoints as the service describes them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from typing import Any

from airflow_sagemaker_automl.emulator.capture import Capture
from airflow_sagemaker_automl.emulator.clock import now
from airflow_sagemaker_automl.emulator.endpoint import Deployment, Endpoint
from airflow_sagemaker_automl.emulator.errors import ValidationException
from airflow_sagemaker_automl.emulator.images import Containers
from airflow_sagemaker_automl.emulator.registry import Registry
from airflow_sagemaker_automl.emulator.serving import Fleet

_NOT_WITH_A_PACKAGE = ("Image", "ModelDataUrl", "ModelDataSource", "Environment")
_SERVERLESS_MEMORY = range(1024, 6144 + 1, 1024)


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

    @property
    def role(self) -> str | None:
        """Its execution role."""
        return self._request.get("ExecutionRoleArn")

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


class Hosting:
    """All models, endpoint configurations and endpoints of an account in a region.

    :param arn: builds an ARN from a resource type and a name.
    :param registry: the model packages.
    :param start: starts the processes for the variants of a configuration, given the containers of each.
    :param store: writes captured data, given URI and content.
    """

    def __init__(
        self,
        arn: Callable[[str, str], str],
        registry: Registry,
        start: Callable[[Mapping[str, Containers]], Fleet],
        store: Callable[[str, bytes], None],
    ) -> None:
        self.models: dict[str, Model] = {}
        self.configs: dict[str, EndpointConfig] = {}
        self._endpoints: dict[str, Endpoint] = {}
        self._arn = arn
        self._registry = registry
        self._start = start
        self._store = store

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
        self._endpoints[name] = Endpoint(request, arn, self._deploy(config, name))
        return self._endpoints[name]

    def find_endpoint(self, name: str) -> Endpoint:
        if name not in self.endpoints:
            raise ValidationException(f'Could not find endpoint "{self._arn("endpoint", name)}".')
        return self.endpoints[name]

    def update_endpoint(self, request: Mapping[str, Any]) -> Endpoint:
        endpoint = self.find_endpoint(request["EndpointName"])
        config = self.find_config(request["EndpointConfigName"])
        endpoint.require_in_service()
        endpoint.update(request, self._deploy(config, endpoint.name))
        return endpoint

    def end_all(self) -> None:
        """End all processes of all endpoints, and wait until they have ended."""
        for endpoint in self._endpoints.values():
            for deployment in endpoint.deployments():
                deployment.kill()

    def _require_usable(self, container: Mapping[str, Any]) -> None:
        """Refuse a container without image and package, or with a package that cannot be deployed."""
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
        if serverless:
            _require_serverless(name, variant["ServerlessConfig"])
        if "ModelName" in variant and not serverless and "InitialInstanceCount" not in variant:
            raise ValidationException(f"Variant {name} needs an InitialInstanceCount.")

    def _deploy(self, config: EndpointConfig, endpoint: str) -> Deployment:
        """Start the variants of a configuration; a model may have been deleted since the configuration was created.

        :param endpoint: name of the endpoint.
        """
        chains = {
            variant["VariantName"]: self.chain(variant["ModelName"]) if "ModelName" in variant else []
            for variant in config.request["ProductionVariants"]
        }
        images = {name: [container["Image"] for container in chain] for name, chain in chains.items()}
        captured = config.request.get("DataCaptureConfig")
        capture = Capture(endpoint, captured, self._store) if captured else None
        return Deployment(config.request, images, self._start(chains), capture)

    def chain(self, model: str) -> list[Mapping[str, Any]]:
        """List the containers of a model, with each model package replaced by its containers."""
        return [
            inner
            for container in self.find_model(model).containers
            for inner in (
                self._registry.find_package(container["ModelPackageName"]).chain(
                    container.get("InferenceSpecificationName")
                )
                if "ModelPackageName" in container
                else [container]
            )
        ]


def _require_serverless(variant: str, config: Mapping[str, int]) -> None:
    """Refuse what the documentation of ``ProductionVariantServerlessConfig`` excludes; the model has only limits."""
    memory, most = config["MemorySizeInMB"], config["MaxConcurrency"]
    if memory not in _SERVERLESS_MEMORY:
        sizes = ", ".join(map(str, _SERVERLESS_MEMORY))
        raise ValidationException(f"MemorySizeInMB of variant {variant} must be one of {sizes}, not {memory}.")
    if config.get("ProvisionedConcurrency", 0) > most:
        raise ValidationException(
            f"ProvisionedConcurrency of variant {variant} must be less than or equal to its MaxConcurrency, {most}."
        )


def _containers(request: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [request["PrimaryContainer"]] if "PrimaryContainer" in request else list(request.get("Containers", []))


def _without_tags(request: Mapping[str, Any]) -> dict[str, Any]:
    return {key: copy.deepcopy(value) for key, value in request.items() if key != "Tags"}
