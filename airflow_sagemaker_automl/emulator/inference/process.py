"""The main function of the process behind a variant: it answers each document on its link with a document.

The first is the chain to load (``endpoint_url``, ``region``, ``containers``, ``digests``), answered by
``{"ready": true}`` or ``{"failed": why}``; each later one is an invocation (``body``, ``content_type``, ``accept``),
answered by ``status``, ``content_type`` and ``body``. An answer about a model that fails has its ``traceback``, too.
The process ends when the other end of the link is closed.
"""

from __future__ import annotations

import contextlib
import tempfile
import traceback
from pathlib import Path
from typing import Any

from airflow_sagemaker_automl.emulator.child import Gone, Link
from airflow_sagemaker_automl.emulator.inference.messages import Refusal
from airflow_sagemaker_automl.emulator.trainer.errors import UnusableData

_CANNOT_LOAD = (
    "The primary container for production variant {variant} did not pass the ping health check: its model cannot be "
    "loaded. The traceback is in the emulator's output."
)
_CANNOT_PREDICT = "The model failed on this request. The traceback is in the emulator's output."


def serve(link: Link) -> None:
    """Load the chain, then answer invocations until the link is closed."""
    spec = link.receive()
    with tempfile.TemporaryDirectory(prefix="automl-emulator-model-") as folder:
        try:
            chain = _load(spec, Path(folder))
        except UnusableData as error:
            link.send({"failed": str(error)})
            return
        except Exception:
            traceback.print_exc()
            link.send({"failed": _CANNOT_LOAD.format(variant=spec["variant"]), "traceback": traceback.format_exc()})
            return
        link.send({"ready": True})
        with contextlib.suppress(Gone):
            while True:
                link.send(answer(chain, link.receive()))


def _load(spec: dict[str, Any], folder: Path) -> Any:
    # These libraries take seconds to load, so they are not imported with the module.
    from airflow_sagemaker_automl.emulator.inference.chain import Chain
    from airflow_sagemaker_automl.emulator.trainer.storage import Storage

    return Chain.load(Storage(spec["endpoint_url"], spec["region"]), spec["containers"], spec["digests"], folder)


def answer(chain: Any, invocation: dict[str, Any]) -> dict[str, Any]:
    """Answer an invocation as a container answers HTTP.

    :param chain: the loaded containers.
    :param invocation: ``body``, ``content_type`` and ``accept``.
    """
    try:
        body, content_type = chain.answered(invocation["body"], invocation["content_type"], invocation["accept"])
    except Refusal as refusal:
        return {"status": refusal.status, "content_type": "text/plain", "body": str(refusal)}
    except Exception:
        traceback.print_exc()
        detail = traceback.format_exc()
        return {"status": 500, "content_type": "text/plain", "body": _CANNOT_PREDICT, "traceback": detail}
    return {"status": 200, "content_type": content_type, "body": body}
