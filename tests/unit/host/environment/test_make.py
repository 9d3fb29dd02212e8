"""An environment is made aside, whole, and only then in use; what is there and whole is kept."""

import json
import os
import stat
import sys
from pathlib import Path

import pytest
from deeprig_host.environment import order as order_module
from deeprig_host.environment.__main__ import main
from deeprig_host.environment.make import _LOCK
from deeprig_host.environment.observe import check
from deeprig_host.machine.refusal import Refused


def test_a_made_environment_is_in_use_and_nothing_more_is_to_do(host):
    order = host.order()
    before = host.observe(order)
    assert before["reasons"]
    assert not before["has_whole"]
    host.make(order)
    assert host.version() == 1
    after = host.observe(order)
    assert (after["reasons"], after["left_over"], after["has_whole"]) == ([], [], True)
    assert after["current"] == after["wanted"] == order.name
    assert check(host.machine)["current"] == order.name


def test_its_name_tells_of_its_wheels_and_of_the_python(host, monkeypatch):
    order = host.order()
    assert host.order(2).name != order.name
    assert host.order().name == order.name
    name = order.name
    monkeypatch.setattr(order_module, "python_minor", lambda: "3.99")
    assert order.name != name


def test_of_another_python_it_is_made_anew(host, monkeypatch):
    order = host.order()
    with monkeypatch.context() as older:
        older.setattr(order_module, "python_minor", lambda: "3.9")
        host.make(order)
        assert host.observe(order)["reasons"] == []
    assert "another Python" in host.observe(order)["reasons"][0]


def test_it_keeps_its_interpreter_when_python3_moves_on(host, tmp_path, monkeypatch):
    older = tmp_path / f"python{order_module.python_minor()}"
    older.symlink_to(sys.executable)
    (tmp_path / "python3").symlink_to(older)
    (tmp_path / "pyvenv.cfg").write_text(f"home = {Path(sys.base_prefix, 'bin')}\n")
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python3"))
    host.make(host.order())
    assert (host.places.link / "bin/python").readlink() == older
    (tmp_path / "python3").unlink()
    assert host.version() == 1


def test_bytecode_is_there_for_every_module_and_names_the_path_that_services_use(host):
    host.make(host.order())
    current = host.places.current()
    compiled = next(current.rglob("__pycache__/some.*.pyc"))
    assert b"/opt/deeprig/environment/lib/python3" in compiled.read_bytes()
    assert str(host.places.draft).encode() not in compiled.read_bytes()


def test_it_can_be_written_by_its_owner_only_whatever_the_umask(host):
    host.order()
    host.places.store.chmod(0o777)
    host.make(host.order())
    for path in (host.places.base, *host.places.base.rglob("*")):
        mode = path.lstat().st_mode
        assert stat.S_ISLNK(mode) or not mode & 0o022, path


def test_a_directory_that_others_may_write_is_told_and_closed_without_a_new_environment(host):
    host.make(host.order())
    made = host.places.current()
    host.places.environments.chmod(0o777)
    assert host.observe(host.order())["reasons"] == [
        "/opt/deeprig/environments can be written by others"
    ]
    host.places.environments.chmod(0o755)
    host.places.base.chmod(0o775)
    assert host.observe(host.order())["reasons"] == ["/opt/deeprig can be written by others"]
    host.make(host.order())
    assert host.observe(host.order())["reasons"] == []
    assert host.places.current() == made


def test_the_one_before_is_kept_and_an_older_one_is_not(host):
    orders = [host.order(version) for version in (1, 2, 3)]
    for position, order in enumerate(orders):
        host.make(host.order(position + 1))
        made = host.places.environments / order.name
        os.utime(made / "contents.json", (1000 + position, 1000 + position))
    names = {path.name for path in host.places.environments.iterdir()}
    assert names == {orders[1].name, orders[2].name}
    assert host.version() == 3
    assert len(list(host.places.store.iterdir())) == 1


