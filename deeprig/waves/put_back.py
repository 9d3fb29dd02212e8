"""Put a wave back: each host to the declared state of the last rollout in which it was good.

What that can do is an apply of the earlier declaration, proven by the same gate. What it changed
back is compared with what the wave had changed, and what is left is told.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Sequence
from typing import Any

from deeprig.engine.interruption import interruptible
from deeprig.inventory.sources.source import Where
from deeprig.report.model import HostRun, RunReport, VerifyReport
from deeprig.waves.judging import why
from deeprig.waves.model import Rollout
from deeprig.waves.planning import told as named
from deeprig.waves.works import Interrupted, PutBack

#: A driver and a network that were changed undo themselves on the host, whoever leads.
UPDATE_STAYS = (
    "versions that an update installed are not taken back; a driver that did not work has put "
    "itself back"
)
NOT_IN_LAB = "its earlier rollout kept no inventory: it was another, outside the lab directory"
NOTHING_KEPT = "no earlier rollout with --waves was good on it, so there is nothing to put back"


def session_words(
    inventory: Where, rollout: Rollout, hosts: Sequence[str], parallel: int
) -> list[str]:
    """Return the command that puts hosts back to the inventory of a kept copy."""
    asked = rollout.asked
    words = [sys.executable, "-m", "deeprig.waves.put_back_session", f"--inventory={inventory}"]
    words += [f"--host={host}" for host in hosts]
    words += [f"--role={role}" for role in asked.roles]
    words += [f"--skip-role={role}" for role in asked.skipped]
    words += [f"--gate={rollout.policy.gate}", f"--parallel={parallel}", f"--leader={os.getpid()}"]
    words += [] if asked.bundle is None else [f"--bundle={asked.bundle.path}"]
    return words + ([f"--reboot={asked.reboot}"] if asked.reboot else [])


def run_session(words: list[str], sudo_password: str | None, *, is_quiet: bool) -> Any:
    """Run it and return its document. Raise Interrupted, or RuntimeError with what it said.

    It has a session of its own, so that one Ctrl-C reaches it once, and through us.
    """
    process = subprocess.Popen(
        words,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE if is_quiet else None,
        text=True,
        start_new_session=True,
    )
    line = json.dumps({"sudo_password": sudo_password}) + "\n"
    with interruptible(lambda: process.send_signal(signal.SIGINT)):
        said, errors = process.communicate(line)
    if process.returncode != 0:
        last = (errors or "").strip().splitlines()[-5:]
        raise RuntimeError("\n".join(last) or f"it ended with {process.returncode}")
    document = json.loads(said)
    if document["was_interrupted"]:
        raise Interrupted
    return document


def results_of(
    document: Any, hosts: Iterable[str], target: Rollout, changed: dict[str, HostRun]
) -> tuple[PutBack, ...]:
    """Return what became of each host: put back and proven, or why not."""
    run = RunReport.from_json(document["run"]) if document["run"] else None
    gate = VerifyReport.from_json(document["gate"]) if document["gate"] else None
    runs = {host.host: host for host in run.hosts} if run else {}
    verdicts = {host.host: host for host in gate.hosts} if gate else {}
    results = []
    for host in hosts:
        if host not in runs:
            told = f"the rollout {target.id} did not know this host"
            results.append(PutBack(host, "failed", told))
        elif runs[host].status != "ok":
            told = f"putting it back to {target.id} failed: {runs[host].reason}"
            results.append(PutBack(host, "failed", told))
        elif host in verdicts and verdicts[host].status != "passed":
            told = f"put back to {target.id}, and not good: {why(verdicts[host])}"
            results.append(PutBack(host, "failed", told))
        else:
            proof = "proven" if host in verdicts else "not proven (no gate)"
            left = left_changed(changed.get(host), runs[host])
            told = f"put back to {target.id}, {proof}{left}"
            results.append(PutBack(host, "put back", told))
    return tuple(results)


def left_changed(wave: HostRun | None, back: HostRun) -> str:
    """Return what the wave changed and putting back did not change again, for people.

    An operation of the wave that the earlier declaration has no counterpart for is among it: a
    file or a package of a role that was not there before stays.
    """
    if wave is None:
        return "; what the wave had changed is not known"
    undone = {(o.role, o.name) for o in back.operations if o.status == "changed"}
    done = dict.fromkeys(
        (o.role, o.name) for o in wave.operations if o.status in ("changed", "failed")
    )
    left = tuple(f"{role}: {name}" for role, name in done if (role, name) not in undone)
    return f"; not changed back: {named(left, most=3)}" if left else ""
