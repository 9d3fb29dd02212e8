"""Each check of the role backup_server: good where it should be, and a case that makes it fail."""

import importlib
import json
import pkgutil
from types import SimpleNamespace

import pytest

from deeprig.verify.checks import Checks
from roles.backup_server import checks, verify
from roles.backup_server.checks import serving, ssh
from roles.backup_server.places import KEY_DIRECTORY
from tests.unit.roles.backup_server.declared_servers import FULL, KEY, OTHER_KEY, settings

SETTINGS = settings(**FULL)
KEYS = {place.key_file: place for place in SETTINGS.ssh_places}
RIG1, RIG2 = KEYS.values()
NOW = 1_800_000_000
ENABLED = "active\nenabled\n"
FINDING = {"what": "it deletes nothing", "is_good": True, "told": "delete: 403"}
PRUNED = {"client": "rig1", "outcome": "good", "reasons": [], "removed": 3, "snapshots": 9}
DECLARED = NOW - 10 * 86400


def sshd_says(place, **changes):
    """What ``sshd -T -C user=...`` prints for a client."""
    said = {
        "authorizedkeysfile": place.key_file,
        "authorizedkeyscommand": "none",
        "authenticationmethods": "publickey",
        "passwordauthentication": "no",
        "kbdinteractiveauthentication": "no",
        "chrootdirectory": place.home if place.access == "sftp" else "none",
        "forcecommand": place.command,
        "disableforwarding": "yes",
        "allowtcpforwarding": "no",
        "allowagentforwarding": "no",
        "x11forwarding": "no",
        "permittunnel": "no",
        "permittty": "no",
        "permituserrc": "no",
    }
    return "".join(f"{name} {value}\n" for name, value in (said | changes).items())


def file(text="", user="root", group="root", mode=0o644):
    return {"text": text, "user": user, "group": group, "mode": mode}


class Host:
    """Answers as a server would: by the program that is run, and by the files that it has."""

    def __init__(self, answers=None, files=None, codes=None):
        self.codes = codes or {}
        self.answers = {
            f"find {KEY_DIRECTORY}": "\n".join(KEYS),
            **{f"user={place.user}": sshd_says(place) for place in KEYS.values()},
            "systemctl is-active --quiet": "",
            "systemctl is-active": ENABLED,
            "systemctl show": "success\n",
            "deeprig_host.environment": json.dumps({"current": "abc", "python": "3.13"}),
            "backup_server ask": json.dumps({"outcome": "good", "findings": [FINDING]}),
            "date": str(NOW),
            "stat --format=%Y": str(DECLARED),
            "pcent": "Use%\n 40%\n",
            "ipcent": "IUse%\n 1%\n",
            "p=/srv/backup": "",
            "mountpoint": "",
        } | (answers or {})
        keys = {RIG1.key_file: (RIG1, KEY), RIG2.key_file: (RIG2, OTHER_KEY)}
        self.files = {
            **{path: file(place.key_line(key)) for path, (place, key) in keys.items()},
            **{p.repository: file("", p.user, p.user, 0o700) for p in KEYS.values()},
            **{p.home: file("", "root", p.user, 0o750) for p in KEYS.values()},
        } | (files or {})

    def run(self, command, *arguments):
        words = command % arguments if arguments else command
        found = [name for name in self.answers if name in words]
        assert found, words
        name = max(found, key=len)
        return SimpleNamespace(rc=self.codes.get(name, 0), stdout=self.answers[name], stderr="")

    def file(self, path):
        found = self.files.get(path)
        told = found or file()
        return SimpleNamespace(
            path=path,
            exists=found is not None,
            content_string=told["text"],
            user=told["user"],
            group=told["group"],
            mode=told["mode"],
        )


def bad(test, host, declared=SETTINGS):
    """Run a check; return the names and outcomes of what is not good."""
    recorder = Checks()
    test(host, declared, recorder)
    return {one.name: one.outcome for one in recorder.recorded if one.outcome != "pass"}


GOOD_ONES = (
    ssh.test_each_client_has_its_one_key,
    ssh.test_a_key_opens_one_command,
    ssh.test_each_client_has_its_own_repository,
    serving.test_the_rest_server_only_adds,
    serving.test_pruning_goes_well,
    serving.test_there_is_room,
)


@pytest.mark.parametrize("test", GOOD_ONES)
def test_a_server_as_declared_is_good(test):
    assert bad(test, Host()) == {}


