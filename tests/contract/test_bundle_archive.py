"""A bundle's archive and directory: whatever was done to it on its way is told, with its place."""

import io
import json
import shutil
import tarfile

import pytest
from click.testing import CliRunner

from deeprig.bundle import zstd
from deeprig.bundle.checking import check_whole, problems_of
from deeprig.bundle.contents import opened
from deeprig.bundle.model import MANIFEST, BundleHost, Manifest
from deeprig.bundle.packing import place
from deeprig.bundle.store import Store
from deeprig.cli.bundle import bundle as command
from deeprig.errors import DeeprigError, UsageProblem
from tests.unit.report.small_documents import mistakes

HOST = BundleHost("rig1", "debian", "12", "amd64", ("base",))


@pytest.fixture
def make(tmp_path):
    """Return a function that makes a whole bundle of two files under a name."""

    def make(name):
        store = Store(tmp_path / f"{name}.unfinished")
        store.write("deb", "jq_1.6_amd64.deb", b"d" * 5000, host="rig1", urls=("http://a.test/jq",))
        store.write("wheel", "six-1.17.0-py2.py3-none-any.whl", b"w" * 700, host="rig1")
        manifest = Manifest("2026-01-01T00:00:00Z", "0.1.0", (HOST,), store.files)
        store.finish(manifest)
        place(store.directory, manifest, tmp_path / name)
        if store.directory.exists():
            store.discard()
        return tmp_path / name

    return make


def reasons(path):
    with opened(path) as bundle:
        return [f"{p.place.partition(': ')[2]}: {p.reason}" for p in problems_of(bundle)]


def rewrite(archive, change):
    """Write an archive again; ``change`` takes its (member, content) pairs and returns others."""
    with tarfile.open(archive) as tar:
        entries = [(member, tar.extractfile(member).read()) for member in tar]
    with tarfile.open(archive, "w", format=tarfile.GNU_FORMAT) as tar:
        for member, content in change(entries):
            if member.isreg():
                member.size = len(content)
            tar.addfile(member, io.BytesIO(content) if member.isreg() else None)


@pytest.mark.parametrize("name", ["whole", "whole.tar", "whole.tar.zst"])
def test_a_whole_bundle_is_found_whole_and_read(make, name):
    path = make(name)
    assert reasons(path) == []
    with opened(path) as bundle:
        contents = {}
        for file in bundle.manifest.files:
            with bundle.open(file) as content:
                contents[file.name] = content.read()
    assert contents["jq_1.6_amd64.deb"] == b"d" * 5000
    assert not list(path.parent.glob("*.part*"))


def test_equal_bundles_are_equal_bytes(make):
    assert make("one.tar").read_bytes() == make("two.tar").read_bytes()


def test_an_altered_byte_is_found(make):
    path = make("b.tar")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"d" * 5000, b"d" * 4999 + b"e"))
    (found,) = reasons(path)
    assert "jq_1.6_amd64.deb: its SHA-256 is" in found


@pytest.mark.parametrize("left", [0, 300, 4000, 8500])
def test_an_archive_that_was_cut_is_refused(make, left):
    path = make("b.tar")
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(DeeprigError):
        reasons(path)


def test_a_packed_archive_that_was_cut_is_refused(make):
    path = make("b.tar.zst")
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DeeprigError, match="zstd failed"):
        reasons(path)


def test_a_missing_and_an_added_file_are_found(make):
    path = make("b.tar")

    def change(entries):
        kept = [e for e in entries if not e[0].name.endswith(".whl")]
        return [*kept, (tarfile.TarInfo("files/deb/added"), b"x")]

    rewrite(path, change)
    assert [r.rpartition(": ")[2] for r in reasons(path)] == [
        "the manifest does not name it",
        "it is missing",
    ]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "files/deb/../../x", "a\x1b[2J"]
)
def test_a_name_that_leads_out_is_told_and_never_used(make, name, tmp_path):
    path = make("b.tar")
    rewrite(path, lambda entries: [*entries, (tarfile.TarInfo(name), b"evil")])
    (found,) = reasons(path)
    assert "the manifest does not name it" in found
    assert "\x1b" not in found
    assert not (tmp_path / "x").exists()


