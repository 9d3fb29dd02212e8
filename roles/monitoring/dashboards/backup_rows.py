"""The row about the backups of one machine: when, whether good, how much, how proven."""

from __future__ import annotations

from roles.monitoring.dashboards.asked import HERE
from roles.monitoring.dashboards.dashboard import Row
from roles.monitoring.dashboards.panel import Panel, Query

_JOB = "{{repository}} {{what}}"
_REPOSITORY = "{{repository}}"

BACKUPS = Row(
    "Backups",
    (
        Panel(
            "Jobs",
            (
                Query(f"deeprig_backup_success_timestamp_seconds{{{HERE}}} * 1000"),
                Query(f"deeprig_backup_ok{{{HERE}}}"),
                Query(f"deeprig_backup_running{{{HERE}}}"),
                Query(f"deeprig_backup_duration_seconds{{{HERE}}}"),
                Query(f"deeprig_backup_deadline_timestamp_seconds{{{HERE}}} * 1000"),
            ),
            kind="table",
            width=24,
            height=7,
            about="A job that never was good has no date and must be good by its deadline.",
            renamed=(
                ("repository", "repository"),
                ("what", "job"),
                ("Value #A", "last good"),
                ("Value #B", "good"),
                ("Value #C", "running"),
                ("Value #D", "took"),
                ("Value #E", "next good by"),
            ),
            column_units=(
                ("last good", "dateTimeAsIso"),
                ("good", "bool_yes_no"),
                ("running", "bool_yes_no"),
                ("took", "s"),
                ("next good by", "dateTimeAsIso"),
            ),
        ),
        Panel(
            "Age against what is declared",
            (
                Query(
                    f"(time() - deeprig_backup_success_timestamp_seconds{{{HERE}}})"
                    " / on (instance, repository, what)"
                    f" deeprig_backup_maximum_age_seconds{{{HERE}}}",
                    _JOB,
                ),
            ),
            unit="percentunit",
            width=8,
            about="At 100 % the last good one is too old.",
        ),
        Panel(
            "Backed up, added",
            (
                Query(f"deeprig_backup_bytes{{{HERE}}}", f"{_REPOSITORY} all files"),
                Query(f"deeprig_backup_added_bytes{{{HERE}}}", f"{_REPOSITORY} added by the last"),
            ),
            unit="bytes",
            width=8,
        ),
        Panel(
            "Files",
            (
                Query(f"deeprig_backup_files{{{HERE}}}", _REPOSITORY),
                Query(f"deeprig_backup_drilled_files{{{HERE}}}", f"{_REPOSITORY} drilled"),
            ),
            width=8,
        ),
        Panel(
            "Repositories: size, room left",
            (
                Query(f"deeprig_backup_repository_bytes{{{HERE}}}", f"{_REPOSITORY} holds"),
                Query(f"deeprig_backup_space_free_bytes{{{HERE}}}", f"{_REPOSITORY} room left"),
            ),
            unit="bytes",
            about="Room is known of directories of this machine only.",
        ),
        Panel(
            "Data that checks have read",
            (Query(f"deeprig_backup_read_ratio{{{HERE}}}", _REPOSITORY),),
            unit="percentunit",
            most=1,
            width=6,
        ),
        Panel(
            "All of it read since",
            (
                Query(
                    f"time() - deeprig_backup_read_since_timestamp_seconds{{{HERE}}}", _REPOSITORY
                ),
                Query(f"time() - deeprig_backup_schedule_timestamp_seconds{{{HERE}}}", "asked"),
            ),
            unit="s",
            width=6,
            about="And when cron or the timer last asked what is due.",
        ),
    ),
)
