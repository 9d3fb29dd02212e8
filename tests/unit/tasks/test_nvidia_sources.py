"""Old sources and keys of NVIDIA's are taken out, and what else is in their files stays."""

import pytest

from deeprig.tasks import nvidia_sources
from deeprig.tasks.nvidia_sources import without_nvidia, without_old_keys

OWN = "/etc/apt/sources.list.d/deeprig-nvidia-cuda.sources"
MIRROR = "http://mirror.lab/nvidia/debian12/x86_64"
NVIDIA = "https://developer.download.nvidia.com/compute/cuda/repos/debian12/x86_64"
DEBIAN = """\
Types: deb
URIs: http://deb.lab/debian
Suites: bookworm
Components: main
"""


def cleaned(path, text):
    """Return the file without NVIDIA, None where it goes, and the text itself where it stays."""
    found = without_nvidia(((path, text.encode()),), MIRROR, OWN)
    if not found:
        return text
    ((same, data),) = found
    assert same == path
    return None if data is None else data.decode()


def stanza(uris, more=""):
    return f"Types: deb\nURIs: {uris}\nSuites: /\n{more}"


PARTS = "/etc/apt/sources.list.d/x.sources"


@pytest.mark.parametrize("uri", [NVIDIA, f"{NVIDIA}/", MIRROR, f"{MIRROR}/"])
def test_a_deb822_file_of_nvidias_alone_goes_as_a_whole(uri):
    assert cleaned(PARTS, stanza(uri)) is None
    assert cleaned(PARTS, f"# NVIDIA's own\n\n{stanza(uri)}\n# the end\n") is None


def test_a_deb822_file_of_others_stays_untouched():
    for text in (DEBIAN, stanza("http://mirror.lab/nvidia/debian12/x86_64-else"), "", "# x\n"):
        assert cleaned(PARTS, text) == text


@pytest.mark.parametrize(
    "text",
    [
        f"{DEBIAN}\n{stanza(NVIDIA)}",
        f"{stanza(NVIDIA)}\n{DEBIAN}",
        f"{stanza(NVIDIA)}\n{DEBIAN}\n{stanza(MIRROR)}",
    ],
)
def test_of_a_deb822_file_with_others_only_nvidias_stanza_goes(text):
    assert cleaned(PARTS, text).strip() == DEBIAN.strip()


def test_a_disabled_stanza_of_nvidias_goes_too_for_it_still_conflicts_when_enabled():
    assert cleaned(PARTS, stanza(NVIDIA, "Enabled: no\n")) is None


def test_of_several_uris_in_one_stanza_only_nvidias_goes():
    left = cleaned(PARTS, stanza(f"http://a.lab/x {NVIDIA} http://b.lab/y", "Trusted: yes\n"))
    assert left == stanza("http://a.lab/x http://b.lab/y", "Trusted: yes\n")


def test_uris_on_continuation_lines_are_read_whatever_their_case():
    text = f"types: deb\nuris: http://a.lab/x\n {NVIDIA}\nsuites: /\n"
    assert cleaned(PARTS, text) == "types: deb\nURIs: http://a.lab/x\nsuites: /\n"
    assert cleaned(PARTS, f"types: deb\nuris:\n {NVIDIA}\nsuites: /\n") is None


def test_a_comment_between_continuation_lines_does_not_hide_a_uri():
    # deb822(5): lines that begin with "#" are ignored wherever they are.
    text = f"Types: deb\nURIs: http://a.lab/x\n# NVIDIA:\n {NVIDIA}\nSuites: /\n"
    assert NVIDIA not in cleaned(PARTS, text)


@pytest.mark.parametrize(
    "line",
    [
        f"deb {NVIDIA} /",
        f"deb [signed-by=/usr/share/keyrings/a.gpg] {NVIDIA}/ /",
        f"deb [ arch=amd64 trusted=yes ] {MIRROR} /",
        f"  deb-src {NVIDIA} /",
        "deb http://x.test/compute/machine-learning/repos/ubuntu1804/x86_64 /",
    ],
)
def test_lines_of_nvidias_go_from_a_list(line):
    path = "/etc/apt/sources.list.d/cuda.list"
    assert cleaned(path, f"{line}\n") is None
    other = "deb http://deb.lab/debian bookworm main\n"
    assert cleaned(path, f"# mine\n{other}{line}\n") == f"# mine\n{other}"


