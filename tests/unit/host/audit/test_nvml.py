"""NVML is asked through its real calls, of a library that is simulated by a few lines of C."""

import json
import subprocess

import pytest
from deeprig_host.audit import nvml
from deeprig_host.audit.gpus import gpus
from deeprig_host.audit.pci import Device
from deeprig_host.audit.tree import Tree

LIBRARY = r"""
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
typedef struct { char legacy[16]; unsigned domain, bus, device, id, sub; char bus_id[32]; } Pci;
typedef struct { unsigned long long total, free, used; } Memory;
static int mode(const char *name) { const char *m = getenv("FAULT"); return m && !strcmp(m, name); }
static int cards[2];
static int number(void *card) { return (int *)card - cards; }
const char *nvmlErrorString(int e)
{
    return e == 3 ? "Not Supported" : e == 15 ? "GPU is lost" : e == 9 ? "Driver Not Loaded" : "?";
}
int nvmlInit_v2(void)
{
    if (mode("crash")) abort();
    if (mode("hang")) pause();
    return mode("init") ? 9 : 0;
}
int nvmlShutdown(void) { return 0; }
int nvmlDeviceGetCount_v2(unsigned *n) { *n = 2; return 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned i, void **card)
{
    *card = &cards[i];
    return mode("lost") && i == 1 ? 15 : 0;
}
int nvmlDeviceGetPciInfo_v3(void *card, Pci *pci)
{
    sprintf(pci->bus_id, "%08X:%02X:00.0", number(card) ? 0x10000 : 0, 0xA1);
    pci->id = 0x233010DE;
    return 0;
}
int nvmlDeviceGetName(void *card, char *text, unsigned n) { strncpy(text, "Card", n); return 0; }
int nvmlDeviceGetUUID(void *card, char *text, unsigned n) { strncpy(text, "GPU-1", n); return 0; }
int nvmlDeviceGetMemoryInfo(void *card, Memory *m) { m->total = 85520809984ull; return 0; }
int nvmlDeviceGetCudaComputeCapability(void *card, int *a, int *b) { *a = 9; *b = 0; return 0; }
int nvmlDeviceGetPowerManagementLimit(void *card, unsigned *w) { *w = 650500; return 0; }
int nvmlDeviceGetPowerManagementLimitConstraints(void *card, unsigned *low, unsigned *high)
{
    *low = 200000, *high = 700000;
    return 0;
}
#ifdef NEW
typedef struct { unsigned version, sensor; int celsius; } Temperature;
int nvmlDeviceGetTemperatureV(void *card, Temperature *t)
{
    if (t->version != (sizeof *t | 1 << 24)) return 25;
    t->celsius = 43;
    return t->sensor;
}
int nvmlDeviceGetCurrentClocksEventReasons(void *card, unsigned long long *r)
{
    *r = number(card) ? 0x20 | 0x4 : 0x1 | 0x4 | 0x8;
    return 0;
}
#else
int nvmlDeviceGetCurrentClocksThrottleReasons(void *card, unsigned long long *r)
{
    *r = number(card) ? 0 : 0x40;
    return 0;
}
#endif
int nvmlDeviceGetTemperatureThreshold(void *card, int kind, unsigned *t)
{
    *t = 93;
    return kind == 1 ? 0 : 2;
}
int nvmlDeviceGetTemperature(void *card, int sensor, unsigned *t) { *t = 41; return sensor; }
#ifndef OLD
int nvmlDeviceGetNumFans(void *card, unsigned *n) { return 3; }
#endif
int nvmlDeviceGetNvLinkState(void *card, unsigned link, unsigned *active)
{
    if (number(card) == 1) return 3;
    *active = link != 2;
    return link < 18 ? 0 : 2;
}
"""
FIRST, SECOND = "0000:a1:00.0", "10000:a1:00.0"


def build(directory, *options):
    (directory / "nvml.c").write_text(LIBRARY)
    words = ["gcc", "-shared", "-fPIC", "-w", *options, "nvml.c", "-o", "libnvidia-ml.so.1"]
    subprocess.run(words, cwd=directory, check=True)
    return directory


@pytest.fixture(scope="module")
def library(tmp_path_factory):
    return build(tmp_path_factory.mktemp("library"))


@pytest.fixture
def ask(library, monkeypatch):
    """Ask the simulated library in a given state."""
    monkeypatch.setenv("LD_LIBRARY_PATH", str(library))

    def ask_in(fault=""):
        monkeypatch.setenv("FAULT", fault)
        return nvml.ask(Tree())

    return ask_in


