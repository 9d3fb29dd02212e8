"""Xid errors are counted by GPU and code."""

import json

import pytest
from deeprig_host.metrics import xid
from deeprig_host.metrics.part import PartFailed
from deeprig_host.metrics.samples import Samples


def entry(time, code, address="0000:01:00.0"):
    return {"time": time, "address": address, "code": code, "text": "NVRM: Xid"}


def lines(*entries):
    return "".join(f"{one if isinstance(one, str) else json.dumps(one)}\n" for one in entries)


def read(files):
    samples = Samples()
    failed = None
    try:
        xid.read(files.machine, samples)
    except PartFailed as error:
        failed = str(error)
    told = {
        (sample.metric.name.removeprefix("deeprig_xid_"), *sample.labels): sample.value
        for sample in samples
    }
    return told, failed


def test_entries_are_counted_by_gpu_and_code(files):
    files.place(
        xid.LOG,
        lines(entry(30, 79), entry(10, 79), entry(20.5, 31), entry(5, 79, "0000:c1:00.0")),
    )
    assert read(files) == (
        {
            ("log_entries", "0000:01:00.0", "79"): 2,
            ("last_timestamp_seconds", "0000:01:00.0", "79"): 30,
            ("log_entries", "0000:01:00.0", "31"): 1,
            ("last_timestamp_seconds", "0000:01:00.0", "31"): 20.5,
            ("log_entries", "0000:c1:00.0", "79"): 1,
            ("last_timestamp_seconds", "0000:c1:00.0", "79"): 5,
        },
        None,
    )


def test_no_log_is_no_xid(files):
    assert read(files) == ({}, None)


def test_a_line_that_is_being_written_waits_for_the_next_pass(files):
    files.place(xid.LOG, lines(entry(30, 79)) + '{"time": 31, "addr')
    assert read(files) == (
        {
            ("log_entries", "0000:01:00.0", "79"): 1,
            ("last_timestamp_seconds", "0000:01:00.0", "79"): 30,
        },
        None,
    )


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "null",
        "[1]",
        "{",
        entry("now", 79),
        entry(1, "79"),
        entry(1, 79, "somewhere"),
        entry(1, 79, None),
        entry(1, -1),
        entry(1, 10**9),
        entry(10**400, 79),
    ],
)
def test_a_bad_line_is_told_and_the_others_count(files, bad):
    files.place(xid.LOG, lines(bad, entry(30, 79)))
    told, failed = read(files)
    assert told["log_entries", "0000:01:00.0", "79"] == 1
    assert failed is not None
    assert "1 lines are no entries" in failed


def test_a_log_without_bounds_is_not_read(files):
    files.place(xid.LOG, "x" * (4 << 20) + "\n")
    told, failed = read(files)
    assert told == {}
    assert failed is not None
    assert "longer than 4 MiB" in failed
