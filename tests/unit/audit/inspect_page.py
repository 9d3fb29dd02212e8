"""Write docs/inspect.md from the rules, the workloads, and two audits.

    python -m tests.unit.audit.inspect_page

One audit is of a throwaway host, recorded by tests/e2e/record_documents.py, the other of a machine
described by hand (described_hosts.py).
"""

from __future__ import annotations

import io
import json
from pathlib import Path

from rich.console import Console

from deeprig.audit.finding import Finding
from deeprig.audit.inspection import InspectReport
from deeprig.audit.model_sizes import NOT_COUNTED, SHARDED, in_words
from deeprig.audit.rules import ALL_USES, RULES, AuditRule
from deeprig.audit.workloads import MODELS, WORKLOADS
from deeprig.report import store
from deeprig.report.terminal import render
from tests.unit.audit import described_hosts, inspections

PAGE = Path(__file__).parents[3] / "docs" / "inspect.md"
RECORDED = Path(__file__).parents[1] / "report" / "recorded" / "inspect.json"
_WIDTH = 80

_HEAD = """# `deeprig inspect`: what a machine has, and what it is good for

Written by `python -m tests.unit.audit.inspect_page` from the rules themselves, from a recorded run
and from a described machine; a test keeps it so.

    deeprig inspect                                    every host of the inventory
    deeprig inspect --limit rig1 --json > rig1.json    one host, as JSON (docs/json.md)
    deeprig inspect --facts rig1.json                  grade what was recorded, without the host
    deeprig inspect --declare psu_watts=1600           what if it had another power supply?
    deeprig report --format html -o rig1.html          the newest report as a page

It works before any driver is installed, and needs only Python 3.10 or later on the host (the
distribution's package python3; python3-minimal is not enough). Nothing is changed and nothing is
written there: the collector travels over the connection and runs from memory (memfd_create(2)), so
that nothing can be left behind, whatever happens to the connection. With several hosts, they are
compared side by side; `--verbose` gives each its whole audit, and says where rules and numbers were
published.

Exit codes: 0 every host was graded and no rule fails; 1 a rule fails for the declared use, or a
host could not be inspected; 2 bad usage or inventory; 3 a host was unreachable; 130 interrupted.

## What is asked of the host

Files of `/proc` and `/sys`, and NVML where a driver is loaded: system, chassis and firmware,
whether the machine is virtual; CPUs; memory with its slots (SMBIOS tables); the PCI tree with every
link's width and speed; GPUs with memory, compute capability, power limits, temperature, NVLinks;
disks; network cards; supplies, thermal zones and sensors; Secure Boot, Above-4G windows, Resizable
BAR, IOMMU. Before a driver a GPU is known by its PCI id: its compute capability comes from the
driver role's table, its memory is unknown. NVML is asked in a process of its own, so that a library
that crashes or hangs costs only its own facts.

As root, by the inventory's login or through sudo. Where sudo asks for a password, `-K` asks you for
it, once; without `-K` the facts are read without root, fewer are known (the memory's slots, for
one), and the report says so.

On the simulated machines of deeprig's own tests the report says what is simulated.

Whatever cannot be told is *unknown*, with the reason; that is never a pass. What a virtual machine
or a container shows of its links and disks may be made up, so it is unknown as well.

## What the inventory declares

No software can read what is printed on a power supply. All of it is optional, in a host's own entry
or in a group's data (docs/settings.md):

```python
hardware = {
    "psu_watts": 1600,  # on the power supply's label
    "cpu_watts": 230,  # the CPU's data sheet: PL2, PPT
    "cooler_type": "blower",  # blower, open-air, water, passive; or by PCI address:
    # "cooler_type": {"0000:01:00.0": "open-air", "0000:02:00.0": "blower"},
    "free_slots_between_gpus": 0,  # 0 is side by side
    "use": "research",  # experiment, kaggle, research, multi-gpu
}
```

`use` decides for which use the findings, and the exit code, are; there is a verdict for every use.

"""

