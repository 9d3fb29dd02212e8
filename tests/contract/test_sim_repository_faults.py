"""Broken repositories, seen by the real apt: each is refused, in apt's own words."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.sim.repository import api, faults, private_apt
from tests.sim.repository.private_apt import AptFailed, PrivateApt


@pytest.fixture(scope="module")
def repositories(tmp_path_factory) -> api.SimRepositories:
    return api.build(tmp_path_factory.mktemp("sim"))


@pytest.fixture
def directory(repositories, tmp_path) -> Path:
    """A copy of the flat repository, to be broken."""
    return faults.copy_of(repositories.nvidia_directory("ubuntu2404"), tmp_path / "copy")


@pytest.fixture
def apt(repositories, directory, tmp_path) -> PrivateApt:
    source = f"deb [signed-by={repositories.public_key}] file:{directory}/ /\n"
    return private_apt.make(tmp_path / "apt", source)


def test_an_unbroken_copy_is_read_and_fetched_from(apt):
    apt.update()
    assert "2026.02.11-1" in apt.policy("nvlsm")
    apt.fetch("nvlsm")  # raises on any doubt about the file


@pytest.mark.parametrize(
    ("break_it", "words"),
    [
        (faults.truncate_debs, "unexpected size|Size mismatch|Hash Sum mismatch"),
        (faults.damage_debs, "Hash Sum mismatch|hashes"),
        (faults.remove_debs, "No such file|Failed to fetch"),
    ],
)
def test_a_broken_deb_is_refused(apt, directory, break_it, words):
    break_it(directory, "libnvidia-compute-580_580.126.20-*")
    apt.update()
    with pytest.raises(AptFailed, match=words):
        apt.fetch("libnvidia-compute-580=580.126.20-1ubuntu1")


def test_breaking_the_copy_leaves_the_original(repositories, directory):
    name = "libnvidia-compute-580_580.126.20-1ubuntu1_amd64.deb"
    before = (repositories.nvidia_directory("ubuntu2404") / name).read_bytes()
    faults.damage_debs(directory, name)
    assert (directory / name).read_bytes() != before
    assert (repositories.nvidia_directory("ubuntu2404") / name).read_bytes() == before


def test_nothing_to_break_is_an_error(directory):
    with pytest.raises(ValueError, match="no-such-package"):
        faults.remove_debs(directory, "no-such-package_*")


def test_an_unsigned_repository_is_refused(apt, directory):
    faults.remove_signatures(directory)
    with pytest.raises(AptFailed, match="is not signed"):
        apt.update()


def test_a_strangers_signature_is_refused(repositories, apt, directory):
    stranger = faults.sign_as_stranger(directory)
    assert stranger != repositories.fingerprint
    with pytest.raises(AptFailed, match=r"NO_PUBKEY|not signed"):
        apt.update()


def test_a_new_driver_appears_in_the_repository(repositories, apt, directory):
    packages = faults.new_driver("580.160.01", repositories.programs)
    faults.add_packages(directory, packages, repositories.key)
    apt.update()
    assert "580.160.01-1ubuntu1" in apt.policy("nvidia-driver-580-open")
    assert "580.160.01-1" in apt.policy("nvidia-driver-pinning-580.160.01")


def test_a_withdrawn_version_is_gone_and_the_others_stay(repositories, apt, directory):
    faults.withdraw_packages(directory, "*_580.126.20-*", repositories.key)
    apt.update()
    policy = apt.policy("nvidia-driver-580-open")
    assert "580.126.20" not in policy
    assert "580.105.08-0ubuntu1" in policy
    assert "580.159.04-1ubuntu1" in policy


def test_a_failing_postinst_must_be_of_a_package_there_is(repositories):
    with pytest.raises(ValueError, match="there is no package nvidia-nothing-580"):
        faults.new_driver("580.160.01", repositories.programs, failing_postinst_of="nvidia-nothing")


def test_a_foreign_package_is_in_the_way_of_the_driver(apt, tmp_path):
    """A .deb from nowhere, installed: here it excludes the library that a driver needs."""
    deb = faults.foreign_package(
        tmp_path / "foreign", "studio-gpu-runtime", "1.0", conflicts=("libnvidia-compute",)
    )
    control = subprocess.run(
        ["dpkg-deb", "--field", str(deb)], check=True, capture_output=True, text=True
    ).stdout
    assert "Conflicts: libnvidia-compute\n" in control
    first, _, rest = control.partition("\n")
    held = f"{first}\nStatus: hold ok installed\n{rest}"
    (apt.root / "status").write_text(held, encoding="utf-8")
    apt.update()
    with pytest.raises(AptFailed, match="may be caused by held packages"):
        apt.simulate("install", "libnvidia-compute")
