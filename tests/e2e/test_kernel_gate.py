"""The next-kernel gate on real hosts: who asks it, when it looks, and what a host says about it.

The hosts are containers without a GPU and without a kernel of their own. In this file their PCI
device is simulated, and where a test says so, what the gate decides.
"""

import time
from dataclasses import dataclass

import pytest

from deeprig.tasks.host_programs import PROGRAMS
from roles.maintenance.kernel_gate import APT_HOOK, KERNEL_HOOK
from tests.e2e.running import LabDirectory

START = "Start a trigger of the next-kernel gate"

#: Stands in for the gate's own look: notes that it ran, and takes as long as it is told to. The
#: timer waits for another century: a look five minutes after the boot could fall into any test.
_DROP_IN = """
mkdir -p /etc/systemd/system/deeprig-kernel-gate.service.d
cat > /etc/systemd/system/deeprig-kernel-gate.service.d/simulated.conf <<'END'
[Service]
ExecStart=
ExecStart=/bin/sh -c 'echo began >> /root/gate-runs; sleep $(cat /root/gate-takes); exit $(cat /root/gate-exits)'
END
mkdir -p /etc/systemd/system/deeprig-kernel-gate.timer.d
cat > /etc/systemd/system/deeprig-kernel-gate.timer.d/simulated.conf <<'END'
[Timer]
OnBootSec=
OnCalendar=2099-01-01
END
echo 0 > /root/gate-takes; echo 0 > /root/gate-exits; rm -f /root/gate-runs; systemctl daemon-reload
"""  # noqa: E501 - a unit's line
_GPU = """
mount -t tmpfs simulated /sys/bus/pci/devices && mkdir /sys/bus/pci/devices/0000:01:00.0 &&
cd /sys/bus/pci/devices/0000:01:00.0 && echo 0x10de > vendor && echo 0x030000 > class &&
echo 0x2684 > device
"""
_CLEAN = """
systemctl disable --now deeprig-kernel-gate.path deeprig-kernel-gate.timer
systemctl stop deeprig-kernel-gate.service
rm -rf /etc/systemd/system/deeprig-kernel-gate.* /etc/apt/apt.conf.d/90deeprig-kernel-gate
rm -rf /etc/kernel/postinst.d/zz-deeprig-kernel-gate /root/gate-* /opt/deeprig /root/debs
rm -f /run/deeprig-kernel-gate.wanted
systemctl daemon-reload; systemctl reset-failed; umount /sys/bus/pci/devices; true
"""

#: Touches the timer's unit, in a later second than it was started and than the last look began.
_PLACED_LATER = """
began() { date -d "$(TZ=UTC systemctl show -P $1 deeprig-kernel-gate.$2)" +%s; }
placed() { touch /etc/systemd/system/$1; stat -c %Y /etc/systemd/system/$1; }
until at=$(placed deeprig-kernel-gate.timer) &&
  [ $at -gt $(began InactiveExitTimestamp timer) ] &&
  [ $at -gt $(began ExecMainStartTimestamp service) ]
do sleep 0.2; done
"""

#: What needs no package: these hosts reach no archive while only this role is declared.
OFFLINE = {"unattended_upgrades": False, "log_max_size": None}


@dataclass(frozen=True)
class Gated:
    """A lab whose only role is maintenance, and its one host."""

    lab: LabDirectory
    name: str

    def ssh(self, command):
        return self.lab.ssh(self.name, command)

    def json(self, *arguments, code=0):
        return self.lab.json(*arguments, code=code)

    def declare(self, **settings):
        self.lab.data(roles=["maintenance"], maintenance=OFFLINE | settings)


@pytest.fixture
def gated(lab, request):
    """A host with a simulated GPU and a simulated gate; rig3 where no other is asked for."""
    name = getattr(request, "param", "rig3")
    lab.hosts(**{name: {}})
    lab.write(
        "deploy/workstation.py",
        "from deeprig.compose import deploy_roles\ndeploy_roles('maintenance')\n",
    )
    found = Gated(lab, name)
    found.declare()
    for script in (_GPU, _DROP_IN):
        done = found.ssh(script)
        assert done.returncode == 0, done.stderr
    yield found
    found.ssh(_CLEAN)


