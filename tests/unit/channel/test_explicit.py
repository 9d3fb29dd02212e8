"""Explicit lock files: what is read, what is refused, what is written."""

import hashlib

import pytest

from tests.channel.standin.errors import CondaError
from tests.channel.standin.explicit import (
    Pinned,
    checksums,
    is_explicit,
    parse,
    render,
    verify,
)

URL = "http://host/channel/noarch/six-1.17.0-0.conda"
MD5 = "0123456789abcdef0123456789abcdef"
SHA256 = "ab" * 32


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (URL, Pinned(URL)),
        (f"{URL}#{MD5}", Pinned(URL, md5=MD5)),
        (f"{URL}#{SHA256}", Pinned(URL, sha256=SHA256)),
        (f"{URL}#sha256:{SHA256}", Pinned(URL, sha256=SHA256)),
        ("/srv/noarch/a-1-0.tar.bz2", Pinned("file:///srv/noarch/a-1-0.tar.bz2")),
    ],
)
def test_a_line_is_a_url_and_perhaps_a_checksum(line, expected):
    assert parse(f"# a comment\n@EXPLICIT\n\n{line}\n", "lock") == (expected,)


@pytest.mark.parametrize(
    "line", ["six=1.17", "foo bar", f"{URL}#sha256:{MD5}", f"{URL}#{MD5}0", "http://host/six.zip"]
)
def test_any_other_line_is_refused_with_the_line_and_the_file(line):
    with pytest.raises(CondaError) as caught:
        parse(f"@EXPLICIT\n{line}\n", "my.lock")
    assert caught.value.kind == "ParseError"
    assert line in caught.value.message
    assert "my.lock" in caught.value.message


def test_without_the_marker_it_is_no_explicit_file():
    assert is_explicit(f"# comment\n@EXPLICIT\n{URL}\n")
    assert not is_explicit(f"{URL}\n")
    with pytest.raises(CondaError, match="@EXPLICIT"):
        parse(f"{URL}\n", "lock")


def test_the_parts_of_a_url():
    pinned = Pinned(URL)
    assert (pinned.channel, pinned.subdir) == ("http://host/channel", "noarch")
    assert pinned.file_name == "six-1.17.0-0.conda"


def test_content_with_the_checksums_it_has_is_accepted():
    md5, sha256 = checksums(b"package")
    assert sha256 == hashlib.sha256(b"package").hexdigest()
    verify(b"package", Pinned(URL, md5=md5, sha256=sha256))


@pytest.mark.parametrize("wrong", [Pinned(URL, md5=MD5), Pinned(URL, sha256=SHA256)])
def test_content_with_another_checksum_is_refused_with_both(wrong):
    with pytest.raises(CondaError) as caught:
        verify(b"package", wrong)
    assert caught.value.kind == "ChecksumMismatchError"
    assert (wrong.md5 or wrong.sha256) in caught.value.message
    assert any(digest in caught.value.message for digest in checksums(b"package"))


def test_what_is_written_is_read_back():
    packages = (Pinned(URL, sha256=SHA256), Pinned(URL, md5=MD5), Pinned(URL))
    assert parse(render(packages), "lock") == packages
