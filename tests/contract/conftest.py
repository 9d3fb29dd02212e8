"""Real programs that contract tests ask."""

import shutil
import subprocess

import pytest


@pytest.fixture(scope="session")
def promtool(tmp_path_factory):
    """Prometheus' own checker: where it is not installed, its package is fetched and unpacked."""
    installed = shutil.which("promtool")
    if installed is not None:
        return installed
    if shutil.which("apt-get") is None:
        pytest.skip("promtool is not installed, and without apt it cannot be had")
    place = tmp_path_factory.mktemp("prometheus")
    download = ["apt-get", "-o", "APT::Sandbox::User=root", "download", "prometheus"]
    subprocess.run(download, cwd=place, check=True, capture_output=True)
    (package,) = place.glob("prometheus_*.deb")
    subprocess.run(["dpkg", "-x", package.name, "."], cwd=place, check=True)
    return str(place / "usr" / "bin" / "promtool")
