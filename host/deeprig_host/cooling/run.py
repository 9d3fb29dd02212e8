"""``run``: the daemon under systemd, from its configuration to the fans given back."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from deeprig_host.cooling.clock import SystemClock
from deeprig_host.cooling.config import read_configuration
from deeprig_host.cooling.daemon import Daemon, stall_seconds
from deeprig_host.cooling.notify import notify, watchdog_seconds
from deeprig_host.cooling.records import Records
from deeprig_host.cooling.say import Say
from deeprig_host.cooling.sole import sole_daemon
from deeprig_host.machine.commands import Machine
from deeprig_host.machine.refusal import Refused

_STOP = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGHUP})


def run(machine: Machine, config: Path, say: Say) -> bool:
    """Cool until a signal ends it; say whether every fan was given back.

    Raise BadConfiguration, or Refused while another daemon runs; then nothing was touched.
    """
    if os.geteuid() != 0:
        raise Refused("only root may set fans and power limits", remedy="run it as root")
    configuration = read_configuration(config)
    with sole_daemon(machine):
        records = Records(machine, configuration.history_seconds, say)
        daemon = Daemon(configuration, SystemClock(), records, say, machine)
        _warn_of_watchdog(daemon, say)
        # They are taken between two turns only: never in the middle of a call to the driver.
        signal.pthread_sigmask(signal.SIG_BLOCK, _STOP)
        is_released = False
        try:
            _loop(daemon, say)
        finally:
            # Also when a fault of our own ends the loop: first the fans, then the traceback.
            is_released = daemon.stop()
    return is_released


def _loop(daemon: Daemon, say: Say) -> None:
    """Turn until a signal comes. Systemd hears of us only after a whole turn."""
    daemon.turn()
    told = daemon.summary()
    _tell_systemd(say, "READY=1", "WATCHDOG=1", f"STATUS={told}")
    while True:
        stop = signal.sigtimedwait(_STOP, daemon.wait_seconds())
        if stop is not None:
            say("notice", f"{signal.Signals(stop.si_signo).name}: giving the fans back")
            _tell_systemd(say, "STOPPING=1")
            return
        daemon.turn()
        summary = daemon.summary()
        _tell_systemd(say, "WATCHDOG=1", *([f"STATUS={summary}"] if summary != told else []))
        told = summary
        if daemon.fleet.is_outdated:
            raise Refused(
                "the driver was changed under this daemon, which has the library of the old one",
                remedy="systemd starts it anew",
                outcome="failed",
            )


def _tell_systemd(say: Say, *states: str) -> None:
    """Tell systemd; that it cannot be told is no reason to stop cooling: it will decide itself."""
    try:
        notify(*states)
    except OSError as error:
        say("warning", f"systemd cannot be told that we work: {error}")


def _warn_of_watchdog(daemon: Daemon, say: Say) -> None:
    patience = watchdog_seconds()
    if patience is not None and patience <= stall_seconds(daemon.interval_seconds):
        say(
            "warning",
            f"systemd waits {patience:g} s for a turn and the interval is"
            f" {daemon.interval_seconds:g} s: it may end this daemon; raise WatchdogSec",
        )
