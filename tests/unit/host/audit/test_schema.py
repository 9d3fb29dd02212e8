"""Every host gives the same keys and types, and says why of every null."""

import json
import subprocess
import sys

import pytest
from deeprig_host.audit.__main__ import main
from deeprig_host.machine.program import source

from .recorded_hosts import NAMES
from .schema import missing_reasons, problems


@pytest.mark.parametrize("name", NAMES)
def test_the_answer_is_json_of_the_schema_and_every_null_has_its_reason(name, bench):
    facts = json.loads(json.dumps(bench.host(name).collect(), allow_nan=False))
    assert problems(facts) == []
    assert missing_reasons(facts) == []


def test_an_empty_root_has_every_key_and_a_reason_for_every_null(bench):
    facts = json.loads(json.dumps(bench.collect()))
    assert problems(facts) == []
    assert missing_reasons(facts) == []
    assert facts["system"]["virtualization"] is None


def test_the_checks_of_these_tests_see_what_is_wrong(bench):
    facts = json.loads(json.dumps(bench.host("rtx4090").collect()))
    facts["gpus"][0]["name"] = None
    facts["cpu"]["cores"] = "16"
    del facts["nics"][0]["mac"]
    facts["disks"][0]["model"] = ""
    assert problems(facts) == [
        "cpu.cores: '16'",
        "disks.nvme0n1.model: ''",
        "nics.enp3s0: keys ['mac']",
    ]
    assert missing_reasons(facts) == ["gpus.0000:01:00.0.name"]


def test_the_program_tells_of_this_machine(capsys):
    assert main([]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert problems(facts) == []
    assert missing_reasons(facts) == []
    assert facts["memory"]["total_bytes"] > 0
    assert facts["system"]["virtualization"]


def test_the_program_tells_of_another_root(bench, capsys):
    bench.host("rtx4090")
    assert main(["--root", str(bench.root)]) == 0
    assert json.loads(capsys.readouterr().out)["gpus"][0]["device"] == "2684"


def test_a_root_that_is_not_there_is_bad_usage(tmp_path, capsys):
    with pytest.raises(SystemExit) as ended:
        main(["--root", str(tmp_path / "nowhere")])
    assert ended.value.code == 2
    assert "no such directory" in capsys.readouterr().err


def test_nothing_but_the_standard_library_is_needed(bench):
    bench.host("rtx4090")
    start = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); " + (
        "runpy.run_module('deeprig_host.audit', run_name='__main__')"
    )
    # -S: no site-packages.
    words = [sys.executable, "-I", "-S", "-c", start, str(source()), "--root", str(bench.root)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    assert json.loads(done.stdout)["gpus"][0]["device"] == "2684"
    assert done.stderr == ""
