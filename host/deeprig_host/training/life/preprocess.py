"""Case ``preprocess``: digits are loaded, split, normalised, augmented, and reach the device."""

from __future__ import annotations

from deeprig_host.training import data
from deeprig_host.training.cases import CaseContext, CaseResult, judged
from deeprig_host.training.data_checks import data_checks
from deeprig_host.training.evaluation import Check
from deeprig_host.training.life.learner import Tools

_BATCH_SAMPLES = 64


def run(tools: Tools, context: CaseContext) -> CaseResult:
    """Judge the data, and load it onto the device as the framework's users do."""
    tools.make_repeatable(context.seed)
    split = data.load_split(context.seed)
    checks = data_checks(split, context.seed)
    context.emit(0.5, "loading onto the device")
    return judged((*checks, _check_loading(tools, split.train, context)))


def _check_loading(tools: Tools, part: data.Part, context: CaseContext) -> Check:
    images, numbers = tools.load_shuffled(part.images, _BATCH_SAMPLES, context.seed, context.device)
    order = [int(number) for number in numbers]
    is_whole = sorted(order) == list(range(len(part.labels)))
    is_same = is_whole and images.tobytes() == part.images[order].tobytes()
    is_shuffled = order != sorted(order)
    return Check(
        "the framework loads every image once, shuffled, onto the device",
        is_whole and is_same and is_shuffled,
        f"{len(part.labels)} images, bit-equal",
        f"{len(order)} images, shuffled: {is_shuffled}, equal: {is_same}",
    )
