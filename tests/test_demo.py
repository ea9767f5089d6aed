"""``make demo`` as a newcomer runs it: what it prints, what it leaves, and what it says when it cannot."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from typing import Any
from urllib.error import HTTPError
from urllib.request import urlopen

import psutil
import pytest

from demo.alone import alone
from demo.progress import JobProgress
from demo.run import FOLDER
from demo.sandbox import BUCKET, REPOSITORY, emulator, s3_client, sagemaker_client, upload_breast_cancer
from demo.ui import let_browsers_read
from tests.support.jobs import start, tabular_request, wait

pytestmark = pytest.mark.emulator


def _demo() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "demo.run"],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_the_demo_lets_only_a_better_model_take_over() -> None:
    """Progress, both verdicts, leaderboard, version and card; the summary has the figures that were printed."""
    process = _demo()
    printed, errors = process.communicate(timeout=400)
    assert process.returncode == 0, errors
    summary = json.loads((FOLDER / "summary.json").read_text())
    assert summary["status"] == "Completed"
    assert summary["objective"] == "F1"
    assert summary["best_candidate"] in [candidate["name"] for candidate in summary["candidates"]]
    assert summary["model_package_arn"].endswith(":model-package/breast-cancer/1")
    assert (summary["model_package_version"], summary["approval_status"]) == (1, "Approved")
    best = summary["candidates"][0]
    assert best["name"] == summary["best_candidate"]
    figure = best["metrics"]["Validation"]["F1"]
    assert 0.9 < figure <= 1
    for word in ("TrainingModels", "candidate lightgbm ", f"{figure:.4f}", "<- best", summary["model_package_arn"]):
        assert word in printed
    _has_both_verdicts(summary, figure, printed)
    _has_card(figure=best["metrics"]["Test"]["F1"])
    assert "build/demo/model_card.md" in printed


def _has_both_verdicts(summary: dict[str, Any], figure: float, printed: str) -> None:
    """The first passes for want of a champion, the challenger fails by the champion's own figure."""
    first, second = summary["verdicts"]
    assert (first["approved"], first["champion"]) == (True, None)
    assert (second["approved"], second["champion"]) == (False, summary["model_package_arn"])
    against_champion = second["rules"][0]
    assert against_champion["limit"] == pytest.approx(figure)
    assert against_champion["value"] < 0.8
    for rule in (*first["rules"], *second["rules"]):
        assert f"{'passed' if rule['passed'] else 'FAILED'}  {rule['name']}: {rule['reason']}" in printed


def _has_card(figure: float) -> None:
    card = json.loads((FOLDER / "model_card.json").read_text())
    assert card["training_details"]["objective_function"]["function"]["facet"] == "F1"
    page = (FOLDER / "model_card.html").read_text()
    assert page.count("<svg") >= 4
    assert "breast-cancer, version 1" in page
    markdown = (FOLDER / "model_card.md").read_text()
    assert markdown.startswith(f"# breast-cancer, version 1\n\n**F1 {figure:.4f}** (Test data); ")


def test_progress_tells_of_rehearsed_jobs_too() -> None:
    """A candidate without figures is told without; of several jobs each line says which."""
    script = {
        "Candidates": [{"Candidate": {"CandidateName": "rehearsed"}}],
        "Ending": {"AutoMLJobStatus": "Completed", "BestCandidate": "rehearsed"},
    }
    with emulator() as url:
        s3, sagemaker = s3_client(url), sagemaker_client(url)
        s3.create_bucket(Bucket=BUCKET)
        s3.put_object(Bucket=BUCKET, Key="script.json", Body=json.dumps(script).encode())
        request = tabular_request(f"s3://{BUCKET}/data/")
        request["Tags"] = [{"Key": "automl-emulator:script", "Value": f"s3://{BUCKET}/script.json"}]
        progress = JobProgress(sagemaker)
        wait(sagemaker, start(sagemaker, request, "first"))
        assert [line.split(" s  ")[1] for line in progress.news()] == ["Completed", "  candidate rehearsed"]
        wait(sagemaker, start(sagemaker, request, "second"))
        assert "second: Completed" in [line.split(" s  ")[1] for line in progress.news()]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing_behind(how: signal.Signals) -> None:
    """Ctrl-C, or a request to terminate, ends emulator, trainer and Airflow, and the exit status says so."""
    process = _demo()
    assert process.stdout is not None
    assert process.stdout.readline().startswith("Emulator on")
    deadline = time.monotonic() + 300
    while len(children := psutil.Process(process.pid).children(recursive=True)) < 2:
        assert time.monotonic() < deadline, "only the emulator has been started"
        time.sleep(0.05)
    process.send_signal(how)
    _, errors = process.communicate(timeout=300)
    assert process.returncode == 130
    assert "Interrupted" in errors
    assert "Traceback" not in errors
    # One that was killed may need a moment to end.
    assert psutil.wait_procs(children, timeout=60)[1] == []


def test_a_second_demo_leaves_the_first_alone() -> None:
    """It says that one is running, and takes nothing away."""
    kept = FOLDER / "kept"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with alone(FOLDER, "a test"):
        kept.touch()
        process = _demo()
        _, errors = process.communicate(timeout=300)
        assert process.returncode == 1
        assert "make demo is running here already; end it first." in errors
        assert kept.exists()


def test_a_browser_reads_the_tables_of_the_ui() -> None:
    """Its requests have no signature; other buckets stay closed."""
    with emulator() as url:
        upload_breast_cancer(url)
        (first, *_) = s3_client(url).list_objects_v2(Bucket=BUCKET, Prefix="breast-cancer/")["Contents"]
        table = f"{url}/{BUCKET}/{first['Key']}"
        with pytest.raises(HTTPError, match="403"):
            urlopen(table)  # noqa: S310 - the emulator's.
        let_browsers_read(url)
        with urlopen(table) as answer:  # noqa: S310
            assert b"diagnosis" in answer.read()


def test_the_ui_says_what_is_no_port() -> None:
    """A word is something else than a port that is taken."""
    environment = {**os.environ, "PORT": "abc"}
    command = [sys.executable, "-m", "demo.ui"]
    result = subprocess.run(command, cwd=REPOSITORY, env=environment, capture_output=True, text=True)
    assert result.returncode == 1
    assert result.stderr == "PORT=abc is not a port number (1 to 65535); try: make ui PORT=8080\n"


def test_the_ui_says_which_port_is_taken() -> None:
    """A busy port is one clear line with the way out."""
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        result = subprocess.run(
            [sys.executable, "-m", "demo.ui"],
            cwd=REPOSITORY,
            env={**os.environ, "PORT": str(port)},
            capture_output=True,
            text=True,
        )
    assert result.returncode == 1
    said = re.fullmatch(rf"Port {port} is in use; try: make ui PORT=(\d+)\n", result.stderr)
    assert said
    assert int(said[1]) > port
