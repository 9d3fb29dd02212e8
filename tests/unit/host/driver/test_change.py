"""A driver change against real apt and dpkg: what is swapped, refused, and put back."""

import subprocess
import sys

import pytest
from deeprig_host.driver.dispose import confirm, restore
from deeprig_host.driver.journal import JOURNAL, read_history, read_journal
from deeprig_host.driver.transaction import change
from deeprig_host.machine.refusal import Refused

from roles.nvidia_driver.change import ManagedFile, PackageVersion

from .conftest import KERNEL, NEW, OLD, Deb
from .lab import MODPROBE, MODULE, SET, driver, install, order, versions

STORE = "/var/lib/deeprig/driver/packages"


@pytest.fixture
def old(rig):
    """A machine with the old driver, and a repository that has both."""
    rig.publish(*driver(OLD), *driver(NEW))
    install(rig, OLD)
    rig.write("/proc/modules", "")
    return rig


def untouched(rig):
    """Say whether the old driver stands as it did: packages, holds, files, journal."""
    assert versions(rig) == f"1:{OLD}-1"
    assert rig.held() == set(SET)
    assert rig.read(MODPROBE) is None
    assert rig.run("dpkg", "--audit").out == ""
    return rig.read(JOURNAL) is None


def went_by_dpkg(rig):
    """Say whether apt could not put the old driver back."""
    return any(words[:2] == ("dpkg", "--force-confdef") for words in rig.calls)


def test_a_driver_is_exchanged_in_one_transaction_and_held_again(old):
    answer = change(old.machine, order(NEW))
    assert (answer["outcome"], answer["phase"]) == ("good", "swapped")
    assert versions(old) == f"1:{NEW}-1"
    assert old.held() == set(SET)
    assert old.read(MODPROBE) == f"blacklist nouveau # {NEW}\n"
    assert answer["reboot_needed"] is True
    moves = {(p["name"], p["from"], p["to"]) for p in answer["packages"]}
    assert moves == {(name, f"1:{OLD}-1", f"1:{NEW}-1") for name in SET}
    installs = [c for c in old.calls if "install" in c and "-s" not in c and "--no-download" in c]
    assert len(installs) == 1
    assert old.read("/initramfs.log") == f"-u -k {KERNEL}\n"
    journal = read_journal(old.machine)
    assert (journal.phase, journal.wanted, journal.recorded) == ("swapped", NEW, OLD)


def test_the_first_driver_of_a_machine_and_its_way_back_to_none(rig):
    rig.publish(*driver(NEW))
    rig.write(f"/lib/modules/{KERNEL}/modules.dep", "updates/dkms/nvidia.ko:\n")
    assert change(rig.machine, order(NEW))["outcome"] == "good"
    assert read_journal(rig.machine).recorded == ""
    answer = restore(rig.machine, "it does not work")
    assert (answer["outcome"], answer["phase"]) == ("good", "restored")
    assert rig.installed() == {}
    assert rig.held() == set()
    assert rig.read(MODPROBE) is None


def test_each_new_deb_is_fetched_once_and_before_the_old_driver_is_touched(old):
    seen = []

    def mark(step):
        if step == "fetched":
            seen.append(versions(old))
            for file in old.repository.glob("*.deb"):
                file.unlink()

    assert change(old.machine, order(NEW), mark)["outcome"] == "good"
    assert seen == [f"1:{OLD}-1"]
    downloads = [word for c in old.calls if "download" in c for word in c if "=1:" in word]
    assert len(downloads) == len(set(downloads))


def test_the_way_back_from_a_directory_on_this_machine_goes_by_apt(old):
    """A file: source offers what the store has too: apt must take the store's."""
    old.write("/etc/apt/sources.list", f"deb [trusted=yes] file:{old.repository} ./\n")
    old.apt("update")
    assert change(old.machine, order(NEW))["outcome"] == "good"
    old.calls.clear()
    assert restore(old.machine, "")["outcome"] == "good"
    assert versions(old) == f"1:{OLD}-1"
    assert not went_by_dpkg(old)


def test_the_way_back_needs_no_repository_and_no_network(old):
    change(old.machine, order(NEW))
    for file in old.repository.iterdir():
        file.unlink()
    for file in (old.root / "var/lib/apt/lists").glob("*Packages*"):
        file.unlink()
    answer = restore(old.machine, "NVML fails")
    assert answer["outcome"] == "good", answer
    assert not went_by_dpkg(old)
    assert versions(old) == f"1:{OLD}-1"
    assert old.held() == set(SET)
    assert old.read(MODPROBE) is None
    assert old.run("apt-mark", "showauto").out.split() == ["libnvidia-compute"]
    journal = read_journal(old.machine)
    assert (journal.phase, journal.reason) == ("restored", "NVML fails")
    assert answer["reboot_needed"] is False
    assert restore(old.machine, "again")["outcome"] == "good"


