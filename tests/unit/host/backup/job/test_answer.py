"""What restic's ends mean; the texts were recorded with restic 0.14.0."""

import pytest
from deeprig_host.backup.answer import Answer, meaning_of
from deeprig_host.backup.declared import Repository
from deeprig_host.backup.outcome import failure, verdict

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
    assert verdict(Answer("good", 0), DISK, "").reasons != ()
    summary = '{"message_type":"summary","snapshot_id":"85af55df"}'
    assert verdict(Answer("good", 0, (summary,)), DISK, "").reasons == ()


def test_files_that_could_not_be_read_are_named_but_not_all_of_them():
    errors = tuple(UNREADABLE % number for number in range(7))
    (reason,) = verdict(Answer("partial", 3, errors=errors), DISK, "").reasons
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


GONE_014 = (
    '{{"message_type":"error","error":{{"Op":"lstat","Path":"a","Err":2}},'
    '"during":"archival","item":"{0}"}}'
)
GONE_018 = (
    '{{"message_type":"error","error":{{"message":"{0}: lstat {0}: no such file or directory"}},'
    '"during":"archival","item":"{0}"}}'
)
MADE = ('{"message_type":"summary","snapshot_id":"85af55df"}',)
WARNING = "Warning: at least one source file could not be read"
EXIT = '{"message_type":"exit_error","code":3,"message":"Warning: at least one source file"}'


def gone(*errors, lines=MADE):
    return verdict(Answer("partial", 3, lines, errors), DISK, "")


@pytest.mark.parametrize(("error", "last"), [(GONE_014, WARNING), (GONE_018, EXIT)])
def test_files_that_went_while_the_backup_ran_are_no_fault(error, last, tmp_path):
    found = gone(error.format(tmp_path / "a"), error.format(tmp_path / "b"), last)
    assert found.reasons == ()
    assert found.remarks == (
        f"removed by somebody while the backup ran: {tmp_path / 'a'}, {tmp_path / 'b'}",
    )


def test_what_is_there_or_has_another_fault_or_is_not_understood_is_one(tmp_path):
    (tmp_path / "there").touch()
    line = GONE_014.format(tmp_path / "a")
    assert gone(GONE_014.format(tmp_path / "there"), WARNING).reasons
    assert gone(line, line.replace('"Err":2', '"Err":5'), WARNING).reasons
    assert gone('ry while the output was cut"}', line, WARNING).reasons
    assert gone(line, WARNING, lines=()).reasons, "there is no snapshot"
    assert gone(WARNING).reasons


def test_a_source_that_restic_skips_in_silence_is_a_fault():
    errors = ("/home/ada does not exist, skipping",)
    assert verdict(Answer("good", 0, MADE, errors), DISK, "").reasons == errors


def test_errors_that_are_json_are_told_in_words():
    said = r'{"message_type":"exit_error","code":1,"message":"Fatal: it is\nbroken"}'
    assert Answer("failed", 1, errors=(said,)).reason() == "Fatal: it is; broken"


@pytest.mark.parametrize("why", ["no space left on device", "disk quota exceeded"])
def test_a_full_disk_has_a_remedy_of_its_own(why):
    assert meaning_of(1, f"Fatal: write /srv/x: {why}") == "full"
    assert "make room" in failure("x", Answer("full", 1))


TRACED = """Save(<lock/4ab59da86f>) returned error, retrying after 720ms: read-only file system
open /srv/disk/locks/4ab5: read-only file system
github.com/restic/restic/internal/backend/local.(*Local).Save
\tgithub.com/restic/restic/internal/backend/local/local.go:133
runtime.main
\truntime/proc.go:250
main.main
\tgithub.com/restic/restic/cmd/restic/main.go:98
runtime.goexit
\truntime/asm_amd64.s:1594
unable to create lock in backend"""


def test_a_stack_trace_does_not_hide_the_reason():
    told = Answer("failed", 1, errors=tuple(TRACED.splitlines())).reason()
    assert told.endswith("/locks/4ab5: read-only file system; unable to create lock in backend")
    assert ".go:" not in told
