"""``backup.conf``: what it declares, and every problem with its line."""

import pytest
from deeprig_host.backup.config import parse_configuration, read_configuration
from deeprig_host.backup.declared import Backup, Repository, Retention
from deeprig_host.cooling.config import BadConfiguration

SMALL = """[backup]
sources = /home
[repository disk]
url = /backup
password_file = /p
keep_daily = 7
"""
FULL = """# all of it
[backup]
sources = /home "/srv/my data" /etc/
mounts = /srv
may_be_empty = /home
exclude = *.iso "old runs"
exclude_datasets = no
keep_checkpoints = all
conda = /opt/conda "/srv/my conda"
tag = ws1
nice = 5
io_class = best-effort
canary = /var/canary/c
[repository off-site]
url = rest:https://backup.example.org/ws1
password_file = /etc/deeprig/backup/off.password
environment_file = /etc/deeprig/backup/off.env
create = yes
mounts = /mnt
limit_upload_kib = 500
keep_last = 1
keep_daily = 2
keep_weekly = 3
keep_monthly = 4
prune = elsewhere
check_subset = 1/12
maximum_age_hours = 30
period_hours = 12
check_period_hours = 0
drill_period_hours = 1000.5
at = 23:30
jitter_minutes = 0
retry_minutes = 5
lock_wait_minutes = 0.5
longest_hours = 3
"""


def problems(text):
    with pytest.raises(BadConfiguration) as refused:
        parse_configuration(text, "backup.conf")
    return [(one.place, one.reason) for one in refused.value.problems]


def test_a_small_one_has_defaults():
    repository = Repository("disk", "/backup", "/p", retention=Retention(keep_daily=7))
    assert parse_configuration(SMALL, "f") == Backup(("/home",), (repository,))


def test_everything_can_be_declared():
    repository = Repository(
        name="off-site",
        url="rest:https://backup.example.org/ws1",
        password_file="/etc/deeprig/backup/off.password",  # noqa: S106 - a path
        environment_file="/etc/deeprig/backup/off.env",
        create=True,
        mounts=("/mnt",),
        limit_upload_kib=500,
        retention=Retention(1, 2, 3, 4),
        prune="elsewhere",
        check_subset="1/12",
        maximum_age_hours=30,
        period_hours=12,
        check_period_hours=0,
        drill_period_hours=1000.5,
        at_minutes=23 * 60 + 30,
        jitter_minutes=0,
        retry_minutes=5,
        lock_wait_minutes=0.5,
        longest_hours=3,
    )
    found = parse_configuration(FULL, "f")
    assert found == Backup(
        sources=("/home", "/srv/my data", "/etc"),
        repositories=(repository,),
        mounts=("/srv",),
        may_be_empty=("/home",),
        exclude=("*.iso", "old runs"),
        exclude_datasets=False,
        keep_checkpoints=None,
        conda=("/opt/conda", "/srv/my conda"),
        tag="ws1",
        nice=5,
        io_class="best-effort",
        canary="/var/canary/c",
    )
    assert found.repository("off-site") is found.repositories[0]
    assert found.repository("on-site") is None


@pytest.mark.parametrize(
    ("key", "value", "reason"),
    [
        ("url", "backup/here", "'backup/here' is no repository"),
        ("url", "rest:https://u:secret@host/", "the URL holds a password"),
        ("password_file", "p", "'p' is no absolute path"),
        ("create", "true", "'true' is not known"),
        ("limit_upload_kib", "fast", "'fast' is not a number"),
        ("keep_last", "-1", "'-1' is not a number"),
        ("prune", "never", "'never' is not known"),
        ("check_subset", "0%", "'0%' is no share of the data"),
        ("check_subset", "13/12", "'13/12' is no share of the data"),
        ("at", "24:00", "'24:00' is no time of day"),
        ("period_hours", "0", "0 is not within"),
        ("check_period_hours", "weekly", "'weekly' is not a number"),
        ("drill_period_hours", "-1", "'-1' is not a number"),
        ("mounts", '"/a', "No closing quotation"),
        ("mounts", "/a /a/", "/a stands twice"),
        ("keep_yearly", "1", "there is no setting keep_yearly"),
    ],
)
def test_a_bad_value_is_told_with_its_line(key, value, reason):
    lines = [line for line in SMALL.splitlines() if not line.startswith(f"{key} ")]
    found = problems("\n".join([*lines, f"{key} = {value}"]))
    places = [place for place, told in found if reason in told]
    assert places == [f"backup.conf:{len(lines) + 1}"], found


def test_a_password_in_a_url_is_not_repeated():
    with pytest.raises(BadConfiguration) as refused:
        parse_configuration(SMALL.replace("/backup", "rest:https://u:hush@host/"), "f")
    assert "hush" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", ("backup.conf:1", "nothing is to be backed up")),
        (SMALL.replace("/home", ""), ("backup.conf:1", "nothing is to be backed up")),
        ("[backup]\nsources = /home\n", ("backup.conf:1", "there is no repository")),
        (
            SMALL.replace("keep_daily = 7", "keep_daily = 0"),
            ("backup.conf:3", "[repository disk] says nothing of what is kept"),
        ),
        (
            SMALL.replace("url = /backup\n", ""),
            ("backup.conf:3", "[repository disk] has no url"),
        ),
        (
            SMALL.replace("/backup", "environment"),
            ("backup.conf:3", "url is environment, and there is no environment_file"),
        ),
        (
            SMALL + "maximum_age_hours = 24\n",
            ("backup.conf:3", "a backup may be 24 h old, and there is one every 24 h"),
        ),
        (
            SMALL.replace("disk]", "canary]"),
            ("backup.conf:3", "there can be no section [repository canary]"),
        ),
        (
            SMALL.replace("disk]", "../x]"),
            ("backup.conf:3", "there can be no section [repository ../x]"),
        ),
        (
            SMALL.replace("/home\n", "/home\nmay_be_empty = /hone\n"),
            ("backup.conf:3", "may_be_empty: /hone is no source"),
        ),
        (
            SMALL + "[backup]\nsources = /etc\n",
            ("backup.conf:7", "[backup] stands twice, first in line 1"),
        ),
    ],
)
def test_what_does_not_fit_together_is_told(text, problem):
    assert problem in problems(text)


def test_all_problems_are_told_at_once():
    text = "[backup]\nsources = home\nnice = 20\n[repositories]\n"
    places = [place for place, _ in problems(text)]
    assert places == [f"backup.conf:{line}" for line in (1, 2, 3, 4)]


def test_a_missing_file_names_who_places_it(machine):
    with pytest.raises(BadConfiguration, match="deeprig apply --role backup"):
        read_configuration(machine)
