"""Find what a certificate is made of: a verify report, and the newest inspection of each host."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from deeprig.audit.inspection import HostInspection, InspectReport
from deeprig.certificate.build import certificate_of
from deeprig.certificate.model import SCHEMA, Certificate, Source
from deeprig.errors import UsageProblem
from deeprig.report import store
from deeprig.report.model import HostVerification, VerifyReport


@dataclass(frozen=True, slots=True)
class Found:
    """Inspections by host, and the files they lie in."""

    inspections: dict[str, HostInspection]
    sources: tuple[Source, ...]


def certificate_from(
    path: Path,
    inspection_files: Iterable[Path],
    hosts: tuple[str, ...],
    earlier_files: Iterable[Path] = (),
) -> Certificate:
    """Return the certificate of a verify report, of these hosts only where some are named.

    ``inspection_files`` are inspect reports, the newest first: of each host the first that graded
    it counts. ``earlier_files`` are verify reports, which may know of a GPU that is gone since. A
    stored certificate is returned as it is. Raise UsageProblem for anything else.
    """
    if _is_certificate(path):
        return _stored(path, hosts)
    report = store.load(path)
    if not isinstance(report, VerifyReport):
        raise UsageProblem(
            f"it is a report of {report.command}, and a certificate is made of verify",
            place=str(path),
            remedy="run 'deeprig verify', or name one of its reports",
        )
    _require_known(hosts, tuple(host.host for host in report.hosts), path)
    chosen = tuple(host for host in report.hosts if not hosts or host.host in hosts)
    found = _inspections(inspection_files, {host.host for host in chosen})
    had = _had_gpu(earlier_files, report.started, chosen)
    sources = (source_of("verify", path), *had.values(), *found.sources)
    return certificate_of(
        replace(report, hosts=chosen), found.inspections, tuple(dict.fromkeys(sources)), had
    )


def source_of(kind: Literal["verify", "inspect"], path: Path) -> Source:
    """Return what identifies a file: its name, and the SHA-256 of its bytes."""
    return Source(kind, path.name, hashlib.sha256(path.read_bytes()).hexdigest())


def _inspections(files: Iterable[Path], wanted: set[str]) -> Found:
    inspections: dict[str, HostInspection] = {}
    sources = []
    for path in files:
        if not wanted - inspections.keys():
            break
        report = store.load(path)
        if not isinstance(report, InspectReport):
            raise UsageProblem(
                f"it is a report of {report.command}, not of inspect", place=str(path)
            )
        new = {
            host.host: host
            for host in report.hosts
            if host.status == "graded" and host.host in wanted - inspections.keys()
        }
        if new:
            inspections |= new
            sources.append(source_of("inspect", path))
    return Found(inspections, tuple(sources))


def _had_gpu(
    files: Iterable[Path], started: str, hosts: tuple[HostVerification, ...]
) -> dict[str, Source]:
    """Return the hosts that show no GPU, declare nothing, and had one before; and who says so."""
    doubtful = {h.host for h in hosts if h.gpu_count is None and not _devices(h)}
    found: dict[str, Source] = {}
    for path in files:
        if not doubtful - found.keys():
            break
        report = store.load(path)
        if isinstance(report, VerifyReport) and report.started < started:
            new = {h.host for h in report.hosts if _devices(h)} & (doubtful - found.keys())
            found |= dict.fromkeys(sorted(new), source_of("verify", path))
    return found


def _devices(host: HostVerification) -> bool:
    return bool(host.facts.get("nvidia_devices"))


def _is_certificate(path: Path) -> bool:
    data = store.read_json(path)
    return isinstance(data, dict) and data.get("schema") == SCHEMA


def _stored(path: Path, hosts: tuple[str, ...]) -> Certificate:
    try:
        certificate = Certificate.from_json(store.read_json(path))
    except ValueError as error:
        reason = f"it is not a certificate of this deeprig: {error}"
        raise UsageProblem(reason, place=str(path)) from error
    _require_known(hosts, tuple(host.host for host in certificate.hosts), path)
    return certificate.of_hosts(hosts) if hosts else certificate


def _require_known(wanted: tuple[str, ...], known: tuple[str, ...], path: Path) -> None:
    strange = [host for host in wanted if host not in known]
    if strange:
        raise UsageProblem(
            f"it knows no host {', '.join(strange)}",
            place=str(path),
            remedy=f"name one of: {', '.join(known) or '(it has no host)'}",
        )


def text_of(certificate: Certificate) -> str:
    """Return the certificate's JSON as it is written to files."""
    return json.dumps(certificate.to_json(), indent=1, ensure_ascii=False) + "\n"
