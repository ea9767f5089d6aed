"""Models, endpoint configurations and endpoints."""

from __future__ import annotations

from collections.abc import Iterable

from airflow_sagemaker_automl.emulator.backend import LocalSageMaker
from airflow_sagemaker_automl.emulator.listing import Members, page, within


def create_model(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``CreateModel``."""
    return {"ModelArn": account.hosting.create_model(request).arn}


def describe_model(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``DescribeModel``."""
    return account.hosting.find_model(request["ModelName"]).describe()


def list_models(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``ListModels``."""
    described = (model.describe() for model in account.hosting.models.values())
    return _list(described, request, "Models", "Model")


def delete_model(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``DeleteModel``."""
    del account.hosting.models[account.hosting.find_model(request["ModelName"]).name]
    return {}


def create_config(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``CreateEndpointConfig``."""
    return {"EndpointConfigArn": account.hosting.create_config(request).arn}


def describe_config(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``DescribeEndpointConfig``."""
    return account.hosting.find_config(request["EndpointConfigName"]).describe()


def list_configs(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``ListEndpointConfigs``."""
    described = (config.describe() for config in account.hosting.configs.values())
    return _list(described, request, "EndpointConfigs", "EndpointConfig")


def delete_config(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``DeleteEndpointConfig``."""
    del account.hosting.configs[account.hosting.find_config(request["EndpointConfigName"]).name]
    return {}


def create_endpoint(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``CreateEndpoint``."""
    return {"EndpointArn": account.hosting.create_endpoint(request).arn}


def describe_endpoint(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``DescribeEndpoint``."""
    return account.hosting.find_endpoint(request["EndpointName"]).describe()


def list_endpoints(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``ListEndpoints``."""
    summaries = [endpoint.summary() for endpoint in account.hosting.endpoints.values()]
    return _list(summaries, request, "Endpoints", "Endpoint")


def update_endpoint(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``UpdateEndpoint``."""
    return {"EndpointArn": account.hosting.update_endpoint(request).arn}


def weigh_endpoint(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``UpdateEndpointWeightsAndCapacities``."""
    endpoint = account.hosting.find_endpoint(request["EndpointName"])
    endpoint.weigh(request["DesiredWeightsAndCapacities"])
    return {"EndpointArn": endpoint.arn}


def delete_endpoint(account: LocalSageMaker, request: Members) -> Members:
    """Answer ``DeleteEndpoint``."""
    account.hosting.find_endpoint(request["EndpointName"]).delete()
    return {}


def _list(items: Iterable[Members], request: Members, result: str, kind: str) -> Members:
    """List resources of one type in the service's default order, newest first."""
    name, status = f"{kind}Name", f"{kind}Status"
    members = (name, f"{kind}Arn", "CreationTime", "LastModifiedTime", status)
    summaries = [{key: item[key] for key in members if key in item} for item in items]
    order = {"Name": name, "CreationTime": "CreationTime", "Status": status}[request.get("SortBy", "CreationTime")]
    wanted = within(summaries, request, name, StatusEquals=status)
    return page(wanted, request, result, name=name, sort_key=lambda item: item[order], order="Descending")


OPERATIONS = {
    "CreateModel": create_model,
    "DescribeModel": describe_model,
    "ListModels": list_models,
    "DeleteModel": delete_model,
    "CreateEndpointConfig": create_config,
    "DescribeEndpointConfig": describe_config,
    "ListEndpointConfigs": list_configs,
    "DeleteEndpointConfig": delete_config,
    "CreateEndpoint": create_endpoint,
    "DescribeEndpoint": describe_endpoint,
    "ListEndpoints": list_endpoints,
    "UpdateEndpoint": update_endpoint,
    "UpdateEndpointWeightsAndCapacities": weigh_endpoint,
    "DeleteEndpoint": delete_endpoint,
}
