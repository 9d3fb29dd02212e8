"""``server.conf``: what it declares, every problem with its line, and what the role renders."""

from pathlib import Path

import pytest
from deeprig_host.backup_server.config import parse_server, read_server
from deeprig_host.backup_server.declared import Client, Keep, Server
from deeprig_host.cooling.config import BadConfiguration
from jinja2 import Environment, StrictUndefined

from deeprig.inventory.trial import TRIAL_FACTS
from tests.unit.roles.backup_server.declared_servers import FULL, settings

TEMPLATE = (
    Path(__file__).parents[4] / "templates/backup_server/etc/deeprig/backup_server/server.conf"
)
SMALL = """[server]
directory = /srv/backup
[client rig1]
user = backup-rig1
repository = /srv/backup/rig1/restic
"""


def problems(text):
    with pytest.raises(BadConfiguration) as refused:
        parse_server(text, "f")
    return [(one.place, one.reason) for one in refused.value.problems]


def test_what_the_role_renders_is_what_the_host_reads():
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701
    template = environment.from_string(TEMPLATE.read_text(encoding="utf-8"))
    text = template.render(settings=settings(**FULL), facts=TRIAL_FACTS)
    keep = Keep(30, 30, 12, 12, 48.0, 50)
    password = "/etc/deeprig/backup_server/rig1.password"  # noqa: S105 - a path
    assert parse_server(text, "f") == Server(
        (
            Client("rig1", "backup-rig1", "/srv/backup/rig1/restic", password, keep),
            Client("rig2", "backup-rig2", "/srv/backup/rig2/restic"),
            Client("rig3", "backup-rest", "/srv/backup/rest/rig3"),
        ),
        "http://127.0.0.1:8000",
    )
    assert [one.name for one in parse_server(text, "f").pruned] == ["rig1"]


def test_without_a_password_nothing_is_pruned():
    told = parse_server(SMALL, "f")
    assert told.pruned == ()
    assert told.rest_url == ""


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        (SMALL + "colour = red\n", "f:6", "there is no setting colour"),
        (SMALL + "within_days = 1\n", "f:6", "within_days: 1 is not within 7 to 3660 days"),
        (SMALL + "[client rig1]\n", "f:6", "there can be no section [client rig1]"),
        (SMALL + "[client ../rig2]\n", "f:6", "there can be no section [client ../rig2]"),
        ("[client rig1]\nuser = u\n", "f:1", "[client rig1] has no repository"),
    ],
)
def test_a_problem_is_told_with_its_line(text, place, reason):
    assert (place, reason) in problems(text)


def test_a_file_that_is_not_there_is_told(machine):
    with pytest.raises(BadConfiguration, match="apply --role backup_server"):
        read_server(machine)
