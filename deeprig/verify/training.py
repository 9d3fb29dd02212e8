"""Run the training proof of ``host/`` inside an environment on the host, and judge its answer."""

from __future__ import annotations

import base64
import io
import json
import shlex
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: Of ``host/deeprig_host/training/document.py``.
SCHEMA = "deeprig.training/1"
#: ssh carries a command as one argument; Linux allows 128 KiB for it (MAX_ARG_STRLEN).
_LARGEST_COMMAND = 120_000


@dataclass(frozen=True, slots=True)
class Proof:
    """The answer of one training run. ``is_good`` is None when no answer came."""

    is_good: bool | None
    evidence: str
    data: dict[str, Any]


def prove_training(
    host: Any, programs: Path, framework: str, environment_path: str, gpu_count: int
) -> Proof:
    """Train with ``framework`` in an environment as an ordinary user, leaving nothing behind.

    ``host`` is testinfra's; ``programs`` is the directory of ``deeprig_host``.
    """
    archive = base64.b64encode(_archive(programs)).decode("ascii")
    script = _script(archive, framework, environment_path, gpu_count)
    if len(script) > _LARGEST_COMMAND:
        raise RuntimeError(f"the training programs are too large to send: {len(script)} bytes")
    done = host.run(script)
    result = _answer(done.stdout)
    if result is None:
        said = (done.stderr or done.stdout).strip()[-600:]
        return Proof(None, f"the training test gave no answer (exit {done.rc}): {said}", {})
    is_good = done.rc == 0 and result.get("outcome") == "pass"
    return Proof(is_good, str(result.get("evidence", "no evidence")), result)


def _answer(text: str) -> dict[str, Any] | None:
    """Return the document of a training run, or None for anything that is none."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):  # RecursionError: nested too deep for any answer
        return None
    is_answer = isinstance(document, dict) and document.get("schema") == SCHEMA
    return document if is_answer else None


def _archive(programs: Path) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path in sorted((programs / "deeprig_host" / "training").glob("*.py")):
            archive.add(path, arcname=f"deeprig_host/training/{path.name}")
        archive.add(programs / "deeprig_host" / "__init__.py", "deeprig_host/__init__.py")
    return buffer.getvalue()


def _script(archive: str, framework: str, environment_path: str, gpu_count: int) -> str:
    """Return a shell script; ``nobody`` trains, so that permissions are proven for every user."""
    python = shlex.quote(f"{environment_path}/bin/python")
    device = f"--gpus {gpu_count}" if gpu_count else "--device cpu"
    command = f"{python} -m deeprig_host.training {framework} --workdir $d/work {device}"
    steps = f"""set -e
d=$(mktemp -d)
trap 'rm -rf "$d"' EXIT
mkdir $d/work
echo {archive} | base64 -d | tar -xz -C $d
chmod -R a+rX $d
chown nobody $d/work
cd $d/work
run="env -i PATH=/usr/bin:/bin HOME=$d/work LANG=C.UTF-8 PYTHONPATH=$d PYTHONDONTWRITEBYTECODE=1"
if [ "$(id -u)" = 0 ]; then run="runuser -u nobody -- $run"; fi
$run {command}
"""
    return f"sh -c {shlex.quote(steps)}"
