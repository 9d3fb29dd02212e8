"""The lab's gateway: a small process with sockets in both worlds.

Inside the lab's network namespace it is an HTTP proxy (with a list of allowed destinations) and a
read-only web server; on the controller's loopback it forwards to the hosts' sshd. Nothing of the
controller's own network is changed.

    python -m deeprig.lab.gateway LAB_DIRECTORY NAMESPACE

Commands come as JSON lines on LAB_DIRECTORY/gateway.sock: {"forward": "10.213.0.11:22", "port": N}
answers {"port": M}, where M is N when that port is free (N = 0: any);
{"serve": {"name": "/directory"}, "allow": ["host"]} answers no port. Every answer tells the
"loopback_port" on which the controller sees the served directories.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import sys
from pathlib import Path

from deeprig.lab.lab_sockets import LabSockets
from deeprig.lab.proxy import Proxy
from deeprig.lab.served_files import serve
from deeprig.lab.state import PROXY_PORT, SERVE_PORT
from deeprig.lab.streams import Streams, close, join

_LOOPBACK = "127.0.0.1"


class Gateway:
    """The proxy, the web server, the forwards and the control socket of one lab."""

    def __init__(self, sockets: LabSockets) -> None:
        self.sockets = sockets
        self.allowed: set[str] = set()
        self.directories: dict[str, str] = {}
        self.loopback_port = 0
        self._forwards: dict[str, asyncio.Server] = {}

    async def run(self, control: str) -> None:
        """Serve until the process is ended."""
        serve(self.sockets.listener(SERVE_PORT), self.directories, log)
        # The controller itself fetches installers: it sees the same files on its loopback.
        loopback = socket.create_server((_LOOPBACK, 0))
        self.loopback_port = int(loopback.getsockname()[1])
        serve(loopback, self.directories, log)
        proxy = Proxy(self.allowed, log)
        listener = self.sockets.listener(PROXY_PORT)
        # The control socket says that everything else is ready: it comes last.
        async with await asyncio.start_server(proxy.answer, sock=listener):
            commands = _listening_unix_socket(control)
            async with await asyncio.start_unix_server(self.command, sock=commands) as server:
                await server.serve_forever()

    async def command(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry out one command."""
        line = await reader.readline()
        if line:
            request = json.loads(line)
            self.directories.update(request.get("serve", {}))
            self.allowed.update(request.get("allow", ()))
            answer = {"loopback_port": self.loopback_port}
            if "forward" in request:
                answer["port"] = await self.forward(request["forward"], request.get("port", 0))
            writer.write(json.dumps(answer).encode() + b"\n")
            await writer.drain()
        await close(writer)

    async def forward(self, destination: str, wanted_port: int) -> int:
        """Forward a port of the controller's loopback to a host of the lab; once per host."""
        if destination not in self._forwards:
            listener = _listener(wanted_port)

            async def connected(*client: asyncio.StreamReader | asyncio.StreamWriter) -> None:
                await self.connect(destination, client)  # type: ignore[arg-type]

            self._forwards[destination] = await asyncio.start_server(connected, sock=listener)
        return int(self._forwards[destination].sockets[0].getsockname()[1])

    async def connect(self, destination: str, client: Streams) -> None:
        """Join a client with a host; close its connection where the host does not answer."""
        try:
            host = await self.open_lab(destination)
        except OSError as error:
            log(f"forward {destination}: {error}")
            await close(client[1])
            return
        await join(client, host)

    async def open_lab(self, destination: str) -> Streams:
        """Connect to a host inside the lab. Raise OSError."""
        address, _, port = destination.rpartition(":")
        lab_socket = self.sockets.make()
        lab_socket.setblocking(False)
        lab_socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            await asyncio.get_running_loop().sock_connect(lab_socket, (address, int(port)))
        except OSError:
            lab_socket.close()
            raise
        return await asyncio.open_connection(sock=lab_socket)


def _listener(wanted_port: int) -> socket.socket:
    """Listen on the wanted port of the loopback, or on any when somebody else has it by now."""
    try:
        return socket.create_server((_LOOPBACK, wanted_port))
    except OSError as error:
        log(f"port {wanted_port} cannot be had again: {error}")
        return socket.create_server((_LOOPBACK, 0))


def _listening_unix_socket(name: str) -> socket.socket:
    """Make a socket that has its name only when it listens already."""
    part = Path(f"{name}.part")
    part.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX)
    listening.bind(str(part))
    listening.listen()
    part.rename(name)
    return listening


def log(text: str) -> None:
    """Write a line to the gateway's log (its standard error)."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201 - this is the log


def main() -> None:
    """Run the gateway of one lab."""
    directory, namespace = Path(sys.argv[1]), sys.argv[2]
    # A Unix socket's path has at most 107 bytes (unix(7)); a lab's directory may have more.
    os.chdir(directory)
    asyncio.run(Gateway(LabSockets(namespace)).run("gateway.sock"))


if __name__ == "__main__":
    main()
