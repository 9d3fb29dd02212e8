"""GPUs, driver, toolkits and environments against each other."""

import pytest

from roles.nvidia_driver.brought_cuda import Environment, brought_by
from roles.nvidia_driver.compatibility import resolve
from tests.unit.roles.nvidia_driver.hosts import gpu

ADA, PASCAL, VOLTA, BLACKWELL = gpu("2684"), gpu("1b06"), gpu("1db4"), gpu("2b85")
PYTORCH = "--extra-index-url=https://download.pytorch.org/whl/"


def environment(*pip: str, conda: tuple[str, ...] = (), **values) -> Environment:
    return Environment("dl", **({"python": "3.12"} | values), pip=pip, conda=conda)


def verdict(driver: str, gpus, *, toolkit: str | None = None, env: Environment | None = None):
    rows = resolve(driver, [toolkit] if toolkit else [], [env] if env else [], gpus)
    assert len(rows) == 1, rows
    assert rows[0].source
    return rows[0]


@pytest.mark.parametrize(
    ("driver", "toolkit", "card", "expected", "told"),
    [
        ("580.126.20", "13.0", ADA, "fits", "at least the toolkit's own, 580.65.06"),
        ("580.126.20", "13.2", ADA, "fits", "minor version compatibility"),
        ("595.84", "13.2", ADA, "fits", "595.45.04"),
        ("570.195.03", "13.0", ADA, "does not fit", "set branch to 580"),
        ("535.309.01", "12.8", ADA, "fits", "minor version compatibility"),
        ("520.61.05", "12.4", ADA, "does not fit", "set branch to 525"),
        ("580.126.20", "13.0", PASCAL, "does not fit", "take CUDA 12.6"),
        ("580.126.20", "13.0", VOLTA, "does not fit", "Volta GPU 10de:1db4"),
        ("580.126.20", "12.6", PASCAL, "fits", "560.28.03"),
        ("580.126.20", "12.6", BLACKWELL, "fits", "no code for the Blackwell GPU"),
        ("", "13.0", ADA, "unknown", "no driver is known yet"),
        ("", "13.0", PASCAL, "does not fit", "take CUDA 12.6"),
        ("580.126.20", "14.0", ADA, "unknown", "does not know this major version"),
        ("615.71.09", "13.9", ADA, "unknown", "does not know this toolkit"),
    ],
)
def test_a_toolkit_is_judged_by_driver_and_gpu(driver, toolkit, card, expected, told):
    row = verdict(driver, (card,), toolkit=toolkit)
    assert row.verdict == expected
    assert told in row.why


@pytest.mark.parametrize(
    ("requirement", "python", "cuda"),
    [
        ("torch", "3.12", "13.2"),
        ("torch", "3.10", "13.0"),  # 2.15 wants Python 3.11
        ("torch>=2.4", "3.11", "13.2"),
        ("torch==2.14.1", "3.12", "13.0"),
        ("torch~=2.11.0", "3.12", "13.0"),
        ("torch<2.11", "3.12", "12.8"),
        ("torch==2.7.1", "3.12", "12.6"),
        ("torch==2.10.0+cu126", "3.12", "12.6"),
        ("Torch>=2.8,<2.9", "3.12", "12.8"),
        ("tensorflow[and-cuda]==2.21.0", "3.12", "12.5"),
        ("jax[cuda13]", "3.12", "13.0"),
        ("jax[cuda12]==0.4.30", "3.12", "12.1"),
        ("torch==1.13", "3.10", None),
        ("tensorflow", "3.12", None),
        ("jax", "3.12", None),
    ],
)
def test_a_requirement_tells_the_cuda_it_brings(requirement, python, cuda):
    (brought,) = brought_by(environment(requirement, python=python))
    assert brought.cuda == cuda


@pytest.mark.parametrize("requirement", ["numpy", "torch==2.10.0+cpu", "torchvision==0.20"])
def test_other_packages_bring_no_cuda(requirement):
    assert brought_by(environment(requirement)) == ()


def test_the_wheel_index_tells_the_cuda():
    (brought,) = brought_by(environment("torch", indexes=(f"{PYTORCH}cu126",)))
    assert brought.cuda == "12.6"
    assert brought_by(environment("torch", indexes=(f"{PYTORCH}cpu",))) == ()


