"""The archive's components are added from the host's own sources, and only where they lack."""

import pytest
from pyinfra.api.exceptions import FactProcessError

from roles.nvidia_driver.sources import AptTargets, Target, missing_sources

MIRROR = "http://mirror.example/debian/"
MAIN = Target(MIRROR, "bookworm", "main", "")
SECURITY = Target("http://mirror.example/security/", "bookworm-security", "main", "/k.gpg")


def test_apts_own_list_is_read_and_other_files_than_package_lists_are_left_out():
    lines = [
        f"Packages|{MIRROR}|bookworm|main|$(SIGNED_BY)",
        f"Translations|{MIRROR}|bookworm|main|$(SIGNED_BY)",
        "Packages|http://mirror.example/security/|bookworm-security|main|/k.gpg",
    ]
    assert AptTargets().process(lines) == (MAIN, SECURITY)
    with pytest.raises(FactProcessError):
        AptTargets().process(["E: something else"])


def test_lacking_components_are_added_to_every_suite_with_its_own_key():
    text = missing_sources((MAIN, SECURITY), "bookworm", ("contrib", "non-free"))
    assert text.count("Types: deb\n") == 2
    assert f"URIs: {MIRROR}\nSuites: bookworm\nComponents: contrib non-free\n" in text
    assert "Suites: bookworm-security\nComponents: contrib non-free\nSigned-By: /k.gpg\n" in text


def test_nothing_is_added_where_all_is_there_whoever_added_it():
    there = Target(MIRROR, "bookworm", "non-free", "")
    assert missing_sources((MAIN, there), "bookworm", ("non-free",)) is None
    partly = missing_sources((MAIN, there), "bookworm", ("contrib", "non-free"))
    assert "Components: contrib\n" in partly


def test_a_host_without_its_distributions_archive_is_told_apart():
    foreign = Target("http://other.example/", "noble", "main", "")
    assert missing_sources((foreign,), "bookworm", ("non-free",)) == ""
