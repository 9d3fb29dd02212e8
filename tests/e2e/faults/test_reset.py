"""A machine with a kernel and a disk of its own loses its power: what was not synced is gone.

QEMU's software emulation, an ext4 disk. Slow: it runs with script/test --full only.
"""

from __future__ import annotations

import os
import subprocess
import time

import pytest

from tests.e2e.faults import rows
from tests.e2e.faults.rows import Row
from tests.e2e.faults.virtual_lab import virtual_lab
from tests.e2e.running import ROOT

pytestmark = pytest.mark.full
_BOUND_SECONDS = 600.0
#: Status changes of dpkg's before the power goes: in the middle of the first transaction.
_CHANGES = 12


@pytest.fixture
def machine(fault_lab, channel, tmp_path):
    """A stock virtual machine that is switched off."""
    _, _, whole = fault_lab
    at = tmp_path / "lab"
    at.mkdir()
    deploy = "from deeprig.compose import deploy_roles\ndeploy_roles('base', 'maintenance')\n"
    with virtual_lab(at, whole.root, whole.key.public, channel) as made:
        made.write("deploy/workstation.py", deploy)
        yield made


def test_a_reset_in_the_middle_of_an_apt_transaction(machine):
    with machine.booted() as running:
        before = running.status_changes()
        run = start(running)
        deadline = time.monotonic() + _BOUND_SECONDS
        while running.status_changes() < before + _CHANGES:
            assert run.poll() is None, run.communicate()
            assert time.monotonic() < deadline, "dpkg never got there"
    out, errors = run.communicate(timeout=180)
    assert run.returncode == 3, out + errors
    assert "Traceback" not in errors
    with machine.booted() as running:
        fault = "virtual machine reset inside an apt transaction"
        running.root("true")
        rows.record(running, Row(fault, "", "3", "unreachable", "boots and answers", ""))


def start(lab):
    """Start an apply and do not wait for it."""
    return subprocess.Popen(
        lab.command("apply", "--json"),
        cwd=lab.path,
        env=os.environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
