"""Sort the checks of a verified host: documents of training, comparisons, and all others."""

from __future__ import annotations

from dataclasses import dataclass

from deeprig.certificate.baseline import SCHEMA as BASELINES
from deeprig.certificate.baseline import Comparison, read_comparisons
from deeprig.certificate.claim import Item
from deeprig.certificate.read_training import SCHEMAS, read_training
from deeprig.certificate.training import Outcome, Training
from deeprig.report.model import CheckResult, HostVerification
from deeprig.report.model import Outcome as CheckOutcome

#: A key in the data of a check that tells of one case of a document which another check holds.
CASE_KEY = "case"
_OUTCOMES: dict[CheckOutcome, Outcome] = {
    "pass": "pass",
    "fail": "fail",
    "unknown": "unknown",
    "not applicable": "skip",
}


@dataclass(frozen=True, slots=True)
class Evidence:
    """What of a host's checks speaks for which claim.

    ``case_items`` are checks that tell a document's cases once more, ``comparison_items`` what
    could not be understood of comparisons.
    """

    trainings: tuple[Training, ...]
    comparisons: tuple[Comparison, ...]
    setup_items: tuple[Item, ...]
    case_items: tuple[Item, ...]
    comparison_items: tuple[Item, ...]


def evidence_of(host: HostVerification) -> Evidence:
    """Return the evidence in a host's checks."""
    trainings: list[Training] = []
    comparisons: list[Comparison] = []
    items: dict[str, list[Item]] = {"setup": [_ending(host)], "case": [], "comparison": []}
    for check in host.checks:
        schema = check.data.get("schema")
        if schema in SCHEMAS:
            trainings.append(_training(check))
            items["case"].append(item_of(check))
        elif schema == BASELINES:
            found, problems = read_comparisons(check.data, check.environment)
            comparisons += found
            items["comparison"] += _comparison_items(check, found, problems)
        else:
            items["case" if CASE_KEY in check.data else "setup"].append(item_of(check))
    return Evidence(
        tuple(trainings),
        tuple(comparisons),
        tuple(items["setup"]),
        tuple(items["case"]),
        tuple(items["comparison"]),
    )


def item_of(check: CheckResult) -> Item:
    """Return a check as an item."""
    evidence = check.evidence or ("" if check.outcome == "pass" else "(it gives no reason)")
    return Item(
        f"{check.role}: {check.name}",
        _OUTCOMES[check.outcome],
        evidence,
        check.environment or "",
        check.seconds,
        check.simulated,
    )


def _ending(host: HostVerification) -> Item:
    """Return whether the host was reached and its checks ran to their end."""
    name = "the host was reached and checked"
    bad = {check.outcome for check in host.checks} & {"fail", "unknown"}
    if host.status == "unreachable":
        return Item(name, "unknown", f"unreachable: {host.reason or 'it gives no reason'}")
    if host.status == "failed" and not bad:
        return Item(name, "unknown", host.reason or "it failed, and no check says why")
    return Item(name, "pass", f"{len(host.checks)} checks")


def _training(check: CheckResult) -> Training:
    return read_training(check.data, check.environment, is_simulated=check.simulated)


def _comparison_items(
    check: CheckResult, found: tuple[Comparison, ...], problems: tuple[str, ...]
) -> list[Item]:
    told = [Item(check.name, "unknown", f"not understood: {problem}") for problem in problems]
    is_worse = check.outcome in ("fail", "unknown")
    if is_worse and not any(one.outcome == check.outcome for one in found):
        told.append(item_of(check))
    return told
