"""Where things lie on a backup server, and as whom its clients come in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

#: append: rclone over SSH. rest: the REST server. With both nothing can be deleted or changed.
#: sftp: the client has its repository to itself, and can delete it.
Access = Literal["append", "sftp", "rest"]
#: The user and the directory of the REST server.
REST = "rest"
REST_USER = f"backup-{REST}"
DIRECTORY = "/etc/deeprig/backup_server"
KEY_DIRECTORY = f"{DIRECTORY}/keys"
CONFIGURATION = f"{DIRECTORY}/server.conf"
HTPASSWD, CERTIFICATE, TLS_KEY = (
    f"{DIRECTORY}/{name}" for name in ("htpasswd", "tls.crt", "tls.key")
)
SSHD_DIRECTORY, SSHD_FILE = "/etc/ssh/sshd_config.d", "30-deeprig-backup.conf"
SSHD_CONFIGURATION = f"{SSHD_DIRECTORY}/{SSHD_FILE}"
UNIT_DIRECTORY = "/etc/systemd/system"
REST_SERVICE = "deeprig-backup-rest.service"
PRUNE_SERVICE, PRUNE_TIMER = "deeprig-backup-prune.service", "deeprig-backup-prune.timer"
#: How the last prune went, for metrics and alerts.
STATUS_FILE = "/var/lib/deeprig/status/backup_server.json"
#: sftp's root is not the client's own, so the repository is one step below (sshd_config(5)).
REPOSITORY = "restic"


@dataclass(frozen=True, slots=True)
class Place:
    """One client on the server: its user, and its repository, which only this user reads."""

    client: str
    access: Access
    user: str
    home: str
    repository: str

    @property
    def key_file(self) -> str:
        """Return the file of its public key, which is root's."""
        return f"{KEY_DIRECTORY}/{self.user}"

    @property
    def password_file(self) -> str:
        """Return the file of its repository's password, where the server prunes."""
        return f"{DIRECTORY}/{self.client}.password"

    @property
    def shell(self) -> str:
        """Return the login shell: sshd runs a forced command through it."""
        return "/bin/sh" if self.access == "append" else "/usr/sbin/nologin"

    @property
    def command(self) -> str:
        """Return the only command that its key can run."""
        if self.access == "sftp":
            return "internal-sftp -u 0077"
        return f"/usr/bin/rclone --config '' serve restic --stdio --append-only {self.repository}"

    def key_line(self, public_key: str) -> str:
        """Return the line of its key file: what sshd's own file says once more, for this key."""
        return f'restrict,command="{self.command}" {public_key} {self.client}\n'


def place_of(directory: str, client: str, access: Access) -> Place:
    """Return where a client's things are."""
    if access == REST:
        home = f"{directory}/{REST}"
        return Place(client, access, REST_USER, home, f"{home}/{client}")
    home = f"{directory}/{client}"
    return Place(client, access, f"backup-{client}", home, f"{home}/{REPOSITORY}")
