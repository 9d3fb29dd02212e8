"""Debian's Python staged as a relocatable conda tree that needs nothing but glibc."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from .debian import get_debs, unpack
from .stages import Stages, source_digest
from .tools import BuildFailed, Tools, run

STDLIB = "lib/python3.11"
GLIBC = frozenset({"libc.so.6", "libm.so.6", "ld-linux-x86-64.so.2"})
# nis and the test modules: the first needs libtirpc with all of Kerberos behind it and
# left Python in 3.13; the others test the interpreter itself.
DROPPED_MODULES = ("nis", "_ctypes_test", "_test*", "_xxtestfuzz", "xxlimited*", "ossaudiodev")
# (file, Debian's text, conda's text): Debian's Python installs into dist-packages.
PATCHES = (("sysconfig.py", "prefix_scheme = 'posix_local'", "prefix_scheme = 'posix_prefix'"),)
# Debian's site module knows dist-packages only, and Python 3.11 has it frozen into the
# interpreter: editing site.py changes nothing.
SITECUSTOMIZE = """\
import site
import sys

_packages = f"{sys.prefix}/lib/python3.11/site-packages"
if _packages not in sys.path:
    site.addsitedir(_packages)
"""


def get_python_tree(stages: Stages, tools: Tools) -> Path:
    """Return the tree of the `python` package: bin/, lib/ and the shared libraries."""
    debs = get_debs(stages)

    def make(into: Path) -> None:
        with tempfile.TemporaryDirectory(dir=stages.root) as scratch:
            unpack(debs, Path(scratch))
            _stage(Path(scratch), into)
        _patch(into / STDLIB)
        _set_rpaths(into, tools.patchelf)
        _check_closed(into, tools.patchelf)

    return stages.get("python-tree", [debs.name, source_digest(Path(__file__))], make)


def _stage(unpacked: Path, tree: Path) -> None:
    (tree / "bin").mkdir()
    shutil.copy2(unpacked / "usr/bin/python3.11", tree / "bin/python3.11")
    for name in ("python", "python3"):
        (tree / "bin" / name).symlink_to("python3.11")
    shutil.copytree(unpacked / "usr/lib/python3.11", tree / STDLIB, symlinks=True)
    for folder in ("usr/lib/x86_64-linux-gnu", "lib/x86_64-linux-gnu"):
        for library in (unpacked / folder).glob("*.so*"):
            shutil.copy2(library, tree / "lib" / library.name, follow_symlinks=False)


def _patch(stdlib: Path) -> None:
    (stdlib / "EXTERNALLY-MANAGED").unlink()
    (stdlib / "sitecustomize.py").unlink()  # a link to the host's /etc
    for pattern in DROPPED_MODULES:
        for module in (stdlib / "lib-dynload").glob(f"{pattern}.cpython-*.so"):
            module.unlink()
    for name, before, after in PATCHES:
        text = (stdlib / name).read_text(encoding="utf-8")
        if text.count(before) != 1:
            raise BuildFailed(
                f"{name}: {before!r} occurs {text.count(before)} times, expected once"
            )
        (stdlib / name).write_text(text.replace(before, after), encoding="utf-8")
    (stdlib / "sitecustomize.py").write_text(SITECUSTOMIZE, encoding="utf-8")
    (stdlib / "site-packages").mkdir()
    # Conda packages hold files, not empty directories; this one must exist for addsitedir.
    (stdlib / "site-packages/README.txt").write_text("Packages of this environment.\n")


def _elf_files(tree: Path) -> tuple[Path, ...]:
    candidates = [*tree.glob("bin/*"), *tree.glob("lib/*.so*"), *tree.rglob("lib-dynload/*.so")]
    return tuple(f for f in candidates if f.is_file() and not f.is_symlink())


def _set_rpaths(tree: Path, patchelf: Path) -> None:
    for file in _elf_files(tree):
        up = len(file.relative_to(tree).parts) - 1
        origin = "$ORIGIN/" + "../" * up + "lib"
        run(patchelf, "--set-rpath", origin, file)


def _check_closed(tree: Path, patchelf: Path) -> None:
    """Refuse a tree whose programs need a library that it does not carry."""
    missing = set()
    for file in _elf_files(tree):
        needed = set(run(patchelf, "--print-needed", file).split())
        missing |= {name for name in needed - GLIBC if not (tree / "lib" / name).exists()}
    if missing:
        raise BuildFailed(f"the python tree lacks {', '.join(sorted(missing))}")
