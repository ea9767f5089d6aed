"""An endpoint: its current and its pending deployment.

AWS documents for ``EndpointStatus`` that only ``DeleteEndpoint`` works on a failed endpoint. That a failed update
keeps the former configuration in service, with a ``FailureReason``, is what clients of the service rely on:
https://github.com/aws-controllers-k8s/sagemaker-controller.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from airflow_sagemaker_automl.emulator.capture import Capture, Message
from airflow_sagemaker_automl.emulator.clock import now
from airflow_sagemaker_automl.emulator.errors import ValidationException
from airflow_sagemaker_automl.emulator.serving import Fleet, NotServed, chosen

# Long enough for a poll to see the state, short enough to wait for.
_TRANSITION = timedelta(seconds=1)
_CURRENT = ("Weight", "InstanceCount", "ServerlessConfig")
_RETAINED = ("DesiredInstanceCount", "DesiredWeight")


class Deployment:
    """A deployed configuration: its variants, whose weights and capacities may change, and their processes.

    :param config: ``CreateEndpointConfig`` request.
    :param images: the images of each variant.
    :param fleet: the processes of its variants.
    :param capture: captures invocations; None if the configuration does not say so.
    """

    def __init__(
        self, config: Mapping[str, Any], images: Mapping[str, Sequence[str]], fleet: Fleet, capture: Capture | None
    ) -> None:
        self.config = config
        self.fleet = fleet
        self.capture = capture
        self.variants = {
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
            for variant in config["ProductionVariants"]
        }

    def note(self, variant: str, request: Message, answer: Message, inference_id: str | None) -> None:
        """Capture a successful invocation of a variant, if the configuration says so.

        :param inference_id: ``InferenceId`` of the request.
        """
        # AWS documents that serverless endpoints capture nothing.
        if self.capture and self.variants[variant]["DesiredServerlessConfig"] is None:
            self.capture.note(variant, request, answer, inference_id)

    def close(self) -> None:
        """Write what is captured, and end its processes in the background."""
        if self.capture:
            self.capture.write()
        self.fleet.close()

    def kill(self) -> None:
        """Kill its processes and wait until they have ended."""
        if self.capture:  # S3 ends, too.
            self.capture.discard()
        self.fleet.kill()

    def retain(self, former: Deployment, excluded: set[str]) -> None:
        """Take over the weights and capacities of another deployment's variants."""
        for name, variant in self.variants.items():
            kept = former.variants.get(name, {})
            variant |= {key: kept[key] for key in _RETAINED if key in kept and key not in excluded}

    def pending(self, since: datetime) -> dict[str, Any]:
        """Describe the deployment as ``PendingDeploymentSummary``."""
        variants = list(self.variants.values())
        return {
            "EndpointConfigName": self.config["EndpointConfigName"],
            "ProductionVariants": variants,
            "StartTime": since,
        }