_VERDICTS = """
A verdict is *does not fit* where a rule that takes part fails; else *unknown* where an essential
one cannot be told, because it might have failed; else *fits with warnings* where one warns or
cannot be told; else *fits*.

Not graded: the clock rate of the memory, which hardly matters; a link's speed at idle; what shows
only under load, such as one card being hotter than its neighbours. That is what monitoring is for.

## Where the rules come from

The rules are those that this project was given as a summary of two texts: Tim Dettmers' guide of
2018, and a general build guide. Neither original was at hand when this was written. Compared with
retellings of the guide by others, and found alike: GPU memory by use, main memory against the
largest GPU, side by side up to 30 % slower. Not compared with any text: cores per GPU and the CPU's
clock, lanes, the power supply's factors, the archive, 80 degrees, and all of the build guide. Bytes
of a parameter were compared with Hugging Face's documentation (6 + 4 + 8 with mixed precision).
What is named as NVIDIA's or as the PCI specification's was written from knowledge of those
documents. The numbers are of 2018 where they speak of what is fast.

"""


def page() -> str:
    """Return the text of docs/inspect.md."""
    return "".join((_HEAD, _rules(), _VERDICTS, _sizes(), _examples()))


def _rules() -> str:
    rows = [f"| {_row(rule)} |" for rule in RULES]
    head = ["## The rules\n", "| rule | expected | takes part in | essential | published by |"]
    return "\n".join([*head, "|---|---|---|---|---|", *rows, ""])


def _row(rule: AuditRule) -> str:
    findings = [finding_of(rule, use) for use in ALL_USES]
    expected = "; ".join(dict.fromkeys(finding.expected for finding in findings))
    uses = "every use" if rule.decides == ALL_USES else ", ".join(rule.decides)
    source = findings[0].source
    cells = (
        f"`{findings[0].rule}`",
        expected,
        uses or "none: told only",
        "yes" if rule.is_essential else "",
        f"{source.origin}: {source.rule}",
    )
    return " | ".join(cell.replace("|", "\\|") for cell in cells)


def finding_of(rule: AuditRule, use: str) -> Finding:
    """Return what a rule says of some machine: its name, expectation and source are constant."""
    machine = described_hosts.machine_of(described_hosts.four_cards())
    return rule.check(machine, next(known for known in ALL_USES if known == use))


def _sizes() -> str:
    rows = [f"| {w.name} | {w.bytes_per_parameter:g} | {w.parts} | {w.source} |" for w in WORKLOADS]
    known = ", ".join(f"{model.name} ({in_words(model.parameters)})" for model in MODELS)
    return "\n".join(
        [
            "## Which models fit\n",
            "    parameters = memory of the GPU / bytes of a parameter",
            "    parameters on n GPUs = n x memory of the smallest GPU / bytes of a parameter\n",
            "| for | bytes | of what | published by |",
            "|---|---|---|---|",
            *rows,
            "",
            f"{NOT_COUNTED}\n",
            f"{SHARDED}\n",
            f"For comparison: {known}.\n\n",
        ]
    )


def _examples() -> str:
    real = store.from_json(json.loads(RECORDED.read_text(encoding="utf-8")))
    described = inspections.report(inspections.four_cards())
    several = inspections.report(
        inspections.four_cards(),
        inspections.laptop(),
        inspections.inspected("new-rig", _before_driver()),
    )
    parts = (
        ("A throwaway host of `deeprig lab`, as it was", real),
        ("Four open-air cards, described by hand", described),
        ("Three machines side by side, described by hand; the third has no driver yet", several),
    )
    return "## Examples\n" + "".join(
        f"\n### {title}\n\n```text\n{_shown(report)}```\n" for title, report in parts
    )


def _before_driver() -> described_hosts.Document:
    card = described_hosts.before_driver(described_hosts.rtx_4090(1))
    document = described_hosts.put_in(described_hosts.workstation(), card)
    why = "no NVIDIA driver is loaded"
    document["unknown"].append({"what": f"gpus.{card['address']}", "why": why})
    return document


def _shown(report: object) -> str:
    assert isinstance(report, InspectReport)
    stream = io.StringIO()
    console = Console(file=stream, width=_WIDTH, force_terminal=True, color_system=None)
    render(report, console)
    return "\n".join(line.rstrip() for line in stream.getvalue().splitlines()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
