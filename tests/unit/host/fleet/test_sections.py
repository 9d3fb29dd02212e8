"""What a machine tells for comparison, from trees made here."""

from __future__ import annotations

import json
import os

import pytest
from deeprig_host.fleet import accounts, tell
from deeprig_host.fleet.__main__ import main
from deeprig_host.fleet.order import Order, order_of
from deeprig_host.fleet.tell import tell_state
from deeprig_host.machine.commands import Done, Machine


@pytest.fixture
def root(tmp_path):
    return tmp_path


def write(root, path, text, mode=0o644):
    target = root / path.lstrip("/")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text)
    target.chmod(mode)
    return target


def told(root, section, run=None, **order):
    machine = Machine(root, run) if run else Machine(root)
    return tell_state(machine, Order((section,), **order))


def values(root, section, **more):
    return told(root, section, **more)["sections"][section]


DPKG = """Package: dpkg
Status: install ok installed
Architecture: amd64
Version: 1.21

Package: curl
Status: hold ok installed
Architecture: amd64
Version: 7.88
Description: a tool
 of several lines
 Version: 9

Package: libc6
Status: install ok installed
Architecture: i386
Version: 2.36

Package: gone
Status: deinstall ok config-files
Architecture: amd64
Version: 1

Package: broken
Status: install reinstreq half-installed
Architecture: all
Version: 3
"""


def test_packages_have_version_hold_and_trouble(root):
    write(root, "/var/lib/dpkg/status", DPKG)
    assert values(root, "packages") == {
        "dpkg": "1.21",
        "curl": "7.88 (held)",
        "libc6:i386": "2.36",
        "broken": "3 (reinstreq half-installed)",
    }


def test_without_dpkg_packages_are_unknown(root):
    (entry,) = told(root, "packages")["unknown"]
    assert (entry["section"], entry["key"]) == ("packages", "")


def systemctl(files, units):
    def run(*words, **_options):
        out = files if "list-unit-files" in words else units
        return Done(words, 0 if out is not None else 1, out or "", "Failed to connect to bus")

    return run


FILES = """cron.service enabled enabled
ssh.service enabled enabled
apt-daily.service static -
getty@.service enabled enabled
nfs.service masked enabled
late.service disabled enabled
"""
UNITS = """Id=cron.service
Type=simple
ActiveState=inactive
UnitFileState=enabled
RemainAfterExit=no
Transient=no

Id=ssh.service
Type=notify
ActiveState=active
UnitFileState=enabled
RemainAfterExit=no
Transient=no

Id=apt-daily.service
Type=oneshot
ActiveState=activating
UnitFileState=static
RemainAfterExit=no
Transient=no

Id=gate.service
Type=oneshot
ActiveState=active
UnitFileState=enabled
RemainAfterExit=no
Transient=no

Id=run-u1.service
Type=simple
ActiveState=failed
UnitFileState=transient
RemainAfterExit=no
Transient=yes

Id=user@1000.service
Type=notify
ActiveState=active
UnitFileState=static
RemainAfterExit=no
Transient=no
"""


def test_units_tell_what_is_decided_and_what_failed_not_what_comes_and_goes(root):
    assert values(root, "units", run=systemctl(FILES, UNITS)) == {
        "cron.service": "enabled, stopped",
        "ssh.service": "enabled, running",
        "apt-daily.service": "static",
        "getty@.service": "enabled",
        "nfs.service": "masked",
        "late.service": "disabled, stopped",
        "gate.service": "enabled, runs when asked",
        "run-u1.service": "transient, failed",
    }


@pytest.mark.parametrize(("files", "units"), [(None, UNITS), (FILES, None)])
def test_without_systemd_units_are_unknown(root, files, units):
    answer = told(root, "units", run=systemctl(files, units))
    assert answer["sections"]["units"] == {}
    assert {entry["key"] for entry in answer["unknown"]} == {""}


def test_files_have_owner_mode_and_digest_and_closed_ones_no_digest(root):
    write(root, "/etc/sysctl.conf", "a")
    write(root, "/etc/sudoers", "secret", 0o440)
    write(root, "/opt/deeprig/x.conf", "x")
    (root / "etc/modprobe.d").mkdir()
    (root / "etc/modprobe.d/y.conf").symlink_to("/dev/null")
    found = values(root, "files", files=("/opt/deeprig/x.conf", "/not/there"))
    owner = found["/etc/sysctl.conf"].split()[0]
    assert found == {
        "/etc/sysctl.conf": f"{owner} 644 sha256 ca978112ca1bbdca",
        "/etc/sudoers": f"{owner} 440 closed to others, content not compared",
        "/opt/deeprig/x.conf": f"{owner} 644 sha256 2d711642b726b044",
        "/etc/modprobe.d/y.conf": "link to /dev/null",
    }


