"""What an operation tells about itself while it is evaluated or runs: reasons, and versions.

A plan shows them under the operation, a report keeps them. Under pyinfra's own command line they
are log lines.
"""

from __future__ import annotations

from pyinfra.api.host import Host
from pyinfra.context import ctx_host, ctx_state

from deeprig.engine.state import Remarks, RunState
from deeprig.report.model import VersionMove


def explain(*notes: str) -> None:
    """Attach sentences to the operation under way: what was decided, and why."""
    remarks = _remarks()
    if remarks is not None:
        remarks.notes.extend(notes)
        return
    host: Host = ctx_host.get()
    for note in notes:
        host.log(note)


def tell_move(what: str, before: str, after: str) -> None:
    """Attach a change of version to the operation under way; "" is none, and no change no move."""
    remarks = _remarks()
    if remarks is not None and before != after:
        remarks.moves.append(VersionMove(what, before, after))


def take_remarks(state: RunState, host: str) -> Remarks:
    """Return what the host's operation told, and forget it."""
    return state.remarks.pop(host, Remarks())


def _remarks() -> Remarks | None:
    state = ctx_state.get()
    return state.remarks[ctx_host.get().name] if isinstance(state, RunState) else None
