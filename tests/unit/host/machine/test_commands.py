"""Programs are run to their end whatever they do, and files are read below the root."""

import sys

from deeprig_host.machine.commands import Done, environment_of, run

PYTHON = (sys.executable, "-c")


def test_output_and_exit_code_are_told_and_input_is_given():
    done = run(
        *PYTHON, "import sys; print(input()); print('no', file=sys.stderr); exit(3)", stdin="x"
    )
    assert (done.code, done.out, done.err, done.is_good) == (3, "x\n", "no\n", False)
    assert done.tail() == ("x", "no")
    assert run(*PYTHON, "").is_good


def test_a_program_that_is_not_there_is_missing_and_raises_nothing():
    done = run("/nonexistent/program")
    assert (done.code, done.is_missing, done.is_good) == (127, True, False)
    assert "/nonexistent/program" in done.err


def test_a_program_past_its_limit_is_ended_and_told_so():
    done = run(*PYTHON, "import signal; signal.pause()", seconds=0.2)
    assert (done.code, done.is_good) == (124, False)
    assert done.err.endswith("did not end within 0.2 s")


def test_output_that_is_no_text_is_read_all_the_same():
    assert run(*PYTHON, r"import sys; sys.stdout.buffer.write(b'\xff')").out == "\ufffd"


def test_programs_speak_english_and_find_what_administrators_have(monkeypatch):
    monkeypatch.setenv("PATH", "/first")
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    found = environment_of({"MORE": "1"})
    assert (found["LC_ALL"], found["MORE"]) == ("C", "1")
    assert found["PATH"].startswith("/first:/usr/local/sbin:")
    monkeypatch.delenv("PATH")
    assert environment_of()["PATH"].startswith("/usr/local/sbin:")


def test_a_tail_has_no_empty_lines_and_errors_last():
    assert Done(("x",), 1, "a\n\nb\n", "c\n\n").tail(2) == ("b", "c")


def test_a_text_that_is_not_there_is_none_and_not_empty(machine):
    (machine.root / "etc").mkdir(parents=True)
    (machine.root / "etc/empty").write_text("\n")
    assert machine.text("/etc/empty") == ""
    assert machine.text("/etc/nothing") is None
    assert machine.text("/etc/empty/below") is None


def test_links_are_followed_below_the_root_not_out_of_it(machine):
    (machine.root / "etc").mkdir(parents=True)
    links = {"absolute": "/usr/lib/os-release", "relative": "../usr/lib/os-release"}
    for name, target in links.items():
        (machine.root / "etc" / name).symlink_to(target)
    assert machine.follow("/etc/absolute") == machine.root / "usr/lib/os-release"
    assert (
        machine.follow("/etc/relative").resolve() == (machine.root / "usr/lib/os-release").resolve()
    )
    assert machine.follow("/etc/plain") == machine.root / "etc/plain"
