"""What DKMS leaves where the power went while it worked, and cannot get over by itself.

``dkms add`` makes /var/lib/dkms/MODULE/VERSION/build and then the link ``source``. A build ends
with VERSION/KERNEL/ARCH, into which each module is put when it is stripped, signed and compressed;
its directory ``build`` is removed last. Afterwards, of dkms 3.0 (add_module, prepare_build,
remove_module) and its common.postinst, which a package's configuration runs:

- without the link, ``dkms remove`` fails, and with it the configuration, for ever;
- where KERNEL/ARCH is there without its modules it refuses to build ("has already been built"),
  and does not remove it either, so that ``dkms add`` fails ("tree already contains");
- a module of which half was written it takes for whole.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from deeprig_host.driver.progress import Progress
from deeprig_host.machine.commands import Machine

_TREE = "/var/lib/dkms"


def forget_cut_builds(machine: Machine, progress: Progress) -> None:
    """Remove of drivers what may be half; DKMS makes it again. Call only where a change begins.

    What is installed for a kernel stays, and so does what is whole: modules that nothing says were
    cut, also where the source that they were built from is gone and they could not be built again.
    """
    for version in sorted(machine.path(_TREE).glob("nvidia*/*")):
        if version.is_symlink() or not version.is_dir() or not _is_cut(version):
            continue
        is_added_again = _is_added_again(machine, version)
        was_building = (version / "build").exists()
        kept = tuple(_kept(version))
        half = [
            one
            for one in kept
            if not _is_installed(one) and (was_building or is_added_again or not _has_modules(one))
        ]
        for one in half:
            progress.say(f"a build by DKMS was cut: {one} is removed")
            _remove(one)
        if len(half) == len(kept) and (is_added_again or _is_nobodys(machine, version)):
            progress.say(f"DKMS was cut: {version} is removed")
            shutil.rmtree(version)


def _is_cut(version: Path) -> bool:
    return (version / "build").exists() or not _has_source(version)


def _has_source(version: Path) -> bool:
    return (version / "source").exists()  # and what the link leads to


def _kept(version: Path) -> Iterator[Path]:
    """Yield KERNEL/ARCH of a module's version; ``source`` is a link to what it is built from."""
    for kernel in sorted(version.iterdir()):
        if kernel.is_dir() and not kernel.is_symlink() and kernel.name != "build":
            yield from sorted(arch for arch in kernel.iterdir() if arch.is_dir())


def _remove(kept: Path) -> None:
    shutil.rmtree(kept)
    if not any(kept.parent.iterdir()):
        kept.parent.rmdir()


def _is_installed(kept: Path) -> bool:
    """Say whether DKMS's link to what is installed for that kernel leads here."""
    module = kept.parents[2]
    link = module / f"kernel-{kept.parent.name}-{kept.name}"
    return link.is_symlink() and link.resolve() == kept.resolve()


def _has_modules(kept: Path) -> bool:
    return any(kept.glob("module/*.ko*"))


def _package(machine: Machine, version: Path) -> str | None:
    """Return the package that brings the source, as dpkg knows it, or None."""
    configuration = f"/usr/src/{version.parent.name}-{version.name}/dkms.conf"
    owner = machine.run("dpkg-query", "-S", configuration)
    return owner.out.partition(": ")[0] if owner.is_good else None


def _is_added_again(machine: Machine, version: Path) -> bool:
    """Say whether the postinst of a package that dpkg has not done with adds and builds it."""
    package = _package(machine, version)
    if package is None:
        return False
    status = machine.run("dpkg-query", "-W", "-f", "${db:Status-Status}", package)
    return status.is_good and status.out.strip() != "installed"


def _is_nobodys(machine: Machine, version: Path) -> bool:
    """Say whether it has neither a package nor a source: what a person added has a source."""
    return not _has_source(version) and _package(machine, version) is None
