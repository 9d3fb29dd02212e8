"""Build the simulated repositories; for tests, labs and the demo.

``build(cache)`` takes a few seconds the first time and milliseconds after that: the result is kept
under a digest of this package's sources and of the kernels asked for. See README.md for what is
inside, and ``faults.py`` for repositories that are broken on purpose.
"""

from __future__ import annotations

import fcntl
import hashlib
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.sim.repository import nvidia_repository, ubuntu_archive
from tests.sim.repository.compiled import Programs, compile_programs, load_programs
from tests.sim.repository.index import indexed
from tests.sim.repository.prebuilt import KernelRoot, SignedModules, signed_modules
from tests.sim.repository.signing import Key, make_key, sign
from tests.sim.repository.versions import NVIDIA_DEBIAN, UBUNTU_RELEASES

DEFAULT_CACHE = Path.home() / ".cache" / "deeprig" / "sim" / "repository"
HERE = Path(__file__).parent
UNUSED_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class SimRepositories:
    """Built repositories. Serve ``nvidia`` and ``ubuntu`` with any plain HTTP server.

    As a lab's ``served=(("nvidia", repositories.nvidia), ("ubuntu", repositories.ubuntu))``,
    ``…/nvidia/<distro>/x86_64/`` is NVIDIA's layout and ``…/ubuntu`` an Ubuntu archive.
    """

    nvidia: Path
    ubuntu: Path
    key: Key
    programs_directory: Path

    @property
    def programs(self) -> Programs:
        """Return the compiled programs, for packages that a test adds (``faults.new_driver``)."""
        return load_programs(self.programs_directory)

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint of the key that signed everything."""
        return self.key.fingerprint

    @property
    def public_key(self) -> Path:
        """Return the public key as apt's ``signed-by`` wants it."""
        return self.key.public

    def keyring_package(self, distribution: str) -> Path:
        """Return the cuda-keyring package of a distribution, such as ubuntu2404."""
        directory = nvidia_repository.directory_of(self.nvidia, distribution)
        return directory / "cuda-keyring_1.1-1_all.deb"

    def keyring_sha256(self, distribution: str) -> str:
        """Return the SHA-256 of the cuda-keyring package."""
        return hashlib.sha256(self.keyring_package(distribution).read_bytes()).hexdigest()

    def nvidia_directory(self, distribution: str) -> Path:
        """Return the flat repository of a distribution."""
        return nvidia_repository.directory_of(self.nvidia, distribution)


def build(cache: Path = DEFAULT_CACHE, kernels: tuple[KernelRoot, ...] = ()) -> SimRepositories:
    """Build all repositories, or return those an earlier call built.

    ``kernels`` are the kernels for which the Ubuntu archive has prebuilt signed modules; without
    any it has none. Needs gcc, libc's headers and gpg; with kernels also openssl and root.

    Raises:
        CompilationFailed: gcc or a kernel build failed; the message holds its output.
        SigningFailed: gpg failed.
    """
    cache.mkdir(parents=True, exist_ok=True)
    target = cache / _digest(kernels)
    with _one_build_at_a_time(cache):
        if not target.exists():
            unfinished = target.with_suffix(".unfinished")
            shutil.rmtree(unfinished, ignore_errors=True)
            _build(unfinished, kernels)
            unfinished.rename(target)
            _remove_unused(cache)
        target.touch()
    return _open(target)


def _remove_unused(cache: Path) -> None:
    """Remove builds of other sources that nobody opened for a week."""
    for other in cache.iterdir():
        if other.is_dir() and other.stat().st_mtime < time.time() - UNUSED_SECONDS:
            shutil.rmtree(other)


def _build(into: Path, kernels: tuple[KernelRoot, ...]) -> None:
    into.mkdir(parents=True)
    programs = compile_programs(into / "programs")
    key = make_key(into / "key")
    versions = ubuntu_archive.all_versions()
    modules = tuple(
        signed_modules(kernel, versions, into / "modules" / kernel.release) for kernel in kernels
    )
    releases = (*_write_nvidia(into, programs, key), *_write_ubuntu(into, programs, modules))
    sign(releases, key)
    (into / "key" / "fingerprint").write_text(key.fingerprint, encoding="ascii")


def _write_nvidia(into: Path, programs: Programs, key: Key) -> tuple[Path, ...]:
    ubuntu = tuple(indexed(p, ".") for p in nvidia_repository.ubuntu_packages(programs))
    debian = tuple(indexed(p, ".") for p in nvidia_repository.debian_packages(programs))
    distributions = {release.nvidia_name: ubuntu for release in UBUNTU_RELEASES}
    distributions |= dict.fromkeys(NVIDIA_DEBIAN, debian)
    return tuple(
        nvidia_repository.write(into / "nvidia", name, packages, key).release
        for name, packages in distributions.items()
    )


def _write_ubuntu(
    into: Path, programs: Programs, modules: tuple[SignedModules, ...]
) -> tuple[Path, ...]:
    releases: tuple[Path, ...] = ()
    for release in UBUNTU_RELEASES:
        suites = ubuntu_archive.suites(release, programs, modules)
        releases += ubuntu_archive.write(into / "ubuntu", release, suites)
    return releases


def _open(target: Path) -> SimRepositories:
    key = target / "key"
    fingerprint = (key / "fingerprint").read_text(encoding="ascii")
    return SimRepositories(
        target / "nvidia",
        target / "ubuntu",
        Key(key / "secret.asc", key / "public.gpg", fingerprint),
        target / "programs",
    )


def _digest(kernels: tuple[KernelRoot, ...]) -> str:
    """Return a digest of everything the result depends on."""
    digest = hashlib.sha256(repr(sorted(kernel.release for kernel in kernels)).encode())
    files = (p for p in HERE.rglob("*") if p.is_file() and p.suffix in _SOURCE_SUFFIXES)
    for source in sorted(files):
        digest.update(f"{source.relative_to(HERE)}\0".encode())
        digest.update(source.read_bytes())
    return digest.hexdigest()[:16]


_SOURCE_SUFFIXES = (".py", ".c", ".h", "")  # "" are Kbuild and Makefile


@contextmanager
def _one_build_at_a_time(cache: Path) -> Iterator[None]:
    """Hold the cache's lock: parallel test processes share one build."""
    with (cache / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
