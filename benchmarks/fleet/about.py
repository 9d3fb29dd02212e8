"""The machine, the versions and the settings that a table of numbers means nothing without."""

from __future__ import annotations

import os
import platform
import re
import subprocess
import sys
from collections.abc import Sequence
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
#: What decides how deeprig behaves.
SOURCES = ("deeprig", "deploy", "roles", "templates", "host")


def about(tools: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """Return what was measured with what."""
    return {
        "date": datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        "machine": machine(),
        "versions": versions(tools),
        "settings": settings,
    }


def machine() -> str:
    """Return the controller's hardware and kernel, which are the hosts' as well."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    model = re.search(r"^model name\s*: (.*)$", text, re.MULTILINE)
    gigabytes = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 1e9
    name = model[1] if model else platform.machine()
    return f"{os.cpu_count()} cores ({name}), {gigabytes:.0f} GB, Linux {platform.release()}"


def versions(tools: Path) -> dict[str, str]:
    """Return the versions of everything that is compared."""
    from deeprig import __version__

    commit = _said(["git", "-C", str(ROOT), "rev-parse", "--short=10", "HEAD"])
    asked = ["git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no", "--"]
    # Not of the whole tree: the page and the results are written by the program itself.
    changed = _said([*asked, *SOURCES])
    ansible = _said([str(tools / "ansible"), "--version"])
    return {
        "deeprig": f"{__version__} ({commit}{', with changes' if changed else ''})",
        "pyinfra": _said([str(tools / "pyinfra"), "--version"]).removeprefix("pyinfra: "),
        "ansible-core": ansible.partition("]")[0].rpartition(" ")[2],
        "paramiko": version("paramiko"),
        "OpenSSH": _said(["ssh", "-V"]).partition(",")[0],
        "Python": platform.python_version(),
    }


def default_transport() -> str:
    """Return the transport deeprig takes by itself; "" where it knows of none."""
    code = "from deeprig.engine.embedding import patch_standard_library as p; p()\n"
    code += "from deeprig.transport.choice import DEFAULT; print(DEFAULT)"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def _said(command: Sequence[str]) -> str:
    """Return the first line a command says. Raise CalledProcessError where it fails."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    return done.stdout.strip().partition("\n")[0]
