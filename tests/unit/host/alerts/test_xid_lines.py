"""Lines of the kernel's log as drivers have written them.

Origin of each line in its comment; process names of other people's programs are shortened.
"""

import pytest
from deeprig_host.alerts.xid_lines import Xid, parse_line

LINES = {
    # a public syslog of 2020, driver 450: pid without name
    "NVRM: Xid (PCI:0000:01:00): 79, pid=1122, GPU has fallen off the bus.": Xid(
        "0000:01:00.0", 79, "GPU has fallen off the bus."
    ),
    # no process at all
    "NVRM: Xid (PCI:0000:23:00): 79, GPU has fallen off the bus.": Xid(
        "0000:23:00.0", 79, "GPU has fallen off the bus."
    ),
    # leptonai/gpud pull request 46
    "NVRM: Xid (PCI:0000:cb:00): 13, pid='<unknown>', name=<unknown>, Graphics SM Warp Exception "
    "on (GPC 7, TPC 7, SM 0): Illegal Instruction Parameter": Xid(
        "0000:cb:00.0",
        13,
        "Graphics SM Warp Exception on (GPC 7, TPC 7, SM 0): Illegal Instruction Parameter",
    ),
    "NVRM: Xid (PCI:0000:cb:00): 109, pid=1797828, name=pt_main_thread, Ch 00000008, errorString "
    "CTX SWITCH TIMEOUT, Info 0x58005": Xid(
        "0000:cb:00.0", 109, "Ch 00000008, errorString CTX SWITCH TIMEOUT, Info 0x58005"
    ),
    # NVIDIA/open-gpu-kernel-modules issue 1150
    "NVRM: Xid (PCI:0000:dc:00): 45, pid=1818990, name=python3, Ch 00000001 caused by previous "
    "Xid 149": Xid("0000:dc:00.0", 45, "Ch 00000001 caused by previous Xid 149"),
    # leptonai/gpud pull request 1174: PCI domains that are not 0
    "NVRM: Xid (PCI:0019:01:00): 149, NETIR Fatal XC0 i0 Link -1 (0x000fe406 0x00000000)": Xid(
        "0019:01:00.0", 149, "NETIR Fatal XC0 i0 Link -1 (0x000fe406 0x00000000)"
    ),
    # akash-network/support issue 244: a virtual machine's addresses
    "NVRM: Xid (PCI:0000:00:05): 43, pid=1045242, name=pt_main_thread, Ch 00000008": Xid(
        "0000:00:05.0", 43, "Ch 00000008"
    ),
    # NVIDIA, A100 memory error management: with and without MIG
    "NVRM: Xid (PCI:0000:01:00 GPU-I:05): 94, pid=7194, Contained: CE User Channel (0x9). RST: No, "
    "D-RST: No": Xid(
        "0000:01:00.0", 94, "Contained: CE User Channel (0x9). RST: No, D-RST: No", "GPU-I:05"
    ),
    "NVRM: Xid (PCI:0000:01:00): 95, pid=7062, Uncontained: LTC TAG (0x2,0x1)": Xid(
        "0000:01:00.0", 95, "Uncontained: LTC TAG (0x2,0x1)"
    ),
    # open kernel modules, kernel_rc.c: GPU and compute instance
    "NVRM: Xid (PCI:0000:3b:00 GPU-I:01 GPU-CI:02): 13, pid=9, name=a, Graphics Exception": Xid(
        "0000:3b:00.0", 13, "Graphics Exception", "GPU-I:01 GPU-CI:02"
    ),
    # kubernetes-sigs/dra-driver-nvidia-gpu issue 904: with the kernel's own time stamp
    "[1231741.378609] NVRM: Xid (PCI:0009:01:00): 43, pid=3188489, name=trigger_xid, channel "
    "0x0b00000a": Xid("0009:01:00.0", 43, "channel 0x0b00000a"),
    # drivers before 2015: without PCI:
    "NVRM: Xid (0000:03:00): 14, Channel 00000001": Xid("0000:03:00.0", 14, "Channel 00000001"),
    # made here: a code alone
    "NVRM: Xid (PCI:0000:c1:00): 63": Xid("0000:c1:00.0", 63, ""),
    # NVSwitch: DGX-2's and later ones' logs (five digits, with a function)
    "nvidia-nvswitch3: SXid (PCI:0000:05:00.0): 12028, Non-fatal, Link 32 egress non-posted PRIV "
    "error (First)": Xid(
        "0000:05:00.0", 12028, "Non-fatal, Link 32 egress non-posted PRIV error (First)"
    ),
    "nvidia-nvswitch1 SXid (PCI:0000:06:00.0): 20009, Non-fatal, Link 04": Xid(
        "0000:06:00.0", 20009, "Non-fatal, Link 04"
    ),
    # made here: the driver's format writes at least five digits
    "nvidia-nvswitch0: SXid (PCI:0000:c3:00.0): 00010, Fatal, Link 1": Xid(
        "0000:c3:00.0", 10, "Fatal, Link 1"
    ),
}


@pytest.mark.parametrize("line", LINES)
def test_a_line_of_a_driver_is_read(line):
    assert parse_line(line) == LINES[line]


@pytest.mark.parametrize(
    "line",
    [
        "NVRM: GPU at PCI:0000:00:05: GPU-efbdfde9-5798-a6e7-4c46-12518fa15375",
        "NVRM: GPU 0000:01:00.0: GPU has fallen off the bus.",
        "nvidia-nvswitch3: SXid (PCI:0000:c1:00.0): garbled, Fatal",
        "NVRM: Xid (PCI:0000:01): 79",
        "NVRM: loading NVIDIA UNIX x86_64 Kernel Module  535.183.01",
        "myNVRM: Xid (PCI:0000:01:00): 79, from nobody",
        "",
    ],
)
def test_other_lines_are_none(line):
    assert parse_line(line) is None


def test_who_ran_what_is_not_kept():
    found = parse_line(
        "NVRM: Xid (PCI:0000:01:00): 31, pid=7, name=secret project, Ch 00000008, intr 0"
    )
    assert "secret" not in found.text
    assert "7" not in found.text


def test_a_text_without_end_is_cut():
    found = parse_line("NVRM: Xid (PCI:0000:01:00): 31, " + "x" * 5000)
    assert len(found.text) == 300
