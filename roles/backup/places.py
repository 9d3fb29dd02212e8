"""Where this role's files lie on the host, and how its program is run."""

from deeprig.tasks.host_environment import ENVIRONMENT_PYTHON

#: -I: python puts the directory it is started in before its own, and /root may have a random.py
#: that is somebody's experiment (python3(1)).
PROGRAM = (ENVIRONMENT_PYTHON, "-I", "-m", "deeprig_host.backup")

CONFIGURATION = "/etc/deeprig/backup.conf"
#: What a repository needs to be reached: a directory that only root can look into.
DIRECTORY = "/etc/deeprig/backup"
CRON_FILE = "/etc/cron.d/deeprig-backup"
SERVICE, TIMER = "deeprig-backup.service", "deeprig-backup.timer"
SERVICE_FILE, TIMER_FILE = (f"/etc/systemd/system/{unit}" for unit in (SERVICE, TIMER))
#: What metrics and alerts read of a host that has backups.
SUMMARY = "/var/lib/deeprig/status/backup.json"


def password(name: str) -> str:
    """Return where a repository's password lies."""
    return f"{DIRECTORY}/{name}.password"


def environment(name: str) -> str:
    """Return where what restic needs to come in lies."""
    return f"{DIRECTORY}/{name}.environment"


def ssh_key(name: str) -> str:
    """Return where a repository's private key lies."""
    return f"{DIRECTORY}/{name}.ssh_key"


def known_hosts(name: str) -> str:
    """Return where the public key of a repository's server lies."""
    return f"{DIRECTORY}/{name}.known_hosts"


def ca(name: str) -> str:
    """Return where the certificate lies of who signs that of the repository's server."""
    return f"{DIRECTORY}/{name}.ca"
