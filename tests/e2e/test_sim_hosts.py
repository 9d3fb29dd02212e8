"""What simulated GPU machines promise the other tests: cards, loading, Secure Boot, power."""

from tests.e2e.gpu_lab import HOST, OLD, WORKSTATION
from tests.sim.hosts import api, pci

_BOOT_ID = "cat /proc/sys/kernel/random/boot_id"


def test_a_machine_shows_the_cards_it_was_given_and_says_that_they_are_simulated(gpu):
    gpu.start_from("fresh")
    gpu.become(api.Machine(pci.HGX_H100, ubuntu="22.04"))
    try:
        shown = "cat /sys/bus/pci/devices/*/device"
        assert gpu.root(shown).split() == ["0x2330"] * 8 + ["0x22a3"] * 4
        release = gpu.root("cat /etc/os-release").splitlines()
        assert {"ID=ubuntu", 'VERSION_ID="22.04"'} <= set(release)
        assert gpu.root("cat /etc/deeprig-sim/simulated") == api.SIMULATED.strip()
        assert gpu.loaded() == "", "no module, nothing loaded"
    finally:
        gpu.become(WORKSTATION)


def test_secure_boot_loads_no_module_of_a_signer_who_is_not_enrolled(gpu):
    gpu.have_driver()
    assert gpu.loaded() == OLD
    signer = gpu.root("modinfo -k $(uname -r) -F signer nvidia")
    try:
        gpu.become(api.Machine((pci.RTX_4090,), secure_boot=True))
        assert gpu.loaded() == ""
        assert "Key was rejected by service" in gpu.root("cat /run/deeprig-sim/dmesg")
        gpu.become(api.Machine((pci.RTX_4090,), secure_boot=True, enrolled=(signer,)))
        assert gpu.loaded() == OLD
    finally:
        gpu.become(WORKSTATION)


def test_a_power_cut_ends_everything_and_the_next_boot_is_another(gpu):
    gpu.start_from("fresh")
    host = gpu.state.host(HOST)
    before = gpu.root(_BOOT_ID)
    gpu.root("touch /run/only-until-the-power-is-cut /root/stays")
    api.power_off(gpu.state, host)
    assert gpu.ssh(HOST, "true").returncode == 255, "nobody answers"
    api.power_on(gpu.state, host)
    assert gpu.root(_BOOT_ID) != before
    gpu.root("test ! -e /run/only-until-the-power-is-cut && test -e /root/stays")
