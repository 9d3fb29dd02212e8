"""What keeps a machine well, on real hosts: set, unchanged by a second apply, told when damaged.

The hosts are containers. Where a test says so they are made to say they are none, and the units
that systemd starts in no container are let start.
"""

import time

import pytest

from roles.maintenance.clock import SERVERS_FILE, SERVICE
from roles.maintenance.kernel_holds import RECORD
from roles.maintenance.logs import JOURNAL, JOURNAL_FILE, LOGROTATE_FILE
from roles.maintenance.tasks import NEEDRESTART_FILE
from roles.maintenance.unattended import APT_FILE, TIMER_FILES
from tests.e2e.running import LabDirectory

BOTH = pytest.mark.parametrize("rig", ["rig2", "rig3"])  # Debian 13 and Debian 12
#: What takes long: the older release in full runs.
NEWER = pytest.mark.parametrize("rig", ["rig2", pytest.param("rig3", marks=pytest.mark.full)])
_CLEAN = f"""
rm -rf {APT_FILE} {" ".join(TIMER_FILES)} {JOURNAL_FILE} {LOGROTATE_FILE} {NEEDRESTART_FILE}
apt-mark unhold linux-image-tests linux-tests >/dev/null 2>&1
dpkg -P needrestart systemd-timesyncd linux-tests linux-image-tests linux-image-6.99.0-1-tests
umount /usr/bin/systemd-detect-virt
rm -rf /etc/systemd/system/fstrim.timer.d /etc/systemd/system/systemd-timesyncd.service.d {RECORD}
rm -rf /etc/systemd/timesyncd.conf.d
systemctl daemon-reload; systemctl unmask apt-daily-upgrade.timer
systemctl disable --now fstrim.timer systemd-timesyncd.service
"""