def test_a_file_that_became_a_link_is_refused(make, tmp_path):
    path = make("b.tar")
    (tmp_path / "secret").write_bytes(b"d" * 5000)

    def change(entries):
        for member, content in entries:
            if member.name.endswith(".deb"):
                member.type, member.linkname, member.size = tarfile.SYMTYPE, "/etc/shadow", 0
            yield member, content

    rewrite(path, change)
    assert any("it is no plain file" in reason for reason in reasons(path))
    with opened(path) as bundle, pytest.raises(DeeprigError, match="not whole"):
        bundle.open(next(f for f in bundle.manifest.files if f.kind == "deb"))


def test_a_directory_with_a_link_in_it_is_refused(make, tmp_path):
    path = make("directory")
    (deb,) = path.glob("files/deb/*")
    deb.rename(tmp_path / "elsewhere")
    deb.symlink_to(tmp_path / "elsewhere")
    assert any("it is no plain file" in reason for reason in reasons(path))
    shutil.move(path / "files/wheel", tmp_path / "wheels")
    (path / "files/wheel").symlink_to(tmp_path / "wheels")
    assert any("files/wheel: it is no plain file" in reason for reason in reasons(path))


def test_two_members_of_one_name_are_refused(make):
    path = make("b.tar")
    rewrite(path, lambda entries: [*entries, entries[-1]])
    assert sum("it is there twice" in reason for reason in reasons(path)) == 2


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"schema": "deeprig.bundle/9"}, "its schema is not"),
        ({"files": [{"path": "../x"}]}, "cannot be read"),
        ({"hosts": None}, "cannot be read"),
    ],
)
def test_a_manifest_that_is_none_is_refused(make, change, told):
    path = make("directory")
    document = json.loads((path / MANIFEST).read_text())
    (path / MANIFEST).write_text(json.dumps(document | change))
    with pytest.raises(DeeprigError, match=told):
        reasons(path)


def test_a_path_in_the_manifest_cannot_lead_out(make, tmp_path):
    path = make("directory")
    (tmp_path / "outside").write_bytes(b"x")
    text = (path / MANIFEST).read_text()
    document = json.loads(text)
    document["files"][0]["path"] = "files/deb/../../../outside"
    (path / MANIFEST).write_text(json.dumps(document))
    with pytest.raises(DeeprigError, match="no path of a bundle"):
        reasons(path)


def test_the_command_exits_1_with_the_place_and_0_for_a_whole_one(make):
    path = make("b.tar")
    whole = CliRunner().invoke(command, ["check", str(path)])
    assert whole.exit_code == 0
    assert "whole; 2 files" in whole.output
    data = path.read_bytes()
    path.write_bytes(data.replace(b"w" * 700, b"v" * 700))
    broken = CliRunner().invoke(command, ["check", str(path), "--json"])
    assert broken.exit_code == 1
    document = json.loads(broken.stdout)
    assert not document["is_whole"]
    assert "six-1.17.0" in document["problems"][0]["place"]


def test_its_documents_are_as_docs_json_says(make):
    path = make("directory")
    assert mistakes(json.loads((path / MANIFEST).read_text()), "bundle") == []
    (deb,) = path.glob("files/deb/*")
    deb.unlink()
    told = CliRunner().invoke(command, ["check", str(path), "--json"])
    assert mistakes(json.loads(told.stdout), "bundle check") == []


def test_before_it_is_used_a_bundle_is_proven_whole(make):
    path = make("directory")
    (wheel,) = path.glob("files/wheel/*")
    wheel.write_bytes(b"w" * 699)
    with opened(path) as bundle, pytest.raises(DeeprigError, match="699 bytes, not 700"):
        check_whole(bundle)


def test_what_is_no_bundle_is_told_as_such(tmp_path, monkeypatch):
    with pytest.raises(UsageProblem, match="no such bundle"), opened(tmp_path / "none.tar"):
        pass
    (tmp_path / "empty").mkdir()
    with pytest.raises(DeeprigError, match="this is no bundle"), opened(tmp_path / "empty"):
        pass
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UsageProblem, match="no zstd"):
        zstd.program()
