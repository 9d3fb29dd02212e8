"""Ask the hosts of a lab for their state, several at once, and compare the answers."""

from __future__ import annotations

import time
from dataclasses import dataclass

from pyinfra.api.config import Config
from pyinfra.context import ctx_config, ctx_inventory, ctx_state

from deeprig import __version__
from deeprig.audit.collector import collector_archive
from deeprig.audit.moment import now
from deeprig.engine.embedding import embed_pyinfra
from deeprig.engine.side_by_side import side_by_side
from deeprig.engine.state import RunState
from deeprig.errors import UsageProblem
from deeprig.fleet.compare import Comparison, compare, is_ignored
from deeprig.fleet.coverage import is_left_out
from deeprig.fleet.model import FleetReport, Skipped, Unread
from deeprig.fleet.sections import SECTIONS
from deeprig.fleet.session import FleetProgress, Question, Session
from deeprig.fleet.state import Snapshot
from deeprig.inventory.load import Lab
from deeprig.inventory.model import DeclaredHost
from deeprig.selection import Selection
from deeprig.transport.choice import use_connector

#: The controller waits and compares; the program takes a second of a host's time.
DEFAULT_PARALLEL = 20
_CONNECT_TIMEOUT_SECONDS = 10


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be compared; empty ``sections`` are all."""

    sections: tuple[str, ...] = ()
    against: str | None = None
    ignored: tuple[str, ...] = ()


def diff_lab(
    lab: Lab,
    selection: Selection,
    wanted: Wanted,
    progress: FleetProgress,
    *,
    parallel: int = DEFAULT_PARALLEL,
    sudo_password: str | None = None,
) -> tuple[FleetReport, bool]:
    """Compare the selected hosts. Return the report, and whether the person interrupted it.

    Raise UsageProblem for a selection of one host, and a host to compare with that is not in it.
    """
    hosts = selection.hosts_of(lab)
    _check(hosts, wanted, lab)
    started, clock = now(), time.monotonic()
    sections = wanted.sections or tuple(SECTIONS)
    question = Question(
        collector_archive(lab.content.file("host"), "fleet"),
        sections,
        _managed_files(lab),
        sudo_password,
    )
    sessions, was_interrupted = _ask(lab, selection, hosts, question, progress, parallel)
    states = tuple(session.finish() for session in sessions)
    snapshots = tuple(session.snapshot for session in sessions if session.snapshot is not None)
    comparison = _compared(snapshots, wanted)
    report = FleetReport(
        started=started,
        finished=now(),
        seconds=round(time.monotonic() - clock, 2),
        version=__version__,
        inventory=str(lab.path),
        sections=sections,
        against=wanted.against,
        ignored=wanted.ignored,
        compared=comparison.compared,
        hosts=states,
        differences=comparison.differences,
        unread=_unread(snapshots, wanted),
        skipped=_skipped(snapshots),
    )
    return report, was_interrupted


def _ask(
    lab: Lab,
    selection: Selection,
    hosts: tuple[DeclaredHost, ...],
    question: Question,
    progress: FleetProgress,
    parallel: int,
) -> tuple[list[Session], bool]:
    embed_pyinfra()
    sessions = []
    for declared in hosts:
        host = lab.inventory.get_host(declared.name)
        use_connector(host)
        sessions.append(Session(host, declared, question, progress))
    config = Config(CONNECT_TIMEOUT=_CONNECT_TIMEOUT_SECONDS)
    state = RunState(lab, selection, config)
    with ctx_state.use(state), ctx_inventory.use(lab.inventory), ctx_config.use(config):
        return sessions, side_by_side((session.run for session in sessions), parallel)


def _check(hosts: tuple[DeclaredHost, ...], wanted: Wanted, lab: Lab) -> None:
    names = [host.name for host in hosts]
    if len(hosts) < 2:
        raise UsageProblem(
            f"there is only {names[0]} to compare", place=str(lab.path), remedy="name more hosts"
        )
    if wanted.against is not None and wanted.against not in names:
        raise UsageProblem(
            f"{wanted.against!r} is none of the hosts that are compared",
            place="--against",
            remedy="name one of them, and have --limit include it",
        )
    for pattern in wanted.ignored:
        if not any(is_ignored(name, "x", (pattern.partition(":")[0],)) for name in SECTIONS):
            raise UsageProblem(
                f"{pattern!r} names no section",
                place="--ignore",
                remedy=f"write SECTION or SECTION:KEY, of {', '.join(SECTIONS)}",
            )
    if all(is_left_out(name, wanted.ignored) for name in wanted.sections or SECTIONS):
        raise UsageProblem(
            "nothing is left to compare",
            place=" ".join(f"--ignore {pattern}" for pattern in wanted.ignored),
            remedy="ignore less: where nothing is compared, nothing is known to be alike",
        )


def _managed_files(lab: Lab) -> tuple[str, ...]:
    """Return where the templates of all roles land; a host that lacks one says nothing of it."""
    found = {
        f"/{path}" for role in lab.content.role_names() for path in lab.content.templates(role)
    }
    return tuple(sorted(found))


def _compared(snapshots: tuple[Snapshot, ...], wanted: Wanted) -> Comparison:
    is_there = wanted.against is None or any(one.host == wanted.against for one in snapshots)
    # Without the host that all are compared with, nothing is known of any.
    return compare(snapshots, wanted.against, wanted.ignored) if is_there else Comparison((), 0)


def _unread(snapshots: tuple[Snapshot, ...], wanted: Wanted) -> tuple[Unread, ...]:
    entries = (entry for snapshot in snapshots for entry in snapshot.unread)
    return tuple(e for e in entries if not is_ignored(e.section, e.key, wanted.ignored))


def _skipped(snapshots: tuple[Snapshot, ...]) -> tuple[Skipped, ...]:
    return tuple(entry for snapshot in snapshots for entry in snapshot.skipped)
