"""A lab with a download cache: what is declared, and how many bytes came from outside."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from deeprig.lab.state import BRIDGE_ADDRESS, PROXY_PORT, SERVE_PORT
from tests.e2e.running import LabDirectory

SERVICE, WAY_OUT = "deeprig-cache.service", "deeprig-cache-out.service"
STORE, LOG = "/srv/deeprig-cache", "/var/log/deeprig-cache/access.log"
PORT = 3142
_COUNTER = Path(__file__).with_name("outside_bytes.py")
_CLEAN_SERVER = f"""
systemctl disable -q --now {SERVICE} {WAY_OUT}
rm -rf /etc/systemd/system/deeprig-cache*.service /etc/deeprig/cache_server {STORE}
rm -rf /var/log/deeprig-cache /etc/logrotate.d/deeprig-cache
systemctl daemon-reload; systemctl reset-failed -q 'deeprig-cache*'
"""
_CLEAN_CLIENT = """
rm -rf /etc/apt/apt.conf.d/81deeprig-cache /etc/deeprig/cache
rm -rf /usr/local/lib/deeprig/cache-* /usr/local/lib/deeprig/through-cache
rm -rf /opt/conda /etc/pip.conf
"""


@dataclass
class CachedLab:
    """A lab directory in which ``cache`` keeps what ``clients`` fetch."""

    lab: LabDirectory
    cache: str
    clients: tuple[str, ...]
    environments: tuple[dict[str, Any], ...] = ()
    #: More than a lab would have it: the machine that runs this may be slow.
    patience_seconds: int = 20
    #: Who is asked without the lab's proxy, and CA certificates that all trust.
    near: tuple[str, ...] = ()
    trusted: tuple[str, ...] = ()

    def clean(self) -> None:
        """Have the machines as other tests expect them."""
        self.lab.ssh(self.cache, _CLEAN_SERVER)
        for name in (self.cache, *self.clients):
            self.lab.ssh(name, _CLEAN_CLIENT)

    def root(self, host: str, command: str, code: int | None = 0) -> str:
        """Run a command on a host as root, past deeprig."""
        done = self.lab.ssh(host, command)
        shown = f"{host}: {command}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert code is None or done.returncode == code, shown
        return done.stdout + (done.stderr if code else "")

    def address(self, host: str) -> str:
        """Return a host's address in the lab's network."""
        return self.lab.state.host(host).address

    @property
    def url(self) -> str:
        """Return where clients find the cache."""
        return f"http://{self.address(self.cache)}:{PORT}"

    def archives(self) -> dict[str, str]:
        """Return the archives of the clients' own package sources, by a name for each."""
        text = "cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources 2>/dev/null; true"
        words = [word for name in self.clients for word in self.root(name, text).split()]
        urls = sorted({word.rstrip("/") for word in words if word.startswith("http")})
        return {f"apt-{number}": url for number, url in enumerate(urls)}

    def declare(self, packages: tuple[str, ...] = ("less",), **serve: Any) -> None:
        """Declare the cache and its clients; ``packages`` are the clients'."""
        settings = self.lab.base_settings()
        proxy = f"http://{BRIDGE_ADDRESS}:{PROXY_PORT}"
        near = ["localhost", "127.0.0.1", BRIDGE_ADDRESS, *self.near]
        settings["ca_certificates"] = list(self.trusted)
        self.lab.data(
            base=settings,
            network_access={"http_proxy": proxy, "https_proxy": proxy, "no_proxy": near},
        )
        self.lab.write(
            "deploy/workstation.py",
            "from deeprig.compose import deploy_roles\n"
            "deploy_roles('cache', 'base', 'conda', 'cache_server')\n",
        )
        upstreams: dict[str, Any] = {
            name: {"url": url, "kind": "apt"} for name, url in self.archives().items()
        }
        served = self.lab.state.url("dist").rstrip("/")
        upstreams["dist"] = {"url": served, "kind": "conda"}
        declared = {
            "upstreams": upstreams,
            "address": self.address(self.cache),
            "clients": [self.address(name) for name in self.clients],
            "size_gib": 2,
            "minimum_free_gib": 1,
        }
        hosts: dict[str, dict[str, Any]] = {
            self.cache: {"roles": ["base", "cache_server"], "cache_server": declared | serve}
        }
        asks = {"server": self.cache, "patience_seconds": self.patience_seconds}
        uses: dict[str, Any] = {"roles": ["cache", "base"], "cache": asks}
        uses["base"] = settings | {"packages": list(packages)}
        if self.environments:
            uses["roles"] = [*uses["roles"], "conda"]
            uses["conda"] = self.lab.conda_settings(*self.environments)
        hosts |= dict.fromkeys(self.clients, uses)
        self.lab.hosts(**hosts)

    def changes(self, *hosts: str) -> list[str]:
        """Apply, and return the operations that changed something."""
        chosen = [word for name in hosts for word in ("--limit", name)]
        told = self.lab.json("apply", *chosen)["hosts"]
        return [
            operation["name"]
            for host in told
            for operation in host["operations"]
            if operation["status"] == "changed"
        ]

    def bad(self, *hosts: str) -> dict[str, str]:
        """Verify, and return what is not good of hosts: evidence by the name of the check."""
        chosen = [word for name in hosts for word in ("--limit", name)]
        roles = ("--role", "cache", "--role", "cache_server")
        told = self.lab.json("verify", *roles, *chosen, code=None)["hosts"]
        checks = [check for host in told for check in host["checks"]]
        assert checks
        return {c["name"]: c["evidence"] for c in checks if c["outcome"] in ("fail", "unknown")}

    def log(self) -> list[dict[str, Any]]:
        """Return the lines of the cache's log."""
        return [json.loads(line) for line in self.root(self.cache, f"cat {LOG}").splitlines()]

    @contextmanager
    def counted(self, *hosts: str) -> Iterator[dict[str, int]]:
        """Count the bytes that hosts get from outside the lab, on the wire; filled at the end."""
        found: dict[str, int] = {}
        program = shlex.quote(_COUNTER.read_text(encoding="utf-8"))
        words = f"{BRIDGE_ADDRESS} {PROXY_PORT} {SERVE_PORT}"
        started = {}
        for name in hosts:
            unit = f"outside-bytes-{name}"
            python = f"/usr/bin/python3 -c {program} {words}"
            run = f"systemd-run -q --unit {unit} --service-type=notify {python}"
            self.root(name, run)
            started[name] = unit
        try:
            yield found
        finally:
            for name, unit in started.items():
                self.root(name, f"systemctl stop {unit}")
                found[name] = int(self.root(name, "cat /run/outside-bytes"))

    def host_of(self, url: str) -> str:
        """Return the server of a URL."""
        return urlsplit(url).hostname or ""
