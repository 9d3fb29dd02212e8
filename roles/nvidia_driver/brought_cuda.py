"""Which CUDA an environment's declaration brings, read from its specifications alone."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from roles.nvidia_driver.frameworks import EXTRAS, TORCH_RELEASES, WITHOUT_CUDA

#: PyTorch's wheel indexes and local versions: ``…/whl/cu126``, ``2.10.0+cu128``.
_TAG = re.compile(r"(?:/whl/(?:nightly/)?|\+)(cu(\d{2})(\d)|cpu)\b")
_CONDA_FRAMEWORK = re.compile(
    r"^(?:\S+::)?(pytorch|pytorch-gpu|tensorflow|tensorflow-gpu|jaxlib|cuda-version|cudatoolkit)"
    r"(?=[\s=<>!~]|$)\s*(?:[=~<>!]+\s*)?([0-9.]*)"
)
_LOCKED_CUDA = re.compile(r"/cuda-version-(\d+\.\d+)-")


@dataclass(frozen=True, slots=True)
class Environment:
    """What an inventory says of one environment.

    ``cuda`` is the version conda solves for, "cpu", or None: what the driver supports. ``conda``
    and ``pip`` are specifications, or the contents of a lock; ``indexes`` are pip's.
    """

    name: str
    python: str | None = None
    cuda: str | None = None
    conda: tuple[str, ...] = ()
    pip: tuple[str, ...] = ()
    indexes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Brought:
    """A CUDA that an environment brings.

    ``cuda`` None: nobody can tell. "" is conda's choice by the driver. ``is_wheel`` says that
    PyTorch's table of builds counts.
    """

    package: str
    cuda: str | None
    why: str
    source: str
    is_wheel: bool = False


def brought_by(environment: Environment) -> tuple[Brought, ...]:
    """Return every CUDA that an environment brings; () where it is for the CPU."""
    from_pip = (_by_pip(text, environment) for text in environment.pip)
    from_conda = _by_conda(environment) if environment.cuda != "cpu" else ()
    return (*from_conda, *(found for found in from_pip if found is not None))


def _by_pip(text: str, environment: Environment) -> Brought | None:
    try:
        requirement = Requirement(text)
    except InvalidRequirement:
        return None  # a line of a lock that is an option or a URL
    name = canonicalize_name(requirement.name)
    if name == "torch":
        return _torch(requirement, environment)
    for extra in sorted(requirement.extras):
        if (name, extra) in EXTRAS:
            cuda, source = EXTRAS[name, extra]
            return Brought(text, cuda, f"its extra {extra} brings CUDA {cuda}", source)
    if name in WITHOUT_CUDA:
        why = f"its plain wheel brings no CUDA: name {WITHOUT_CUDA[name]}"
        return Brought(text, None, why, "installation page of the framework")
    return None


def _torch(requirement: Requirement, environment: Environment) -> Brought | None:
    text = str(requirement)
    for place in (str(requirement.specifier), *environment.indexes):
        tag = _TAG.search(place)
        if tag is not None:
            cuda = None if tag.group(1) == "cpu" else f"{tag.group(2)}.{tag.group(3)}"
            why = f"wheels for CUDA {cuda}, by '{tag.group(1)}'"
            return None if cuda is None else Brought(text, cuda, why, "wheel index", True)
    for release in TORCH_RELEASES:
        fits_python = _python(environment.python) >= release.lowest_python
        if fits_python and _allows(requirement.specifier, release.minor):
            why = f"pip takes torch {release.minor}, which brings CUDA {release.cuda}"
            return Brought(text, release.cuda, why, release.source, True)
    return Brought(text, None, "a release that deeprig's table does not know", "none", True)


def _allows(specifier: SpecifierSet, minor: str) -> bool:
    """Say whether a requirement lets in a version of a minor release."""
    versions = [Version(f"{minor}.{patch}") for patch in range(10)]
    for clause in specifier:
        try:
            named = Version(clause.version.removesuffix(".*"))
        except InvalidVersion:
            continue
        if named.release[:2] == versions[0].release[:2]:
            versions.append(named)
    return any(specifier.contains(version, prereleases=True) for version in versions)


def _python(text: str | None) -> tuple[int, int]:
    """Return a Python version; the newest where none is named."""
    parts = [int(part) for part in (text or "").split(".") if part]
    return (parts[0], parts[1]) if len(parts) > 1 else (3, 99)


def _by_conda(environment: Environment) -> tuple[Brought, ...]:
    locked = {m for text in environment.conda for m in _LOCKED_CUDA.findall(text)}
    if locked:
        return tuple(
            Brought("cuda-version", cuda, "as locked", "conda lock") for cuda in sorted(locked)
        )
    found = [m for text in environment.conda if (m := _CONDA_FRAMEWORK.match(text))]
    named = _named_cuda(found)
    frameworks = [m.group(1) for m in found if m.group(1) not in ("cuda-version", "cudatoolkit")]
    if not frameworks and named is None:
        return ()
    package = " and ".join(frameworks) or "cuda-version"
    cuda = named or environment.cuda
    if cuda is None:
        why = "conda solves for what the driver supports"
        return (Brought(package, "", why, "conda manual, virtual packages"),)
    return (Brought(package, cuda, f"conda solves for CUDA {cuda}", "declaration"),)


def _named_cuda(found: Iterable[re.Match[str]]) -> str | None:
    """Return the version in ``cuda-version=12.9``, or None where it is not named exactly."""
    for match in found:
        if match.group(1) in ("cuda-version", "cudatoolkit") and match.group(2):
            return match.group(2).strip(".")
    return None
