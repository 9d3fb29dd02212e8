"""Build the channel, the installer and the wheelhouse; for tests and script/demo.

`build(out)` is incremental: with nothing changed it takes well below a second.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from . import installer, packages
from .channel import get_channel
from .manifest import Artifact, describe
from .python_tree import get_python_tree
from .stages import Stages
from .tools import get_tools
from .wheelhouse import get_wheelhouse

DEFAULT_CACHE = Path.home() / ".cache" / "deeprig" / "channel"


@dataclass(frozen=True, slots=True)
class ChannelBuild:
    """Where a build's parts lie, and what a test must know of them.

    Serve `out` with any plain HTTP server. Then the channel is `/channel` (and, for
    `channel_alias`, also `/conda-forge`), the installer `/installer/NAME` and the
    wheelhouse `/wheelhouse/`.
    """

    out: Path
    channel: Path
    wheelhouse: Path
    manifest: Path
    installer: Path
    installer_sha256: str
    conda_version: str
    python_version: str
    packages: tuple[Artifact, ...]
    wheels: tuple[Artifact, ...]

    @property
    def installer_name(self) -> str:
        return self.installer.name


def build(out: Path, cache: Path | None = None) -> ChannelBuild:
    """Make everything below `out`, downloading and compiling what the cache lacks.

    Args:
        out: the directory to fill; what an earlier build left there is replaced.
        cache: where downloads and build steps are kept; on the same file system as
            `out`, because files are hard-linked.

    Raises:
        BuildFailed: a program of the build failed; the message holds its output.
    """
    stages = Stages((cache or DEFAULT_CACHE).resolve() / "stages")
    with _one_build_at_a_time(stages.root):
        tools = get_tools(stages)
        members = packages.all_packages(stages, tools, get_python_tree(stages, tools))
        channel = get_channel(stages, tools, members)
        sources = {
            "channel": channel,
            "installer": installer.get_installer(stages, tools, channel),
            "wheelhouse": get_wheelhouse(stages, tools),
        }
        out.mkdir(parents=True, exist_ok=True)
        for name, source in sources.items():
            _mirror(source, out / name)
        _link_alias(out / "conda-forge", "channel")
        return _describe(out.resolve())


@contextmanager
def _one_build_at_a_time(root: Path) -> Iterator[None]:
    """Hold the cache's lock: parallel test processes share one cache and one build."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _mirror(source: Path, target: Path) -> None:
    """Make `target` a hard-linked copy of a stage, unless it already is."""
    origin = target / ".stage"
    if origin.is_file() and origin.read_text(encoding="utf-8") == source.name:
        return
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(source, target, copy_function=os.link, ignore=shutil.ignore_patterns(".*"))
    origin.write_text(source.name, encoding="utf-8")


def _link_alias(link: Path, target: str) -> None:
    if not link.is_symlink():
        link.symlink_to(target)


def _describe(out: Path) -> ChannelBuild:
    """Write `manifest.json` and return what it says."""
    file = out / "installer" / installer.FILE_NAME
    sha256 = file.with_name(f"{file.name}.sha256").read_text(encoding="ascii").split()[0]
    build = ChannelBuild(
        out=out,
        channel=out / "channel",
        wheelhouse=out / "wheelhouse",
        manifest=out / "manifest.json",
        installer=file,
        installer_sha256=sha256,
        conda_version=packages.CONDA_VERSION,
        python_version=packages.PYTHON_VERSION,
        packages=describe(out / "channel", "*/*.conda"),
        wheels=describe(out / "wheelhouse", "*.whl"),
    )
    content = {
        "simulated": ["the conda program (stand-in over py-rattler)", "Miniforge's installer"],
        "real": ["solver and linking (py-rattler)", "packages", "Python", "pip", "wheels"],
        **{key: value for key, value in asdict(build).items() if key not in ("out", "manifest")},
    }
    build.manifest.write_text(json.dumps(content, indent=2, default=str) + "\n", encoding="utf-8")
    return build
