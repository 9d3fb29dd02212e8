"""conda environments below the declared prefixes: a digest of each, and its packages."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from deeprig_host.fleet.order import Order
from deeprig_host.fleet.told import Page

_PYTHON = re.compile(r"python3\.\d+")


def environments(page: Page, order: Order) -> None:
    """Tell each environment. Two of one digest have the same packages in the same builds."""
    for prefix in order.prefixes:
        if page.names(f"{prefix}/conda-meta"):
            _environment(page, f"base of {prefix}", prefix)
        for name in page.names(f"{prefix}/envs"):
            _environment(page, name, f"{prefix}/envs/{name}")


def _environment(page: Page, name: str, path: str) -> None:
    of_conda = dict(_of_conda(page, path))
    of_pip = {
        key: version
        for key, version in _of_pip(page, path)
        # conda records the Python metadata of its own packages, under the same name mostly.
        if of_conda.get(key.removesuffix(" (pip)"), "").partition(" ")[0] != version
    }
    found = dict(sorted((of_conda | of_pip).items()))
    text = "\n".join(f"{key} {value}" for key, value in found.items())
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    page.say(name, f"{len(found)} packages, {digest}")
    for key, value in found.items():
        page.say(f"{name}: {key}", value)


def _of_conda(page: Page, path: str) -> Iterator[tuple[str, str]]:
    """Yield name and version with build, which conda writes into the names of its records."""
    for record in page.names(f"{path}/conda-meta"):
        parts = record.removesuffix(".json").rsplit("-", 2)
        if record.endswith(".json") and len(parts) == 3:
            yield parts[0], f"{parts[1]} {parts[2]}"


def _of_pip(page: Page, path: str) -> Iterator[tuple[str, str]]:
    """Yield what has Python metadata, by its normalised name (PEP 503)."""
    for python in page.names(f"{path}/lib"):
        packages = f"{path}/lib/{python}/site-packages"
        # python3.1 is conda's link to python3.13, for old builds.
        is_link = page.machine.path(f"{path}/lib/{python}").is_symlink()
        if not _PYTHON.fullmatch(python) or is_link:
            continue
        for entry in page.names(packages):
            name, dash, version = entry.removesuffix(".dist-info").partition("-")
            if entry.endswith(".dist-info") and dash and not entry.startswith("~"):
                yield f"{re.sub('[-_.]+', '-', name).lower()} (pip)", version