def run_count(lab):
    return lab.ssh("cat /root/gate-runs").stdout.count("began")


def state(lab, unit="deeprig-kernel-gate.service"):
    return lab.ssh(f"systemctl show -P ActiveState {unit}").stdout.strip()


def settled(lab, runs, seconds=30):
    """Wait until the gate has run so many times and rests again."""
    until = time.monotonic() + seconds
    while run_count(lab) < runs or state(lab) == "activating":
        said = lab.ssh("journalctl -n 40 -u deeprig-kernel-gate.service").stdout
        assert time.monotonic() < until, f"{run_count(lab)} of {runs} runs\n{said}"
        time.sleep(0.3)
    assert run_count(lab) == runs


def applied(lab):
    """Apply, and wait for the first look."""
    document = lab.json("apply")
    settled(lab, 1)
    return document


def changes(document):
    return [o["name"] for o in document["hosts"][0]["operations"] if o["status"] == "changed"]


def checks(lab):
    host = lab.json("verify", code=None)["hosts"][0]
    return {check["name"]: check for check in host["checks"]}


def package(lab, name, postinst="#!/bin/sh"):
    """Build an empty package on the host and return its path."""
    made = lab.ssh(
        f"mkdir -p /root/debs/{name}/DEBIAN && cd /root/debs && "
        f"printf 'Package: {name}\\nVersion: 1\\nArchitecture: all\\n"
        f"Maintainer: x <x@example.org>\\nDescription: x\\n' > {name}/DEBIAN/control && "
        f"printf '%s\\n' '{postinst}' > {name}/DEBIAN/postinst && "
        f"chmod 755 {name}/DEBIAN/postinst && dpkg-deb -b {name} {name}.deb",
    )
    assert made.returncode == 0, made.stderr
    return f"/root/debs/{name}.deb"


def test_a_second_apply_changes_nothing_and_what_is_wanted_no_more_goes(gated):
    planned = gated.json("plan", "--detailed-exitcode", code=4)
    assert planned["hosts"][0]["status"] == "ok"
    assert "Let apt ask the gate" in changes(applied(gated))
    assert changes(gated.json("apply")) == []
    found = checks(gated)
    for name in ("path", "timer"):
        assert found[f"deeprig-kernel-gate.{name} is active and enabled"]["outcome"] == "pass"
    assert found["apt asks the gate"]["outcome"] == "pass"
    assert found["kernel packages ask the gate"]["outcome"] == "pass"
    assert found["the gate's last run ended well"]["outcome"] == "pass"

    # A run that was cut after it had placed the timer's unit: read by nobody, looked at by nobody.
    done = gated.ssh(_PLACED_LATER)
    assert done.returncode == 0, done.stderr
    # The programs are those of this checkout, which somebody may be editing while the tests run.
    again = [name for name in changes(gated.json("apply")) if name != "Place deeprig's programs"]
    assert again == [
        "Let systemd read its units",
        "Restart a changed trigger of the next-kernel gate",
        "Ask the next-kernel gate",
    ]
    settled(gated, 2)
    assert changes(gated.json("apply")) == []

    gated.ssh("rm -r /etc/systemd/system/deeprig-kernel-gate.timer.d")
    gated.declare(kernel_gate_time="04:10")
    assert changes(gated.json("apply")) == [
        "Place a unit of the next-kernel gate",
        "Let systemd read its units",
        "Restart a changed trigger of the next-kernel gate",
        "Ask the next-kernel gate",
    ]
    shown = gated.ssh("systemctl show -P TimersCalendar deeprig-kernel-gate.timer").stdout
    assert "04:10:00" in shown

    gated.declare(kernel_gate=False)
    gated.json("apply")
    assert changes(gated.json("apply")) == []
    left = "ls /etc/systemd/system/deeprig-kernel-gate.* /etc/apt/apt.conf.d/*gate -d"
    assert "simulated" not in gated.ssh(left).stdout.replace(".service.d", "")
    assert state(gated, "deeprig-kernel-gate.path") == "inactive"
    found = checks(gated)
    assert not [name for name in found if "asks the gate" in name or "kernel-gate" in name]
    assert found["no hook of the gate is left"]["outcome"] == "pass"


