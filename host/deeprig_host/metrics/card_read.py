"""Everything that one GPU tells, as one message."""

from __future__ import annotations

from collections.abc import Callable

from deeprig_host.gpu.answers import Unanswered
from deeprig_host.gpu.library import Gpu
from deeprig_host.gpu.lost import is_gone
from deeprig_host.metrics import names
from deeprig_host.metrics.card_answers import CardAnswers
from deeprig_host.metrics.card_faults import tell_errors, tell_processes
from deeprig_host.metrics.card_heat import tell_heat, tell_power
from deeprig_host.metrics.card_work import tell_card, tell_clocks, tell_link, tell_memory
from deeprig_host.metrics.nvml_failures import gpu_failure
from deeprig_host.metrics.nvml_messages import CardId, CardRead
from deeprig_host.metrics.samples import Samples


def read_card(gpu: Gpu, owner: Callable[[int], str]) -> CardRead:
    """Ask a GPU everything. One that is lost while it is asked tells nothing."""
    card = CardId(gpu.index, gpu.uuid)
    answers = CardAnswers(card)
    answers.tell(names.GPU_UP, 1)
    try:
        tell_card(answers, gpu)
        tell_heat(answers, gpu.handle)
        tell_power(answers, gpu.handle)
        tell_clocks(answers, gpu.handle)
        tell_memory(answers, gpu.handle)
        tell_errors(answers, gpu.handle)
        tell_link(answers, gpu.handle)
        tell_processes(answers, gpu.handle, owner)
    except ValueError as error:  # such as a name that is no UTF-8: one card's, not all cards'
        return CardRead(card, answers.samples, refusals=(f"an answer that is none: {error}",))
    lost = next((refusal for refusal in answers.refusals if is_gone(refusal)), None)
    if lost is not None:
        return refused_card(card, lost)
    return CardRead(card, answers.samples, refusals=_faults(answers.refusals))


def refused_card(card: CardId, refusal: Unanswered) -> CardRead:
    """Return what is known of a GPU that does not answer."""
    return CardRead(card, Samples(), gpu_failure(refusal), (str(refusal),))


def _faults(refusals: list[Unanswered]) -> tuple[str, ...]:
    """Return refusals that say something is wrong.

    Not: what a card does not have, and what it tells root only (such as processes under MIG).
    """
    return tuple(
        str(refusal)
        for refusal in refusals
        if not refusal.is_unsupported and not refusal.is_forbidden
    )
