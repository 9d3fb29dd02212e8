"""The observation of a throwaway machine, decoded by the controller's own reader."""

import json

import pytest
from deeprig_host.driver import observe
from deeprig_host.driver.__main__ import main
from deeprig_host.machine.refusal import Refused

from roles.nvidia_driver.observation import Candidate, KernelModule, OpenTransaction, decode

from .conftest import KERNEL, NEW, OLD, Deb


def look(rig):
    return decode(json.loads(json.dumps(observe.observe(rig.machine))))


def test_a_bare_machine_is_told_completely(rig):
    seen = look(rig)
    assert (seen.distribution, seen.release, seen.architecture) == ("ubuntu", "24.04", "amd64")
    assert (seen.running_kernel, seen.next_kernel, seen.boot_id) == (KERNEL, KERNEL, "0000-boot")
    assert [(k.flavour, k.has_headers, k.module) for k in seen.kernels] == [("generic", True, None)]
    assert (seen.packages, seen.candidates, seen.holders, seen.transaction) == ((), (), (), None)
    assert (seen.loaded_version, seen.nvml_error, seen.simulated) == (None, None, None)
    assert seen.free_bytes["/"] > 0


def test_candidates_carry_publisher_order_and_depends(rig):
    rig.publish(
        Deb("nvidia-driver", f"{OLD}-1", depends="libnvidia-compute"),
        Deb("nvidia-driver", f"{NEW}-1", depends="libnvidia-compute (>= 1)"),
        Deb("libnvidia-compute", f"{NEW}-1"),
        Deb("unrelated", "1"),
    )
    seen = look(rig)
    assert seen.versions_of("nvidia-driver") == (
        Candidate(
            *("nvidia-driver", f"{NEW}-1", "NVIDIA", "NVIDIA CUDA"),
            depends="libnvidia-compute (>= 1)",
        ),
        Candidate(
            *("nvidia-driver", f"{OLD}-1", "NVIDIA", "NVIDIA CUDA"), depends="libnvidia-compute"
        ),
    )
    assert {c.name for c in seen.candidates} == {"nvidia-driver", "libnvidia-compute"}


def test_installed_packages_tell_hold_and_origin(rig):
    rig.publish(Deb("nvidia-driver", f"{OLD}-1"))
    rig.apt("install", "nvidia-driver")
    assert rig.run("apt-mark", "hold", "nvidia-driver").is_good
    (package,) = look(rig).packages
    assert (package.name, package.version, package.status) == ("nvidia-driver", f"{OLD}-1", "hi")
    assert (package.is_held, package.is_installed, package.origin) == (True, True, "NVIDIA CUDA")


def test_a_version_that_no_repository_has_any_more_has_no_origin(rig):
    rig.publish(Deb("nvidia-driver", f"{OLD}-1"))
    rig.apt("install", "nvidia-driver")
    next(rig.repository.glob("*.deb")).unlink()
    rig.index()
    seen = look(rig)
    assert [p.origin for p in seen.packages] == [""]
    assert seen.candidates == ()


def test_prebuilt_modules_of_other_kernels_are_left_out(rig):
    names = (f"linux-modules-nvidia-580-{k}" for k in ("6.8.0-99-generic", KERNEL, "generic"))
    rig.publish(*(Deb(name, "1") for name in names))
    names = {c.name for c in look(rig).candidates}
    assert names == {f"linux-modules-nvidia-580-{KERNEL}", "linux-modules-nvidia-580-generic"}


def test_headers_of_an_installed_kernel_are_told_and_of_no_other(rig):
    headers = (f"linux-headers-{k}" for k in (KERNEL, "6.8.0-99-generic", "6.8.0-99", "generic"))
    rig.publish(*(Deb(name, "1") for name in headers))
    names = {c.name for c in look(rig).candidates}
    assert names == {f"linux-headers-{KERNEL}", "linux-headers-generic"}


def test_each_kernel_tells_the_module_that_modprobe_finds(rig):
    rig.add_kernel("6.8.0-50-generic", headers=False)
    rig.add_module(KERNEL, OLD, licence="NVIDIA")
    rig.add_module("6.8.0-50-generic", NEW, place="kernel/nvidia-580/nvidia.ko")
    old, new = look(rig).kernels
    assert (old.is_running, old.is_next, new.is_running, new.is_next) == (True, False, False, True)
    assert old.module == KernelModule(
        OLD, f"/lib/modules/{KERNEL}/updates/dkms/nvidia.ko", False, None, "dkms"
    )
    assert (new.has_headers, new.module.is_open, new.module.origin) == (False, True, "prebuilt")


def test_a_module_that_depmod_does_not_know_is_no_module(rig):
    rig.add_module(KERNEL, OLD)
    rig.write(f"/lib/modules/{KERNEL}/modules.dep", "updates/dkms/nvidia-uvm.ko:\n")
    assert look(rig).kernels[0].module is None


