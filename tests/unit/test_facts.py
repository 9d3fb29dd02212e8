"""The machine's facts: os-release by the distro library, NVIDIA devices by PCI, surprises told."""

import os
import platform
import subprocess

import pytest
from pyinfra.api.exceptions import FactProcessError

from deeprig.facts import Machine, parse_os_release

OUTPUT = """@@deeprig:os
PRETTY_NAME="Ubuntu 24.04.1 LTS"
NAME="Ubuntu"
VERSION_ID="24.04"
VERSION="24.04.1 LTS (Noble Numbat)"
VERSION_CODENAME=noble
ID=ubuntu
ID_LIKE=debian

@@deeprig:kernel
6.8.0-45-generic
@@deeprig:machine
x86_64
@@deeprig:boot_id
5b0a6c1e-0000-4000-8000-000000000001
@@deeprig:python
Python 3.12.3
@@deeprig:virtualization
none
@@deeprig:cpu
AMD EPYC 9354   32-Core Processor
64
@@deeprig:nvidia_driver
580.105.08
@@deeprig:nvidia
0000:01:00.0 0x2684
0000:02:00.0 0x2684
"""


def test_an_ubuntu_with_two_gpus():
    facts = Machine().process(OUTPUT.splitlines())
    assert (facts.distribution, facts.release, facts.codename) == ("ubuntu", "24.04", "noble")
    assert facts.is_supported
    assert facts.architecture == "amd64"
    assert facts.python == "3.12.3"
    assert facts.nvidia_devices == (("0000:01:00.0", "0x2684"), ("0000:02:00.0", "0x2684"))
    assert facts.cpu == "AMD EPYC 9354 32-Core Processor, 64 CPUs"
    assert facts.nvidia_driver == "580.105.08"


def test_a_cpu_without_a_model_is_unknown():
    text = OUTPUT.replace("AMD EPYC 9354   32-Core Processor\n", "")
    assert Machine().process(text.splitlines()).cpu is None


def test_a_host_whose_driver_is_not_loaded_has_none():
    facts = Machine().process(OUTPUT.replace("580.105.08", "none").splitlines())
    assert facts.nvidia_driver is None


def test_this_machine_answers_the_command_itself():
    done = subprocess.run(
        ["sh", "-c", Machine().command()], capture_output=True, text=True, check=True
    )
    facts = Machine().process(done.stdout.splitlines())
    assert facts.kernel == platform.release()
    assert facts.cpu is not None
    count = len(os.sched_getaffinity(0))  # what nproc(1) counts
    assert facts.cpu.endswith(f"{count} CPU{'' if count == 1 else 's'}")


def test_a_host_without_python_and_gpu():
    text = OUTPUT.replace("Python 3.12.3", "none").partition("@@deeprig:nvidia")[0]
    facts = Machine().process(text.splitlines())
    assert facts.python is None
    assert facts.nvidia_devices == ()


@pytest.mark.parametrize("missing", ["kernel", "machine", "boot_id", "os"])
def test_a_missing_section_is_an_error_of_this_host_only(missing):
    text = OUTPUT.replace(f"@@deeprig:{missing}", "@@deeprig:other")
    with pytest.raises(FactProcessError):
        Machine().process(text.splitlines())


@pytest.mark.parametrize(
    ("text", "supported"),
    [
        ('ID=debian\nVERSION_ID="12"\n', True),
        ('ID=debian\nVERSION_ID="11"\n', False),
        ("ID=fedora\nVERSION_ID=40\n", False),
        ("", False),
    ],
)
def test_supported_releases(text, supported):
    output = OUTPUT.splitlines()
    start, end = output.index("@@deeprig:os"), output.index("@@deeprig:kernel")
    facts = Machine().process([*output[: start + 1], *text.splitlines(), *output[end:]])
    assert facts.is_supported is supported


def test_os_release_without_optional_keys():
    assert parse_os_release("ID=debian\n")["release"] == ""


def test_an_os_release_that_is_none_is_an_error_of_this_host_only():
    text = OUTPUT.replace('PRETTY_NAME="Ubuntu', "PRETTY_NAME='Ubuntu")
    with pytest.raises(FactProcessError, match="cannot be read"):
        Machine().process(text.splitlines())
