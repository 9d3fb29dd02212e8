"""Modules built and signed beforehand, as Ubuntu ships them in ``linux-modules-nvidia-*``.

They are built once per kernel and variant inside a root file system that has the kernel's headers
and gcc (a lab's base image with DKMS has), then get each driver version written into a copy, and
are signed with a throwaway key by the kernel's own ``scripts/sign-file``.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tests.sim.repository.compiled import FIELD_BYTES, MARK, CompilationFailed
from tests.sim.repository.kernel_source import SOURCE_FILES, SOURCES, driver_header

MODULES = ("nvidia.ko", "nvidia-uvm.ko")
SIGNER = "Canonical Ltd. Kernel Module Signing (simulated by deeprig)"


@dataclass(frozen=True, slots=True)
class KernelRoot:
    """A root file system with the headers of a kernel, gcc and make in it. It is only read."""

    root: Path
    release: str


@dataclass(frozen=True, slots=True)
class SignedModules:
    """The modules of a kernel by driver version and openness: file name to content."""

    release: str
    contents: dict[tuple[str, bool], dict[str, bytes]]


def signed_modules(kernel: KernelRoot, versions: Iterable[str], work: Path) -> SignedModules:
    """Build and sign the modules of all versions in a directory. Raise CompilationFailed."""
    wanted = tuple(dict.fromkeys(versions))
    shutil.rmtree(work, ignore_errors=True)
    for is_open in (False, True):
        _compile(kernel, work / _variant(is_open), is_open)
    _make_signing_key(work)
    names = [
        _write_version(work, is_open, version, module)
        for is_open in (False, True)
        for version in wanted
        for module in MODULES
    ]
    _sign(kernel, work, names)
    return SignedModules(
        kernel.release,
        {
            (version, is_open): {
                module: (work / _copy(is_open, version, module)).read_bytes() for module in MODULES
            }
            for is_open in (False, True)
            for version in wanted
        },
    )


def _variant(is_open: bool) -> str:
    return "open" if is_open else "proprietary"


def _copy(is_open: bool, version: str, module: str) -> str:
    return f"{_variant(is_open)}-{version}-{module}"


def _compile(kernel: KernelRoot, directory: Path, is_open: bool) -> None:
    directory.mkdir(parents=True)
    for name in SOURCE_FILES:
        shutil.copy(SOURCES / name, directory / name)
    # The mark is followed by NULs up to the field's end: literal ones in the C string.
    mark = MARK.decode() + "\\0" * (FIELD_BYTES - len(MARK) - 1)
    (directory / "driver.h").write_text(driver_header(mark, is_open), encoding="ascii")
    build = f"/lib/modules/{kernel.release}/build"
    if not (kernel.root / "lib/modules" / kernel.release / "build").is_symlink():
        build = f"/usr/src/linux-headers-{kernel.release}"
    place = f"/mnt/{directory.name}"
    _inside(
        kernel,
        directory.parent,
        f"make -s -C {build} M={place} modules && strip --strip-debug {place}/*.ko",
    )


def _write_version(work: Path, is_open: bool, version: str, module: str) -> str:
    binary = (work / _variant(is_open) / module).read_bytes()
    name = _copy(is_open, version, module)
    (work / name).write_bytes(_versioned(binary, version))
    return name


def _versioned(binary: bytes, version: str) -> bytes:
    """Write the version over the mark: in .modinfo (``version=``) and in .rodata alike."""
    if MARK not in binary:
        raise ValueError("the module has no place for a version")
    return binary.replace(MARK, version.encode().ljust(len(MARK), b"\0"))


def _make_signing_key(work: Path) -> None:
    subject = f"/O=deeprig tests/CN={SIGNER}"
    command = ["openssl", "req", "-new", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "3650"]
    command += ["-subj", subject, "-outform", "DER", "-keyout", str(work / "key.pem")]
    _run([*command, "-out", str(work / "key.der")])


def _sign(kernel: KernelRoot, work: Path, names: list[str]) -> None:
    tools = sorted((kernel.root / "usr/lib").glob("linux-kbuild-*/scripts/sign-file"))
    if not tools:
        raise CompilationFailed(f"{kernel.root} has no sign-file of linux-kbuild")
    tool = f"/{tools[-1].relative_to(kernel.root)}"
    calls = (f"{tool} sha256 /mnt/key.pem /mnt/key.der /mnt/{name}" for name in names)
    _inside(kernel, work, " && ".join(calls))


def _inside(kernel: KernelRoot, work: Path, command: str) -> None:
    """Run a shell command in the root, with the work directory at its ``/mnt``."""
    script = 'mount --bind "$1" "$2/mnt" && exec chroot "$2" /bin/sh -ec "$3"'
    arguments = ["sh", "-c", script, "sh", str(work), str(kernel.root), command]
    _run(["unshare", "--mount", "--propagation", "private", *arguments])


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise CompilationFailed(f"{command[0]}: {done.stdout[-2000:]}{done.stderr[-2000:]}")