@pytest.mark.parametrize(
    ("changed", "name"),
    [
        (file(RIG1.key_line(OTHER_KEY)), "rig1 has its key"),
        (file(RIG1.key_line(KEY).replace("restrict,", "")), "rig1 has its key"),
        (file(RIG1.key_line(KEY) + RIG1.key_line(OTHER_KEY)), "rig1 has its key"),
        (file(RIG1.key_line(KEY), user="backup-rig1"), "rig1's key is root's"),
        (file(RIG1.key_line(KEY), mode=0o666), "rig1's key is root's"),
        (None, "rig1 has its key"),
    ],
)
def test_a_changed_key_file_is_found(changed, name):
    found = bad(ssh.test_each_client_has_its_one_key, Host(files={RIG1.key_file: changed}))
    assert found[name] == "fail"


def test_a_key_too_many_is_found():
    host = Host(answers={f"find {KEY_DIRECTORY}": "\n".join([*KEYS, f"{KEY_DIRECTORY}/eve"])})
    found = bad(ssh.test_each_client_has_its_one_key, host)
    assert found == {"nobody else has a key": "fail"}


@pytest.mark.parametrize(
    "change",
    [
        {"forcecommand": "none"},
        {"forcecommand": RIG1.command.replace("--append-only ", "")},
        {"disableforwarding": "no"},
        {"permittty": "yes"},
        {"passwordauthentication": "yes"},
        {"authorizedkeysfile": ".ssh/authorized_keys"},
        {"chrootdirectory": "/elsewhere"},
        {"allowusers": "ada"},
        {"allowgroups": "sudo"},
        {"denyusers": "backup-*"},
    ],
)
def test_sshds_own_word_decides(change):
    host = Host(answers={f"user={RIG1.user}": sshd_says(RIG1, **change)})
    assert bad(ssh.test_a_key_opens_one_command, host) == {"rig1 can do one thing": "fail"}


def test_an_administrators_list_that_names_the_client_is_good():
    listed = sshd_says(RIG1) + "allowusers ada\nallowusers backup-*@192.0.2.0/24\ndenyusers eve\n"
    host = Host(answers={f"user={RIG1.user}": listed})
    assert bad(ssh.test_a_key_opens_one_command, host) == {}


def test_an_sshd_that_does_not_answer_is_unknown_and_one_that_is_down_fails():
    host = Host(codes={f"user={RIG2.user}": 255})
    assert bad(ssh.test_a_key_opens_one_command, host) == {"what rig2 can do": "unknown"}
    host = Host(answers={"systemctl is-active": "inactive\ninactive\n"})
    assert bad(ssh.test_a_key_opens_one_command, host) == {"sshd is at work": "fail"}


def test_an_open_repository_or_way_to_it_is_found():
    files = {
        RIG1.repository: file("", RIG1.user, RIG1.user, 0o755),
        RIG2.home: file("", RIG2.user, RIG2.user, 0o750),
    }
    host = Host(files=files, answers={"p=/srv/backup": "/srv\n"})
    assert bad(ssh.test_each_client_has_its_own_repository, host) == {
        "rig1's repository": "fail",
        "rig2's directory": "fail",
        "the way to the repositories is root's": "fail",
    }
    found = bad(ssh.test_each_client_has_its_own_repository, Host(files={RIG1.repository: None}))
    assert found == {"rig1's repository": "fail"}


def test_a_rest_server_that_deletes_or_does_not_answer_is_found():
    deletes = {"outcome": "failed", "findings": [FINDING | {"is_good": False}]}
    host = Host(answers={"backup_server ask": json.dumps(deletes)})
    found = bad(serving.test_the_rest_server_only_adds, host)
    assert found == {"REST server: it deletes nothing": "fail"}
    for said in (json.dumps({"outcome": "failed", "reason": "it does not answer"}), "", "[]"):
        found = bad(serving.test_the_rest_server_only_adds, Host({"backup_server ask": said}))
        assert found == {"the REST server deletes nothing": "unknown"}
    found = bad(serving.test_the_rest_server_only_adds, Host({"systemctl is-active": "failed\n"}))
    assert found == {"the REST server is at work": "fail"}


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"time": NOW - 60, "clients": [PRUNED]}, {}),
        (
            {"time": NOW - 60, "clients": [PRUNED | {"outcome": "refused", "reasons": ["2031"]}]},
            {"rig1 was pruned": "fail"},
        ),
        ({"time": NOW - 4 * 86400, "clients": [PRUNED]}, {"it was pruned lately": "fail"}),
        ({"time": NOW, "clients": [PRUNED, PRUNED | {"client": "gone", "outcome": "failed"}]}, {}),
        # Of what is said to be declared for long, something should have been told.
        ({"time": NOW, "clients": []}, {"rig1 was pruned": "unknown"}),
        ({"time": DECLARED - 1, "clients": []}, {"it was pruned lately": "fail"}),
    ],
)
def test_how_the_last_prune_went_decides(told, expected):
    host = Host(files={"/var/lib/deeprig/backup_server/prune.json": file(json.dumps(told))})
    assert bad(serving.test_pruning_goes_well, host) == expected


