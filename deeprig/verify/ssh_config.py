"""The OpenSSH configuration with which testinfra reaches a host as the inventory declares it."""

from __future__ import annotations

from pathlib import Path

from deeprig.inventory.model import DeclaredHost


def ssh_config_text(host: DeclaredHost, lab_directory: Path, control_directory: Path) -> str:
    """Return an ssh_config(5) text for one host.

    The first value of an option wins there, so ours come before the person's own configuration.
    """
    settings = host.settings
    lines = [
        # Undeclared, both are what the person's own configuration says, as they are for pyinfra.
        ("HostName", settings.ssh_hostname or ""),
        ("Port", str(settings.ssh_port or "")),
        ("User", settings.ssh_user or ""),
        ("StrictHostKeyChecking", settings.ssh_strict_host_key_checking),
        ("BatchMode", "yes"),
        ("ControlPath", quoted(control_directory / "%C")),
        ("LogLevel", "ERROR"),
        # A host that dies under load answers no more, and TCP alone notices after hours.
        ("ServerAliveInterval", "15"),
        ("ServerAliveCountMax", "4"),
    ]
    if settings.ssh_key:
        lines += [
            ("IdentityFile", quoted(lab_directory / settings.ssh_key.expanduser())),
            ("IdentitiesOnly", "yes"),
        ]
    if settings.ssh_known_hosts_file:
        known = lab_directory / settings.ssh_known_hosts_file.expanduser()
        lines.append(("UserKnownHostsFile", quoted(known)))
    own = settings.ssh_config_file or Path("~/.ssh/config")
    body = "\n".join(f"  {name} {value}" for name, value in lines if value)
    return (
        f"Host {host.name}\n{body}\nMatch all\nInclude {quoted(lab_directory / own.expanduser())}\n"
    )


def quoted(path: Path) -> str:
    """Quote a path for ssh_config, where a space would end the value."""
    return f'"{path}"'
