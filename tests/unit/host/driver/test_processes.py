"""Who uses a GPU and who holds apt's locks, by fixtures of /proc and by a real lock."""

import fcntl
import json
import os
import subprocess
import sys

from deeprig_host.driver.__main__ import main
from deeprig_host.driver.holders import holder_text, holders
from deeprig_host.driver.locks import apt_lock_holder

LOCK = "/var/lib/dpkg/lock-frontend"


def process(rig, pid, command, *devices, cgroup="0::/user.slice\n", uid=0, maps="", started=0):
    base = f"/proc/{pid}"
    rig.write(f"{base}/cmdline", command.replace(" ", "\0") + "\0")
    rig.write(f"{base}/comm", command.split()[0].rpartition("/")[2] + "\n")
    rig.write(f"{base}/status", f"Name:\tx\nUid:\t1000\t{uid}\t{uid}\t{uid}\n")
    ticks = started * os.sysconf("SC_CLK_TCK")
    rig.write(f"{base}/stat", f"{pid} (a b) c) S " + "0 " * 18 + f"{ticks} 0 0\n")
    rig.write(f"{base}/cgroup", cgroup)
    rig.write(f"{base}/maps", maps)
    (rig.root / f"proc/{pid}/fd").mkdir()
    for number, device in enumerate(devices):
        (rig.root / f"proc/{pid}/fd/{number}").symlink_to(device)


def test_a_training_run_is_named_with_user_age_and_device(rig):
    process(rig, 70, "python train.py", "/dev/nvidiactl", "/dev/nvidia1", started=400)
    assert holders(rig.machine) == [
        {
            "pid": 70,
            "user": "root",
            "command": "python train.py",
            "age_seconds": 600,
            "device": "/dev/nvidia1",
            "container": None,
        }
    ]
    told = holder_text(holders(rig.machine)[0])
    assert told == "python train.py (pid 70, root, since 10 min) has /dev/nvidia1"


def test_control_devices_and_mappings_count_too(rig):
    process(rig, 5, "a", "/dev/nvidia-uvm")
    process(rig, 6, "b", maps="7f00-7f01 rw-s 0 00:06 1   /dev/nvidia0\n")
    process(rig, 7, "c", "/dev/null", maps="7f00-7f01 r--p 0 00:06 1 /usr/lib/libc.so.6\n")
    assert [(h["pid"], h["device"]) for h in holders(rig.machine)] == [
        (5, "/dev/nvidia-uvm"),
        (6, "/dev/nvidia0"),
    ]


def test_containers_are_named(rig):
    identity = "0123456789abcdef" * 4
    groups = {
        f"0::/system.slice/docker-{identity}.scope": "docker 0123456789ab",
        f"0::/docker/{identity}": "docker 0123456789ab",
        f"0::/machine.slice/libpod-{identity}.scope/c": "podman 0123456789ab",
        f"0::/kubepods.slice/x/cri-containerd-{identity}.scope": "containerd 0123456789ab",
        "0::/lxc.payload.lab/x": "lxc lab",
        "0::/machine.slice/systemd-nspawn@box.service/x": "machine box",
        "0::/user.slice/user-1000.slice/session-2.scope": None,
    }
    for pid, group in enumerate(groups, 100):
        process(rig, pid, "x", "/dev/nvidia0", cgroup=group + "\n")
    assert [h["container"] for h in holders(rig.machine)] == list(groups.values())


def test_the_drivers_own_services_hold_back_nobody(rig):
    process(rig, 8, "/usr/bin/nvidia-persistenced --verbose", "/dev/nvidia0")
    process(rig, 9, "/home/me/nvidia-persistenced-like", "/dev/nvidia0")
    python = "/opt/deeprig/environment/bin/python"
    process(rig, 10, f"{python} -m deeprig_host.cooling run", "/dev/nvidiactl")
    process(rig, 11, f"{python} -I -m deeprig_host.metrics --every 15", "/dev/nvidia0")
    process(rig, 14, f"{python} -I train.py -m deeprig_host.cooling", "/dev/nvidia0")
    process(rig, 15, f"{python} -I -m deeprig_host.burn run", "/dev/nvidia0")
    process(rig, 16, python, "/dev/nvidia0")
    process(rig, 12, f"{python} train.py -m deeprig_host.cooling", "/dev/nvidia0")
    process(rig, 13, "/home/me/python -m deeprig_host.cooling run", "/dev/nvidia0")
    assert [h["pid"] for h in holders(rig.machine)] == [9, 12, 13, 14, 15, 16]


def test_a_user_without_a_name_is_told_by_number_and_long_commands_are_shortened(rig):
    process(rig, 8, "python " + "x" * 500, "/dev/nvidia0", uid=4_000_000)
    (found,) = holders(rig.machine)
    assert found["user"] == "4000000"
    assert (len(found["command"]), found["command"][-1]) == (120, "…")


def test_the_command_prints_a_list(rig, capsys):
    process(rig, 70, "python train.py", "/dev/nvidia1")
    assert main(["--root", str(rig.root), "holders"]) == 0
    assert [h["pid"] for h in json.loads(capsys.readouterr().out)] == [70]


def test_nobody_holds_a_lock_that_is_free(rig):
    assert apt_lock_holder(rig.machine) is None
    rig.write(LOCK, "")
    assert apt_lock_holder(rig.machine) is None


def test_the_holder_of_a_real_lock_is_found_by_its_pid(rig):
    path = rig.write(LOCK, "")
    take = f"import fcntl; f = open({str(path)!r}, 'w'); fcntl.lockf(f, fcntl.LOCK_EX); "
    take += "print('held', flush=True); input()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", take], stdin=pipe, stdout=pipe) as other:
        assert other.stdout.readline() == b"held\n"
        process(rig, other.pid, "apt-get install x", started=820)
        told = apt_lock_holder(rig.machine)
        other.communicate(b"\n")
    assert told == f"apt-get (pid {other.pid}, root, since 3 min)"
    with path.open("w") as file:  # and we did not take it: it is free again
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
