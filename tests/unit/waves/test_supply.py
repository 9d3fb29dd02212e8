"""A rollout's bundle is whole before anybody is contacted, and the same when it is resumed."""

from pathlib import Path

import pytest

from deeprig.bundle.model import BundleHost, Manifest
from deeprig.bundle.packing import place
from deeprig.bundle.store import Store
from deeprig.errors import DeeprigError, UsageProblem
from deeprig.report.decode import decode
from deeprig.report.encode import encode
from deeprig.waves.model import Asked
from deeprig.waves.supply import check_same, supply_of

CONTENT = b"what a host needs\n" * 50


def make(path, content=CONTENT):
    """Write a bundle with one file."""
    store = Store(path.parent / f"{path.name}.d")
    store.write("page", "page", content, host="rig1", urls=("https://lab.invalid/page",))
    host = BundleHost("rig1", "debian", "12", "amd64", ("base",))
    manifest = Manifest("2026-01-01T00:00:00Z", "0.0.9", (host,), store.files)
    store.finish(manifest)
    path.unlink(missing_ok=True)
    place(store.directory, manifest, path)
    return path


def test_a_rollout_goes_on_with_its_own_bundle_alone(tmp_path):
    supply = supply_of(make(tmp_path / "lab.tar"))
    check_same(supply)
    (tmp_path / "lab.tar").unlink()
    make(tmp_path / "lab.tar", CONTENT + b"and more\n")
    with pytest.raises(UsageProblem, match="not the bundle that the rollout began with"):
        check_same(supply)
    (tmp_path / "lab.tar").unlink()
    with pytest.raises(UsageProblem, match="no such bundle"):
        check_same(supply)


def test_one_that_was_altered_is_refused(tmp_path):
    path = make(tmp_path / "lab.tar")
    supply = supply_of(path)
    path.write_bytes(path.read_bytes().replace(CONTENT, CONTENT[:-1] + b"!"))
    for refuse in (lambda: supply_of(path), lambda: check_same(supply)):
        with pytest.raises(DeeprigError, match="its SHA-256 is"):
            refuse()


def test_it_is_found_again_wherever_the_rollout_is_resumed(tmp_path, monkeypatch):
    make(tmp_path / "lab.tar")
    monkeypatch.chdir(tmp_path)
    supply = supply_of(Path("lab.tar"))
    monkeypatch.chdir("/")
    check_same(supply)
    asked = Asked("apply", bundle=supply)
    assert decode(Asked, encode(asked)) == asked
    told = encode(Asked("apply"))
    del told["bundle"]  # as an older deeprig kept it
    assert decode(Asked, told).bundle is None
