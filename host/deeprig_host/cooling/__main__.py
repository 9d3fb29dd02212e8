"""Cool the GPUs of this machine: ``python -m deeprig_host.cooling run|restore|check|show``.

Exit codes: 0 good, 1 failed (a fan that could not be given back, another daemon), 2 bad usage or
configuration.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from deeprig_host.cooling.config import BadConfiguration, read_configuration
from deeprig_host.cooling.places import CONFIG_FILE, STATUS_FILE
from deeprig_host.cooling.say import say_to_journal, say_to_person
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

_NOT_BEGUN = (
    "the cooling does not begin: until the configuration is mended the cards rule their own fans,"
    " and no power limit and no budget is set; those of before last until the driver is unloaded,"
    " at a reboot for instance"
)
_GOOD, _FAILED, _BAD_CONFIGURATION = 0, 1, 2
#: A card without persistence mode takes seconds to wake; one that hangs is not waited for longer.
RESTORE_LIMIT_SECONDS = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Carry out a command; return the exit code."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.command(Machine(Path(options.root)), options)
    except BadConfiguration as refused:
        sys.stderr.write(f"{refused}\n")
        return _BAD_CONFIGURATION
    except Refused as refused:
        sys.stderr.write(f"{refused.reason}\n    -> {refused.remedy}\n")
        return _FAILED
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="deeprig_host.cooling", description=__doc__)
    parser.add_argument("--root", default="/", help="root directory (for tests)")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    daemon = commands.add_parser("run", help="cool until a signal ends it")
    daemon.add_argument("--config", type=Path, help=f"instead of {CONFIG_FILE}")
    daemon.set_defaults(command=_run)
    back = commands.add_parser("restore", help="give every fan of every GPU back to its card")
    back.add_argument("--power", action="store_true", help="and put default power limits back")
    back.add_argument(
        "--limit",
        type=float,
        default=RESTORE_LIMIT_SECONDS,
        metavar="SECONDS",
        help="how long NVML is waited for",
    )
    back.set_defaults(command=_restore)
    check = commands.add_parser("check", help="tell what is wrong with a configuration")
    check.add_argument("file", type=Path, metavar="FILE")
    check.set_defaults(command=_check)
    commands.add_parser("show", help="show what the daemon does").set_defaults(command=_show)
    return parser


def _run(machine: Machine, options: argparse.Namespace) -> int:
    # Each command loads what it needs: `check` and `show` need no NVML.
    from deeprig_host.cooling.run import run

    say = say_to_journal if "JOURNAL_STREAM" in os.environ else say_to_person
    config = options.config or machine.path(CONFIG_FILE)
    try:
        return _GOOD if run(machine, config, say) else _FAILED
    except BadConfiguration:
        # A reboot later this is more than a curve that is missed.
        say("error", _NOT_BEGUN)
        raise


def _restore(machine: Machine, options: argparse.Namespace) -> int:
    from deeprig_host.cooling.restore import restore

    restored = restore(machine, options.power, options.limit)
    for one in restored:
        sys.stdout.write(f"{one}\n")
    if not restored:
        sys.stdout.write("there is no NVIDIA driver, and nothing to give back\n")
    return _GOOD if all(one.is_good for one in restored) else _FAILED


def _check(_machine: Machine, options: argparse.Namespace) -> int:
    read_configuration(options.file)
    return _GOOD


def _show(machine: Machine, _options: argparse.Namespace) -> int:
    from deeprig_host.cooling.clock import SystemClock
    from deeprig_host.cooling.show import show_status
    from deeprig_host.cooling.status import read_status

    path = machine.path(STATUS_FILE)
    try:
        document = read_status(path)
    except (OSError, ValueError) as error:
        remedy = "the daemon writes it: `systemctl status deeprig-cooling`"
        raise Refused(f"there is no status: {error}", remedy=remedy) from error
    text, is_recent = show_status(document, SystemClock().boottime())
    sys.stdout.write(text)
    return _GOOD if is_recent else _FAILED


if __name__ == "__main__":
    sys.exit(main())
