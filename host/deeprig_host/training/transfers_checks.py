"""Whether copies to and from a GPU arrive, and fill its PCIe link."""

from __future__ import annotations

from dataclasses import dataclass

from deeprig_host.training.cases import Measurement
from deeprig_host.training.evaluation import Check
from deeprig_host.training.pcie_link import Link

#: Packet headers leave about 0.9 of the link, and copies reach 0.75 to 0.9 of it where nothing is
#: wrong (NVIDIA publishes 12.3 of 15.8 GB/s for bandwidthTest on generation 3). Not yet measured on
#: GPUs of our own.
_LEAST_LINK_SHARE = 0.6
#: Pageable memory goes through a pinned buffer of the driver: it is not faster.
_LEAST_PINNED_RATIO = 0.95


@dataclass(frozen=True, slots=True)
class Copies:
    """Of one GPU, in GB/s; ``link`` is None where the kernel does not know it."""

    device: str
    pinned_to: float
    pinned_from: float
    pageable_to: float
    is_same: bool
    link: Link | None

    def checks(self) -> tuple[Check, ...]:
        """What comes back is what was sent; pinned memory is worth it; the link is filled."""
        same = Check(f"{self.device}: copies arrive", self.is_same, "bit-equal", "compared")
        expected = f"at least {_LEAST_PINNED_RATIO:g} times pageable"
        pinned = Check(
            f"{self.device}: pinned memory is not slower",
            self.pinned_to >= _LEAST_PINNED_RATIO * self.pageable_to,
            expected,
            f"{self.pinned_to:.1f}, pageable {self.pageable_to:.1f} GB/s",
        )
        return (same, pinned, *self._link_checks())

    def _link_checks(self) -> tuple[Check, ...]:
        if self.link is None:
            return ()
        least = _LEAST_LINK_SHARE * self.link.gigabytes_per_second
        slower = min(self.pinned_to, self.pinned_from)
        expected = f"at least {least:.1f} GB/s both ways, of {self.link.describe()}"
        actual = f"to it {self.pinned_to:.1f}, from it {self.pinned_from:.1f} GB/s"
        return (
            Check(f"{self.device}: the PCIe link is filled", slower >= least, expected, actual),
        )

    def measurements(self) -> tuple[Measurement, ...]:
        """Return the rates."""
        told = {
            "pinned memory to it": self.pinned_to,
            "pinned memory from it": self.pinned_from,
            "pageable memory to it": self.pageable_to,
        }
        return tuple(
            Measurement(f"{self.device}: {name}", rate, "GB/s", "higher")
            for name, rate in told.items()
        )
