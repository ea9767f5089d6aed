"""Entry point of the process: lines of JSON on standard input, one answer to each on standard output.

The first line is the chain to load (``endpoint_url``, ``region``, ``containers``), answered by ``{"ready": true}`` or
``{"failed": why}``; each later one is an invocation (``body``, ``content_type``, ``accept``), answered by ``status``,
``content_type`` and ``body``. The end of standard input ends the process.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import traceback
from pathlib import Path
from typing import IO, Any

from airflow_sagemaker_automl.emulator.inference.messages import Refusal, rows_of, written
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData

_CANNOT_LOAD = (
    "The primary container for production variant {variant} did not pass the ping health check: its model cannot be "
    "loaded. {error}"
)


def main() -> int:
    """Load the chain, then answer until nobody asks any more."""
    answers = _claim_stdout()
    spec = json.loads(sys.stdin.readline())
    with tempfile.TemporaryDirectory(prefix="automl-emulator-model-") as folder:
        try:
            chain = _load(spec, Path(folder))
        except UnusableData as error:
            _send(answers, failed=str(error))
            return 0
        except Exception as error:
            traceback.print_exc()
            why = _CANNOT_LOAD.format(variant=spec["variant"], error=f"{type(error).__name__}: {error}")
            _send(answers, failed=why)
            return 0
        _send(answers, ready=True)
        for line in sys.stdin:
            _send(answers, **_answer(chain, json.loads(line)))
    return 0


def _load(spec: dict[str, Any], folder: Path) -> Any:
    # These libraries take seconds to load; an error above needs none of them.
    from airflow_sagemaker_automl.emulator.inference.chain import Chain
    from airflow_sagemaker_automl.emulator.trainer.storage import Storage

    return Chain.load(Storage(spec["endpoint_url"], spec["region"]), spec["containers"], folder)


def _answer(chain: Any, invocation: dict[str, Any]) -> dict[str, Any]:
    """Answer an invocation as a container answers HTTP."""
    try:
        rows = rows_of(invocation["body"], invocation["content_type"], chain.input)
        body, content_type = written(chain.predict(rows), chain.output, invocation["accept"])
    except Refusal as refusal:
        return {"status": refusal.status, "content_type": "text/plain", "body": str(refusal)}
    except Exception as error:
        traceback.print_exc()
        return {"status": 500, "content_type": "text/plain", "body": f"{type(error).__name__}: {error}"}
    return {"status": 200, "content_type": content_type, "body": body}


def _claim_stdout() -> IO[str]:
    """Keep standard output for answers; whatever libraries print goes to standard error from now on."""
    stream = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return stream


def _send(stream: IO[str], **values: Any) -> None:
    stream.write(json.dumps(values) + "\n")
    stream.flush()


if __name__ == "__main__":
    sys.exit(main())
