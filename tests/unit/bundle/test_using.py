"""While a bundle is in use, the controller itself has everything from it, and told what differs."""

import hashlib
import os
from pathlib import Path

import pytest

from deeprig.bundle.contents import opened
from deeprig.bundle.model import BundleHost, Manifest
from deeprig.bundle.packing import place
from deeprig.bundle.store import Store
from deeprig.bundle.through import _replays, _ThroughBundle
from deeprig.bundle.using import in_use
from deeprig.errors import DeeprigError, UsageProblem
from deeprig.fetch import fetch

URL = "https://conda.invalid/installer.sh"
INSTALLER = b"#!/bin/sh\n" * 100


@pytest.fixture
def bundle(tmp_path):
    """A bundle for rig1, with an installer, its checksum and a wheel of our programs."""
    store = Store(tmp_path / "b")
    store.write("installer", "installer.sh", INSTALLER, host="rig1", urls=(URL,))
    told = f"{hashlib.sha256(INSTALLER).hexdigest()}  installer.sh\n".encode()
    store.write("page", "installer.sha256", told, host="rig1", urls=(f"{URL}.sha256",))
    store.write("program-wheel", "psutil-7.2.2-py3-none-any.whl", b"wheel", host="rig1")
    host = BundleHost("rig1", "debian", "12", "amd64", ("base",))
    manifest = Manifest("2026-01-01T00:00:00Z", "0.0.9", (host,), store.files)
    store.finish(manifest)
    place(store.directory, manifest, tmp_path / "b.tar")
    return tmp_path / "b.tar"


def test_the_controller_fetches_from_the_bundle_and_nowhere_else(lab, bundle, tmp_path):
    before = dict(os.environ)
    with in_use(lab.load(), bundle, lambda text: None) as used:
        path = fetch(URL, None, tmp_path / "cache")  # asks for the checksum beside it, too
        assert path.read_bytes() == INSTALLER
        with pytest.raises(DeeprigError, match="404"):
            fetch("https://elsewhere.invalid/x", "0" * 64, tmp_path / "cache")
        assert used.lacked == ("https://elsewhere.invalid/x",)
        (host,) = used.lab.hosts
        wheels = Path(host.settings.network_access.program_wheels)
        assert [w.name for w in wheels.iterdir()] == ["psutil-7.2.2-py3-none-any.whl"]
        (contacted,) = used.lab.inventory
        assert contacted in _replays
        assert contacted.connector_cls.__name__.endswith("ThroughBundle")
    assert dict(os.environ) == before
    assert not wheels.exists()


def test_a_lab_whose_bundle_is_used_no_more_may_have_another(lab, bundle):
    loaded = lab.load()
    (host,) = loaded.inventory
    for _ in range(2):
        with in_use(loaded, bundle, lambda text: None):
            assert host in _replays
            assert host.connector_cls.__mro__.count(_ThroughBundle) == 1
        assert host not in _replays
        assert not issubclass(host.connector_cls, _ThroughBundle)


def test_what_may_be_lacking_is_said(lab, bundle):
    lab.hosts('workstations = ["rig1", "rig9"]')
    said = []
    with in_use(lab.load(), bundle, said.append):
        pass
    text = "\n".join(said)
    assert "it was not made for rig9" in text
    assert "made by deeprig 0.0.9" in text


def test_a_damaged_bundle_is_refused_before_anything_else(lab, bundle):
    with opened(bundle) as found:
        size = found.manifest.size_bytes
    bundle.write_bytes(bundle.read_bytes().replace(INSTALLER, INSTALLER[:-1] + b"!"))
    said = []
    with (
        pytest.raises(DeeprigError, match="its SHA-256 is"),
        in_use(lab.load(), bundle, said.append),
    ):
        pass
    assert said == [f"bundle: checking {size / 1000:.0f} kB"]


def test_the_controller_as_a_host_is_refused(lab, bundle):
    lab.hosts('workstations = ["@local"]')
    with (
        pytest.raises(UsageProblem, match="through SSH connections"),
        in_use(lab.load(), bundle, lambda text: None),
    ):
        pass
