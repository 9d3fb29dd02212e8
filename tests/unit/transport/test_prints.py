"""A print is another one as soon as what an answer depends on has changed, and settled before."""

import os
import time

import pytest
from pyinfra.api.command import StringCommand
from pyinfra.facts.server import Users

from deeprig.transport import far_side
from deeprig.transport.prints import depends_on, is_settled, places_of


def made(*places):
    words = far_side.fingerprint("\n".join(places).encode()).split()
    return words[0] if words else b""


@pytest.mark.parametrize(
    "change",
    [
        lambda path: path.write_text("2"),
        lambda path: path.chmod(0o600),
        lambda path: path.unlink(),
        lambda path: (path.unlink(), path.mkdir()),
        lambda path: (path.write_text("2"), os.utime(path, (1, 1))),
    ],
    ids=["content", "mode", "gone", "another kind", "a time that is set back"],
)
def test_a_change_makes_another_print(tmp_path, change):
    path = tmp_path / "a"
    path.write_text("1")
    path.chmod(0o644)
    os.utime(path, (1, 1))
    before = made(f"stat {path}")
    assert before == made(f"stat {path}")
    time.sleep(0.02)  # beyond the tick in which a file system tells one time from another
    change(path)
    assert made(f"stat {path}") != before


def test_a_tree_is_all_that_is_in_it(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    deep = tmp_path / "a" / "b" / "c"
    deep.write_text("1")
    before, top = made(f"tree {tmp_path}"), made(f"stat {tmp_path}")
    time.sleep(0.02)
    deep.write_text("22")
    assert made(f"tree {tmp_path}") != before
    assert made(f"stat {tmp_path}") == top


def test_what_is_not_there_has_a_print_too(tmp_path):
    missing = tmp_path / "missing"
    before = made(f"stat {missing}", f"tree {missing}")
    assert before
    missing.mkdir()
    assert made(f"stat {missing}", f"tree {missing}") != before


def test_a_unit_that_does_not_run_has_no_print():
    assert made("unit deeprig-no-such.service") == b""


def test_users_from_elsewhere_have_no_print(monkeypatch, tmp_path):
    config = tmp_path / "nsswitch.conf"
    real = open

    def opened(path, *arguments):
        return real(config if path == "/etc/nsswitch.conf" else path, *arguments)

    monkeypatch.setattr(far_side, "open", opened, raising=False)
    config.write_text("passwd: files systemd\ngroup:\tfiles # ldap\nhosts: files dns\n")
    assert made("users", "stat /etc/passwd")
    config.write_text("passwd: files sss\n")
    assert made("users", "stat /etc/passwd") == b""


def test_only_what_was_there_before_the_question_is_settled():
    assert is_settled(b"aa 1000.0 2000.0", 500) == "aa"
    assert is_settled(b"aa 1000.0 2000.0", 999.5) == ""  # a file system may round
    assert is_settled(b"aa 1000.0 2000.0", 1500) == ""
    assert is_settled(b"aa 3000.0 2000.0", 1) == ""  # a clock that was set back
    assert is_settled(b"", 1) == ""
    assert is_settled(b"no print", 1) == ""


def test_a_command_is_known_by_its_text():
    command = depends_on(StringCommand("sh", "-c", "look"), "stat /a", "tree /b")
    assert places_of(command.get_raw_value()) == "stat /a\ntree /b"
    assert places_of("sh -c another") == ""
    assert "stat /etc/passwd" in places_of(Users().command()).splitlines()
    packages = "if command -v dpkg >/dev/null 2>&1; then ( dpkg -l ); "
    packages += "else echo '##PYINFRA_NOCMD##'; fi"
    assert "stat /var/lib/dpkg/status" in places_of(packages)
    given = "export DEBIAN_FRONTEND=noninteractive LISTCHANGES=none && "
    assert places_of(given + packages) == places_of(packages)
    assert places_of("cat /etc/group") == "users\nstat /etc/group"
    assert places_of("export A=$(date) && " + packages) == ""
    odd = depends_on(StringCommand("cat", "odd"), "stat /a\nb")
    assert places_of(odd.get_raw_value()) == ""
