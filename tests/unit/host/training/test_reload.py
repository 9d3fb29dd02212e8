"""The new process that predicts: begun early, waited for when it is needed, never left behind."""

import os
import sys

import pytest
from deeprig_host.training.reload import predict_in_new_process, predicting_in_new_process

_NUMBERS = "import struct; raw = struct.pack('4f', 1, 2, 3, 4)"
#: What stands in for the interpreter: it says its pid, then does as its case.
_STAND_IN = """#!{python}
import hashlib, json, os, pathlib, sys, time
work = pathlib.Path(sys.argv[sys.argv.index("--workdir") + 1])
(work / "pid.part").write_text(str(os.getpid()))
(work / "pid.part").rename(work / "pid")
{does}
"""
_PREDICTS = f"""{_NUMBERS}
(work / "reloaded.f32").write_bytes(raw)
print("a remark", file=sys.stderr)
print(json.dumps({{"sha256": hashlib.sha256(raw).hexdigest(), "width": 2}}))"""
_LIES = _PREDICTS.replace("hashlib.sha256(raw)", "hashlib.sha256(b'other')")


@pytest.fixture
def does(tmp_path, monkeypatch):
    """Have the new process do something else than to predict."""

    def replace(text):
        program = tmp_path / "python"
        program.write_text(_STAND_IN.format(python=sys.executable, does=text))
        program.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(program))

    return replace


def test_its_outputs_come_when_they_are_waited_for(does, tmp_path, capsys):
    does(_PREDICTS)
    with predicting_in_new_process("pytorch", tmp_path, "cpu") as outputs:
        assert outputs().labels() == (1, 1)
    assert "a remark" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("print(json.dumps({'evidence': 'no such file'})); sys.exit(1)", "failed: no such file"),
        ("sys.exit('out of memory')", "failed: exit 1: out of memory"),
        ("os.kill(os.getpid(), 9)", "failed: exit -9: it said nothing"),
        (_LIES, "another sha256"),
    ],
    ids=["answer", "crash", "killed", "lie"],
)
def test_its_reason_is_told_where_it_fails(does, tmp_path, text, reason):
    does(text)
    with pytest.raises(RuntimeError, match=reason):
        predict_in_new_process("pytorch", tmp_path, "cpu")


def test_it_is_ended_where_nobody_waits_for_it(does, tmp_path):
    does("time.sleep(600)")

    def fails():
        with predicting_in_new_process("pytorch", tmp_path, "cpu"):
            while not (tmp_path / "pid").exists():
                pass
            raise KeyError("between")

    with pytest.raises(KeyError):
        fails()
    process = int((tmp_path / "pid").read_text())
    with pytest.raises(ProcessLookupError):
        os.kill(process, 0)
