"""What cannot be scored is refused in one clear message, before a model or a job exists or anything is written."""

from __future__ import annotations

import gzip
import io
import json
import sys
from typing import Any

import pandas as pd
import pytest
from airflow.sdk.exceptions import AirflowFailException

from demo.sandbox import BUCKET
from tests.support.jobs import unique
from tests.support.scoring import COLUMNS, Account, operator
from tests.support.versions import decide, make_group, register

HEADER = ",".join(["id", *COLUMNS])
ROW = "no. 1,21,1000,x"


class Refusing:
    """Executes the operator and proves that nothing was left.

    :param before: the objects below the output.
    """

    def __init__(self, account: Account, context: Any, place: str) -> None:
        self.account, self.context, self.place = account, context, place

    def __call__(self, words: str, **arguments: Any) -> str:
        """Execute the operator, which is expected to fail without a retry.

        :return: the message.
        """
        before = self.account.objects(self.place) if "no-such" not in self.place else []
        if not {"model_package_arn", "model_package_group_name"} & arguments.keys():
            arguments["model_package_arn"] = self.account.version()
        arguments.setdefault("data", self.account.rows())
        arguments.setdefault("output_uri", self.place)
        with pytest.raises(AirflowFailException, match=words) as raised:
            operator(**arguments).execute(self.context)
        assert self.account.models() == []
        assert self.account.jobs() == {}
        if "no-such" not in self.place:
            assert self.account.objects(self.place) == before
        return str(raised.value)


@pytest.fixture
def refused(account: Account, context: Any, place: str) -> Refusing:
    """Executes the operator and proves that nothing was left."""
    return Refusing(account, context, place)


def test_columns_that_are_missing_are_named(account: Account, refused: Refusing) -> None:
    """Each with the most similar name; of all files, and together with keys that are not there."""
    data = account.put("rows", f"{HEADER}\n{ROW}\n", "a.csv")
    account.write(f"{data}b.csv", "id,Age,note\nx,1,2\n")
    said = refused("errors", data=data, key_columns=["id", "ident"])
    assert f"{data}b.csv has no 'age'; did you mean 'Age'?, 'income'" in said
    assert said.count("key_columns = 'ident' must be a column of the data") == 2
    assert "a.csv has no '" not in said


