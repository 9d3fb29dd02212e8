"""A small NetBox on loopback: lists in pages, a token, and whatever else a test makes it do.

It is simulated: it answers as NetBox 4's REST API does for the lists deeprig asks for.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "0123456789abcdef" * 2 + "01234567"


def machine(name: str, address: str | None = "192.0.2.1/24", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "primary_ip": {"address": address} if address else None,
        "status": {"value": "active"},
        "site": {"slug": "hq"},
        "role": {"slug": "workstation"},
        "tags": [{"slug": "deep-learning"}],
        "config_context": {"deeprig": {"ssh_user": "root", "gpu_count": 1}},
        "custom_fields": {"deeprig": None},
    } | more


class NetBox:
    """What the server answers, and what it was asked."""

    def __init__(self) -> None:
        self.devices: list[dict[str, Any]] = []
        self.virtual: list[dict[str, Any]] = []
        self.page_size = 2
        self.asked: list[tuple[str, str | None]] = []
        self.token: str | None = None
        self.url = ""
        self.instead: Callable[[BaseHTTPRequestHandler], bool] = lambda handler: False

    def page(self, path: str) -> dict[str, Any] | None:
        parts = urlsplit(path)
        lists = {
            "/api/dcim/devices/": self.devices,
            "/api/virtualization/virtual-machines/": self.virtual,
        }
        if parts.path not in lists:
            return None
        found = lists[parts.path]
        offset = int(parse_qs(parts.query).get("offset", ["0"])[0])
        end = offset + self.page_size
        following = f"{self.url}{parts.path}?offset={end}" if end < len(found) else None
        return {"count": len(found), "next": following, "results": found[offset:end]}


@contextmanager
def serving() -> Iterator[NetBox]:
    netbox = NetBox()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            given = self.headers.get("Authorization")
            netbox.asked.append((self.path, given))
            if netbox.instead(self):
                return
            if netbox.token is not None and given != netbox.token:
                self.answer(403, b'{"detail": "Invalid token"}')
                return
            page = netbox.page(self.path)
            self.answer(404 if page is None else 200, json.dumps(page).encode())

        def answer(self, status: int, body: bytes, **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *arguments: Any) -> None:
            """Keep quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    netbox.url = f"http://127.0.0.1:{server.server_port}"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield netbox
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
