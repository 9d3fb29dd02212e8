"""What the role decides, tried on apt with the simulated repositories: every set can be had.

The decision is pure; here apt itself says whether the packages that it names go in and out in one
transaction, across branches, sources, flavours and the end of the suffixed names.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from roles.nvidia_driver.decision import Change, decide
from roles.nvidia_driver.gpus import chips_of
from roles.nvidia_driver.observation import (
    Candidate,
    Kernel,
    KernelModule,
    Observation,
    Package,
    PciDevice,
)
from roles.nvidia_driver.refusal import Refusal
from roles.nvidia_driver.settings import NvidiaDriverSettings
from tests.sim.repository import api, gpus, private_apt, ubuntu_archive
from tests.sim.repository.prebuilt import SignedModules
from tests.sim.repository.private_apt import PrivateApt
from tests.sim.repository.signing import sign
from tests.sim.repository.versions import UBUNTU_RELEASES

RELEASE = "6.1.0-56-cloud-amd64"
RTX_4090 = (PciDevice("0000:01:00.0", "2684", "030000"),)
GTX_1080_TI = (PciDevice("0000:01:00.0", "1b06", "030000"),)
HGX_H100 = tuple(PciDevice(f"0000:{n:02x}:00.0", "2330", "030200") for n in range(8))
SWITCHES = ("0000:10:00.0",)
DKMS = """\
Package: dkms
Status: install ok installed
Version: 3.0.11
Architecture: all
Maintainer: none
Description: stands for the host's own
"""


@dataclass(frozen=True)
class Source:
    """A repository: where its indexes lie, newest suites first, and what its Release says."""

    distribution: str
    release: str
    line: str
    indexes: tuple[Path, ...]
    origin: str
    label: str
    second: Source | None = None


@pytest.fixture(scope="module")
def repositories(tmp_path_factory) -> api.SimRepositories:
    return api.build(tmp_path_factory.mktemp("sim"))


@pytest.fixture(scope="module")
def archive(repositories, tmp_path_factory) -> Path:
    """Return an Ubuntu archive with prebuilt modules (of no content) for the host's kernel."""
    root = tmp_path_factory.mktemp("ubuntu")
    contents = {
        (version, is_open): {"nvidia.ko": b"simulated"}
        for version in ubuntu_archive.all_versions()
        for is_open in (False, True)
    }
    modules = (SignedModules(RELEASE, contents),)
    noble = next(r for r in UBUNTU_RELEASES if r.codename == "noble")
    suites = ubuntu_archive.suites(noble, repositories.programs, modules)
    sign(ubuntu_archive.write(root, noble, suites), repositories.key)
    return root


@pytest.fixture
def source(request, repositories, archive) -> Source:
    return make_source(request.param, repositories, archive)


def make_source(name: str, repositories: api.SimRepositories, archive: Path) -> Source:
    signed = f"[signed-by={repositories.public_key}]"
    if name == "both":
        first, second = (make_source(n, repositories, archive) for n in ("nvidia", "ubuntu"))
        return replace(first, line=first.line + second.line, second=second)
    if name == "ubuntu":
        suites = ("noble-updates", "noble-security", "noble")
        line = "".join(f"deb {signed} file:{archive} {s} main restricted\n" for s in suites)
        places = tuple(
            archive / "dists" / suite / component / "binary-amd64/Packages"
            for suite in suites
            for component in ("restricted", "main")
        )
        return Source("ubuntu", "24.04", line, places, "Ubuntu", "Ubuntu")
    names = {"nvidia": ("ubuntu2404", "ubuntu", "24.04"), "nvidia-debian": ("debian12",) * 2}
    directory = repositories.nvidia_directory(names[name][0])
    line = f"deb {signed} file:{directory}/ /\n"
    system = ("debian", "12") if name == "nvidia-debian" else ("ubuntu", "24.04")
    return Source(*system, line, (directory / "Packages",), "NVIDIA", "NVIDIA CUDA")


def stanzas(text: str) -> Iterator[dict[str, str]]:
    for stanza in text.strip().split("\n\n"):
        pairs = (line.partition(": ") for line in stanza.splitlines() if line[:1].isalpha())
        yield {name: value for name, _, value in pairs}


