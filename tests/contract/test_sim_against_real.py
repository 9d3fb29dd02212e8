"""The simulated nvidia-smi and NVML beside Debian's real ones (non-free), without a card.

The real packages are downloaded with a Debian root's own sources, widened to non-free.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

import pytest

from tests.sim.repository import nvidia_repository
from tests.sim.repository.compiled import Programs, compile_programs
from tests.sim.repository.kernel_root import kernel_root

pytestmark = pytest.mark.e2e  # needs root (a chroot) and Debian's non-free component

# What NVIDIA's Debian packages are called in Debian's own archive too.
SHARED_NAMES = (
    "firmware-nvidia-gsp",
    "libcuda1",
    "libnvidia-ml1",
    "nvidia-driver",
    "nvidia-driver-bin",
    "nvidia-driver-libs",
    "nvidia-kernel-dkms",
    "nvidia-kernel-support",
    "nvidia-modprobe",
    "nvidia-persistenced",
    "nvidia-settings",
    "nvidia-smi",
    "xserver-xorg-video-nvidia",
)
# Debian asks for it under a versioned virtual name (nvidia-kernel-support--v1).
VERSIONED_IN_DEBIAN = {"nvidia-kernel-support"}
DOWNLOAD = """
set -e
mount --bind "$2" "$1/mnt"
mount -t tmpfs tmpfs "$1/var/lib/apt/lists"
mount -t tmpfs tmpfs "$1/tmp"
components="main contrib non-free non-free-firmware"
sed "s/ main/ $components/" "$1/etc/apt/sources.list" > "$1/tmp/sources.list"
exec chroot "$1" sh -ec '
    set -- -qq -o Dir::Etc::sourcelist=/tmp/sources.list -o APT::Sandbox::User=root
    apt-get "$@" update
    cd /mnt
    apt-get "$@" download nvidia-smi libnvidia-ml1
    for deb in *.deb; do dpkg-deb -x "$deb" real; done
    apt-cache -o Dir::Etc::sourcelist=/tmp/sources.list show --no-all-versions \
        $0 > real/shown
' "$3"
"""


@pytest.fixture(scope="module")
def real(tmp_path_factory) -> Path:
    """Return the tree of Debian's real packages."""
    place = tmp_path_factory.mktemp("real")
    root = kernel_root("bookworm").root
    command = ["unshare", "--mount", "--propagation", "private", "sh", "-c", DOWNLOAD, "sh"]
    arguments = [str(root), str(place), " ".join(SHARED_NAMES)]
    done = subprocess.run([*command, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return place / "real"


@pytest.fixture(scope="module")
def simulated(tmp_path_factory) -> Path:
    """Return a directory with the simulated programs, of one version."""
    directory = tmp_path_factory.mktemp("simulated")
    programs = compile_programs(directory / "templates")
    for name in programs.templates:
        (directory / name).write_bytes(programs.of(name, "535.309.01"))
        (directory / name).chmod(0o755)
    return directory


@pytest.fixture(autouse=True)
def no_driver() -> None:
    """Refuse a machine with a driver: there the real program would say something else."""
    assert not Path("/sys/module/nvidia").exists(), "a real NVIDIA driver is loaded here"


def say(program: Path, libraries: Path, *arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [str(program), *arguments],
        env={"LD_LIBRARY_PATH": str(libraries)},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


LIBRARIES = "usr/lib/x86_64-linux-gnu/nvidia/current"


@pytest.mark.parametrize(
    "arguments",
    [(), ("-L",), ("--query-gpu=name", "--format=csv,noheader"), ("-pm", "1"), ("--nonsense",)],
    ids=" ".join,
)
def test_both_say_the_same_without_a_driver(real, simulated, arguments):
    truth = say(real / "usr/lib/nvidia/current/nvidia-smi", real / LIBRARIES, *arguments)
    assert truth[0] == 9
    assert say(simulated / "nvidia-smi", simulated, *arguments) == truth


def test_both_say_the_same_without_the_library(real, simulated, tmp_path):
    truth = say(real / "usr/lib/nvidia/current/nvidia-smi", tmp_path)
    assert truth[0] == 12
    assert say(simulated / "nvidia-smi", tmp_path) == truth


def exported(library: Path) -> set[str]:
    command = ["nm", "-D", "--defined-only", str(library)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return {line.split()[2].partition("@")[0] for line in done.stdout.splitlines()}


def soname(library: Path) -> str:
    done = subprocess.run(
        ["objdump", "-p", str(library)], capture_output=True, text=True, check=True
    )
    lines = (line.split() for line in done.stdout.splitlines())
    return next(words[1] for words in lines if words[:1] == ["SONAME"])


def test_nvml_has_the_real_soname_and_only_real_functions(real, simulated):
    truth = real / LIBRARIES / "libnvidia-ml.so.1"
    made = simulated / "libnvidia-ml.so.1"
    assert soname(made) == soname(truth) == "libnvidia-ml.so.1"
    assert len(exported(made)) > 40
    assert exported(made) <= exported(truth)


def test_the_words_of_settings_are_in_the_real_program(real):
    program = (real / "usr/lib/nvidia/current/nvidia-smi").read_bytes()
    for words in (
        b"No devices found",
        b"Persistence mode is already %s for GPU %s.",
        b"%s persistence mode for GPU %s.",
        b"Power limit for GPU %s was set to %.2f W from %.2f W.",
        b"is not a valid power limit which should be between %.2f W and %.2f W for GPU %s",
        b"Failed to set power management limit for GPU %s: %s",
        b"NVML library version: %d.%02d",
        b"ERROR: Option %s is not recognized. Please run 'nvidia-smi -h' for help.",
        b'Field "%s" is not a valid field to query.',
    ):
        assert words in program, words


def test_it_runs_on_the_oldest_host(simulated):
    """Nothing is bound to a libc newer than the oldest host's, 2.35 of Ubuntu 22.04."""
    files = [file for file in simulated.iterdir() if file.is_file()]
    assert len(files) == 9
    for file in files:
        command = ["nm", "-D", str(file)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        versions = [
            tuple(map(int, word.partition("GLIBC_")[2].split(".")))
            for word in done.stdout.split()
            if "GLIBC_" in word
        ]
        assert max(versions, default=(0,)) <= (2, 35), file


def test_debians_packages_have_the_shared_names_and_relations(real):
    shown = {}
    for stanza in (real / "shown").read_text(encoding="utf-8").strip().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in stanza.splitlines() if ": " in line)
        shown[fields["Package"]] = fields
    assert set(shown) == set(SHARED_NAMES)
    made = {p.name: p for p in nvidia_repository.debian_packages(Anything())}
    for name in SHARED_NAMES:
        truth = names_of(shown[name].get("Depends", "").split(","))
        ours = names_of(made[name].depends) & set(SHARED_NAMES) - VERSIONED_IN_DEBIAN
        assert ours <= truth, name
    assert "dkms" in names_of(shown["nvidia-kernel-dkms"]["Depends"].split(","))


def names_of(relations: Iterable[str]) -> set[str]:
    return {
        alternative.split()[0].partition(":")[0]
        for relation in relations
        for alternative in relation.split("|")
        if alternative.strip()
    }


class Anything(Programs):
    """Programs of no content: only names and relations are looked at."""

    def __init__(self) -> None:
        super().__init__({})

    def of(self, name: str, version: str) -> bytes:
        return b""
