"""What the collector reads is what others of deeprig's programs write."""

import json
from typing import get_args

import pytest
from deeprig_host.alerts import xid_log
from deeprig_host.cooling import govern, places, status
from deeprig_host.metrics import cooling, names, statuses, xid
from deeprig_host.metrics.samples import Samples

from deeprig.engine import run_status
from deeprig.report.model import HostRun, HostVerification
from deeprig.verify import status as verify_status


def test_files_are_where_their_writers_leave_them():
    assert places.STATUS_FILE == cooling.STATUS
    assert places.CONFIG_FILE == cooling.CONFIGURATION
    assert xid_log.LOG == xid.LOG


def test_the_cooling_daemons_words_are_known():
    assert status.SCHEMA == cooling.SCHEMA
    assert set(get_args(govern.Mode)) == set(names.COOLING_MODES)


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("verify", verify_status.status_text(HostVerification("rig1", "failed"), 1_790)),
        ("apply", run_status.status_text(HostRun("rig1", "failed", reason="it ended"), 1_790)),
    ],
)
def test_the_controllers_results_are_understood(files, what, text):
    files.place(f"{statuses.DIRECTORY}/{what}.json", json.loads(text))
    samples = Samples()
    statuses.read(files.machine, samples)
    told = {(sample.metric, sample.labels): sample.value for sample in samples}
    assert told == {
        (names.STATUS_OK, (what,)): 0,
        (names.STATUS_TIME, (what,)): 1_790,
        (names.STATUS_FAILED, (what,)): json.loads(text)["failed"],
    }
