"""Leave a verification's verdict on the host itself, where its metrics and alerts come from."""

from __future__ import annotations

import json
import shlex
import subprocess
import tempfile
import time
from pathlib import Path

from deeprig.inventory.model import DeclaredHost
from deeprig.report.model import HostVerification
from deeprig.verify.ssh_config import ssh_config_text

#: A host with this role is watched, and has somebody who reads the status.
STATUS_ROLE = "monitoring"
_DIRECTORY = "/var/lib/deeprig/status"
_FILE = f"{_DIRECTORY}/verify.json"
#: Whole or not at all: the collector may read at any moment (rename(2)).
_WRITE = (
    f"umask 022 && mkdir -p {_DIRECTORY} && cat >{_FILE}.new && mv {_FILE}.new {_FILE}"
    f" || {{ rm -f {_FILE}.new; exit 1; }}"
)
#: Checks that a status names.
_NAMED = 3
_LONGEST_TEXT = 300


def leave_status(host: DeclaredHost, lab_directory: Path, result: HostVerification) -> str | None:
    """Write the verdict to the host. Return why that failed, None when it is there."""
    command = ["sh", "-c", _WRITE]
    words = ["sudo", "-n", *command] if host.needs_sudo else command
    with tempfile.TemporaryDirectory(prefix="deeprig-") as directory:
        config = Path(directory, "ssh_config")
        config.write_text(ssh_config_text(host, lab_directory, Path(directory)), encoding="utf-8")
        done = subprocess.run(
            ["ssh", "-F", str(config), "-o", "ConnectTimeout=10", host.name, shlex.join(words)],
            input=status_text(result, int(time.time())),
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode == 0:
        return None
    said = done.stderr.strip().splitlines()
    return f"{_FILE} could not be written: {said[-1] if said else f'exit {done.returncode}'}"


def status_text(result: HostVerification, at: int) -> str:
    """Return the status document of a verdict; ``at`` is in Unix seconds."""
    bad = [check for check in result.checks if check.outcome in ("fail", "unknown")]
    names = [f"{check.role}: {check.name}" for check in bad[:_NAMED]]
    more = [f"{len(bad) - _NAMED} more"] if len(bad) > _NAMED else []
    text = "; ".join((*names, *more)) or result.reason or f"{len(result.checks)} checks"
    document = {
        "schema": "deeprig.status/1",
        "what": "verify",
        "time": at,
        "ok": result.status == "passed",
        "failed": len(bad),
        "text": text[:_LONGEST_TEXT],
    }
    return json.dumps(document) + "\n"