def test_a_worker_without_pyarrow(refused: Refusing, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the extra that installs it."""
    for name in [name for name in sys.modules if name.startswith("airflow_sagemaker_automl.ta")]:
        if name.rpartition(".")[2] in ("scoring_data", "parts", "reading", "predictions", "text"):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    said = refused("prepare = True needs pyarrow")
    assert "install airflow-sagemaker-automl[scoring]" in said


def test_a_file_without_a_header_is_told_of(account: Account, refused: Refusing) -> None:
    """Its first row is no header, wherever it is among the files."""
    data = account.put("rows", f"{HEADER}\n{ROW}\n", "a.csv")
    account.write(f"{data}b.csv", f"{ROW}\n")
    refused(r"b\.csv has no 'age', 'income', 'note'\. Its first line must have the names", data=data)
    twice = account.put("rows", "1,1,2,3\n")
    refused("two columns with the name '1'", data=twice)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (f"{HEADER},age\n{ROW},1\n", "it has two columns with the name 'age'"),
        (f"{HEADER}\n", "it has no rows that can be sent"),
        (f"{HEADER}\nno. 1,21\n{ROW}\nno. 3,1,2,3,4\n", r"in row 1 it has 2 values instead of 4\. 2 rows cannot"),
        (f"{HEADER}\n{ROW}\nno. 2,22,{'x' * (1 << 20)},\n", "in row 2 it is longer than a request"),
        (f"{HEADER}\nno. 1,21,1,ä\n".encode("latin-1"), "it is neither CSV in UTF-8 nor Parquet"),
        (f"{HEADER}\n".encode() + f"{ROW}\n".encode() * 90_000 + b"x,1,\xff,3\n", "cannot be read to its end"),
        (gzip.compress(f"{HEADER}\n{ROW}\n".encode() * 9999, mtime=0)[:-20], "cannot be read to its end|neither CSV"),
        (b"PAR1 is no Parquet", "it is neither CSV in UTF-8 nor Parquet"),
    ],
    ids=["doubled", "no rows", "wrong length", "too long", "latin", "latin later", "cut off", "no Parquet"],
)
def test_a_file_that_cannot_be_sent(account: Account, refused: Refusing, body: str | bytes, words: str) -> None:
    """Parts that were written before the fault was met are removed."""
    refused(words, data=account.put("rows", body), max_payload_mb=1)


def test_lists_are_no_values(account: Account, refused: Refusing) -> None:
    """The column is named."""
    body = io.BytesIO()
    pd.DataFrame({"age": [1], "income": [[1, 2]], "note": [b"x"]}).to_parquet(body)
    said = refused("errors", data=account.put("rows", body.getvalue(), "rows.parquet"))
    assert "has lists or bytes in 'income'" in said
    assert "has lists or bytes in 'note'" in said


def test_keys_of_two_types(account: Account, refused: Refusing) -> None:
    """They would be one column of the table."""
    body = io.BytesIO()
    pd.DataFrame({"id": [1], "age": [1], "income": [1], "note": ["x"]}).to_parquet(body)
    data = account.put("rows", f"{HEADER}\n{ROW}\n", "a.csv")
    account.s3.put_object(Bucket=BUCKET, Key=f"{data.split('/', 3)[3]}b.parquet", Body=body.getvalue())
    refused("key_columns = 'id' is int64 in .*b.parquet and string in an earlier file", data=data, key_columns="id")


def test_data_that_is_not_there(account: Account, refused: Refusing) -> None:
    """A prefix that does not exist, one with nothing but folders and hidden files, and no bucket."""
    refused("must have at least one object that is not empty", data=f"s3://{BUCKET}/{unique('none')}/")
    empty = account.put("rows", b"", "")
    account.write(f"{empty}_SUCCESS", "{}")
    account.write(f"{empty}.hidden/rows.csv", HEADER)
    refused("must have at least one object that is not empty", data=empty)
    refused("data = 's3://no-such-bucket/x/' must be in a bucket that exists", data="s3://no-such-bucket/x/")
    manifest = account.put("rows", json.dumps([{"prefix": f"s3://{BUCKET}/nowhere/"}, "a.csv"]), "rows.manifest")
    refused(rf"is a manifest; s3://{BUCKET}/nowhere/a\.csv does not exist", data=f"{manifest}rows.manifest")


def test_an_output_whose_bucket_is_not_there(account: Account, context: Any) -> None:
    """Told before the data is read."""
    Refusing(account, context, "s3://no-such-bucket/x/")(r"output_uri = .* must be in a bucket that exists")


def test_an_output_among_the_data(account: Account, refused: Refusing) -> None:
    """The next run would read the table: also where the name of the data only begins the same."""
    data = account.put("rows", f"{HEADER}\n{ROW}\n")[:-1]
    refused("must be neither inside the data nor around it", data=data, output_uri=f"{data}-scores/")


@pytest.mark.parametrize("decision", ["Rejected", None])
def test_a_version_that_is_not_approved(account: Account, refused: Refusing, decision: str | None) -> None:
    """No model can be made of it."""
    words = "it is Rejected. Choose another version" if decision else "it is PendingManualApproval.*Approve it first"
    refused(words, model_package_arn=account.version(decision=decision))


def test_a_version_that_is_gone(account: Account, refused: Refusing) -> None:
    """Deleted, or never there."""
    arn = account.version()
    account.sagemaker.delete_model_package(ModelPackageName=arn)
    refused("does not exist|was deleted", model_package_arn=arn)


def test_a_version_without_its_job(account: Account, refused: Refusing) -> None:
    """Nobody knows its columns; the message says what to pass."""
    arn = register(account.sagemaker, unique("group"))
    decide(account.sagemaker, arn)
    refused("the AutoML job that trained it cannot be found .*Pass columns", model_package_arn=arn)


def test_a_group_without_an_approved_version(account: Account, refused: Refusing) -> None:
    """Empty, with a rejected version, or not there at all, which is another message."""
    refused("has no approved version to score with", model_package_group_name=make_group(account.sagemaker))
    group = account.version(decision="Rejected").split("/")[-2]
    refused("has no approved version to score with", model_package_group_name=group)
    refused("Model package group nobody does not exist", model_package_group_name="nobody")


def test_keys_that_the_containers_do_not_support(account: Account, refused: Refusing) -> None:
    """A key of other models is told before the data is read."""
    container = {
        "Image": "image:1",
        "ModelDataUrl": "s3://bucket/model.tar.gz",
        "Environment": {"SAGEMAKER_INFERENCE_SUPPORTED": "predicted_label"},
    }
    one = {
        "Containers": [container],
        "SupportedContentTypes": ["text/csv"],
        "SupportedResponseMIMETypes": ["text/csv"],
    }
    arn = account.version(InferenceSpecification=one)
    said = refused("must be from predicted_label", model_package_arn=arn, inference_response_keys=["probability"])
    assert said.startswith("The scoring cannot begin: inference_response_keys = ['probability']")


def test_images_are_no_tables(account: Account, refused: Refusing) -> None:
    """Only data that is sent as it is can be scored with such a model."""
    arn = account.version(problem={"ImageClassificationJobConfig": {}})
    refused("its model is for ImageClassification.*Set prepare=False", model_package_arn=arn)


def test_an_output_that_is_not_empty(account: Account, refused: Refusing, place: str) -> None:
    """Notes, a table of somebody else, a folder of somebody else's scoring."""
    for name in ("notes.txt", "scores.csv", "_SUCCESS", "_work/mine/x.csv", "predictions/mine/x.out", "scores.csv/x"):
        account.write(f"{place}{name}", "{}")
        refused(rf"is not empty: it has {place}", output_uri=place)
        account.s3.delete_object(Bucket=BUCKET, Key=f"{place}{name}".split("/", 3)[3])


def test_many_strange_objects_are_not_asked_one_by_one(account: Account, refused: Refusing, place: str) -> None:
    """The first three are named."""
    for number in range(9):
        account.write(f"{place}{number}.csv", "x")
    assert "0.csv, " in refused("and 6 more")


def test_an_instance_type_that_is_none(account: Account, refused: Refusing) -> None:
    """With the other violations, and the nearest type; no AWS call is made."""
    said = refused("3 errors", instance_type="{{ 'ml.m5.xlrge' }}"[4:-4], instance_count=0, tags={"a" * 200: "x"})
    assert "instance_type" in said
    assert "instance_count" in said


def test_rules_that_only_the_service_knows(account: Account, context: Any, place: str) -> None:
    """A request that it refuses leaves neither model nor input."""
    account.fault(DeniedOperations=["CreateTransformJob"])
    task = operator(model_package_arn=account.version(), data=account.rows(), output_uri=place)
    with pytest.raises(AirflowFailException, match="AccessDenied"):
        task.execute(context)
    assert (account.models(), account.objects(place)) == ([], [])
    account.fault(DeniedOperations=["CreateModel"])
    with pytest.raises(AirflowFailException, match="AccessDenied"):
        task.execute(context)
    assert (account.models(), account.objects(place)) == ([], [])


def test_a_version_that_is_rejected_while_its_data_is_prepared(account: Account, context: Any, place: str) -> None:
    """The service makes no model of it; what was prepared is removed."""
    arn = account.version()
    task = operator(model_package_arn=arn, data=account.rows(), output_uri=place)
    announced = task._remember_started

    def reject(name: str) -> None:
        decide(account.sagemaker, arn, "Rejected")
        announced(name)

    task.__dict__["_remember_started"] = reject
    with pytest.raises(AirflowFailException, match="SageMaker makes no model of it"):
        task.execute(context)
    assert (account.models(), account.jobs(), account.objects(place)) == ([], {}, [])
