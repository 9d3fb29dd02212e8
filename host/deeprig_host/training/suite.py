"""Run the cases of one framework, one after another, and tell what each answered."""

from __future__ import annotations

import importlib
import importlib.util
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import cast

from deeprig_host.training import device
from deeprig_host.training.case_table import cases_for
from deeprig_host.training.cases import (
    Case,
    CaseContext,
    CaseResult,
    RunCase,
    failed,
    judged,
    skipped,
)
from deeprig_host.training.cut import Cut
from deeprig_host.training.device import Cuda, Demand
from deeprig_host.training.evaluation import Check
from deeprig_host.training.events import Events
from deeprig_host.training.framework import SuiteFramework
from deeprig_host.training.said import one_line
from deeprig_host.training.suite_document import SuiteFindings

#: The group of what the suite itself found: the device, the framework, the command line.
SUITE = "suite"


@dataclass(frozen=True, slots=True)
class SuiteRun:
    """What the command line asks for."""

    framework: str
    backend: str | None
    workdir: Path
    profile: str
    demand: Demand
    seed: int
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()


def load_case(framework: str, case: Case) -> RunCase:
    """Import a case and return its function: the framework's own, or the shared one with its tools.

    Shared cases lie in ``life``; a framework that takes them has a module ``tools``.
    """
    package = f"deeprig_host.training.{framework}"
    if importlib.util.find_spec(f"{package}.{case.name}") is not None:
        return cast("RunCase", importlib.import_module(f"{package}.{case.name}").run)
    shared = importlib.import_module(f"deeprig_host.training.life.{case.name}")
    return partial(shared.run, importlib.import_module(f"{package}.tools"))


def run_suite(framework: SuiteFramework, run: SuiteRun, events: Events) -> SuiteFindings:
    """Run the cases. What a case raises is its failure; Cut ends the run, and findings say so."""
    cuda = framework.cuda()
    on_device = _device_result(run.demand, cuda)
    findings = SuiteFindings(
        run.framework,
        (),
        framework.version(),
        run.backend,
        run.profile,
        seed=run.seed,
        cuda=cuda,
    )
    cases: tuple[Case, ...] = ()
    context = _context(run, cuda)
    if on_device.outcome == "pass":
        cases = cases_for(run.framework, run.profile, run.only, run.without)
        findings = replace(findings, device=_place(context, cuda))
    done: list[CaseResult] = []
    try:
        events.started((on_device.name, *(case.name for case in cases)))
        for result in _results(on_device, cases, context, events):
            done.append(result)
            events.case_finished(result)
    except Cut as cut:
        return replace(findings, results=(*done, *_not_finished(cases, done, cut)), is_cut=True)
    return replace(findings, results=tuple(done))


def _results(
    on_device: CaseResult, cases: tuple[Case, ...], context: CaseContext, events: Events
) -> Iterator[CaseResult]:
    yield on_device
    for case in cases:
        events.case_started(case.name)
        yield _run_case(case, context, events)


def _not_finished(
    cases: tuple[Case, ...], done: list[CaseResult], cut: Cut
) -> tuple[CaseResult, ...]:
    finished = {result.name for result in done}
    reason = f"not finished: the run was cut ({cut})"
    return tuple(_named(skipped(reason), case) for case in cases if case.name not in finished)


def _run_case(case: Case, shared: CaseContext, events: Events) -> CaseResult:
    if case.needs_gpu and not shared.gpu_count:
        return _named(skipped(f"it needs a GPU; this run is on {shared.device}"), case)
    workdir = shared.workdir / case.name
    started = time.monotonic()
    try:
        workdir.mkdir()
        context = replace(
            shared,
            workdir=workdir,
            emit=lambda share, text: events.progress(case.name, share, text),
        )
        result = load_case(shared.framework, case)(context)
    except Exception as problem:  # noqa: BLE001 - a broken library raises anything: a failure
        result = failed(one_line(problem))
    return _named(result, case, round(time.monotonic() - started, 3))


def _named(result: CaseResult, case: Case, seconds: float = 0.0) -> CaseResult:
    return replace(result, name=case.name, group=case.group, seconds=seconds)


def _device_result(demand: Demand, cuda: Cuda) -> CaseResult:
    """Return whether the demanded device is there: a GPU host never falls back to its CPU."""
    problem = device.device_problem(demand, cuda, device.nvidia_gpus_on_bus())
    actual = problem or ("the CPU" if _gpu_count(demand, cuda) == 0 else ", ".join(cuda.names))
    check = Check("the device", problem is None, demand.describe(), actual or cuda.describe())
    return replace(judged((check,)), name="device", group=SUITE)


def _gpu_count(demand: Demand, cuda: Cuda) -> int:
    return 0 if device.device_to_use(demand, cuda) == device.CPU else cuda.device_count


def _context(run: SuiteRun, cuda: Cuda) -> CaseContext:
    return CaseContext(
        framework=run.framework,
        device=device.device_to_use(run.demand, cuda),
        gpu_count=_gpu_count(run.demand, cuda),
        seed=run.seed,
        workdir=run.workdir,
        profile=run.profile,
        emit=_no_case_yet,
        backend=run.backend,
    )


def _no_case_yet(share: float, text: str) -> None:
    raise RuntimeError(f"progress outside a case: {text}")


def _place(context: CaseContext, cuda: Cuda) -> str:
    """Return the device and, of a GPU, its model: ``cuda:0 NVIDIA H200``."""
    return f"{context.device} {cuda.names[0]}" if context.gpu_count else context.device
