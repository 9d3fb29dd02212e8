"""One GPU's answers on their way to samples: a refusal is never a value."""

from __future__ import annotations

from typing import TypeVar

from deeprig_host.gpu.answers import Unanswered
from deeprig_host.metrics.metric import Metric
from deeprig_host.metrics.nvml_messages import CardId
from deeprig_host.metrics.samples import Samples

Value = TypeVar("Value")

_DIGITS = 6  # 43.992 W, and not what binary fractions make of 43992 mW


class CardAnswers:
    """Keeps values as samples of one GPU, and refusals for whoever judges them."""

    def __init__(self, card: CardId) -> None:
        self.card = card
        self.samples = Samples()
        self.refusals: list[Unanswered] = []

    def tell(
        self, metric: Metric, answer: float | Unanswered | None, *labels: str, scale: float = 1
    ) -> None:
        """Keep a value times ``scale``, as one of this GPU's; labels follow the GPU's own."""
        value = self.value(answer)
        if value is not None:
            self.samples.add(metric, round(value * scale, _DIGITS), *self.card.labels, *labels)

    def value(self, answer: Value | Unanswered | None) -> Value | None:
        """Return a value, or None and keep the refusal."""
        if isinstance(answer, Unanswered):
            self.refusals.append(answer)
            return None
        return answer
