"""Reports of ``inspect`` over described hosts, for tests."""

from __future__ import annotations

from deeprig.audit.declaration import HardwareDeclaration
from deeprig.audit.grade import grade
from deeprig.audit.inspection import HostInspection, InspectReport
from tests.unit.audit import described_hosts as hosts


def inspected(name: str, document: hosts.Document, **declared) -> HostInspection:
    hardware = HardwareDeclaration(**declared)
    return HostInspection(
        name,
        "graded",
        is_root=True,
        declared=hardware.as_declared(),
        facts=document,
        audit=grade(hosts.facts_of(document), hardware, hosts.capability_of),
        seconds=1.5,
    )


GONE = HostInspection("gone", "unreachable", "192.0.2.9:22: no connection", "is it on?")
BROKEN = HostInspection("broken", "failed", "there is no /usr/bin/python3", "install it")
STOPPED = HostInspection("stopped", "interrupted", "interrupted before it was graded")


def report(*inspections: HostInspection, exit_code: int = 0) -> InspectReport:
    return InspectReport(
        started="2026-11-21T12:00:00Z",
        finished="2026-11-21T12:00:02Z",
        seconds=2.25,
        version="0.1.0",
        inventory="inventory/lab.py",
        hosts=inspections,
        exit_code=exit_code,
    )


def laptop() -> HostInspection:
    """A host of which no rule fails."""
    return inspected("laptop", hosts.laptop())


def no_gpu() -> HostInspection:
    """A host of which one rule fails, essential ones are unknown or pass."""
    return inspected("no-gpu", hosts.workstation())


def four_cards() -> HostInspection:
    return inspected(
        "four-cards",
        hosts.four_cards(),
        psu_watts=2000,
        cpu_watts=250,
        cooler_type="open-air",
        free_slots_between_gpus=0,
        use="multi-gpu",
    )