def test_confirming_closes_the_journal_and_keeps_the_debs_of_two_sets(old):
    third = "590.48.01"
    old.publish(*driver(third), *driver("595.71.05"))
    for version in (NEW, third, "595.71.05"):
        assert change(old.machine, order(version))["outcome"] == "good"
        assert confirm(old.machine)["outcome"] == "good"
        assert old.read(JOURNAL) is None
    assert len(read_history(old.machine)) == 3
    kept = {
        file.name.split("%3a")[1].split("-")[0] for file in (old.root / STORE[1:]).glob("*.deb")
    }
    assert kept == {NEW, third, "595.71.05"}


def test_confirming_nothing_is_refused(rig):
    with pytest.raises(Refused, match="no driver change is open"):
        confirm(rig.machine)


def test_a_package_that_fails_to_configure_has_the_old_driver_put_back(old):
    log = old.root / "var/lib/dkms/nvidia/590.1/build/make.log"
    script = f"#!/bin/sh\nmkdir -p {log.parent}\necho error: no member named x > {log}\nexit 10\n"
    broken = {"postinst": script}
    old.publish(*driver("590.1", scripts=broken))
    answer = change(old.machine, order("590.1"))
    assert answer["outcome"] == "failed"
    assert "apt failed while it exchanged" in answer["reason"]
    assert any("returned error exit status 10" in line for line in answer["evidence"])
    assert answer["evidence"][-1] == "error: no member named x"
    assert answer["log"] in answer["remedy"]
    assert answer["restored"] == {"outcome": "good", "told": [f"driver {OLD} was put back"]}
    assert read_journal(old.machine).phase == "restored"
    assert not untouched(old), "the journal stays open until the old driver is proven"


def test_a_package_that_cannot_even_be_removed_by_apt_is_put_back_by_dpkg(old):
    broken = {"preinst": "#!/bin/sh\nexit 9\n", "postrm": "#!/bin/sh\nexit 9\n"}
    old.publish(*driver("590.1", scripts=broken))
    answer = change(old.machine, order("590.1"))
    assert answer["restored"]["outcome"] == "good", answer
    assert went_by_dpkg(old)
    assert versions(old) == f"1:{OLD}-1"
    assert old.run("dpkg", "--audit").out == ""


def test_a_module_of_another_version_has_the_old_driver_put_back(old):
    old.publish(*driver("590.1", module="589.9"))
    answer = change(old.machine, order("590.1"))
    assert answer["evidence"] == [f"kernel {KERNEL} has nvidia module 589.9, wanted 590.1"]
    assert answer["restored"]["outcome"] == "good"
    assert versions(old) == f"1:{OLD}-1"


def test_an_unsigned_module_has_the_old_driver_put_back_where_it_must_be_signed(old):
    answer = change(old.machine, order(NEW, must_be_signed=True))
    assert answer["evidence"] == [f"kernel {KERNEL}: its nvidia module is not signed"]
    assert versions(old) == f"1:{OLD}-1"


def test_the_end_of_dkms_log_is_shown(old):
    old.publish(*driver("590.1", module="589.9"))
    old.write("/var/lib/dkms/nvidia/590.1/source/dkms.conf", "")  # else it is a leftover
    old.write("/var/lib/dkms/nvidia/590.1/build/make.log", "\n".join(map(str, range(100))) + "\n")
    answer = change(old.machine, order("590.1"))
    assert answer["evidence"][-1] == "99"
    assert len(answer["evidence"]) == 22


def test_a_busy_gpu_puts_the_change_off_and_names_everybody(old):
    (old.root / "proc/70/fd").mkdir(parents=True)
    (old.root / "proc/70/fd/3").symlink_to("/dev/nvidia0")
    old.write("/proc/70/cmdline", "python\0train.py\0")
    with pytest.raises(Refused, match="in use") as refused:
        change(old.machine, order(NEW))
    assert refused.value.outcome == "busy"
    assert "python train.py (pid 70" in refused.value.evidence[0]
    assert untouched(old)
    assert change(old.machine, order(NEW, even_if_busy=True))["outcome"] == "good"


def test_a_wait_is_long_enough_for_a_process_that_ends(old, monkeypatch):
    (old.root / "proc/70/fd").mkdir(parents=True)
    device = old.root / "proc/70/fd/3"
    device.symlink_to("/dev/nvidia0")
    monkeypatch.setattr("time.sleep", lambda _: device.unlink())
    assert change(old.machine, order(NEW, drain_wait_seconds=60))["outcome"] == "good"


