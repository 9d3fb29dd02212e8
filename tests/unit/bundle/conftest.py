"""A web server of the test's own, on loopback."""

import http.server
import threading
from dataclasses import dataclass, field

import pytest


@dataclass
class Web:
    """``files`` are answered by path; ``asked`` is what was asked for, with its Range."""

    url: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[tuple[str, str | None]] = field(default_factory=list)
    cut_after: int | None = None


@pytest.fixture
def web(monkeypatch):
    """Serve a few files, with ranges; ``cut_after`` ends an answer early."""
    told = Web()

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range")
            told.asked.append((self.path, wanted))
            body = told.files.get(self.path)
            if body is None:
                self.send_error(404)
                return
            begin = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(len(body) - begin))
            self.end_headers()
            self.wfile.write(body[begin:][: told.cut_after])

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    told.url = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield told
    server.shutdown()
    thread.join()
    server.server_close()
