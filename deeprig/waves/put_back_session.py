"""Put hosts back to a kept copy of the lab, in a process of its own: the copy's own roles are
other Python modules under the names of today's.

``python -m deeprig.waves.put_back_session``: standard input has one JSON line with the sudo
password, standard output one JSON document, standard error what happens meanwhile. It dies with
the controller that started it: whoever goes on with the rollout must find the hosts free.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
from pathlib import Path
from typing import Any, cast

import click

#: prctl(2): the signal a process gets when the one that started it dies.
_PR_SET_PDEATHSIG = 1


@click.command()
@click.option("--inventory", required=True, help="As -i takes it; also a snapshot.")
@click.option("--host", "hosts", multiple=True, required=True)
@click.option("--role", "roles", multiple=True)
@click.option("--skip-role", "skipped", multiple=True)
@click.option("--gate", required=True)
@click.option("--parallel", type=int, required=True)
@click.option("--reboot", type=click.Choice(["when-needed", "never"]))
@click.option("--bundle", type=click.Path(path_type=Path), help="What everything comes from.")
@click.option("--leader", type=int, required=True, help="Process number of the controller.")
def session(
    inventory: str,
    hosts: tuple[str, ...],
    roles: tuple[str, ...],
    skipped: tuple[str, ...],
    gate: str,
    parallel: int,
    reboot: str | None,
    bundle: Path | None,
    leader: int,
) -> None:
    """Apply the copy to the hosts and verify those that took it."""
    die_with(leader)
    password = json.loads(sys.stdin.readline())["sudo_password"]
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    from deeprig.engine.embedding import patch_standard_library

    patch_standard_library()
    from deeprig.cli.bundle_in_use import from_bundle
    from deeprig.cli.progress import LineProgress
    from deeprig.cli.terminal import progress_console
    from deeprig.engine.run import run_lab
    from deeprig.inventory.load import load_lab
    from deeprig.inventory.sources.source import parse_where
    from deeprig.selection import Selection

    lab = load_lab(parse_where(inventory))
    known = tuple(host for host in hosts if host in {declared.name for declared in lab.hosts})
    document: dict[str, Any] = {"run": None, "gate": None, "was_interrupted": False}
    if known:
        progress = LineProgress(progress_console(), mode="apply", verbose=False)
        with from_bundle(lab, bundle, as_json=False) as supplied:
            run = run_lab(
                supplied,
                "apply",
                Selection(known, roles, skipped),
                progress,
                parallel=parallel,
                sudo_password=password,
                reboot=cast("Any", reboot),
            )
        document["run"] = run.to_json()
        document["was_interrupted"] = any(h.status == "interrupted" for h in run.hosts)
        good = tuple(host.host for host in run.hosts if host.status == "ok")
        if gate != "none" and good and not document["was_interrupted"]:
            _verify(lab, Selection(good, roles, skipped), gate, document)
    json.dump(document, results)
    results.close()


def _verify(lab: Any, selection: Any, gate: str, document: dict[str, Any]) -> None:
    from deeprig.cli.progress import LineChecks
    from deeprig.cli.terminal import progress_console
    from deeprig.verify.run import Thoroughness, verify_lab

    report, was_interrupted = verify_lab(
        lab,
        selection,
        LineChecks(progress_console()),
        thoroughness=Thoroughness(cast("Any", gate)),
    )
    document["gate"] = report.to_json()
    document["was_interrupted"] = was_interrupted


def die_with(leader: int) -> None:
    """Have the kernel end this process when its parent dies; end now if that has happened."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != leader:
        sys.exit("the controller that started this has ended")


if __name__ == "__main__":
    session()
