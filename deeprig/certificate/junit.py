"""The certificate for CI systems: a test case for everything it looked at, one for the verdict."""

from __future__ import annotations

from deeprig.certificate.claim import Claim, Item, Verdict
from deeprig.certificate.model import Certificate, HostCertificate
from deeprig.certificate.training import Outcome
from deeprig.report import junit
from deeprig.report.model import CheckResult, HostVerification, VerifyReport
from deeprig.report.model import Outcome as CheckOutcome

_OUTCOMES: dict[Outcome, CheckOutcome] = {
    "pass": "pass",
    "fail": "fail",
    "unknown": "unknown",
    "skip": "not applicable",
}
#: What the verdict is to a CI system: only proven is a success.
_VERDICTS: dict[Verdict, CheckOutcome] = {
    "proven": "pass",
    "failed": "fail",
    "not proven": "unknown",
    "simulated": "unknown",
}


def to_xml(certificate: Certificate) -> str:
    """Return JUnit XML, to be written as UTF-8."""
    return junit.to_xml(
        VerifyReport(
            started=certificate.started,
            finished=certificate.finished,
            seconds=certificate.seconds,
            version=certificate.version,
            inventory=certificate.inventory,
            hosts=tuple(_host(host) for host in certificate.hosts),
        )
    )


def _host(host: HostCertificate) -> HostVerification:
    items = [_check(host.host, claim, item) for claim in host.claims for item in claim.items]
    verdict = CheckResult(
        host.host, "certificate", "the machine is proven", _VERDICTS[host.verdict], host.summary
    )
    seconds = sum(check.seconds for check in items)
    return HostVerification.of_checks(host.host, (*items, verdict), seconds=seconds)


def _check(host: str, claim: Claim, item: Item) -> CheckResult:
    return CheckResult(
        host=host,
        role=claim.key,
        name=item.name,
        outcome=_OUTCOMES[item.outcome],
        evidence=item.evidence,
        seconds=item.seconds,
        environment=item.where or None,
        simulated=item.is_simulated,
    )
