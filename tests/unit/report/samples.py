"""Reports with everything in them that a report can hold, for the tests of this directory."""

from __future__ import annotations

from typing import Any

from deeprig.report import exit_codes
from deeprig.report.model import (
    CheckResult,
    FileDiff,
    HostRun,
    HostVerification,
    OperationResult,
    Outcome,
    RunReport,
    VerifyReport,
)

FACTS = {
    "distribution": "debian",
    "release": "12",
    "pretty_name": "Debian GNU/Linux 12 (bookworm)",
    "kernel": "6.1.0-32-amd64",
    "machine": "x86_64",
    "python": "3.11.2",
    "virtualization": "none",
    "nvidia_devices": [["0000:01:00.0", "0x2684"]],
}
METRICS = {
    "accuracy": 0.9778,
    "macro_recall": 0.9771,
    "macro_f1": 0.9775,
    "loss_final": 0.00042,
    "epochs": 12,
    "seconds": 14.25,
}
#: Long enough that it cannot fit on one line of any terminal under test.
LONG_EVIDENCE = "/opt/conda/envs/torch/lib/libcudart.so.13: " + "cannot open shared object " * 12
DIFF = FileDiff(
    "/etc/motd",
    "--- /etc/motd\n+++ /etc/motd\n@@ -1,2 +1,2 @@\n Welcome\n-managed by hand\n+managed by us",
)
UNREACHABLE_REASON = "ada@192.0.2.7:22: no answer within 10 s"
UNREACHABLE_REMEDY = "is it switched on? try: ssh -p 22 ada@192.0.2.7"


def check(outcome: Outcome, name: str = "a check", **more: Any) -> CheckResult:
    return CheckResult(host="rig1", role="base", name=name, outcome=outcome, **more)


def operation(status: Any, name: str = "An operation", **more: Any) -> OperationResult:
    return OperationResult(role="base", name=name, status=status, **more)


def run_report(*hosts: HostRun, command: Any = "apply") -> RunReport:
    report = RunReport(
        command=command,
        started="2026-11-21T06:15:00Z",
        finished="2026-11-21T06:15:42Z",
        seconds=42.0,
        version="0.1.0",
        inventory="/home/ada/lab/inventory/lab.py",
        hosts=hosts,
    )
    return report.with_exit_code(exit_codes.of_run(report))


def verify_report(*hosts: HostVerification) -> VerifyReport:
    report = VerifyReport(
        started="2026-11-21T06:16:00Z",
        finished="2026-11-21T06:16:30Z",
        seconds=30.5,
        version="0.1.0",
        inventory="/home/ada/lab/inventory/lab.py",
        hosts=hosts,
    )
    return report.with_exit_code(exit_codes.of_verification(report))


def verified(*checks: CheckResult, host: str = "rig1") -> HostVerification:
    return HostVerification.of_checks(host, checks)


def full_apply() -> RunReport:
    """Four hosts: one good, one failed, one not reached, one interrupted."""
    failed = OperationResult(
        "conda",
        "Build an environment",
        "failed",
        seconds=3.4,
        commands=(
            "mkdir -p /opt/conda",
            "/opt/conda/bin/conda create -p /opt/conda/g/1\necho done",
        ),
        output="PackagesNotFoundError: [red]torch 9.9[/red] is in no channel\n  - torch=9.9",
    )
    return run_report(
        HostRun(
            "rig1",
            "ok",
            facts=FACTS,
            operations=(
                OperationResult("base", "Install packages", "changed", 9.5, ("apt-get install",)),
                OperationResult("base", "Set the time zone", "unchanged", 0.25),
                OperationResult("conda", "Install conda", "changed", 12.0),
            ),
            seconds=25.0,
            simulated=("conda: the conda command is the tests' stand-in",),
        ),
        HostRun(
            "rig2",
            "failed",
            reason="conda: Build an environment failed",
            remedy="correct the environment's packages",
            operations=(operation("unchanged"), failed, operation("not run", "Say hello")),
            seconds=4.0,
        ),
        HostRun("rig3", "unreachable", UNREACHABLE_REASON, UNREACHABLE_REMEDY, seconds=10.0),
        HostRun(
            "rig4",
            "interrupted",
            operations=(operation("changed"), operation("not run"), operation("not run")),
            in_operation="base: Install packages",
            seconds=2.0,
        ),
    )


def full_plan() -> RunReport:
    """Two hosts: one with changes and a diff, one with nothing to change."""
    return run_report(
        HostRun(
            "rig1",
            "ok",
            facts=FACTS,
            operations=(
                operation("would change", "Say who manages it", diffs=(DIFF,),
                          commands=("upload /etc/motd", "chmod 644 /etc/motd")),
                operation("would change", "Build it", output="details only after the changes",
                          commands=("set -e\nmake\nmake install",)),
                operation("unchanged", "Set the time zone"),
            ),
            seconds=1.5,
        ),
        HostRun("rig2", "ok", operations=(operation("unchanged"),), seconds=0.5),
        command="plan",
    )  # fmt: skip


def full_verify() -> VerifyReport:
    """Three hosts: one passed with training metrics, one failed in every way, one not reached."""
    trained = CheckResult(
        "rig1", "conda", "it trains (pytorch)", "pass",
        evidence="trained on cuda:0: accuracy 0.978, loss 2.31 -> 0.000",
        seconds=18.4, environment="torch",
        data={"framework": "pytorch", "device": "cuda:0", "metrics": METRICS},
    )  # fmt: skip
    return verify_report(
        HostVerification.of_checks(
            "rig1",
            (
                check("pass", "package git is installed", evidence="1:2.39.5", seconds=0.2),
                check("not applicable", "GPU is seen", evidence="the host declares no GPU"),
                check("pass", "conda works", simulated=True, evidence="26.3.2"),
                trained,
            ),
            facts=FACTS,
            seconds=20.0,
        ),
        HostVerification.of_checks(
            "rig2",
            (
                CheckResult("rig2", "base", "time zone", "fail", "is UTC, declared Europe/Berlin"),
                CheckResult("rig2", "nvidia", "CUDA is there", "unknown", LONG_EVIDENCE, 0.3),
            ),
        ),
        HostVerification("rig3", "unreachable", UNREACHABLE_REASON, UNREACHABLE_REMEDY),
    )