def test_commented_lines_and_other_hosts_of_nvidia_stay():
    text = (
        f"# deb {NVIDIA} /\ndeb https://nvidia.github.io/libnvidia-container/stable/deb/amd64 /\n"
    )
    assert cleaned("/etc/apt/sources.list.d/x.list", text) == text


def test_the_main_list_is_emptied_and_never_removed():
    assert cleaned("/etc/apt/sources.list", f"deb {NVIDIA} /\n") == ""


def test_our_own_file_and_bytes_that_are_no_text_stay():
    assert without_nvidia(((OWN, stanza(MIRROR).encode()),), MIRROR, OWN) == ()
    data = b"# caf\xe9\ndeb " + NVIDIA.encode() + b" /\ndeb http://a.lab x main\n"
    ((_, left),) = without_nvidia((("/etc/apt/sources.list.d/x.list", data),), MIRROR, OWN)
    assert left == b"# caf\xe9\ndeb http://a.lab x main\n"


# Keys that are trusted for every source.


@pytest.fixture
def old_keys(keys, monkeypatch):
    """Have the key that gpg made be one of NVIDIA's old ones: theirs cannot be made here."""
    monkeypatch.setattr(nvidia_sources, "OLD_KEYS", frozenset({keys.old}))
    return keys


def test_a_keyring_of_an_old_key_alone_goes(old_keys):
    for armoured in (False, True):
        data = old_keys.gpg.export(old_keys.old, armoured=armoured)
        found = without_old_keys((("/etc/apt/trusted.gpg.d/cuda.gpg", data),))
        assert found == ((("/etc/apt/trusted.gpg.d/cuda.gpg", None),), ())


def test_from_a_keyring_with_others_only_the_old_key_goes(old_keys):
    data = old_keys.gpg.export(old_keys.old, old_keys.other)
    (((path, left),), unread) = without_old_keys((("/etc/apt/trusted.gpg", data),))
    assert (path, unread) == ("/etc/apt/trusted.gpg", ())
    assert left == old_keys.gpg.export(old_keys.other)


def test_an_armoured_keyring_stays_armoured_as_its_name_says(old_keys):
    data = old_keys.gpg.export(old_keys.old, old_keys.other, armoured=True)
    (((_, left),), _) = without_old_keys((("/etc/apt/trusted.gpg.d/all.asc", data),))
    assert left.startswith(b"-----BEGIN PGP PUBLIC KEY BLOCK-----")
    shown = old_keys.gpg.run("--with-colons", "--show-keys", data=left).decode()
    assert old_keys.other in shown
    assert old_keys.old not in shown


def test_keyrings_without_an_old_key_stay(old_keys):
    data = old_keys.gpg.export(old_keys.new, old_keys.other)
    assert without_old_keys((("/etc/apt/trusted.gpg.d/debian.gpg", data),)) == ((), ())


def test_a_keyring_that_cannot_be_read_is_told_and_hides_no_other(old_keys):
    good = ("/etc/apt/trusted.gpg.d/b.gpg", old_keys.gpg.export(old_keys.old))
    found, unread = without_old_keys((("/etc/apt/trusted.gpg", b"\0\0\0\x20KBXf"), good))
    assert [path for path, _ in found] == ["/etc/apt/trusted.gpg.d/b.gpg"]
    assert len(unread) == 1
    assert unread[0].startswith("/etc/apt/trusted.gpg: ")


def test_nvidias_revoked_and_present_keys_are_the_old_ones():
    assert {key[-8:] for key in nvidia_sources.OLD_KEYS} == {"7FA2AF80", "3BF863CC", "8793F200"}
