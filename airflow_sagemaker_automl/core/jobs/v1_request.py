"""Converts requests of AutoML V1 (``CreateAutoMLJob``) to V2 (``CreateAutoMLJobV2``).

Source: https://docs.aws.amazon.com/sagemaker/latest/dg/autopilot-automate-model-development-create-experiment.html,
"Migrate a CreateAutoMLJob to CreateAutoMLJobV2".
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from airflow_sagemaker_automl.core.values.members import present

_VALUE = None
_TARGET, _WEIGHT = "TargetAttributeName", "SampleWeightAttributeName"

# Members of CreateAutoMLJob: a dict is an object; a list contains the object that its items are like.
_V1_MEMBERS: dict[str, Any] = {
    "AutoMLJobName": _VALUE,
    "InputDataConfig": [
        {
            "ChannelType": _VALUE,
            "ContentType": _VALUE,
            "CompressionType": _VALUE,
            "DataSource": {"S3DataSource": {"S3DataType": _VALUE, "S3Uri": _VALUE}},
            _TARGET: _VALUE,
            _WEIGHT: _VALUE,
        }
    ],
    "OutputDataConfig": {"KmsKeyId": _VALUE, "S3OutputPath": _VALUE},
    "RoleArn": _VALUE,
    "ProblemType": _VALUE,
    "AutoMLJobObjective": {"MetricName": _VALUE},
    "AutoMLJobConfig": {
        "Mode": _VALUE,
        "CompletionCriteria": {
            "MaxCandidates": _VALUE,
            "MaxAutoMLJobRuntimeInSeconds": _VALUE,
            "MaxRuntimePerTrainingJobInSeconds": _VALUE,
        },
        "CandidateGenerationConfig": {
            "AlgorithmsConfig": [{"AutoMLAlgorithms": _VALUE}],
            "FeatureSpecificationS3Uri": _VALUE,
        },
        "DataSplitConfig": {"ValidationFraction": _VALUE},
        "SecurityConfig": {
            "EnableInterContainerTrafficEncryption": _VALUE,
            "VolumeKmsKeyId": _VALUE,
            "VpcConfig": {"SecurityGroupIds": _VALUE, "Subnets": _VALUE},
        },
    },
    "GenerateCandidateDefinitionsOnly": _VALUE,
    "ModelDeployConfig": {"AutoGenerateEndpointName": _VALUE, "EndpointName": _VALUE},
    "Tags": [{"Key": _VALUE, "Value": _VALUE}],
}
_TABULAR = "AutoMLProblemTypeConfig.TabularJobConfig"
# In the order in which V2's members are printed.
_MOVES = {
    "AutoMLJobName": "AutoMLJobName",
    "InputDataConfig": "AutoMLJobInputDataConfig",
    "ProblemType": f"{_TABULAR}.ProblemType",
    "AutoMLJobConfig.Mode": f"{_TABULAR}.Mode",
    "AutoMLJobConfig.CandidateGenerationConfig.AlgorithmsConfig": (
        f"{_TABULAR}.CandidateGenerationConfig.AlgorithmsConfig"
    ),
    "AutoMLJobConfig.CandidateGenerationConfig.FeatureSpecificationS3Uri": f"{_TABULAR}.FeatureSpecificationS3Uri",
    "AutoMLJobConfig.CompletionCriteria": f"{_TABULAR}.CompletionCriteria",
    "GenerateCandidateDefinitionsOnly": f"{_TABULAR}.GenerateCandidateDefinitionsOnly",
    "AutoMLJobObjective": "AutoMLJobObjective",
    "AutoMLJobConfig.DataSplitConfig": "DataSplitConfig",
    "OutputDataConfig": "OutputDataConfig",
    "RoleArn": "RoleArn",
    "AutoMLJobConfig.SecurityConfig": "SecurityConfig",
    "ModelDeployConfig": "ModelDeployConfig",
    "Tags": "Tags",
}
_V2_ONLY = ("AutoMLJobInputDataConfig", "AutoMLProblemTypeConfig")

_DEFAULT_OBJECTIVES = {"Regression": "MSE", "BinaryClassification": "F1", "MulticlassClassification": "Accuracy"}
_METRICS_OF_ONE_TYPE = {
    **dict.fromkeys(("MSE", "MAE", "RMSE", "R2"), "Regression"),
    **dict.fromkeys(("F1", "AUC", "Precision", "Recall"), "BinaryClassification"),
    **dict.fromkeys(("F1macro", "PrecisionMacro", "RecallMacro"), "MulticlassClassification"),
}

# Member → arguments of SageMakerAutoMLOperator that its hook writes into it, unless `extras` replaces the member.
_ARGUMENTS_OF_MEMBER = {
    "AutoMLJobName": ("job_name",),
    "InputDataConfig": ("s3_input", "target_attribute", "compressed_input"),
    "OutputDataConfig": ("s3_output",),
    "RoleArn": ("role_arn",),
    "AutoMLJobConfig": ("time_limit",),
    "ModelDeployConfig": ("autodeploy_endpoint_name",),
}
_REQUEST_ARGUMENTS = (*(name for names in _ARGUMENTS_OF_MEMBER.values() for name in names), "extras")
_UNSENT_IF_EMPTY = ("compressed_input", "time_limit", "autodeploy_endpoint_name", "extras")
_SAME_ON_THE_OPERATOR = "not part of the request; SageMakerAutoMLJobOperator has an argument of the same name."
_OTHER_ARGUMENTS = {
    "wait_for_completion": _SAME_ON_THE_OPERATOR,
    "aws_conn_id": _SAME_ON_THE_OPERATOR,
    "region_name": _SAME_ON_THE_OPERATOR,
    "verify": _SAME_ON_THE_OPERATOR,
    "botocore_config": _SAME_ON_THE_OPERATOR,
    "task_id": _SAME_ON_THE_OPERATOR,
    "check_interval": "not part of the request; SageMakerAutoMLJobOperator calls it poll_interval.",
    "config": "SageMakerAutoMLOperator ignores it; remove it.",
}
_ARGUMENTS = {*_REQUEST_ARGUMENTS, *_OTHER_ARGUMENTS}


@dataclass(frozen=True)
class Migration:
    """A V2 request, with remarks on what needs attention.

    :param request: arguments of ``CreateAutoMLJobV2``.
    :param remarks: one sentence for each member that was dropped or changed; empty if there are none.
    """

    request: dict[str, Any]
    remarks: tuple[str, ...]


def from_v1(request: Mapping[str, Any]) -> Migration:
    """Convert a request of ``CreateAutoMLJob`` to one of ``CreateAutoMLJobV2``.

    Values are moved, not validated, so that Jinja templates and XComArgs are kept.

    :param request: the arguments of boto3's ``create_auto_ml_job`` or of Airflow's ``SageMakerAutoMLOperator``, which
        are detected by their names. It is not changed.
    :raises ValueError: it is neither of the two.
    """
    remarks: list[str] = []
    if len(request.keys() & _ARGUMENTS) > len(request.keys() & _V1_MEMBERS.keys()):
        request = _sent_by_operator(request, remarks)
    if found := [name for name in _V2_ONLY if name in request]:
        raise ValueError(f"{found[0]} is a member of CreateAutoMLJobV2: this request needs no migration.")
    if not request.keys() & _V1_MEMBERS.keys():
        raise ValueError("The request has no member of CreateAutoMLJob and no argument of SageMakerAutoMLOperator.")
    known = _known_members(request, _V1_MEMBERS, "", remarks)
    migrated: dict[str, Any] = {}
    for old, new in _MOVES.items():
        if (value := _pop(known, old.split("."))) is not None:
            _put(migrated, new.split("."), value)
    remarks += [
        f"{path}: {_shown(value)} cannot be split, but CreateAutoMLJobV2 has its members in several places; write "
        "them out."
        for path, value in _left(known)
    ]
    tabular = {
        **_take_columns(migrated.get("AutoMLJobInputDataConfig"), remarks),
        **migrated.get("AutoMLProblemTypeConfig", {}).get("TabularJobConfig", {}),
    }
    migrated["AutoMLProblemTypeConfig"] = {"TabularJobConfig": tabular}
    _pair_objective(migrated, tabular, remarks)
    return Migration({key: migrated[key] for key in _in_order(migrated)}, tuple(remarks))


def _known_members(value: Any, known: Any, path: str, remarks: list[str]) -> Any:
    """Copy known members; a text in place of an object may be a template, and is kept."""
    if isinstance(known, list) and isinstance(value, list | tuple):
        return [_known_members(item, known[0], f"{path}[{index}]", remarks) for index, item in enumerate(value)]
    if not isinstance(known, dict) or not isinstance(value, Mapping):
        return value
    copy = {}
    for name, member in value.items():
        where = f"{path}.{name}" if path else str(name)
        if name not in known:
            remarks.append(f"{where}: CreateAutoMLJob has no such member; it was dropped.{_nearest(str(name), known)}")
        elif member is None:
            remarks.append(f"{where}: it has no value; it was dropped.")
        else:
            copy[name] = _known_members(member, known[name], where, remarks)
    return copy


def _nearest(name: str, siblings: Iterable[str]) -> str:
    here = {sibling.lower(): sibling for sibling in siblings}
    anywhere = {path.rpartition(".")[2].lower(): path for path in _paths(_V1_MEMBERS)}
    for candidates, cutoff in ((anywhere, 1.0), (here, 0.7), (anywhere, 0.7)):
        if match := difflib.get_close_matches(name.lower(), candidates, n=1, cutoff=cutoff):
            return f" Did you mean {candidates[match[0]]}?"
    return ""


def _paths(known: Any, path: str = "") -> Iterator[str]:
    if path:
        yield path
    for name, member in (known or {}).items():
        inner = member[0] if isinstance(member, list) else member
        yield from _paths(inner, f"{path}.{name}" if path else name)


def _pop(members: dict[str, Any], path: list[str]) -> Any:
    """Remove a member, and the objects around it that become empty."""
    first, *rest = path
    if not rest:
        return members.pop(first, None)
    inner = members.get(first)
    if not isinstance(inner, dict):
        return None
    value = _pop(inner, rest)
    if not inner:
        del members[first]
    return value


def _put(members: dict[str, Any], path: list[str], value: Any) -> None:
    *outer, last = path
    for name in outer:
        members = members.setdefault(name, {})
    members[last] = value


def _left(members: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in members.items():
        where = f"{path}.{name}" if path else name
        if isinstance(value, Mapping):
            yield from _left(value, where)
        else:
            yield where, value


def _in_order(members: Mapping[str, Any]) -> Iterator[str]:
    order = dict.fromkeys(new.partition(".")[0] for new in _MOVES.values())
    return (name for name in order if name in members)


def _take_columns(channels: Any, remarks: list[str]) -> dict[str, Any]:
    """Move the names of columns from the channels; in V2 the problem type has one of each."""
    columns: dict[str, Any] = {}
    if channels is None:
        return columns
    if not isinstance(channels, list) or not all(isinstance(channel, dict) for channel in channels):
        remarks.append(
            f"InputDataConfig: {_shown(channels)} cannot be split, but CreateAutoMLJobV2 has {_TARGET} and {_WEIGHT} "
            f"in {_TABULAR}; write the channels out."
        )
        return columns
    # The training channel takes precedence.
    ordered = sorted(enumerate(channels), key=lambda pair: pair[1].get("ChannelType", "training") != "training")
    for column in (_TARGET, _WEIGHT):
        named = [(index, channel.pop(column)) for index, channel in ordered if column in channel]
        if not named:
            continue
        (first, chosen), *others = named
        columns[column] = chosen
        remarks += [
            f"InputDataConfig[{index}].{column}: {_shown(other)} differs from {_shown(chosen)} of "
            f"InputDataConfig[{first}], but CreateAutoMLJobV2 has one for all channels. {_shown(chosen)} was used; "
            "rename the column in the other data."
            for index, other in others
            if other != chosen
        ]
        without = {index for index, _ in ordered} - {index for index, _ in named}
        remarks += [
            f"InputDataConfig[{index}]: it had no {column}, but {_shown(chosen)} now applies to it too; its data must "
            "have that column."
            for index in sorted(without)
        ]
    return columns


def _pair_objective(migrated: dict[str, Any], tabular: dict[str, Any], remarks: list[str]) -> None:
    """Complete problem type and objective: V2 requires both or neither."""
    objective, problem_type = migrated.get("AutoMLJobObjective"), tabular.get("ProblemType")
    if (objective is None) == (problem_type is None):
        return
    metric = objective.get("MetricName") if isinstance(objective, dict) else objective
    given, missing, pairs, answer = (
        ("ProblemType", "AutoMLJobObjective", _DEFAULT_OBJECTIVES, problem_type)
        if objective is None
        else ("AutoMLJobObjective", f"{_TABULAR}.ProblemType", _METRICS_OF_ONE_TYPE, metric)
    )
    added = pairs.get(answer) if isinstance(answer, str) else None
    rule = f"{given}: CreateAutoMLJobV2 accepts it only together with {missing}"
    if added is None:
        remarks.append(f"{rule}, which cannot be derived from {_shown(answer)}; add it.")
    elif objective is None:
        migrated["AutoMLJobObjective"] = {"MetricName": added}
        remarks.append(f"{rule}; {added} was added, the service's default for {answer}.")
    else:
        tabular["ProblemType"] = added
        remarks.append(f"{rule}; {added} was added, the only one that has {answer}.")


def _sent_by_operator(arguments: Mapping[str, Any], remarks: list[str]) -> dict[str, Any]:
    """Build the request that the hook of ``SageMakerAutoMLOperator`` sends for its arguments."""
    for name in arguments:
        if name in _OTHER_ARGUMENTS:
            remarks.append(f"{name}: {_OTHER_ARGUMENTS[name]}")
        elif name not in _REQUEST_ARGUMENTS:
            remarks.append(f"{name}: {_unknown_argument(str(name))}")
    given = {
        name: value
        for name, value in arguments.items()
        if name in _REQUEST_ARGUMENTS and value is not None and (value or name not in _UNSENT_IF_EMPTY)
    }
    if isinstance(compressed := given.get("compressed_input"), str):
        remarks.append(
            f"compressed_input: {_shown(compressed)} is a text, which SageMakerAutoMLOperator always treats as true; "
            "CompressionType is Gzip. Remove it if the data is not compressed."
        )
    channel = present(
        DataSource={"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": given["s3_input"]}}
        if "s3_input" in given
        else None,
        CompressionType="Gzip" if "compressed_input" in given else None,
        TargetAttributeName=given.get("target_attribute"),
    )
    request = present(
        AutoMLJobName=given.get("job_name"),
        InputDataConfig=[channel] if channel else None,
        OutputDataConfig=present(S3OutputPath=given.get("s3_output")) or None,
        RoleArn=given.get("role_arn"),
        AutoMLJobConfig=(
            {"CompletionCriteria": {"MaxAutoMLJobRuntimeInSeconds": given["time_limit"]}}
            if "time_limit" in given
            else None
        ),
        ModelDeployConfig=present(EndpointName=given.get("autodeploy_endpoint_name")) or None,
    )
    return {**request, **_extras(given, remarks)}


def _extras(given: Mapping[str, Any], remarks: list[str]) -> Mapping[str, Any]:
    extras = given.get("extras", {})
    if not isinstance(extras, Mapping):
        remarks.append(f"extras: {_shown(extras)} is not a dictionary and cannot be moved; write its members out.")
        return {}
    remarks += [
        f"{argument}: it was never sent, because extras has {member}, which replaces it in SageMakerAutoMLOperator; "
        "add it to the request if you need it."
        for member, names in _ARGUMENTS_OF_MEMBER.items()
        for argument in names
        if member in extras and argument in given
    ]
    return extras


def _unknown_argument(name: str) -> str:
    if match := difflib.get_close_matches(name.lower(), _ARGUMENTS, n=1, cutoff=0.75):
        return f"SageMakerAutoMLOperator has no such argument; did you mean {match[0]}?"
    return (
        "not part of the request; if it is an argument of all operators (retries, pool, …), set it on the new one too."
    )


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
