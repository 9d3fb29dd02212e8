"""A bundle grows file by file; what is wrong is thrown away, what was fetched is kept."""

import hashlib

import pytest

from deeprig.bundle import room
from deeprig.bundle.downloading import NotThere, Wanted, WrongFile
from deeprig.bundle.model import Manifest, path_of, url_key
from deeprig.bundle.packing import check_output, place
from deeprig.bundle.store import Store
from deeprig.errors import DeeprigError, UsageProblem

BODY = bytes(range(256)) * 4000


def wanted(web, name="a.deb", body=BODY, algorithm="sha256"):
    web.files[f"/{name}"] = body
    return Wanted(f"{web.url}/{name}", hashlib.new(algorithm, body).hexdigest(), algorithm)


def test_a_file_is_fetched_once_for_all_hosts(web, tmp_path):
    store = Store(tmp_path / "b")
    for host in ("rig2", "rig1"):
        store.fetch("deb", wanted(web), host=host, urls=("http://other.test/a.deb",))
    (file,) = store.files
    assert file.hosts == ("rig1", "rig2")
    assert file.urls == (f"{web.url}/a.deb", "http://other.test/a.deb")
    assert store.path(file).read_bytes() == BODY
    assert len(web.asked) == 1


@pytest.mark.parametrize("algorithm", ["sha256", "md5"])
def test_another_attempt_fetches_only_what_is_lacking(web, tmp_path, algorithm):
    file = wanted(web, algorithm=algorithm)
    web.cut_after = 600_000
    with pytest.raises(DeeprigError, match="cannot be fetched"):
        Store(tmp_path / "b").fetch("deb", file, host="rig1")
    web.cut_after = None
    Store(tmp_path / "b").fetch("deb", file, host="rig1")
    assert web.asked[-1][1] == "bytes=524288-"  # whole chunks are kept
    web.files.clear()
    again = Store(tmp_path / "b")
    again.fetch("deb", file, host="rig1")
    assert again.path(again.files[0]).read_bytes() == BODY


def test_another_file_is_thrown_away(web, tmp_path):
    file = wanted(web)
    web.files["/a.deb"] = b"evil"
    with pytest.raises(WrongFile, match="thrown away"):
        Store(tmp_path / "b").fetch("deb", file, host="rig1")
    assert [p for p in (tmp_path / "b").rglob("*") if p.is_file()] == []
    with pytest.raises(NotThere):
        Store(tmp_path / "b").fetch("deb", Wanted(f"{web.url}/no", "0" * 64), host="rig1")


def test_a_full_disk_is_told_before_it_is_full(web, tmp_path, monkeypatch):
    monkeypatch.setattr(room, "_SPARE_BYTES", 1 << 60)
    with pytest.raises(DeeprigError, match="are needed there"):
        Store(tmp_path / "b").fetch("deb", wanted(web), host="rig1")


def test_what_an_earlier_attempt_left_and_nobody_needs_goes(web, tmp_path):
    Store(tmp_path / "b").write("key", "old.gpg", b"old", host="rig1")
    store = Store(tmp_path / "b")
    kept = store.write("key", "new.gpg", b"new", host="rig1")
    manifest = Manifest("2026-01-01T00:00:00Z", "0.1.0", (), store.files)
    store.finish(manifest)
    place(store.directory, manifest, tmp_path / "out")
    assert sorted(p.name for p in (tmp_path / "out/files/key").iterdir()) == [
        kept.path.rpartition("/")[2]
    ]
    (tmp_path / "mine").mkdir()
    with pytest.raises(UsageProblem, match="no unfinished bundle"):
        Store(tmp_path / "mine")


def test_two_at_once_do_not_make_one_bundle(tmp_path):
    first, second = Store(tmp_path / "b"), Store(tmp_path / "b")
    with first.held(), pytest.raises(UsageProblem, match="another deeprig"), second.held():
        pass
    with second.held():
        pass


@pytest.mark.parametrize("name", ["b.zip", "no/b.tar", "there"])
def test_a_place_where_no_bundle_can_be_is_refused(tmp_path, name):
    (tmp_path / "there").mkdir()
    with pytest.raises(UsageProblem):
        check_output(tmp_path / name)


def test_names_from_outside_are_made_harmless():
    assert path_of("deb", "ab" * 32, "../x y") == "files/deb/abababababababab-x.._x_y"
    assert (
        url_key("HTTP://Mirror.TEST:80/pool/g%2b%2b_1.deb") == "http://mirror.test/pool/g++_1.deb"
    )
    assert url_key("https://a.test:8443/x?y=1") == "https://a.test:8443/x?y=1"


def test_a_login_in_a_url_stays_out_of_the_bundle(web, tmp_path):
    web.files["/a.deb"] = BODY
    secret = web.url.replace("://", "://user:hunter2@")
    store = Store(tmp_path / "b")
    store.fetch("deb", Wanted(f"{secret}/a.deb", hashlib.sha256(BODY).hexdigest()), host="rig1")
    (file,) = store.files
    assert file.urls == (f"{web.url}/a.deb",)
    with pytest.raises(NotThere) as caught:
        store.fetch("deb", Wanted(f"{secret}/b.deb", "0" * 64), host="rig1")
    assert "hunter2" not in str(caught.value)
