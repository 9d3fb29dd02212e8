"""Predict with the saved model in a new process, and compare by bit."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from deeprig_host.training.evaluation import Check
from deeprig_host.training.outputs import Outputs, max_difference

SCHEMA = "deeprig.prediction/1"
#: An import of a framework from a cold network disk can take minutes; a hang must end.
_LIMIT_SECONDS = 600
_OUTPUTS = "reloaded.f32"


@dataclass(frozen=True, slots=True)
class Reload:
    """How the outputs of the new process compare. ``max_difference`` is in logits."""

    sha256: str
    reloaded_sha256: str
    max_difference: float

    def check(self) -> Check:
        """Identical means bit for bit; a small difference is still a wrong save or load."""
        is_identical = self.sha256 == self.reloaded_sha256
        same = f"identical, sha256 {self.sha256[:12]}"
        different = f"max difference {self.max_difference:g}"
        return Check(
            "saved, reloaded in a new process, predicts identically",
            is_identical,
            "bit-equal outputs on the test set",
            same if is_identical else different,
        )


def compare(trained: Outputs, reloaded: Outputs) -> Reload:
    """Return how the two compare."""
    return Reload(trained.sha256(), reloaded.sha256(), max_difference(trained, reloaded))


def predict_in_new_process(
    framework: str, workdir: Path, device: str, form: str | None = None
) -> Outputs:
    """Start this program again to predict, with the saved model or with an exported form of it.

    Raise RuntimeError with its reason where it fails.
    """
    with predicting_in_new_process(framework, workdir, device, form) as outputs:
        return outputs()


@contextmanager
def predicting_in_new_process(
    framework: str, workdir: Path, device: str, form: str | None = None
) -> Iterator[Callable[[], Outputs]]:
    """Have that process begin, and give what waits for its outputs: its import takes seconds.

    What is given raises RuntimeError with the process' reason where it failed. A process that
    nobody waited for is ended.
    """
    command = [sys.executable, "-m", "deeprig_host.training", "predict", framework]
    command += ["--workdir", str(workdir), "--device", device]
    command += ["--form", form] if form is not None else []
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield lambda: _outputs_of(process, workdir)
        finally:
            process.kill()


def _outputs_of(process: subprocess.Popen[str], workdir: Path) -> Outputs:
    output, errors = process.communicate(timeout=_LIMIT_SECONDS)
    sys.stderr.write(errors)
    if process.returncode != 0:
        reason = _reason(process.returncode, output, errors)
        raise RuntimeError(f"prediction in a new process failed: {reason}")
    told = json.loads(output)
    outputs = Outputs((workdir / _OUTPUTS).read_bytes(), int(told["width"]))
    if outputs.sha256() != told["sha256"]:
        raise RuntimeError("the new process said another sha256 than its file has")
    return outputs


def save_outputs(outputs: Outputs, workdir: Path) -> dict[str, Any]:
    """Write the outputs for the process that asked, and return the JSON that describes them."""
    (workdir / _OUTPUTS).write_bytes(outputs.raw)
    return {"schema": SCHEMA, "sha256": outputs.sha256(), "width": outputs.width}


def _reason(code: int, output: str, errors: str) -> str:
    """Return the answer's evidence, or the last thing that was said (a crash has no answer)."""
    try:
        return str(json.loads(output)["evidence"])
    except (ValueError, KeyError):
        lines = errors.strip().splitlines() or ["it said nothing"]
        return f"exit {code}: {lines[-1]}"