def test_debians_own_name_of_the_module_is_known(rig):
    rig.add_module(KERNEL, "535.309.01", place="updates/dkms/nvidia-current.ko", licence="NVIDIA")
    assert look(rig).kernels[0].module.version == "535.309.01"


def test_gpus_and_switches_are_found_by_pci_class(rig):
    rig.add_pci("0000:01:00.0", "0x2684", "0x030000")
    rig.add_pci("0000:01:00.1", "0x22ba", "0x040300")
    rig.add_pci("0000:02:00.0", "0x1eb8", "0x030200")
    rig.add_pci("0000:03:00.0", "0x22a3", "0x068000")
    rig.add_pci("0000:00:02.0", "0x4680", "0x030000", vendor="0x8086")
    seen = look(rig)
    assert [(g.device_id, g.class_code) for g in seen.gpus] == [
        ("2684", "030000"),
        ("1eb8", "030200"),
    ]
    assert seen.nvswitches == ("0000:03:00.0",)


def test_a_loaded_module_is_asked_and_its_silence_is_told(rig):
    rig.write("/sys/module/nvidia/version", OLD + "\n")
    rig.write("/proc/driver/nvidia/version", "NVRM version: NVIDIA UNIX Open Kernel Module 570\n")
    rig.tool(
        "nvidia-smi", "echo Failed to initialize NVML: Driver/library version mismatch; exit 18"
    )
    seen = look(rig)
    assert (seen.loaded_version, seen.loaded_is_open) == (OLD, True)
    assert (seen.nvml_version, seen.smi_version) == (None, None)
    assert "libnvidia-ml.so.1" in seen.nvml_error
    assert "version mismatch" in seen.smi_error


def test_nouveau_is_seen(rig):
    rig.write("/proc/modules", "nouveau 2400256 1 - Live 0x0\n")
    assert look(rig).is_nouveau_loaded


def test_packages_left_half_done_are_an_interruption(rig):
    broken = {"postinst": "#!/bin/sh\nexit 3\n"}
    rig.publish(Deb("nvidia-dkms", f"{NEW}-1", scripts=broken))
    assert not look(rig).is_dpkg_interrupted
    assert not rig.run("apt-get", "-y", "install", "nvidia-dkms").is_good
    seen = look(rig)
    assert seen.is_dpkg_interrupted
    assert seen.installed("nvidia-dkms") is None


def test_the_first_line_of_the_simulation_mark_is_told(rig):
    rig.write("/etc/deeprig-sim/simulated", "a simulated GPU\nand more\n")
    assert look(rig).simulated == "a simulated GPU"


def journal(phase):
    summary = {"id": "7", "phase": phase, "wanted": NEW, "recorded": OLD, "started": "then"}
    rest = {"boot_id": "b", "reason": "", "order": {}, "packages": [], "files": []}
    return json.dumps(summary | rest | {"new_packages": [], "kernels": []})


def test_an_open_transaction_is_told(rig):
    rig.write("/var/lib/deeprig/driver/transaction.json", journal("swapping"))
    assert look(rig).transaction == OpenTransaction("7", "swapping", NEW, OLD, "then", "b")


@pytest.mark.parametrize("text", ["{", journal("a later deeprig's")])
def test_an_unreadable_journal_is_named_and_not_ignored(rig, text):
    rig.write("/var/lib/deeprig/driver/transaction.json", text)
    with pytest.raises(Refused, match="driver journal is unreadable"):
        look(rig)


def contents(root):
    """Every file's content, but for apt's own cache of what it has read."""
    files = (p for p in root.rglob("*") if p.is_file() and not p.name.endswith("pkgcache.bin"))
    return {p: p.read_bytes() for p in files}


def test_looking_changes_nothing_and_asks_for_nothing_that_locks(rig):
    rig.publish(Deb("nvidia-driver", f"{OLD}-1"))
    before = contents(rig.root)
    rig.calls.clear()
    look(rig)
    assert contents(rig.root) == before
    programs = {words[0] for words in rig.calls}
    assert "apt-cache" in programs
    verbs = {words[1] for words in rig.calls if words[0] in ("apt-get", "dpkg")}
    assert verbs == {"indextargets", "--print-architecture"}


def test_the_command_prints_one_json_object(capsys, tmp_path):
    assert main(["--root", str(tmp_path), "observe"]) == 0
    out = capsys.readouterr().out
    assert out.count("\n") == 1
    assert json.loads(out)["schema"] == observe.SCHEMA


def test_a_bad_expression_is_bad_usage(capsys):
    with pytest.raises(SystemExit) as left:
        main(["observe", "--packages", "("])
    assert left.value.code == 2
    assert "is no regular expression" in capsys.readouterr().err
