"""Lines of a program that ends before what it has started."""

import subprocess

from deeprig_host.backup.piped import lines_of


def lines(script):
    with subprocess.Popen(["sh", "-c", script], stdout=subprocess.PIPE) as process:
        return list(lines_of(process.stdout, lambda: process.poll() is not None))


def test_every_line_is_given_also_a_last_one_without_an_end():
    found = lines(r"printf 'a\n\nb c\377\nlast'")
    assert found == ["a", "", "b c\N{REPLACEMENT CHARACTER}", "last"]
    assert lines("seq 100000")[-1] == "100000"
    assert lines("true") == []
    assert list(lines_of(None, lambda: True)) == []


def test_what_still_holds_the_pipe_is_not_waited_for():
    script = "sleep 60 & child=$!; echo $child; exit 0"
    (child,) = lines(script)
    subprocess.run(["kill", child], check=True)  # it still ran
