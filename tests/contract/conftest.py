"""Real programs that contract tests ask."""

import shutil
import subprocess

import pytest


@pytest.fixture(scope="session")
def promtool(tmp_path_factory):
    """Prometheus' own checker."""
    return _program(tmp_path_factory, "promtool", "prometheus")


@pytest.fixture(scope="session")
def restic(tmp_path_factory):
    """The restic of this machine's distribution."""
    return _program(tmp_path_factory, "restic", "restic")


def _program(tmp_path_factory, program, package):
    """Where a program is not installed, its package is fetched and unpacked."""
    installed = shutil.which(program)
    if installed is not None:
        return installed
    if shutil.which("apt-get") is None:
        pytest.skip(f"{program} is not installed, and without apt it cannot be had")
    place = tmp_path_factory.mktemp(package)
    download = ["apt-get", "-o", "APT::Sandbox::User=root", "download", package]
    subprocess.run(download, cwd=place, check=True, capture_output=True)
    (file,) = place.glob(f"{package}_*.deb")
    subprocess.run(["dpkg", "-x", file.name, "."], cwd=place, check=True)
    return str(place / "usr" / "bin" / program)
