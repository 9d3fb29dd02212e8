"""The decision's orders against the real apt: each is possible, complete and touches nothing else.

The repositories are simulated (tests/sim); apt, which resolves the dependencies, is not.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from roles.nvidia_driver.decision import Change, NoChange, decide
from roles.nvidia_driver.files import PREFERENCES
from roles.nvidia_driver.naming import is_driver_package
from roles.nvidia_driver.observation import Candidate, Observation, Package
from roles.nvidia_driver.settings import NvidiaDriverSettings
from roles.nvidia_driver.versions import driver_version
from tests.sim.repository import api, private_apt, ubuntu_archive
from tests.sim.repository.prebuilt import SignedModules
from tests.sim.repository.private_apt import PrivateApt
from tests.sim.repository.signing import sign
from tests.sim.repository.versions import UBUNTU_RELEASES
from tests.unit.roles.nvidia_driver import hosts

INSTALLED = """\
Package: dkms
Status: install ok installed
Version: 3.0.11-1ubuntu13
Architecture: all
Maintainer: none
Description: stands for the host's own

Package: linux-headers-generic
Status: install ok installed
Version: 6.8.0.101.104
Architecture: amd64
Maintainer: none
Description: stands for the host's own

Package: linux-headers-amd64
Status: install ok installed
Version: 6.1.1
Architecture: amd64
Maintainer: none
Description: stands for the host's own
"""


@pytest.fixture(scope="session")
def repositories(tmp_path_factory) -> api.SimRepositories:
    return api.build(tmp_path_factory.mktemp("sim"))


class Machine:
    """An apt of its own, and the observation that it leads to."""

    def __init__(
        self,
        root: Path,
        repositories: api.SimRepositories,
        release: str,
        archive: Path | None = None,
    ) -> None:
        archive = archive or repositories.ubuntu
        key = f"[signed-by={repositories.public_key}]"
        directories = [
            (repositories.nvidia_directory(_directory(release)), "NVIDIA", "NVIDIA CUDA")
        ]
        sources = f"deb {key} file:{directories[0][0]}/ /\n"
        if release == "24.04":
            for pocket in ("noble", "noble-updates", "noble-security"):
                sources += f"deb {key} file:{archive} {pocket} main restricted\n"
                directories.append((archive / "dists" / pocket, "Ubuntu", "Ubuntu"))
        self.apt: PrivateApt = private_apt.make(root, sources)
        (root / "status").write_text(INSTALLED, encoding="ascii")
        self.apt.update()
        candidates = [c for d, o, label in directories for c in _candidates(d, o, label)]
        make = hosts.ubuntu if release == "24.04" else hosts.debian
        flavour = "generic" if release == "24.04" else "amd64"
        own = hosts.package(f"linux-headers-{flavour}", "1")
        kernel = replace(make(release, "2684").kernels[0], has_headers=True)
        self.seen: Observation = make(
            release,
            "2684",
            sources=(),
            packages=(own,),
            kernels=(kernel,),
            candidates=hosts.newest_first(candidates),
        )

    def change(self, **values) -> Change:
        """Decide, let apt say what it would do, take it as done; return the decision."""
        update = values.pop("update", False)
        settings = NvidiaDriverSettings(**values)
        decision = decide(settings, self.seen, update=update)
        assert isinstance(decision, Change), decision
        order = decision.order
        preferences = next(f.content for f in order.files if f.path == PREFERENCES)
        (self.apt.root / "preferences.d" / Path(PREFERENCES).name).write_text(preferences or "")
        arguments = [f"{p.name}={p.version}" for p in order.install]
        outcome = self.apt.simulate("install", *arguments, *(f"{name}-" for name in order.remove))
        self._check(decision, outcome)
        self.apt.install_for_good(outcome)
        self._after(decision, outcome)
        again = decide(settings, self.seen, update=update)
        assert isinstance(again, NoChange), again
        return decision

    def _check(self, decision: Change, outcome: dict[str, str]) -> None:
        order = decision.order
        before = {p.name: p.version for p in self.seen.packages}
        ordered = {p.name: p.version for p in order.install}
        assert {n for n in outcome if n in before and not is_driver_package(n)} == set()
        assert {n for n, version in outcome.items() if not version} == set(order.remove)
        unasked = {n for n, v in outcome.items() if v and is_driver_package(n) and n not in ordered}
        assert unasked == set(), "apt adds to the driver's set"
        assert all(outcome.get(n, before.get(n)) == v for n, v in ordered.items())

    def _after(self, decision: Change, outcome: dict[str, str]) -> None:
        after = hosts.carried_out(self.seen, decision)
        extra = [Package(n, "amd64", v, "ii") for n, v in outcome.items() if v]
        known = {p.name for p in after.packages}
        self.seen = replace(
            after, packages=(*after.packages, *(p for p in extra if p.name not in known))
        )
        own = [p for p in self._driver() if not p.name.startswith(("nvidia-settings", "linux-"))]
        assert {driver_version(p.version) for p in own} == {decision.order.version}

    def _driver(self) -> list[Package]:
        return [p for p in self.seen.packages if is_driver_package(p.name)]


def _directory(release: str) -> str:
    return {"24.04": "ubuntu2404", "12": "debian12"}[release]


def _candidates(directory: Path, origin: str, label: str) -> Iterator[Candidate]:
    for index in (*directory.rglob("Packages"), *directory.rglob("Packages.gz")):
        if index.suffix == ".gz" and index.with_suffix("").exists():
            continue
        data = index.read_bytes()
        text = (gzip.decompress(data) if index.suffix == ".gz" else data).decode()
        for stanza in text.split("\n\n"):
            fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line[:30])
            if fields:
                yield Candidate(
                    fields["Package"],
                    fields["Version"],
                    origin,
                    label,
                    "",
                    fields.get("Depends", ""),
                )


@pytest.fixture(params=["24.04", "12"])
def machine(request, repositories, tmp_path) -> Machine:
    return Machine(tmp_path, repositories, request.param)


@pytest.fixture(scope="session")
def prebuilt_archive(repositories, tmp_path_factory) -> Path:
    """Ubuntu's archive with packages of prebuilt modules for the host's kernel (empty files)."""
    noble = next(release for release in UBUNTU_RELEASES if release.codename == "noble")
    keys = [(v, is_open) for v in ubuntu_archive.all_versions() for is_open in (False, True)]
    modules = SignedModules(hosts.RELEASES["24.04"], {key: {"nvidia.ko": b""} for key in keys})
    root = tmp_path_factory.mktemp("archive")
    suites = ubuntu_archive.suites(noble, repositories.programs, (modules,))
    sign(ubuntu_archive.write(root, noble, suites), repositories.key)
    return root


@pytest.fixture
def prebuilt(repositories, prebuilt_archive, tmp_path) -> Machine:
    return Machine(tmp_path, repositories, "24.04", prebuilt_archive)


@pytest.fixture
def noble(repositories, tmp_path) -> Machine:
    return Machine(tmp_path, repositories, "24.04")


def test_branch_after_branch_and_back_of_nvidias_repository(machine):
    for branch in ("570", "580", "590", "595", "580"):
        change = machine.change(source="nvidia", branch=branch)
        assert change.order.version.startswith(f"{branch}.")


def test_a_point_release_and_its_update(machine):
    machine.change(source="nvidia", version="580.95.05")
    assert machine.change(source="nvidia", branch="580", update=True).order.version == "580.159.04"


@pytest.mark.parametrize("flavour", ["full", "compute"])
@pytest.mark.parametrize("branch", ["580", "595"])
def test_the_kind_of_modules_changes_both_ways(machine, flavour, branch):
    values = {"source": "nvidia", "branch": branch, "flavour": flavour}
    for variant in ("proprietary", "open", "proprietary"):
        machine.change(variant=variant, **values)


def test_compute_becomes_full_and_full_becomes_compute(machine):
    for flavour in ("compute", "full", "compute"):
        machine.change(source="nvidia", branch="580", flavour=flavour)


def test_from_nvidias_repository_to_ubuntus_archive_and_back(noble):
    noble.change(source="nvidia", branch="595")
    noble.change(source="ubuntu", branch="580")
    noble.change(source="nvidia", branch="595")
    noble.change(source="ubuntu", branch="595")


@pytest.mark.parametrize("flavour", ["full", "server", "compute"])
def test_branches_of_ubuntus_archive(noble, flavour):
    for branch in ("570", "580", "595"):
        noble.change(source="ubuntu", branch=branch, flavour=flavour)


def test_flavours_of_ubuntus_archive(noble):
    for flavour in ("full", "server", "compute", "full"):
        noble.change(source="ubuntu", branch="580", flavour=flavour)


def test_nvidias_pinning_package_goes_with_the_first_change(noble):
    outcome = noble.apt.simulate("install", "nvidia-driver-pinning-570")
    noble.apt.install_for_good(outcome)
    pinning = hosts.package("nvidia-driver-pinning-570", outcome["nvidia-driver-pinning-570"])
    noble.seen = replace(noble.seen, packages=(*noble.seen.packages, pinning))
    change = noble.change(source="nvidia", branch="580")
    assert change.order.remove == ("nvidia-driver-pinning-570",)


def test_eight_gpus_with_switches_follow_the_driver(noble):
    noble.seen = replace(
        noble.seen,
        gpus=tuple(hosts.gpu("2330", slot) for slot in range(8)),
        nvswitches=("0000:0a:00.0",),
    )
    for source, branch in (("nvidia", "570"), ("nvidia", "580"), ("ubuntu", "580")):
        noble.change(source=source, branch=branch)


@pytest.mark.parametrize("flavour", ["full", "server", "compute"])
def test_prebuilt_modules_come_without_dkms_and_follow_the_branch(prebuilt, flavour):
    for branch in ("570", "580", "595"):
        change = prebuilt.change(source="ubuntu", branch=branch, flavour=flavour)
        kernels = {p.name for p in change.order.install if p.name.startswith("linux-modules-")}
        assert len(kernels) == 2  # the kernel's own, and what follows the kernel
        assert not [p.name for p in prebuilt.seen.packages if p.name.startswith("nvidia-dkms")]


def test_prebuilt_modules_give_way_to_nvidias_repository_and_come_back(prebuilt):
    prebuilt.change(source="ubuntu", branch="580")
    prebuilt.change(source="nvidia", branch="595")
    prebuilt.change(source="ubuntu", branch="595")


def test_a_point_release_moves_prebuilt_modules_along(prebuilt):
    prebuilt.change(source="ubuntu", version="580.173.02")
    change = prebuilt.change(source="ubuntu", branch="580", update=True)
    assert change.order.version == "580.178.04"


def test_dkms_gives_way_to_prebuilt_modules_when_secure_boot_wants_it(prebuilt):
    candidates = prebuilt.seen.candidates
    without = tuple(c for c in candidates if not c.name.startswith("linux-modules-"))
    prebuilt.seen = replace(prebuilt.seen, candidates=without)
    prebuilt.change(source="ubuntu", branch="580")
    module = replace(prebuilt.seen.kernels[0].module, signer=None)
    prebuilt.seen = replace(
        prebuilt.seen,
        candidates=candidates,
        secure_boot="enabled",
        kernels=(replace(prebuilt.seen.kernels[0], module=module),),
    )
    assert "nvidia-dkms-580-open" in prebuilt.change(source="ubuntu", branch="580").order.remove
