"""The controller's side: the files each tool starts from, and the inventories of some hosts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from pprint import pformat

from benchmarks.apply_vs_shell import settings
from benchmarks.fleet import tool_texts
from benchmarks.fleet.resources import TEMPLATES
from benchmarks.fleet.shell_texts import making_script, testing_script
from deeprig.lab import disk
from deeprig.lab.state import LOGIN_USER, LabHost, LabState
from tests.channel.api import ChannelBuild

_ANSIBLE_CONFIGURATION = """\
[defaults]
forks = {forks}
host_key_checking = True
interpreter_python = /usr/bin/python3
[ssh_connection]
pipelining = True
ssh_args = -F /dev/null -o ControlMaster=auto -o ControlPersist=60s
"""
_DEPLOY = 'from deeprig.compose import deploy_roles\n\ndeploy_roles("resources")\n'
SSH_PORT = 22


@dataclass(frozen=True, slots=True)
class Desk:
    """A directory with everything the ways start from. Every tool reaches the hosts alike.

    ``sockets`` is a directory with a short name: a Unix socket's has at most 107 bytes (unix(7)).
    """

    directory: Path
    state: LabState
    sockets: Path

    @property
    def known_hosts(self) -> Path:
        """Return the file with the hosts' keys by their addresses."""
        return self.directory / "known_hosts"

    @property
    def templates(self) -> Path:
        """Return the directory of the templates."""
        return self.directory / "templates"

    def lab(self, state: str) -> Path:
        """Return deeprig's lab directory for a state."""
        return self.directory / state.replace(" ", "-")

    def ssh(self, *options: str) -> list[str]:
        """Return the ssh command up to its target."""
        command = ["ssh", "-F", "/dev/null", "-i", str(self.state.key), "-o", "BatchMode=yes"]
        known = f"UserKnownHostsFile={self.known_hosts}"
        return [*command, "-o", known, "-o", "StrictHostKeyChecking=yes", *options]

    def write(self, channel: ChannelBuild, workstation_floor: str) -> None:
        """Write what does not depend on which hosts are asked."""
        self._file("making.sh", making_script())
        self._file("floor.sh", testing_script())
        self._file("floor workstation.sh", workstation_floor)
        self._file("deploy.py", tool_texts.pyinfra_deploy(self.templates))
        self._file("playbook.yml", tool_texts.playbook(self.templates))
        for template in TEMPLATES:
            self._file(f"templates/{template.source}", template.text)
        self._write_known_hosts()
        sixty = self.lab("60 resources").name
        role = tool_texts.deeprig_role(self.templates)
        self._file(f"{sixty}/roles/resources/__init__.py", role)
        self._file(f"{sixty}/deploy/workstation.py", _DEPLOY)
        self._group_data(sixty, "")
        data = (self.state.inventory.parent / "group_data/all.py").read_text(encoding="utf-8")
        base = data[data.index("\nbase = ") :] if "\nbase = " in data else ""
        certificates = self.state.directory / "extra-ca.pem"
        base = base.replace("'extra-ca.pem'", repr(str(certificates)))
        workstation = self.lab("workstation").name
        self._group_data(workstation, base)
        of_group = settings(self.state, channel)
        self._file(f"{workstation}/inventory/group_data/workstations.py", of_group)

    def write_inventories(self, label: str, hosts: Sequence[LabHost]) -> None:
        """Write the inventories of some hosts for every tool, under a label."""
        reach = [(h.name, {"ssh_hostname": h.address, "ssh_port": SSH_PORT}) for h in hosts]
        for state in ("60 resources", "workstation"):
            text = f"workstations = {pformat(reach)}\n"
            self._file(f"{self.lab(state).name}/inventory/{label}.py", text)
        own = [(name, data | self._login() | {"_sudo": True}) for name, data in reach]
        self._file(f"pyinfra-{label}.py", f"hosts = {pformat(own)}\n")
        self._file(f"ansible-{label}.ini", self._ansible_inventory(hosts))
        forks = _ANSIBLE_CONFIGURATION.format(forks=len(hosts))
        self._file(f"ansible-{label}.cfg", forks)

    def control_path(self, host: LabHost) -> Path:
        """Return the socket of an open connection to a host."""
        return self.sockets / f"open-{host.name}"

    def _login(self) -> dict[str, str]:
        return {
            "ssh_user": LOGIN_USER,
            "ssh_key": str(self.state.key),
            "ssh_known_hosts_file": str(self.known_hosts),
            "ssh_strict_host_key_checking": "yes",
        }

    def _group_data(self, lab: str, more: str) -> None:
        lines = [f"{name} = {value!r}" for name, value in self._login().items()]
        text = "\n".join((*lines, "gpu_count = 0", _network_access(self.state), more, ""))
        self._file(f"{lab}/inventory/group_data/all.py", text)

    def _ansible_inventory(self, hosts: Sequence[LabHost]) -> str:
        known = f"-o UserKnownHostsFile={self.known_hosts} -o StrictHostKeyChecking=yes"
        lines = [f"{host.name} ansible_host={host.address}" for host in hosts]
        data = [
            f"ansible_user={LOGIN_USER}",
            f"ansible_ssh_private_key_file={self.state.key}",
            f"ansible_ssh_common_args='{known}'",
        ]
        return "\n".join(("[all]", *lines, "[all:vars]", *data, ""))

    def _write_known_hosts(self) -> None:
        keys = ((h, key) for h in self.state.hosts for key in disk.public_host_keys(self.state, h))
        self._file("known_hosts", "".join(f"{host.address} {key}\n" for host, key in keys))

    def _file(self, relative: str, text: str) -> None:
        path = self.directory / relative
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


def _network_access(state: LabState) -> str:
    """Return what the lab's own inventory says of the way out, in its words."""
    text = (state.inventory.parent / "group_data/all.py").read_text(encoding="utf-8")
    names = text.index("\nnetwork_access = ")
    end = text.find("\nbase = ", names)
    return text[names + 1 : end if end > 0 else None].rstrip()
