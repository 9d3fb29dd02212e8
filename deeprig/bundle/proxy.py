"""A proxy that answers from a bundle alone: each URL with the file that was kept under it.

It listens on the controller's loopback. What hosts ask through their SSH connections arrives here.
Every local user of a host can reach it: it answers, and notes what, only to whom it was told to.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import http.server
import socket
import socketserver
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from deeprig.bundle.authority import Authority
from deeprig.bundle.model import BundleFile, url_key
from deeprig.errors import DeeprigError

Opener = Callable[[BundleFile], BinaryIO]
_LOOPBACK = "127.0.0.1"
_HTTPS_PORT = 443
_SILENT_SECONDS = 600
_CHUNK_BYTES = 1 << 18
#: How long one may be silent who has not logged in.
_STRANGER_SECONDS = 30
#: The name under which everybody logs in; what differs is the token.
USER = "deeprig"
#: What is kept of what clients say: they may be anybody's programs.
MOST_NOTED = 1000
_LONGEST_NOTED = 2000


class Replay(socketserver.ThreadingTCPServer):
    """The server. ``lacked`` collects the URLs that were asked for and are not in the bundle,
    ``failures`` what went wrong here while a file was sent."""

    allow_reuse_address = True
    daemon_threads = False
    block_on_close = True

    def __init__(self, files: tuple[BundleFile, ...], opener: Opener, authority: Authority) -> None:
        super().__init__((_LOOPBACK, 0), _Handler)
        self.by_url = {url_key(url): file for file in files for url in file.urls}
        self.open_file = opener
        self.authority = authority
        self.lacked: set[str] = set()
        self.failures: list[str] = []
        self.clients: set[socket.socket] = set()
        self._logins: set[bytes] = set()

    @property
    def port(self) -> int:
        """Return the port it listens on."""
        return int(self.server_address[1])

    def admit(self, token: str) -> None:
        """Answer, from now on, whoever logs in with a token."""
        login = base64.b64encode(f"{USER}:{token}".encode())
        self._logins.add(b"Basic " + login)

    def is_admitted(self, login: str) -> bool:
        """Say whether a Proxy-Authorization is one that was told."""
        said = login.encode("utf-8", "replace")
        return any(hmac.compare_digest(said, known) for known in tuple(self._logins))

    def note_lacked(self, url: str) -> None:
        """Remember what was asked for in vain, up to a bound."""
        if len(self.lacked) < MOST_NOTED:
            self.lacked.add(url[:_LONGEST_NOTED])

    def file_for(self, url: str) -> BundleFile | None:
        """Return the file that was kept under a URL, or None; also for what is no URL."""
        try:
            return self.by_url.get(url_key(url)) if urlsplit(url).scheme else None
        except ValueError:
            return None

    def process_request(self, request: Any, client_address: Any) -> None:
        """Note a client before its thread starts, so that it can be ended."""
        self.clients.add(request)
        super().process_request(request, client_address)

    def handle_error(self, request: object, client_address: object) -> None:
        """Note a fault of ours; a client that went away in the middle tells its own user."""
        error = sys.exc_info()[1]
        # TLS's errors are OSErrors too.
        if not isinstance(error, OSError) and len(self.failures) < MOST_NOTED:
            self.failures.append((str(error) or repr(error))[:_LONGEST_NOTED])

    def hang_up(self) -> None:
        """End what clients keep open, so that their threads end."""
        for client in tuple(self.clients):
            with suppress(OSError):  # it went first, or goes on inside TLS
                client.shutdown(socket.SHUT_RDWR)


@contextmanager
def replaying(
    files: tuple[BundleFile, ...], opener: Opener, authority: Authority
) -> Iterator[Replay]:
    """Answer from a bundle until the context ends."""
    server = Replay(files, opener, authority)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.hang_up()
        server.server_close()


class _Handler(http.server.BaseHTTPRequestHandler):
    """One client. After CONNECT the same connection goes on inside TLS, as ``origin``."""

    protocol_version = "HTTP/1.1"
    timeout = _STRANGER_SECONDS
    server: Replay
    origin = ""

    def finish(self) -> None:
        """Forget the connection."""
        try:
            super().finish()
        finally:
            self.server.clients -= {self.request, self.connection}
            self.connection.close()

    def do_CONNECT(self) -> None:
        """Become the server that the client asks for."""
        if not self._is_known():
            return
        host, _, port = self.path.rpartition(":")
        host = host.strip("[]").lower()
        self.send_response(200, "Connection established")
        self.end_headers()
        self.wfile.flush()
        context = self.server.authority.context_for(host)
        secured = context.wrap_socket(
            self.connection, server_side=True, do_handshake_on_connect=False
        )
        self.connection = secured
        self.server.clients.add(secured)
        secured.do_handshake()
        self.rfile, self.wfile = secured.makefile("rb"), secured.makefile("wb")
        self.origin = f"https://{host}" + ("" if port == str(_HTTPS_PORT) else f":{port}")
        self.close_connection = False

    def do_GET(self) -> None:
        """Answer with a file's content."""
        self._answer(with_content=True)

    def do_HEAD(self) -> None:
        """Answer with what is known of a file."""
        self._answer(with_content=False)

    def _is_known(self) -> bool:
        """Say whether the client may ask; one that may not is told so, and nothing else is done."""
        if self.server.is_admitted(self.headers.get("Proxy-Authorization", "")):
            self.connection.settimeout(_SILENT_SECONDS)
            return True
        self.close_connection = True
        self._refuse(407, "only for the run that uses it", with_content=self.command != "HEAD")
        return False

    def _answer(self, *, with_content: bool) -> None:
        if not self.origin and not self._is_known():
            return
        url = f"{self.origin}{self.path}"
        file = self.server.file_for(url)
        if file is None:
            self.server.note_lacked(url)
            self._refuse(404, f"{url} is not in this bundle", with_content=with_content)
            return
        self.send_response(200)
        self.send_header("Content-Type", file.media_type)
        self.send_header("Content-Length", str(file.size_bytes))
        self.end_headers()
        if with_content:
            self._send(file)

    def _send(self, file: BundleFile) -> None:
        """Send a file; its last part only when all of it is what the manifest says.

        Raise DeeprigError where it is not, as it was when the run began: the client is hung up on.
        """
        digest, sent_bytes, last = hashlib.sha256(), 0, b""
        with self.server.open_file(file) as content:
            while chunk := content.read(_CHUNK_BYTES):
                self.wfile.write(last)
                digest.update(chunk)
                sent_bytes, last = sent_bytes + len(chunk), chunk
                if sent_bytes > file.size_bytes:
                    break
        if digest.hexdigest() != file.sha256:
            raise DeeprigError("it has changed since the bundle was checked", place=file.path)
        self.wfile.write(last)

    def _refuse(self, status: int, reason: str, *, with_content: bool) -> None:
        body = f"deeprig bundle: {reason}\n".encode()
        self.send_response(status)
        if status == 407:
            self.send_header("Proxy-Authenticate", 'Basic realm="deeprig"')
            self.send_header("Connection", "close")
        self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if with_content:
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its base's name
        """Say nothing: what was lacked is told once, at the end."""
