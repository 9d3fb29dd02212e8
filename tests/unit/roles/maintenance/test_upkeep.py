"""Upkeep between two runs: settings, what is placed, what is read, and how verify judges it."""

import os
import subprocess
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from jinja2 import Environment, StrictUndefined
from pydantic import ValidationError
from pyinfra.api.exceptions import FactProcessError

from deeprig.content import Content
from deeprig.facts import HostFacts
from deeprig.verify.checks import Checks
from roles.maintenance import clock, facts, kernel_holds, logs, readings, timers, unattended, verify
from roles.maintenance.settings import MaintenanceSettings

ROOT = Path(__file__).parents[4]
DEBIAN = HostFacts(
    *("debian", "12", "bookworm", "Debian 12", "6.1.0-28-amd64", "x86_64", "id", "3.11.2", "none"),
    nvidia_devices=(),
)
UBUNTU = replace(DEBIAN, distribution="ubuntu", release="24.04", codename="noble")
CONTAINER = replace(DEBIAN, virtualization="systemd-nspawn")


def rendered(path, on=DEBIAN, **settings):
    source = Content.of(ROOT).template("maintenance", path).read_text()
    template = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    return template.from_string(source).render(settings=MaintenanceSettings(**settings), facts=on)


@pytest.mark.parametrize(
    "settings",
    [
        {"automatic_reboot": "always"},
        {"automatic_reboot_time": "24:00"},
        {"journal_max_size": "0G"},
        {"journal_max_size": "1g"},
        {"log_max_size": "1G\nsu root"},
        {"journal_retention_days": 0},
        {"package_spread_minutes": 721},
        {"unattended_origins": ["Debian"]},
        {"unattended_origins": ['origin=x"; DPkg::Pre-Invoke {"rm']},
        {"ntp_servers": ["a b"]},
        {"ntp_servers": [""]},
        {"unatended_upgrades": True},
    ],
)
def test_what_makes_no_sense_is_refused(settings):
    with pytest.raises(ValidationError):
        MaintenanceSettings(**settings)


def test_servers_may_be_names_and_addresses():
    servers = ("time.example.org", "192.0.2.1", "2001:db8::1")
    assert MaintenanceSettings(ntp_servers=servers).ntp_servers == servers
    assert "NTP=time.example.org 192.0.2.1 2001:db8::1\n" in rendered(
        clock.SERVERS_FILE, ntp_servers=servers
    )


