"""A certificate's verdict in a sentence or two: what a person reads, and may read alone."""

from __future__ import annotations

from deeprig.certificate.claim import Claim, Item, Verdict
from deeprig.certificate.training import Training

_NAMED = 3
#: Of a name or a reason, in characters: the whole stands further down.
_LONGEST = 160


def summary_of(verdict: Verdict, claims: tuple[Claim, ...], trainings: tuple[Training, ...]) -> str:
    """Return the summary: what was proven and on what, or the first reasons why not."""
    if verdict == "failed":
        items = [item for claim in claims for item in claim.of("fail")]
        return f"{_things(len(items))} failed: {_named(items)}."
    if verdict == "not proven":
        return f"Nothing failed, and not everything is proven: {_missing(claims)}."
    told = f"{_counted(claims)} {_where(trainings)}."
    if verdict == "simulated":
        return f"{told} Some of it on stand-ins: this proves the toolkit, and not this machine."
    return told


def _missing(claims: tuple[Claim, ...]) -> str:
    unknown = [item for claim in claims for item in claim.of("unknown")]
    if unknown:
        return _named(unknown)
    return "; ".join(
        f"{claim.question.lower()}: {claim.answer}"
        for claim in claims
        if claim.is_required and claim.answer != "proven"
    )


def _counted(claims: tuple[Claim, ...]) -> str:
    passed = sum(len(claim.of("pass")) for claim in claims)
    skipped = sum(len(claim.of("skip")) for claim in claims)
    told = f"{passed} {'check' if passed == 1 else 'checks'} passed, none failed"
    return f"{told}, {skipped} could not run here and prove nothing" if skipped else told


def _where(trainings: tuple[Training, ...]) -> str:
    """Return what trained on what, such as ``pytorch trained on cuda:0 NVIDIA H200``."""
    told = dict.fromkeys(f"{t.framework} trained on {t.device}" for t in trainings if t.framework)
    return f"({'; '.join(told)})" if told else ""


def _named(items: list[Item]) -> str:
    told = [f"{_short(item.name)} ({_short(_first_line(item))})" for item in items[:_NAMED]]
    more = len(items) - _NAMED
    return "; ".join(told) + (f"; and {more} more" if more > 0 else "")


def _first_line(item: Item) -> str:
    return item.evidence.strip().splitlines()[0].rstrip(".")


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()}\N{HORIZONTAL ELLIPSIS}"


def _things(count: int) -> str:
    return "One thing" if count == 1 else f"{count} things"
