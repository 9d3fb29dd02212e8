"""The same resources as each tool's own users write them: packages as one list, others in turn."""

from __future__ import annotations

from pathlib import Path
from pprint import pformat
from typing import Any

import yaml

from benchmarks.fleet.resources import (
    CRON,
    GROUPS,
    PACKAGES,
    SYSCTL,
    SYSCTL_FILE,
    TEMPLATES,
    UNITS,
    USERS,
)

_OPERATIONS = """
def place_resources(templates):
    apt.packages(name="Packages", packages=PACKAGES, no_recommends=True)
    for source, path, data in TEMPLATES:
        files.template(name="Template", src=f"{templates}/{source}", dest=path, user="root",
                       group="root", mode="644", **data)
    for group in GROUPS:
        server.group(name="Group", group=group)
    for user in USERS:
        server.user(name="User", user=user, shell="/bin/bash", groups=GROUPS[:1], append=True,
                    create_home=True)
    for command, minute, hour in CRON:
        crontab.crontab(name="Cron entry", command=command, minute=minute, hour=hour)
    for key, value in SYSCTL:
        server.sysctl(name="Kernel setting", key=key, value=value, persist=True,
                      persist_file=SYSCTL_FILE)
    for unit in UNITS:
        systemd.service(name="Unit", service=unit, running=True, enabled=True)
"""


def operations() -> str:
    """Return the pyinfra operations, word by word the same for stock pyinfra and for deeprig."""
    values = {
        "PACKAGES": list(PACKAGES),
        "TEMPLATES": [(t.source, t.path, t.data) for t in TEMPLATES],
        "GROUPS": list(GROUPS),
        "USERS": list(USERS),
        "CRON": [(entry.command, entry.minute, entry.hour) for entry in CRON],
        "SYSCTL": list(SYSCTL),
        "SYSCTL_FILE": SYSCTL_FILE,
        "UNITS": list(UNITS),
    }
    data = "\n".join(f"{name} = {pformat(value)}" for name, value in values.items())
    imports = "from pyinfra.operations import apt, crontab, files, server, systemd\n"
    return f"{imports}\n{data}\n\n{_OPERATIONS}"


def pyinfra_deploy(templates: Path) -> str:
    """Return stock pyinfra's deploy script."""
    return f"{operations()}\n\nplace_resources({str(templates)!r})\n"


def deeprig_role(templates: Path) -> str:
    """Return a role of a lab's own, with the same operations."""
    return f"""{operations()}

from deeprig.role import Role, RoleSettings
from pyinfra.api.deploy import deploy


class Settings(RoleSettings):
    pass


@deploy("resources")
def deploy_resources(context):
    place_resources({str(templates)!r})


ROLE = Role(name="resources", settings=Settings, deploy=deploy_resources)
"""


def playbook(templates: Path) -> str:
    """Return the playbook. Facts are not gathered: nothing here needs them.

    ansible-core has no sysctl module: its file is kept line by line, which is less work than the
    others do, who look at the kernel's value too.
    """
    tasks = [
        _task("Packages", "apt", name=list(PACKAGES), install_recommends=False),
        *_looped_tasks(templates),
    ]
    play = {"hosts": "all", "gather_facts": False, "become": True, "tasks": tasks}
    return yaml.safe_dump([play], sort_keys=False)


def _looped_tasks(templates: Path) -> tuple[dict[str, Any], ...]:
    files = [{"src": str(templates / t.source), "dest": t.path, **t.data} for t in TEMPLATES]
    cron = [{"name": e.name, "minute": e.minute, "hour": e.hour, "job": e.command} for e in CRON]
    sysctl = [{"key": key, "line": f"{key} = {value}"} for key, value in SYSCTL]
    return (
        _loop("Templates", "template", files, src="{{ item.src }}", dest="{{ item.dest }}",
              owner="root", group="root", mode="0644")
        | {"vars": {"owner": "{{ item.owner }}", "number": "{{ item.number }}"}},
        _loop("Groups", "group", list(GROUPS), name="{{ item }}"),
        _loop("Users", "user", list(USERS), name="{{ item }}", shell="/bin/bash",  # noqa: S604 - the user's
              groups=[GROUPS[0]], append=True),
        _loop("Cron entries", "cron", cron, name="{{ item.name }}", minute="{{ item.minute }}",
              hour="{{ item.hour }}", job="{{ item.job }}"),
        _loop("Kernel settings", "lineinfile", sysctl, path=SYSCTL_FILE, create=True,
              regexp="^{{ item.key }} ", line="{{ item.line }}"),
        _loop("Units", "systemd_service", list(UNITS), name="{{ item }}", enabled=True,
              state="started"),
    )  # fmt: skip


def _task(title: str, module: str, /, **arguments: Any) -> dict[str, Any]:
    return {"name": title, f"ansible.builtin.{module}": arguments}


def _loop(title: str, module: str, items: list[Any], /, **arguments: Any) -> dict[str, Any]:
    return _task(title, module, **arguments) | {"loop": items}
