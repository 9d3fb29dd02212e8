"""What a run lacked of its bundle is told; it comes from hosts, so it is made harmless first."""

from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

from deeprig.bundle import using
from deeprig.cli.bundle_in_use import from_bundle


def test_what_hosts_asked_for_cannot_command_the_terminal(monkeypatch, capsys):
    lacked = ("http://x/\x1b]0;owned\x07\x9b2J", "http://m.test/other.deb")
    used = SimpleNamespace(
        lab="lab", lacked=lacked, replay=SimpleNamespace(failures=["bad \x1b[31m answer"])
    )

    @contextmanager
    def in_use(lab, path, note):
        yield used

    monkeypatch.setattr(using, "in_use", in_use)
    with from_bundle(None, Path("b.tar"), as_json=False) as lab:
        assert lab == "lab"
    told = capsys.readouterr().err
    assert "lacks, http://x/" in told
    assert "lacks, http://m.test/other.deb" in told
    assert "deeprig: bad  answer" in told
    assert told.replace("\n", "").isprintable()
