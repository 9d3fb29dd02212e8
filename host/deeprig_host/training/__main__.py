"""Run the training proof: ``python -m deeprig_host.training --help``."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from typing import Any

from deeprig_host.training import data, proof, suite_program
from deeprig_host.training.document import Findings, document, is_good
from deeprig_host.training.evaluation import Check
from deeprig_host.training.framework import Framework, load_framework
from deeprig_host.training.options import Prediction, Service, parse
from deeprig_host.training.output import output_to_stderr
from deeprig_host.training.place_options import BadUsage
from deeprig_host.training.reload import save_outputs
from deeprig_host.training.said import one_line
from deeprig_host.training.service import serve
from deeprig_host.training.suite import SuiteRun

PROVEN, NOT_PROVEN, NOT_RUN = 0, 1, 2

Answer = tuple[dict[str, Any], int]


def main(
    arguments: Sequence[str] | None = None,
    load: Callable[[str], Framework] = load_framework,
) -> int:
    """Run, print JSON on standard output and nothing else there, return the exit code.

    One object, or of the suite lines of events. ``--help`` alone prints text and exits.
    """
    given = sys.argv[1:] if arguments is None else arguments
    try:
        wanted = parse(given)
    except BadUsage as problem:
        if given and given[0] == "suite":
            return suite_program.refuse(str(problem))
        check = Check("the command line", False, "sound usage", str(problem))
        return _print(document(Findings(None, (check,))), NOT_RUN)
    if isinstance(wanted, SuiteRun):
        return suite_program.main(wanted, load)
    if isinstance(wanted, Service):
        return _serve(load(wanted.framework), wanted)
    with output_to_stderr():
        answer, code = _answer(wanted, load)
    return _print(answer, code)


def _answer(wanted: proof.TrainingRun | Prediction, load: Callable[[str], Framework]) -> Answer:
    """Return the answer. Unknown is never a pass: whatever is raised becomes a failure."""
    name = wanted.framework
    try:
        framework = load(name)
    except Exception as problem:  # noqa: BLE001 - a broken library raises OSError, RuntimeError, …
        said = f"cannot be imported: {one_line(problem)}"
        check = Check("the framework", False, f"{name} in this environment", said)
        return document(Findings(name, (check,))), NOT_RUN
    try:
        if isinstance(wanted, Prediction):
            return _predict(framework, wanted), PROVEN
        findings = proof.prove(framework, wanted)
    except ImportError as problem:
        check = Check("the environment", False, "all that training needs", one_line(problem))
        return document(Findings(name, (check,), framework.version())), NOT_RUN
    except Exception as problem:  # noqa: BLE001 - see above
        check = Check("training", False, "no error", one_line(problem))
        return document(Findings(name, (check,), framework.version())), NOT_PROVEN
    return document(findings), PROVEN if is_good(findings) else NOT_PROVEN


def _predict(framework: Framework, wanted: Prediction) -> dict[str, Any]:
    images = data.load_test_images(wanted.workdir)
    if wanted.form is None:
        outputs = framework.predict_saved(images, wanted.workdir, wanted.device)
    else:
        outputs = framework.predict_exported(wanted.form, images, wanted.workdir, wanted.device)
    return save_outputs(outputs, wanted.workdir)


def _serve(framework: Framework, wanted: Service) -> int:
    """Tell the port in a line of JSON, and serve until standard input ends."""
    with output_to_stderr() as write:
        serve(
            lambda images: framework.predict_saved(images, wanted.workdir, wanted.device),
            lambda port: write(json.dumps({"port": port}) + "\n"),
        )
    return PROVEN


def _print(answer: dict[str, Any], code: int) -> int:
    sys.stdout.write(json.dumps(answer, allow_nan=False) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
