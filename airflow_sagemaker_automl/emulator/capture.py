"""Data capture of endpoints: what was sent to a variant and what it answered, as JSON lines in S3.

https://docs.aws.amazon.com/sagemaker/latest/dg/model-monitor-data-capture-endpoint.html
"""

from __future__ import annotations

import base64
import json
import random
import sys
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

# Soon enough to wait for; the service takes minutes.
_SECONDS_UNTIL_WRITTEN = 1.0
# A buffer with more is written immediately, so that many large requests do not fill the memory.
_LARGEST_BUFFER = 4 << 20
_MODES = {"Input": ("Input",), "Output": ("Output",), "InputAndOutput": ("Input", "Output")}


class Message(NamedTuple):
    """A request's or an answer's content."""

    body: bytes
    content_type: str


class Capture:
    """The captured invocations of an endpoint under one configuration.

    :param endpoint: name of the endpoint.
    :param config: ``DataCaptureConfig``.
    :param store: writes an object, given URI and content; raises an error if it cannot.
    """

    def __init__(self, endpoint: str, config: Mapping[str, Any], store: Callable[[str, bytes], None]) -> None:
        self._endpoint = endpoint
        self._config = config
        self._store = store
        self._lock = threading.Lock()
        self._lines: dict[str, list[bytes]] = {}
        self._size = 0
        self._timer: threading.Timer | None = None
        self._is_functional = True
        self._modes = {mode for option in config["CaptureOptions"] for mode in _MODES[option["CaptureMode"]]}

    def note(self, variant: str, request: Message, answer: Message, inference_id: str | None) -> None:
        """Capture a successful invocation, or leave it out as the sampling percentage says.

        :param inference_id: ``InferenceId`` of the request.
        """
        if not self._is_enabled or random.random() * 100 >= self._config["InitialSamplingPercentage"]:
            return
        line = json.dumps(self._line(request, answer, inference_id)).encode() + b"\n"
        with self._lock:
            self._lines.setdefault(variant, []).append(line)
            self._size += len(line)
            is_full = self._size > _LARGEST_BUFFER
            if self._timer is None and not is_full:
                self._timer = threading.Timer(_SECONDS_UNTIL_WRITTEN, self.write)
                self._timer.daemon = True
                self._timer.start()
        if is_full:
            self.write()

    def write(self) -> None:
        """Write what is in the buffer: an object for each variant."""
        with self._lock:
            lines, self._lines, self._size = self._lines, {}, 0
            if self._timer:
                self._timer.cancel()
            self._timer = None
        moment = datetime.now(UTC)
        name = f"{moment:%Y/%m/%d/%H/%M-%S}-{moment.microsecond // 1000:03}-{uuid.uuid4()}.jsonl"
        for variant, captured in lines.items():
            uri = f"{self._config['DestinationS3Uri'].rstrip('/')}/{self._endpoint}/{variant}/{name}"
            try:
                self._store(uri, b"".join(captured))
                self._is_functional = True
            except Exception as error:
                # As on the service, an invocation succeeds even if it cannot be captured.
                self._is_functional = False
                message = f"Endpoint {self._endpoint}: {len(captured)} invocations cannot be captured at {uri}: {error}"
                print(message, file=sys.stderr, flush=True)  # noqa: T201 - the server's log.

    def discard(self) -> None:
        """Forget what is in the buffer."""
        with self._lock:
            self._lines, self._size = {}, 0

    def describe(self) -> dict[str, Any]:
        """Describe it as ``DataCaptureConfigSummary``."""
        return {
            "EnableCapture": self._is_enabled,
            "CaptureStatus": "Started" if self._is_enabled and self._is_functional else "Stopped",
            "CurrentSamplingPercentage": self._config["InitialSamplingPercentage"],
            "DestinationS3Uri": self._config["DestinationS3Uri"],
            "KmsKeyId": self._config.get("KmsKeyId", ""),
        }

    @property
    def _is_enabled(self) -> bool:
        return bool(self._config.get("EnableCapture", True))

    def _line(self, request: Message, answer: Message, inference_id: str | None) -> dict[str, Any]:
        sides = {"Input": ("endpointInput", request), "Output": ("endpointOutput", answer)}
        captured = {name: self._side(message, mode) for mode, (name, message) in sides.items() if mode in self._modes}
        return {
            "captureData": captured,
            "eventMetadata": {
                "eventId": str(uuid.uuid4()),
                **({"inferenceId": inference_id} if inference_id else {}),
                "inferenceTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
            },
            "eventVersion": "0",
        }

    def _side(self, message: Message, mode: str) -> dict[str, str]:
        encoding = self._encoding(message.content_type)
        try:
            data = message.body.decode() if encoding != "BASE64" else base64.b64encode(message.body).decode()
        except UnicodeDecodeError:
            encoding, data = "BASE64", base64.b64encode(message.body).decode()
        return {
            "observedContentType": message.content_type,
            "mode": mode.upper(),
            "data": data,
            "encoding": encoding,
        }

    def _encoding(self, content_type: str) -> str:
        """Find the encoding for a content type: that of the header that the configuration lists, or BASE64."""
        headers = self._config.get("CaptureContentTypeHeader", {})
        observed = {content_type.lower(), content_type.partition(";")[0].strip().lower()}
        for member, encoding in (("CsvContentTypes", "CSV"), ("JsonContentTypes", "JSON")):
            if observed & {listed.lower() for listed in headers.get(member, [])}:
                return encoding
        return "BASE64"
