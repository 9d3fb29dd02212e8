"""The lab's gateway: a small process with a socket in both worlds. Standard library only.

Inside the lab's network namespace it is an HTTP proxy (with a list of allowed destinations) and a
read-only web server; on the controller's loopback it forwards to the hosts' sshd. Nothing of the
controller's own network is changed.

    python -m deeprig.lab.gateway LAB_DIRECTORY NAMESPACE

Commands come as JSON lines on LAB_DIRECTORY/gateway.sock: {"forward": "10.213.0.11:22"} answers
{"port": N}; {"serve": {"name": "/directory"}, "allow": ["host"]} answers no port. Every answer
tells the "loopback_port" on which the controller sees the served directories.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import functools
import http.server
import json
import os
import queue
import socket
import sys
import threading
from pathlib import Path
from urllib.parse import unquote, urlsplit

from deeprig.lab.state import BRIDGE_ADDRESS, PROXY_PORT, SERVE_PORT

_CLONE_NEWNET = 0x40000000
_CHUNK_BYTES = 1 << 18
_LARGEST_HEAD = 64 * 1024
_PROBLEMS = (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, ValueError)


class LabSockets:
    """Makes sockets that belong to the lab's namespace: a thread that lives in it (setns(2))."""

    def __init__(self, namespace: str) -> None:
        self._wanted: queue.Queue[queue.Queue[socket.socket | OSError]] = queue.Queue()
        self._namespace = namespace
        threading.Thread(target=self._make_sockets, daemon=True).start()

    def make(self) -> socket.socket:
        """Return a new TCP socket of the lab. Raise OSError when the namespace is gone."""
        answer: queue.Queue[socket.socket | OSError] = queue.Queue()
        self._wanted.put(answer)
        made = answer.get()
        if isinstance(made, OSError):
            raise made
        return made

    def listener(self, port: int) -> socket.socket:
        """Return a socket that listens on the bridge."""
        listening = self.make()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((BRIDGE_ADDRESS, port))
        listening.listen(128)
        return listening

    def _make_sockets(self) -> None:
        failure: OSError | None = None
        try:
            self._enter()
        except OSError as error:
            failure = error
        while True:
            answer = self._wanted.get()
            answer.put(failure or socket.socket(socket.AF_INET, socket.SOCK_STREAM))

    def _enter(self) -> None:
        # os.setns came with Python 3.12; a namespace is entered per thread.
        libc = ctypes.CDLL(None, use_errno=True)
        with Path("/run/netns", self._namespace).open("rb") as file:
            if libc.setns(file.fileno(), _CLONE_NEWNET) != 0:
                number = ctypes.get_errno()
                raise OSError(number, os.strerror(number))


class ServedFiles(http.server.SimpleHTTPRequestHandler):
    """Serves ``/NAME/...`` from the directory served as NAME, with listings."""

    directories: dict[str, str]

    def __init__(self, *arguments: object, directories: dict[str, str]) -> None:
        self.directories = directories
        super().__init__(*arguments)  # type: ignore[arg-type]

    def translate_path(self, path: str) -> str:
        """Return the file of a URL path; a name that is not served has none."""
        parts = [p for p in unquote(urlsplit(path).path).split("/") if p not in ("", ".", "..")]
        if not parts or parts[0] not in self.directories:
            return "/nonexistent/"
        file = Path(self.directories[parts[0]], *parts[1:])
        return f"{file}/" if path.endswith("/") else str(file)

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its base's name
        """Log a request."""
        log(f"serve {self.client_address[0]} {format % arguments}")