def candidates(source: Source) -> tuple[Candidate, ...]:
    """Return what the indexes offer; each has its versions in ascending order."""
    own = tuple(
        Candidate(s["Package"], s["Version"], source.origin, source.label, "", s.get("Depends", ""))
        for index in source.indexes
        for s in reversed(list(stanzas(index.read_text(encoding="utf-8"))))
        if s
    )
    return own if source.second is None else own + candidates(source.second)


def installed(apt: PrivateApt) -> tuple[Package, ...]:
    status = (apt.root / "status").read_text(encoding="utf-8")
    return tuple(
        Package(s["Package"], "amd64", s["Version"], "ii ", is_held=True) for s in stanzas(status)
    )


def observe(
    apt: PrivateApt, source: Source, cards: tuple[PciDevice, ...], driver: str | None
) -> Observation:
    """Return what a host would tell that has these packages, its module loaded and built."""
    module = None
    offered = candidates(source)
    labels = {(c.name, c.version): c.label for c in offered}
    packages = tuple(replace(p, origin=labels.get((p.name, p.version), "")) for p in installed(apt))
    if driver is not None:
        is_open = any("-open" in p.name and "nvidia" in p.name for p in packages)
        module = KernelModule(driver, "/lib/modules/nvidia.ko", is_open, "somebody", "dkms")
    kernel = Kernel(RELEASE, "cloud-amd64", True, True, True, module)
    return Observation(
        distribution=source.distribution,
        release=source.release,
        architecture="amd64",
        running_kernel=RELEASE,
        next_kernel=RELEASE,
        boot_id="1",
        kernels=(kernel,),
        gpus=cards,
        nvswitches=SWITCHES if len(cards) == 8 else (),
        secure_boot="disabled",
        loaded_version=driver,
        packages=packages,
        candidates=offered,
        free_bytes={"/": 10**11, "/boot": 10**10, "/usr": 10**11, "/var": 10**11},
    )


def move(
    apt: PrivateApt,
    source: Source,
    cards: tuple[PciDevice, ...],
    driver: str | None,
    /,
    **settings: str,
) -> Change:
    """Decide, and carry the order out with apt; nothing else than what it names may change."""
    settings.setdefault("source", "ubuntu" if source.label == "Ubuntu" else "nvidia")
    decision = decide(NvidiaDriverSettings(**settings), observe(apt, source, cards, driver))
    assert isinstance(decision, Change), decision
    order = decision.order
    words = [f"{p.name}={p.version}" for p in order.install]
    changes = apt.simulate("install", "--allow-change-held-packages", *words, *minus(order.remove))
    assert {n for n, v in changes.items() if not v} == set(order.remove)
    have = {p.name: p.version for p in installed(apt)}
    assert {n: v for n, v in changes.items() if v} == {
        p.name: p.version for p in order.install if have.get(p.name) != p.version
    }
    apt.install_for_good(changes)
    return decision


def minus(names: tuple[str, ...]) -> list[str]:
    return [f"{name}-" for name in names]


@pytest.fixture
def apt(source, tmp_path) -> PrivateApt:
    made = private_apt.make(tmp_path / "apt", source.line)
    (made.root / "status").write_text(DKMS, encoding="ascii")
    made.update()
    return made


FLAVOURS = ("full", "compute")


@pytest.mark.parametrize("source", ["nvidia", "nvidia-debian"], indirect=True)
@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize("variant", ["open", "proprietary"])
def test_nvidias_repository_across_all_branches_and_back(source, apt, flavour, variant):
    driver = None
    for branch, version in (
        ("570", "570.195.03"),
        ("580", "580.159.04"),
        ("590", "590.48.01"),
        ("595", "595.71.05"),
        ("580", "580.159.04"),
        ("570", "570.195.03"),
    ):
        change = move(
            apt, source, RTX_4090, driver, branch=branch, flavour=flavour, variant=variant
        )
        assert change.order.version == version
        driver = version


@pytest.mark.parametrize("source", ["nvidia"], indirect=True)
def test_a_point_release_and_back(source, apt):
    driver = None
    for version in ("580.82.07", "580.126.20", "580.105.08"):
        move(apt, source, RTX_4090, driver, version=version)
        driver = version


