"""Checks of the maintenance role: read from the host, compared with the declaration."""

from __future__ import annotations

import json
import shlex

import pytest

from deeprig.tasks.host_programs import PROGRAMS
from roles.maintenance.clock import SERVICE as TIMESYNCD_SERVICE
from roles.maintenance.facts import OTHER_TIME_SERVICES
from roles.maintenance.kernel_gate import APT_HOOK, KERNEL_HOOK, SERVICE, TRIGGERS
from roles.maintenance.kernel_holds import KernelPackages
from roles.maintenance.readings import (
    NEEDRESTART,
    ORIGINS,
    apt_options,
    bytes_of,
    has_security_archive,
    journal_options,
    rotations,
    security_origin,
)
from roles.maintenance.timers import APT_TIMERS, is_container, wanted_timers

#: The last characters of an answer that was none.
_KEPT_CHARACTERS = 600
#: How many archives of its own each distribution's security updates come from.
_SECURITY_ORIGINS = {"debian": 1, "ubuntu": 4}


@pytest.fixture
def is_gate_wanted(settings, facts):
    """Say whether this host shall have the next-kernel gate."""
    return settings.kernel_gate and bool(facts.nvidia_devices)


def test_the_next_kernel_gate_is_armed(host, is_gate_wanted, check):
    """Its timer and its path wait, now and after every boot, and its last run ended well."""
    if not is_gate_wanted:
        return
    for trigger in TRIGGERS:
        state = _properties(host, trigger, "ActiveState", "UnitFileState", "Result")
        is_armed = state["ActiveState"] == "active" and state["UnitFileState"] == "enabled"
        check(f"{trigger} is active and enabled", is_armed, _text(state))
    state = _properties(host, SERVICE, "LoadState", "Result", "ExecMainStatus")
    is_good = state["LoadState"] == "loaded" and state["Result"] == "success"
    check("the gate's last run ended well", is_good, _text(state))


def test_apt_and_kernel_packages_ask_the_gate(host, is_gate_wanted, check):
    """Both hooks are in place, and apt reads its configuration without complaint."""
    if not is_gate_wanted:
        return
    dump = host.run("apt-config dump")
    hooks = [line for line in dump.stdout.splitlines() if line.startswith("DPkg::Post-Invoke::")]
    is_read = dump.rc == 0 and any("deeprig-kernel-gate.wanted" in line for line in hooks)
    evidence = "\n".join(hooks) if is_read else (dump.stderr.strip() or f"{APT_HOOK} is not read")
    check("apt asks the gate", is_read, evidence)
    hook = host.file(KERNEL_HOOK)
    is_run = hook.is_file and bool(hook.mode & 0o100)
    check("kernel packages ask the gate", is_run, f"{KERNEL_HOOK}: executable file: {is_run}")


def test_the_next_kernel_has_a_module(host, is_gate_wanted, check):
    """The kernel that boots next has the NVIDIA module, and no newer one waits for its own."""
    if not is_gate_wanted:
        return
    done = host.run(shlex.join(["python3", PROGRAMS, "driver", "gate", "--check"]))
    answer = answered(done.stdout)
    is_good, evidence = judged(answer, done)
    simulated = bool(answer.get("simulated"))
    check("the next kernel has a module", is_good, evidence, simulated=simulated)
    if is_good:
        # Kept from booting is safe, and still wrong: a security fix of the kernel is not in use.
        waiting = answer.get("without_module", ())
        evidence = f"without a module: {', '.join(waiting) or 'none'}"
        check("no newer kernel is kept from booting", not waiting, evidence, simulated=simulated)


def test_no_gate_is_left_where_none_is_wanted(host, is_gate_wanted, check):
    """A host that shall have no gate has no hook of it."""
    if is_gate_wanted:
        return
    left = [path for path in (APT_HOOK, KERNEL_HOOK) if host.file(path).exists]
    check("no hook of the gate is left", not left, ", ".join(left) or "none")


def answered(text):
    """Return the gate's answer; an empty one for anything that is none."""
    try:
        answer = json.loads(text)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) and "outcome" in answer else {}


