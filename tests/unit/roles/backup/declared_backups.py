"""Declarations for the tests of the role backup, with keys made for them."""

from functools import cache
from io import StringIO
from pathlib import Path

from jinja2 import Environment, StrictUndefined
from paramiko import ECDSAKey

from deeprig.content import Content
from deeprig.role import NetworkAccess
from roles.backup import places
from roles.backup.settings import BackupSettings

ROOT = Path(__file__).parents[4]
PASSWORD = "hush-hush-0815"  # noqa: S105 - it must not be seen anywhere
URL = "rest:https://rig1:hush-url-0816@nas.lab:8000/rig1/"


@cache
def private_key():
    """Return a key pair's private part, made once: only its form matters."""
    text = StringIO()
    ECDSAKey.generate().write_private_key(text)
    return text.getvalue()


@cache
def host_key():
    key = ECDSAKey.generate()
    return f"{key.get_name()} {key.get_base64()}"


def disk(**more):
    return {"url": "/backup/restic", "password": PASSWORD} | more


def over_ssh(**more):
    given = {"url": "sftp://rig1@nas.lab:2222//store", "password": PASSWORD}
    return given | {"ssh_key": private_key(), "host_key": host_key()} | more


def over_tls(**more):
    environment = {"RESTIC_REPOSITORY": URL, "AWS_SECRET_ACCESS_KEY": 'odd "quoted" secret'}
    return {"password": PASSWORD, "environment": environment} | more


def backup(**repositories):
    return BackupSettings(repositories=repositories)


def rendered(settings, path=places.CONFIGURATION, host="rig1"):
    """Return a template of the role as it lands on a host."""
    source = Content.of(ROOT).template("backup", path).read_text()
    template = Environment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(  # noqa: S701
        source
    )
    return template.render(settings=settings, host_name=host, facts=None, network=NetworkAccess())