def test_one_that_is_there_and_whole_is_switched_to_and_not_made_again(host):
    first, second = host.order(1), host.order(2)
    host.make(first)
    made = (host.places.environments / first.name / "contents.json").stat().st_mtime_ns
    host.make(host.order(2))
    assert host.observe(second)["current"] == second.name
    assert host.observe(first)["has_whole"]
    host.make(first)  # its wheels are gone from the store by now
    assert host.version() == 1
    assert (host.places.environments / first.name / "contents.json").stat().st_mtime_ns == made


def test_a_damaged_one_stays_in_use_until_another_takes_its_place(host):
    order = host.order()
    host.make(order)
    damaged = host.places.current()
    next(damaged.rglob("some-1.dist-info/WHEEL")).unlink()
    host.make(order)
    assert host.places.current().name == f"{order.name}.1"
    assert not damaged.exists()
    assert host.observe(order)["reasons"] == []
    host.make(order)
    assert host.places.current().name == f"{order.name}.1"


def test_one_that_does_not_work_is_never_used(host):
    host.make(host.order(1))
    with pytest.raises(Refused, match="does not work") as refused:
        host.make(host.order(2, modules=("some", "missing_module")))
    assert "missing_module" in " ".join(refused.value.evidence)
    assert host.version() == 1


def test_one_that_cannot_be_compiled_is_never_used(host):
    from deeprig_host.environment.order import Order

    from tests.unit.host.environment.wheel_files import store_wheel, wheel_of

    bad = store_wheel(host.places.store, wheel_of({"some.py": b"def ("}))
    with pytest.raises(Refused, match="compiled"):
        host.make(Order((bad,), ("some",)))
    assert host.places.current() is None


def test_somebody_elses_directory_is_left_alone(host):
    host.places.link.mkdir(parents=True)
    (host.places.link / "theirs").touch()
    assert host.observe(host.order())["reasons"]
    with pytest.raises(Refused, match="no link of deeprig's"):
        host.make(host.order())
    assert (host.places.link / "theirs").exists()


def test_two_makers_do_not_meet(host, monkeypatch):
    monkeypatch.setattr("deeprig_host.environment.make._WAIT_SECONDS", 0.0)
    with _LOCK.held(host.machine), pytest.raises(Refused, match="another change"):
        host.make(host.order())


def test_its_lock_is_closed_to_others_and_the_directory_of_statuses_is_not(host):
    before = os.umask(0o022)
    try:
        host.make(host.order())
    finally:
        os.umask(before)
    lock = host.machine.path(_LOCK.path)
    assert stat.S_IMODE(lock.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(host.machine.path("/run/deeprig").stat().st_mode) == 0o755


def test_a_file_system_that_refuses_is_told_with_a_remedy(host, capsys):
    order = host.order()
    host.places.environments.touch()
    text = json.dumps({"wheels": order.wheels, "modules": order.modules})
    assert main(["--root", str(host.machine.root), "make", "--order", text]) == 1
    answer = json.loads(capsys.readouterr().out)
    assert "environments" in answer["evidence"][0]
    assert answer["remedy"]


@pytest.mark.parametrize("text", ["", "[]", '{"wheels": ["x"], "modules": []}', "{}"])
def test_an_order_that_is_none_is_refused(host, capsys, text):
    assert main(["--root", str(host.machine.root), "observe", "--order", text]) == 1
    assert "unreadable" in json.loads(capsys.readouterr().out)["reason"]


def test_a_check_tells_what_is_damaged(host):
    with pytest.raises(Refused) as refused:
        check(host.machine)
    assert refused.value.evidence == ("there is none",)
    host.make(host.order())
    next(host.places.current().rglob("some.py")).write_text("VERSION = 7\n")
    with pytest.raises(Refused) as refused:
        check(host.machine)
    assert "some.py was altered" in refused.value.evidence[0]
