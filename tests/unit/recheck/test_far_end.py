"""The host's part, run by a real interpreter: what counts as the same answer."""

import json

from tests.unit.recheck.conftest import answered


def test_equal_answers_are_the_same(ask, tmp_path):
    (tmp_path / "a").write_text("1")
    told = ask(f"cat {tmp_path}/a", "echo out; echo err >&2; exit 3")
    assert told.is_same
    assert told.reason == ""


def test_another_output_differs(ask, tmp_path):
    (tmp_path / "a").write_text("1")
    before = answered(f"cat {tmp_path}/a")
    (tmp_path / "a").write_text("2")
    told = ask("true", f"cat {tmp_path}/a", expected=[answered("true"), before])
    assert not told.is_same
    assert told.differs == (2,)


def test_an_exit_code_and_errors_count(ask):
    told = ask("exit 1", "echo other >&2", expected=[answered("exit 2"), answered("echo one >&2")])
    assert told.differs == (1, 2)


def test_when_a_file_was_read_last_does_not_count(ask):
    words = "user=root group=root mode=-rw-r--r-- atime=%s mtime=5 ctime=6 size=7 '/etc/a'"
    assert ask(f'echo "{words % 2}"', expected=[answered(f'echo "{words % 1}"')]).is_same
    other = words.replace("mtime=5", "mtime=4")
    assert not ask(f'echo "{other % 1}"', expected=[answered(f'echo "{words % 1}"')]).is_same


def test_a_host_that_a_run_changes_is_not_the_same_and_gets_no_status(ask, tmp_path):
    status = tmp_path / "status" / "apply.json"
    told = ask("true", file=status, text="{}", lock="echo token 1")
    assert told.differs == (0,)
    assert not status.exists()


def test_a_run_that_begins_meanwhile_is_seen(ask, tmp_path):
    lock = f"test ! -e {tmp_path}/held || echo token 1"
    told = ask(f"touch {tmp_path}/held", lock=lock)
    assert told.differs == (0,)


def test_the_status_is_left_whole_where_all_is_the_same(ask, tmp_path):
    status = tmp_path / "status" / "apply.json"
    told = ask("true", file=status, text=json.dumps({"ok": True}))
    assert told.is_same
    assert json.loads(status.read_text()) == {"ok": True}
    assert status.stat().st_mode & 0o777 == 0o644
    assert [one.name for one in status.parent.iterdir()] == ["apply.json"]


def test_a_status_that_cannot_be_left_is_no_sameness(ask, tmp_path):
    (tmp_path / "status").write_text("a file")
    told = ask("true", file=tmp_path / "status" / "apply.json", text="{}")
    assert not told.is_same
    assert told.reason.startswith("no answer")


def test_what_a_login_shell_prints_first_does_not_disturb(ask):
    assert ask("true", ssh=("sh", "-c", 'echo welcome; eval "$0"')).is_same


def test_no_connection_and_no_openssh_are_no_sameness(ask):
    assert ask("true", ssh=("false",)).reason == "no answer (ssh: 1)"
    assert "no-such-ssh" in ask("true", ssh=("no-such-ssh",)).reason


def test_an_answer_that_is_none_of_ours_is_no_sameness(ask):
    assert not ask("true", ssh=("sh", "-c", "echo same")).is_same
    assert not ask("true", ssh=("sh", "-c", "head -c 100000 /dev/zero")).is_same


def test_a_timer_that_just_starts_something_is_up_like_one_that_waits(ask):
    def state(word):
        return f"printf 'Id=a.timer\\nSubState={word}\\n\\nId=b.service\\nSubState=exited\\n'"

    assert ask(state("running"), expected=[answered(state("waiting"))]).is_same
    assert not ask(state("dead"), expected=[answered(state("waiting"))]).is_same


def test_a_directory_is_not_another_because_something_in_it_changed(ask):
    words = "user=root group=root mode=drwxr-xr-x atime=1 mtime=%s ctime=%s size=9 '/var/lib/a'"
    before, after = (f'echo "{words % times}"' for times in ((1, 1), (2, 2)))
    assert ask(after, expected=[answered(before)]).is_same
    owned = after.replace("user=root", "user=ada")
    assert not ask(owned, expected=[answered(before)]).is_same
