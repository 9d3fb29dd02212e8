"""Which toolkit a host gets when the inventory names none."""

from types import SimpleNamespace

import pytest

from roles.cuda import check
from roles.cuda.default_toolkits import choose_toolkit, newest_toolkit
from roles.cuda.settings import CudaSettings
from roles.nvidia_driver.observation import PciDevice
from roles.nvidia_driver.stack import stack_of

ADDRESS = "0000:01:00.0"
KEPLER, MAXWELL, PASCAL, VOLTA = "0x1004", "0x1380", "0x1b06", "0x1db4"
TURING, ADA, BLACKWELL, SPARK, FUTURE = "0x1e04", "0x2684", "0x2b85", "0x2e12", "0x3f00"


def devices(*ids):
    return tuple((f"0000:0{number}:00.0", device) for number, device in enumerate(ids, 1))


@pytest.mark.parametrize("ids", [(), (TURING,), (ADA, BLACKWELL), (SPARK,), (FUTURE,)])
def test_a_host_whose_gpus_can_gets_the_usual_toolkit_and_no_remark(ids):
    chosen = choose_toolkit(devices(*ids))
    assert (chosen.series, chosen.reason) == ("13.0", None)


@pytest.mark.parametrize("ids", [(MAXWELL,), (PASCAL,), (VOLTA, ADA), (BLACKWELL, PASCAL)])
def test_a_gpu_that_13_has_dropped_gets_the_newest_12_with_the_reason(ids):
    chosen = choose_toolkit(devices(*ids))
    assert chosen.series == "12.9"
    assert "no longer builds for the" in chosen.reason
    assert "cuda.toolkits" in chosen.reason


def test_the_reason_names_the_gpu():
    reason = choose_toolkit(devices(ADA, PASCAL)).reason
    assert "Pascal GPU at 0000:02:00.0 (compute capability 6.1)" in reason


def test_gpus_that_12_has_dropped_too_get_an_older_one_or_are_refused():
    assert newest_toolkit(devices(KEPLER)) == "11.8"
    nothing = devices("0x0fc0")  # compute capability 3.0
    assert newest_toolkit(nothing) is None
    assert choose_toolkit(nothing).series == "13.0"
    assert "no toolkit builds" in check.gpus_too_old(CudaSettings(), nothing)


def test_what_the_inventory_names_stays_as_it_is():
    pascal = devices(PASCAL)
    assert CudaSettings().fitted_to(pascal).series == ("12.9",)
    for named in (
        CudaSettings(toolkits=("13.0",)),
        CudaSettings(default="13.0"),
        CudaSettings(nccl_version="2.28.9-1+cuda13.0"),
    ):
        assert named.fitted_to(pascal) is named
        assert named.series == ("13.0",)
        assert "declare toolkit 12.9 or older" in check.gpus_too_old(named, pascal)
    debian = CudaSettings(source="debian")
    assert debian.fitted_to(pascal) is debian


def test_cudnn_and_the_rest_of_the_settings_stay_when_the_toolkit_is_chosen():
    fitted = CudaSettings(cudnn_version="9.10.2.21-1", development=False).fitted_to(devices(VOLTA))
    assert (fitted.default_series, fitted.cudnn_version) == ("12.9", "9.10.2.21-1")
    assert not fitted.development


def test_the_driver_role_judges_the_toolkit_that_will_be_installed():
    context = SimpleNamespace(settings_of={"cuda": CudaSettings()})
    observation = SimpleNamespace(gpus=(PciDevice(ADDRESS, "1b06", "030000"),))
    (row,) = stack_of(context, observation, "580.126.20")
    assert (row.what, row.verdict) == ("CUDA toolkit 12.9", "fits")
