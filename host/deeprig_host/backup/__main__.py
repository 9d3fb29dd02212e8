"""Back this machine up, prove it and bring it back: ``python -m deeprig_host.backup``."""

from __future__ import annotations

import argparse
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deeprig_host.backup.config import read_configuration
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.job import Job
from deeprig_host.backup.places import CONFIG_FILE
from deeprig_host.backup.proof_commands import add_proofs
from deeprig_host.backup.restic import Restic
from deeprig_host.backup.schedule import Due, Past, due
from deeprig_host.backup.show import due_lines, ended_lines, progress_line, status_lines
from deeprig_host.backup.state import capture
from deeprig_host.backup.status import BadStatus, read_status
from deeprig_host.cooling.config import BadConfiguration
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

GOOD, FAILED, BAD_CONFIG = 0, 1, 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, 1 where something failed, 2 on a bad configuration."""
    options = _parser().parse_args(arguments)
    machine = Machine(Path(options.root))
    try:
        return int(options.command(machine, options))
    except BadConfiguration as bad:
        _log(str(bad))
        return BAD_CONFIG
    except Refused as refusal:
        _log("; ".join((refusal.reason, *refusal.evidence, refusal.remedy)))
        return FAILED
    except OSError as error:
        _log(f"the backup cannot go on: {error}; make room, or have /var and /run writable")
        return FAILED


def _run(machine: Machine, options: argparse.Namespace) -> int:
    """Back up to every repository, or to those named."""
    backup = read_configuration(machine, options.config)
    chosen = _chosen(backup, options)
    if options.if_due:
        chosen = tuple(one for one in chosen if _due(machine, backup, one).is_due)
    if not chosen:
        return GOOD
    progress = progress_line if sys.stderr.isatty() else None
    restic = Restic(machine, backup.nice, backup.io_class, options.restic)
    try:
        ended = Job(machine, backup, restic, progress, _capture).run(chosen, options.wait)
    except Refused as refused:
        if options.if_due and refused.outcome == "busy":
            return GOOD  # what runs now is no fault; the next question of cron finds it due
        raise
    _print(ended_lines(ended))
    return GOOD if all(one.outcome == "good" for one in ended.values()) else FAILED


def _capture(machine: Machine) -> tuple[str, ...]:
    return capture(machine).reasons


def _due_now(machine: Machine, options: argparse.Namespace) -> int:
    """Tell which repositories are due for a backup now, and why."""
    backup = read_configuration(machine, options.config)
    found = {one.name: _due(machine, backup, one) for one in _chosen(backup, options)}
    _print(due_lines(found))
    return GOOD


def _status(machine: Machine, options: argparse.Namespace) -> int:
    """Tell what each job last did; 1 where one is not good."""
    backup = read_configuration(machine, options.config)
    lines, is_good = status_lines(machine, _chosen(backup, options), time.time())
    _print(lines)
    return GOOD if is_good else FAILED


def _check_config(machine: Machine, options: argparse.Namespace) -> int:
    """Tell every problem of the configuration."""
    read_configuration(machine, options.config)
    return GOOD


def _due(machine: Machine, backup: Backup, repository: Repository) -> Due:
    try:
        job = read_status(machine, repository.name).jobs.get("backup")
    except BadStatus as bad:
        return Due(True, f"what was before is not known: {bad}")
    past = Past(job.success_time, job.started_time) if job else Past()
    host = backup.tag or socket.gethostname()
    return due(time.time(), time.localtime().tm_gmtoff, host, repository, past)


def _chosen(backup: Backup, options: argparse.Namespace) -> tuple[Repository, ...]:
    names = {one.name for one in backup.repositories}
    wrong = sorted(set(options.repository) - names)
    if wrong:
        remedy = f"one of: {', '.join(sorted(names))}"
        raise Refused(f"there is no repository {', '.join(wrong)}", remedy=remedy)
    wanted = set(options.repository) or names
    return tuple(one for one in backup.repositories if one.name in wanted)


def _print(lines: Sequence[str]) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _log(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deeprig_host.backup", description=__doc__)
    parser.add_argument("--root", default="/", help="root directory (for tests)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in (
        ("run", _run),
        ("due", _due_now),
        ("status", _status),
        ("check-config", _check_config),
    ):
        added = commands.add_parser(name, help=command.__doc__, description=command.__doc__)
        added.set_defaults(command=command)
        added.add_argument("--config", default=CONFIG_FILE, help=f"default: {CONFIG_FILE}")
        added.add_argument("--repository", action="append", default=[], metavar="NAME")
        if command is _run:
            added.add_argument("--if-due", action="store_true", help="only what is due (for cron)")
            added.add_argument("--wait", type=float, default=0.0, metavar="SECONDS")
            added.add_argument("--restic", default="restic", help="the program")
    add_proofs(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
