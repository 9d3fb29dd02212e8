"""The next-kernel gate: armed, asked by apt, and satisfied; or not there."""

from __future__ import annotations

import json
import shlex
from typing import Any

import pytest

from deeprig.facts import HostFacts
from deeprig.tasks.host_programs import program_words
from deeprig.verify.checks import Checks
from roles.maintenance.checks.answers import last_words, properties, properties_text
from roles.maintenance.kernel_gate import APT_HOOK, KERNEL_HOOK, SERVICE, TRIGGERS
from roles.maintenance.settings import MaintenanceSettings


@pytest.fixture
def is_gate_wanted(settings: MaintenanceSettings, facts: HostFacts) -> bool:
    """Say whether this host shall have the next-kernel gate."""
    return settings.kernel_gate and bool(facts.nvidia_devices)


def test_the_next_kernel_gate_is_armed(host: Any, is_gate_wanted: bool, check: Checks) -> None:
    """Its timer and its path wait, now and after every boot, and its last run ended well."""
    if not is_gate_wanted:
        return
    for trigger in TRIGGERS:
        state = properties(host, trigger, "ActiveState", "UnitFileState", "Result")
        is_armed = state["ActiveState"] == "active" and state["UnitFileState"] == "enabled"
        check(f"{trigger} is active and enabled", is_armed, properties_text(state))
    state = properties(host, SERVICE, "LoadState", "Result", "ExecMainStatus")
    is_good = state["LoadState"] == "loaded" and state["Result"] == "success"
    check("the gate's last run ended well", is_good, properties_text(state))


def test_apt_and_kernel_packages_ask_the_gate(
    host: Any, is_gate_wanted: bool, check: Checks
) -> None:
    """Both hooks are in place, and apt reads its configuration without complaint."""
    if not is_gate_wanted:
        return
    dump = host.run("apt-config dump")
    hooks = [line for line in dump.stdout.splitlines() if line.startswith("DPkg::Post-Invoke::")]
    is_read = dump.rc == 0 and any("deeprig-kernel-gate.wanted" in line for line in hooks)
    evidence = "\n".join(hooks) if is_read else (dump.stderr.strip() or f"{APT_HOOK} is not read")
    check("apt asks the gate", is_read, evidence)
    hook = host.file(KERNEL_HOOK)
    is_run = hook.is_file and bool(hook.mode & 0o100)
    check("kernel packages ask the gate", is_run, f"{KERNEL_HOOK}: executable file: {is_run}")


def test_the_next_kernel_has_a_module(host: Any, is_gate_wanted: bool, check: Checks) -> None:
    """The kernel that boots next has the NVIDIA module, and no newer one waits for its own."""
    if not is_gate_wanted:
        return
    done = host.run(shlex.join(program_words("driver", "gate", "--check")))
    answer = _answered(done.stdout)
    is_good, evidence = _judged(answer, done)
    simulated = bool(answer.get("simulated"))
    check("the next kernel has a module", is_good, evidence, simulated=simulated)
    if is_good:
        # Kept from booting is safe, and still wrong: a security fix of the kernel is not in use.
        waiting = answer.get("without_module", ())
        evidence = f"without a module: {', '.join(waiting) or 'none'}"
        check("no newer kernel is kept from booting", not waiting, evidence, simulated=simulated)


def test_no_gate_is_left_where_none_is_wanted(
    host: Any, is_gate_wanted: bool, check: Checks
) -> None:
    """A host that shall have no gate has no hook of it."""
    if is_gate_wanted:
        return
    left = [path for path in (APT_HOOK, KERNEL_HOOK) if host.file(path).exists]
    check("no hook of the gate is left", not left, ", ".join(left) or "none")


def _answered(text: str) -> dict[str, Any]:
    """Return the gate's answer; an empty one for anything that is none."""
    try:
        answer = json.loads(text)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) and "outcome" in answer else {}


def _judged(answer: dict[str, Any], done: Any) -> tuple[bool | None, str]:
    """Return outcome and evidence. None, unknown: it gave no answer, or could not tell."""
    if not answer:
        said = last_words(done.stderr or done.stdout)
        return None, f"the gate gave no answer (exit {done.rc}): {said}"
    if answer["outcome"] == "unknown":
        return None, _told(answer)
    return answer["outcome"] == "good" and done.rc == 0, _told(answer)


def _told(answer: dict[str, Any]) -> str:
    """Return the answer's own words: reason, evidence, remedy."""
    evidence = answer.get("evidence") or ()
    lines = [answer.get("reason"), *([evidence] if isinstance(evidence, str) else evidence)]
    if answer.get("remedy"):
        lines.append(f"-> {answer['remedy']}")
    return "\n".join(str(line) for line in lines if line) or f"outcome: {answer['outcome']}"
