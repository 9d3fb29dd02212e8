"""Real programs that contract tests ask."""

import platform
import shutil
import subprocess

import pytest

from tests.contract.quick_repository import make_repository
from tests.contract.torch_environment import make_torch_environment

#: A release whose restic (0.14) differs from the next one's (0.18), which runs on it too.
OLDER, NEWER = "bookworm", "trixie"
KEYS = "/usr/share/keyrings/debian-archive-keyring.gpg"


@pytest.fixture(scope="session")
def torch_python():
    """The Python of an environment with PyTorch, made where it is not there yet."""
    return make_torch_environment()


@pytest.fixture(scope="session")
def promtool(tmp_path_factory):
    """Prometheus' own checker."""
    return _program(tmp_path_factory, "promtool", "prometheus")


@pytest.fixture(scope="session", params=["own", pytest.param("newer", marks=pytest.mark.full)])
def restic(request, tmp_path_factory):
    """The restic of this machine's distribution, and that of the release after it."""
    if request.param == "own":
        return _program(tmp_path_factory, "restic", "restic")
    place = tmp_path_factory.mktemp(f"restic-{NEWER}")
    return _downloaded(place, "restic", "restic", _of_newer(place))


@pytest.fixture(scope="session")
def new_repository(restic, tmp_path_factory):
    """An empty repository that opens at once, to be copied."""
    place = tmp_path_factory.mktemp("new") / "restic"
    make_repository(restic, place)
    return place


def _program(tmp_path_factory, program, package):
    """Where a program is not installed, its package is fetched and unpacked."""
    installed = shutil.which(program)
    if installed is not None:
        return installed
    if shutil.which("apt-get") is None:
        pytest.skip(f"{program} is not installed, and without apt it cannot be had")
    return _downloaded(tmp_path_factory.mktemp(package), program, package, ())


def _downloaded(place, program, package, options):
    download = ["apt-get", "-o", "APT::Sandbox::User=root", *options, "download", package]
    subprocess.run(download, cwd=place, check=True, capture_output=True)
    (file,) = place.glob(f"{package}_*.deb")
    subprocess.run(["dpkg", "-x", file.name, "."], cwd=place, check=True)
    return str(place / "usr" / "bin" / program)


def _of_newer(place):
    """Options of apt for the newer release, from the mirror that this machine uses."""
    if platform.freedesktop_os_release().get("VERSION_CODENAME") != OLDER:
        pytest.skip(f"only {OLDER} has a restic to compare {NEWER}'s with")
    line = "$(CREATED_BY)|$(RELEASE) $(COMPONENT)|$(REPO_URI)"
    asked = ["apt-get", "indextargets", "--format", line]
    targets = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    rows = [row.split("|") for row in targets.splitlines()]
    _, _, mirror = next(row for row in rows if row[:2] == ["Packages", f"{OLDER} main"])
    (place / "apt.list").write_text(f"deb [signed-by={KEYS}] {mirror} {NEWER} main\n")
    for directory in ("lists/partial", "cache/archives/partial"):
        (place / directory).mkdir(parents=True)
    told = {
        "Dir::State::lists": place / "lists",
        "Dir::Cache": place / "cache",
        "Dir::Etc::sourcelist": place / "apt.list",
        "Dir::Etc::sourceparts": "-",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
    }
    options = [word for key, value in told.items() for word in ("-o", f"{key}={value}")]
    subprocess.run(["apt-get", *options, "update"], check=True, capture_output=True)
    return options
