"""The lock: each project at one version, one wheel for each machine."""

import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from deeprig.errors import DeeprigError
from deeprig.wheels.lock import LockedWheel, read_lock

HOST = Path(__file__).parents[3] / "host"
MACHINES = ("x86_64", "aarch64")
A, B = "a" * 64, "b" * 64


@pytest.fixture
def lock(tmp_path):
    def write(text):
        path = tmp_path / "requirements.lock"
        path.write_text(text)
        return path

    return write


def test_our_lock_has_one_wheel_of_each_project_for_each_machine():
    found = {machine: read_lock(HOST / "requirements.lock", machine) for machine in MACHINES}
    for wheels in found.values():
        assert [wheel.project for wheel in wheels] == [
            "nvidia-ml-py",
            "prometheus-client",
            "psutil",
        ]
    x86, arm = found.values()
    assert x86[:2] == arm[:2]
    assert x86[2].sha256 != arm[2].sha256


def test_our_lock_has_what_the_distribution_declares():
    text = (HOST / "pyproject.toml").read_text()
    declared = re.search(r"^dependencies = \[(.*?)\]", text, re.DOTALL | re.MULTILINE)
    requirements = [Requirement(found) for found in re.findall(r'"([^"]+)"', declared[1])]
    locked = {w.project: w.version for w in read_lock(HOST / "requirements.lock", "x86_64")}
    assert {requirement.name for requirement in requirements} == set(locked)
    for requirement in requirements:
        assert requirement.specifier.contains(locked[requirement.name])


def test_the_documentation_names_what_is_locked():
    text = (HOST.parent / "docs/host-programs.md").read_text()
    for wheel in read_lock(HOST / "requirements.lock", "x86_64"):
        assert f"{wheel.project}=={wheel.version}" in text


def test_a_marker_chooses_the_machine(lock):
    path = lock(
        f"# a comment\n\nSome.Thing==1.0 \\\n    --hash=sha256:{A}\n"
        f'other==2 ; platform_machine == "x86_64" --hash=sha256:{A}\n'
        f'other==2 ; platform_machine == "aarch64" --hash=sha256:{B}\n'
    )
    assert read_lock(path, "aarch64") == (
        LockedWheel("some-thing", "1.0", A),
        LockedWheel("other", "2", B),
    )
    with pytest.raises(DeeprigError, match="no wheel of other for riscv64"):
        read_lock(path, "riscv64")


@pytest.mark.parametrize(
    "line",
    [
        "some==1",
        f"some --hash=sha256:{A}",
        f"some>=1 --hash=sha256:{A}",
        f"some==1 --hash=sha256:{A} --hash=sha256:{B}",
        f"some==1 --hash=sha256:{A[:-1]}",
        f"some==1 --hash=md5:{A}",
        f"some=1 --hash=sha256:{A}",
        f"some==1 --hash=sha256:{A}\nsome==1 --hash=sha256:{B}",
    ],
)
def test_what_is_not_one_wheel_is_refused(lock, line):
    with pytest.raises(DeeprigError, match=r"requirements\.lock"):
        read_lock(lock(line + "\n"), "x86_64")
