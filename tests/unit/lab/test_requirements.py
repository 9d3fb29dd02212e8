"""What a lab needs is checked first, and what is missing is named with its remedy."""

import os

import pytest

from deeprig.errors import UsageProblem
from deeprig.lab import requirements
from deeprig.lab.image import image_of


def test_without_root_the_remedies_are_sudo_and_vagrant(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(UsageProblem, match="need root") as caught:
        requirements.check_requirements()
    assert "sudo" in str(caught.value)
    assert "Vagrant" in str(caught.value)


def test_missing_programs_are_named_by_their_packages(monkeypatch):
    present = {"ip", "unshare", "ssh", "ssh-keygen", "apt-get"}
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


def test_an_unknown_operating_system_lists_the_known(tmp_path):
    with pytest.raises(UsageProblem, match="debian12, debian13"):
        image_of("windows", "x", cache=tmp_path)


def test_a_kernel_that_cannot_end_a_cgroup_is_told():
    with pytest.raises(UsageProblem, match=r"Linux 5\.10 cannot"):
        requirements.check_kernel(release="5.10.0-9-amd64")
    requirements.check_kernel(release="6.1.0")
