"""A host that is asked: a script stands in for ssh and answers what the test says (simulated)."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path

from deeprig.backup.answer import HostAnswer
from deeprig.backup.asking import Asking
from deeprig.backup.far import Far
from deeprig.backup.request import Request
from deeprig.inventory.model import DeclaredHost, HostSettings

RUNS = "@@deeprig:runs"
STATUS = Request("status", ("status",))


def document(command: str = "status", *, ok: object = True, **more: object) -> dict[str, object]:
    """A document as the host's program prints it."""
    head = {"schema": f"deeprig.backup-{command}/1", "host": "rig1", "time": 1.7e9}
    return head | {"ok": ok, "refused": None} | more


def refused(reason: str, *evidence: str, remedy: str = "") -> dict[str, object]:
    """A document of a command that was not carried out."""
    told = {"outcome": "busy", "reason": reason, "evidence": list(evidence), "remedy": remedy}
    return document("run", ok=False) | {"refused": told}


@dataclass
class Noted:
    """The progress that a test looks at."""

    far: list[Far] = field(default_factory=list)
    ended: list[HostAnswer] = field(default_factory=list)

    def host_started(self, host: str) -> None:
        """Note nothing."""

    def host_is_at(self, host: str, far: Far) -> None:
        self.far.append(far)

    def host_finished(self, answer: HostAnswer) -> None:
        self.ended.append(answer)


@dataclass
class StandIn:
    """Puts a script named ssh first on the path; its words and its input are kept."""

    directory: Path
    progress: Noted = field(default_factory=Noted)

    def answers(self, out: object, *errors: str, code: int = 0, runs: bool = True) -> None:
        """Have it print a document (or a text) and lines of standard error, and exit so."""
        text = out if isinstance(out, str) else json.dumps(out)
        said = "".join(f"{line}\n" for line in ((RUNS, *errors) if runs else errors))
        body = f"printf %s {shlex.quote(said)} >&2\nprintf %s {shlex.quote(text)}\nexit {code}\n"
        self.script(body)

    def script(self, body: str) -> None:
        """Have it run this."""
        path = self.directory / "ssh"
        note = f'printf "%s\\n" "$@" >{self.directory}/words\ncat >{self.directory}/input\n'
        path.write_text(f"#!/bin/sh\n{note}{body}")
        path.chmod(0o755)

    def ask(
        self, request: Request = STATUS, password: str | None = None, **settings: object
    ) -> HostAnswer:
        """Ask the host, and return what it answered."""
        declared = HostSettings.model_validate({"ssh_user": "root"} | settings)
        host = DeclaredHost("rig1", (), declared, {}, None)
        asking = Asking(host, self.directory, request, self.progress, password)
        asking.run()
        return asking.finish()

    @property
    def words(self) -> str:
        return (self.directory / "words").read_text()

    @property
    def input(self) -> str:
        return (self.directory / "input").read_text()
