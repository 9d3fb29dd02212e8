"""Systemd hears what sd_notify(3) says it should, and nothing is sent without it."""

import os
import socket

import pytest
from deeprig_host.cooling.notify import notify, watchdog_seconds


@pytest.mark.parametrize("is_abstract", [False, True])
def test_states_arrive_as_one_datagram(tmp_path, monkeypatch, is_abstract):
    name = f"deeprig-test-{os.getpid()}"
    address = f"\0{name}" if is_abstract else str(tmp_path / "notify")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        systemd.bind(address)
        systemd.settimeout(10)
        monkeypatch.setenv("NOTIFY_SOCKET", f"@{name}" if is_abstract else address)
        notify("READY=1", "WATCHDOG=1")
        assert systemd.recv(100) == b"READY=1\nWATCHDOG=1"


def test_without_systemd_nothing_is_sent(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    notify("READY=1")


def test_a_socket_that_is_gone_is_told(monkeypatch, tmp_path):
    monkeypatch.setenv("NOTIFY_SOCKET", str(tmp_path / "none"))
    with pytest.raises(FileNotFoundError):
        notify("READY=1")


@pytest.mark.parametrize(
    ("microseconds", "pid", "seconds"),
    [("30000000", None, 30), ("30000000", "own", 30), ("30000000", "1", None), ("", None, None)],
)
def test_the_watchdog_is_meant_for_us_or_not_at_all(monkeypatch, microseconds, pid, seconds):
    monkeypatch.setenv("WATCHDOG_USEC", microseconds)
    monkeypatch.delenv("WATCHDOG_PID", raising=False)
    if pid:
        monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()) if pid == "own" else pid)
    assert watchdog_seconds() == seconds