def test_a_repository_that_is_gone_leaves_the_driver_alone(old):
    next(old.repository.glob(f"nvidia-dkms_*{NEW}*")).unlink()
    with pytest.raises(Refused, match="cannot be downloaded") as refused:
        change(old.machine, order(NEW))
    assert f"nvidia-dkms 1:{NEW}-1" in refused.value.evidence
    assert untouched(old)


def test_a_deb_that_is_not_what_the_index_says_is_not_taken(old):
    deb = next(old.repository.glob(f"nvidia-dkms_*{NEW}*"))
    deb.write_bytes(deb.read_bytes()[:-200] + b"\0" * 200)
    with pytest.raises(Refused, match="cannot be downloaded") as refused:
        change(old.machine, order(NEW))
    assert any("Hash Sum mismatch" in line for line in refused.value.evidence)
    assert untouched(old)


def test_a_broken_deb_that_the_index_vouches_for_is_not_taken_either(old):
    deb = next(old.repository.glob(f"nvidia-dkms_*{NEW}*"))
    deb.write_bytes(deb.read_bytes()[:-150])
    old.index()
    with pytest.raises(Refused, match="cannot be downloaded"):
        change(old.machine, order(NEW))
    assert untouched(old)


def test_an_old_version_that_is_nowhere_any_more_is_refused_before_anything(old):
    for file in old.repository.glob(f"*{OLD}*"):
        file.unlink()
    for file in (old.root / "var/cache/apt/archives").glob("*.deb"):
        file.unlink()
    old.index()
    old.tool("dpkg-repack", "exit 1")
    with pytest.raises(Refused, match="nowhere any more") as refused:
        change(old.machine, order(NEW))
    assert len(refused.value.evidence) == 3
    assert untouched(old)


def test_apts_own_cache_serves_for_the_way_back(old):
    for file in old.repository.glob(f"*{OLD}*"):
        file.unlink()
    old.index()
    assert change(old.machine, order(NEW))["outcome"] == "good"
    assert restore(old.machine, "")["outcome"] == "good"
    assert versions(old) == f"1:{OLD}-1"


def test_what_would_remove_another_package_is_refused_by_name(old):
    old.publish(Deb("desktop", "3", depends=f"nvidia-driver (= 1:{OLD}-1)"))
    old.apt("install", "desktop")
    with pytest.raises(Refused, match="not the driver's") as refused:
        change(old.machine, order(NEW))
    assert refused.value.evidence == ("would remove desktop 3",)
    assert untouched(old)


def test_packages_that_do_not_fit_together_are_explained(old):
    old.publish(*driver("590.1", depends=", libx (>= 2)"), Deb("libx", "1"))
    with pytest.raises(Refused, match="no set of packages that fits") as refused:
        change(old.machine, order("590.1"))
    assert any("libx (>= 2)" in line for line in refused.value.evidence)
    assert untouched(old)


def test_a_package_that_is_unknown_is_refused(old):
    with pytest.raises(Refused, match="apt cannot install driver 599") as refused:
        change(old.machine, order("599.1"))
    assert any("599.1" in line for line in refused.value.evidence)
    assert untouched(old)


def test_a_full_disk_is_refused_with_figures(old, monkeypatch):
    class Full:
        f_bavail, f_frsize = 10, 4096

    monkeypatch.setattr("os.statvfs", lambda _: Full)
    with pytest.raises(Refused, match="not enough room") as refused:
        change(old.machine, order(NEW))
    assert "64 MiB needed, 0 MiB free" in refused.value.evidence[0]
    assert untouched(old)


def test_an_interrupted_dpkg_is_finished_first(old):
    flag = old.root / "tmp/may-configure"
    script = f"#!/bin/sh\ntest -e {flag}\n"
    old.publish(Deb("other", "1", scripts={"postinst": script}))
    assert not old.run("apt-get", "-y", "install", "other").is_good
    with pytest.raises(Refused, match="cannot be repaired"):
        change(old.machine, order(NEW))
    flag.touch()
    assert change(old.machine, order(NEW))["outcome"] == "good"
    assert old.installed()["other"] == "1"


def test_a_second_change_before_the_proof_keeps_the_proven_driver_as_the_way_back(old):
    old.publish(*driver("590.1"))
    change(old.machine, order(NEW))
    change(old.machine, order("590.1"))
    journal = read_journal(old.machine)
    assert (journal.wanted, journal.recorded) == ("590.1", OLD)
    assert restore(old.machine, "")["outcome"] == "good"
    assert versions(old) == f"1:{OLD}-1"


def test_a_refusal_leaves_an_unproven_change_open(old):
    change(old.machine, order(NEW))
    with pytest.raises(Refused):
        change(old.machine, order("599.1"))
    assert read_journal(old.machine).wanted == NEW