def judged(answer, done):
    """Return outcome and evidence. None, unknown: it gave no answer, or could not tell."""
    if not answer:
        said = (done.stderr or done.stdout).strip()[-_KEPT_CHARACTERS:]
        return None, f"the gate gave no answer (exit {done.rc}): {said}"
    if answer["outcome"] == "unknown":
        return None, _told(answer)
    return answer["outcome"] == "good" and done.rc == 0, _told(answer)


def _told(answer):
    """Return the answer's own words: reason, evidence, remedy."""
    evidence = answer.get("evidence") or ()
    lines = [answer.get("reason"), *([evidence] if isinstance(evidence, str) else evidence)]
    if answer.get("remedy"):
        lines.append(f"-> {answer['remedy']}")
    return "\n".join(str(line) for line in lines if line) or f"outcome: {answer['outcome']}"


def _properties(host, unit, *names):
    """Return properties of a unit as systemctl(1) shows them; "" for one it does not know."""
    shown = host.run("systemctl show --property=%s %s", ",".join(names), unit).stdout
    pairs = (line.partition("=") for line in shown.splitlines())
    return dict.fromkeys(names, "") | {name: value for name, _, value in pairs}


def _text(properties):
    return ", ".join(f"{name}={value or 'unknown'}" for name, value in properties.items())


def test_security_updates_install_themselves(host, settings, facts, check):
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


def _check_origins(host, settings, facts, check):
    asked = host.run("python3 -c %s", ORIGINS)
    origins = asked.stdout.split("\n")[:-1] if asked.rc == 0 else []
    wanted = security_origin(facts.distribution, facts.codename)
    evidence = "\n".join(origins) or asked.stderr.strip()[-_KEPT_CHARACTERS:] or "none"
    is_good = wanted in origins if asked.rc == 0 else None
    check("unattended-upgrades takes security updates", is_good, evidence)
    if asked.rc == 0:
        further = len(settings.unattended_origins) + _SECURITY_ORIGINS[facts.distribution]
        check("unattended-upgrades takes nothing else", len(origins) == further, evidence)
    policy = host.run("apt-cache policy")
    is_there = has_security_archive(policy.stdout, facts.distribution, facts.codename)
    evidence = wanted if is_there else f"apt-cache policy shows no {wanted}"
    check("apt has the security archive", is_there if policy.rc == 0 else None, evidence)


def _check_after_an_update(settings, options, check):
    reboot = options.get("Unattended-Upgrade::Automatic-Reboot", "unset")
    time = options.get("Unattended-Upgrade::Automatic-Reboot-Time", "unset")
    users = options.get("Unattended-Upgrade::Automatic-Reboot-WithUsers", "unset")
    wanted = "true" if settings.automatic_reboot == "when-needed" else "false"
    is_good = (reboot, users, time) == (wanted, "false", settings.automatic_reboot_time)
    evidence = f"Automatic-Reboot: {reboot}, at {time}, with users: {users}"
    check(f"automatic reboot: {settings.automatic_reboot}", is_good, evidence)
    mail = options.get("Unattended-Upgrade::Mail", "")
    check("security updates send no mail", not mail, f"Mail: {mail or 'none'}")


def test_what_works_by_the_clock_waits_for_its_hour(host, settings, facts, check):
    """Each timer is active and enabled, and apt's have the declared times."""
    times = dict(
        zip(APT_TIMERS, (settings.package_lists_time, settings.package_upgrades_time), strict=True)
    )
    for timer in wanted_timers(settings, facts):
        state = _properties(host, timer, "ActiveState", "UnitFileState", "TimersCalendar")
        is_armed = state["ActiveState"] == "active" and state["UnitFileState"] == "enabled"
        check(f"{timer} is active and enabled", is_armed, _text(state))
        if timer in times:
            is_timed = f"OnCalendar=*-*-* {times[timer]}:00 " in state["TimersCalendar"]
            check(f"{timer} is at {times[timer]}", is_timed, state["TimersCalendar"] or "never")


