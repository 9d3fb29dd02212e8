"""What lands on a server: sshd's and systemd's files say what they must, also where little is."""

from dataclasses import replace
from pathlib import Path

import pytest
from jinja2 import Environment, StrictUndefined

from deeprig.inventory.trial import TRIAL_FACTS
from roles.backup_server.places import (
    HTPASSWD,
    PRUNE_SERVICE,
    PRUNE_TIMER,
    REST_SERVICE,
    SSHD_CONFIGURATION,
    UNIT_DIRECTORY,
)
from roles.backup_server.secret_files import password_files, rest_files
from roles.backup_server.tasks import needed_packages
from tests.unit.roles.backup_server.declared_servers import (
    CLIENTS,
    FULL,
    HASH,
    KEY,
    OTHER_KEY,
    settings,
)

ROOT = Path(__file__).parents[4] / "templates" / "backup_server"
DEBIAN_13 = replace(TRIAL_FACTS, release="13")


def rendered(place, declared, facts=TRIAL_FACTS):
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    text = (ROOT / place.lstrip("/")).read_text(encoding="utf-8")
    return environment.from_string(text).render(settings=declared, facts=facts)


def blocks(text):
    """Return each user's lines of sshd's file."""
    parts = text.split("Match User ")[1:]
    return {part.split("\n")[0]: [line.strip() for line in part.split("\n")[1:]] for part in parts}


def test_sshd_gives_each_client_one_command():
    found = blocks(rendered(SSHD_CONFIGURATION, settings(**FULL)))
    assert list(found) == ["backup-rig1", "backup-rig2"]
    append, sftp = found.values()
    rclone = "/usr/bin/rclone --config '' serve restic --stdio --append-only"
    assert f"ForceCommand {rclone} /srv/backup/rig1/restic" in append
    assert not any(line.startswith("Chroot") for line in append)
    assert "ForceCommand internal-sftp -u 0077" in sftp
    assert "ChrootDirectory /srv/backup/rig2" in sftp
    for lines in (append, sftp):
        assert {"DisableForwarding yes", "PermitTTY no", "PasswordAuthentication no"} <= set(lines)
        assert "AuthorizedKeysCommand none" in lines


@pytest.mark.parametrize(
    ("facts", "program"),
    [
        (DEBIAN_13, "/usr/bin/restic-rest-server"),
        (TRIAL_FACTS, "/usr/bin/rclone"),
        (replace(TRIAL_FACTS, distribution="ubuntu", release="24.04"), "/usr/bin/rclone"),
    ],
)
def test_the_rest_server_is_append_only_whichever_it_is(facts, program):
    unit = rendered(f"{UNIT_DIRECTORY}/{REST_SERVICE}", settings(**FULL), facts)
    (start,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    assert start.startswith(f"ExecStart={program} ")
    assert {"--append-only", "--private-repos"} <= set(start.split())
    assert "/run/deeprig/backup_server/htpasswd" in start
    assert "127.0.0.1:8000" in start
    assert "tls" not in start
    assert "User=backup-rest" in unit


def test_pruning_writes_where_it_must_also_on_a_new_host():
    unit = rendered(f"{UNIT_DIRECTORY}/{PRUNE_SERVICE}", settings(**FULL)).splitlines()
    assert "StateDirectory=deeprig/backup_server deeprig/status" in unit
    assert "ReadWritePaths=/srv/backup" in unit
    timer = rendered(f"{UNIT_DIRECTORY}/{PRUNE_TIMER}", settings(**FULL, prune_at="03:30"))
    assert "OnCalendar=*-*-* 03:30\n" in timer


def test_packages_are_those_that_are_needed():
    rest = {"clients": {"rig3": CLIENTS["rig3"]}, "rest": {"listen": "127.0.0.1"}}
    sftp = {"clients": {"rig2": CLIENTS["rig2"]}}
    assert needed_packages(settings(**FULL), DEBIAN_13) == (
        *("openssh-server", "rclone", "restic-rest-server", "restic"),
    )
    assert needed_packages(settings(**rest), DEBIAN_13) == ("restic-rest-server",)
    assert needed_packages(settings(**rest), TRIAL_FACTS) == ("rclone",)
    assert needed_packages(settings(**sftp), TRIAL_FACTS) == ("openssh-server",)


def test_secrets_lie_in_files_that_others_cannot_read():
    declared = settings(**FULL)
    found = {f.path: f for f in (*password_files(declared), *rest_files(declared))}
    password = found.pop("/etc/deeprig/backup_server/rig1.password")
    assert (password.text.get_secret_value(), password.mode) == ("hush-of-a-repository\n", "600")
    (htpasswd,) = found.values()
    assert (htpasswd.path, htpasswd.mode) == (HTPASSWD, "600")
    assert htpasswd.text.get_secret_value() == f"rig3:{HASH}\n"
    assert "hush" not in repr(password)
    assert rest_files(settings()) == ()


def test_keys_are_those_of_their_clients():
    declared = settings(**FULL)
    keys = {name: client.public_key for name, client in declared.clients.items()}
    assert keys == {"rig1": KEY, "rig2": OTHER_KEY, "rig3": None}
