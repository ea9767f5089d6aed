"""Three spellings of a request, one result; and what is refused, when, without a call to AWS."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowFailException

from airflow_sagemaker_automl import (
    AutoMLJobRequest,
    CompletionCriteria,
    InvalidJobRequest,
    SageMakerAutoMLJobOperator,
    Tabular,
)
from tests.support.requests import GONE, ROLE, largest, smallest, spoiled
from tests.support.tasks import new_context

MODE = ("AutoMLProblemTypeConfig", "TabularJobConfig", "Mode")


def sent(request: Any, context: dict[str, Any] | None = None, **arguments: Any) -> dict[str, Any]:
    """Render an operator's request as Airflow does, and give what would be sent."""
    with DAG(dag_id="dag", schedule=None, **arguments.pop("dag", {})):
        task = SageMakerAutoMLJobOperator(task_id="train", request=request, **arguments)
    rendering: Any = {"params": {}, **(context or {})}
    task.render_template_fields(rendering)
    return task._checked_request(rendering)


@pytest.fixture
def here(tmp_path: Path) -> dict[str, Any]:
    """Where a DAG looks for files, as arguments for :func:`sent`."""
    return {"dag": {"template_searchpath": str(tmp_path)}}


def test_three_spellings_have_one_result(tmp_path: Path, here: dict[str, Any]) -> None:
    """Typed, as boto3's dictionary, and from files of both kinds."""
    typed = AutoMLJobRequest(
        problem_type=Tabular(target="y", completion=CompletionCriteria(max_candidates=5)),
        training_data="s3://bucket/train/",
        output="s3://bucket/out",
        role_arn=ROLE,
    )
    dictionary = typed.to_api()
    (tmp_path / "request.json").write_text(json.dumps(dictionary))
    (tmp_path / "request.yaml").write_text(yaml.safe_dump(dictionary))
    (tmp_path / "request.yml").write_text(json.dumps(dictionary))
    spellings = [typed, dictionary, "request.json", "request.yaml", tmp_path / "request.yml"]
    assert [sent(spelling, **copy.deepcopy(here)) for spelling in spellings] == [dictionary] * len(spellings)
    assert sent("{{ params.request | tojson }}", {"params": {"request": dictionary}}) == dictionary


def test_a_file_is_rendered_and_then_read(tmp_path: Path, here: dict[str, Any]) -> None:
    """Its name and its text are templates; a number needs no quotes, and a loop may write a list."""
    (tmp_path / "churn.yaml").write_text(
        """
        AutoMLJobInputDataConfig:
        {% for uri in params.data %}
          - ChannelType: {{ "training" if loop.first else "validation" }}
            DataSource: {S3DataSource: {S3DataType: S3Prefix, S3Uri: "{{ uri }}"}}
        {% endfor %}
        OutputDataConfig: {S3OutputPath: "s3://bucket/{{ params.name }}"}
        AutoMLProblemTypeConfig:
          TabularJobConfig:
            TargetAttributeName: y
            CompletionCriteria:
              MaxCandidates: {{ params.candidates }}
              MaxAutoMLJobRuntimeInSeconds: "{{ params.none }}"
        RoleArn: arn:aws:iam::123456789012:role/sagemaker-automl
        """
    )
    params = {"name": "churn", "candidates": 7, "data": ["s3://a/", "s3://b/"], "none": ""}
    request = sent("{{ params.name }}.yaml", {"params": params}, **here)
    assert [entry["DataSource"]["S3DataSource"]["S3Uri"] for entry in request["AutoMLJobInputDataConfig"]] == params[
        "data"
    ]
    assert request["OutputDataConfig"] == {"S3OutputPath": "s3://bucket/churn"}
    config = request["AutoMLProblemTypeConfig"]["TabularJobConfig"]
    assert config["CompletionCriteria"] == {"MaxCandidates": 7}