def test_a_host_without_a_gpu_gets_no_gate(gated):
    gated.ssh("umount /sys/bus/pci/devices")
    assert changes(gated.json("apply")) == []
    assert gated.json("verify")["hosts"][0]["status"] == "passed"


@pytest.mark.parametrize("gated", ["rig2", "rig3"], indirect=True)  # Debian 13 and Debian 12
def test_apt_and_a_bare_dpkg_of_a_kernel_ask_the_gate(gated):
    applied(gated)
    done = gated.ssh(f"apt-get install -y {package(gated, 'plain')}")
    assert done.returncode == 0, done.stderr
    settled(gated, 2)
    # As the postinst of Debian's linux-image packages does; dpkg itself knows no apt hook.
    kernel = package(gated, "kernel", "#!/bin/sh\nrun-parts --arg=6.1 /etc/kernel/postinst.d")
    done = gated.ssh(f"dpkg -i {kernel}")
    assert done.returncode == 0, done.stderr
    settled(gated, 3)
    gated.ssh("dpkg -P plain kernel")


def test_the_gate_looks_when_the_last_package_manager_has_let_go(gated):
    applied(gated)
    slow = package(gated, "slow", "#!/bin/sh\ntouch /root/gate-in-postinst; sleep 4")
    command = f"nohup apt-get install -y {slow} >/dev/null 2>&1 </dev/null &"
    gated.ssh(command)
    until = time.monotonic() + 20
    while gated.ssh("test -e /root/gate-in-postinst").returncode:
        assert time.monotonic() < until, "the package is not being configured"
        time.sleep(0.2)
    gated.ssh("touch /run/deeprig-kernel-gate.wanted")
    time.sleep(1)
    assert (state(gated), run_count(gated)) == ("activating", 1)
    waiting = gated.ssh("journalctl -u deeprig-kernel-gate -o cat").stdout
    assert "waiting for apt-get (pid " in waiting
    # One look answers this request and the one that apt itself made meanwhile.
    settled(gated, 2)
    gated.ssh("dpkg -P slow")


def test_a_request_during_a_look_is_answered_by_another_look(gated):
    applied(gated)
    gated.ssh("echo 2 > /root/gate-takes; touch /run/deeprig-kernel-gate.wanted")
    until = time.monotonic() + 20
    while run_count(gated) < 2:
        assert time.monotonic() < until
        time.sleep(0.1)
    gated.ssh("touch /run/deeprig-kernel-gate.wanted")
    settled(gated, 3)


def test_apt_and_dpkg_work_though_the_gate_fails_or_is_gone(gated):
    applied(gated)
    gated.ssh("echo 1 > /root/gate-exits")
    plain = package(gated, "plain", "#!/bin/sh\nrun-parts --arg=6.1 /etc/kernel/postinst.d")
    assert gated.ssh(f"apt-get install -y {plain}").returncode == 0
    settled(gated, 2)
    failed = checks(gated)["the gate's last run ended well"]
    assert failed["outcome"] == "fail"
    assert "Result=exit-code" in failed["evidence"]
    gated.ssh("rm -rf /opt/deeprig; mount -t tmpfs -o ro x /run/systemd/system")
    done = gated.ssh(f"apt-get install -y --reinstall {plain}")
    gated.ssh("umount /run/systemd/system")
    assert (done.returncode, "kernel-gate" in done.stdout + done.stderr) == (0, False)
    assert gated.ssh("dpkg --audit").stdout == ""
    gated.ssh("dpkg -P plain")


