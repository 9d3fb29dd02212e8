"""What a lab needs is checked first, and what is missing is named with its remedy."""

import os

import pytest

from deeprig.errors import UsageProblem
from deeprig.lab import requirements


def test_without_root_the_remedies_are_sudo_and_vagrant(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UsageProblem, match="need root") as caught:
        requirements.check_requirements()
    assert "sudo" in str(caught.value)
    assert "Vagrant" in str(caught.value)


def test_missing_programs_are_named_by_their_packages(monkeypatch):
    present = {"ip", "unshare", "setsid", "ssh", "ssh-keygen", "apt-get"}
    monkeypatch.setattr(requirements.shutil, "which", lambda name: name in present or None)
    with pytest.raises(UsageProblem, match="mmdebstrap, systemd-container") as caught:
        requirements.check_programs()
    assert "apt-get install mmdebstrap systemd-container" in str(caught.value)


@pytest.mark.parametrize("lacking", ["overlay", "cgroup2"])
def test_a_kernel_without_a_file_system_is_told(tmp_path, lacking):
    known = {"overlay", "cgroup2", "ext4"} - {lacking}
    (tmp_path / "filesystems").write_text("".join(f"nodev\t{name}\n" for name in known))
    namespaces = tmp_path / "self/ns"
    namespaces.mkdir(parents=True)
    for name in ("net", "mnt", "pid"):
        (namespaces / name).touch()
    with pytest.raises(UsageProblem, match=f"lacks {lacking}"):
        requirements.check_kernel(tmp_path)
    (tmp_path / "filesystems").write_text("nodev\toverlay\nnodev\tcgroup2\n")
    requirements.check_kernel(tmp_path)
    (namespaces / "net").unlink()
    with pytest.raises(UsageProblem, match="lacks net"):
        requirements.check_kernel(tmp_path)


def test_missing_archive_keys_are_a_missing_package(tmp_path, monkeypatch):
    """Ubuntu has no keys of Debian's archive unless this package is there."""
    monkeypatch.setattr(requirements.shutil, "which", lambda name: name)
    with pytest.raises(UsageProblem, match="missing: debian-archive-keyring") as caught:
        requirements.check_programs(tmp_path)
    assert "apt-get install debian-archive-keyring" in str(caught.value)
    keys = tmp_path / "usr/share/keyrings"
    keys.mkdir(parents=True)
    (keys / "debian-archive-keyring.gpg").touch()
    requirements.check_programs(tmp_path)


@pytest.mark.parametrize(("before", "after", "says"), [(128, 8192, 1), (100000, 100000, 0)])
def test_the_inotify_limit_is_raised_when_it_is_low_and_that_is_said(tmp_path, before, after, says):
    limit = tmp_path / "max_user_instances"
    limit.write_text(f"{before}\n")
    notes = []
    requirements.raise_inotify_limit(notes.append, limit)
    assert int(limit.read_text()) == after
    assert len(notes) == says


def test_a_kernel_that_cannot_end_a_cgroup_is_told():
    with pytest.raises(UsageProblem, match=r"Linux 5\.10 cannot"):
        requirements.check_kernel(release="5.10.0-9-amd64")
    requirements.check_kernel(release="6.1.0")
