"""Words for people on a captured state and on a comparison of two."""

from __future__ import annotations

from collections import Counter

from deeprig_host.backup.compare import DECISIVE, Finding, areas_lacking, is_rebuilt
from deeprig_host.backup.state import Captured
from deeprig_host.backup.state_part import printable

#: A rebuild on another release differs in hundreds of packages; nobody reads them one by one.
_SHOWN = 20


def captured_lines(captured: Captured) -> tuple[str, ...]:
    """Return what a capture took, what changed, and what could not be told."""
    good = len(captured.parts) - len(captured.reasons)
    told = f"{good} of {len(captured.parts)} parts captured, {len(captured.changed)} files changed"
    return (told, *captured.remarks, *(f"not captured: {one}" for one in captured.reasons))


def comparison_lines(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    """Return the verdict, then counts of each area with what is not as it was."""
    lines = [_verdict(findings)]
    for area in dict.fromkeys(finding.area for finding in findings):
        of_it = tuple(finding for finding in findings if finding.area == area)
        counts = Counter(finding.verdict for finding in of_it)
        lines.append(f"{area}: {', '.join(f'{counts[key]} {key}' for key in sorted(counts))}")
        other = [finding for finding in of_it if finding.verdict != "same"]
        lines += [f"  {printable(str(finding))}" for finding in other[:_SHOWN]]
        if len(other) > _SHOWN:
            lines.append(f"  and {len(other) - _SHOWN} more")
    return tuple(lines)


def _verdict(findings: tuple[Finding, ...]) -> str:
    if is_rebuilt(findings):
        return f"rebuilt: {', '.join(DECISIVE)}"
    return f"not rebuilt: {', '.join(areas_lacking(findings)) or 'nothing could be compared'}"