class Endpoint:
    """An endpoint; it changes state when its processes have loaded their models, or after some time.

    :param request: ``CreateEndpoint`` request.
    :param arn: ARN of the endpoint.
    :param first: its first deployment.
    """

    def __init__(self, request: Mapping[str, Any], arn: str, first: Deployment) -> None:
        self.name: str = request["EndpointName"]
        self.arn = arn
        self.tags: list[dict[str, str]] = list(request.get("Tags", []))
        self._created = now()
        self._guardrails: Mapping[str, Any] | None = request.get("DeploymentConfig")
        self._running = first
        self._coming: Deployment | None = None
        self._failure: str | None = None
        self._begin("Creating", first)

    @property
    def status(self) -> str:
        self._look()
        return self._state

    @property
    def is_gone(self) -> bool:
        return self._state == "Deleting" and now() >= self._changing_since + _TRANSITION

    @property
    def takes_invocations(self) -> bool:
        return self.status not in ("Creating", "Failed", "Deleting")

    def update(self, request: Mapping[str, Any], coming: Deployment) -> None:
        """Apply ``UpdateEndpoint``."""
        if request.get("RetainAllVariantProperties"):
            excluded = {entry["VariantPropertyType"] for entry in request.get("ExcludeRetainedVariantProperties", [])}
            coming.retain(self._running, excluded)
        if not request.get("RetainDeploymentConfig"):
            self._guardrails = request.get("DeploymentConfig")
        self._begin("Updating", coming)

    def weigh(self, changes: list[dict[str, Any]]) -> None:
        """Apply ``UpdateEndpointWeightsAndCapacities``."""
        self.require_in_service()
        variants = self._running.variants
        unknown = [change["VariantName"] for change in changes if change["VariantName"] not in variants]
        if unknown:
            raise ValidationException(f"The endpoint {self.arn} has no variants {', '.join(unknown)}.")
        for change in changes:
            variants[change["VariantName"]] |= {
                key: change[key] for key in ("DesiredWeight", "DesiredInstanceCount") if key in change
            }
        self._begin("Updating", self._running)

    def delete(self) -> None:
        for deployment in self.deployments():
            deployment.close()
        self._state, self._changing_since, self._coming = "Deleting", now(), None

    def deployments(self) -> list[Deployment]:
        """List its current and its pending deployment."""
        both = [self._running, *([self._coming] if self._coming else [])]
        return list({id(deployment): deployment for deployment in both}.values())

    def require_in_service(self) -> None:
        """Refuse a change while another change is in progress, or after the endpoint has failed."""
        if self.status == "Failed":
            raise ValidationException(f'Cannot update failed endpoint "{self.arn}"; it can only be deleted.')
        if self.status != "InService":
            raise ValidationException(f'Cannot update in-progress endpoint "{self.arn}".')

    def variant_for(self, target: str | None) -> tuple[str, Deployment]:
        """Choose the variant that an invocation goes to.

        :param target: ``TargetVariant`` of the request.
        :return: the variant's name and its deployment.
        :raises NotServed: no variant has this name.
        """
        self._look()
        variants = self._running.variants
        if target is not None and target not in variants:
            raise NotServed(f"Variant {target} of endpoint {self.name} not found.")
        weights = {name: variant["DesiredWeight"] for name, variant in variants.items()}
        return target or chosen(weights), self._running

    def describe(self) -> dict[str, Any]:
        summary, config = self.summary(), self._running.config
        status = summary["EndpointStatus"]
        is_next = self._coming is not None and self._coming is not self._running
        return copy.deepcopy(
            {
                **summary,
                "EndpointConfigName": config["EndpointConfigName"],
                "ProductionVariants": [self._variant(variant, status) for variant in self._running.variants.values()],
                "PendingDeploymentSummary": (
                    self._coming.pending(self._changing_since) if self._coming and is_next else None
                ),
                "DataCaptureConfig": self._running.capture.describe() if self._running.capture else None,
                "AsyncInferenceConfig": config.get("AsyncInferenceConfig"),
                "ExplainerConfig": config.get("ExplainerConfig"),
                "LastDeploymentConfig": self._guardrails,
                "FailureReason": self._failure,
            }
        )

    def summary(self) -> dict[str, Any]:
        return {
            "EndpointName": self.name,
            "EndpointArn": self.arn,
            "EndpointStatus": self.status,
            "CreationTime": self._created,
            "LastModifiedTime": self._changing_since if self._coming else self._settled,
        }

    def _begin(self, change: str, coming: Deployment) -> None:
        self._state, self._coming, self._failure = change, coming, None
        self._changing_since = self._settled = now()

    def _look(self) -> None:
        """End a change whose processes are ready or have failed; the state is only updated when it is read."""
        coming = self._coming
        settled = coming.fleet.settled(self._changing_since + _TRANSITION) if coming else None
        if coming is None or settled is None or now() < settled:
            return
        self._coming, self._settled, self._failure = None, settled, coming.fleet.failure
        self._state = "Failed" if self._failure and coming is self._running else "InService"
        left = coming if self._failure else self._running
        if self._failure or coming is not self._running:
            left.close()
        if not self._failure:
            self._running = coming

    def _variant(self, variant: Mapping[str, Any], status: str) -> dict[str, Any]:
        if status in ("Creating", "Updating", "Deleting"):
            return {**variant, "VariantStatus": [{"Status": status, "StartTime": self._changing_since}]}
        return {**variant, **{f"Current{name}": variant.get(f"Desired{name}") for name in _CURRENT}}
