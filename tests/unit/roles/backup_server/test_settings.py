"""Settings of a backup server: what is refused, and that its secrets are kept."""

import base64
import datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from paramiko import ECDSAKey, RSAKey
from pydantic import ValidationError

from deeprig.masking import Masker
from roles.backup_server.keys import public_key
from tests.unit.roles.backup_server.declared_servers import (
    CLIENTS,
    FULL,
    HASH,
    KEY,
    OTHER_KEY,
    PRUNE,
    TLS_KEY,
    settings,
)


def refusal(**data):
    with pytest.raises(ValidationError) as refused:
        settings(**data)
    return str(refused.value)


def of_client(**client):
    return refusal(clients={"rig1": client})


def certificate():
    """A certificate that is one; nothing trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "nas")])
    at = datetime.datetime(2026, 1, 1, tzinfo=datetime.timezone.utc)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 1, at, at.replace(year=2036))
    made = builder.sign(key, hashes.SHA256())
    return made.public_bytes(serialization.Encoding.PEM)


def test_a_host_without_clients_keeps_nothing():
    told = settings()
    assert (told.clients, told.rest, told.places, told.pruned) == ({}, None, (), {})


def test_each_client_has_its_own_user_and_repository():
    told = settings(**FULL)
    found = {p.client: (p.user, p.repository, p.shell) for p in told.places}
    no_shell = "/usr/sbin/nologin"
    assert found == {
        "rig1": ("backup-rig1", "/srv/backup/rig1/restic", "/bin/sh"),
        "rig2": ("backup-rig2", "/srv/backup/rig2/restic", no_shell),
        "rig3": ("backup-rest", "/srv/backup/rest/rig3", no_shell),
    }
    assert [p.client for p in told.ssh_places] == ["rig1", "rig2"]
    assert [p.client for p in told.rest_places] == ["rig3"]
    assert list(told.pruned) == ["rig1"]
    protected = {name: client.is_protected for name, client in told.clients.items()}
    assert protected == {"rig1": True, "rig2": False, "rig3": True}


def test_a_key_has_one_command_and_nothing_else():
    append, sftp = settings(**FULL).ssh_places
    assert append.key_line(KEY) == (
        "restrict,command=\"/usr/bin/rclone --config '' serve restic --stdio --append-only "
        f'/srv/backup/rig1/restic" {KEY} rig1\n'
    )
    assert sftp.key_line(KEY) == f'restrict,command="internal-sftp -u 0077" {KEY} rig2\n'


def test_every_secret_is_known_to_what_masks(tmp_path):
    (tmp_path / "nas.crt").write_bytes(certificate())
    tls = {"certificate": "nas.crt", "key": TLS_KEY}
    masked = Masker.of(settings(tmp_path, clients=CLIENTS, rest={"tls": tls}))
    for word in ("hush-of-a-repository", "hush-of-tls", HASH):
        assert word not in masked(f"it is {word} here")


@pytest.mark.parametrize(
    "key",
    [
        "",
        "ssh-ed25519",
        "ssh-ed25519 not/base64!",
        f'command="/bin/sh" {KEY}',
        f"{KEY}\nssh-ed25519 AAAA",
        KEY[:-20],
        KEY.replace("ssh-ed25519", "ssh-rsa"),
        KEY.replace("ssh-ed25519", "ssh-dss"),
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5",
    ],
)
def test_what_is_no_public_key_is_refused(key):
    said = of_client(public_key=key)
    assert "public key" in said


@pytest.mark.parametrize("make", [lambda: RSAKey.generate(2048), ECDSAKey.generate])
def test_a_public_key_that_is_cut_off_anywhere_is_refused(make):
    """Also between two of its parts, where what is left has parts of the right lengths."""
    key = make()
    kind, whole = key.get_name(), key.asbytes()
    for size in range(len(whole)):
        cut = f"{kind} {base64.b64encode(whole[:size]).decode()}"
        with pytest.raises(ValueError, match=r"cut off or mistyped|no public key"):
            public_key(cut)
    assert public_key(f"{kind} {key.get_base64()} ada@rig1") == f"{kind} {key.get_base64()}"


def test_access_and_what_opens_it_belong_together():
    assert "needs public_key" in of_client()
    assert "needs password_hash" in of_client(access="rest")
    assert "of no use" in of_client(public_key=KEY, password_hash=HASH)
    assert "of no use" in of_client(access="rest", password_hash=HASH, public_key=KEY)
    assert "declare rest" in of_client(access="rest", password_hash=HASH)
    assert "prunes itself" in of_client(access="sftp", public_key=KEY, prune=PRUNE)
    twice = {"rig1": {"public_key": KEY}, "rig2": {"public_key": f"{KEY} again"}}
    assert "two clients have one public_key" in refusal(clients=twice)
    assert settings(clients={**twice, "rig2": {"public_key": OTHER_KEY}})


@pytest.mark.parametrize(
    "password_hash",
    ["a-password", HASH[:-1], HASH.replace("$05", "$03"), "{SHA}wAQVTVVd8W7sgXDR0g8KdNQ7Fw8=", ""],
)
def test_a_password_is_given_as_a_bcrypt_hash_and_is_not_repeated(password_hash):
    said = of_client(access="rest", password_hash=password_hash)
    assert "bcrypt" in said or "secret" in said
    assert not password_hash or password_hash not in said


@pytest.mark.parametrize("name", ["Rig1", "rest", "-rig", "rig_1", "a" * 24, "rig1-", "../rig1"])
def test_a_name_that_makes_no_user_is_refused(name):
    assert refusal(clients={name: {"public_key": KEY}})


@pytest.mark.parametrize("directory", ["srv", "/srv/../etc", "/srv/a b", "/srv/%h", "/", "/srv/"])
def test_a_directory_that_sshd_would_read_otherwise_is_refused(directory):
    assert "directory" in refusal(directory=directory)


def test_passwords_do_not_go_over_the_network_readable(tmp_path):
    assert "readable" in refusal(rest={})
    assert settings(rest={"listen": "::1"}).rest.asked_at == "[::1]:8000"
    assert "there is no" not in refusal(rest={"tls": {"certificate": "no.crt", "key": TLS_KEY}})
    (tmp_path / "nas.crt").write_text("no certificate")
    tls = {"certificate": str(tmp_path / "nas.crt"), "key": TLS_KEY}
    assert "is no certificate" in refusal(rest={"tls": tls})
    (tmp_path / "nas.crt").write_bytes(certificate())
    told = settings(rest={"tls": tls}).rest
    assert (told.listens, told.asked_at) == (":8000", "127.0.0.1:8000")
    assert "no private key" in refusal(rest={"tls": tls | {"key": "hush-of-tls"}})


def test_pruning_leaves_time_to_notice_an_attack():
    assert "within_days" in of_client(public_key=KEY, prune=PRUNE | {"within_days": 1})
