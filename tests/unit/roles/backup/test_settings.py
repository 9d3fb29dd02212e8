"""Settings of the role backup: what is refused, why, without telling a secret."""

import base64
import re

import pytest
from paramiko import ECDSAKey, RSAKey
from pydantic import ValidationError

from deeprig.masking import Masker
from roles.backup.keys import public_key_of
from roles.backup.settings import BackupSettings
from tests.unit.roles.backup.declared_backups import (
    PASSWORD,
    URL,
    backup,
    disk,
    host_key,
    over_ssh,
    over_tls,
    private_key,
)


def refused(data):
    with pytest.raises(ValidationError) as found:
        BackupSettings.model_validate(data)
    return found.value


def reasons(**repository):
    return " | ".join(e["msg"] for e in refused({"repositories": {"r": repository}}).errors())


def test_nothing_is_backed_up_unless_it_is_declared():
    assert BackupSettings().repositories == {}
    assert "/opt" not in BackupSettings().sources
    assert set(BackupSettings().sources) >= {"/home", "/etc", "/root"}


@pytest.mark.parametrize(
    ("url", "kind"),
    [
        ("/backup/restic", "local"),
        ("local:/backup/restic", "local"),
        ("sftp://rig1@nas:2222//srv/store", "sftp"),
        ("sftp://[fd00::1]:22//store", "sftp"),
        ("sftp:rig1@nas:/store", "sftp"),
        ("rclone+ssh://rig1@nas", "rclone+ssh"),
        ("rclone+ssh://nas:2222/", "rclone+ssh"),
        ("rest:https://nas:8000/rig1/", "rest"),
        ("s3:https://s3.example.org/bucket/rig1", "s3"),
        ("s3:s3.example.org/bucket", "s3"),
    ],
)
def test_a_repository_is_where_restic_has_them(url, kind):
    given = over_ssh if url.startswith(("sftp", "rclone")) else disk
    assert backup(r=given(url=url)).repositories["r"].destination.kind == kind


@pytest.mark.parametrize(
    "url",
    [
        "backup/restic",
        "",
        "ftp://nas/x",
        "sftp://-oProxyCommand=x@nas//store",
        "sftp://rig1@-oProxyCommand=x//store",
        "rclone+ssh://rig1@nas/some/path",
        "sftp://nas:70000//store",
        "/a b",
        "/a\n[backup]",
        "rest:nas:8000",
        "/$HOME",
    ],
)
def test_what_is_no_repository_is_refused(url):
    given = over_ssh if url.startswith(("sftp", "rclone")) else disk
    (told,) = refused({"repositories": {"r": given(url=url)}}).errors()
    assert told["loc"][-1] == "url"
    assert re.search("no repository; take|has no blanks|no such port", told["msg"])


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"password": PASSWORD}, "give one of url, server"),
        (disk(server="nas"), "give one of url, server"),
        (over_tls(url="/x"), "give one of url, server"),
        (disk(url="sftp://nas//store"), "sftp needs ssh_key"),
        (disk(url="sftp://nas//store", ssh_key="PLACEHOLDER"), "sftp needs host_key"),
        ({"server": "nas", "password": PASSWORD}, "server needs ssh_key"),
        (disk(host_key="PLACEHOLDER"), "host_key is of no use: local"),
        (over_ssh(url="rclone+ssh://nas", prune="here"), "nothing can be deleted"),
        (disk(maximum_age_hours=24), "must be above period_hours"),
        (disk(keep=dict.fromkeys(("daily", "weekly", "monthly"), 0)), "no snapshot would be kept"),
        (disk(environment={"RESTIC_PASSWORD": "other-hush"}), "is deeprig's own"),
        (disk(environment={"A-B": "other-hush"}), "no name of a variable"),
        (disk(check_subset="0%"), "no share of the data"),
        (disk(check_subset="3/2"), "no share of the data"),
        (disk(at="25:00"), "give HH:MM"),
        (disk(mounts=["/a", "/a/"]), "stands twice"),
        (disk(mounts=["a"]), "no absolute path"),
        (disk(mounts=["/a/../b"]), "over . or .."),
        (disk(ca_certificate="/no/such/file"), "cannot be read"),
        (disk(colour="red"), "Extra inputs"),
        (over_tls(environment={"RESTIC_REPOSITORY": "sftp://a@b//c"}), "is for rest: and s3:"),
        (
            over_tls(environment={"RESTIC_REPOSITORY": "rest:https://a:hush%x@nas:8000/"}),
            "write it as %25",
        ),
        (
            over_tls(environment={"RESTIC_REPOSITORY": "rest:http://a:hush-x@nas:8000/"}),
            "readable: use https",
        ),
        (disk(url=URL), "it holds a password"),
        (over_ssh(ssh_key="no key at all"), "no private key that ssh reads"),
        (over_ssh(host_key="ssh-ed25519 AAAA"), "cut off or mistyped"),
        (over_ssh(host_key="nas has none"), "this is no host key"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(given, reason):
    keys = {"ssh_key": private_key(), "host_key": host_key()}
    given = {k: keys[k] if v == "PLACEHOLDER" else v for k, v in given.items()}
    assert reason in reasons(**given)


def test_a_key_with_a_passphrase_is_refused_since_nobody_is_there_at_night(tmp_path):
    path = tmp_path / "key"
    RSAKey.generate(2048).write_private_key_file(str(path), password="hush-phrase")  # noqa: S106
    assert "asks for a passphrase" in reasons(**over_ssh(ssh_key={"file": str(path)}))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"sources": []}, "at least 1"),
        ({"sources": ["home"]}, "no absolute path"),
        ({"may_be_empty": ["/data"]}, "/data is no source"),
        ({"exclude": ["!keep"]}, "takes back others"),
        ({"exclude": ["*"]}, "leaves out a whole source"),
        ({"sources": ["/home"], "exclude": ["/home"]}, "/home leaves out a whole source"),
        ({"keep_checkpoints": 0}, "1 to 1000"),
        ({"schedule": "systemd"}, "'cron' or 'timer'"),
        ({"repositories": {"a": disk(), "b": disk()}}, "under two names: /backup/restic"),
        ({"repositories": {"Disk": disk()}}, "a repository's name"),
        ({"repositories": {"state": disk()}}, "a repository's name"),
        ({"repositories": {"../x": disk()}}, "a repository's name"),
    ],
)
def test_what_is_wrong_for_all_repositories_is_refused_too(data, reason):
    assert reason in str(refused(data))