@pytest.mark.parametrize("source", ["nvidia", "nvidia-debian"], indirect=True)
def test_from_proprietary_to_open_and_back(source, apt):
    move(apt, source, RTX_4090, None, branch="580", variant="proprietary")
    move(apt, source, RTX_4090, "580.159.04", branch="580", variant="open")
    move(apt, source, RTX_4090, "580.159.04", branch="580", variant="proprietary")


@pytest.mark.parametrize("source", ["ubuntu"], indirect=True)
@pytest.mark.parametrize("flavour", [*FLAVOURS, "server"])
@pytest.mark.parametrize("variant", ["open", "proprietary"])
def test_ubuntus_archive_with_prebuilt_modules(source, apt, flavour, variant):
    driver = None
    for branch, version in (("570", "570.211.01"), ("580", "580.178.04"), ("595", "595.84")):
        change = move(
            apt, source, RTX_4090, driver, branch=branch, flavour=flavour, variant=variant
        )
        names = {p.name for p in change.order.install}
        assert any(n.startswith("linux-modules-nvidia-") and n.endswith(RELEASE) for n in names)
        assert not any(n.startswith("nvidia-dkms") for n in names)
        driver = version


@pytest.mark.parametrize("source", ["ubuntu"], indirect=True)
@pytest.mark.parametrize("wish", [("590", "open"), ("615", "proprietary")], ids="-".join)
def test_names_that_only_lead_elsewhere_are_refused(source, apt, wish):
    branch, variant = wish
    settings = NvidiaDriverSettings(source="ubuntu", branch=branch, variant=variant)
    decision = decide(settings, observe(apt, source, RTX_4090, None))
    assert isinstance(decision, Refusal), decision


@pytest.mark.parametrize("source", ["nvidia"], indirect=True)
def test_an_old_card_gets_the_last_branch_that_drives_it(source, apt):
    change = move(apt, source, GTX_1080_TI, None, branch="580")
    names = {p.name for p in change.order.install}
    assert "nvidia-dkms-580" in names
    assert "nvidia-dkms-580-open" not in names


@pytest.mark.parametrize("source", ["both"], indirect=True)
@pytest.mark.parametrize("flavour", FLAVOURS)
def test_from_ubuntus_archive_to_nvidias_repository_and_back(source, apt, flavour):
    wish = {"flavour": flavour, "variant": "open"}
    move(apt, source, RTX_4090, None, source="ubuntu", branch="580", **wish)
    move(apt, source, RTX_4090, "580.178.04", source="nvidia", branch="590", **wish)
    change = move(apt, source, RTX_4090, "590.48.01", source="ubuntu", branch="580", **wish)
    assert change.order.version == "580.178.04"


@pytest.mark.parametrize("source", ["nvidia", "nvidia-debian", "ubuntu"], indirect=True)
def test_nvswitch_hosts_get_the_fabric_manager_of_exactly_the_drivers_version(source, apt):
    driver = None
    for branch in ("570", "580", "595"):
        flavour = "server" if source.label == "Ubuntu" else "full"
        change = move(apt, source, HGX_H100, driver, branch=branch, flavour=flavour)
        driver = change.order.version
        fabric = [p for p in change.order.install if p.name.startswith("nvidia-fabricmanager")]
        assert [p.version.partition("-")[0] for p in fabric] == [driver]


@pytest.mark.parametrize("gpu", gpus.GPUS, ids=lambda gpu: gpu.name)
def test_the_roles_table_and_the_simulations_agree_on_a_card(gpu):
    """Two tables, written from the same sources by different hands."""
    row = chips_of(f"{gpu.device_id:04x}")
    assert row.generation.lower().startswith(gpu.generation)
    assert row.compute_capability == gpu.compute_capability
    assert row.last_branch == gpus.LAST_BRANCH.get(gpu.generation)
    assert row.first_branch <= 570
    ages = gpus.GENERATIONS.index
    can_be_open = ages(gpu.generation) >= ages(gpus.FIRST_OPEN_GENERATION)
    assert ("open" in row.variants) == can_be_open
    assert ("proprietary" in row.variants) == (gpu.generation not in gpus.OPEN_ONLY_GENERATIONS)
