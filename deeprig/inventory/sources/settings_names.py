"""Names that a table or a Terraform output uses for what pyinfra calls ``ssh_*``."""

from __future__ import annotations

from deeprig.content import Content
from deeprig.inventory.model import HostSettings

#: Ours, and pyinfra's.
CONNECTION = {
    "address": "ssh_hostname",
    "port": "ssh_port",
    "user": "ssh_user",
    "key": "ssh_key",
    "password": "ssh_password",
}


def known_settings(content: Content) -> tuple[str, ...]:
    """Return the settings outside roles and the names of the roles there are."""
    return (*HostSettings.model_fields, *content.role_names())