class Kept:
    """A lab whose roles are base and maintenance, and its one host."""

    def __init__(self, lab: LabDirectory, name: str):
        self.lab, self.name, self.zone = lab, name, noon()
        lab.hosts(**{name: {}})
        lab.write(
            "deploy/workstation.py",
            "from deeprig.compose import deploy_roles\ndeploy_roles('base', 'maintenance')\n",
        )
        self.declare()

    def declare(self, **settings):
        base = self.lab.base_settings() | {"timezone": self.zone}
        self.lab.data(base=base, maintenance=settings)

    def root(self, command):
        done = self.lab.ssh(self.name, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def changes(self):
        operations = self.lab.json("apply")["hosts"][0]["operations"]
        return [o["name"] for o in operations if o["status"] == "changed"]

    def checks(self):
        host = self.lab.json("verify", "--role", "maintenance", code=None)["hosts"][0]
        return {check["name"]: check for check in host["checks"]}

    def bad(self):
        return {name: c["outcome"] for name, c in self.checks().items() if c["outcome"] != "pass"}


def noon():
    """Return a time zone in which it is noon: no timer of apt's is due, by old times or by new."""
    hours = time.gmtime().tm_hour - 12
    return f"Etc/GMT{hours:+d}" if hours else "Etc/UTC"


def later(unit, change, path):
    """Return a command that changes a path, in a later second than a unit was started."""
    started = f'$(date -d "$(TZ=UTC systemctl show -P InactiveExitTimestamp {unit})" +%s)'
    return f"until {change}; [ $(stat -c %Y {path}) -gt {started} ]; do sleep 0.2; done"


@pytest.fixture
def kept(lab, rig):
    found = Kept(lab, rig)
    lab.ssh(rig, _CLEAN)  # other tests' applies have this role too
    zone = found.root("timedatectl show -p Timezone --value")
    found.root(f"timedatectl set-timezone {found.zone}")
    yield found
    lab.ssh(rig, _CLEAN)
    found.root(f"timedatectl set-timezone {zone}")


@BOTH
def test_the_defaults_are_set_proven_and_unchanged_by_a_second_apply(kept):
    shown = "systemctl show -P InactiveExitTimestampMonotonic apt-daily-upgrade.service"
    before = kept.root(shown)
    assert {"Say which updates install themselves", "Limit the journal"} <= set(kept.changes())
    assert kept.changes() == []
    found = kept.checks()
    assert [check for check in found.values() if check["outcome"] != "pass"] == []
    codename = kept.root(". /etc/os-release; echo $VERSION_CODENAME")
    origins = found["unattended-upgrades takes security updates"]["evidence"]
    assert origins == f"origin=Debian,codename={codename}-security,label=Debian-Security"
    assert "apt-daily-upgrade.timer is at 04:00" in found
    # The program's own word, the long way: it takes a lock, and looks into the archive.
    said = kept.root("LC_ALL=C unattended-upgrade --dry-run --debug 2>&1")
    assert f"Allowed origins are: {origins}\n" in said
    # A container has no clock and no disks of its own: no check of them, and so no pass.
    assert not [name for name in found if "clock" in name or "fstrim" in name]
    # A run that was cut after it had placed the timers' files: systemd has not read them yet.
    (kept_aside, file) = ("/root/kept-timer", TIMER_FILES[1])
    kept.root(f"mv {file} {kept_aside} && systemctl daemon-reload && mv {kept_aside} {file}")
    assert kept.changes() == ["Let apt's timers take their times"]
    assert kept.changes() == []
    # Cut after the journal's limits were placed: it runs since before they were.
    kept.root(later(JOURNAL, f"touch {JOURNAL_FILE}", JOURNAL_FILE))
    assert kept.changes() == ["Let the journal take its limits"]
    assert kept.changes() == []
    assert kept.bad() == {}
    # Its timers did not catch up in the middle of the run that set their times.
    assert kept.root(shown) == before


@pytest.mark.parametrize("rig", ["rig3"])
def test_what_is_damaged_is_told_by_verify_and_mended_by_apply(kept):
    kept.changes()
    damages = {
        f"rm {APT_FILE}": {
            "unattended-upgrades takes nothing else": "fail",
            "automatic reboot: never": "fail",
        },
        f"rm {TIMER_FILES[1]} && systemctl daemon-reload": {
            "apt-daily-upgrade.timer is at 04:00": "fail"
        },
        "systemctl disable --now apt-daily.timer": {
            "apt-daily.timer is active and enabled": "fail"
        },
        f"echo 'SystemMaxUse=9G' >> {JOURNAL_FILE}": {"journal: SystemMaxUse": "fail"},
        f"rm {LOGROTATE_FILE}": {"log files are rotated above 200M": "fail"},
        "mv /usr/bin/unattended-upgrade /root/": {
            "unattended-upgrades takes security updates": "unknown"
        },
    }
    for damage in damages:
        kept.root(damage)
    expected = {name: outcome for bad in damages.values() for name, outcome in bad.items()}
    del expected["unattended-upgrades takes nothing else"]  # Nothing is known of it any more.
    assert kept.bad() == expected
    kept.root("mv /root/unattended-upgrade /usr/bin/")
    assert kept.bad()["unattended-upgrades takes nothing else"] == "fail"
    assert set(kept.changes()) == {
        "Say which updates install themselves",
        "Set when apt works by itself",
        "Let apt's timers take their times",
        "Limit the journal",
        "Let the journal take its limits",
        "Limit log files",
        "Start what works by the clock",
    }
    assert kept.bad() == {}
    # What an administrator masked stays masked, and verify says so.
    kept.root("systemctl mask --now apt-daily-upgrade.timer")
    assert kept.changes() == []
    assert kept.bad()["apt-daily-upgrade.timer is active and enabled"] == "fail"


@NEWER
def test_other_settings_replace_the_defaults_and_off_is_off(kept):
    stable = "origin=Debian,codename=${distro_codename},label=Debian"
    kept.declare(
        unattended_origins=[stable],
        package_upgrades_time="01:15",
        automatic_reboot="when-needed",
        automatic_reboot_time="02:45",
        journal_max_size="300M",
        log_max_size="10M",
    )
    kept.changes()
    assert kept.changes() == []
    found = kept.checks()
    assert [check for check in found.values() if check["outcome"] != "pass"] == []
    assert "label=Debian\n" in found["unattended-upgrades takes nothing else"]["evidence"] + "\n"
    assert "at 02:45" in found["automatic reboot: when-needed"]["evidence"]
    assert "log files are rotated above 10M" in found

    kept.declare(unattended_upgrades=False, log_max_size=None, needrestart_quiet=False)
    kept.changes()
    assert kept.changes() == []
    assert kept.bad() == {}
    assert 'Unattended-Upgrade "0"' in kept.root("apt-config dump")
    calendar = kept.root("systemctl show -P TimersCalendar apt-daily-upgrade.timer")
    assert "06:00:00" in calendar
    assert kept.lab.ssh(kept.name, f"ls {LOGROTATE_FILE} {NEEDRESTART_FILE}").stdout == ""


_KERNEL = """set -e
make() {
  mkdir -p /root/k/DEBIAN
  printf 'Package: %s\\nVersion: 1\\nArchitecture: all\\nMaintainer: x <x@example.org>\\n' $1 \
    > /root/k/DEBIAN/control
  printf 'Depends: %s\\nDescription: SIMULATED\\n' "$2" >> /root/k/DEBIAN/control
  dpkg-deb -b /root/k /root/$1.deb >/dev/null
}
make linux-image-6.99.0-1-tests dpkg
make linux-image-tests 'linux-image-6.99.0-1-tests (= 1)'
make linux-tests 'linux-image-tests (= 1), dpkg'
dpkg -i /root/linux-*.deb >/dev/null; rm -rf /root/k /root/linux-*.deb
"""


@NEWER
def test_the_kernel_is_held_on_request_and_only_our_holds_are_let_go(kept):
    kept.root(_KERNEL)
    kept.root("apt-mark hold linux-tests")
    kept.declare(hold_kernel=True)
    assert "Hold the kernel, or let go of it" in kept.changes()
    assert kept.changes() == []
    assert kept.root("apt-mark showhold").split() == ["linux-image-tests", "linux-tests"]
    assert kept.checks()["the kernel is held"]["evidence"] == "linux-image-tests, linux-tests"
    kept.root("apt-mark unhold linux-image-tests")
    assert kept.bad() == {"the kernel is held": "fail"}
    kept.changes()
    kept.declare()
    assert kept.bad() == {"deeprig holds no kernel": "fail"}
    assert kept.changes() == ["Hold the kernel, or let go of it"]
    assert kept.root("apt-mark showhold") == "linux-tests"
    assert kept.bad() == {}
    assert kept.changes() == []


@BOTH
def test_needrestart_is_quiet_where_it_is_installed(kept):
    kept.changes()
    kept.root("DEBIAN_FRONTEND=noninteractive apt-get install -y needrestart >/dev/null")
    assert kept.checks()["needrestart is quiet"]["evidence"].endswith("l, -1")
    kept.root(f"rm {NEEDRESTART_FILE}")
    assert kept.bad() == {"needrestart is quiet": "fail"}
    assert kept.changes() == ["Keep needrestart quiet"]
    assert kept.bad() == {}


#: SIMULATED: a machine of its own; systemd itself still knows that it is a container.
_NO_CONTAINER = r"""set -e
printf '#!/bin/sh\necho kvm\n' > /run/detect-virt; chmod 755 /run/detect-virt
mount --bind /run/detect-virt /usr/bin/systemd-detect-virt
for unit in fstrim.timer systemd-timesyncd.service; do
  mkdir -p /etc/systemd/system/$unit.d
  printf '[Unit]\nConditionVirtualization=\nConditionCapability=\n' \
    > /etc/systemd/system/$unit.d/simulated.conf
done
printf '[Service]\nAmbientCapabilities=\nCapabilityBoundingSet=\n' \
  >> /etc/systemd/system/systemd-timesyncd.service.d/simulated.conf
systemctl daemon-reload
"""


@NEWER
def test_a_machine_of_its_own_trims_its_disks_and_keeps_its_clock(kept):
    kept.root(_NO_CONTAINER)
    kept.declare(ntp_servers=["192.0.2.1", "time.example.org"])
    # The package starts its service itself.
    assert {"Set the time servers", "Install systemd-timesyncd"} <= set(kept.changes())
    assert kept.changes() == []
    found = kept.checks()
    expected = {"fstrim.timer is active and enabled", "systemd-timesyncd is active and enabled"}
    assert expected <= {name for name, check in found.items() if check["outcome"] == "pass"}
    assert found["the time servers are as declared"]["outcome"] == "pass"
    # The clock is this machine's; its kernel says whether it is synchronised.
    word = kept.root("timedatectl show --property=NTPSynchronized --value")
    outcome = found["the clock is synchronised"]["outcome"]
    assert outcome == {"yes": "pass", "no": "fail"}[word]
    kept.root("systemctl disable --now fstrim.timer systemd-timesyncd.service")
    assert expected <= set(kept.bad())
    assert kept.changes() == ["Start what works by the clock", "Start systemd-timesyncd"]
    # Cut after the time servers were placed.
    kept.root(later(SERVICE, f"touch {SERVERS_FILE}", SERVERS_FILE))
    assert kept.changes() == ["Let systemd-timesyncd take its servers"]
    assert kept.changes() == []
    kept.declare()
    assert "Leave the time servers to the system" in kept.changes()
    assert kept.changes() == []
    # Cut after they were removed: the directory is newer than what runs.
    directory = SERVERS_FILE.rpartition("/")[0]
    kept.root(later(SERVICE, f"touch {directory}", directory))
    assert kept.changes() == ["Let systemd-timesyncd take its servers"]
    assert kept.changes() == []
