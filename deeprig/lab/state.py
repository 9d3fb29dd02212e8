"""What a lab is: where it lies, its hosts, and the names of everything it makes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from deeprig.errors import UsageProblem

SCHEMA = "deeprig.lab/1"
#: The lab's own network exists only inside its namespace, so every lab can use the same one.
NETWORK = "10.213.0"
BRIDGE_ADDRESS = f"{NETWORK}.1"
PROXY_PORT, SERVE_PORT = 3128, 8000
FIRST_HOST, MOST_HOSTS = 11, 200
LOGIN_USER = "deeprig"


@dataclass(frozen=True, slots=True)
class LabHost:
    """One throwaway machine.

    ``ssh_port`` is on the controller's loopback; ``image`` is the base its overlay lies over.
    """

    name: str
    os: str
    address: str
    ssh_port: int
    image: str = ""


@dataclass(frozen=True, slots=True)
class LabState:
    """A lab directory's content. ``served`` maps a name to the directory served under it."""

    directory: Path
    hosts: tuple[LabHost, ...] = ()
    served: tuple[tuple[str, str], ...] = ()
    allowed_hosts: tuple[str, ...] = ()
    loopback_port: int = 0

    @property
    def id(self) -> str:
        """Return a name unique on this machine: two labs may have directories of one name."""
        digest = hashlib.sha256(str(self.directory).encode()).hexdigest()[:6]
        return f"deeprig-{self.directory.name}-{digest}"

    @property
    def inventory(self) -> Path:
        """Return the inventory that ``lab up`` writes."""
        return self.directory / "inventory" / "lab.py"

    @property
    def key(self) -> Path:
        """Return the private key that logs in to every host."""
        return self.directory / "ssh" / "id_ed25519"

    @property
    def known_hosts(self) -> Path:
        """Return the file with the hosts' own keys."""
        return self.directory / "ssh" / "known_hosts"

    @property
    def control_socket(self) -> Path:
        """Return where the gateway listens for commands."""
        return self.directory / "gateway.sock"

    def machine(self, name: str) -> Path:
        """Return the directory of one host's overlay and console log."""
        return self.directory / "machines" / name

    @property
    def bridge_address(self) -> str:
        """Return the controller's address as the hosts see it."""
        return BRIDGE_ADDRESS

    @property
    def served_urls(self) -> dict[str, str]:
        """Return where hosts find each served directory, by name."""
        return {name: self.url(name) for name, _ in self.served}

    def url(self, name: str) -> str:
        """Return where hosts find a served directory."""
        return f"http://{BRIDGE_ADDRESS}:{SERVE_PORT}/{name}/"

    def controller_url(self, name: str) -> str:
        """Return where the controller itself finds a served directory."""
        return f"http://127.0.0.1:{self.loopback_port}/{name}/"

    def host(self, name: str) -> LabHost:
        """Return a host. Raise UsageProblem when the lab has none of that name."""
        for host in self.hosts:
            if host.name == name:
                return host
        names = ", ".join(host.name for host in self.hosts) or "none"
        raise UsageProblem(f"this lab has no host {name!r}", remedy=f"its hosts: {names}")

    def with_host(self, host: LabHost) -> LabState:
        """Return the state with one more host, or with another of the same name."""
        if any(known.name == host.name for known in self.hosts):
            hosts = tuple(host if known.name == host.name else known for known in self.hosts)
            return replace(self, hosts=hosts)
        return replace(self, hosts=(*self.hosts, host))

    def save(self) -> None:
        """Write state.json, whole or not at all."""
        data = {"schema": SCHEMA, **asdict(self), "directory": str(self.directory)}
        part = self.directory / "state.json.part"
        part.write_text(json.dumps(data, indent=2) + "\n", encoding="utf-8")
        part.replace(self.directory / "state.json")

    @classmethod
    def load(cls, directory: Path) -> LabState | None:
        """Return the state of a lab directory, or None where there is no lab."""
        directory = directory.resolve()
        path = directory / "state.json"
        if not path.is_file():
            return None
        data = json.loads(path.read_text(encoding="utf-8"))
        if data.get("schema") != SCHEMA:
            raise UsageProblem(
                "it was written by another version of deeprig",
                place=str(path),
                remedy="take the lab down with that version, or remove the directory",
            )
        return cls(
            directory,
            tuple(LabHost(**host) for host in data["hosts"]),
            tuple((name, path) for name, path in data["served"]),
            tuple(data["allowed_hosts"]),
            data["loopback_port"],
        )
