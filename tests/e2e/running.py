"""Run the command line as a person does, on lab directories made for one test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from pprint import pformat
from typing import Any

from deeprig.lab.state import BRIDGE_ADDRESS, LOGIN_USER, PROXY_PORT, LabState
from tests.channel.api import ChannelBuild

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class LabDirectory:
    """A lab directory of one test: its own inventory over the shared throwaway hosts."""

    path: Path
    state: LabState
    channel: ChannelBuild

    @property
    def inventory(self) -> Path:
        return self.path / "inventory" / "lab.py"

    def write(self, relative: str, text: str) -> Path:
        target = self.path / relative
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        return target

    def hosts(self, **hosts: dict[str, Any]) -> None:
        """Declare hosts; an empty dictionary stands for the throwaway host of that name."""
        entries = []
        for name, data in hosts.items():
            known = {h.name: h for h in self.state.hosts}
            reach = (
                {"ssh_hostname": "127.0.0.1", "ssh_port": known[name].ssh_port}
                if name in known
                else {}
            )
            entries.append((name, reach | data))
        self.write("inventory/lab.py", f"workstations = {pformat(entries)}\n")

    def data(self, **values: Any) -> None:
        """Declare data of all hosts, beside what reaches them."""
        proxy = f"http://{BRIDGE_ADDRESS}:{PROXY_PORT}"
        reach: dict[str, Any] = {
            "ssh_user": LOGIN_USER,
            "ssh_key": str(self.state.key),
            "ssh_known_hosts_file": str(self.state.known_hosts),
            "ssh_strict_host_key_checking": "yes",
            "gpu_count": 0,
            "network_access": {
                "http_proxy": proxy,
                "https_proxy": proxy,
                "no_proxy": ["localhost", "127.0.0.1", BRIDGE_ADDRESS],
            },
        }
        lines = [f"{k} = {pformat(v)}" for k, v in (reach | values).items()]
        self.write("inventory/group_data/all.py", "\n".join(lines) + "\n")

    def role(self, name: str, body: str, settings: str = "", extra: str = "") -> None:
        """Write a role of the lab's own with the given operations, and a deploy script for it."""
        reboot = ", reboot_reason=reason" if "def reason" in extra else ""
        self.write(
            f"roles/{name}/__init__.py",
            f"""
from io import StringIO
from pyinfra.api.deploy import deploy
from pyinfra.api.facts import FactBase
from pyinfra.context import ctx_host
from pyinfra.operations import files, server
from deeprig.role import Role, RoleSettings

class Settings(RoleSettings):
    {settings or "pass"}

{extra}

@deploy("{name}")
def tasks(context):
    host = ctx_host.get()
{body}

ROLE = Role(name="{name}", settings=Settings, deploy=tasks{reboot})
""",
        )
        self.write(
            "deploy/workstation.py",
            f'from deeprig.compose import deploy_roles\n\ndeploy_roles("{name}")\n',
        )

    def conda_settings(self, *environments: dict[str, Any]) -> dict[str, Any]:
        """Return conda settings that take everything from the channel built here."""
        served, own = self.state.url("dist"), self.state.controller_url("dist")
        return {
            "installer": {
                "url": f"{own}installer/{self.channel.installer_name}",
                "sha256": self.channel.installer_sha256,
            },
            "channels": ["conda-forge"],
            "channel_alias": served.rstrip("/"),
            "pip": {
                "no_index": True,
                "find_links": [f"{served}wheelhouse/"],
                "trusted_hosts": [BRIDGE_ADDRESS],
            },
            "environments": list(environments),
        }

    def base_settings(self) -> dict[str, Any]:
        """Return what the base role needs on these hosts: the way out, and limits they can have."""
        from deeprig.lab import access

        proxy = f"http://{BRIDGE_ADDRESS}:{PROXY_PORT}"
        settings: dict[str, Any] = {"apt": {"proxy": proxy}, "packages": ["less"]}
        limits = access.highest_limits()
        return settings | ({"limits": limits} if limits else {})

    def command(self, *arguments: str) -> list[str]:
        name, *rest = arguments
        return [sys.executable, "-m", "deeprig", name, "-i", str(self.inventory), *rest]

    def run(
        self, *arguments: str, code: int | None = 0, stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Run a command and check its exit code."""
        done = subprocess.run(
            self.command(*arguments),
            input=stdin,
            capture_output=True,
            text=True,
            cwd=self.path,
            env=_environment() | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"},
            timeout=900,
            check=False,
        )
        shown = f"exit {done.returncode}\n{_shortened(done.stdout)}\n{done.stderr}"
        assert code is None or done.returncode == code, shown
        assert "Traceback" not in done.stderr, shown
        return done

    def json(self, *arguments: str, code: int | None = 0) -> Any:
        """Run a command with --json and return its document."""
        return json.loads(self.run(*arguments, "--json", code=code).stdout)

    def ssh(self, host: str, command: str) -> subprocess.CompletedProcess[str]:
        """Run a command on a host, past deeprig, as root."""
        target = self.state.host(host)
        return subprocess.run(
            [
                *("ssh", "-F", "/dev/null", "-i", str(self.state.key), "-p", str(target.ssh_port)),
                *("-o", f"UserKnownHostsFile={self.state.known_hosts}", "-o", "BatchMode=yes"),
                *("-o", "LogLevel=ERROR", "root@127.0.0.1", command),
            ],
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )


def _environment() -> dict[str, str]:
    """Return what is given on: not pytest's own word, which differs between setup and test."""
    return {k: v for k, v in os.environ.items() if k != "PYTEST_CURRENT_TEST"}


def _shortened(printed: str) -> str:
    """Return of a JSON report only why it is not good: the whole of it hides that.

    What is no report of runs (a bundle's manifest has hosts too) is returned as it is.
    """
    try:
        hosts = json.loads(printed)["hosts"]
        done = [(h["host"], *h.get("operations", ()), *h.get("checks", ())) for h in hosts]
    except (ValueError, KeyError, TypeError):
        return printed
    keys = ("host", "status", "reason", "remedy", "in_operation")
    found = [{key: host[key] for key in keys if host.get(key)} for host in hosts]
    bad = [
        f"{name}: {one.get('role')}: {one['name']}: {one.get('output') or one.get('evidence')}"
        for name, *results in done
        for one in results
        if one.get("status") == "failed" or one.get("outcome") in ("fail", "unknown")
    ]
    return "\n".join([*map(str, found), *bad])