def test_every_field_of_every_card_is_asked_for(ask):
    first, second = ask().gpus
    assert (first.address, first.vendor, first.device) == (FIRST, "10de", "2330")
    assert first.values == {
        "name": "Card",
        "uuid": "GPU-1",
        "memory_bytes": 85520809984,
        "compute_capability": "9.0",
        "power_limit_watts": 650.5,
        "power_max_watts": 700.0,
        "temperature_celsius": 41,
        "slowdown_celsius": 93,
        "is_slowed_by_heat": True,
        "nvlink_count": 17,
    }
    assert first.errors == {"fan_count": "nvmlDeviceGetNumFans: Not Supported"}
    # Domains of more than 16 bits are written with all their digits; no NVLink is no error.
    assert (second.address, second.values["nvlink_count"]) == (SECOND, 0)


def test_a_library_without_a_call_costs_that_field_only(tmp_path, monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", str(build(tmp_path, "-DOLD")))
    first = nvml.ask(Tree()).gpus[0]
    assert "nvmlDeviceGetNumFans" in first.errors["fan_count"]
    assert first.values["temperature_celsius"] == 41


def test_calls_that_replace_older_ones_are_preferred(tmp_path, monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", str(build(tmp_path, "-DNEW")))
    first, second = nvml.ask(Tree()).gpus
    assert first.values["temperature_celsius"] == 43
    # Power caps, idling and "hardware slowdown" alone are not heat.
    assert first.values["is_slowed_by_heat"] is False
    assert second.values["is_slowed_by_heat"] is True


def test_a_lost_card_costs_no_other(ask):
    answer = ask("lost")
    assert [gpu.address for gpu in answer.gpus] == [FIRST]
    assert answer.lost == ("GPU 1: nvmlDeviceGetHandleByIndex_v2: GPU is lost",)


@pytest.mark.parametrize(
    ("fault", "error"),
    [("init", "nvmlInit_v2: Driver Not Loaded"), ("crash", "NVML ended with -6")],
)
def test_a_library_that_fails_or_crashes_is_told(fault, error, ask):
    assert ask(fault) == nvml.Answer(error=error)


def test_a_library_that_hangs_is_ended(ask, monkeypatch):
    monkeypatch.setattr(nvml, "_LIMIT_SECONDS", 1)
    assert "did not end within 1 s" in ask("hang").error


def test_no_library_is_told_by_its_name(tmp_path, monkeypatch):
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    (tmp_path / "libnvidia-ml.so.1").write_text("no library")
    answer = nvml.ask(Tree())
    assert answer.gpus == ()
    assert "libnvidia-ml.so.1" in answer.error


@pytest.mark.parametrize("text", ["", "rubbish", "[]", "{}", '{"gpus": [{}], "error": null}'])
def test_an_answer_that_is_none_of_ours_is_an_error(text):
    answer = nvml.parse(text)
    assert answer.gpus == ()
    assert answer.error.startswith("NVML's answer cannot be read: ")


def card(address):
    return Device(address, "10de", "2330", "030200", None, "nvidia", None, None, (), None)


def test_a_card_that_nvml_has_lost_comes_from_the_bus_with_the_reason(bench):
    lost = {"index": 1, "values": {}, "errors": {"pci": "GPU is lost"}}
    bench.put("/proc/driver/nvidia/version", "NVRM")
    bench.put(nvml.RECORDED, json.dumps({"gpus": [lost], "error": None}))
    tree = Tree(bench.root)
    (found,) = gpus(tree, [card(FIRST)])
    assert (found.source, found.driver, found.memory_bytes) == ("pci", "nvidia", None)
    reasons = {entry.what: entry.why for entry in tree.unknown}
    assert reasons[f"gpus.{FIRST}.memory_bytes"] == "GPU 1: GPU is lost"


def test_a_card_that_only_nvml_sees_is_told_as_well(bench):
    pci = {"address": FIRST, "vendor": "10de", "device": "2330"}
    said = {"index": 0, "values": {"pci": pci, "name": "Card"}, "errors": {}}
    bench.put("/proc/driver/nvidia/version", "NVRM")
    bench.put(nvml.RECORDED, json.dumps({"gpus": [said], "error": None}))
    tree = Tree(bench.root)
    (found,) = gpus(tree, [])
    assert (found.address, found.name, found.driver) == (FIRST, "Card", None)
    reasons = {entry.what: entry.why for entry in tree.unknown}
    assert reasons[f"gpus.{FIRST}.uuid"] == "NVML did not say"
    assert f"gpus.{FIRST}.driver" in reasons


def test_another_root_without_a_recorded_answer_is_not_asked_about(bench):
    bench.put("/proc/driver/nvidia/version", "NVRM")
    tree = Tree(bench.root)
    (found,) = gpus(tree, [card(FIRST)])
    assert found.source == "pci"
    assert any("none was recorded" in entry.why for entry in tree.unknown)
