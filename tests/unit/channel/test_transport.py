"""Reading a channel: the cache trusts no file's name, and repodata must be repodata."""

from pathlib import Path

import pytest

from tests.channel.standin.condarc import Condarc, Source, default_values
from tests.channel.standin.errors import CondaError
from tests.channel.standin.explicit import Pinned, checksums
from tests.channel.standin.transport import Transport


@pytest.fixture
def channel(tmp_path):
    folder = tmp_path / "channel" / "noarch"
    folder.mkdir(parents=True)
    (folder / "repodata.json").write_text('{"packages": {}}')
    (folder / "six-1-0.conda").write_bytes(b"package")
    return folder.parent


@pytest.fixture
def transport(tmp_path):
    return Transport(Condarc((), default_values(tmp_path, tmp_path)), tmp_path / "pkgs")


def pinned(channel, content=b"package"):
    return Pinned((channel / "noarch/six-1-0.conda").as_uri(), sha256=checksums(content)[1])


def test_a_package_is_fetched_into_the_cache(transport, channel):
    assert transport.fetch(pinned(channel)) == transport.cache / "six-1-0.conda"
    assert (transport.cache / "six-1-0.conda").read_bytes() == b"package"


def test_a_cached_package_needs_no_channel(transport, channel):
    transport.fetch(pinned(channel))
    (channel / "noarch/six-1-0.conda").unlink()
    assert transport.fetch(pinned(channel)).read_bytes() == b"package"


def test_another_package_of_the_same_name_in_the_cache_is_replaced(transport, channel):
    transport.cache.mkdir()
    (transport.cache / "six-1-0.conda").write_bytes(b"another channel's")
    assert transport.fetch(pinned(channel)).read_bytes() == b"package"


def test_a_package_with_another_checksum_does_not_reach_the_cache(transport, channel):
    with pytest.raises(CondaError, match="mismatch"):
        transport.fetch(pinned(channel, b"something else"))
    assert not transport.cache.exists()


def test_repodata_is_read_whole(transport, channel):
    content = transport.repodata(channel.as_uri(), "noarch").read_text()
    assert content == '{"packages": {}}'


@pytest.mark.parametrize("content", [b"<html>", b'["packages"]', b"\xff\xfe\xfa"])
def test_what_is_no_repodata_is_refused_with_its_url(transport, channel, content):
    (channel / "noarch/repodata.json").write_bytes(content)
    with pytest.raises(CondaError, match=r"Invalid index file: file:///.*/noarch/repodata.json"):
        transport.repodata(channel.as_uri(), "noarch")
    assert not transport.cache.exists()


def test_a_channel_without_repodata_is_no_channel(transport, channel):
    with pytest.raises(CondaError) as caught:
        transport.repodata(channel.as_uri(), "linux-64")
    assert caught.value.kind == "UnavailableInvalidChannel"


def test_a_certificate_file_that_is_missing_is_named(tmp_path):
    source = Source("/rc", {"ssl_verify": str(Path("/nonexistent/ca.pem"))})
    condarc = Condarc((source,), default_values(tmp_path, tmp_path))
    with pytest.raises(CondaError, match=r"/nonexistent/ca\.pem"):
        Transport(condarc, tmp_path).read("https://host.invalid/x")