@pytest.mark.parametrize("name", ["request.YAML", " request.Yaml\n", "request.JSON"])
def test_a_files_name_may_be_written_in_other_ways(name: str, tmp_path: Path, here: dict[str, Any]) -> None:
    """With white space that a template has left around it, and with capitals."""
    (tmp_path / name.strip()).write_text(json.dumps(smallest()))
    assert sent(name, **copy.deepcopy(here)) == smallest()
    assert sent("{{ params.name }}", {"params": {"name": name}}, **here) == smallest()


def test_native_rendering_has_the_same_result(tmp_path: Path, here: dict[str, Any]) -> None:
    """With ``render_template_as_native_obj`` leaves keep their types, and a file's text may become a dictionary."""
    here["dag"]["render_template_as_native_obj"] = True
    (tmp_path / "request.json").write_text(json.dumps(smallest()).replace('"y"', '"{{ params.y }}"'))
    params = {"y": "y", "candidates": 3, "nothing": None}
    assert sent("request.json", {"params": params}, **copy.deepcopy(here)) == smallest()
    criteria = {"MaxCandidates": "{{ params.candidates }}", "MaxAutoMLJobRuntimeInSeconds": "{{ params.nothing }}"}
    request = spoiled(smallest(), (*MODE[:-1], "CompletionCriteria"), criteria)
    config = sent(request, {"params": params}, **here)["AutoMLProblemTypeConfig"]["TabularJobConfig"]
    assert config["CompletionCriteria"] == {"MaxCandidates": 3}


