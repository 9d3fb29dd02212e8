"""A read-only web server for directories, each under a name: ``/NAME/...``, with listings."""

from __future__ import annotations

import functools
import http.server
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

_NOWHERE = "/nonexistent/"


def serve(
    listening: socket.socket, directories: dict[str, str], log: Callable[[str], None]
) -> Callable[[], None]:
    """Serve the directories on a listening socket, from threads of their own.

    ``directories`` (name: path) may grow while it is served. Return what ends it and closes the
    socket: closed while somebody still polls it, a socket can abort the process (gevent's loop).
    """
    handler = functools.partial(_Handler, directories=directories, log=log)
    web = _Server(("", 0), handler, bind_and_activate=False)
    web.socket.close()
    web.socket = listening
    web.log = log
    thread = threading.Thread(target=web.serve_forever, daemon=True)
    thread.start()

    def stop() -> None:
        web.shutdown()
        thread.join()
        web.server_close()

    return stop


def served_path(url_path: str, directories: dict[str, str]) -> str:
    """Return the file behind a URL's path, inside its directory; _NOWHERE for an unknown name."""
    parts = unquote(urlsplit(url_path).path).split("/")
    inside = [part for part in parts if part not in ("", ".", "..")]
    if not inside or inside[0] not in directories:
        return _NOWHERE
    file = Path(directories[inside[0]], *inside[1:])
    # SimpleHTTPRequestHandler tells a directory asked for without its slash to come back with it.
    return f"{file}/" if parts[-1] == "" else str(file)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    log: Callable[[str], None]

    def handle_error(self, request: object, client_address: object) -> None:
        """Log what went wrong with one client; most often it left early."""
        self.log(f"serve {client_address}: {sys.exc_info()[1]!r}")


class _Handler(http.server.SimpleHTTPRequestHandler):
    def __init__(
        self, *arguments: object, directories: dict[str, str], log: Callable[[str], None]
    ) -> None:
        self.directories = directories
        self.log = log
        super().__init__(*arguments)  # type: ignore[arg-type]

    def translate_path(self, path: str) -> str:
        """Return the file of a URL's path."""
        return served_path(path, self.directories)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its base's name
        """Log a request."""
        self.log(f"serve {self.client_address[0]} {format % arguments}")
