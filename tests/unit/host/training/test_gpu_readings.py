"""Words of nvidia-smi, nvbandwidth and sysfs, written here by their manuals and sources."""

import json

import pytest
from deeprig_host.training import nvbandwidth, nvlink, smi
from deeprig_host.training.pcie_link import Link, read_link

BUS_ID = "00000000:65:00.0"


def test_readings_are_read():
    text = (
        "GPU-6bd4a9f0-0001, 00000000:65:00.0, 97, 1100\n"
        "GPU-6bd4a9f0-0002, 00000000:B3:00.0, [N/A], [Not Supported]\n"
    )
    assert smi.parse(text) == (
        smi.Reading("GPU-6bd4a9f0-0001", "00000000:65:00.0", 97.0, 1100.0),
        smi.Reading("GPU-6bd4a9f0-0002", "00000000:b3:00.0", None, None),
    )


@pytest.mark.parametrize("text", ["No devices were found\n", "GPU-1, 00000000:65:00.0, 1\n"])
def test_words_of_another_form_are_an_error(text):
    with pytest.raises(ValueError, match="nvidia-smi said"):
        smi.parse(text)


def _program(directory, script, monkeypatch):
    program = directory / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{directory}:/usr/bin:/bin")


def test_nvidia_smi_is_asked(tmp_path, monkeypatch):
    _program(tmp_path, 'echo "GPU-1, $1, 5, 6" | tr = " "', monkeypatch)
    with pytest.raises(ValueError, match="nvidia-smi said"):
        smi.read_all()
    _program(tmp_path, "echo GPU-1, 00000000:65:00.0, 5, 6", monkeypatch)
    assert smi.read_all() == (smi.Reading("GPU-1", BUS_ID, 5.0, 6.0),)


def test_an_nvidia_smi_that_fails_or_is_not_there_is_an_error(tmp_path, monkeypatch):
    _program(tmp_path, "echo NVIDIA-SMI has failed; exit 9", monkeypatch)
    with pytest.raises(RuntimeError, match="ended with 9: NVIDIA-SMI has failed"):
        smi.read_all()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(RuntimeError, match="No such file"):
        smi.read_all()


def _device(system, speed, width, name="0000:65:00.0"):
    device = system / "bus/pci/devices" / name
    device.mkdir(parents=True)
    (device / "current_link_speed").write_text(speed, encoding="ascii")
    (device / "current_link_width").write_text(width, encoding="ascii")
    return system


def test_a_link_is_read_by_the_name_of_nvidia_smi(tmp_path):
    link = read_link(BUS_ID, _device(tmp_path, "16.0 GT/s PCIe\n", "16\n"))
    assert link == Link(16.0, 16)
    assert link.describe() == "16 GT/s, x16, 31.5 GB/s"


def test_a_domain_of_five_digits_is_kept(tmp_path):
    system = _device(tmp_path, "8.0 GT/s PCIe\n", "4\n", "10000:65:00.0")
    assert read_link("00010000:65:00.0", system) == Link(8.0, 4)


@pytest.mark.parametrize(
    ("speed", "width"),
    [("Unknown\n", "16\n"), ("16.0 GT/s PCIe\n", "0\n"), ("", ""), ("3.0 GT/s PCIe\n", "16\n")],
)
def test_a_link_that_the_kernel_does_not_know_is_unknown(tmp_path, speed, width):
    assert read_link(BUS_ID, _device(tmp_path, speed, width)) is None


def test_a_device_without_a_link_is_unknown(tmp_path):
    assert read_link(BUS_ID, tmp_path) is None


def test_nvlinks_are_read_and_only_a_rate_makes_one_active():
    text = (
        "GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-a)\n"
        "\t Link 0: 25 GB/s\n\t Link 1: 26.562 GB/s\n\t Link 2: <inactive>\n"
        "GPU 1: NVIDIA A100-SXM4-40GB (UUID: GPU-b)\n"
        "\t Link 0: a state of tomorrow\n"
        "GPU 2: NVIDIA L4 (UUID: GPU-c)\n"
    )
    one, two, none = nvlink.parse(text)
    assert one == nvlink.NvLinks("GPU-a", (25.0, 26.562), 1)
    assert one.describe() == "2 active, 51.562 GB/s; 1 inactive"
    assert two == nvlink.NvLinks("GPU-b", (), 1)
    assert none.describe() == "none"


def test_nvlinks_that_cannot_be_read_are_an_error(tmp_path, monkeypatch):
    _program(tmp_path, "echo no device; exit 6", monkeypatch)
    with pytest.raises(RuntimeError, match="ended with 6: no device"):
        nvlink.read_links()


def _nvbandwidth(**changes):
    """Return an answer in the form of json_output.cpp; no machine said it."""
    test = {
        "name": "host_to_device_memcpy_ce",
        "status": "Passed",
        "bandwidth_matrix": [["24.5", "N/A", "12.1"]],
        "sum": 36.6,
    }
    return json.dumps({"nvbandwidth": {"version": "v0.8", "testcases": [test | changes]}})


def test_nvbandwidth_is_read():
    (test,) = nvbandwidth.parse(_nvbandwidth())
    assert test == nvbandwidth.Test("host_to_device_memcpy_ce", "Passed", (24.5, 12.1))
    assert test.check().is_good
    assert test.measurement().value == 12.1


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "Error"},
        {"status": "Waived"},
        {"bandwidth_matrix": [["N/A"]]},
        {"bandwidth_matrix": [["24.5", "0"]]},
    ],
)
def test_an_nvbandwidth_that_did_not_pass_or_measure_is_not_good(changes):
    (test,) = nvbandwidth.parse(_nvbandwidth(**changes))
    assert not test.check().is_good


@pytest.mark.parametrize(
    "answer", ["", "{}", '{"nvbandwidth": {"error": "Invalid test case"}}', '{"nvbandwidth": 1}']
)
def test_an_nvbandwidth_without_an_answer_is_an_error(answer, tmp_path, monkeypatch):
    program = tmp_path / "nvbandwidth"
    program.write_text(f"#!/bin/sh\necho '{answer}'; exit 1\n", encoding="ascii")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    assert nvbandwidth.is_there()
    with pytest.raises(RuntimeError, match="nvbandwidth ended with 1"):
        nvbandwidth.run(("host_to_device_memcpy_ce",))