@pytest.mark.parametrize(
    ("damage", "check", "mending"),
    [
        ("systemctl stop deeprig-kernel-gate.timer", "deeprig-kernel-gate.timer is", START),
        ("systemctl disable deeprig-kernel-gate.path", "deeprig-kernel-gate.path is", START),
        (f"rm {APT_HOOK}", "apt asks the gate", "Let apt ask the gate"),
        (f"chmod a-x {KERNEL_HOOK}", "kernel packages ask", "Let kernel packages ask the gate"),
        (f"rm {PROGRAMS}", "the next kernel has a module", "Place deeprig's programs"),
    ],
)
def test_what_is_damaged_is_told_by_verify_and_mended_by_apply(gated, damage, check, mending):
    applied(gated)
    gated.ssh(damage)
    bad = {name for name, c in checks(gated).items() if c["outcome"] != "pass"}
    assert any(name.startswith(check) for name in bad)
    mended = changes(gated.json("apply"))
    assert mending in mended
    # The programs are those of this checkout, which somebody may be editing while the tests run.
    assert set(mended) <= {mending, "Ask the next-kernel gate", "Place deeprig's programs"}
    bad = {name for name, c in checks(gated).items() if c["outcome"] != "pass"}
    assert bad <= {"the next kernel has a module"}


#: The real grub-mkconfig writes the menu; only what asks about the disk is simulated.
_GRUB = """set -e
export DEBIAN_FRONTEND=noninteractive
apt-get update -q >/dev/null
apt-get install -y -q --no-install-recommends grub-common grub2-common >/dev/null
dpkg-divert --local --rename --divert /usr/sbin/grub-probe.real --add /usr/sbin/grub-probe
cat > /usr/sbin/grub-probe <<'END'
#!/bin/sh
# SIMULATED: a disk with an ext4 root (a container has none).
case "$*" in
  *target=device*) echo /dev/sda1 ;;
  *target=fs_uuid*) echo 01234567-89ab-cdef-0123-456789abcdef ;;
  *target=partuuid*) echo 01234567-01 ;;
  *target=fs*) echo ext2 ;;
  *target=partmap*) echo msdos ;;
esac
END
chmod 755 /usr/sbin/grub-probe
mkdir -p /boot/grub /etc/default/grub.d
printf 'GRUB_DEFAULT=0\\nGRUB_TIMEOUT=0\\nGRUB_DISABLE_OS_PROBER=true\\n' > /etc/default/grub
# As grub-pc has it, whose own installation wants a disk.
for kind in postinst postrm; do
  printf '#!/bin/sh\nexec update-grub\n' > /etc/kernel/$kind.d/zz-update-grub
  chmod 755 /etc/kernel/$kind.d/zz-update-grub
done
update-grub 2>/dev/null
"""
NEWER = "6.99.0-1-cloud-amd64"
#: A kernel package as Debian makes them, with the running kernel's image; it has no headers.
_KERNEL = f"""set -e
p=/root/debs/newer; mkdir -p $p/DEBIAN $p/boot $p/lib/modules/{NEWER}/kernel
cp $(ls /boot/vmlinuz-* | head -1) $p/boot/vmlinuz-{NEWER}
cp $(ls /boot/config-* | head -1) $p/boot/config-{NEWER}
touch $p/lib/modules/{NEWER}/modules.order $p/lib/modules/{NEWER}/modules.builtin
printf 'Package: linux-image-{NEWER}\\nVersion: 6.99-1\\nArchitecture: amd64\\n\
Maintainer: x <x@example.org>\\nDescription: SIMULATED newer kernel without headers\\n' \
> $p/DEBIAN/control
printf '%s\\n' '#!/bin/sh' 'set -e' 'depmod {NEWER}' \
'run-parts --arg={NEWER} --arg=/boot/vmlinuz-{NEWER} /etc/kernel/postinst.d' > $p/DEBIAN/postinst
printf '%s\n' '#!/bin/sh' 'set -e' 'test "$1" != remove || \
run-parts --arg={NEWER} --arg=/boot/vmlinuz-{NEWER} /etc/kernel/postrm.d' > $p/DEBIAN/postrm
chmod 755 $p/DEBIAN/postinst $p/DEBIAN/postrm
dpkg-deb -b $p /root/debs/newer.deb
apt-get install -y /root/debs/newer.deb
"""


