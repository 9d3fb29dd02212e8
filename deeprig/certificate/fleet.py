"""The machines of a fleet beside each other, the odd ones out first."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from statistics import median

from deeprig.certificate.burn_rows import BurnRow, burn_rows
from deeprig.certificate.claim import VERDICTS
from deeprig.certificate.model import Certificate, HostCertificate
from deeprig.certificate.numbers import number, percent

_NONE = "\N{EN DASH}"
#: What the audit says of a machine, from the worst; None: nobody inspected it.
_FITS = ("does not fit", "unknown", None, "fits with warnings", "fits")


@dataclass(frozen=True, slots=True)
class FleetRow:
    """One machine; ``difference`` is of its slowest device to the median of its twins."""

    host: HostCertificate
    devices: str
    rate: str
    difference: str
    hottest: str


@dataclass(frozen=True, slots=True)
class _Seen:
    host: HostCertificate
    devices: str
    slowest: BurnRow | None
    heat: float | None


def fleet_rows(certificate: Certificate) -> tuple[FleetRow, ...]:
    """Return the rows, the worst first: by verdict, by hardware, by speed beside their twins."""
    seen = [_seen(host) for host in certificate.hosts]
    differences = {one.host.host: _difference(one, seen) for one in seen}

    def oddness(one: _Seen) -> tuple[int, int, float, str]:
        fits = _FITS.index(one.host.audit.verdict.answer if one.host.audit else None)
        difference = differences[one.host.host]
        return VERDICTS.index(one.host.verdict), fits, difference or 0.0, one.host.host

    return tuple(_row(one, differences[one.host.host]) for one in sorted(seen, key=oddness))


def fleet_counts(certificate: Certificate) -> str:
    """Return how many machines have which verdict."""
    counts = Counter[str](host.verdict for host in certificate.hosts)
    told = [f"{counts[verdict]} {verdict}" for verdict in reversed(VERDICTS) if counts[verdict]]
    total = len(certificate.hosts)
    return f"Of {total} machines: {', '.join(told)}." if told else "No machine was verified."


def _seen(host: HostCertificate) -> _Seen:
    rows = [row for training in host.trainings for row in burn_rows(training)]
    with_rate = [row for row in rows if row.rate is not None]
    slowest = min(with_rate, key=lambda row: row.rate or 0.0, default=None)
    heats = [row.heat for row in rows if row.heat is not None]
    return _Seen(host, _devices(host), slowest, max(heats, default=None))


def _devices(host: HostCertificate) -> str:
    """Return what the host computed on: machines with the same are twins."""
    told = {t.device: bool(t.framework) for t in host.trainings if t.device}
    # A burn names cards by number only: enough where nothing trained.
    return ", ".join(name for name, has_trained in told.items() if has_trained) or ", ".join(told)


def _difference(one: _Seen, seen: list[_Seen]) -> float | None:
    """Return the percentage of a machine's slowest device to its twins' median."""
    rates = [
        other.slowest.rate
        for other in seen
        if other.devices == one.devices and other.slowest and other.slowest.rate is not None
    ]
    if not one.slowest or not one.slowest.rate or len(rates) < 2:
        return None
    middle = median(rates)
    return 100 * (one.slowest.rate - middle) / middle if middle else None


def _row(one: _Seen, difference: float | None) -> FleetRow:
    slowest = one.slowest
    rate = _NONE if slowest is None else f"{number(slowest.rate)} {slowest.unit}".rstrip()
    hottest = _NONE if one.heat is None else f"{number(one.heat)} \N{DEGREE SIGN}C"
    return FleetRow(one.host, one.devices, rate, percent(difference), hottest)
