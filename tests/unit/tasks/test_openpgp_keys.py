"""Keyrings that gpg wrote are read as gpg reads them; what is none is refused with its reason."""

import pytest

from deeprig.tasks.openpgp_keys import binary, fingerprints, public_keys, without_keys

BEGIN, END = "-----BEGIN PGP PUBLIC KEY BLOCK-----", "-----END PGP PUBLIC KEY BLOCK-----"


@pytest.mark.parametrize("armoured", [False, True])
@pytest.mark.parametrize("which", ["old", "new", "other"])
def test_a_key_has_the_fingerprint_that_gpg_gives_it(keys, which, armoured):
    wanted = getattr(keys, which)
    assert fingerprints(keys.gpg.export(wanted, armoured=armoured)) == {wanted}


def test_a_keyring_has_its_primary_keys_and_no_subkey(keys):
    found = public_keys(keys.gpg.export(keys.old, keys.new, keys.other))
    assert {key.fingerprint for key in found} == {keys.old, keys.new, keys.other}


def test_binary_is_what_gpg_exports_without_armour(keys):
    plain = keys.gpg.export(keys.old, keys.new)
    assert binary(keys.gpg.export(keys.old, keys.new, armoured=True)) == plain
    assert binary(plain) == plain


def test_armoured_keys_one_after_another_are_all_read(keys):
    joined = keys.gpg.export(keys.old, armoured=True) + keys.gpg.export(keys.new, armoured=True)
    assert fingerprints(b"\n" + joined) == {keys.old, keys.new}


def test_armour_with_headers_windows_line_ends_and_no_checksum_is_read(keys):
    text = keys.gpg.export(keys.new, armoured=True).decode()
    kept = [line for line in text.splitlines() if not (line.startswith("=") and len(line) == 5)]
    kept.insert(1, "Comment: from a page")
    assert fingerprints("\r\n".join(kept).encode()) == {keys.new}


def test_a_key_taken_out_leaves_the_others_whole_for_gpg(keys, tmp_path):
    left = without_keys(keys.gpg.export(keys.old, keys.new, keys.other), frozenset({keys.old}))
    ring = tmp_path / "left.gpg"
    ring.write_bytes(left)
    shown = keys.gpg.run("--with-colons", "--show-keys", str(ring)).decode().splitlines()
    kinds = [line.split(":")[0] for line in shown]
    assert (kinds.count("pub"), kinds.count("uid"), kinds.count("sub")) == (2, 2, 2)
    assert {line.split(":")[9] for line in shown if line.startswith("fpr:")} >= {
        keys.new,
        keys.other,
    }
    assert keys.old not in "\n".join(shown)


def test_an_empty_keyring_has_no_key():
    assert fingerprints(b"") == frozenset()


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: b"<html>404</html>", "no sequence of OpenPGP packets"),
        (lambda data: data[:-20], "cut off in the middle"),
        (lambda data: data[:1], "a length that no key has|cut off"),
        (lambda data: b"\xb4" + data[1:], "does not begin with a public key"),
        (lambda data: b"\x9b" + data[1:], "a length that no key has"),
        (lambda data: b"\xc6\xe0" + data[1:], "a length that no key has"),
        (lambda data: b"\x98\x01\x03", "version 3"),
        (lambda data: b"\x98\x00", "version 0"),
    ],
)
def test_what_is_no_keyring_is_refused_with_its_reason(keys, damage, reason):
    with pytest.raises(ValueError, match=reason):
        fingerprints(damage(keys.gpg.export(keys.old)))


def test_a_keybox_of_gpg_is_refused(keys):
    box = (keys.gpg.home / "pubring.kbx").read_bytes()
    with pytest.raises(ValueError, match="keybox"):
        fingerprints(box)


@pytest.mark.parametrize(
    ("text", "reason"),
    [(f"{BEGIN}\n\nmQENBF", "has no end"), (f"{BEGIN}\n\nmQ!!\n{END}", "armour is damaged")],
)
def test_damaged_armour_is_refused_with_its_reason(text, reason):
    with pytest.raises(ValueError, match=reason):
        fingerprints(text.encode())


def test_keys_of_version_6_have_a_fingerprint_of_32_bytes():
    # RFC 9580, A.3: the certificate of the sample v6 key, its primary key packet.
    packet = bytes.fromhex(
        "c62a0663877fe31b00000020f94da7bb48d60a61e567706a6587d0331999bb9d891a08242ead84543df895a3"
    )
    wanted = "CB186C4F0609A697E4D52DFA6C722B0C1F1E27C18A56708F6525EC27BAD9ACC9"
    assert fingerprints(packet) == {wanted}
