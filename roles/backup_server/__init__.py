"""The lab's host that keeps others' backups: they add and read, and delete nothing."""

from deeprig.role import Role
from roles.backup_server.across import problems_between
from roles.backup_server.settings import BackupServerSettings
from roles.backup_server.tasks import deploy_backup_server

ROLE = Role(
    name="backup_server",
    settings=BackupServerSettings,
    deploy=deploy_backup_server,
    after=("base", "network", "maintenance"),
    across_roles=problems_between,
)
