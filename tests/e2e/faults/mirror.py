"""The mirror of the fault suite: a web server that serves an archive as badly as it is told.

    python -m tests.e2e.faults.mirror READY ADDRESS PORT DIRECTORY

It writes the file READY once it listens. Before every answer it reads DIRECTORY/fault.json
({"kind": "slow" | "cut", "pattern": "*.deb"}); without that file it serves DIRECTORY as it is.
"slow" sends a few bytes a second for as long as the file is there, then the rest at once. "cut"
closes the connection in the middle of the content.
"""

from __future__ import annotations

import functools
import http.server
import json
import sys
import time
from fnmatch import fnmatch
from pathlib import Path
from typing import BinaryIO

FAULT = "fault.json"
#: A slow answer: so many bytes, so often. 400 bytes a second.
_PIECE_BYTES, _PIECE_SECONDS = 100, 0.25


class Handler(http.server.SimpleHTTPRequestHandler):
    """Answers GET; a fault is applied to paths that its pattern matches."""

    protocol_version = "HTTP/1.1"

    def copyfile(self, source: BinaryIO, outputfile: BinaryIO) -> None:  # type: ignore[override]
        """Send the content as the present fault has it."""
        kind = self._fault()
        content = source.read()
        if kind == "cut":
            outputfile.write(content[: len(content) // 2])
            self.close_connection = True
            return
        while kind == "slow" and content and self._fault() == "slow":
            outputfile.write(content[:_PIECE_BYTES])
            outputfile.flush()
            content = content[_PIECE_BYTES:]
            time.sleep(_PIECE_SECONDS)  # it is the slowness itself
        outputfile.write(content)

    def _fault(self) -> str | None:
        try:
            told = json.loads(Path(self.directory, FAULT).read_text(encoding="utf-8"))
        except FileNotFoundError:
            return None
        return str(told["kind"]) if fnmatch(self.path, f"*{told['pattern']}") else None


class Server(http.server.ThreadingHTTPServer):
    """Keeps quiet about clients that left."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say in one line what went wrong with a client."""
        print(f"{client_address}: {sys.exc_info()[1]!r}", file=sys.stderr, flush=True)  # noqa: T201


def main() -> None:
    """Serve until the process is ended."""
    ready, address, port, directory = sys.argv[1:]
    handler = functools.partial(Handler, directory=directory)
    with Server((address, int(port)), handler) as server:
        Path(ready).touch()
        server.serve_forever()


if __name__ == "__main__":
    main()
