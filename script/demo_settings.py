"""Print the settings of the demo's host: real sources where they can be reached, else local ones.

demo_settings.py real
demo_settings.py local BUILD_DIRECTORY < lab-status.json
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from pprint import pformat
from typing import Any

#: What the demo trains with; the same versions from either source.
_TORCH = ["torch==2.13.0", "numpy", "scikit-learn"]


def environment(pip: dict[str, Any]) -> dict[str, Any]:
    """Return the demo's environment."""
    return {
        "name": "torch",
        "python": "3.11",
        "pip": {"packages": _TORCH, **pip},
        "cuda": "cpu",
        "training_test": "pytorch",
    }


def real() -> dict[str, Any]:
    """Return settings that use conda-forge, Miniforge's releases and PyTorch's CPU index."""
    index = "https://download.pytorch.org/whl/cpu"
    return {"environments": [environment({"extra_index_urls": [index]})]}


def local(build: Path, status: dict[str, Any]) -> dict[str, Any]:
    """Return settings that use the channel, installer and wheelhouse of the project's tests."""
    manifest = json.loads((build / "manifest.json").read_text(encoding="utf-8"))
    served, own = status["served"]["dist"], status["served_to_controller"]["dist"]
    name = Path(manifest["installer"]).name.replace("26.3.2-3", "{version}")
    return {
        "installer": {
            "url": f"{own}installer/{name.replace('x86_64', '{machine}')}",
            "sha256": manifest["installer_sha256"],
        },
        "channels": ["conda-forge"],
        "channel_alias": served.rstrip("/"),
        "pip": {
            "no_index": True,
            "find_links": [f"{served}wheelhouse/"],
            "trusted_hosts": ["10.213.0.1"],
        },
        "environments": [environment({})],
    }


def main() -> None:
    """Print a group data file."""
    is_real = sys.argv[1] == "real"
    conda = real() if is_real else local(Path(sys.argv[2]), json.load(sys.stdin))
    base = {
        "timezone": "Europe/Berlin",
        "packages": ["git", "htop", "tmux"],
        "users": [{"name": "ada", "sudo": "password"}],
    }
    print('"""The demo: one workstation with PyTorch."""\n')  # noqa: T201 - this is the file
    print(f"base = {pformat(base)}\n\nconda = {pformat(conda)}")  # noqa: T201


if __name__ == "__main__":
    main()