def test_the_journal_is_limited(host, settings, check):
    """The limits that journald reads, over all of its files, are the declared ones."""
    shown = host.run("systemd-analyze cat-config systemd/journald.conf")
    options = journal_options(shown.stdout)
    wanted = {
        "SystemMaxUse": settings.journal_max_size,
        "MaxRetentionSec": f"{settings.journal_retention_days}day",
    }
    for key, value in wanted.items():
        seen = options.get(key, "unset") if shown.rc == 0 else shown.stderr.strip()
        check(f"journal: {key}", seen == value if shown.rc == 0 else None, f"{seen} ({value})")


def test_log_files_are_limited(host, settings, check):
    """Logrotate itself says of every log from which size on it is rotated."""
    if settings.log_max_size is None:
        return
    shown = host.run("logrotate -d /etc/logrotate.conf")
    found = rotations(shown.stdout + shown.stderr)
    unlimited = [rotation.paths for rotation in found if rotation.limit_bytes is None]
    default = bytes_of(settings.log_max_size)
    is_default_used = any(rotation.limit_bytes == default for rotation in found)
    evidence = f"without a limit: {', '.join(unlimited)}" if unlimited else f"{len(found)} patterns"
    if shown.rc != 0 or not found:
        evidence = (shown.stderr or shown.stdout).strip()[-_KEPT_CHARACTERS:]
    is_good = None if shown.rc != 0 or not found else is_default_used and not unlimited
    check(f"log files are rotated above {settings.log_max_size}", is_good, evidence)


def test_the_clock_is_kept(host, settings, facts, check):
    """A time service runs, and the kernel says that the clock is synchronised."""
    if not settings.time_sync or is_container(facts):
        # A container has no clock of its own: not applicable, and no pass either.
        return
    shown = host.run("timedatectl show")
    told = dict(line.split("=", 1) for line in shown.stdout.splitlines() if "=" in line)
    synchronised = told.get("NTPSynchronized")
    is_good = None if shown.rc != 0 or synchronised is None else synchronised == "yes"
    evidence = f"NTPSynchronized={synchronised}" if synchronised else shown.stderr.strip()
    check("the clock is synchronised", is_good, evidence or "timedatectl said nothing")
    if any(host.package(name).is_installed for name in OTHER_TIME_SERVICES):
        return
    state = _properties(host, TIMESYNCD_SERVICE, "ActiveState", "UnitFileState")
    is_kept = state["ActiveState"] == "active" and state["UnitFileState"] == "enabled"
    check("systemd-timesyncd is active and enabled", is_kept, _text(state))
    if settings.ntp_servers:
        used = host.run("timedatectl show-timesync --property=SystemNTPServers --value")
        servers = tuple(used.stdout.split())
        is_good = servers == settings.ntp_servers if used.rc == 0 else None
        check("the time servers are as declared", is_good, " ".join(servers) or used.stderr.strip())


def test_the_kernel_is_held_as_declared(host, settings, facts, check):
    """Every metapackage that brings new kernels is held; or deeprig holds none."""
    fact = KernelPackages()
    seen = fact.process(host.check_output(str(fact.command())).splitlines())
    if not settings.hold_kernel:
        left = sorted(seen.ours & seen.held)
        check("deeprig holds no kernel", not left, ", ".join(left) or "none")
        return
    free = sorted(seen.metapackages - seen.held)
    if not seen.metapackages and is_container(facts):
        return
    evidence = f"not held: {', '.join(free)}" if free else ", ".join(sorted(seen.metapackages))
    is_good = bool(seen.metapackages) and not free
    check("the kernel is held", is_good, evidence or "no kernel metapackage is installed")


def test_needrestart_is_quiet(host, settings, check):
    """needrestart's own configuration, evaluated: it lists, asks nothing and restarts nothing."""
    if not settings.needrestart_quiet or not host.package("needrestart").is_installed:
        return
    shown = host.run("perl -e %s", NEEDRESTART)
    seen = shown.stdout.split("\n")
    evidence = f"restart, kernelhints: {', '.join(seen)}" if shown.rc == 0 else shown.stderr.strip()
    check("needrestart is quiet", seen == ["l", "-1"] if shown.rc == 0 else None, evidence)
