"""Run the training proof: ``python -m deeprig_host.training --help``."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from deeprig_host.training import data, proof
from deeprig_host.training.document import Findings, document, is_good
from deeprig_host.training.evaluation import Check
from deeprig_host.training.framework import Framework, load_framework
from deeprig_host.training.options import BadUsage, Prediction, parse
from deeprig_host.training.reload import save_outputs

PROVEN, NOT_PROVEN, NOT_RUN = 0, 1, 2

Answer = tuple[dict[str, Any], int]


def main(
    arguments: Sequence[str] | None = None,
    load: Callable[[str], Framework] = load_framework,
) -> int:
    """Run, print one JSON object on standard output and nothing else there, return the exit code.

    ``--help`` alone prints text and exits.
    """
    try:
        wanted = parse(sys.argv[1:] if arguments is None else arguments)
    except BadUsage as problem:
        check = Check("the command line", False, "sound usage", str(problem))
        return _print(document(Findings(None, (check,))), NOT_RUN)
    with _output_to_stderr():
        answer, code = _answer(wanted, load)
    return _print(answer, code)


def _answer(wanted: proof.TrainingRun | Prediction, load: Callable[[str], Framework]) -> Answer:
    """Return the answer. Unknown is never a pass: whatever is raised becomes a failure."""
    name = wanted.framework
    try:
        framework = load(name)
    except Exception as problem:  # noqa: BLE001 - a broken library raises OSError, RuntimeError, …
        said = f"cannot be imported: {_tell(problem)}"
        check = Check("the framework", False, f"{name} in this environment", said)
        return document(Findings(name, (check,))), NOT_RUN
    try:
        if isinstance(wanted, Prediction):
            return _predict(framework, wanted), PROVEN
        findings = proof.prove(framework, wanted)
    except ImportError as problem:
        check = Check("the environment", False, "all that training needs", _tell(problem))
        return document(Findings(name, (check,), framework.version())), NOT_RUN
    except Exception as problem:  # noqa: BLE001 - see above
        check = Check("training", False, "no error", _tell(problem))
        return document(Findings(name, (check,), framework.version())), NOT_PROVEN
    return document(findings), PROVEN if is_good(findings) else NOT_PROVEN


def _predict(framework: Framework, wanted: Prediction) -> dict[str, Any]:
    images = data.load_test_images(wanted.workdir)
    outputs = framework.predict_saved(images, wanted.workdir, wanted.device)
    return save_outputs(outputs, wanted.workdir)


@contextlib.contextmanager
def _output_to_stderr() -> Iterator[None]:
    """Send what libraries print, in Python or in C, to standard error: it would spoil the JSON."""
    sys.stdout.flush()
    saved = os.dup(1)
    os.dup2(2, 1)
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    finally:
        os.dup2(saved, 1)
        os.close(saved)


def _tell(problem: Exception) -> str:
    """Return the error in one line; the traceback goes to standard error."""
    traceback.print_exception(problem)
    return " ".join(f"{type(problem).__name__}: {problem}".split())


def _print(answer: dict[str, Any], code: int) -> int:
    sys.stdout.write(json.dumps(answer, allow_nan=False) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
