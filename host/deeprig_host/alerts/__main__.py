"""Tell people what is wrong with this machine: ``python -m deeprig_host.alerts``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from deeprig_host.alerts.channels import Channel, channels
from deeprig_host.alerts.config import PATH, Config, read_config, readable_by_others
from deeprig_host.alerts.delivery import NotDelivered
from deeprig_host.alerts.notifier import run_once, trial_message
from deeprig_host.alerts.show import shown
from deeprig_host.alerts.state import load
from deeprig_host.alerts.xid_log import gather
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.exclusive import Lock
from deeprig_host.machine.ini import BadConfiguration
from deeprig_host.machine.refusal import Refused

GOOD, FAILED, BAD_CONFIG = 0, 1, 2
_LOCK = Lock(
    "/run/deeprig/alerts/lock",
    "a run of the notifier",
    "wait for it: a run takes seconds",
    directory_mode=0o700,
)
#: A run by hand waits for the timer's.
_WAIT_SECONDS = 60.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, 1 where something failed, 2 on a bad configuration."""
    options = _parser().parse_args(arguments)
    machine = Machine(Path(options.root))
    try:
        return int(options.command(machine, options))
    except BadConfiguration as bad:
        for problem in bad.problems:
            _log(f"{problem}")
        return BAD_CONFIG
    except Refused as refusal:
        _log(_words(refusal))
        return FAILED
    except OSError as error:
        _log(f"the notifier cannot go on: {error}; make room, or have /run and /var writable")
        return FAILED


def _run(machine: Machine, options: argparse.Namespace) -> int:
    """Write the log of Xid errors, then look and tell; the one failing does not stop the other."""
    with _LOCK.held(machine, _WAIT_SECONDS):
        gathered = _gather(machine)
        config = read_config(machine, options.config)
        outcome = run_once(machine, config, time.time())
    for remark in (*_open_problems(machine, options.config), *outcome.remarks):
        _log(remark)
    return gathered if outcome.is_good else FAILED


def _xid(machine: Machine, _options: argparse.Namespace) -> int:
    """Append what is new to the log of Xid errors."""
    with _LOCK.held(machine, _WAIT_SECONDS):
        return _gather(machine)


def _gather(machine: Machine) -> int:
    try:
        gathered = gather(machine)
    except Refused as refusal:
        _log(_words(refusal))
        return FAILED
    except OSError as error:
        _log(f"the log of Xid errors cannot be written: {error}; make room, then it goes on")
        return FAILED
    for remark in gathered.remarks:
        _log(remark)
    return GOOD


def _check(machine: Machine, options: argparse.Namespace) -> int:
    """Tell every problem of a configuration file."""
    read_config(machine, options.config)
    problems = _open_problems(machine, options.config)
    for problem in problems:
        _log(problem)
    return BAD_CONFIG if problems else GOOD


def _test(machine: Machine, options: argparse.Namespace) -> int:
    """Send a test message over every channel."""
    config = read_config(machine, options.config)
    ways = channels(config, machine)
    if not ways:
        _log(f"{options.config} names no way to tell anyone: add [mail], [webhook] or [ntfy]")
        return FAILED
    return max(_test_channel(way, config) for way in ways)


def _test_channel(way: Channel, config: Config) -> int:
    try:
        remarks = way.send(trial_message(config, time.time()))
    except NotDelivered as error:
        _log(f"{way.name}: not delivered: {error}")
        return FAILED
    for remark in remarks:
        _log(remark)
    sys.stdout.write(f"{way.name}: delivered\n")
    return GOOD


def _show(machine: Machine, options: argparse.Namespace) -> int:
    """Print what holds now and what waits to be delivered."""
    state, remarks = load(machine, is_reading=True)
    for remark in remarks:
        _log(remark)
    sys.stdout.write(shown(state, time.time()))
    return FAILED if remarks else GOOD


def _open_problems(machine: Machine, place: str) -> tuple[str, ...]:
    return tuple(str(problem) for problem in readable_by_others(machine, place))


def _words(refusal: Refused) -> str:
    return "; ".join((refusal.reason, *refusal.evidence, refusal.remedy))


def _log(text: str) -> None:
    """Tell the journal, which has standard error of a unit."""
    sys.stderr.write(f"{text}\n")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deeprig_host.alerts", description=__doc__)
    parser.add_argument("--root", default="/", help="root directory (for tests)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, command in (
        ("run", _run),
        ("check", _check),
        ("test", _test),
        ("show", _show),
        ("xid", _xid),
    ):
        added = commands.add_parser(name, help=command.__doc__, description=command.__doc__)
        added.set_defaults(command=command, config=PATH)
        if command in (_run, _check, _test):
            added.add_argument("config", nargs="?", default=PATH, help=f"default: {PATH}")
    return parser


if __name__ == "__main__":
    sys.exit(main())
