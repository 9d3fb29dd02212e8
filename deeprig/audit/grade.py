"""Grade a machine: every rule's finding, a verdict per use, and the model sizes that fit."""

from __future__ import annotations

from dataclasses import dataclass

from deeprig.audit.declaration import HardwareDeclaration, Use
from deeprig.audit.facts import HardwareFacts
from deeprig.audit.finding import Finding
from deeprig.audit.machine import CapabilityByDevice, Machine
from deeprig.audit.model_sizes import NOT_COUNTED, SHARDED, ModelSize, model_sizes
from deeprig.audit.rules import ALL_USES, RULES
from deeprig.audit.summary import Part, summary
from deeprig.audit.verdict import Verdict, verdict

SCHEMA = "deeprig.audit/1"


@dataclass(frozen=True, slots=True)
class Audit:
    """What the rules say about one machine; ``deeprig.report.encode`` makes it JSON.

    ``use`` is the declared one: ``findings`` are graded for it, ``verdicts`` for each.
    """

    schema: str
    collected: str
    simulated: str | None
    use: Use
    machine: tuple[Part, ...]
    findings: tuple[Finding, ...]
    verdicts: tuple[Verdict, ...]
    model_sizes: tuple[ModelSize, ...]
    model_sizes_not_counted: str
    model_sizes_sharded: str

    @property
    def verdict(self) -> Verdict:
        """The verdict on the declared use."""
        return next(verdict for verdict in self.verdicts if verdict.use == self.use)


def grade(
    facts: HardwareFacts, declared: HardwareDeclaration, capability_of: CapabilityByDevice
) -> Audit:
    """Return the audit of a machine. Pure: nothing is read but the arguments."""
    machine = Machine(facts, declared, capability_of)
    return Audit(
        schema=SCHEMA,
        collected=facts.collected,
        simulated=facts.simulated,
        use=declared.use,
        machine=summary(machine),
        findings=tuple(rule.check(machine, declared.use) for rule in RULES),
        verdicts=tuple(verdict(machine, use) for use in ALL_USES),
        model_sizes=model_sizes(machine),
        model_sizes_not_counted=NOT_COUNTED,
        model_sizes_sharded=SHARDED,
    )
