"""The claims of a host, made of its evidence. Which are required is data, by profile."""

from __future__ import annotations

from collections.abc import Iterator

from deeprig.certificate.baseline import Comparison
from deeprig.certificate.claim import Claim, Item, answer_of
from deeprig.certificate.evidence import Evidence
from deeprig.certificate.training import BURN, Case, Outcome, Training

QUESTIONS = {
    "setup": "It is set up as declared",
    "training": "Every framework trains a model",
    "gpu": "Its GPUs do what they are bought for",
    "burn": "It holds its speed under load, and stays sound",
    "baseline": "It is as fast as before and as its twins",
}
#: What a profile has to prove. ``gpu`` is required besides wherever a GPU is, or may be.
REQUIRED = {
    "smoke": ("setup", "training"),
    "acceptance": ("setup", "training", "burn"),
    "soak": ("setup", "training", "burn"),
}
#: Groups of cases (host/deeprig_host/training/case_table.py) that speak for another claim.
_CLAIM_OF_GROUP = {"gpu": "gpu", BURN: "burn"}
#: Without a pass of these, a run of a framework proves no training whatever else passed.
ESSENTIAL = ("cnn", "reload")
ESSENTIAL_ON_GPU = "device_use"
#: How the burn's checks of a GPU begin: ``GPU 0: worked to the end``.
_GPU = "GPU "


def claims_of(evidence: Evidence, *, has_gpu: bool | None) -> tuple[Claim, ...]:
    """Return the claims. ``has_gpu`` None: nobody could tell, which proves no GPU."""
    required = set(_required(evidence.trainings))
    if has_gpu is not False:
        required.add("gpu")
    cases = {key: list(_case_items(evidence.trainings, key)) for key in QUESTIONS}
    cases["training"] += _run_items(evidence)
    cases["gpu"] += _gpu_items(evidence.trainings, has_gpu)
    cases["burn"] += _burn_items(evidence.trainings, has_gpu)
    cases["setup"] += evidence.setup_items
    cases["baseline"] += [*_comparison_items(evidence), *evidence.comparison_items]
    return tuple(
        _claim(key, tuple(items), is_required=key in required, applies=_applies(key, has_gpu))
        for key, items in cases.items()
    )


def _claim(key: str, items: tuple[Item, ...], *, is_required: bool, applies: bool) -> Claim:
    return Claim(key, QUESTIONS[key], answer_of(items, applies=applies), is_required, items)


def _applies(key: str, has_gpu: bool | None) -> bool:
    return key != "gpu" or has_gpu is not False


def _required(trainings: tuple[Training, ...]) -> Iterator[str]:
    """Yield what the profiles that ran have to prove; a profile nobody knows has to prove most."""
    for profile in {training.profile for training in trainings} or {"smoke"}:
        yield from REQUIRED.get(profile, REQUIRED["acceptance"])


def _case_items(trainings: tuple[Training, ...], key: str) -> Iterator[Item]:
    for training in trainings:
        for case in training.cases:
            if _claim_of(training, case) == key:
                yield _case_item(training, case)


def _claim_of(training: Training, case: Case) -> str:
    """Return which claim a case speaks for.

    What a GPU is bought for runs on a CPU too, as far as it has a meaning there; it speaks for the
    framework then, and for no GPU.
    """
    key = _CLAIM_OF_GROUP.get(case.group, "training")
    is_elsewhere = key == "gpu" and not training.is_on_gpu and case.outcome != "skip"
    return "training" if is_elsewhere else key


def _case_item(training: Training, case: Case) -> Item:
    is_simulated = training.is_simulated or case.is_simulated
    evidence = case.reason or "; ".join(f"{c.name}: {c.actual}" for c in case.checks)
    return Item(case.name, case.outcome, evidence, training.name, case.seconds, is_simulated)


def _run_items(evidence: Evidence) -> Iterator[Item]:
    """Yield what keeps the runs as a whole from being proof."""
    frameworks = [training for training in evidence.trainings if training.framework]
    for training in evidence.trainings:
        yield from _flaws(training)
    for training in frameworks:
        for name in ESSENTIAL:
            case = training.case(name)
            if case is None or case.outcome == "skip":
                what = "was not run" if case is None else "was skipped"
                reason = f"case {name!r} {what}: without it no training is proven"
                yield Item(f"{name} is proof", "unknown", reason, training.name)
    # A check that tells more than the documents: what it says must not be lost.
    told = {(t.environment or "", case.outcome) for t in evidence.trainings for case in t.cases}
    for item in evidence.case_items:
        if item.outcome in ("fail", "unknown") and (item.where, item.outcome) not in told:
            yield item


def _flaws(training: Training) -> Iterator[Item]:
    for problem in training.problems:
        yield Item("the document", "unknown", f"not understood: {problem}", training.name)
    if training.is_cut:
        yield Item("the run", "unknown", "it was cut before its end", training.name)
    outcomes = {case.outcome for case in training.cases}
    if training.told != "pass" and not outcomes & {"fail", "unknown"}:
        reason = f"the run calls itself {training.told}, and no case says why"
        outcome: Outcome = "fail" if training.told == "fail" else "unknown"
        yield Item("the run", outcome, reason, training.name)


def _gpu_items(trainings: tuple[Training, ...], has_gpu: bool | None) -> Iterator[Item]:
    if has_gpu is None:
        yield Item(
            "its GPUs",
            "unknown",
            "whether it has a GPU is not known: declare gpu_count, 0 for none",
        )
    elif has_gpu:
        on_gpu = [training for training in trainings if training.is_on_gpu]
        used = [training.case(ESSENTIAL_ON_GPU) for training in on_gpu]
        if not any(case and case.outcome == "pass" for case in used):
            reason = f"no framework is proven to compute on it (case {ESSENTIAL_ON_GPU!r})"
            yield Item("a GPU is used", "unknown", reason)


def _burn_items(trainings: tuple[Training, ...], has_gpu: bool | None) -> Iterator[Item]:
    """Yield that a burn of the CPU alone is none of a machine with a GPU."""
    burnt = [case for t in trainings for case in t.cases if case.group == BURN]
    passed = [case for case in burnt if case.outcome == "pass"]
    loaded = [check for case in passed for check in case.checks if check.name.startswith(_GPU)]
    if has_gpu and passed and not loaded:
        yield Item("a GPU is loaded", "unknown", "the burn loaded the CPU only")


def _comparison_items(evidence: Evidence) -> Iterator[Item]:
    for one in evidence.comparisons:
        told = [one.reason or _compared(one), one.change and f"since then: {one.change}"]
        name = f"{one.test}, against {one.against}"
        yield Item(name, one.outcome, "; ".join(filter(None, told)), one.environment or "")


def _compared(one: Comparison) -> str:
    values = (one.value, one.reference)
    now, before = ("unknown" if v is None else f"{v:g} {one.unit}".rstrip() for v in values)
    return f"{now}, before {before}"
