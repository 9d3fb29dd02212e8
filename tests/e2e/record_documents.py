"""Record the JSON documents that docs/json.md shows, from a real run on a throwaway host.

    python -m tests.e2e.record_documents        (root; then python -m tests.unit.report.json_doc)

The host's conda command is simulated (tests/channel), its training is real. One check fails: the
container may not lock as much memory as is declared.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from deeprig.lab import api
from tests.channel.api import DEFAULT_CACHE, build
from tests.e2e.running import ROOT, LabDirectory
from tests.unit.report.json_doc import CERTIFICATE, RECORDED, certificate

TORCH = {
    "name": "torch",
    "python": "3.11",
    "pip": {"packages": ["torch==2.13.0", "numpy", "scikit-learn"]},
    "training_test": "pytorch",
}


def main() -> None:
    """Bring a host up, record every document, take it down."""
    with tempfile.TemporaryDirectory(prefix="deeprig-record-") as directory:
        here = Path(directory)
        channel = build(DEFAULT_CACHE / "out")
        state = api.up(api.LabSpec(here / ".lab" / "default", served=(("dist", channel.out),)))
        try:
            _record_runs(LabDirectory(here, state, channel))
            _record("lab.status", _said(here, "lab", "status"))
        finally:
            _record("lab.down", _said(here, "lab", "down"))
        _record("init", _said(here, "init", "my-lab", "--host", "ada@192.0.2.7"))


def _record_runs(lab: LabDirectory) -> None:
    lab.write("deploy/workstation.py", (ROOT / "deploy/workstation.py").read_text())
    lab.hosts(rig1={})
    _declare(lab, open_files=20_000)
    lab.run("apply")
    _declare(lab, open_files=4096)
    shown = ("-i", "inventory/lab.py")
    _record("plan", _said(lab.path, "plan", *shown, "--role", "base"))
    _record("apply", _said(lab.path, "apply", *shown, "--role", "base"))
    _record("verify", _said(lab.path, "verify", *shown))
    _record("inspect", _said(lab.path, "inspect", *shown))
    _record(CERTIFICATE, certificate())
    _record("lock", _said(lab.path, "lock", "torch", *shown))


def _declare(lab: LabDirectory, *, open_files: int) -> None:
    limits = {"nofile": open_files, "memlock": "unlimited"}
    base = lab.base_settings() | {"packages": ["tmux"], "timezone": "Europe/Berlin"}
    lab.data(
        roles=["base", "conda"], base=base | {"limits": limits}, conda=lab.conda_settings(TORCH)
    )


def _said(directory: Path, *arguments: str) -> Any:
    done = subprocess.run(
        [sys.executable, "-m", "deeprig", *arguments, "--json"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=directory,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        check=False,
    )
    return json.loads(done.stdout.replace(f"{directory}/", "/home/ada/"))


def _record(name: str, document: Any) -> None:
    path = RECORDED / f"{name}.json"
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
