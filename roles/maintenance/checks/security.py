"""Security updates install themselves: daily, of the right archives, with the declared end."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from deeprig.facts import HostFacts
from deeprig.verify.checks import Checks
from roles.maintenance.checks.answers import last_words
from roles.maintenance.readings import ORIGINS, apt_options, has_security_archive, security_origin
from roles.maintenance.settings import MaintenanceSettings

#: How many archives of its own each distribution's security updates come from.
_SECURITY_ORIGINS = {"debian": 1, "ubuntu": 4}


def test_security_updates_install_themselves(
    host: Any, settings: MaintenanceSettings, facts: HostFacts, check: Checks
) -> None:
    """Apt does it every day, of the right archives, which are among its sources."""
    options = apt_options(host.check_output("apt-config dump"))
    upgrades = options.get("APT::Periodic::Unattended-Upgrade", "unset")
    if not settings.unattended_upgrades:
        check("no update installs itself", upgrades == "0", f"Unattended-Upgrade: {upgrades}")
        return
    lists = options.get("APT::Periodic::Update-Package-Lists", "unset")
    is_daily = (lists, upgrades) == ("1", "1")
    evidence = f"Update-Package-Lists: {lists}, Unattended-Upgrade: {upgrades}"
    check("security updates install themselves daily", is_daily, evidence)
    _check_origins(host, settings, facts, check)
    _check_after_an_update(settings, options, check)


def _check_origins(
    host: Any, settings: MaintenanceSettings, facts: HostFacts, check: Checks
) -> None:
    # Not any python3 of the PATH: the program's own, which has its modules.
    asked = host.run("/usr/bin/python3 -c %s", ORIGINS)
    origins = asked.stdout.split("\n")[:-1] if asked.rc == 0 else []
    wanted = security_origin(facts.distribution, facts.codename)
    evidence = "\n".join(origins) or last_words(asked.stderr) or "none"
    is_good = wanted in origins if asked.rc == 0 else None
    check("unattended-upgrades takes security updates", is_good, evidence)
    if asked.rc == 0:
        further = len(settings.unattended_origins) + _SECURITY_ORIGINS[facts.distribution]
        check("unattended-upgrades takes nothing else", len(origins) == further, evidence)
    policy = host.run("apt-cache policy")
    is_there = has_security_archive(policy.stdout, facts.distribution, facts.codename)
    evidence = wanted if is_there else f"apt-cache policy shows no {wanted}"
    check("apt has the security archive", is_there if policy.rc == 0 else None, evidence)


def _check_after_an_update(
    settings: MaintenanceSettings, options: Mapping[str, str], check: Checks
) -> None:
    reboot = options.get("Unattended-Upgrade::Automatic-Reboot", "unset")
    time = options.get("Unattended-Upgrade::Automatic-Reboot-Time", "unset")
    users = options.get("Unattended-Upgrade::Automatic-Reboot-WithUsers", "unset")
    wanted = "true" if settings.automatic_reboot == "when-needed" else "false"
    is_good = (reboot, users, time) == (wanted, "false", settings.automatic_reboot_time)
    evidence = f"Automatic-Reboot: {reboot}, at {time}, with users: {users}"
    check(f"automatic reboot: {settings.automatic_reboot}", is_good, evidence)
    mail = options.get("Unattended-Upgrade::Mail", "")
    check("security updates send no mail", not mail, f"Mail: {mail or 'none'}")
