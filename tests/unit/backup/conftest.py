"""A stand-in for ssh."""

import os

import pytest

from tests.unit.backup.asked import StandIn


@pytest.fixture
def host(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    return StandIn(tmp_path)
