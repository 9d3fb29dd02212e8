"""Where the files of a backup server lie."""

CONFIG_FILE = "/etc/deeprig/backup_server/server.conf"
HTPASSWD_FILE = "/etc/deeprig/backup_server/htpasswd"
#: Made at each start of the REST server: in a directory of root's, gone at the next boot.
OPEN_HTPASSWD_FILE = "/run/deeprig/backup_server/htpasswd"
PROBE_FILE = "/run/deeprig/backup_server/probe"
STATE_DIRECTORY = "/var/lib/deeprig/backup_server"
PRUNE_FILE = f"{STATE_DIRECTORY}/prune.json"
SUMMARY_FILE = "/var/lib/deeprig/status/backup_server.json"
LOCK_FILE = "/run/deeprig/backup_server/lock"
REST_USER = "backup-rest"
#: How a person runs this: Debian has no ``python``, and without -I it would import whatever lies in
#: the directory in which root stands.
PROGRAM = "/opt/deeprig/environment/bin/python -I -m deeprig_host.backup_server"
