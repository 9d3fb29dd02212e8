"""What docs/json.md says of the documents of ``deeprig backup`` and of its hosts."""

from __future__ import annotations

from tests.unit.report.described import Description, Key

_JOB = "object or `null`"
_HEAD = (
    Key("host", "text", "the host's own name for itself"),
    Key("time", "number", "when it answered, in seconds since 1970"),
    Key("ok", "`true` or `false`", "whether all is well; the program exits with 0 only then"),
    Key("refused", "object or `null`", "why nothing was done", "backup refusal"),
)
_REPOSITORIES = Key("repositories", "object", "by name, how it ended: a job (below)")

DESCRIPTIONS: dict[str, Description] = {
    "backup": Description(
        "`backup`",
        (
            Key("schema", "text", "`deeprig.backup.now/1`, and so on for each command"),
            Key("command", "text", "such as `backup now`"),
            Key("started", "text", "when it started"),
            Key("finished", "text", "when it ended"),
            Key("seconds", "number", "how long it took"),
            Key("version", "text", "deeprig's version"),
            Key("inventory", "text", "the inventory file, as it was named"),
            Key(
                "exit_code",
                "whole number",
                "0 good, 1 a host failed, 3 one could not be reached or was left running, "
                "130 interrupted",
            ),
            Key("hosts", "list", "the hosts that are backed up", "backup host"),
        ),
        "Of `now`, `check`, `drill`, `list`, `status`, `follow`, `stop`, `restore` and `rebuild`. "
        "It is printed and not stored: `deeprig backup status` asks the hosts again.",
    ),
    "backup host": Description(
        "A host of `backup`",
        (
            Key("host", "text", "its name in the inventory"),
            Key(
                "status",
                "text",
                "`good`, `failed`, `unreachable`, `interrupted`, or `left running`: it works on, "
                "and is no longer followed",
            ),
            Key("reason", "text or `null`", "why it is not `good`, where no document says so"),
            Key("remedy", "text or `null`", "how to put it right"),
            Key("seconds", "number", "how long it took"),
            Key("unit", "text or `null`", "the unit of systemd on the host that does long work"),
            Key("document", _JOB, "what its own program printed (below); `null` for nothing"),
        ),
    ),
    "backup refusal": Description(
        "A refusal",
        (
            Key("outcome", "text", "`refused` (nothing was changed), `busy` or `failed`"),
            Key("reason", "text", "why"),
            Key("evidence", "list of text", "what was seen"),
            Key("remedy", "text", "what helps"),
        ),
        "Of a host's document. What follows in the document is then missing.",
    ),
    "backup-run": Description(
        "The document of a host after `backup now`",
        (*_HEAD, _REPOSITORIES),
        schema="deeprig.backup-run/1",
    ),
    "backup-check": Description(
        "The document of a host after `backup check`",
        (*_HEAD, _REPOSITORIES),
        schema="deeprig.backup-check/1",
    ),
    "backup-drill": Description(
        "The document of a host after `backup drill`",
        (*_HEAD, _REPOSITORIES),
        schema="deeprig.backup-drill/1",
    ),
    "backup job": Description(
        "A job with a repository",
        (
            Key("outcome", "text", "`good`, `failed`, or `running`: it runs, or it was cut off"),
            Key("started_time", "number", "when it began, in seconds since 1970"),
            Key("ended_time", "number or `null`", "when it ended"),
            Key("success_time", "number or `null`", "when the last good one began"),
            Key("reasons", "list of text", "why it is not good"),
            Key("remarks", "list of text", "what a person may want to know besides"),
            Key(
                "details",
                "object",
                "of a backup `snapshot`, `files`, `bytes`, `added_bytes`, `seconds`; of a check "
                "`subset`, `all_read_since`, `repository_bytes`; of a drill `snapshot`, `files`, "
                "`live`, `recorded`, `seed`; and more",
            ),
            Key("last", _JOB, "the one before, while one runs"),
        ),
    ),
    "backup-list": Description(
        "The document of a host after `backup list`",
        (
            *_HEAD,
            Key("repositories", "object", "by name: `refused`, and `snapshots`, oldest first"),
        ),
        schema="deeprig.backup-list/1",
    ),
    "backup snapshot": Description(
        "A snapshot of `backup list`",
        (
            Key("id", "text", "its whole id"),
            Key("short_id", "text", "as restic shows it to people"),
            Key("time", "number", "when it began, in seconds since 1970"),
            Key("host", "text", "whose it is"),
            Key("tags", "list of text", "`incomplete` where a source had a fault"),
            Key("paths", "list of text", "what it is of"),
        ),
    ),
    "backup-status": Description(
        "The document of a host after `backup status`",
        (
            *_HEAD,
            Key("repositories", "object", "by name, how its backups stand (below)"),
            Key("busy", "text or `null`", "what works with the repositories now"),
            Key("works", "list", "long work that runs or ended lately", "backup work"),
        ),
        schema="deeprig.backup-status/1",
    ),
    "backup standing": Description(
        "A repository of `backup status`",
        (
            Key("ok", "`true` or `false`", "whether all that was done is good, and young enough"),
            Key("reason", "text", "why not"),
            Key("jobs", "object", "`backup`, `check`, `drill`: a job, or `null` for never"),
            Key("maximum_age_hours", "number", "how old the newest good backup may be"),
            Key("due", "object", "by job: `is_due`, `reason`, and `next_time` or `null` for never"),
        ),
        "With `--ask` it also has `newest`, what the repository itself answers: `time`, `id`, "
        "`is_complete`, or `null` and a `reason`.",
    ),
    "backup work": Description(
        "Work of a host",
        (
            Key("unit", "text", "its unit of systemd"),
            Key("command", "list of text", "what it does"),
            Key("is_running", "`true` or `false`", "whether its process is there"),
            Key("begun_time", "number", "when it was asked for, in seconds since 1970"),
            Key("exit_code", "whole number or `null`", "`null`: it runs, or was killed"),
            Key("is_told", "`true` or `false`", "whether somebody followed it to its end"),
            Key(
                "progress",
                _JOB,
                "`what`, `repository`, `step`, `share` (0 to 1), `done_bytes`, `total_bytes`, "
                "`files`; what is not known is `null`",
            ),
        ),
    ),
    "backup-restore": Description(
        "The document of a host after `backup restore`",
        (
            *_HEAD,
            Key("repository", "text", "where it came from"),
            Key(
                "snapshot",
                "object",
                "`id`, `host`, `time`; `is_complete`: it lacks no source",
            ),
            Key("paths", "list of text", "what was asked for"),
            Key("target", "text", "where to; `/` is in place"),
            Key("overwrite", "text", "`newer`, `never` or `all`"),
            Key("is_dry_run", "`true` or `false`", "nothing was changed"),
            Key("is_good", "`true` or `false`", "all is in place, or was kept by the rule"),
            Key("things", "whole number", "files, directories and links of the snapshot"),
            Key("size_bytes", "whole number", "of them together"),
            Key("counts", "object", "by what was done: how many"),
            Key("placed", "list", "the first of them, what went wrong before all", "backup placed"),
            Key("left_out", "whole number", "how many are counted and not named"),
        ),
        schema="deeprig.backup-restore/1",
    ),
    "backup placed": Description(
        "A thing of `backup restore`",
        (
            Key("path", "text", "where it is on the host"),
            Key("action", "text", "`created`, `replaced`, `same`, `kept`, `conflict` or `failed`"),
            Key("reason", "text", "why"),
        ),
    ),
    "backup-end": Description(
        "The document of a host after `backup stop`",
        (*_HEAD, Key("ended", "list of text", "the units that were ended")),
        schema="deeprig.backup-end/1",
    ),
}
