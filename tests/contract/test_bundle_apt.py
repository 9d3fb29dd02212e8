"""Real apt makes a bundle's part and takes it, over https, and trusts the publisher alone."""

import gzip
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import threading
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from deeprig.bundle.apt_part import AptRequest, add_apt
from deeprig.bundle.apt_root import AptRoot
from deeprig.bundle.asking import HostNeeds
from deeprig.bundle.authority import Authority
from deeprig.bundle.checking import problems_of
from deeprig.bundle.contents import opened
from deeprig.bundle.far_side import FarSide
from deeprig.bundle.model import MANIFEST, Manifest
from deeprig.bundle.proxy import replaying
from deeprig.bundle.store import Store
from deeprig.errors import DeeprigError
from deeprig.facts import HostFacts
from tests.sim.repository.index import indexed, write_debs, write_packages, write_release
from tests.sim.repository.package import Package
from tests.sim.repository.signing import make_key, sign

pytestmark = pytest.mark.skipif(shutil.which("apt-get") is None, reason="there is no apt")
KEY = "etc/apt/keyrings/test.gpg"
HOST_PROGRAMS = Path(__file__).resolve().parents[2] / "host"
#: What the host's sources say; no such server exists.
ORIGIN = "https://packages.invalid"


@pytest.fixture(scope="session")
def published(tmp_path_factory):
    """A signed repository: `tool` needs `library`, which has a + in its version."""
    root = tmp_path_factory.mktemp("published")
    key = make_key(root / "key")
    packages = [
        Package("tool", "1.0", depends=("library",)),
        Package("library", "2.0+b1"),
        Package("other", "1.0"),
    ]
    entries = [indexed(package, "pool/main") for package in packages]
    write_debs(root, entries)
    suite = root / "dists/stable"
    write_packages(suite / "main/binary-amd64", entries)
    fields = {"Suite": "stable", "Codename": "stable", "Components": "main"}
    sign((write_release(suite, fields | {"Architectures": "amd64"}),), key)
    return root, key


@pytest.fixture
def server(published, monkeypatch):
    """Publish it on loopback; yield the URL."""
    root, _ = published

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(root))

        def log_message(self, *_):
            pass

    web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    yield f"http://127.0.0.1:{web.server_port}"
    web.shutdown()
    thread.join()
    web.server_close()


def files(url, key):
    line = f"deb [arch=amd64 signed-by=/{KEY}] {url} stable main\n"
    return {"etc/apt/sources.list": line.encode(), KEY: key.public.read_bytes()}


def needs(url, key, *packages):
    facts = HostFacts("debian", "12", "bookworm", "", "", "x86_64", "", None, "none", ())
    declared = SimpleNamespace(name="rig1")
    return HostNeeds(declared, facts, packages, ("base",), files(url, key), b"")


@pytest.fixture
def bundle(published, server, tmp_path):
    """A bundle with `tool`, as if it had come from ORIGIN: a directory that may be altered."""
    _, key = published
    store = Store(tmp_path / "bundle")
    add_apt(store, (needs(server, key, "tool"),), AptRequest(HOST_PROGRAMS), lambda text: None)
    moved = tuple(
        replace(file, urls=tuple(url.replace(server, ORIGIN) for url in file.urls))
        for file in store.files
    )
    store.finish(Manifest("", "", (), moved))
    return store.directory


@pytest.fixture
def host(published, tmp_path, monkeypatch):
    """Return a function that runs apt-get as on a host that has only the bundle."""
    _, key = published
    monkeypatch.setattr("deeprig.bundle.far_side.RUN_DIRECTORY", str(tmp_path / "run"))
    root = tmp_path / "host"
    AptRoot(root, "amd64", files(ORIGIN, key))
    own = (root / "last.conf").read_text()

    def run(path, *words):
        with (
            opened(path) as bundle,
            replaying(bundle.manifest.files, bundle.open, Authority(tmp_path)) as replay,
        ):
            far = FarSide("test", replay.port)
            placing = far.place(replay.authority.pem).get_raw_value()
            placed = subprocess.run(  # noqa: S602 - as on a host
                placing, shell=True, check=True, capture_output=True, text=True
            )
            replay.admit(placed.stdout.strip())
            config = root / "host.conf"
            config.write_text(f'{own}\nDir::Etc::main "{far.directory}/last.conf";\n')
            return subprocess.run(
                ("apt-get", "-o", "APT::Update::Error-Mode=any", *words),
                env=os.environ | {"APT_CONFIG": str(config), "LC_ALL": "C"},
                capture_output=True,
                text=True,
                check=False,
            )

    return run


INSTALL = ("install", "-y", "--download-only", "tool")