def test_a_file_that_differs_by_the_machines_own_name_only_is_the_same(tmp_path):
    digests = []
    for name, text in (
        ("gpu01", "I am gpu01, gpu01.lab and not gpu011\n"),
        ("gpu02", "I am gpu02, gpu02.lab and not gpu011\n"),
        ("gpu03", "I am gpu02, gpu03.lab and not gpu011\n"),
    ):
        write(tmp_path / name, "/etc/environment", text)
        digests.append(values(tmp_path / name, "files", names=(name,))["/etc/environment"])
    assert digests[0] == digests[1]
    assert digests[2] != digests[0]


def test_host_keys_of_sshd_are_left_out(root):
    write(root, "/etc/ssh/ssh_host_ed25519_key.pub", "mine")
    write(root, "/etc/ssh/sshd_config", "all's")
    assert list(values(root, "files")) == ["/etc/ssh/sshd_config"]


SHADOW = "root:!:1::::::\nada:$y$secret$hash:1::::::\nguest::1::::::\n"


def test_accounts_tell_numbers_of_people_and_no_password(root):
    write(
        root,
        "/etc/passwd",
        "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000:Ada:/home/ada:/bin/zsh\n"
        "guest:x:1001:1001::/home/guest:/bin/sh\nmail:x:112:120::/var/mail:/usr/sbin/nologin\n",
    )
    write(root, "/etc/group", "docker:x:998:ada\nada:x:1000:\n")
    write(root, "/etc/shadow", SHADOW, 0o600)
    write(root, "/home/ada/.ssh/authorized_keys", "# me\nssh-ed25519 AAAA ada@home\n")
    answer = told(root, "accounts")
    found = answer["sections"]["accounts"]
    assert found["user ada"] == "uid 1000 gid 1000 /home/ada /bin/zsh has a password"
    assert found["user guest"].endswith("no password needed")
    assert found["user root"] == "/root /bin/bash no password login"
    assert found["user mail"] == "/var/mail /usr/sbin/nologin"
    assert found["group docker"] == "members: ada"
    assert found["group ada"] == "gid 1000 members: none"
    assert found["keys of ada"].startswith("1, ")
    assert found["keys of guest"] == "none"
    assert "hash" not in json.dumps(answer)


def test_keys_are_compared_without_comments_and_order(root):
    write(root, "/etc/passwd", "a:x:1000:1000::/a:/bin/sh\nb:x:1001:1001::/b:/bin/sh\n")
    write(root, "/a/.ssh/authorized_keys", "ssh-ed25519 AAAA me\nssh-rsa BBBB you\n")
    write(root, "/b/.ssh/authorized_keys", "\nssh-rsa BBBB someone\nssh-ed25519 AAAA\n")
    found = values(root, "accounts")
    assert found["keys of a"] == found["keys of b"]


def test_a_fifo_in_place_of_keys_does_not_hold_us(root):
    write(root, "/etc/passwd", "a:x:1000:1000::/a:/bin/sh\n")
    (root / "a/.ssh").mkdir(parents=True)
    os.mkfifo(root / "a/.ssh/authorized_keys")
    assert values(root, "accounts")["keys of a"] == "no regular file"


def test_passwords_that_only_root_may_see_are_unknown(root, monkeypatch):
    write(root, "/etc/passwd", "a:x:1000:1000::/a:/bin/sh\n")

    def text(page, path):
        if path == "/etc/shadow":
            raise PermissionError(13, "Permission denied")
        return (root / path.lstrip("/")).read_text() if path == "/etc/passwd" else None

    monkeypatch.setattr(accounts.Page, "text", text)
    assert [entry["key"] for entry in told(root, "accounts")["unknown"]] == ["passwords"]


