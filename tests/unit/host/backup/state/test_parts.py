"""The parts of a state beside packages and conda: accounts, files, versions."""

import json
import os

import pytest
from deeprig_host.backup import state_files


def only_reason(captured, part):
    (reason,) = (one for one in captured.reasons if one.startswith(part))
    return reason


def test_users_and_groups_have_names_and_numbers_and_never_a_hash(rig):
    rig.write("/etc/shadow", "ada:$y$secret:1::::::\n")
    rig.capture()
    told = json.loads(rig.text("accounts.json"))
    assert told["users"][0] == {
        "name": "ada",
        "uid": 1000,
        "gid": 1000,
        "home": "/home/ada",
        "shell": "/bin/zsh",
    }
    assert {"name": "video", "gid": 44, "members": ["ada"]} in told["groups"]
    everything = b"".join(content for content, _ in rig.files().values())
    assert b"$6$" not in everything
    assert b"$1$" not in everything
    assert b"$y$" not in everything


@pytest.mark.parametrize("line", ["bob:$6$hash:1001", "bob:$6$hash:x:1001:Bob:/home/bob:/bin/sh"])
def test_a_passwd_that_is_no_passwd_is_told_without_its_hashes(rig, line):
    rig.write("/etc/passwd", f"root:x:0:0:root:/root:/bin/bash\n{line}\n")
    reason = only_reason(rig.capture(), "accounts")
    assert "pwck" in reason
    assert "$6$" not in reason


def test_lines_for_nis_are_nobodys_account(rig):
    file = rig.machine.path("/etc/passwd")
    file.write_text(file.read_text() + "+::::::\n")
    assert rig.capture().is_whole


def test_package_sources_are_copied_through_links_and_passwords_are_not(rig):
    rig.write("/etc/apt/sources.list.d/lab.sources", "Types: deb\n")
    rig.write("/etc/apt/auth.conf", "machine mirror login ada password hunter2\n")
    rig.write("/srv/lab.list", "deb mirror\n")
    rig.machine.path("/etc/apt/sources.list.d/lab.list").symlink_to("/srv/lab.list")
    rig.machine.path("/etc/apt/sources.list.d/dead.list").symlink_to("/nowhere")
    assert rig.capture().is_whole
    assert rig.text("files/etc/apt/sources.list.d/lab.list") == "deb mirror\n"
    assert not any("auth.conf" in path or "dead" in path for path in rig.files())


def test_a_directory_among_the_files_is_none_of_them(rig):
    rig.write("/etc/cron.d/old/job", "@daily root true\n")
    assert rig.capture().is_whole
    assert not any("cron.d" in path for path in rig.files())


def test_files_that_are_too_much_together_are_told(rig, monkeypatch):
    monkeypatch.setattr(state_files, "_ALL_BYTES", 20)
    assert "over 0 MiB" in only_reason(rig.capture(), "files")


def test_a_pipe_in_place_of_a_file_does_not_stop_the_capture(rig):
    os.mkfifo(rig.machine.path("/etc/netplan/pipe.yaml"))
    assert "no regular file" in only_reason(rig.capture(), "files")


def test_a_file_that_is_too_large_is_told(rig):
    with rig.machine.path("/etc/netplan/large.yaml").open("wb") as file:
        file.truncate(5 << 20)
    assert "larger than 4096 KiB" in only_reason(rig.capture(), "files")


def test_driver_and_toolkits_are_read_and_links_are_no_toolkits(rig):
    rig.write("/sys/module/nvidia/version", "550.54.14\n")
    rig.write("/proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX Open Kernel Module\n")
    rig.write("/usr/local/cuda-12.4/version.json", '{"cuda": {"version": "12.4.1"}}')
    rig.write("/usr/local/cuda-13.0/bin/nvcc", "")
    local = rig.machine.path("/usr/local")
    (local / "cuda-12").symlink_to("cuda-12.4")
    rig.write("/etc/alternatives/README", "")
    rig.machine.path("/etc/alternatives/cuda").symlink_to("/usr/local/cuda-12.4")
    (local / "cuda").symlink_to("/etc/alternatives/cuda")
    rig.capture()
    told = rig.state().machine
    assert (told["driver"], told["driver_is_open"]) == ("550.54.14", True)
    assert told["cuda_toolkits"] == {"cuda-12.4": "12.4.1", "cuda-13.0": None}
    assert told["cuda_default"] == "cuda-12.4"


def test_deeprigs_own_environment_is_named_by_its_digest(rig):
    rig.write("/opt/deeprig/environments/0a1b2c/contents.json", "{}")
    rig.machine.path("/opt/deeprig/environment").symlink_to("/opt/deeprig/environments/0a1b2c")
    rig.capture()
    assert rig.state().machine["deeprig_environment"] == "0a1b2c"
