"""Backups to repositories elsewhere: scheduled, checked, drilled, and proven by asking them."""

from deeprig.role import Role
from roles.backup.settings import BackupSettings
from roles.backup.tasks import deploy_backup

ROLE = Role(
    name="backup",
    settings=BackupSettings,
    deploy=deploy_backup,
    # What they make is backed up; environments are known by then.
    after=("base", "network", "nvidia_driver", "cuda", "conda", "maintenance"),
)
