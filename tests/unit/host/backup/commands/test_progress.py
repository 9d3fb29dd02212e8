"""How far a work is: what restic says, in its several ways; unknown is null and never 0."""

import json
import time

import pytest
from deeprig_host.backup import progress as module
from deeprig_host.backup.declared import Repository
from deeprig_host.backup.progress import Progress
from deeprig_host.backup.telling import replacing, while_heard
from deeprig_host.backup.written import Written, written_bytes

DISK = Repository("disk", "/srv", "/p")


@pytest.fixture
def told(monkeypatch):
    """What a work tells, each line of it: time passes between any two."""
    clock = iter(range(1000))
    monkeypatch.setattr(module.time, "monotonic", lambda: float(next(clock)))
    return []


def last(told):
    return json.loads(told[-1])


def test_a_backup_is_told_in_bytes(told):
    progress = Progress("backup", "json", told.append)
    progress.begin(("backup", "--json"), DISK)
    progress.line(
        '{"message_type":"status","percent_done":0.25,'
        '"total_files":4,"total_bytes":8,"bytes_done":2}'
    )
    progress.end()
    assert [json.loads(one)["share"] for one in told] == [None, 0.25]
    assert last(told) == {
        "what": "backup",
        "repository": "disk",
        "step": "backing up",
        "share": 0.25,
        "done_bytes": 2,
        "total_bytes": 8,
        "files": 4,
    }


def test_what_is_read_is_not_yet_sent(told):
    progress = Progress("backup", "json", told.append)
    progress.begin(("backup",), DISK)
    progress.line('{"message_type":"status","percent_done":1,"total_bytes":8,"bytes_done":8}')
    assert last(told)["step"] == "backing up: all is read, the rest is sent"
    progress.begin(("forget",), DISK)
    assert (last(told)["step"], last(told)["share"]) == ("forgetting old snapshots", None)
    assert last(told)["done_bytes"] is None


def test_a_check_is_told_by_restics_lines_for_people(told):
    progress = Progress("check", "json", told.append)
    progress.begin(("check", "--read-data-subset=1/20"), DISK)
    progress.line("load indexes")
    progress.line("[0:01] 50.00%  3 / 6 packs")
    progress.line("[1:02:03] 100.00%  6 / 6 packs")
    assert [json.loads(one)["share"] for one in told] == [None, 0.5, 1.0]


@pytest.mark.parametrize(
    "line",
    [
        '{"message_type":"status","percent_done":"much","bytes_done":true,"total_bytes":1.5}',
        '{"message_type":"status"',
    ],
)
def test_numbers_that_are_none_are_unknown(told, line):
    progress = Progress("backup", "json", told.append)
    progress.begin(("backup",), DISK)
    progress.line(line)
    assert all(last(told)[key] is None for key in ("share", "done_bytes", "total_bytes"))


def test_of_locks_nothing_is_told(told):
    progress = Progress("backup", "json", told.append)
    for command in ("list", "cat", "unlock"):
        progress.begin((command,), DISK)
        progress.end()
    assert told == []


def test_of_one_step_two_lines_a_second_are_told_and_a_new_one_at_once(monkeypatch):
    times = iter((0.0, 0.1, 0.49, 0.5, 0.6, 0.6))
    monkeypatch.setattr(module.time, "monotonic", lambda: next(times))
    told = []
    progress = Progress("backup", "json", told.append)
    progress.begin(("backup",), DISK)
    for share in (0.1, 0.2, 0.3, 0.4):
        progress.line(f"[0:00] {share * 100:.2f}%  x")
    progress.begin(("forget",), DISK)
    assert [json.loads(line)["share"] for line in told] == [None, 0.3, None]


def test_nothing_is_told_where_nobody_asks(told):
    progress = Progress("backup", "none", told.append)
    progress.begin(("restore", "--target", "x"), DISK)
    progress.line("[0:00] 50.00%  x")
    progress.end()
    progress.close()
    assert told == []


def test_a_terminal_has_one_line_that_is_written_over(told):
    progress = Progress("backup", "line", told.append)
    progress.begin(("backup",), DISK)
    progress.line('{"message_type":"status","percent_done":0.5,"total_bytes":4194304}')
    progress.close()
    assert told == ["\r     disk: backing up\x1b[K", "\r 50% disk: backing up\x1b[K", "\n"]


