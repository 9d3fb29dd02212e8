"""A tiny prediction service over HTTP on 127.0.0.1, and how it is started and ended.

``POST /predict`` takes ``{"images": [[[...]]]}`` and answers ``{"outputs": [[...]]}``; JSON carries
a float32 without loss (a float64 holds it, and Python writes and reads float64 exactly).
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from array import array
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

from deeprig_host.training.outputs import Outputs

_ADDRESS = "127.0.0.1"
#: An import of a framework from a cold network disk can take minutes.
_LIMIT_SECONDS = 300
#: All 360 test images are 0.5 MB of JSON.
_LARGEST_REQUEST_BYTES = 16 * 2**20

Predict = Callable[[Any], Outputs]


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service answered: status, and the JSON object."""

    status: int
    told: dict[str, Any]

    def outputs(self) -> Outputs:
        """Return the predictions. Raise KeyError or ValueError where the answer has none."""
        rows = self.told["outputs"]
        numbers = array("f", [number for row in rows for number in row])
        return Outputs(numbers.tobytes(), len(rows[0]))


def serve(predict: Predict, tell_port: Callable[[int], None]) -> None:
    """Answer until standard input ends: whoever started this is gone, or has enough."""
    server = HTTPServer((_ADDRESS, 0), _handler(predict))
    watcher = threading.Thread(target=_end_with_input, args=(server,), daemon=True)
    watcher.start()
    tell_port(server.server_port)
    with server:
        server.serve_forever()
    watcher.join()


@contextmanager
def running_service(framework: str, workdir: Path, device: str) -> Iterator[int]:
    """Start this program to serve the saved model; give its port; end it.

    Raise RuntimeError where it does not start, or does not end well.
    """
    command = [sys.executable, "-m", "deeprig_host.training", "serve", framework]
    command += ["--workdir", str(workdir), "--device", device]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen(command, text=True, **pipes) as service:  # type: ignore[call-overload]
        limit = threading.Timer(_LIMIT_SECONDS, service.kill)
        limit.start()
        try:
            yield _port(service.stdout.readline())
            service.stdin.close()
            code = service.wait()
        finally:
            limit.cancel()
            limit.join()
            service.kill()
    if code != 0:
        raise RuntimeError(f"the service ended with exit {code}")


def ask(port: int, images: Any) -> Answer:
    """Return what the service says of images, or of anything else that is sent as such."""
    connection = HTTPConnection(_ADDRESS, port, timeout=_LIMIT_SECONDS)
    try:
        body = json.dumps({"images": images})
        connection.request("POST", "/predict", body, {"Content-Type": "application/json"})
        response = connection.getresponse()
        return Answer(response.status, json.loads(response.read()))
    finally:
        connection.close()


def _port(line: str) -> int:
    try:
        return int(json.loads(line)["port"])
    except (ValueError, KeyError) as problem:
        raise RuntimeError(f"the service did not start: {line.strip() or 'no port'}") from problem


def _end_with_input(server: HTTPServer) -> None:
    sys.stdin.read()
    server.shutdown()


def _handler(predict: Predict) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            """Answer one request; a bad one is told so, and the service goes on."""
            try:
                images = _images(self.rfile.read(_length(self.headers["Content-Length"])))
            except (ValueError, KeyError, TypeError) as problem:
                self._answer(HTTPStatus.BAD_REQUEST, {"error": str(problem)})
                return
            self._answer(HTTPStatus.OK, {"outputs": predict(images).rows()})

        def _answer(self, status: HTTPStatus, told: dict[str, Any]) -> None:
            body = json.dumps(told).encode("utf-8")
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        # The base class names it so.
        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002
            """Say nothing of requests that went well or badly: the case judges them."""

    return Handler


def _length(header: str | None) -> int:
    length = int(header or "no length")
    if not 0 <= length <= _LARGEST_REQUEST_BYTES:
        raise ValueError(f"{length} bytes are too many")
    return length


def _images(body: bytes) -> Any:
    """Return the images as float32 (n, 1, 8, 8). Raise ValueError for any other shape."""
    import numpy as np

    images = np.asarray(json.loads(body)["images"], dtype="float32")
    if images.ndim != 4 or images.shape[1:] != (1, 8, 8) or not len(images):
        raise ValueError(f"images of shape {images.shape} are not (n, 1, 8, 8)")
    return images
