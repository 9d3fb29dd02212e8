"""What every machine needs first: packages, certificates, time, locale, users, limits."""

from deeprig.role import Role
from roles.base.settings import BaseRoleSettings
from roles.base.tasks import ask_first, deploy_base

ROLE = Role(name="base", settings=BaseRoleSettings, deploy=deploy_base, asks_first=ask_first)
