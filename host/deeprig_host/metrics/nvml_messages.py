"""What the process that asks NVML tells the one that waits for it, one message at a time."""

from __future__ import annotations

from dataclasses import dataclass

from deeprig_host.metrics.samples import Samples


@dataclass(frozen=True, slots=True)
class CardId:
    """A GPU as labels name it; ``uuid`` is empty while nobody has been told it."""

    index: int
    uuid: str

    @property
    def labels(self) -> tuple[str, str]:
        """Return the values of GPU_LABELS."""
        return (str(self.index), self.uuid)


@dataclass(frozen=True, slots=True)
class NoLibrary:
    """NVML cannot be used: ``reason`` is one of names.NVML_FAILURES."""

    reason: str
    text: str


@dataclass(frozen=True, slots=True)
class Listed:
    """NVML is open and told how many GPUs it has: first message where it can be used."""

    count: int


@dataclass(frozen=True, slots=True)
class Begun:
    """The next answers are about this GPU; silence after it is this GPU's.

    Sent again as soon as it has told its uuid.
    """

    card: CardId


@dataclass(frozen=True, slots=True)
class CardRead:
    """All that one GPU told; ``failure`` (one of names.GPU_FAILURES) where it does not answer.

    ``refusals`` are refused questions of a GPU that answers others: nothing that it lacks.
    """

    card: CardId
    samples: Samples
    failure: str | None = None
    refusals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Mistake:
    """This program itself failed: ``text`` is the traceback. Nothing more comes."""

    text: str


@dataclass(frozen=True, slots=True)
class Ended:
    """Nothing more comes: a process that ends without this has crashed."""


Message = NoLibrary | Listed | Begun | CardRead | Mistake | Ended
