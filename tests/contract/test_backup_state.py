"""A captured state against what tells it otherwise: dpkg and apt-mark of this machine, conda, pip.

conda is the stand-in of ``tests/channel``; the environments and pip in them are real.
"""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.channel.api import DEFAULT_CACHE, build

sys.path.insert(0, str(Path(__file__).parents[2] / "host"))

from deeprig_host.backup import state_store
from deeprig_host.backup.compare import compare, is_rebuilt
from deeprig_host.backup.state import capture
from deeprig_host.backup.state_packages import packages_part
from deeprig_host.backup.state_read import read_state
from deeprig_host.machine.commands import Machine

from roles.conda.locks import parse_conda_lock

WHEEL = "lab_tool-1.5-py3-none-any.whl"


def told_by(*words: str | Path) -> str:
    return subprocess.run(words, capture_output=True, text=True, check=True, cwd="/").stdout


@pytest.fixture(scope="module")
def here() -> dict[str, list[str]]:
    files = packages_part(Machine(Path("/"))).make()
    return {Path(file.path).stem: file.content.decode().splitlines() for file in files}


def test_selections_are_dpkgs_own(here):
    told = (line.split("\t") for line in told_by("dpkg", "--get-selections").splitlines())
    assert here["selections"] == [f"{line[0]}\t{line[-1]}" for line in told]


def test_chosen_and_held_packages_are_apt_marks_own(here):
    """apt names the architecture of foreign packages only, dpkg also of those that may be many."""
    chosen = told_by("apt-mark", "showmanual").split()
    assert [name.partition(":")[0] for name in here["manual"]] == sorted(
        name.partition(":")[0] for name in chosen
    )
    held = told_by("apt-mark", "showhold").split()
    assert [name.partition(":")[0] for name in here["held"]] == sorted(
        name.partition(":")[0] for name in held
    )


@dataclass(frozen=True)
class Lab:
    """A machine whose only prefix is an installation of the stand-in."""

    machine: Machine
    prefix: Path
    url: str

    def conda(self, *words: str | Path) -> str:
        return told_by(self.prefix / "bin/conda", *words)

    def capture(self):
        captured = capture(self.machine, (f"/{self.prefix.relative_to(self.machine.root)}",))
        assert captured.is_whole, captured.reasons
        return read_state(self.directory)

    @property
    def directory(self) -> Path:
        return self.machine.path(state_store.DIRECTORY)

    def file(self, name: str) -> Path:
        (found,) = self.directory.glob(f"environments/*-envs-work-*/{name}")
        return found


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Lab:
    channel = build(DEFAULT_CACHE / "out")
    root = tmp_path_factory.mktemp("state")
    prefix = root / "opt/conda"
    prefix.parent.mkdir()
    subprocess.run(["sh", channel.installer, "-b", "-p", prefix], check=True, capture_output=True)
    for name in ("etc/passwd", "etc/group", "etc/hostname", "var/lib/dpkg/status"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(Path("/", name).read_bytes())
    (root / "var/lib/dpkg/updates").mkdir()
    lab = Lab(Machine(root), prefix, channel.channel.as_uri())
    packages = ("python=3.11", "pip", "six=1.16.0")
    lab.conda(
        "create", "-y", "-p", prefix / "envs/work", "--override-channels", "-c", lab.url, *packages
    )
    return lab


def test_a_lock_is_condas_own_list(lab):
    lab.capture()
    told = lab.conda("list", "-p", lab.prefix / "envs/work", "--explicit", "--md5").splitlines()
    ours = lab.file("explicit.txt").read_text().splitlines()
    assert sorted(ours[ours.index("@EXPLICIT") :]) == sorted(told[told.index("@EXPLICIT") :])


def test_a_captured_lock_is_one_that_an_inventory_takes(lab):
    """So that an environment can be declared exactly as it was (docs/backup-rebuild.md)."""
    lab.capture()
    path = lab.file("explicit.txt")
    lock = parse_conda_lock(path.read_text(), path)
    assert any(name.startswith("six-1.16.0-") for name in lock.files)


def test_pips_list_is_pips_own(lab, tmp_path):
    """Less what conda brought: pip tells that by where it once was built."""
    python = lab.prefix / "envs/work/bin/python"
    before = set(told_by(python, "-m", "pip", "freeze").splitlines())
    told_by(python, "-m", "pip", "install", "--no-index", "--no-deps", wheel(tmp_path))
    after = set(told_by(python, "-m", "pip", "freeze").splitlines())
    lab.capture()
    assert set(lab.file("pip.txt").read_text().splitlines()) == after - before
    told_by(python, "-m", "pip", "uninstall", "-y", "lab_tool")
    lab.capture()
    assert lab.file("pip.txt").read_text() == ""


def test_an_environment_made_anew_from_its_lock_is_the_same(lab, tmp_path):
    before = lab.capture()
    lock = tmp_path / "explicit.txt"
    lock.write_bytes(lab.file("explicit.txt").read_bytes())
    path = lab.prefix / "envs/work"
    path.rename(tmp_path / "lost")
    assert not is_rebuilt(compare(before, lab.capture()))
    lab.conda("create", "-y", "-p", path, "--file", lock)
    findings = compare(before, lab.capture())
    assert is_rebuilt(findings), [str(one) for one in findings if not one.is_good]


def test_an_unchanged_state_gives_restic_nothing_new(lab, restic, tmp_path):
    (tmp_path / "password").write_text("state-password\n")
    repository = ("-r", tmp_path / "repository", "--password-file", tmp_path / "password")

    def backed_up() -> dict[str, int]:
        lab.capture()
        told = told_by(restic, *repository, "--no-cache", "--json", "backup", lab.directory)
        return json.loads(told.splitlines()[-1])

    told_by(restic, *repository, "--no-cache", "init")
    assert backed_up()["files_new"] > 0
    again = backed_up()
    assert (again["files_new"], again["files_changed"], again["data_blobs"]) == (0, 0, 0)
    (lab.machine.root / "etc/hostname").write_text(f"{tmp_path.name}\n")
    changed = backed_up()
    assert changed["files_changed"] == 2  # the copy, and the index


def wheel(directory: Path) -> Path:
    """A wheel of nothing but its metadata."""
    path, info = directory / WHEEL, "lab_tool-1.5.dist-info"
    metadata = "Metadata-Version: 2.1\nName: lab_tool\nVersion: 1.5\n"
    tag = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    names = (f"{info}/METADATA", f"{info}/WHEEL", f"{info}/RECORD")
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(names[0], metadata)
        archive.writestr(names[1], tag)
        archive.writestr(names[2], "".join(f"{name},,\n" for name in names))
    return path
