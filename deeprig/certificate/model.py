"""The certificate as data. Its JSON is public (docs/json.md): ``deeprig.certificate/1``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from deeprig.audit.grade import Audit
from deeprig.certificate.baseline import Comparison
from deeprig.certificate.claim import Claim, Verdict, verdict_of, worst
from deeprig.certificate.training import Training
from deeprig.report.decode import decode
from deeprig.report.encode import encode

SCHEMA = "deeprig.certificate/1"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that the certificate was made of; ``sha256`` is of its bytes."""

    kind: Literal["verify", "inspect"]
    name: str
    sha256: str


@dataclass(frozen=True, slots=True)
class HostCertificate:
    """One host. ``simulated`` names what stood in for the real thing; ``inspected`` is when.

    ``audit`` is told beside the verdict and does not decide it: a machine may train well that does
    not suit its declared use. It is None where no inspection is stored.
    """

    host: str
    verdict: Verdict
    summary: str
    claims: tuple[Claim, ...]
    profiles: tuple[str, ...]
    has_gpu: bool | None
    simulated: tuple[str, ...]
    facts: Mapping[str, Any]
    inspected: str | None
    audit: Audit | None
    trainings: tuple[Training, ...]
    comparisons: tuple[Comparison, ...]
    remedy: str | None = None

    def __post_init__(self) -> None:
        """Raise ValueError for a verdict that the claims do not give, wherever it comes from."""
        if self.verdict != verdict_of(self.claims):
            raise ValueError(f"host {self.host} is not {self.verdict!r}: its claims say otherwise")


@dataclass(frozen=True, slots=True)
class Certificate:
    """The certificate of one verification: the same input makes the same.

    Times are ISO 8601 in UTC: when the verification started and ended, and how long it took.
    """

    verdict: Verdict
    started: str
    finished: str
    seconds: float
    version: str
    inventory: str
    hosts: tuple[HostCertificate, ...]
    sources: tuple[Source, ...] = field(default=())

    def __post_init__(self) -> None:
        """Raise ValueError for a verdict better, or worse, than the worst host's."""
        if self.verdict != worst(tuple(host.verdict for host in self.hosts)):
            raise ValueError(f"the verdict is not {self.verdict!r}: its hosts say otherwise")

    def of_hosts(self, names: tuple[str, ...]) -> Certificate:
        """Return the certificate of these hosts alone, with their own verdict."""
        hosts = tuple(host for host in self.hosts if host.host in names)
        verdict = worst(tuple(host.verdict for host in hosts))
        return replace(self, hosts=hosts, verdict=verdict)

    def to_json(self) -> dict[str, Any]:
        """Return the public JSON object."""
        return {"schema": SCHEMA, **encode(self)}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Certificate:
        """Return the certificate of a JSON object. Raise ValueError when it does not fit."""
        if data.get("schema") != SCHEMA:
            raise ValueError(f"unknown schema {data.get('schema')!r}")
        return decode(cls, {key: value for key, value in data.items() if key != "schema"})