def forge(path, kind, change):
    """Alter a file as somebody would who also mends the manifest."""
    document = json.loads((path / MANIFEST).read_text())
    for entry in document["files"]:
        if entry["kind"] == kind and change(entry["path"], None) is not None:
            content = change(entry["path"], (path / entry["path"]).read_bytes())
            sha256 = hashlib.sha256(content).hexdigest()
            (path / entry["path"]).unlink()
            name = entry["path"].rpartition("-")[2]
            entry["path"] = f"files/{kind}/{sha256[:16]}-{name}"
            entry["sha256"], entry["size_bytes"] = sha256, len(content)
            (path / entry["path"]).write_bytes(content)
    (path / MANIFEST).write_text(json.dumps(document))
    with opened(path) as found:
        assert problems_of(found) == ()  # nothing of the bundle itself gives it away


def test_a_host_has_packages_from_the_bundle_under_their_own_https_urls(bundle, host, tmp_path):
    names = {file.name.rpartition("%")[2] for file in bundle.glob("files/deb/*")}
    assert len(names) == 2
    updated = host(bundle, "update")
    assert updated.returncode == 0, updated.stderr
    had = host(bundle, *INSTALL)
    assert had.returncode == 0, had.stderr
    archives = sorted(p.name for p in (tmp_path / "host/var/cache/apt/archives").glob("*.deb"))
    assert archives == ["library_2.0+b1_amd64.deb", "tool_1.0_amd64.deb"]


def test_what_is_not_in_the_bundle_is_not_had(bundle, host):
    assert host(bundle, "update").returncode == 0
    other = host(bundle, "install", "-y", "--download-only", "other")
    assert other.returncode != 0
    assert "404" in other.stderr


def test_an_altered_package_is_refused_by_apt_itself(bundle, host):
    assert host(bundle, "update").returncode == 0
    forge(bundle, "deb", lambda path, data: b"" if data is None else data[:-1] + b"!")
    altered = host(bundle, *INSTALL)
    assert altered.returncode != 0
    assert "Hash Sum mismatch" in altered.stderr


def test_an_altered_list_is_refused_by_apt_itself(bundle, host):
    def change(path, data):
        if "Packages" not in path and "gz" not in path:
            return None
        if data is None:
            return b""
        return gzip.compress(gzip.decompress(data).replace(b"tool", b"evil"), mtime=0)

    forge(
        bundle,
        "apt-index",
        lambda path, data: change(path, data) if "Release" not in path else None,
    )
    updated = host(bundle, "update")
    assert updated.returncode != 0
    assert "Hash Sum mismatch" in updated.stderr or "unexpected size" in updated.stderr


def test_lists_that_somebody_else_signed_are_refused_by_apt_itself(bundle, host, tmp_path):
    other = make_key(tmp_path / "other")

    def change(path, data):
        if "InRelease" not in path:
            return None
        if data is None:
            return b""
        release = tmp_path / "Release"
        release.write_bytes(data.split(b"\n\n", 1)[1].split(b"-----BEGIN PGP SIG", 1)[0])
        sign((release,), other)
        return (tmp_path / "InRelease").read_bytes()

    forge(bundle, "apt-index", change)
    updated = host(bundle, "update")
    assert updated.returncode != 0
    assert "NO_PUBKEY" in updated.stderr


def test_no_bundle_is_made_of_lists_that_are_not_proven(published, server, tmp_path):
    other = make_key(tmp_path / "other")
    with pytest.raises(DeeprigError, match="NO_PUBKEY"):
        add_apt(
            Store(tmp_path / "b"),
            (needs(server, other, "tool"),),
            AptRequest(HOST_PROGRAMS),
            lambda text: None,
        )


def test_an_unknown_package_is_told_with_its_host(published, server, tmp_path):
    _, key = published
    with pytest.raises(DeeprigError, match="Unable to locate package nonsense") as caught:
        add_apt(
            Store(tmp_path / "b"),
            (needs(server, key, "nonsense"),),
            AptRequest(HOST_PROGRAMS),
            lambda text: None,
        )
    assert caught.value.problems[0].place == "rig1"


def test_a_further_package_comes_with_all_it_needs(published, server, tmp_path):
    _, key = published
    store = Store(tmp_path / "b")
    add_apt(
        store,
        (needs(server, key, "other"),),
        AptRequest(HOST_PROGRAMS, ("tool",)),
        lambda text: None,
    )
    assert sum(file.kind == "deb" for file in store.files) == 3


def test_upgrades_bring_the_newest_of_what_is_installed(published, server, tmp_path):
    _, key = published
    old = Package("library", "1.0").control().rstrip("\n")
    status = f"{old}\n".replace("Version:", "Status: install ok installed\nVersion:", 1)
    of_host = replace(needs(server, key), installed=status.encode())
    store = Store(tmp_path / "b")
    add_apt(store, (of_host,), AptRequest(HOST_PROGRAMS, upgrades=True), lambda text: None)
    (deb,) = (file for file in store.files if file.kind == "deb")
    assert deb.name == "library_2.0+b1_amd64.deb"
