"""The stack of a host, read from the settings of its roles."""

from types import SimpleNamespace

import pytest
from pyinfra.api.exceptions import OperationError

from roles.conda.settings import CondaSettings
from roles.cuda.settings import CudaSettings
from roles.nvidia_driver.stack import check_stack, stack_of
from tests.unit.roles.nvidia_driver import hosts


def context(**settings):
    return SimpleNamespace(settings_of=settings)


def conda(**environment) -> CondaSettings:
    return CondaSettings(environments=({"name": "dl", "python": "3.12"} | environment,))


def rows(device_id: str, driver: str, **settings) -> dict[str, str]:
    found = stack_of(context(**settings), hosts.ubuntu("24.04", device_id), driver)
    return {row.what: row.verdict for row in found}


def test_toolkits_and_environments_are_read_from_their_roles():
    found = rows(
        "2684",
        "570.195.03",
        cuda=CudaSettings(toolkits=("12.8", "13.0")),
        conda=conda(pip={"packages": ("torch>=2.11", "numpy")}),
    )
    assert found == {
        "CUDA toolkit 12.8": "fits",
        "CUDA toolkit 13.0": "does not fit",
        "environment dl: torch>=2.11": "does not fit",
    }


def test_debians_own_toolkit_is_not_judged_and_other_roles_do_not_matter():
    assert rows("2684", "550.163.01", cuda=CudaSettings(source="debian")) == {}
    assert rows("2684", "550.163.01") == {}


def test_the_wheel_index_of_the_role_or_of_the_environment_counts():
    index = ("https://download.pytorch.org/whl/cu126",)
    own = conda(pip={"packages": ("torch",), "extra_index_urls": index})
    assert rows("1b06", "580.126.20", conda=own) == {"environment dl: torch": "fits"}
    plain = conda(pip={"packages": ("torch",)})
    assert rows("1b06", "580.126.20", conda=plain) == {"environment dl: torch": "does not fit"}


def test_what_does_not_fit_stops_the_run_with_every_row_and_its_source():
    seen = hosts.ubuntu("24.04", "1b06")
    declared = context(
        cuda=CudaSettings(toolkits=("13.0",)), conda=conda(packages=("pytorch-gpu",))
    )
    with pytest.raises(OperationError) as caught:
        check_stack(declared, seen, "580.126.20")
    told = str(caught.value)
    assert "CUDA toolkit 13.0: does not fit" in told
    assert "environment dl: pytorch-gpu: does not fit" in told
    assert "[NVIDIA CUDA compatibility guide" in told
