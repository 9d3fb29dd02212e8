"""One connection to one host, outside a run: for commands that only ask or build something."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pyinfra.api.command import StringCommand
from pyinfra.api.config import Config
from pyinfra.api.exceptions import ConnectError, PyinfraError
from pyinfra.api.host import Host
from pyinfra.context import ctx_host, ctx_state

from deeprig.engine.connector import explain_connect_error
from deeprig.engine.embedding import embed_pyinfra
from deeprig.engine.state import RunState
from deeprig.errors import DeeprigError, HostUnreachable
from deeprig.facts import HostFacts, Machine
from deeprig.inventory.load import Lab
from deeprig.inventory.model import SSH_DEFAULT_PORT, DeclaredHost
from deeprig.masking import Masker
from deeprig.selection import Selection
from deeprig.transport.choice import use_connector


@dataclass(frozen=True, slots=True)
class Connection:
    """An open connection; commands run as root."""

    host: Host
    declared: DeclaredHost
    facts: HostFacts
    masker: Masker

    def run(self, command: StringCommand, *, what: str, env: dict[str, str] | None = None) -> str:
        """Return a command's standard output. Raise DeeprigError, naming ``what``, if it fails."""
        succeeded, output = self.host.run_shell_command(
            command, _sudo=self.declared.needs_sudo, _env=env or {}
        )
        if not succeeded:
            said = "\n".join((output.stdout + "\n" + output.stderr).strip().splitlines()[-20:])
            raise DeeprigError(f"{what} failed:\n{self.masker(said)}", place=self.declared.name)
        return str(output.stdout)

    def upload(self, local: object, remote: str) -> None:
        """Write a file, given as an IO object, on the host."""
        if not self.host.put_file(local, remote, _sudo=self.declared.needs_sudo):
            raise DeeprigError(f"{remote} could not be written", place=self.declared.name)


@contextmanager
def connected(lab: Lab, declared: DeclaredHost) -> Iterator[Connection]:
    """Connect to a host. Raise HostUnreachable with reason and remedy when that fails."""
    embed_pyinfra()
    host = lab.inventory.get_host(declared.name)
    use_connector(host)
    settings = declared.settings
    state = RunState(lab, Selection(), Config())
    with ctx_state.use(state):
        try:
            host.connect(show_errors=False, raise_exceptions=True)
        except (ConnectError, PyinfraError) as error:
            problem = explain_connect_error(
                str(error),
                settings.ssh_user or "USER",
                settings.ssh_hostname or declared.name,
                settings.ssh_port or SSH_DEFAULT_PORT,
            )
            raise HostUnreachable(
                problem.reason, place=f"{declared.name} ({problem.place})", remedy=problem.remedy
            ) from error
        ctx_host.set(host)
        try:
            host.data._sudo = declared.needs_sudo
            facts = host.get_fact(Machine)
            if facts is None:
                raise DeeprigError("the host told nothing about itself", place=declared.name)
            masker = Masker.of(settings, *declared.role_settings.values())
            yield Connection(host, declared, facts, masker)
        finally:
            ctx_host.reset()
            host.disconnect()
