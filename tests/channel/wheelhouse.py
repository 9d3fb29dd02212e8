"""Wheels for offline `pip install` in a host's environment: PyTorch for the CPU and friends."""

from __future__ import annotations

import hashlib
import html
from pathlib import Path

from .stages import Stages, source_digest
from .tools import Tools

# The local version names the CPU build: pip must fail rather than take the CUDA build,
# which is gigabytes and useless on a test host.
REQUIREMENTS = ("torch==2.13.0+cpu", "numpy", "scikit-learn", "six==1.17.0")
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_17_x86_64",
             "manylinux2014_x86_64")  # fmt: skip


def get_wheelhouse(stages: Stages, tools: Tools) -> Path:
    """Return a directory of wheels for Python 3.11 with an index page for `--find-links`."""

    def make(into: Path) -> None:
        platforms = [word for name in PLATFORMS for word in ("--platform", name)]
        tools.pip_download(into, "--python-version", "3.11", *platforms, *REQUIREMENTS)
        (into / "index.html").write_text(index_page(into), encoding="utf-8")

    return stages.get("wheelhouse", [REQUIREMENTS, source_digest(Path(__file__))], make)


def index_page(folder: Path) -> str:
    """Return a page that links each wheel with its SHA-256, which pip then checks."""
    links = []
    for wheel in sorted(folder.glob("*.whl")):
        sha256 = hashlib.sha256(wheel.read_bytes()).hexdigest()
        href = html.escape(f"{wheel.name.replace('+', '%2B')}#sha256={sha256}")
        links.append(f'<a href="{href}">{html.escape(wheel.name)}</a><br>')
    return "<!DOCTYPE html>\n<title>deeprig test wheelhouse</title>\n" + "\n".join(links) + "\n"
