"""The archive's components are added from the host's own sources, and only where they lack."""

import pytest
from pyinfra.api.exceptions import FactProcessError

from roles.nvidia_driver.apt_entries import Entry, entries_of
from roles.nvidia_driver.sources import AptEntries, DownloadedLists, missing_sources

MIRROR = "http://mirror.example/debian/"
MAIN = Entry(MIRROR, "bookworm", "main")
SECURITY = Entry(
    "http://mirror.example/security/", "bookworm-security", "main", (("Signed-By", "/k.gpg"),)
)


def test_source_files_of_both_formats_are_read_and_other_files_are_left_out():
    rows = (
        f"/etc/apt/sources.list:deb {MIRROR} bookworm main # ours",
        f"/etc/apt/sources.list:# deb {MIRROR} sid main",
        f"/etc/apt/sources.list:deb-src {MIRROR} bookworm main",
        "/etc/apt/mirrors/debian.list:deb http://elsewhere.example/ x y",
        "/etc/apt/sources.list.d/a.sources:Types: deb",
        "/etc/apt/sources.list.d/a.sources:URIs: http://mirror.example/security/",
        "/etc/apt/sources.list.d/a.sources:Suites: bookworm-security",
        "/etc/apt/sources.list.d/a.sources:Components: main",
        "/etc/apt/sources.list.d/a.sources:Signed-By: /k.gpg",
    )
    assert AptEntries().process(list(rows)) == (MAIN, SECURITY)
    with pytest.raises(FactProcessError):
        AptEntries().process(["grep: something else"])


def test_options_of_a_line_become_fields():
    line = "deb [arch=amd64,i386 signed-by=/k.gpg] http://a.example noble main universe"
    options = (("Architectures", "amd64 i386"), ("Signed-By", "/k.gpg"))
    assert entries_of("x.list", [line]) == (
        Entry("http://a.example", "noble", "main", options),
        Entry("http://a.example", "noble", "universe", options),
    )


def test_a_disabled_stanza_counts_for_nothing_and_a_key_of_several_lines_is_kept():
    stanza = ["Types: deb deb-src", "URIs: http://a.example", "Suites: noble noble-updates"]
    stanza += ["Components: main", "Signed-By:", " -----BEGIN PGP-----", " .", " x"]
    key = "\n -----BEGIN PGP-----\n .\n x"
    found = entries_of("x.sources", [*stanza, "", "Enabled: no", *stanza])
    assert [(e.suite, e.options) for e in found] == [
        ("noble", (("Signed-By", key),)),
        ("noble-updates", (("Signed-By", key),)),
    ]
    text = missing_sources(found, "noble", ("restricted",))
    assert "Components: restricted\nSigned-By: \n -----BEGIN PGP-----\n" in text


def test_package_lists_are_told_by_suite_and_component():
    assert DownloadedLists().process(["noble|main"]) == frozenset({("noble", "main")})
    with pytest.raises(FactProcessError):
        DownloadedLists().process(["E: something else"])


def test_lacking_components_are_added_to_every_suite_with_its_own_key():
    text = missing_sources((MAIN, SECURITY), "bookworm", ("contrib", "non-free"))
    assert text.count("Types: deb\n") == 2
    assert f"URIs: {MIRROR}\nSuites: bookworm\nComponents: contrib non-free\n" in text
    assert "Suites: bookworm-security\nComponents: contrib non-free\nSigned-By: /k.gpg\n" in text


def test_nothing_is_added_where_all_is_there_whoever_added_it():
    there = Entry(MIRROR, "bookworm", "non-free")
    assert missing_sources((MAIN, there), "bookworm", ("non-free",)) is None
    partly = missing_sources((MAIN, there), "bookworm", ("contrib", "non-free"))
    assert "Components: contrib\n" in partly


def test_a_host_without_its_distributions_archive_is_told_apart():
    foreign = Entry("http://other.example/", "noble", "main")
    assert missing_sources((foreign,), "bookworm", ("non-free",)) == ""