def apt_dump(tmp_path, on, before="", **settings):
    """Return what apt itself reads: ``before``, then the role's file."""
    directory = tmp_path / "apt.conf.d"
    directory.mkdir()
    (directory / "50unattended-upgrades").write_text(before)
    (directory / Path(unattended.APT_FILE).name).write_text(
        rendered(unattended.APT_FILE, on, **settings)
    )
    main = tmp_path / "apt.conf"
    main.write_text(f'Dir::Etc::parts "{directory}";\n')
    done = subprocess.run(
        ["apt-config", "dump"],
        env=os.environ | {"APT_CONFIG": str(main)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stderr == ""
    return done.stdout


PACKAGED = """Unattended-Upgrade::Allowed-Origins { "${distro_id}:${distro_codename}-updates"; };
Unattended-Upgrade::Origins-Pattern { "origin=Debian,codename=${distro_codename},label=Debian"; };
Unattended-Upgrade::Package-Blacklist { "nvidia-"; };
"""
needs_apt = pytest.mark.skipif(not Path("/usr/bin/apt-config").exists(), reason="apt reads it")


def origins_in(dump):
    keys = ("Unattended-Upgrade::Origins-Pattern::", "Unattended-Upgrade::Allowed-Origins::")
    return [line.split('"')[1] for line in dump.splitlines() if line.startswith(keys)]


@needs_apt
def test_debian_takes_its_security_archive_only_and_the_blacklist_stays(tmp_path):
    dump = apt_dump(tmp_path, DEBIAN, PACKAGED)
    assert origins_in(dump) == [
        "origin=Debian,codename=${distro_codename}-security,label=Debian-Security"
    ]
    assert 'Unattended-Upgrade::Package-Blacklist:: "nvidia-";' in dump
    options = readings.apt_options(dump)
    assert options["Unattended-Upgrade::Automatic-Reboot"] == "false"
    assert options["Unattended-Upgrade::Mail"] == ""


@needs_apt
def test_ubuntu_takes_security_and_extended_security_and_what_is_added(tmp_path):
    further = "origin=Debian,label=x"
    dump = apt_dump(
        tmp_path,
        UBUNTU,
        PACKAGED,
        unattended_origins=(further,),
        automatic_reboot="when-needed",
        automatic_reboot_time="02:10",
    )
    assert origins_in(dump) == [
        "origin=${distro_id},archive=${distro_codename}",
        "origin=${distro_id},archive=${distro_codename}-security",
        "origin=${distro_id}ESMApps,archive=${distro_codename}-apps-security",
        "origin=${distro_id}ESM,archive=${distro_codename}-infra-security",
        further,
    ]
    options = readings.apt_options(dump)
    assert options["Unattended-Upgrade::Automatic-Reboot"] == "true"
    assert options["Unattended-Upgrade::Automatic-Reboot-WithUsers"] == "false"
    assert options["Unattended-Upgrade::Automatic-Reboot-Time"] == "02:10"


@needs_apt
def test_off_is_off_and_leaves_the_packages_origins(tmp_path):
    dump = apt_dump(tmp_path, DEBIAN, PACKAGED, unattended_upgrades=False)
    assert readings.apt_options(dump)["APT::Periodic::Unattended-Upgrade"] == "0"
    assert len(origins_in(dump)) == 2


def test_a_timer_gets_its_own_time():
    paths = unattended.TIMER_FILES
    lists, upgrades = (rendered(path, package_lists_time="01:30") for path in paths)
    assert "OnCalendar=\nOnCalendar=*-*-* 01:30:00\nRandomizedDelaySec=30min\n" in lists
    assert "OnCalendar=*-*-* 04:00:00\n" in upgrades


def test_timers_of_a_container_are_without_its_disks():
    settings = MaintenanceSettings()
    assert timers.wanted_timers(settings, DEBIAN) == (
        *timers.APT_TIMERS,
        timers.LOGROTATE_TIMER,
        timers.FSTRIM_TIMER,
    )
    assert timers.FSTRIM_TIMER not in timers.wanted_timers(settings, CONTAINER)
    off = MaintenanceSettings(unattended_upgrades=False, log_max_size=None, fstrim=False)
    assert timers.wanted_timers(off, DEBIAN) == ()


def test_unit_states_are_read_and_surprises_are_told():
    shown = ["Id=a.timer", "LoadState=loaded", "ActiveState=active", "UnitFileState=enabled", ""]
    masked = ["Id=b.timer", "LoadState=masked", "ActiveState=inactive", "UnitFileState=masked"]
    states = facts.UnitStates().process(shown + masked)
    assert states["a.timer"].is_waiting
    assert (states["b.timer"].load, states["b.timer"].is_waiting) == ("masked", False)
    with pytest.raises(FactProcessError, match="UnitFileState"):
        facts.UnitStates().process(shown[:3])


def test_only_installed_time_services_count():
    rows = ["chrony config-files", "systemd-timesyncd installed", "ntpsec not-installed"]
    assert facts.TimeServices().process(rows) == {"systemd-timesyncd"}


HELD = [
    "@@deeprig:packages",
    "linux-generic-hwe-24.04\tinstalled\tinstall\tlinux-image-generic-hwe-24.04 (= 6.8.0-45.45)",
    "linux-image-generic-hwe-24.04\tinstalled\thold\tlinux-image-6.8.0-45-generic, x | y",
    "linux-image-6.8.0-45-generic\tinstalled\tinstall\tkmod",
    "linux-headers-6.8.0-45-generic\tinstalled\tinstall\tlinux-headers-6.8.0-45 (>= 1)",
    "linux-modules-nvidia-580-generic\tinstalled\tinstall\tlinux-image-6.8.0-45-generic",
    "linux-tools-generic\tinstalled\tinstall\tlinux-image-6.8.0-45-generic",
    "linux-libc-dev\tinstalled\tinstall\t",
    "linux-image-amd64\tconfig-files\tdeinstall\tlinux-image-6.1.0-28-amd64 (= 6.1.119-1)",
    "@@deeprig:recorded",
    "linux-image-generic-hwe-24.04",
]


def test_metapackages_are_those_that_bring_new_kernels():
    seen = kernel_holds.KernelPackages().process(HELD)
    assert seen.metapackages == {"linux-generic-hwe-24.04", "linux-image-generic-hwe-24.04"}
    assert seen.held == seen.ours == {"linux-image-generic-hwe-24.04"}
    debian = {"linux-image-amd64": "linux-image-6.12.41+deb13-amd64 (= 6.12.41-1)"}
    assert kernel_holds.metapackages(debian) == {"linux-image-amd64"}
    assert kernel_holds.KernelPackages().process([HELD[0], HELD[-2]]) == kernel_holds.KernelHolds()


#: logrotate 3.21 (Debian 12, Ubuntu 24.04) and 3.22 (Debian 13), as they print it.
LOGROTATE = """rotating pattern: /var/log/apt/term.log  monthly (12 rotations)
empty log files are rotated, log files >= 209715200 are rotated earlier, old logs are removed
considering log /var/log/apt/term.log

rotating pattern: /var/log/a
/var/log/foo  10485760 bytes (4 rotations)
empty log files are rotated, log files >= 209715200 are rotated earlier, old logs are removed
considering log /var/log/a

rotating pattern: /var/log/wtmp  monthly (1 rotations)
empty log files are rotated, only log files >= 1048576 bytes are rotated, old logs are removed
considering log /var/log/wtmp
"""
_REST = "(12 rotations), old logs are removed\nconsidering log x\n\n"
LOGROTATE_3_22 = (
    "rotating pattern: /var/log/dpkg.log monthly empty log files are not rotated, "
    f"log files >= 209715200 are rotated earlier, {_REST}"
    f"rotating pattern: /var/log/foo 10485760 bytes empty log files are rotated, {_REST}"
    "rotating pattern: /var/log/wtmp monthly empty log files are rotated, only log files >= "
    f"1048576 bytes are rotated, {_REST}"
)


class Host:
    """A host of testinfra's kind: what commands answer, by their first words."""

    def __init__(self, answers, packages=()):
        self.answers, self.packages = answers, packages

    def run(self, command, *arguments):
        text = command % arguments if arguments else command
        for words, answer in self.answers.items():
            if text.startswith(words):
                out, err, rc = answer if isinstance(answer, tuple) else (answer, "", 0)
                return SimpleNamespace(stdout=out, stderr=err, rc=rc)
        raise AssertionError(f"asked for more than was said: {text}")

    def check_output(self, command):
        return self.run(command).stdout

    def package(self, name):
        return SimpleNamespace(is_installed=name in self.packages)


def outcomes(test, *arguments):
    check = Checks()
    test(*arguments, check)
    return {c.name: c.outcome for c in check.recorded}


SETTINGS = MaintenanceSettings()
GOOD = 'APT::Periodic::Update-Package-Lists "1";\nAPT::Periodic::Unattended-Upgrade "1";\n' + (
    'Unattended-Upgrade::Automatic-Reboot "false";\n'
    'Unattended-Upgrade::Automatic-Reboot-WithUsers "false";\n'
    'Unattended-Upgrade::Automatic-Reboot-Time "05:00";\nUnattended-Upgrade::Mail "";\n'
)
ORIGIN = "origin=Debian,codename=bookworm-security,label=Debian-Security"
POLICY = "  release v=12,o=Debian,a=stable-security,n=bookworm-security,l=Debian-Security,c=main\n"
SECURITY = ("apt-config", "/usr/bin/python3", "apt-cache")


def updates(dump=GOOD, origins=f"{ORIGIN}\n", policy=POLICY, settings=SETTINGS, on=DEBIAN):
    host = Host(dict(zip(SECURITY, (dump, origins, policy), strict=True)))
    return outcomes(verify.test_security_updates_install_themselves, host, settings, on)


def test_security_updates_pass_only_when_all_of_it_is_there():
    assert set(updates().values()) == {"pass"}
    daily = "security updates install themselves daily"
    assert updates(dump=GOOD.replace('Lists "1"', 'Lists "0"'))[daily] == "fail"
    assert updates(dump="")[daily] == "fail"
    assert updates(dump=GOOD.replace('"false"', '"true"'))["automatic reboot: never"] == "fail"
    mailed = updates(dump=GOOD.replace('Mail ""', 'Mail "root"'))
    assert mailed["security updates send no mail"] == "fail"
    takes, other = "unattended-upgrades takes security updates", "unattended-upgrades takes nothing"
    assert updates(origins="o=Debian,a=stable\n")[takes] == "fail"
    assert updates(origins=f"{ORIGIN}\no=Debian,a=stable\n")[f"{other} else"] == "fail"
    assert updates(origins=("", "no such file", 1))[takes] == "unknown"
    archive = "apt has the security archive"
    assert updates(policy=POLICY.replace("-security,l", ",l"))[archive] == "fail"
    assert updates(policy=("", "broken", 100))[archive] == "unknown"
    assert updates(on=UBUNTU)[archive] == updates(on=UBUNTU)[takes] == "fail"


def test_updates_that_shall_not_install_themselves_must_be_off():
    off = MaintenanceSettings(unattended_upgrades=False)
    name = "no update installs itself"
    assert updates(dump='APT::Periodic::Unattended-Upgrade "0";\n', settings=off) == {name: "pass"}
    assert updates(settings=off) == {name: "fail"}
    assert updates(dump="", settings=off) == {name: "fail"}


def test_the_journals_last_word_counts():
    def judged(text, rc=0):
        host = Host({"systemd-analyze": (text, "no such file", rc)})
        return outcomes(verify.test_the_journal_is_limited, host, SETTINGS)

    shown = rendered(logs.JOURNAL_FILE)
    assert set(judged(f"[Journal]\n#SystemMaxUse=\n{shown}").values()) == {"pass"}
    assert judged(f"{shown}[Journal]\nSystemMaxUse=9G\n") == {
        "journal: SystemMaxUse": "fail",
        "journal: MaxRetentionSec": "pass",
    }
    assert set(judged("[Journal]\n#SystemMaxUse=1G\n").values()) == {"fail"}
    assert set(judged("", 1).values()) == {"unknown"}


def test_a_log_without_a_limit_fails():
    def judged(text, rc=0):
        host = Host({"logrotate -d": ("", text, rc)})
        (outcome,) = outcomes(verify.test_log_files_are_limited, host, SETTINGS).values()
        return outcome

    for text in (LOGROTATE, LOGROTATE_3_22):
        limits = [rotation.limit_bytes for rotation in readings.rotations(text)]
        assert limits == [200 << 20, 10 << 20, None]
        assert readings.rotations(text)[-1].paths == "/var/log/wtmp"
    assert judged(LOGROTATE_3_22) == "fail"
    assert judged(LOGROTATE) == "fail"
    assert judged(LOGROTATE.partition("rotating pattern: /var/log/wtmp")[0]) == "pass"
    assert judged(LOGROTATE.replace("209715200", "99").partition("/var/log/wtmp")[0]) == "fail"
    assert judged("") == judged(LOGROTATE, 1) == "unknown"


TIMER = "ActiveState=active\nUnitFileState=enabled\n"


def test_a_timer_that_rests_or_has_other_times_fails():
    shown = "systemctl show --property=ActiveState,UnitFileState,TimersCalendar "

    def judged(old="", new=""):
        first, second = (
            f"{TIMER}TimersCalendar={{ OnCalendar=*-*-* {time}:00 ; next_elapse=x }}\n"
            for time in ("03:00", "04:00")
        )
        lists, upgrades = (shown + timer for timer in timers.APT_TIMERS)
        answers = {lists: first.replace(old, new), upgrades: second, "systemctl": TIMER}
        test = verify.test_what_works_by_the_clock_waits_for_its_hour
        found = outcomes(test, Host(answers), SETTINGS, DEBIAN)
        return {name for name, outcome in found.items() if outcome != "pass"}

    assert judged() == set()
    assert judged("=active", "=inactive") == {"apt-daily.timer is active and enabled"}
    assert judged("=enabled", "=masked") == {"apt-daily.timer is active and enabled"}
    assert judged("03:00:00", "06,18:00:00") == {"apt-daily.timer is at 03:00"}


def clock_of(show, on=DEBIAN, packages=(), timesyncd=TIMER, servers=None, **settings):
    host = Host(
        {
            "timedatectl show-timesync": servers or "",
            "timedatectl show": show,
            "systemctl": timesyncd,
        },
        packages,
    )
    test = verify.test_the_clock_is_kept
    return outcomes(test, host, MaintenanceSettings(**settings), on)


def test_the_clock_is_judged_by_the_kernel_and_not_at_all_in_a_container():
    synchronised, service = "the clock is synchronised", "systemd-timesyncd is active and enabled"
    good, bad = "NTP=yes\nNTPSynchronized=yes\n", "NTP=yes\nNTPSynchronized=no\n"
    assert clock_of(good) == {synchronised: "pass", service: "pass"}
    assert clock_of(bad)[synchronised] == "fail"
    assert clock_of("")[synchronised] == "unknown"
    assert clock_of(("", "no bus", 1))[synchronised] == "unknown"
    assert clock_of(good, timesyncd=TIMER.replace("=active", "=inactive"))[service] == "fail"
    assert clock_of(good, on=CONTAINER) == {}
    # Another time service is judged by what it does to the clock, not by its unit.
    assert clock_of(bad, packages=("chrony",)) == {synchronised: "fail"}
    declared = {"ntp_servers": ("192.0.2.1",)}
    name = "the time servers are as declared"
    assert clock_of(good, servers="192.0.2.1\n", **declared)[name] == "pass"
    assert clock_of(good, servers="192.0.2.2\n", **declared)[name] == "fail"
    assert clock_of(good, servers=("", "no", 1), **declared)[name] == "unknown"


def test_a_kernel_that_shall_be_held_and_is_not_fails():
    def judged(lines, on=DEBIAN, **settings):
        host = Host({"sh -c": "\n".join(lines)})
        test = verify.test_the_kernel_is_held_as_declared
        return outcomes(test, host, MaintenanceSettings(**settings), on)

    empty = [HELD[0], HELD[-2]]
    assert judged(HELD, hold_kernel=True) == {"the kernel is held": "fail"}
    held = [line.replace("\tinstall\t", "\thold\t") for line in HELD]
    assert judged(held, hold_kernel=True) == {"the kernel is held": "pass"}
    assert judged(empty, hold_kernel=True) == {"the kernel is held": "fail"}
    assert judged(empty, CONTAINER, hold_kernel=True) == {}
    assert judged(HELD) == {"deeprig holds no kernel": "fail"}
    assert judged(HELD[:-1]) == {"deeprig holds no kernel": "pass"}


def test_needrestart_is_judged_by_what_its_configuration_says():
    def judged(answer, packages=("needrestart",)):
        test = verify.test_needrestart_is_quiet
        return outcomes(test, Host({"perl": answer}, packages), SETTINGS)

    assert judged("l\n-1") == {"needrestart is quiet": "pass"}
    assert judged("i\n") == {"needrestart is quiet": "fail"}
    assert judged(("", "Error parsing", 2)) == {"needrestart is quiet": "unknown"}
    assert judged("", packages=()) == {}
