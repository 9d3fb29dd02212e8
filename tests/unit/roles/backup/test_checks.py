"""Each check of the role backup: good where it should be, and a case that makes it fail."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from deeprig.verify.checks import Checks
from roles.backup import places, verify
from roles.backup.checks import declaring, mounted, placed, proven, scheduled
from roles.backup.checks.scheduled import WORK
from roles.backup.settings import BackupSettings
from tests.unit.roles.backup.declared_backups import backup, disk, over_ssh, rendered

NOW = 1_800_000_000
HOUR, DAY = 3600, 86_400
SETTINGS = backup(disk=disk(), nas=over_ssh())
ENABLED = "active\nenabled\n"
WHOLE = json.dumps({"current": "abc", "python": "3.11.2"})
CLOSED = "700 root:root /etc/deeprig/backup\n" + "".join(
    f"600 root:root /etc/deeprig/backup/{name}\n"
    for name in (
        *("disk.password", "disk.environment", "nas.password", "nas.environment"),
        *("nas.ssh_key", "nas.known_hosts"),
    )
)


def snapshot(**changes):
    return {"time": NOW - HOUR, "id": "abcdef0123", "is_complete": True, "reason": ""} | changes


def job(outcome="good", at=NOW - DAY, **changes):
    return {"outcome": outcome, "success_time": at, "reasons": [], "last": None} | changes


def status(**jobs):
    return json.dumps({"jobs": {"check": job(), "drill": job()} | jobs})


class Host:
    """Answers as a host would: by the program that is run, and by the files that it has."""

    def __init__(self, user="root", mode=0o644, **changes):
        self.user, self.mode = user, mode
        self.answers = {
            "restic version": "restic 0.14.0 compiled with go1.19.8",
            "deeprig_host.environment": WHOLE,
            "check-config": "",
            "find": CLOSED,
            "systemctl": ENABLED,
            "date": str(NOW),
            "newest": self.newest(disk=snapshot(), nas=snapshot()),
        } | changes.pop("answers", {})
        self.files = {
            places.CONFIGURATION: rendered(SETTINGS),
            places.CRON_FILE: rendered(SETTINGS, places.CRON_FILE),
            "/etc/fstab": "UUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\n",
            "/var/lib/deeprig/backup/disk.json": status(),
            "/var/lib/deeprig/backup/nas.json": status(),
        } | changes.pop("files", {})

    @staticmethod
    def newest(**repositories):
        return json.dumps({"schema": "deeprig.backup-newest/1", "repositories": repositories})

    def run(self, command, *arguments):
        for part, answer in self.answers.items():
            if part in command:
                is_bad = answer is None or isinstance(answer, tuple)
                said = answer[0] if isinstance(answer, tuple) else answer or ""
                return SimpleNamespace(rc=int(is_bad), stdout="" if is_bad else said, stderr=said)
        raise AssertionError(command)

    def file(self, path):
        text = self.files.get(path)
        owned = {"user": self.user, "mode": self.mode}
        return SimpleNamespace(exists=text is not None, content_string=text, **owned)


@pytest.fixture(autouse=True)
def lab(monkeypatch):
    found = SimpleNamespace(hosts=(), directory=Path())
    for module in (declaring, placed):
        monkeypatch.setattr(module, "lab_of", lambda config: found)


REQUEST = SimpleNamespace(config=None)


def bad(test, host=None, settings=SETTINGS):
    """Return the checks that a test records and that are not good, with their evidence."""
    check = Checks()
    declared = SimpleNamespace(name="rig1", role_settings={"backup": settings})
    test(host=host or Host(), declared=declared, request=REQUEST, check=check)
    assert check.recorded
    return {
        one.name: (one.outcome, one.evidence) for one in check.recorded if one.outcome != "pass"
    }


OF_DECLARED = [
    test
    for name, test in vars(verify).items()
    if name.startswith("test_") and "no_backup_is_declared" not in name
]


@pytest.mark.parametrize("test", OF_DECLARED)
def test_a_machine_that_is_backed_up_passes(test):
    assert bad(test) == {}


@pytest.mark.parametrize("test", OF_DECLARED)
def test_where_nothing_is_declared_nothing_is_said_to_be_good(test):
    with pytest.raises(pytest.skip.Exception, match="nothing of this machine is backed up"):
        bad(test, settings=BackupSettings())


def test_restic_and_the_program_must_be_there():
    test = placed.test_the_programs_are_as_they_were_placed
    gone = ("sh: restic: not found",)
    assert bad(test, Host(answers={"restic version": gone}))["restic is installed"][0] == "fail"
    broken = json.dumps({"reason": "it is damaged", "evidence": []})
    host = Host(answers={"deeprig_host.environment": (broken,)})
    assert len(bad(test, host)) == 1


@pytest.mark.parametrize(
    ("text", "evidence"),
    [
        (rendered(SETTINGS).replace("/home ", ""), "[backup] sources: "),
        (rendered(SETTINGS).replace("prune = here", "prune = elsewhere"), "prune: elsewhere"),
        (rendered(SETTINGS, host="other"), "tag: other (declared: rig1)"),
        (rendered(backup(disk=disk())), "[repository nas] url: not there"),
        ("no sections", "it is not there, or broken"),
        (None, "it is not there, or broken"),
    ],
)
def test_a_configuration_that_is_another_is_found(text, evidence):
    host = Host(files={places.CONFIGURATION: text})
    found = bad(placed.test_the_configuration_is_as_declared, host)
    outcome, seen = found["the backup's configuration is as declared"]
    assert outcome == "fail"
    assert evidence in seen


def test_a_configuration_that_the_host_refuses_is_found():
    host = Host(answers={"check-config": ("backup.conf:3: there is no setting colour",)})
    found = bad(placed.test_the_configuration_is_as_declared, host)
    assert "colour" in found["the backup's configuration is good"][1]


@pytest.mark.parametrize(
    ("line", "other"),
    [
        ("600 root:root /etc/deeprig/backup/nas.ssh_key\n", ""),
        ("600 root:root /etc/deeprig/backup/nas.ssh_key", "644 root:root {}"),
        ("600 root:root /etc/deeprig/backup/disk.password", "600 ada:root {}"),
        ("700 root:root /etc/deeprig/backup\n", "755 root:root {}\n"),
        ("", "640 root:root /etc/deeprig/backup/left-over\n"),
    ],
)
def test_a_secret_that_others_can_read_is_found(line, other):
    path = line.split()[-1] if line else "left-over"
    shown = CLOSED.replace(line, other.format(path), 1) if line else CLOSED + other
    ((outcome, seen),) = bad(
        placed.test_nobody_else_reads_its_secrets, Host(answers={"find": shown})
    ).values()
    assert outcome == "fail"
    assert path in seen


@pytest.mark.parametrize(
    ("host", "wrong"),
    [
        (Host(answers={"systemctl": "inactive\nenabled\n"}), "cron.service is active and enabled"),
        (Host(answers={"systemctl": "active\nmasked\n"}), "cron.service is active and enabled"),
        (Host(files={places.CRON_FILE: None}), "it runs what is due"),
        (Host(files={places.CRON_FILE: f"#* * * * * root {WORK}\n"}), "it runs what is due"),
        (Host(files={places.CRON_FILE: "* * * * * root true\n"}), "it runs what is due"),
        (Host(user="ada"), "it runs what is due"),
        (Host(mode=0o664), "it runs what is due"),
        (Host(files={places.TIMER_FILE: "[Timer]"}), "nothing else does"),
    ],
)
def test_a_schedule_that_does_not_work_is_found(host, wrong):
    assert list(bad(scheduled.test_backups_are_made_by_themselves, host)) == [wrong]


def test_a_timer_does_it_where_it_was_declared():
    settings = SETTINGS.model_copy(update={"schedule": "timer"})
    unit = rendered(settings, places.SERVICE_FILE)
    files = {places.CRON_FILE: None, places.SERVICE_FILE: unit, places.TIMER_FILE: "[Timer]"}
    test = scheduled.test_backups_are_made_by_themselves
    assert bad(test, Host(files=files), settings) == {}
    both = files | {places.CRON_FILE: rendered(settings, places.CRON_FILE)}
    assert list(bad(test, Host(files=both), settings)) == ["nothing else does"]


@pytest.mark.parametrize(
    ("answer", "evidence"),
    [
        (snapshot(time=NOW - 49 * HOUR), "49.0 h old; declared: at most 48 h"),
        (snapshot(time=NOW + HOUR), "-1.0 h old"),
        ({"time": None, "reason": "wrong password"}, "wrong password"),
        ({"time": None}, "it was not asked"),
        ({"time": "today"}, "it was not asked"),
        (None, "it was not asked"),
    ],
)
def test_a_repository_without_a_young_snapshot_is_found(answer, evidence):
    host = Host(answers={"newest": Host.newest(disk=snapshot(), nas=answer)})
    found = bad(proven.test_each_repository_has_a_young_snapshot, host)
    ((name, (outcome, seen)),) = found.items()
    assert (name, outcome) == ("nas: the newest snapshot is young enough", "fail")
    assert evidence in seen


def test_a_snapshot_that_lacks_a_source_is_found():
    host = Host(answers={"newest": Host.newest(disk=snapshot(is_complete=False), nas=snapshot())})
    found = bad(proven.test_each_repository_has_a_young_snapshot, host)
    assert list(found) == ["disk: the newest snapshot is complete"]


@pytest.mark.parametrize("said", [("the program broke",), "no json", "[]", '{"repositories": 3}'])
def test_a_program_that_does_not_answer_passes_for_no_repository(said):
    found = bad(proven.test_each_repository_has_a_young_snapshot, Host(answers={"newest": said}))
    assert [outcome for outcome, _ in found.values()] == ["fail", "fail"]


@pytest.mark.parametrize(
    ("text", "outcome", "evidence"),
    [
        (None, "unknown", "none was done yet"),
        (json.dumps({"jobs": {}}), "unknown", "none was done yet"),
        ("no json", "unknown", "cannot be read"),
        (json.dumps({"jobs": []}), "unknown", "cannot be read"),
        (status(check=job(at=NOW - 15 * DAY)), "fail", "the last one: "),
        (status(check=job(at=NOW + HOUR)), "fail", "the last one: "),
        (status(check=job("failed", reasons=["pack is damaged"])), "fail", "pack is damaged"),
        (
            status(check=job("running", last=job("failed", reasons=["pack is damaged"]))),
            "fail",
            "pack is damaged",
        ),
        (status(check=job("running", at=None)), "unknown", "none was done yet"),
    ],
)
def test_what_was_not_proven_is_found(text, outcome, evidence):
    host = Host(files={"/var/lib/deeprig/backup/nas.json": text})
    found = bad(proven.test_backups_are_checked_and_tried, host)
    told, seen = found["nas: the last check is good"]
    assert told == outcome
    assert evidence in seen
    assert not [name for name in found if name.startswith("disk")]


def test_what_is_declared_to_be_never_is_not_asked_for():
    settings = backup(disk=disk(check_period_days=0, drill_period_days=1))
    host = Host(files={"/var/lib/deeprig/backup/disk.json": status(drill=job(at=NOW - 3 * DAY))})
    found = bad(proven.test_backups_are_checked_and_tried, host, settings)
    assert list(found) == ["disk: the last drill is good"]


def test_what_is_left_where_nothing_is_declared_is_found():
    test = scheduled.test_nothing_is_left_where_no_backup_is_declared
    check = Checks()
    test(host=Host(files={places.CRON_FILE: None}), settings=BackupSettings(), check=check)
    test(host=Host(), settings=BackupSettings(), check=check)
    assert [one.outcome for one in check.recorded] == ["pass", "fail"]
    assert check.recorded[1].evidence == places.CRON_FILE
    with pytest.raises(pytest.skip.Exception, match="repositories are declared"):
        test(host=Host(), settings=SETTINGS, check=check)


_NO_DISK = "a disk that is not mounted is noticed"


@pytest.mark.parametrize(
    ("line", "given", "seen"),
    [
        ("UUID=3 /home ext4 defaults 0 2", {}, "/home is read, and not in backup.mounts"),
        ("UUID=3 /srv/data xfs nofail 0 2", {}, "/srv/data is read"),
        ("nas:/x /srv/my\\040data nfs4 _netdev 0 0", {}, "/srv/my data is read"),
        ("UUID=3 /backup ext4", {}, "/backup is written to, and not in backup.repositories.disk"),
        ("UUID=3 /data ext4 defaults", {"sources": ["/data/runs"]}, "/data is read"),
    ],
)
def test_a_disk_that_nobody_would_miss_is_found(line, given, seen):
    settings = BackupSettings(repositories={"disk": disk(), "nas": over_ssh()}, **given)
    host = Host(files={"/etc/fstab": f"# a comment\n{line}\n"})
    test = mounted.test_a_disk_that_is_not_mounted_would_be_noticed
    outcome, evidence = bad(test, host, settings)[_NO_DISK]
    assert outcome == "fail"
    assert seen in evidence


@pytest.mark.parametrize(
    ("line", "given"),
    [
        ("UUID=3 /home ext4 defaults 0 2", {"mounts": ["/home"]}),
        ("UUID=3 /home ext4 noauto 0 2", {}),
        ("UUID=3 /home/scratch ext4 defaults 0 2", {"exclude": ["/home/scratch"]}),
        ("#UUID=3 /home ext4 defaults 0 2", {}),
        ("UUID=3 /homes ext4 defaults 0 2", {}),
        ("UUID=3 /usr ext4 defaults 0 2", {}),
        ("UUID=3 /opt ext4 defaults 0 2", {}),
        ("tmpfs /tmp tmpfs defaults", {}),
        ("UUID=3", {}),
        ("", {}),
    ],
)
def test_a_disk_that_is_declared_or_not_used_is_no_matter(line, given):
    settings = BackupSettings(repositories={"nas": over_ssh()}, **given)
    host = Host(files={"/etc/fstab": f"{line}\n"})
    assert bad(mounted.test_a_disk_that_is_not_mounted_would_be_noticed, host, settings) == {}


def test_a_disk_of_a_repository_may_be_declared_with_it():
    settings = backup(disk=disk(mounts=["/backup"]))
    host = Host(files={"/etc/fstab": "UUID=3 /backup ext4\n"})
    assert bad(mounted.test_a_disk_that_is_not_mounted_would_be_noticed, host, settings) == {}