def test_the_ordered_preferences_are_what_apt_is_asked_with(old):
    """The old pin would keep a library, which nobody named, at the old driver's version."""
    pins = "/etc/apt/preferences.d/00-deeprig-nvidia-driver"
    text = "Package: libnvidia-*\nPin: version {}\nPin-Priority: 1001\n"
    old.write(pins, text.format("1:5*"))
    extra = (Deb("libnvidia-extra", v, files={"/usr/lib/x": v}) for v in ("1:570-1", "2:600-1"))
    old.publish(*driver("590.1", depends=", libnvidia-extra (>= 2:600-1)"), *extra)
    with pytest.raises(Refused, match="fits together"):
        change(old.machine, order("590.1"))
    new = (ManagedFile(pins, text.format("2:6*")),)
    assert change(old.machine, order("590.1", files=new))["outcome"] == "good"
    assert old.installed()["libnvidia-extra"] == "2:600-1"
    assert restore(old.machine, "")["outcome"] == "good"
    assert old.read(pins) == text.format("1:5*")
    assert "libnvidia-extra" not in old.installed()


def test_a_lock_that_somebody_holds_is_named_and_nothing_is_touched(old):
    path = old.root / "var/lib/dpkg/lock-frontend"
    take = f"import fcntl; f = open({str(path)!r}, 'w'); fcntl.lockf(f, fcntl.LOCK_EX); "
    take += "print('held', flush=True); input()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", take], stdin=pipe, stdout=pipe) as other:
        assert other.stdout.readline() == b"held\n"
        old.write(f"/proc/{other.pid}/comm", "unattended-upgr\n")
        with pytest.raises(Refused, match=r"unattended-upgr \(pid") as refused:
            change(old.machine, order(NEW))
        other.communicate(b"\n")
    assert refused.value.remedy
    assert untouched(old)
    assert change(old.machine, order(NEW))["outcome"] == "good"


def test_an_order_can_remove_a_driver(old):
    gone = order("", install=(), remove=SET, hold=(), kernels=())
    assert change(old.machine, gone)["outcome"] == "good"
    assert old.installed() == {}
    assert restore(old.machine, "")["outcome"] == "good"
    assert versions(old) == f"1:{OLD}-1"
    assert (old.root / MODULE[1:]).is_file()


def test_an_order_can_remove_a_package_of_a_foreign_architecture(old):
    assert old.run("dpkg", "--add-architecture", "i386").is_good
    old.publish(Deb("libnvidia-gl", f"1:{OLD}-1", architecture="i386"))
    old.apt("install", "libnvidia-gl:i386")
    assert change(old.machine, order(NEW, remove=("libnvidia-gl:i386",)))["outcome"] == "good"
    assert versions(old) == f"1:{NEW}-1"
    assert "libnvidia-gl" not in old.installed()
    assert restore(old.machine, "")["outcome"] == "good"
    assert old.installed()["libnvidia-gl"] == f"1:{OLD}-1"


DAEMON = "/usr/bin/nvidia-persistenced"


def moved_daemon(rig):
    """Publish a new driver whose daemon left the library for a package of its own."""
    library, *others = driver(OLD)
    library.files[DAEMON] = "old"
    rig.publish(library, *others, *driver(NEW), Deb("nvidia-daemon", "1", files={DAEMON: "new"}))
    more = (PackageVersion("nvidia-daemon", "1"),)
    return order(NEW, install=(*(PackageVersion(n, f"1:{NEW}-1") for n in SET), *more))


def test_a_file_may_move_from_one_package_of_the_change_to_another(rig):
    wanted = moved_daemon(rig)
    install(rig, OLD)
    assert change(rig.machine, wanted)["outcome"] == "good"
    assert rig.read(DAEMON) == "new"
    assert rig.run("dpkg-query", "-S", DAEMON).out == f"nvidia-daemon: {DAEMON}\n"
    assert restore(rig.machine, "")["outcome"] == "good"
    assert rig.read(DAEMON) == "old"


def test_a_file_of_a_package_that_stays_is_not_overwritten(rig):
    wanted = moved_daemon(rig)
    rig.publish(Deb("someones-tool", "1", files={DAEMON: "theirs"}))
    rig.apt("install", "someones-tool")
    library, *others = driver(OLD)
    rig.publish(library, *others)
    install(rig, OLD)
    answer = change(rig.machine, wanted)
    assert answer["outcome"] == "failed"
    assert "trying to overwrite" in " ".join(answer["evidence"])
    assert rig.read(DAEMON) == "theirs"
    assert versions(rig) == f"1:{OLD}-1"
