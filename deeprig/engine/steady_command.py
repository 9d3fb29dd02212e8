"""A command that outlives its connection: it runs on the host as a unit of its own.

People see the command itself, in plans and reports; what carries it is ``steady.sh``, which goes
over with it: nothing has to be placed on the host before, and it is never of another version.
"""

from __future__ import annotations

import os
from typing import Any

from pyinfra.api.command import QuoteString, StringCommand

from deeprig.engine.host_lock import DIRECTORY as RUN_DIRECTORY
from deeprig.engine.remarks import explain
from deeprig.engine.sayings import told_live
from deeprig.engine.shell_text import shell_text

DIRECTORY = f"{RUN_DIRECTORY}/steady"
#: Work of other programs of ours that detaches itself: its unit, and the log that it writes.
OTHER_WORK = (("deeprig-driver-change", "/var/lib/deeprig/driver/work/progress.log"),)
#: How the programs mark what they themselves say in the output.
_SAYS = "deeprig: "


class SteadyCommand(StringCommand):
    """A command whose work goes on when the connection is lost.

    ``label`` becomes part of the name of its ``unit``. ``is_apt`` is for work with packages: it
    waits for whoever holds the package system, and repairs first what an earlier cut left.
    """

    def __init__(self, command: StringCommand, label: str, *, is_apt: bool) -> None:
        super().__init__(*command.bits, _separator=command.separator, **command.connector_arguments)
        # systemd keeps a name for a moment after its unit has ended: each gets its own.
        self.unit = f"deeprig-steady-{label}-{os.urandom(3).hex()}"
        self.kind = "apt" if is_apt else "plain"

    def get_raw_value(self) -> str:
        """Return what runs on the host."""
        command = super().get_raw_value()
        return steady(
            "run", self.unit, self.kind, command, shell_text("steady_worker.sh")
        ).get_raw_value()

    def execute(self, state: Any, host: Any, connector_arguments: Any) -> Any:
        """Run it; what its carrier has to say becomes part of the operation's reasons."""
        sudo = {k: v for k, v in connector_arguments.items() if k in ("_sudo", "_sudo_password")}
        with told_live(state, host, f"{DIRECTORY}/{self.unit}/output", _SAYS, sudo):
            succeeded, output = super().execute(state, host, connector_arguments)
        explain(*(o.line.removeprefix(_SAYS) for o in output if o.line.startswith(_SAYS)))
        return succeeded, output


def earlier_work(seconds: int) -> StringCommand:
    """Return a command that waits, so long at most, for work that an earlier run left running."""
    return steady("earlier", str(seconds), *_others())


def running_work() -> StringCommand:
    """Return a command that tells what runs now, and changes nothing."""
    return steady("tell_running", *_others())


def steady(task: str, *words: str) -> StringCommand:
    """Return a call of ``steady.sh``."""
    whole = ("sh", "-c", shell_text("steady.sh"), "deeprig-steady", DIRECTORY, task, *words)
    return StringCommand(*(QuoteString(word) for word in whole))


def _others() -> tuple[str, ...]:
    return tuple(word for work in OTHER_WORK for word in work)