class Gateway:
    """The proxy, the forwards and the control socket of one lab."""

    def __init__(self, sockets: LabSockets) -> None:
        self.sockets = sockets
        self.allowed: set[str] = set()
        self.directories: dict[str, str] = {}
        self.loopback_port = 0
        self._servers: list[asyncio.Server] = []

    async def run(self, control: Path) -> None:
        """Serve until the process is ended."""
        self.serve(self.sockets.listener(SERVE_PORT))
        # The controller itself fetches installers: it sees the same files on its loopback.
        loopback = socket.create_server(("127.0.0.1", 0))
        self.loopback_port = int(loopback.getsockname()[1])
        self.serve(loopback)
        proxy = self.sockets.listener(PROXY_PORT)
        self._servers.append(await asyncio.start_server(self.proxy, sock=proxy))
        control.unlink(missing_ok=True)
        # The answer on this socket says that everything above is ready.
        async with await asyncio.start_unix_server(self.command, path=str(control)) as server:
            await server.serve_forever()

    def serve(self, listening: socket.socket) -> None:
        """Serve the directories on a listening socket, from a thread of its own."""
        handler = functools.partial(ServedFiles, directories=self.directories)
        web = http.server.ThreadingHTTPServer(("", 0), handler, bind_and_activate=False)
        web.socket.close()
        web.socket = listening
        threading.Thread(target=web.serve_forever, daemon=True).start()

    async def command(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry out one command."""
        request = json.loads(await reader.readline())
        self.directories.update(request.get("serve", {}))
        self.allowed.update(request.get("allow", ()))
        answer = {"loopback_port": self.loopback_port}
        if "forward" in request:
            answer["port"] = await self.forward(request["forward"])
        writer.write(json.dumps(answer).encode() + b"\n")
        await writer.drain()
        writer.close()

    async def forward(self, destination: str) -> int:
        """Forward a free port of the controller's loopback to a host of the lab."""
        address, _, port = destination.rpartition(":")

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                lab_reader, lab_writer = await self.open_lab(address, int(port))
            except OSError as error:
                log(f"forward {destination}: {error}")
                writer.close()
                return
            await join(reader, writer, lab_reader, lab_writer)

        server = await asyncio.start_server(connected, "127.0.0.1", 0)
        self._servers.append(server)
        return int(server.sockets[0].getsockname()[1])

    async def open_lab(
        self, address: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Connect to a host inside the lab."""
        lab_socket = self.sockets.make()
        lab_socket.setblocking(False)
        lab_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.get_running_loop().sock_connect(lab_socket, (address, port))
        except OSError:
            lab_socket.close()
            raise
        return await asyncio.open_connection(sock=lab_socket)

    async def proxy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one proxy request: a tunnel, or a plain GET passed on."""
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            method, target, version = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")
            await self._pass_on(method, target, version, head, reader, writer)
        except _PROBLEMS as error:
            log(f"proxy: {error!r}")
            with contextlib.suppress(OSError):
                await refuse(writer, "502 Bad Gateway", f"the gateway could not: {error}")

    async def _pass_on(
        self,
        method: str,
        target: str,
        version: str,
        head: bytes,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        is_tunnel = method == "CONNECT"
        url = urlsplit(f"//{target}" if is_tunnel else target)
        host, port = url.hostname or "", url.port or (443 if is_tunnel else 80)
        if host not in self.allowed:
            log(f"proxy refuses {host}")
            reason = f"{host} is not on this lab's list of allowed hosts (lab up --allow-host)"
            await refuse(writer, "403 Forbidden", reason)
            return
        log(f"proxy {method} {host}:{port}")
        out_reader, out_writer = await asyncio.open_connection(host, port)
        if is_tunnel:
            writer.write(f"{version} 200 Connection established\r\n\r\n".encode())
            await join(reader, writer, out_reader, out_writer)
            return
        out_writer.write(request_head(method, url.path or "/", url.query, head))
        # One request a connection: what a client pipelined behind it, it asks again.
        await copy(out_reader, writer)
        out_writer.close()


def request_head(method: str, path: str, query: str, head: bytes) -> bytes:
    """Return the head as the origin server wants it: a path, and no keep-alive."""
    target = f"{path}?{query}" if query else path
    dropped = (b"proxy-", b"connection:", b"keep-alive:")
    headers = [
        line for line in head.split(b"\r\n")[1:] if line and not line.lower().startswith(dropped)
    ]
    first = f"{method} {target} HTTP/1.1".encode("latin-1")
    return b"\r\n".join((first, *headers, b"Connection: close", b"", b""))


async def refuse(writer: asyncio.StreamWriter, status: str, reason: str) -> None:
    """Answer with an error and a body that says why."""
    body = f"deeprig lab: {reason}\n".encode()
    head = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    writer.write(head.encode() + body)
    await writer.drain()
    writer.close()


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copy until the end; then the other side sees the end too."""
    try:
        while data := await reader.read(_CHUNK_BYTES):
            writer.write(data)
            await writer.drain()
    except OSError as error:
        log(f"copy: {error!r}")
    finally:
        with contextlib.suppress(OSError, RuntimeError):
            if writer.can_write_eof() and not writer.is_closing():
                writer.write_eof()


async def join(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    other_reader: asyncio.StreamReader,
    other_writer: asyncio.StreamWriter,
) -> None:
    """Copy in both directions until both ended."""
    await asyncio.gather(copy(reader, other_writer), copy(other_reader, writer))
    writer.close()
    other_writer.close()


def log(text: str) -> None:
    """Write a line to the gateway's log (its standard error)."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is the log


def main() -> None:
    """Run the gateway of one lab."""
    directory, namespace = Path(sys.argv[1]), sys.argv[2]
    asyncio.run(Gateway(LabSockets(namespace)).run(directory / "gateway.sock"))


if __name__ == "__main__":
    main()
