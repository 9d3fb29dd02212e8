"""The archive fails in every way that mirrors do: told, nothing half done, and then caught up."""

from __future__ import annotations

import json

import pytest

from tests.e2e.faults import archive, rows
from tests.e2e.faults.expired_key import sign_with_expired_key
from tests.e2e.faults.fault_lab import ARCHIVE_KEY, FURTHER, HOST
from tests.e2e.faults.rows import Row
from tests.sim.repository.signing import make_key


@pytest.fixture
def ready(faulty):
    """A settled host that is to get one more package, and knows no package lists."""
    faulty.start_settled()
    faulty.declare(FURTHER)
    faulty.root("rm -rf /var/lib/apt/lists/*")
    return faulty


def refused(lab, fault, words):
    """Apply with the fault: it fails and says why; end the fault, and the next run does it."""
    document = lab.json("apply", code=1)
    told = rows.told(document, words)
    assert lab.ssh(HOST, f"command -v {FURTHER}").returncode != 0
    row = Row(fault, "", "1", told, rows.state_of(lab), "")
    lab.mend()
    rows.record(lab, row)
    lab.root(f"command -v {FURTHER}")


def test_a_mirror_that_refuses_connections(ready):
    ready.servers.stop_mirror()
    refused(ready, "mirror down", "Connection refused")


@pytest.mark.full
def test_a_mirror_that_cuts_the_index_off(ready):
    ready.servers.fault("cut", "Packages*")
    refused(ready, "mirror truncates the index", "Remote end closed")


def test_a_mirror_that_cuts_packages_off(ready):
    ready.servers.fault("cut", "*.deb")
    refused(ready, "mirror truncates packages", ".deb")


@pytest.mark.full
def test_an_index_with_the_wrong_checksum(ready):
    archive.damage_index(ready.archive)
    refused(ready, "wrong checksum of the index", "Hash Sum mismatch")


@pytest.mark.full
def test_a_package_with_the_wrong_checksum(ready):
    archive.damage_package(ready.archive, FURTHER)
    refused(ready, "wrong checksum of a package", "Hash Sum mismatch")


@pytest.mark.full
def test_a_package_that_the_index_names_and_the_mirror_lacks(ready):
    archive.remove_package(ready.archive, FURTHER)
    refused(ready, "package missing on the mirror", "404")


def test_an_archive_whose_signed_date_has_run_out(ready):
    archive.expire(ready.archive)
    refused(ready, "signature expired (Valid-Until)", "expired")


@pytest.mark.full
def test_an_archive_signed_with_a_key_that_has_expired(ready):
    key = ready.path / "key.gpg"
    sign_with_expired_key(ready.archive, key)
    ready.give(key, ARCHIVE_KEY)
    told = rows.told(ready.json("apply", code=1), "EXPKEYSIG")
    row = Row("signature expired (key)", "", "1", told, rows.state_of(ready), "")
    ready.mend()
    ready.give(ready.whole.key.public, ARCHIVE_KEY)
    rows.record(ready, row)


@pytest.mark.full
def test_an_archive_signed_by_a_stranger(ready, tmp_path):
    archive.sign_anew(ready.archive, make_key(tmp_path / "key"))
    refused(ready, "signed by a stranger", "NO_PUBKEY")


@pytest.mark.full
def test_a_name_server_that_is_gone(ready):
    ready.servers.stop_names()
    refused(ready, "DNS gone", "resolv")


def test_a_slow_mirror_is_waited_for(ready):
    """A few hundred bytes a second: the run goes on, and ends well when the line recovers."""
    ready.servers.fault("slow", "*.deb")
    apply = ready.start()
    ready.wait_for("ls /var/cache/apt/archives/partial/*.deb")
    assert apply.poll() is None
    ready.servers.release()
    out, errors = apply.communicate(timeout=300)
    assert "Traceback" not in errors
    assert apply.returncode == 0, out + errors
    assert json.loads(out)["exit_code"] == 0
    told = "the run waits, and goes on when the mirror does"
    rows.record(ready, Row("mirror slow", "", "0", told, rows.state_of(ready), ""))
    ready.root(f"command -v {FURTHER}")
