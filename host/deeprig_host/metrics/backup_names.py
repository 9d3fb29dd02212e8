"""The metrics of backups and of their server.

``what`` is the job: Prometheus has a label ``job`` of its own, and would rename ours.
"""

from __future__ import annotations

from deeprig_host.backup.status import JOBS
from deeprig_host.metrics.metric import Metric

_OF_REPOSITORY = ("repository",)
_OF_JOB = (*_OF_REPOSITORY, "what")

CONFIG_OK = Metric(
    "deeprig_backup_config_ok",
    "gauge",
    "1 if backup.conf can be used, 0 if it cannot; no series where no backup is declared.",
)
SCHEDULE = Metric(
    "deeprig_backup_schedule_timestamp_seconds",
    "gauge",
    "When cron or the timer last asked what is due (now, while a job works); before it ever did, "
    "when the machine booted or the backups were declared, whichever was later.",
)
OK = Metric(
    "deeprig_backup_ok",
    "gauge",
    "1 if the last run that came to its end was good, 0 if it failed; a run going on changes it "
    "when it ends.",
    _OF_JOB,
    JOBS,
)
SUCCESS = Metric(
    "deeprig_backup_success_timestamp_seconds",
    "gauge",
    "When the last good run began: what a backup holds is as old as that.",
    _OF_JOB,
    JOBS,
)
STARTED = Metric(
    "deeprig_backup_started_timestamp_seconds", "gauge", "When the last run began.", _OF_JOB, JOBS
)
RUNNING = Metric(
    "deeprig_backup_running",
    "gauge",
    "1 while a run goes on (or since one was cut off), else 0.",
    _OF_JOB,
    JOBS,
)
DURATION = Metric(
    "deeprig_backup_duration_seconds",
    "gauge",
    "How long the last run that came to its end took.",
    _OF_JOB,
    JOBS,
)
MAXIMUM_AGE = Metric(
    "deeprig_backup_maximum_age_seconds",
    "gauge",
    "How old the last good run may be: of a backup as declared, of a check or a drill two of its "
    "periods; no series for what is never to be done.",
    _OF_JOB,
    JOBS,
)
DEADLINE = Metric(
    "deeprig_backup_deadline_timestamp_seconds",
    "gauge",
    "When the last good run is, or was, too old; where there is none, counted from when backups "
    "were declared.",
    _OF_JOB,
    JOBS,
)
FILES = Metric(
    "deeprig_backup_files", "gauge", "Files in the last backup that ended.", _OF_REPOSITORY
)
BYTES = Metric(
    "deeprig_backup_bytes", "gauge", "What they hold, as on this machine.", _OF_REPOSITORY
)
ADDED = Metric(
    "deeprig_backup_added_bytes",
    "gauge",
    "What the last backup that ended added to the repository.",
    _OF_REPOSITORY,
)
REMAINING = Metric(
    "deeprig_backup_remaining_ratio",
    "gauge",
    "What the last backup that ended has of the good one before it: of the files or of the bytes, "
    "whichever is less; 1 where neither is.",
    _OF_REPOSITORY,
)
REPOSITORY_SIZE = Metric(
    "deeprig_backup_repository_bytes",
    "gauge",
    "What the repository holds, as the last check counted it.",
    _OF_REPOSITORY,
)
SPACE_FREE = Metric(
    "deeprig_backup_space_free_bytes",
    "gauge",
    "Room that the last backup left on the repository's file system; only for a directory.",
    _OF_REPOSITORY,
)
SPACE = Metric(
    "deeprig_backup_space_bytes",
    "gauge",
    "Size of the repository's file system; only for a directory.",
    _OF_REPOSITORY,
)
READ_SHARE = Metric(
    "deeprig_backup_read_ratio",
    "gauge",
    "Share of the repository's data that checks have read and found good, ever.",
    _OF_REPOSITORY,
)
READ_SINCE = Metric(
    "deeprig_backup_read_since_timestamp_seconds",
    "gauge",
    "Since when all of its data was read once by checks; no series before that.",
    _OF_REPOSITORY,
)
DRILLED_FILES = Metric(
    "deeprig_backup_drilled_files",
    "gauge",
    "Files that the last drill restored and compared, beside the canary.",
    _OF_REPOSITORY,
)
DRILLED_BYTES = Metric(
    "deeprig_backup_drilled_bytes", "gauge", "What these files hold.", _OF_REPOSITORY
)

#: How the server's own prune of a client's repository ends; refused: its snapshots look forged.
PRUNE_OUTCOMES = ("good", "refused", "failed")
PRUNE_TIME = Metric(
    "deeprig_backup_server_prune_timestamp_seconds",
    "gauge",
    "When this server last pruned its clients' repositories; before the first time, when that was "
    "declared.",
)
PRUNE_OUTCOME = Metric(
    "deeprig_backup_server_prune_outcome",
    "gauge",
    "1 for how it ended for this client, 0 for the others; refused: its snapshots look forged.",
    ("client", "outcome"),
    PRUNE_OUTCOMES,
)
PRUNE_SNAPSHOTS = Metric(
    "deeprig_backup_server_snapshots",
    "gauge",
    "Snapshots that this client's repository had after it.",
    ("client",),
)

#: All of them, in the order in which they are written and documented.
METRICS: tuple[Metric, ...] = tuple(
    value for value in globals().values() if isinstance(value, Metric)
)