def test_a_client_that_was_declared_after_the_last_prune_waits_for_its_timer():
    path = "/var/lib/deeprig/backup_server/prune.json"
    files = {path: file(json.dumps({"time": NOW - 60, "clients": []}))}
    later = {"stat --format=%Y": str(NOW)}
    assert bad(serving.test_pruning_goes_well, Host(later, files)) == {}
    stopped = later | {"systemctl is-active": "inactive\n"}
    assert bad(serving.test_pruning_goes_well, Host(stopped, files)) == {
        "pruning waits for its hour": "fail",
        "rig1 was not pruned yet": "fail",
    }
    nobody_knows = {"stat --format=%Y": ""}
    found = bad(serving.test_pruning_goes_well, Host(nobody_knows, files))
    assert found == {"rig1 was pruned": "unknown"}


def test_a_client_without_a_repository_is_told_so():
    path = "/var/lib/deeprig/backup_server/prune.json"
    told = {"time": NOW, "clients": [PRUNED | {"snapshots": 0, "removed": 0}]}
    recorder = Checks()
    host = Host(files={path: file(json.dumps(told))})
    serving.test_pruning_goes_well(host, SETTINGS, recorder)
    assert recorder.recorded[-1].evidence == "it has made no repository yet"


def test_a_broken_word_of_the_last_prune_is_unknown_and_no_timer_fails():
    host = Host(files={"/var/lib/deeprig/backup_server/prune.json": file("{")})
    assert bad(serving.test_pruning_goes_well, host) == {"it was pruned lately": "unknown"}
    found = bad(serving.test_pruning_goes_well, Host({"systemctl is-active": "inactive\n"}))
    assert found == {"pruning waits for its hour": "fail", "nothing was pruned yet": "fail"}


def test_a_prune_that_ended_before_it_could_say_so_is_found():
    for said, outcome in (("exit-code\n", "fail"), ("", "unknown")):
        found = bad(serving.test_pruning_goes_well, Host({"systemctl show": said}))
        assert found == {"the last prune ended well": outcome}


def test_a_full_disk_or_one_that_is_not_mounted_is_found():
    host = Host(
        answers={"pcent": "Use%\n 95%\n", "ipcent": "IUse%\n 99%\n"}, codes={"mountpoint": 32}
    )
    declared = settings(**FULL, mount="/srv/backup")
    assert bad(serving.test_there_is_room, host, declared) == {
        "its disk is mounted": "fail",
        "there is room": "fail",
        "there are inodes": "fail",
    }
    assert bad(serving.test_there_is_room, Host(answers={"ipcent": "IUse%\n    -\n"})) == {}
    found = bad(serving.test_there_is_room, Host(codes={"pcent": 1}))
    assert found == {"there is room": "unknown"}


def test_what_is_left_of_a_server_that_is_none_is_found():
    test = serving.test_nothing_is_left_where_it_keeps_nothing
    none = settings()
    quiet = Host(codes={"systemctl is-active --quiet": 3})
    assert bad(test, quiet, none) == {}
    assert bad(test, Host(), none) == {"nobody is let in": "fail"}


def test_who_is_protected_is_in_the_report():
    recorder = Checks()
    serving.test_who_is_protected_is_told(SETTINGS, recorder)
    assert [one.name for one in recorder.recorded] == [
        "how rig1 is protected: append-only",
        "how rig2 is protected: it can delete its repository (sftp)",
        "how rig3 is protected: append-only",
    ]


def test_every_check_is_in_the_module_that_pytest_collects():
    modules = [
        importlib.import_module(f"{checks.__name__}.{module.name}")
        for module in pkgutil.iter_modules(checks.__path__)
    ]
    defined = {
        name: value
        for module in modules
        for name, value in vars(module).items()
        if name.startswith("test_")
    }
    collected = {name: value for name, value in vars(verify).items() if name.startswith("test_")}
    assert collected == defined
    assert len(collected) == 8
