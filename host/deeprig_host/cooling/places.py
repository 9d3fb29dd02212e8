"""Where the daemon's files lie on a machine."""

CONFIG_FILE = "/etc/deeprig/cooling.conf"
#: Not in the directory of the unit, which systemd removes whenever it stops.
LOCK_FILE = "/run/deeprig/cooling.lock"
STATUS_FILE = "/run/deeprig/cooling/status.json"
HISTORY_FILE = "/var/lib/deeprig/cooling/history.csv"
EARLIER_HISTORY_FILE = "/var/lib/deeprig/cooling/history.1.csv"
