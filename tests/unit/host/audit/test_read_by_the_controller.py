"""What the collector prints is what the controller's rules read, strictly."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from deeprig_host.machine.program import source

from deeprig.audit.read import read_facts
from deeprig.host_programs import build_archive

from .recorded_hosts import NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_recorded_hosts_facts_are_read(name, bench):
    printed = json.loads(json.dumps(bench.host(name).collect()))
    facts = read_facts(json.dumps(printed), name)
    assert [gpu.address for gpu in facts.gpus] == [gpu["address"] for gpu in printed["gpus"]]
    assert [function.class_ for function in facts.pci] == [one["class"] for one in printed["pci"]]


def test_facts_of_an_empty_root_are_read(bench):
    assert read_facts(json.dumps(bench.collect()), "empty").cpu.cores is None


def test_the_archive_that_is_sent_to_a_host_has_all_that_is_needed(tmp_path):
    archive = tmp_path / "audit.pyz"
    archive.write_bytes(build_archive(source(), "audit"))
    start = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); " + (
        "runpy.run_module('deeprig_host.audit', run_name='__main__')"
    )
    words = [sys.executable, "-I", "-S", "-c", start, str(archive)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60)
    facts = read_facts(done.stdout, "this machine")
    kernel = Path("/proc/meminfo").read_text().split()
    assert facts.memory.total_bytes == int(kernel[kernel.index("MemTotal:") + 1]) * 1024
    assert done.stderr == ""


def test_nvml_is_asked_out_of_the_archive_too(tmp_path):
    archive = tmp_path / "audit.pyz"
    archive.write_bytes(build_archive(source(), "audit"))
    (tmp_path / "libnvidia-ml.so.1").write_text("no library")
    ask = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "from deeprig_host.audit import nvml, tree\n"
        "print(nvml.ask(tree.Tree()).error)"
    )
    words = [sys.executable, "-I", "-S", "-c", ask, str(archive)]
    done = subprocess.run(
        words,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"LD_LIBRARY_PATH": str(tmp_path)},
    )
    assert "libnvidia-ml.so.1" in done.stdout  # the loader's words, and not "NVML ended with 1"
    assert "ended with" not in done.stdout
