"""What restic's ends mean; the texts were recorded with restic 0.14.0."""

import pytest
from deeprig_host.backup.answer import Answer, meaning_of
from deeprig_host.backup.declared import Repository
from deeprig_host.backup.outcome import backup_reasons, failure

NO_REPOSITORY = """Fatal: unable to open config file: stat /srv/r/config: no such file or directory
Is there a repository at the following location?
/srv/r"""
NO_REPOSITORY_REST = """Fatal: unable to open config file: <config/> does not exist
Is there a repository at the following location?
rest:https://backup.example.org/"""
LOCKED = """unable to create lock in backend: repository is already locked by PID 29331 on vm
lock was created at 2026-11-21 18:06:39 (4.328014332s ago)
storage ID b40d285e
the `unlock` command can be used to remove stale locks"""
REFUSED = """Fatal: unable to open config file: Stat: Access Denied.
Is there a repository at the following location?
s3:https://s3.example.org/bucket"""
UNREADABLE = (
    '{"message_type":"error","error":{"Op":"open","Path":"a","Err":13},'
    '"during":"archival","item":"/home/%d"}'
)
DISK = Repository("disk", "/b", "/p")


@pytest.mark.parametrize(
    ("code", "said", "meaning"),
    [
        (0, LOCKED, "good"),
        (1, NO_REPOSITORY, "no repository"),
        (1, NO_REPOSITORY_REST, "no repository"),
        (1, LOCKED, "locked"),
        (1, "Fatal: wrong password or no key found", "wrong password"),
        (1, REFUSED, "failed"),
        (1, "Fatal: unable to open repository: dial tcp: connection refused", "failed"),
        (1, "", "failed"),
        (2, NO_REPOSITORY, "failed"),
        (3, "Warning: at least one source file could not be read", "partial"),
        (10, "", "no repository"),
        (11, "", "locked"),
        (12, "", "wrong password"),
        (124, "", "too long"),
        (127, "", "no restic"),
        (130, "", "failed"),
        (-9, "", "failed"),
        (77, "", "failed"),
    ],
)
def test_an_end_has_one_meaning_in_every_version(code, said, meaning):
    assert meaning_of(code, said) == meaning


def test_an_end_that_is_good_and_names_no_snapshot_is_a_failure():
    assert backup_reasons(Answer("good", 0), DISK, "") != ()
    summary = '{"message_type":"summary","snapshot_id":"85af55df"}'
    assert backup_reasons(Answer("good", 0, (summary,)), DISK, "") == ()


def test_files_that_could_not_be_read_are_named_but_not_all_of_them():
    errors = tuple(UNREADABLE % number for number in range(7))
    (reason,) = backup_reasons(Answer("partial", 3, errors=errors), DISK, "")
    assert "/home/0 (Permission denied), " in reason
    assert "/home/4 (Permission denied) and 2 more; have these files readable" in reason


def test_a_killed_restic_is_told_as_that():
    assert "out of memory" in failure("x", Answer("failed", 137))


def test_a_failure_says_what_restic_said():
    told = failure("backup to disk", Answer("failed", 1, errors=("a", "", "b")))
    assert told.startswith("backup to disk: failed: a; b; ")
    assert "code 7" in failure("x", Answer("failed", 7))


def test_output_that_is_no_json_is_text():
    answer = Answer("good", 0, ('{"a": 1}', "{broken", "[1]"), ("words", '{"b": 2}'))
    assert answer.messages == ({"a": 1}, {"b": 2})
    assert answer.text == "{broken\n[1]\nwords"
    assert Answer("good", 0, ("[1,", "2]")).document() == [1, 2]
    with pytest.raises(ValueError, match="Expecting"):
        Answer("good", 0).document()
