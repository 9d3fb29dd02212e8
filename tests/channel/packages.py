"""What the channel holds: a table of packages, and how each one's files come about."""

from __future__ import annotations

import configparser
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .stages import Stages, source_digest
from .tools import HERE, Tools

PYTHON_VERSION = "3.11.2"
CONDA_VERSION = "26.3.2"
SIMULATED_BUILD = "deeprig_simulated_0"
ABOUT = {"summary": "Built locally for deeprig's tests", "channels": [], "tags": ["deeprig-test"]}

# Two versions of a package let an update and a lock differ. (name, version, depends)
PURE_WHEELS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("idna", "3.6", ()),
    ("idna", "3.7", ()),
    ("six", "1.16.0", ()),
    ("six", "1.17.0", ()),
    ("packaging", "24.0", ()),
    ("packaging", "25.0", ()),
    ("setuptools", "84.2.1", ()),
    ("wheel", "0.48.0", ("packaging >=24.0",)),
    ("pip", "26.3", ("setuptools", "wheel")),
    ("ruamel.yaml", "0.19.1", ()),
)
PY_RATTLER_VERSION = "0.28.0"


@dataclass(frozen=True, slots=True)
class Package:
    """One package to write; `files` is the stage that holds its tree."""

    name: str
    version: str
    build: str
    files: Path
    depends: tuple[str, ...] = ()
    build_number: int = 0
    is_noarch_python: bool = False
    entry_points: tuple[str, ...] = ()

    @property
    def subdir(self) -> str:
        return "noarch" if self.is_noarch_python else "linux-64"

    @property
    def file_name(self) -> str:
        return f"{self.name}-{self.version}-{self.build}.conda"

    def index(self) -> Mapping[str, object]:
        """Return the package's `info/index.json`."""
        index: dict[str, object] = {
            "name": self.name,
            "version": self.version,
            "build": self.build,
            "build_number": self.build_number,
            "depends": list(self.depends),
            "subdir": self.subdir,
        }
        if self.is_noarch_python:
            return {**index, "noarch": "python"}
        return {**index, "arch": "x86_64", "platform": "linux"}


def entry_points_of(site_packages: Path) -> tuple[str, ...]:
    """Return a wheel's console scripts as conda writes them: `name = module:function`."""
    scripts: list[str] = []
    for file in site_packages.glob("*.dist-info/entry_points.txt"):
        parser = configparser.ConfigParser(delimiters=("=",))
        parser.read_string(file.read_text(encoding="utf-8"))
        if parser.has_section("console_scripts"):
            scripts += [f"{name} = {target}" for name, target in parser["console_scripts"].items()]
    return tuple(scripts)


def get_wheel_tree(stages: Stages, tools: Tools, requirement: str, prefix: str) -> Path:
    """Return a tree with a wheel unpacked under `prefix`."""

    def make(into: Path) -> None:
        tools.pip_download(
            into, "--no-deps", "--python-version", "3.11", "--platform", "manylinux2014_x86_64",
            requirement,
        )  # fmt: skip
        (wheel,) = into.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(into / prefix)
        wheel.unlink()
        for dist_info in (into / prefix).glob("*.dist-info"):
            (dist_info / "INSTALLER").write_text("conda\n")  # as conda's own packages say

    return stages.get(f"wheel-{requirement.replace('==', '-')}", [requirement, prefix], make)


def pure_packages(stages: Stages, tools: Tools) -> tuple[Package, ...]:
    """Return the noarch Python packages."""
    packages = []
    for name, version, depends in PURE_WHEELS:
        tree = get_wheel_tree(stages, tools, f"{name}=={version}", "site-packages")
        packages.append(
            Package(
                name,
                version,
                "pyhd8ed1ab_0",
                tree,
                depends=("python >=3.9", *depends),
                is_noarch_python=True,
                entry_points=entry_points_of(tree / "site-packages"),
            )
        )
    return tuple(packages)


def get_text_tree(stages: Stages, name: str, files: Mapping[str, str]) -> Path:
    """Return a tree of small text files given as path → content."""

    def make(into: Path) -> None:
        for path, content in files.items():
            (into / path).parent.mkdir(parents=True, exist_ok=True)
            (into / path).write_text(content, encoding="utf-8")

    return stages.get(name, dict(files), make)


def variant_packages(stages: Stages) -> tuple[Package, ...]:
    """Return `deeprig-variant` with a CUDA and a CPU build, and one that nothing satisfies."""

    def variant(kind: str, number: int, *depends: str) -> Package:
        files = {"share/deeprig-variant": f"{kind}\n"}
        tree = get_text_tree(stages, f"variant-{kind}", files)
        return Package("deeprig-variant", "1.0", f"{kind}_{number}", tree, depends, number)

    unsolvable_tree = get_text_tree(stages, "unsolvable", {"share/deeprig-unsolvable": "never\n"})
    return (
        variant("cuda", 200, "__cuda >=12"),
        variant("cpu", 0),
        Package(
            "deeprig-unsolvable",
            "1.0",
            "0",
            unsolvable_tree,
            ("deeprig-does-not-exist >=1", "python >=3.11"),
        ),
    )


def get_conda_tree(stages: Stages) -> Path:
    """Return the tree of the simulated `conda` package: the stand-in and its shell files."""
    sources = (HERE / "standin", HERE / "shell")

    def make(into: Path) -> None:
        site = into / "lib/python3.11/site-packages/conda_standin"
        site.mkdir(parents=True)
        for module in sources[0].glob("*.py"):
            (site / module.name).write_bytes(module.read_bytes())
        for file in (f for f in sources[1].rglob("*") if f.is_file()):
            target = into / file.relative_to(sources[1])
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.read_bytes())
            target.chmod(0o755 if target.parent.name in ("bin", "condabin") else 0o644)

    return stages.get("conda-tree", source_digest(*sources, Path(__file__)), make)


def all_packages(stages: Stages, tools: Tools, python_tree: Path) -> tuple[Package, ...]:
    """Return every package of the channel."""
    rattler_tree = get_wheel_tree(
        stages, tools, f"py-rattler=={PY_RATTLER_VERSION}", "lib/python3.11/site-packages"
    )
    python = Package("python", PYTHON_VERSION, "h0_0_cpython", python_tree, ("__glibc >=2.36",))
    rattler = Package(
        "py-rattler", PY_RATTLER_VERSION, "py311_0", rattler_tree, ("python >=3.11,<3.12.0a0",)
    )
    conda = Package(
        "conda",
        CONDA_VERSION,
        SIMULATED_BUILD,
        get_conda_tree(stages),
        ("python >=3.11,<3.12.0a0", "py-rattler", "ruamel.yaml"),
    )
    return (python, rattler, conda, *pure_packages(stages, tools), *variant_packages(stages))