def test_a_restore_is_told_by_what_restic_writes_where_it_says_nothing(monkeypatch):
    """restic 0.14 says nothing: the kernel counts what it writes."""
    made = []

    class Counted:
        def __init__(self, tell):
            made.append(self)
            self.tell = tell
            self.is_stopped = False

        def start(self):
            self.tell(250)
            self.tell(9000)

        def stop(self):
            self.is_stopped = True

    monkeypatch.setattr(module, "Written", Counted)
    told = []
    progress = Progress("restore", "json", told.append, 0.0)
    progress.begin(("ls",), DISK)
    progress.end()
    progress.expect(1000, 7)
    progress.begin(("restore", "85af55df"), DISK)
    assert [json.loads(line)["share"] for line in told[1:]] == [None, 0.25, 1.0]
    assert last(told)["files"] == 7
    progress.line("verifying files in /scratch")
    assert made[0].is_stopped
    assert last(told)["step"] == "reading again what was restored"
    progress.end()


def test_without_a_total_the_share_of_a_restore_is_unknown(monkeypatch):
    monkeypatch.setattr(module, "Written", lambda tell: pytest.fail("not asked for"))
    told = []
    progress = Progress("drill", "json", told.append, 0.0)
    progress._restored(500)
    assert (last(told)["share"], last(told)["done_bytes"]) == (None, 500)


def a_process(proc, pid, children, wchar=None):
    task = proc / str(pid) / "task" / str(pid)
    task.mkdir(parents=True)
    (task / "children").write_text(" ".join(map(str, children)))
    if wchar is not None:
        (proc / str(pid) / "io").write_text(f"rchar: 7\nwchar: {wchar}\n")


def test_what_all_programs_below_have_written_is_counted(tmp_path):
    a_process(tmp_path, 1, (2,), 1_000_000)
    a_process(tmp_path, 2, (3, 4), 5)
    a_process(tmp_path, 3, (), 100)
    a_process(tmp_path, 4, ())
    assert written_bytes(tmp_path, 1) == 105


def test_a_kernel_that_does_not_count_tells_nothing(tmp_path):
    assert written_bytes(tmp_path, 1) is None


def test_the_count_is_told_while_it_grows_and_its_thread_ends(tmp_path, monkeypatch):
    monkeypatch.setattr("deeprig_host.backup.written._EVERY_SECONDS", 0.01)
    monkeypatch.setattr("deeprig_host.backup.written.written_bytes", lambda proc, pid: 7)
    told = []
    watching = Written(told.append, tmp_path)
    watching.start()
    end = time.monotonic() + 30
    while not told and time.monotonic() < end:
        time.sleep(0.01)
    watching.stop()
    assert told[0] == 7
    assert not watching.is_alive()


def test_a_work_goes_on_where_nobody_hears_of_it():
    told = []

    def write(text):
        told.append(text)
        raise BrokenPipeError

    tell = while_heard(write)
    tell("one")
    tell("two")
    assert told == ["one"]


def test_a_full_disk_is_said_once_and_stops_no_work(tmp_path, capsys):
    tell = while_heard(replacing(tmp_path / "none" / "far"))
    tell("one")
    tell("two")
    assert capsys.readouterr().err.count("how far it is cannot be told any more") == 1


def test_a_file_holds_the_newest_line_whole(tmp_path):
    tell = while_heard(replacing(tmp_path / "far"))
    tell("one\n")
    tell("2\n")
    assert (tmp_path / "far").read_text() == "2\n"
    assert [path.name for path in tmp_path.iterdir()] == ["far"]


def test_a_backup_whose_listener_is_gone_is_made(rig):
    rig.write("wait", "")
    restic = str(rig.place / "restic")
    process = rig.start("run", "--restic", restic, "--progress", "json")
    assert json.loads(process.stderr.readline())["step"] == "backing up"
    process.stderr.close()
    rig.write("go", "")
    assert process.wait(timeout=60) == 0
    process.stdout.close()
    assert rig.status()["repositories"]["disk"]["jobs"]["backup"]["outcome"] == "good"
