"""Exit 0 when conda-forge, Miniforge's releases and PyTorch's CPU index can all be reached."""

from __future__ import annotations

import sys

import requests

_NEEDED = (
    "https://conda.anaconda.org/conda-forge/noarch/repodata.json.zst",
    "https://github.com/conda-forge/miniforge/releases/latest",
    "https://download.pytorch.org/whl/cpu/torch/",
)


def main() -> int:
    """Ask each with a short time limit."""
    for url in _NEEDED:
        try:
            requests.head(url, timeout=8, allow_redirects=True).raise_for_status()
        except requests.RequestException:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