@pytest.mark.parametrize(
    ("driver", "card", "requirement", "index", "expected", "told"),
    [
        ("580.126.20", ADA, "torch", "", "fits", "brings CUDA 13.2"),
        ("570.195.03", ADA, "torch", "", "does not fit", "set branch to 580"),
        ("570.195.03", ADA, "torch>=2.11", "", "does not fit", "set branch to 580"),
        ("570.195.03", ADA, "torch<2.11", "", "fits", "12.8"),
        ("550.163.01", ADA, "torch", "cu126", "fits", "12.6"),
        ("580.126.20", PASCAL, "torch", "", "does not fit", "take CUDA 12.6"),
        ("580.126.20", PASCAL, "torch<2.11", "", "does not fit", "take the cu126 wheels"),
        ("580.126.20", PASCAL, "torch", "cu126", "fits", "12.6"),
        ("580.126.20", VOLTA, "torch", "cu126", "fits", "12.6"),
        ("580.126.20", BLACKWELL, "torch", "cu126", "does not fit", "cu128 or newer"),
        ("580.126.20", BLACKWELL, "torch", "cu128", "fits", "12.8"),
        ("580.126.20", ADA, "jax[cuda13]", "", "fits", "cuda13"),
        ("570.195.03", ADA, "jax[cuda13]", "", "does not fit", "set branch to 580"),
        ("535.309.01", ADA, "tensorflow[and-cuda]", "", "fits", "12.5"),
        ("580.126.20", ADA, "tensorflow", "", "unknown", "tensorflow[and-cuda]"),
        ("", ADA, "torch", "", "unknown", "no driver is known yet"),
    ],
)
def test_an_environment_of_pip_is_judged(driver, card, requirement, index, expected, told):
    indexes = (f"{PYTORCH}{index}",) if index else ()
    row = verdict(driver, (card,), env=environment(requirement, indexes=indexes))
    assert row.verdict == expected
    assert told in row.why
    assert "environment dl" in row.what


def test_every_gpu_of_a_host_counts():
    env = environment("torch")
    assert verdict("580.126.20", (ADA, PASCAL), env=env).verdict == "does not fit"


@pytest.mark.parametrize(
    ("driver", "card", "conda", "cuda", "expected", "told"),
    [
        ("580.126.20", ADA, ("pytorch-gpu",), None, "fits", "up to CUDA 13.0"),
        (
            "580.126.20",
            PASCAL,
            ("pytorch-gpu",),
            None,
            "does not fit",
            "set the environment's cuda",
        ),
        ("580.126.20", PASCAL, ("pytorch-gpu",), "12.6", "fits", "solves for CUDA 12.6"),
        ("570.195.03", PASCAL, ("pytorch-gpu",), None, "fits", "up to CUDA 12.8"),
        ("570.195.03", ADA, ("pytorch",), "13.0", "does not fit", "set branch to 580"),
        ("570.195.03", ADA, ("pytorch", "cuda-version=13.0"), None, "does not fit", "580"),
        ("580.126.20", ADA, ("pytorch", "cuda-version=12.9"), None, "fits", "12.9"),
        ("", ADA, ("pytorch-gpu",), None, "unknown", "no driver is known yet"),
    ],
)
def test_an_environment_of_conda_is_judged(driver, card, conda, cuda, expected, told):
    row = verdict(driver, (card,), env=environment(conda=conda, cuda=cuda))
    assert row.verdict == expected
    assert told in row.why


def test_an_environment_for_the_cpu_brings_nothing():
    assert brought_by(environment(conda=("pytorch",), cuda="cpu")) == ()


def test_an_environment_without_frameworks_brings_nothing():
    assert brought_by(environment(conda=("numpy", "pandas>=2", "pytorch-lightning"))) == ()


def test_a_lock_tells_its_cuda():
    line = "https://conda.anaconda.org/conda-forge/noarch/cuda-version-12.9-h4f385c5_3.conda#" + (
        "0" * 64
    )
    (brought,) = brought_by(environment(conda=("@EXPLICIT", line)))
    assert brought.cuda == "12.9"


def test_a_gpu_younger_than_the_table_is_not_taken_for_an_old_one():
    assert verdict("615.71.09", (gpu("3a00"),), toolkit="13.0").verdict == "fits"


def test_a_row_reads_as_one_line():
    text = verdict("570.195.03", (ADA,), toolkit="13.0").text()
    assert text == (
        "CUDA toolkit 13.0: does not fit (wants driver 580.65.06 or newer; "
        "has driver 570.195.03, Ada): CUDA 13.0 needs a newer driver: set branch to 580"
    )
