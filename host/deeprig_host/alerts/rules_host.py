"""Alerts about the machine: cooling daemon, collector, disks, verification, updates."""

from __future__ import annotations

from deeprig_host.alerts.conditions import Age, Alert, Compare, Label, Missing, Quotient, Series
from deeprig_host.metrics import names

_DAY_SECONDS = 86400
#: File systems that are no disk (node_exporter's names of types).
NO_DISK = (
    "autofs",
    "devtmpfs",
    "efivarfs",
    "fuse",
    "iso9660",
    "nsfs",
    "overlay",
    "ramfs",
    "squashfs",
    "tmpfs",
)
#: node_exporter's own; on the host they are read with statvfs(3) under the same names.
FREE, SIZE = "node_filesystem_avail_bytes", "node_filesystem_size_bytes"
#: Shows that node_exporter answers at all.
EXPORTER = "node_exporter_build_info"

_DISK = (Label("fstype", NO_DISK, is_none_of=True),)


def _age(metric: str, seconds: float, *where: Label) -> Compare:
    return Compare(Age(Series(metric, where)), ">", seconds)


def _what(what: str) -> Label:
    return Label("what", (what,))


_COOLING = (
    Alert(
        "CoolingFailsafe",
        "critical",
        "the cooling daemon does not control GPU {gpu}: {mode}",
        "It could not trust its readings, or could not set the fans; they are at full speed or "
        "under the card's own control.",
        "`journalctl -u deeprig-cooling` says why.",
        Compare(
            Series(names.COOLING_MODE.name, (Label("mode", ("failsafe", "released", "lost")),)),
            "==",
            1.0,
        ),
        ("gpu", "uuid", "mode"),
        for_seconds=120,
    ),
    Alert(
        "CoolingStopped",
        "critical",
        "the cooling daemon is configured and does not run",
        "Nobody holds the fan curve; the card's own control should be back in charge. After the "
        "next boot no power limit and no budget is set either.",
        "`systemctl status deeprig-cooling`; `deeprig apply --role cooling` puts it back.",
        Compare(Series(names.COOLING_UP.name), "==", 0.0),
        for_seconds=120,
    ),
    Alert(
        "CoolingStale",
        "critical",
        "the cooling daemon finished its last loop {value} ago",
        "Its loop hangs, or it has stopped without removing its status.",
        "`systemctl restart deeprig-cooling`, then `journalctl -u deeprig-cooling`.",
        _age(names.COOLING_LOOP.name, 120.0),
        for_seconds=60,
        value_form="seconds",
    ),
)
_WATCH = (
    Alert(
        "MetricsStale",
        "critical",
        "this machine's metrics are {value} old",
        "The collector does not run or cannot write: nothing else here can be believed.",
        "`systemctl status 'deeprig-metrics*'` and `df -h /var`.",
        _age(names.COLLECTOR_LAST.name, 300.0),
        for_seconds=60,
        value_form="seconds",
    ),
    Alert(
        "MetricsMissing",
        "critical",
        "this machine has no metrics of deeprig",
        "The collector has never written, or its file cannot be read.",
        "`systemctl status 'deeprig-metrics*'`; `deeprig apply --role monitoring` puts it back.",
        Missing(Series(names.COLLECTOR_LAST.name), witness=Series(EXPORTER)),
        for_seconds=300,
    ),
    Alert(
        "CollectorPartFailed",
        "warning",
        "the collector's part {part} fails",
        "The metrics of this part are missing, so its alerts cannot be raised.",
        "The collector's journal has the reason.",
        Compare(Series(names.COLLECTOR_PART_UP.name), "==", 0.0),
        ("part",),
        for_seconds=900,
    ),
)
_STATE = (
    Alert(
        "DiskNearlyFull",
        "warning",
        "{mountpoint} has {value} of its space left",
        "A full disk ends training, logging and updates.",
        "Remove what is not needed: old checkpoints, `conda clean --all`, `journalctl "
        "--vacuum-size=500M`, `apt-get clean`.",
        Compare(Quotient(Series(FREE, _DISK), Series(SIZE, _DISK)), "<", 0.1),
        ("device", "mountpoint"),
        for_seconds=600,
        value_form="share",
    ),
    Alert(
        "DiskFull",
        "critical",
        "{mountpoint} has {value} of its space left",
        "Programs are about to fail, or already do.",
        "As for DiskNearlyFull, now.",
        Compare(Quotient(Series(FREE, _DISK), Series(SIZE, _DISK)), "<", 0.02),
        ("device", "mountpoint"),
        for_seconds=60,
        value_form="share",
    ),
    Alert(
        "VerifyFailed",
        "warning",
        "the last verification had a failed check",
        "The machine is not as it was declared, or does not train.",
        "`deeprig verify` tells which check and why; `deeprig apply` repairs what it can.",
        Compare(Series(names.STATUS_OK.name, (_what("verify"),)), "==", 0.0),
        ("what",),
    ),
    Alert(
        "VerifyTooOld",
        "warning",
        "this machine was last verified {value} ago",
        "Nobody has proven for a month that it still trains.",
        "Run `deeprig verify`.",
        _age(names.STATUS_TIME.name, 30.0 * _DAY_SECONDS, _what("verify")),
        ("what",),
        value_form="seconds",
    ),
    Alert(
        "ApplyFailed",
        "warning",
        "the last `deeprig apply` failed here",
        "The machine is between two states.",
        "Run `deeprig apply` again: it goes on where it stopped.",
        Compare(Series(names.STATUS_OK.name, (_what("apply"),)), "==", 0.0),
        ("what",),
    ),
    Alert(
        "RebootOverdue",
        "warning",
        "an update asks for a reboot since {value}",
        "Security updates of the kernel or of libraries are installed and do not work yet.",
        "Reboot when no training runs.",
        _age(names.REBOOT_REQUIRED_SINCE.name, 7.0 * _DAY_SECONDS),
        value_form="seconds",
    ),
    Alert(
        "UpdatesStale",
        "warning",
        "the package lists are {value} old",
        "Security updates do not come: no network to the mirror, or the timers are off.",
        "`systemctl list-timers 'apt-daily*'`, then `apt-get update`.",
        _age(names.UPDATES_TIME.name, 7.0 * _DAY_SECONDS, Label("step", ("refresh",))),
        ("step",),
        value_form="seconds",
    ),
)

ALERTS: tuple[Alert, ...] = (*_COOLING, *_WATCH, *_STATE)
