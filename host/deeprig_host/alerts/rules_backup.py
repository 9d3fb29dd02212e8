"""Alerts about backups: what failed, what is too old, what nobody asks for any more.

No age of a backup stands here: each repository's own deadline comes from what is declared.
"""

from __future__ import annotations

from deeprig_host.alerts.conditions import Age, Alert, Compare, Label, Quotient, Series
from deeprig_host.metrics import backup_names as names

_REPOSITORY, _CLIENT = ("repository",), ("client",)
_SEE = "`deeprig backup status` has the reason, `journalctl -t deeprig-backup` on the machine too; "


def _what(*what: str) -> tuple[Label]:
    return (Label("what", what),)


def _failed(what: str) -> Compare:
    return Compare(Series(names.OK.name, _what(what)), "==", 0.0)


def _pruned(outcome: str) -> Compare:
    return Compare(Series(names.PRUNE_OUTCOME.name, (Label("outcome", (outcome,)),)), "==", 1.0)


def _overdue(*what: str) -> Compare:
    return Compare(Age(Series(names.DEADLINE.name, _what(*what))), ">", 0.0)


_OF_CLIENTS: tuple[Alert, ...] = (
    Alert(
        "BackupFailed",
        "critical",
        "the last backup to {repository} failed",
        "What was made since the last good one is not safe there, or not all of it. It is tried "
        "again by itself.",
        f"{_SEE}`deeprig backup now` tries at once.",
        _failed("backup"),
        _REPOSITORY,
    ),
    Alert(
        "BackupTooOld",
        "critical",
        "no good backup to {repository} for longer than is declared, by {value}",
        "It does not succeed, or nobody starts it, or the machine was off; a status that is gone "
        "or spoilt proves none either.",
        f"{_SEE}`deeprig backup now` makes one.",
        _overdue("backup"),
        _REPOSITORY,
        for_seconds=1800,
        value_form="seconds",
    ),
    Alert(
        "BackupShrunk",
        "warning",
        "the last backup to {repository} has {value} of what the one before it had",
        "Somebody deleted much, or a disk was not mounted and its files are not in the backup. The "
        "one before still has them: the machine forgets nothing until there is more again.",
        f"{_SEE}`deeprig backup list` shows the snapshots. Have what is mounted named in "
        "backup.mounts: without it no backup is good. Where so little is meant: `deeprig backup "
        "now --accept-less`.",
        Compare(Series(names.REMAINING.name), "<", 0.5),
        _REPOSITORY,
        value_form="share",
    ),
    Alert(
        "BackupCheckFailed",
        "critical",
        "the last check of the backups in {repository} failed",
        "The repository is damaged, or could not be read: what is in it may not restore.",
        f"{_SEE}`deeprig backup check` looks again. A damaged one: keep it as it is, and declare "
        "another one for the next backups.",
        _failed("check"),
        _REPOSITORY,
    ),
    Alert(
        "BackupDrillFailed",
        "critical",
        "the last drill of the backups in {repository} failed",
        "Files that were restored for a trial are not what they should be, or it could not be "
        "carried out.",
        f"{_SEE}`deeprig backup drill` tries again, `deeprig backup check` looks for damage.",
        _failed("drill"),
        _REPOSITORY,
    ),
    Alert(
        "BackupNotProven",
        "warning",
        "{repository}: a good {what} is overdue by {value}",
        "Nobody knows any more whether these backups restore.",
        f"{_SEE}`deeprig backup check` or `deeprig backup drill` does it now.",
        _overdue("check", "drill"),
        (*_REPOSITORY, "what"),
        for_seconds=1800,
        value_form="seconds",
    ),
    Alert(
        "BackupSilent",
        "critical",
        "nobody has asked for {value} whether a backup is due",
        "cron or the timer should ask every 15 minutes, and neither does: nothing is backed up, "
        "checked or drilled by itself.",
        "`systemctl status cron deeprig-backup.timer`; `deeprig apply --role backup` puts the "
        "schedule back, `deeprig backup now` makes a backup.",
        Compare(Age(Series(names.SCHEDULE.name)), ">", 7200.0),
        for_seconds=1800,
        value_form="seconds",
    ),
    Alert(
        "BackupConfigBad",
        "critical",
        "the configuration of the backups cannot be used",
        "No backup, check or drill is made until /etc/deeprig/backup.conf can be read again.",
        "`/opt/deeprig/environment/bin/python -I -m deeprig_host.backup check-config` tells each "
        "problem; `deeprig apply --role backup` puts the file back.",
        Compare(Series(names.CONFIG_OK.name), "==", 0.0),
        for_seconds=300,
    ),
    Alert(
        "BackupRepositoryNearlyFull",
        "warning",
        "{value} of the space is left where {repository} lies",
        "A full disk ends the backups; restic then cannot even forget old ones.",
        "Make room there, keep fewer (backup.repositories: keep), or exclude what is not needed.",
        Compare(Quotient(Series(names.SPACE_FREE.name), Series(names.SPACE.name)), "<", 0.1),
        _REPOSITORY,
        value_form="share",
    ),
)
_OF_SERVER: tuple[Alert, ...] = (
    Alert(
        "BackupServerSuspicious",
        "critical",
        "the snapshots of {client} look forged: its repository is not pruned",
        "Snapshots of another time than they came in, or far smaller ones, would push the real "
        "ones out: a mistake on that machine, or somebody else has it.",
        "`journalctl -u deeprig-backup-prune` on the server names them. Good ones are taken with "
        "`/opt/deeprig/environment/bin/python -I -m deeprig_host.backup_server accept CLIENT`; "
        "else docs/backup-server.md.",
        _pruned("refused"),
        _CLIENT,
    ),
    Alert(
        "BackupServerFailed",
        "warning",
        "the repository of {client} could not be pruned",
        "Old backups stay, and take room until the disk is full.",
        "`journalctl -u deeprig-backup-prune` on the server says why.",
        _pruned("failed"),
        _CLIENT,
    ),
    Alert(
        "BackupServerTooOld",
        "warning",
        "this server last pruned its clients' repositories {value} ago",
        "Its daily timer does not run: old backups stay, and nobody looks for forged ones.",
        "`systemctl status deeprig-backup-prune.timer deeprig-backup-prune.service`; `deeprig "
        "apply --role backup_server` puts them back.",
        Compare(Age(Series(names.PRUNE_TIME.name)), ">", 3 * 86400.0),
        value_form="seconds",
        for_seconds=1800,
    ),
)

ALERTS: tuple[Alert, ...] = (*_OF_CLIENTS, *_OF_SERVER)