@pytest.mark.parametrize(
    ("file", "text", "words"),
    [
        ("missing.yaml", None, "'missing.yaml' cannot be read next to the DAG file or on template_searchpath"),
        ("a.yaml", "a: [", "is not valid YAML: while parsing a flow node"),
        ("a.json", "{", "is not valid JSON: Expecting property name"),
        ("a.json", '{"RoleArn": "a", "RoleArn": "b"}', "is ambiguous: the key 'RoleArn' appears 2 times"),
        ("a.yaml", "x: 1\ny: {a: 1, a: 2}", "is ambiguous: line 2: the key 'a' appears 2 times"),
        ("a.yaml", "- 1", "must hold a mapping of CreateAutoMLJobV2's arguments, not list"),
        ("a.yaml", "", "must hold a mapping of CreateAutoMLJobV2's arguments, not NoneType"),
        (
            "a.yaml",
            "{{ params.x.y }}",
            "but its template cannot be rendered: UndefinedError: 'dict object' has no attribute 'x'",
        ),
        ("a.yaml", "{% if %}", "'a.yaml' exists, but its template cannot be rendered: TemplateSyntaxError"),
        ("a.yaml", "{% include 'b.yaml' %}", "its template cannot be rendered: TemplateNotFound: .?b.yaml"),
        ("a.yaml", "{{ 1/0 }}", "its template cannot be rendered: ZeroDivisionError: division by zero"),
        ("a.yaml", "{{ {}['x'].y }}", "its template cannot be rendered: UndefinedError"),
        ("a.yaml", "{{ 'x' + 1 }}", "its template cannot be rendered: TypeError"),
        ("a.yaml", "day: 2024-02-31", "is not valid YAML: line 1: '2024-02-31' is not a valid timestamp"),
        ("a.json", "[" * 100_000, "is nested too deep: more than 50 levels"),
        ("a.yaml", "{{ 'x' * 2000000 }}", "is too large: it has more than 1024 KiB"),
        ("a.yaml", "x" * 2**20 + "x", "'a.yaml' is too large: it has more than 1024 KiB"),
        ("/a\0.yaml", None, r"is not a valid file path: it has a null character"),
        ("a\0.yaml", None, r"is not a valid file path: it has a null character"),
        ("/dev/null/a.yaml", None, "cannot be read next to the DAG file or on template_searchpath: NotADirectoryError"),
        ("../a.yaml", None, "cannot be read next to the DAG file or on template_searchpath: TemplateNotFound"),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    file: str, text: str | None, words: str, tmp_path: Path, here: dict[str, Any]
) -> None:
    """Which file, and where in it."""
    if text is not None:
        (tmp_path / file).write_text(text)
    with pytest.raises(InvalidJobRequest, match=words):
        sent(file, **here)


@pytest.mark.parametrize("is_absolute", [True, False])
def test_a_pipe_is_not_waited_for(is_absolute: bool, tmp_path: Path, here: dict[str, Any]) -> None:
    """A regular file is read and nothing else, wherever it is looked for; no retry is used up."""
    os.mkfifo(tmp_path / "pipe.yaml")
    with pytest.raises(InvalidJobRequest, match=r"pipe.yaml' is a pipe, not a regular file"):
        sent(str(tmp_path / "pipe.yaml") if is_absolute else "pipe.yaml", **here)


def test_an_error_that_may_pass_while_a_file_is_rendered_is_raised_as_it_is(
    tmp_path: Path, here: dict[str, Any]
) -> None:
    """A macro that asks another service may be answered at the next try."""

    def ask() -> str:
        raise ConnectionError("not now")

    (tmp_path / "a.yaml").write_text("{{ ask() }}")
    with pytest.raises(ConnectionError, match="not now"):
        sent("a.yaml", {"ask": ask}, **here)


@pytest.mark.parametrize("given", ["s3://bucket/request", "request.toml", 5, ["request.yaml"], None])
def test_what_is_no_request_is_refused_at_parse(given: Any) -> None:
    """Another spelling is an import error of the DAG, which names the three that there are."""
    with pytest.raises(
        InvalidJobRequest, match=r"request.* must be an AutoMLJobRequest, a mapping of CreateAutoMLJobV2's"
    ):
        SageMakerAutoMLJobOperator(task_id="train", request=given)


def test_what_is_literal_is_judged_at_parse() -> None:
    """Rules that literals break are an import error; what a template may still mend is left alone."""
    with pytest.raises(InvalidJobRequest, match=r"Mode = 'ENSEMBLE' must be one of .* did you mean 'ENSEMBLING'"):
        SageMakerAutoMLJobOperator(task_id="train", request=spoiled(smallest(), MODE, "ENSEMBLE"))
    with pytest.raises(InvalidJobRequest, match=r"OutputDataConfig is required"):
        SageMakerAutoMLJobOperator(task_id="train", request=spoiled(smallest(), ("OutputDataConfig",), GONE))
    extra = {"OutputDataConfig": {"S3OutputPath": "out"}}
    with pytest.raises(InvalidJobRequest, match=r"OutputDataConfig.S3OutputPath = 'out' must be an S3 URI"):
        SageMakerAutoMLJobOperator(task_id="train", request=smallest(), extra_request=extra)
    for template in ("{{ params.mode }}", "{% if True %}AUTO{% endif %}", "{# none #}"):
        SageMakerAutoMLJobOperator(task_id="train", request=spoiled(smallest(), MODE, template))


def test_a_literal_that_is_refused_does_not_use_up_retries_of_a_mapped_task() -> None:
    """A mapped task is built in the worker, where Airflow would try an ordinary error again."""
    with pytest.raises(AirflowFailException):
        SageMakerAutoMLJobOperator(task_id="train", request=spoiled(smallest(), MODE, "ENSEMBLE"))


def test_what_is_rendered_wrong_fails_for_good_before_any_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that is wrong at once; the connection is not even looked up, and no retry is used."""
    monkeypatch.delenv("AIRFLOW_CONN_AWS_DEFAULT", raising=False)
    request = spoiled(spoiled(smallest(), MODE, "{{ params.mode }}"), ("RoleArn",), "{{ params.role }}")
    with DAG(dag_id="dag", schedule=None):
        task = SageMakerAutoMLJobOperator(task_id="train", request=request, aws_conn_id="there_is_none")
    context: Any = {**new_context("dag", "train", "run"), "params": {"mode": "FAST", "role": "me"}}
    task.render_template_fields(context)
    with pytest.raises(AirflowFailException, match=r"2 errors:\n.*RoleArn = 'me'.*\n.*Mode = 'FAST'"):
        task.execute(context)
    assert "hook" not in vars(task)


def test_extra_members_are_merged_into_the_request() -> None:
    """Mapping by mapping; lists are replaced; templates work; the caller's objects stay as they are."""
    request, extra = (
        largest(),
        {
            "OutputDataConfig": {"KmsKeyId": "{{ params.key }}"},
            "Tags": [{"Key": "a", "Value": "b"}],
            "AutoMLProblemTypeConfig": {"TabularJobConfig": {"CompletionCriteria": {"MaxCandidates": "9"}}},
        },
    )
    before = copy.deepcopy((request, extra))
    merged = sent(request, {"params": {"key": "other"}}, extra_request=extra)
    assert merged["OutputDataConfig"] == {"S3OutputPath": "s3://bucket/out", "KmsKeyId": "other"}
    assert merged["Tags"] == [{"Key": "a", "Value": "b"}]
    assert merged["AutoMLProblemTypeConfig"]["TabularJobConfig"]["CompletionCriteria"]["MaxCandidates"] == 9
    assert merged["AutoMLProblemTypeConfig"]["TabularJobConfig"]["TargetAttributeName"] == "y"
    assert (request, extra) == before


def test_the_name_may_stand_in_the_request_or_beside_it() -> None:
    """The argument wins; both are judged."""
    named = {**smallest(), "AutoMLJobName": "in-request"}
    assert sent(named)["AutoMLJobName"] == "in-request"
    assert sent(named, job_name="beside")["AutoMLJobName"] == "beside"
    assert "AutoMLJobName" not in sent({**smallest(), "AutoMLJobName": ""})
    with pytest.raises(InvalidJobRequest, match="AutoMLJobName = 'my_job' must have 1 to 32 letters"):
        sent(smallest(), job_name="my_job")


def test_what_is_no_request_once_it_is_rendered_is_refused() -> None:
    """Where a template or an XCom stood, only the run tells."""
    for rendered in ("a text", [1], 5):
        with pytest.raises(InvalidJobRequest, match=r"request = .* must be an AutoMLJobRequest, a mapping of"):
            sent("{{ params.request }}", {"params": {"request": rendered}}, dag={"render_template_as_native_obj": True})
    with pytest.raises(InvalidJobRequest, match="extra_request = 5 must be a mapping"):
        SageMakerAutoMLJobOperator(task_id="train", request=smallest(), extra_request=5)  # type: ignore[arg-type]
    with pytest.raises(InvalidJobRequest, match="extra_request = 'a text' must be a mapping"):
        sent(smallest(), {"params": {"extra": "a text"}}, extra_request="{{ params.extra }}")


@pytest.mark.parametrize(
    ("fraction", "validation", "said"),
    [
        (0.2, False, None),
        (0.5, False, "DataSplitConfig.ValidationFraction = 0.5: AWS recommends less than 0.5."),
        (0.2, True, "DataSplitConfig.ValidationFraction has no effect because the request has a validation channel."),
    ],
)
def test_what_is_taken_and_hardly_meant_is_a_warning(
    fraction: float, validation: bool, said: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    """The service would say nothing."""
    request = {**smallest(), "DataSplitConfig": {"ValidationFraction": fraction}}
    if validation:
        (channel,) = request["AutoMLJobInputDataConfig"]
        request["AutoMLJobInputDataConfig"] = [channel, {**channel, "ChannelType": "validation"}]
    sent(request)
    logged = capsys.readouterr().out
    assert (said in logged) if said else ("ValidationFraction" not in logged)
