"""Make a certificate of a verification, and of the inspections that are stored. Pure."""

from __future__ import annotations

from collections.abc import Container, Mapping

from deeprig.audit.inspection import HostInspection
from deeprig.certificate.claim import Claim, verdict_of, worst
from deeprig.certificate.claims import claims_of
from deeprig.certificate.evidence import Evidence, evidence_of
from deeprig.certificate.model import Certificate, HostCertificate, Source
from deeprig.certificate.summary import summary_of
from deeprig.report.model import HostVerification, VerifyReport


def certificate_of(
    report: VerifyReport,
    inspections: Mapping[str, HostInspection],
    sources: tuple[Source, ...] = (),
    had_gpu: Container[str] = (),
) -> Certificate:
    """Return the certificate; ``inspections`` are by host, and a host may have none.

    ``had_gpu`` names hosts that had a GPU in an earlier verification.
    """
    hosts = tuple(
        host_certificate(host, inspections.get(host.host), had_gpu=host.host in had_gpu)
        for host in report.hosts
    )
    return Certificate(
        verdict=worst(tuple(host.verdict for host in hosts)),
        started=report.started,
        finished=report.finished,
        seconds=report.seconds,
        version=report.version,
        inventory=report.inventory,
        hosts=hosts,
        sources=sources,
    )


def host_certificate(
    host: HostVerification, inspection: HostInspection | None, *, had_gpu: bool = False
) -> HostCertificate:
    """Return what one host's checks and its inspection prove together."""
    evidence = evidence_of(host)
    has_gpu = _has_gpu(host, inspection, evidence)
    if has_gpu is False and host.gpu_count is None and had_gpu:
        has_gpu = True  # a card that fell off the bus is no reason to claim less
    claims = claims_of(evidence, has_gpu=has_gpu)
    verdict = verdict_of(claims)
    audit = inspection.audit if inspection else None
    return HostCertificate(
        host=host.host,
        verdict=verdict,
        summary=summary_of(verdict, claims, evidence.trainings),
        claims=claims,
        profiles=tuple(sorted({training.profile for training in evidence.trainings} - {""})),
        has_gpu=has_gpu,
        simulated=_simulated(claims, audit.simulated if audit else None),
        facts=host.facts,
        inspected=audit.collected if audit else None,
        audit=audit,
        trainings=evidence.trainings,
        comparisons=evidence.comparisons,
        remedy=host.remedy,
    )


def _has_gpu(
    host: HostVerification, inspection: HostInspection | None, evidence: Evidence
) -> bool | None:
    """Return whether there is a GPU, or should be one.

    Any evidence of one is enough, and so is that one is declared. That there is none needs a look
    at the bus, or the word of the inventory: an inspection that misses one may be right, and then
    nobody knows whether a card fell off the bus.
    """
    seen = host.facts.get("nvidia_devices")
    audit = inspection.audit if inspection else None
    rule = next((f for f in audit.findings if f.rule == "gpu.present"), None) if audit else None
    outcome = None if rule is None else rule.outcome
    has_trained = any(training.is_on_gpu for training in evidence.trainings)
    if seen or outcome == "pass" or has_trained or host.gpu_count:
        return True
    if host.gpu_count == 0:
        return False
    return False if isinstance(seen, list | tuple) and outcome != "fail" else None


def _simulated(claims: tuple[Claim, ...], of_audit: str | None) -> tuple[str, ...]:
    told = [
        f"{item.name} ({item.where})" if item.where else item.name
        for claim in claims
        for item in claim.items
        if item.is_simulated
    ]
    return (*((f"the hardware: {of_audit}",) if of_audit else ()), *dict.fromkeys(told))