def test_every_mistake_is_told_at_once():
    bad = {"a": disk(at="9"), "b": disk(check_subset="x"), "c": {"url": "/x"}}
    places = {error["loc"][:3] for error in refused({"repositories": bad, "nice": 40}).errors()}
    assert {("nice",), ("repositories", "a", "at"), ("repositories", "c", "password")} <= places


@pytest.mark.parametrize(
    "data",
    [
        {"repositories": {"r": disk(password=["hush-hush-0815"])}},
        {"repositories": {"r": disk(url=URL)}},
        {"repositories": {"r": disk(url=URL.replace("0816@", "08@16@"))}},
        {"repositories": {"r": over_tls(url="/x")}},
        {"repositories": {"r": over_tls(colour="red")}},
        {"repositories": {"r": over_tls(environment={"X-Y": "hush-url-0816"})}},
        {"repositories": {"R": over_tls()}},
        {"repositories": {"r": [over_tls()]}},
    ],
)
def test_no_mistake_tells_a_secret(data):
    told = refused(data)
    shown = str(told) + "".join(
        f"{error['msg']} {error['input']!r}" for error in told.errors(include_context=False)
    )
    assert "hush" not in shown


def test_a_private_key_in_the_wrong_place_is_not_told():
    told = refused({"repositories": {"r": over_ssh(host_key=private_key())}})
    inner = private_key().splitlines()[1]
    assert inner not in str(told)
    assert inner not in str(told.errors())


def test_every_secret_is_known_to_whatever_shows_text():
    masker = Masker.of(backup(a=over_ssh(), b=over_tls()))
    for secret in (PASSWORD, URL, 'odd "quoted" secret', private_key().splitlines()[1]):
        assert secret not in masker(f"shown: {secret}")


def test_who_may_only_append_does_not_prune():
    found = backup(
        disk=disk(),
        sftp=over_ssh(),
        rclone=over_ssh(url="rclone+ssh://rig1@nas"),
        elsewhere=disk(prune="elsewhere", url="/other"),
        server=over_ssh(url=None, server="nas"),
    ).repositories
    assert [name for name, one in found.items() if one.prunes_here] == ["disk", "sftp"]


def test_the_public_key_is_that_of_the_private_one():
    one = backup(r=over_ssh()).repositories["r"]
    assert one.public_key == public_key_of(private_key())
    assert one.public_key.startswith("ecdsa-sha2-nistp256 AAAA")


def test_a_host_key_is_taken_as_a_file_or_ssh_keyscan_has_it():
    for text in (host_key(), f"{host_key()} root@nas", f"nas.lab {host_key()}\n"):
        assert backup(r=over_ssh(host_key=text)).repositories["r"].host_key == host_key()


@pytest.mark.parametrize("make", [lambda: RSAKey.generate(2048), ECDSAKey.generate])
def test_a_host_key_that_is_cut_off_anywhere_is_refused(make):
    """Also between two of its parts, where what is left has parts of the right lengths."""
    key = make()
    kind, whole = key.get_name(), key.asbytes()
    for size in range(len(whole)):
        given = over_ssh(host_key=f"{kind} {base64.b64encode(whole[:size]).decode()}")
        with pytest.raises(ValidationError, match=r"cut off or mistyped|no host key"):
            BackupSettings.model_validate({"repositories": {"r": given}})
    more = base64.b64encode(whole + b"\0\0\0\1x").decode()
    assert "cut off or mistyped" in reasons(**over_ssh(host_key=f"{kind} {more}"))
