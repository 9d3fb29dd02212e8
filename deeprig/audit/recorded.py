"""Grade recorded facts without a host: a collector's own document, or a report of ``inspect``."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from deeprig import __version__
from deeprig.audit.declaration import HardwareDeclaration
from deeprig.audit.facts import SCHEMA as FACTS_SCHEMA
from deeprig.audit.grade import grade
from deeprig.audit.inspection import SCHEMA, HostInspection, InspectReport
from deeprig.audit.machine import CapabilityByDevice
from deeprig.audit.moment import now
from deeprig.audit.read import read_facts
from deeprig.errors import UsageProblem

_REMEDY = "name what `deeprig inspect --json` printed, or `python3 -m deeprig_host.audit`"


def inspect_files(
    files: Sequence[Path], changes: Mapping[str, Any], capability_of: CapabilityByDevice
) -> InspectReport:
    """Return the report over the hosts in the files, ``changes`` replacing what was declared.

    Raise UsageProblem naming the file that cannot be read or holds no facts.
    """
    started, clock = now(), time.monotonic()
    hosts = [
        _graded(file, name, document, {**declared, **changes}, capability_of)
        for file in files
        for name, document, declared in _recorded(file)
    ]
    return InspectReport(
        started=started,
        finished=now(),
        seconds=round(time.monotonic() - clock, 2),
        version=__version__,
        inventory=None,
        hosts=tuple(hosts),
    )


def _graded(
    file: Path,
    name: str,
    document: Mapping[str, Any],
    declared: Mapping[str, Any],
    capability_of: CapabilityByDevice,
) -> HostInspection:
    facts = read_facts(json.dumps(document), str(file), UsageProblem)
    try:
        hardware = HardwareDeclaration.model_validate(declared)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        reason = f"what it says was declared is not: {where}: {first['msg']}"
        raise UsageProblem(reason, place=str(file), remedy=_REMEDY) from error
    return HostInspection(
        name,
        "graded",
        declared=hardware.as_declared(),
        facts=document,
        audit=grade(facts, hardware, capability_of),
    )


def _recorded(file: Path) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Yield name, facts and declaration of each host in a file."""
    document = _json(file)
    schema = document.get("schema") if isinstance(document, dict) else None
    if schema == FACTS_SCHEMA:
        yield file.stem, document, {}
    elif schema == SCHEMA:
        yield from _of_report(file, document)
    else:
        reason = f"it holds no hardware facts: its schema is {schema!r}"
        raise UsageProblem(reason, place=str(file), remedy=_REMEDY)


def _of_report(
    file: Path, document: Mapping[str, Any]
) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    try:
        report = InspectReport.from_json(document)
    except ValueError as error:
        reason = f"it is not a report of this deeprig: {error}"
        raise UsageProblem(reason, place=str(file), remedy=_REMEDY) from error
    found = [(host.host, host.facts, host.declared) for host in report.hosts if host.facts]
    if not found:
        reason = "it holds no hardware facts: none of its hosts was graded"
        raise UsageProblem(reason, place=str(file), remedy=_REMEDY)
    yield from found


def _json(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        reason = f"it cannot be read: {error.strerror}"
        raise UsageProblem(reason, place=str(file), remedy=_REMEDY) from error
    except (ValueError, RecursionError) as error:  # RecursionError: nested too deep for any facts
        reason = f"it is not JSON: {error}"
        raise UsageProblem(reason, place=str(file), remedy=_REMEDY) from error
