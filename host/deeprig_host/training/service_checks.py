"""Ask a prediction service, and judge what it answers."""

from __future__ import annotations

import time
from http import HTTPStatus
from statistics import median

from deeprig_host.training import service
from deeprig_host.training.cases import CaseContext, Measurement
from deeprig_host.training.data import Split
from deeprig_host.training.evaluation import Check
from deeprig_host.training.outputs import Outputs, max_difference
from deeprig_host.training.tolerances import of_logits

_ALONE_IMAGES = 20


def ask_service(
    context: CaseContext, split: Split, trained: Outputs
) -> tuple[tuple[Check, ...], tuple[Measurement, ...]]:
    """Serve what ``context.workdir`` has saved and compare with the trained model's own outputs."""
    images = split.test.images.tolist()
    with service.running_service(context.framework, context.workdir, context.device) as port:
        bad = service.ask(port, [[1.0, 2.0]])
        together = service.ask(port, images)
        alone, seconds = _ask_alone(port, images[:_ALONE_IMAGES])
    checks = (
        _check_bad(bad),
        _check_together(together, trained),
        _check_alone(alone, trained, of_logits(context.device)),
    )
    return checks, (Measurement("one prediction", median(seconds) * 1000, "ms", "lower"),)


def _ask_alone(port: int, images: list[object]) -> tuple[list[service.Answer], list[float]]:
    answers, seconds = [], []
    for image in images:
        started = time.monotonic()
        answers.append(service.ask(port, [image]))
        seconds.append(time.monotonic() - started)
    return answers, seconds


def _check_bad(answer: service.Answer) -> Check:
    wanted = HTTPStatus.BAD_REQUEST.value
    name = "a request that is none is refused, and the service goes on"
    return Check(name, answer.status == wanted, f"status {wanted}", f"status {answer.status}")


def _check_together(answer: service.Answer, trained: Outputs) -> Check:
    name = "it predicts as the trained model"
    expected = f"{trained.samples} predictions, bit-equal"
    if answer.status != HTTPStatus.OK:
        return Check(name, False, expected, f"status {answer.status}: {answer.told}")
    seen = answer.outputs()
    off = max_difference(seen, trained)
    actual = f"{seen.samples} predictions, {off:.1e} off"
    return Check(name, seen.raw == trained.raw, expected, actual)


def _check_alone(answers: list[service.Answer], trained: Outputs, most: float) -> Check:
    off = [
        max_difference(answer.outputs(), trained.part(at, at + 1))
        for at, answer in enumerate(answers)
    ]
    name = "one image alone gives the same answer"
    expected = f"{_ALONE_IMAGES} answers within {most:g}"
    is_good = len(off) == _ALONE_IMAGES and max(off) <= most
    return Check(name, is_good, expected, f"{len(off)} answers, {max(off, default=0.0):.1e} off")