def test_environments_have_a_digest_and_their_packages(root):
    base = "/opt/conda/envs/torch"
    for record in ("numpy-2.1.0-py312_0", "python-3.12.1-h1_0"):
        write(root, f"{base}/conda-meta/{record}.json", "{}")
    for package in ("torch-2.9.0", "numpy-2.1.0"):
        write(root, f"{base}/lib/python3.12/site-packages/{package}.dist-info/METADATA", "")
    found = values(root, "environments", prefixes=("/opt/conda",))
    assert found.pop("torch").startswith("3 packages, ")
    assert found == {
        "torch: numpy": "2.1.0 py312_0",
        "torch: python": "3.12.1 h1_0",
        "torch: torch (pip)": "2.9.0",
    }


def test_kernel_settings_are_those_that_files_name(root):
    write(root, "/etc/sysctl.d/9.conf", "# no\nvm.swappiness=10\n-net/ipv4/x = 1\nnet.*.y = 2\n")
    write(root, "/proc/sys/vm/swappiness", "17\n")
    write(root, "/proc/sys/net/ipv4/x", "1\t2\n")
    found = values(root, "sysctl")
    assert found == {"vm.swappiness": "17", "net.ipv4.x": "1 2"}


def test_limits_are_those_of_logins_and_of_services(root):
    write(root, "/etc/security/limits.d/x.conf", "* soft nofile 5000 # more\n#* hard x 1\n")
    write(root, "/proc/1/limits", "Limit  Soft Hard Units\nMax open files  1024 4096 files\n")
    assert values(root, "limits") == {
        "* soft nofile": "5000",
        "services: max open files": "1024 4096 files",
    }


def test_the_driver_is_the_loaded_one_with_its_cards_firmware(root):
    write(
        root,
        "/proc/driver/nvidia/version",
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.65.06  Release Build\n",
    )
    card = "/proc/driver/nvidia/gpus/0000:01:00.0/information"
    write(root, card, "Model: \t NVIDIA RTX\nVideo BIOS: 95.02\nGPU UUID: GPU-1\n")
    write(root, "/usr/lib/x86_64-linux-gnu/libnvidia-ml.so.580.65.06", "")
    assert values(root, "driver") == {
        "loaded": "580.65.06 (open)",
        "library": "580.65.06",
        "gpu 0 model": "NVIDIA RTX",
        "gpu 0 video BIOS": "95.02",
    }
    assert values(root / "elsewhere", "driver") == {"loaded": "none"}


def test_toolkits_are_told_by_version(root):
    write(root, "/usr/local/cuda-13.0/version.json", '{"cuda": {"version": "13.0.2"}}')
    write(root, "/usr/local/cuda-12.8/readme", "")
    (root / "usr/local/cuda").symlink_to(root / "usr/local/cuda-13.0")
    assert values(root, "cuda") == {
        "/usr/local/cuda": "cuda-13.0",
        "cuda-13.0": "13.0.2",
        "cuda-12.8": "no version.json",
    }


def test_a_section_that_cannot_be_read_is_unknown_and_the_others_are_told(root):
    write(root, "/usr/local/cuda-13.0/version.json", "{")
    write(root, "/var/lib/dpkg/status", DPKG)
    answer = tell_state(Machine(root), Order(("cuda", "packages", "nonsense")))
    assert [(e["section"], e["key"]) for e in answer["unknown"]] == [("cuda", ""), ("nonsense", "")]
    assert len(answer["sections"]["packages"]) == 4


def test_long_values_that_begin_alike_are_told_apart(root):
    found = []
    for end in ("a", "b"):
        write(root, "/proc/cmdline", "x" * 1000 + end)
        found.append(values(root, "kernel")["command line"])
    assert found[0] != found[1]
    assert max(map(len, found)) < 500


def test_the_command_line_without_what_names_own_disks(root):
    write(root, "/proc/cmdline", "BOOT_IMAGE=/vmlinuz root=UUID=1 ro quiet iommu=pt")
    assert values(root, "kernel")["command line"] == "ro quiet iommu=pt"


def test_every_section_of_the_controller_is_known_here():
    from deeprig.fleet.sections import SECTIONS

    assert tuple(tell.SECTIONS) == tuple(SECTIONS)


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"sections": "os"}', '{"sections": [], "x": []}']
)
def test_an_order_that_is_none_is_refused(text):
    with pytest.raises(ValueError, match=r".+"):
        order_of(text)


def test_the_program_prints_one_json_object(root, capsys):
    write(root, "/var/lib/dpkg/status", DPKG)
    assert main([f"--root={root}", '{"sections": ["packages"]}']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    assert json.loads(lines[0])["schema"] == "deeprig.fleet-state/1"