def boots(gpu):
    """Return the kernel that GRUB's own menu takes: its default entry's, as grub.cfg says."""
    default = gpu.root("grep '^ *set default=' /boot/grub/grub.cfg | grep -v next_entry")
    kernels = gpu.root("ls /boot/vmlinuz-* | sed s,/boot/vmlinuz-,,").split()
    named = [kernel for kernel in kernels if kernel in default]
    return named[0] if named else f"the first ({default})"


def rested(gpu):
    """Wait until the gate has answered every request."""
    until = time.monotonic() + 180
    busy = (
        "test -e /run/deeprig-kernel-gate.wanted || "
        "test $(systemctl show -P ActiveState deeprig-kernel-gate.service) = activating"
    )
    while gpu.ssh("rig1", busy).returncode == 0:
        assert time.monotonic() < until
        time.sleep(0.3)


def test_a_newer_kernel_without_headers_does_not_become_the_default_and_the_host_says_so(gpu):
    """The whole way, with the real gate: apt, GRUB's menu, the message at login, verify."""
    gpu.have_driver()
    gpu.root(_GRUB)
    gpu.write(
        "deploy/workstation.py",
        "from deeprig.compose import deploy_roles\ndeploy_roles('nvidia_driver', 'maintenance')\n",
    )
    gpu.declare(gpu.from_nvidia(branch="570"), roles=("maintenance",), maintenance=OFFLINE)
    gpu.run("apply")
    rested(gpu)
    before = {name: c["outcome"] for name, c in _maintenance_checks(gpu).items()}
    assert set(before.values()) == {"pass"}, before
    old = gpu.observe()["running_kernel"]

    gpu.root(_KERNEL)
    rested(gpu)
    assert boots(gpu) == old, _journal(gpu)
    motd = gpu.root("cat /etc/motd.d/*kernel-gate*")
    assert NEWER in motd
    assert old in motd
    found = _maintenance_checks(gpu)
    assert found["the next kernel has a module"]["outcome"] == "pass"
    barred = found["no newer kernel is kept from booting"]
    assert (barred["outcome"], NEWER in barred["evidence"]) == ("fail", True)
    assert barred["simulated"] is True
    assert gpu.json("verify", "--role", "maintenance", code=1)["hosts"][0]["status"] == "failed"
    # It stays so: another look, another apply change nothing.
    menu = gpu.root("sha256sum /boot/grub/grub.cfg")
    gpu.root("touch /run/deeprig-kernel-gate.wanted")
    rested(gpu)
    assert gpu.root("sha256sum /boot/grub/grub.cfg") == menu

    # Its headers come: the module is built, and the newest kernel is the default again.
    headers = f"ln -s $(readlink -f /lib/modules/{old}/build) /lib/modules/{NEWER}/build"
    gpu.root(f"{headers} && touch /run/deeprig-kernel-gate.wanted")
    rested(gpu)
    assert boots(gpu).startswith("the first"), _journal(gpu)
    assert gpu.ssh("rig1", "ls /etc/motd.d/*kernel-gate*").returncode != 0
    mended = _maintenance_checks(gpu)
    assert {check["outcome"] for check in mended.values()} == {"pass"}
    assert NEWER in mended["the next kernel has a module"]["evidence"]

    # The kernel goes again, and with it everything that the gate did.
    gpu.root(f"apt-get remove -y linux-image-{NEWER}")
    rested(gpu)
    assert (
        gpu.ssh("rig1", "ls /etc/motd.d/*kernel-gate* /etc/default/grub.d/*deeprig*").stdout == ""
    )
    after = {name: c["outcome"] for name, c in _maintenance_checks(gpu).items()}
    assert after == before


def _journal(gpu):
    done = gpu.ssh("rig1", "journalctl -u deeprig-kernel-gate -o cat; grep menuentry /boot/grub/*")
    return done.stdout + done.stderr


def _maintenance_checks(gpu):
    document = gpu.json("verify", "--role", "maintenance", code=None)
    return {check["name"]: check for check in document["hosts"][0]["checks"]}
