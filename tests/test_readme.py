"""The words of the README and of the pages in docs/ are what a newcomer copies, so they work."""

from __future__ import annotations

import re

from airflow_sagemaker_automl import AutoMLJobRequest
from airflow_sagemaker_automl.core.jobs import problem_types
from airflow_sagemaker_automl.emulator import faults
from airflow_sagemaker_automl.emulator.faults import Faults
from airflow_sagemaker_automl.emulator.script import Script
from airflow_sagemaker_automl.emulator.transform_script import TransformScript
from airflow_sagemaker_automl.hooks.service_model import checked_request
from demo.sandbox import BUCKET, REPOSITORY, TABLES
from demo.ui import TOUR
from tests.support.requests import ROLE

README = (REPOSITORY / "README.md").read_text()
MAKEFILE = (REPOSITORY / "Makefile").read_text()


def _page(name: str) -> str:
    return (REPOSITORY / "docs" / name).read_text()


def test_the_smallest_example_of_every_problem_type_can_be_sent() -> None:
    """Each expression of the table makes a request that breaks no rule."""
    examples = re.findall(r"^\| `(\w+\(.*?\))` \|", _page("how-to/train.md"), re.MULTILINE)
    named = set()
    for example in examples:
        problem_type = eval(example, vars(problem_types))  # noqa: S307
        request = AutoMLJobRequest(
            problem_type=problem_type, training_data="s3://bucket/data/", output="s3://bucket/out", role_arn=ROLE
        )
        assert checked_request(request.to_api()) == request.to_api()
        named.add(problem_type.name)
    assert named == set(problem_types.PROBLEM_TYPES)


def test_every_command_exists() -> None:
    """Each ``make`` verb that is named is a target, and each target is named."""
    named = set(re.findall(r"make (?:\w+=\S+ )?([a-z]+)", README))
    targets = set(re.findall(r"^([a-z]+):.*## ", MAKEFILE, re.MULTILINE))
    assert named <= targets
    assert targets - named <= {"format"}


def test_the_tours_name_what_there_is() -> None:
    """The DAGs, tables and pages in the tours of the README and of ``make ui`` exist, and the titles of the form."""
    dags = "\n".join(file.read_text() for file in (REPOSITORY / "dags").glob("*.py"))
    shown = set(re.findall(r'dag_display_name="(.+)"', dags))
    for named in (re.findall(r'"(\d\. [^"]+)"', TOUR), re.findall(r"\*(\d\. [^*]+)\*", README)):
        assert named
        assert set(named) <= shown
    for tour in (TOUR, README):
        assert set(re.findall(rf"s3://{BUCKET}/([\w-]+)/", tour)) == set(TABLES)
    assert 'title="Who approves"' in dags
    assert all((REPOSITORY / page).exists() for page in re.findall(r"docs/\S+\.md", TOUR))


def test_the_faults_that_are_shown_can_be_put() -> None:
    """The emulator takes each document of faults that is given to curl."""
    page = _page("how-to/emulator.md")
    documents = re.findall(r"/automl-emulator/faults \\\s*-d '(.*?)'", page)
    assert [Faults.from_json(document).rates for document in documents] == [{"ThrottlingRate": 0.9}]


def test_the_table_of_faults_has_all_of_them() -> None:
    """What the emulator can be told to do wrong is what the page says that it can."""
    table = _page("how-to/emulator.md").partition("## Have it fail")[2]
    rows = re.findall(r"^\| ((?:`\w+`(?:, )?)+) \|", table, re.MULTILINE)
    described = re.findall(r"^``\w+``(?:, ``\w+``)*$", faults.__doc__ or "", re.MULTILINE)
    assert re.findall(r"\w+", " ".join(described))
    assert set(re.findall(r"\w+", " ".join(rows))) == set(re.findall(r"\w+", " ".join(described)))


def test_the_scripts_that_are_shown_can_be_put() -> None:
    """The emulator takes the scripts that are given to curl: of a job, and of a transform job."""
    shown = re.findall(
        r"/automl-emulator/scripts/\w+\?([\w-]+)=\S+ -d '(.*?)'\n", _page("how-to/emulator.md"), re.DOTALL
    )
    readers = {"job-names": Script.from_json, "transform-jobs": TransformScript.from_json}
    assert {kind for kind, _ in shown} == readers.keys()
    for kind, document in shown:
        assert readers[kind](document)


def test_the_links_of_the_readme_lead_somewhere() -> None:
    """Each page, picture and file that the README links to is there."""
    targets = re.findall(r"\]\((?!https?:)([^)#]+)", README)
    assert "docs/tutorial.md" in targets
    assert [target for target in targets if not (REPOSITORY / target).exists()] == []
