"""Where the files of backups lie on a machine."""

CONFIG_FILE = "/etc/deeprig/backup.conf"
STATE_DIRECTORY = "/var/lib/deeprig/backup"
CANARY_FILE = "/var/lib/deeprig/backup/canary/canary"
EXCLUDE_FILE = "/var/lib/deeprig/backup/excludes"
SUMMARY_FILE = "/var/lib/deeprig/status/backup.json"
CACHE_DIRECTORY = "/var/cache/deeprig/restic"
LOCK_FILE = "/run/deeprig/backup/lock"
