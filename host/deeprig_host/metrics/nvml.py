"""The part that asks NVML, and what it remembers from one pass to the next."""

from __future__ import annotations

from collections.abc import Iterable

from deeprig_host.metrics import names
from deeprig_host.metrics.nvml_child import Asking
from deeprig_host.metrics.nvml_messages import CardId, CardRead, NoLibrary
from deeprig_host.metrics.nvml_wait import Heard, Patience, hear
from deeprig_host.metrics.part import Failure
from deeprig_host.metrics.samples import Samples
from deeprig_host.metrics.stuck import has_ended

#: A machine without a GPU or driver is told by metrics; it is no failure of the collector.
_NO_FAILURES = frozenset({"no_library", "no_driver", "version_mismatch"})


class NvmlReader:
    """Asks NVML once in each pass.

    It remembers which GPU had which index, so that one that is lost keeps its name, and processes
    that hang in the driver: what they wait for is not asked again before they are gone.
    """

    def __init__(self, ask: Asking, patience: Patience) -> None:
        self._ask, self._patience = ask, patience
        self._cards: dict[int, CardId] = {}
        self._slowdowns: dict[CardId, float] = {}
        self._stuck: dict[int, CardId | None] = {}

    def read(self, samples: Samples) -> tuple[Failure, ...]:
        """Add everything about NVML and its GPUs; return what failed, of NVML and of each GPU."""
        heard = self._hear()
        samples.add(names.NVML_UP, heard.failure is None)
        reads = {read.card.index: read for read in heard.read}
        for card in self._expected(heard):
            self._add_card(samples, reads.get(card.index, CardRead(card, Samples(), "nvml")))
        if heard.count is not None:
            up = sum(read.failure is None for read in heard.read)
            samples.add(names.GPUS_ANSWERING, up)
        if heard.failure is not None:
            samples.add(names.NVML_FAILURE, 1, heard.failure.reason)
        return tuple(_failures(heard))

    def _hear(self) -> Heard:
        self._stuck = {pid: card for pid, card in self._stuck.items() if not has_ended(pid, 0)}
        held = [card for card in self._stuck.values() if card is not None]
        if len(held) < len(self._stuck):
            return Heard(failure=NoLibrary("hanging", "it still has not come back"))
        try:
            heard = hear(self._ask, self._patience, frozenset(card.index for card in held))
        except OSError as error:
            return Heard(failure=NoLibrary("other", f"no process to ask it: {error.strerror}"))
        heard.read += [CardRead(card, Samples(), "hanging") for card in held]
        self._stuck |= heard.stuck
        return heard

    def _expected(self, heard: Heard) -> Iterable[CardId]:
        """Return GPUs that are there, and those that were while nobody says that they went."""
        if heard.count is None:
            return tuple(self._cards.values())
        return tuple(CardId(index, "") for index in range(heard.count))

    def _add_card(self, samples: Samples, read: CardRead) -> None:
        if read.failure is not None:
            self._add_failed(samples, read.card, read.failure)
            return
        self._cards[read.card.index] = read.card
        samples.update(read.samples)
        self._add_margin(samples, read)

    def _add_failed(self, samples: Samples, card: CardId, reason: str) -> None:
        if not card.uuid:
            card = self._cards.get(card.index, card)
        samples.add(names.GPU_UP, 0, *card.labels)
        samples.add(names.GPU_FAILURE, 1, *card.labels, reason)

    def _add_margin(self, samples: Samples, read: CardRead) -> None:
        """Keep the margin where a card that is too hot no longer tells its threshold.

        Ada and later tell it by a margin, which says nothing once it is 0 (gpu/thermal.py): just
        when it matters. The threshold is the card's own and does not change.
        """
        told = {sample.metric: sample.value for sample in read.samples}
        slowdown = told.get(names.SLOWDOWN_TEMPERATURE)
        if slowdown is not None:
            self._slowdowns[read.card] = slowdown
            return
        kept, now = self._slowdowns.get(read.card), told.get(names.TEMPERATURE)
        if kept is not None and now is not None:
            samples.add(names.SLOWDOWN_TEMPERATURE, kept, *read.card.labels)
            samples.add(names.SLOWDOWN_MARGIN, kept - now, *read.card.labels)


def _failures(heard: Heard) -> Iterable[Failure]:
    if heard.failure is not None and heard.failure.reason not in _NO_FAILURES:
        yield Failure("nvml", f"{heard.failure.reason}: {heard.failure.text}")
    for read in heard.read:
        for refusal in read.refusals:
            yield Failure("gpu", f"GPU {read.card.index}: {refusal}")
