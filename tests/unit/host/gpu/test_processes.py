"""Who uses a GPU, by user; local names only."""

import os
import subprocess

import psutil
import pytest
from deeprig_host.gpu.processes import UNKNOWN_USER, GpuProcess, Owners, UserShare, shares
from deeprig_host.machine.commands import Machine

USERS = """root:x:0:0:root:/root:/bin/bash
ada:x:1000:1000:Ada:/home/ada:/bin/bash
again:x:1000:1000:the same number:/:/bin/sh
broken line
"""


@pytest.fixture
def machine(tmp_path, monkeypatch):
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/passwd").write_text(USERS)
    for pid, uids in ((7, (1000, 0)), (8, (54321, 54321))):
        add_process(tmp_path, pid, *uids)
    monkeypatch.setattr(psutil, "PROCFS_PATH", str(tmp_path / "proc"))
    return Machine(tmp_path)


def add_process(root, pid, real, effective):
    directory = root / f"proc/{pid}"
    directory.mkdir(parents=True)
    (directory / "stat").write_text(f"{pid} (a ) b) S {' '.join(['1'] * 49)}\n")
    uids = f"{real}\t{effective}\t{effective}\t{effective}"
    (directory / "status").write_text(f"Name:\ta ) b\nUid:\t{uids}\nGid:\t0\t0\t0\t0\n")


@pytest.mark.parametrize(
    ("pid", "user"),
    [
        (7, "ada"),  # the real user, not the effective one; the first name of a number
        (8, "uid:54321"),  # a directory service's, which is not asked
        (10, UNKNOWN_USER),
    ],
)
def test_a_process_belongs_to_its_real_user(machine, pid, user):
    assert Owners(machine)(pid) == user


def test_a_machine_without_users_tells_numbers(machine):
    machine.path("/etc/passwd").unlink()
    assert Owners(machine)(7) == "uid:1000"


def test_a_real_process_and_one_that_has_ended(tmp_path):
    with subprocess.Popen(("true",)) as process:
        process.wait(timeout=60)
    owner = Owners(Machine(tmp_path))
    assert owner(os.getpid()) == f"uid:{os.getuid()}"
    assert owner(process.pid) == UNKNOWN_USER


def test_a_process_that_is_not_ours_to_see_is_nobodys(monkeypatch, tmp_path):
    def refused(pid):
        raise psutil.AccessDenied(pid)

    monkeypatch.setattr(psutil, "Process", refused)
    assert Owners(Machine(tmp_path))(7) == UNKNOWN_USER


def test_shares_are_by_user_and_a_memory_that_is_not_known_of_one_is_of_none():
    processes = [GpuProcess(1, 10), GpuProcess(2, 5), GpuProcess(3, None), GpuProcess(4, 7)]
    owner = {1: "root", 2: "ada", 3: "ada", 4: "root"}.__getitem__
    assert shares(processes, owner) == (UserShare("ada", 2, None), UserShare("root", 2, 17))
    assert shares((), owner) == ()
