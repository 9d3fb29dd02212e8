"""What GPUs are bought for, with the real PyTorch on a CPU: what has a meaning there passes."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.contract.mutations.bench import Bench

HOST = Path(__file__).parents[2] / "host"
SIMULATION = Path(__file__).with_name("simulated_cuda.py")
#: In the form of nvbandwidth's json_output.cpp; no machine said it.
PASSED = {
    "name": "host_to_device_memcpy_ce",
    "status": "Passed",
    "bandwidth_matrix": [["24.5", "N/A"]],
}
ON_CPU = {
    "mixed_bf16",
    "mixed_fp16",
    "compile",
    "out_of_memory",
    "data_parallel",
    "tensor_parallel",
    "pipeline_parallel",
}
#: These start processes or compile: tens of seconds on a busy machine.
SLOW = ON_CPU - {"mixed_bf16", "data_parallel"}
#: Programs of NVIDIA's own, whose answers tests/unit/host/training/test_nvidia_programs.py has.
PROGRAMS = {"nccl_tests", "diagnosis"}
GPU_ONLY = {"device_use", "transfers", "peer_to_peer"} | PROGRAMS


@pytest.fixture(scope="module")
def bench(torch_python, tmp_path_factory):
    """Runs suites in one process."""
    found = Bench(torch_python, tmp_path_factory.mktemp("gpu"))
    yield found
    found.end()


def _run(bench, names):
    chosen = [word for name in sorted(names) for word in ("--case", name)]
    answer = bench.run("--profile", "acceptance", "--device", "cpu", *chosen)
    return answer, {name: answer.case(name) for name in names}


def _outcomes(cases):
    return {name: case["outcome"] for name, case in cases.items()}


def test_on_a_cpu_the_quick_ones_pass_and_what_needs_a_gpu_is_skipped_and_says_why(bench):
    quick = ON_CPU - SLOW
    answer, cases = _run(bench, quick | GPU_ONLY)
    expected = dict.fromkeys(quick, "pass") | dict.fromkeys(GPU_ONLY, "skip")
    assert _outcomes(cases) == expected, answer.document["evidence"]
    assert {cases[name]["reason"] for name in GPU_ONLY} == {
        "it needs a GPU; this run is on cpu",
    }
    assert cases["data_parallel"]["data"]["ranks"] == 2
    assert not [m for m in cases["mixed_bf16"]["measurements"] if m["unit"] == "TFLOP/s"]


@pytest.mark.full
def test_on_a_cpu_the_others_pass_too(bench):
    answer, cases = _run(bench, SLOW)
    assert answer.code == 0, answer.document["evidence"]
    assert _outcomes(cases) == dict.fromkeys(SLOW, "pass")


def test_without_a_compiler_that_case_is_skipped_and_says_why(bench):
    edit = (
        "pytorch/compile.py",
        "    chosen = os.environ.get(names[0])\n",
        '    chosen = "no-such-compiler"\n',
    )
    options = ("--profile", "acceptance", "--device", "cpu", "--case", "compile")
    answer = bench.run(*options, edits=(edit,))
    case = answer.case("compile")
    assert case["outcome"] == "skip"
    assert case["reason"] == "torch.compile needs a compiler: no-such-compiler is not there"


def _failed_ranks(bench, work, *edits):
    """Return the reason of a data-parallel case whose ranks do this before they have a model."""
    model = "    model = _model(rank)\n"
    planted = ("pytorch/data_parallel_rank.py", model, f"    {work}\n{model}")
    options = ("--profile", "acceptance", "--device", "cpu", "--case", "data_parallel")
    answer = bench.run(*options, edits=(*edits, planted))
    case = answer.case("data_parallel")
    assert (answer.code, case["outcome"]) == (1, "fail")
    return case["reason"]


@pytest.mark.full
def test_ranks_that_hang_are_ended_and_the_case_says_so(bench):
    limit = ("pytorch/processes.py", "_LIMIT_SECONDS = 600", "_LIMIT_SECONDS = 20")
    reason = _failed_ranks(bench, "import signal; signal.pause()", limit)
    assert "timed out after 20 seconds" in reason
    assert _processes_in(bench.directory) == []


@pytest.mark.full
def test_ranks_that_abort_are_told_with_what_they_said_last(bench):
    reason = _failed_ranks(bench, "import faulthandler; faulthandler._fatal_error_c_thread()")
    assert "Fatal Python error" in reason
    assert "SIGABRT" in reason


@pytest.fixture(scope="module")
def simulated(torch_python, tmp_path_factory):
    """Runs a case with CUDA, nvidia-smi and nvbandwidth simulated: it proves no GPU."""
    programs = tmp_path_factory.mktemp("programs")
    _write_program(programs / "nvidia-smi", "GPU 0: simulated (UUID: GPU-0)\n\t Link 0: 25 GB/s")
    _write_program(programs / "nvbandwidth", json.dumps({"nvbandwidth": {"testcases": [PASSED]}}))
    clean = {"PATH": f"{programs}:/usr/bin:/bin", "PYTHONPATH": str(HOST), "HOME": str(programs)}

    def run(*words):
        command = [torch_python, "-B", SIMULATION, *words]
        done = subprocess.run(command, env=clean, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return run


def _write_program(path, answer):
    path.write_text(f"#!/bin/sh\ncat <<'END'\n{answer}\nEND\n", encoding="ascii")
    path.chmod(0o755)


@pytest.mark.full
@pytest.mark.parametrize("case", sorted(GPU_ONLY - PROGRAMS))
def test_what_needs_a_gpu_runs_to_its_end_on_a_simulated_one(simulated, case):
    told = simulated(case)
    assert (told["outcome"], told["bad"]) == ("pass", []), told["reason"]
    assert told["checks"]
    assert told["measurements"]
    if case == "peer_to_peer":
        assert told["data"]["NVLink"] == {"GPU-0": "1 active, 25 GB/s; 0 inactive"}
    if case == "transfers":
        assert "nvbandwidth: host_to_device_memcpy_ce" in told["checks"]


@pytest.mark.full
def test_a_simulated_gpu_that_idles_and_one_without_tensor_cores_fail(simulated):
    assert set(simulated("device_use", "--idle")["bad"]) == {"cpu: load rises"}
    assert simulated("products")["bad"] == ["the short format is faster"]


def _processes_in(directory):
    """Return the command lines of this machine's processes that name the directory."""
    lines = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            lines.append(path.read_bytes())
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended meanwhile
    return [line for line in lines if str(directory).encode() in line]
