"""NVIDIA's driver is asked why it does not start; the libraries here are stand-ins for libcuda."""

import shutil
import subprocess

import pytest
from deeprig_host.training import cuda_driver

_SOURCE = """
int cuInit(unsigned int flags) {{ return {code}; }}
int cuGetErrorName(int error, const char **name) {{
    if (error != 100) {{ *name = 0; return 1; }}
    *name = "CUDA_ERROR_NO_DEVICE";
    return 0;
}}
"""


@pytest.fixture(name="driver")
def _driver(monkeypatch, tmp_path):
    """Makes a library that answers cuInit with a code, and lets it be found as the driver's."""

    def driver(code):
        compiler = shutil.which("cc")
        if compiler is None:
            pytest.skip("no C compiler to make a stand-in of libcuda with")
        source, library = tmp_path / "driver.c", tmp_path / f"libcuda{code}.so"
        source.write_text(_SOURCE.format(code=code), encoding="ascii")
        subprocess.run([compiler, "-shared", "-fPIC", source, "-o", library], check=True)
        monkeypatch.setattr(cuda_driver, "_LIBRARY", str(library))

    return driver


def test_a_machine_without_the_driver_says_so(monkeypatch):
    monkeypatch.setattr(cuda_driver, "_LIBRARY", "libcuda-that-is-not-there.so.1")
    problem = cuda_driver.driver_problem()
    assert problem.startswith("no driver: libcuda-that-is-not-there.so.1: ")


def test_a_driver_that_starts_is_no_problem(driver):
    driver(0)
    assert cuda_driver.driver_problem() is None


@pytest.mark.parametrize(
    ("code", "says"),
    [(100, "cuInit says CUDA_ERROR_NO_DEVICE"), (999, "cuInit says error 999")],
)
def test_a_driver_that_does_not_start_says_why(driver, code, says):
    driver(code)
    assert cuda_driver.driver_problem() == says
