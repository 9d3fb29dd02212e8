"""Each alert of the table fires when it should, and is silent when it should."""

import re

import pytest
from deeprig_host.alerts.conditions import Missing, series_of
from deeprig_host.alerts.evaluate import verdicts
from deeprig_host.alerts.promql import go_template, promql
from deeprig_host.alerts.rules import ALERTS, alert_named
from deeprig_host.alerts.rules_gpu import XID_CRITICAL, XID_WARNING
from deeprig_host.alerts.rules_host import EXPORTER, FREE, SIZE
from deeprig_host.alerts.samples import parse
from deeprig_host.alerts.wording import summary
from deeprig_host.metrics.names import METRICS

NOW = 1_800_000_000.0
DAY = 86400
GPU = 'gpu="0",uuid="GPU-a"'
ECC = f'deeprig_gpu_ecc_errors_total{{{GPU},kind="%s",period="%s"}} %d'
DISK = 'device="/dev/sda1",mountpoint="/",fstype="%s"'
XID = 'deeprig_xid_last_timestamp_seconds{address="0000:01:00.0",code="%s"} %d'
STATUS = 'deeprig_status_timestamp_seconds{what="%s"} %d'

BACKUP_OK = 'deeprig_backup_ok{repository="disk",what="%s"} %d'
PRUNE = 'deeprig_backup_server_prune_outcome{client="rig1",outcome="%s"} %d'
DEADLINE = 'deeprig_backup_deadline_timestamp_seconds{repository="disk",what="%s"} %d'


def gpu(name, value, more=""):
    return f"deeprig_gpu_{name}{{{GPU}{more}}} {value}"


def disk(free, kind="ext4"):
    labels = DISK % kind
    return f"{FREE}{{{labels}}} {free}\n{SIZE}{{{labels}}} 1000"


def room(free):
    told = 'deeprig_backup_space%s_bytes{repository="disk"} %d'
    return told % ("_free", free) + "\n" + told % ("", 1000)


def lanes(now, most, load):
    return "\n".join(
        (
            gpu("pcie_width_lanes", now),
            gpu("pcie_width_max_lanes", most),
            gpu("utilization_ratio", load),
        )
    )


def limit(now, declared):
    told = gpu("power_limit_watts", now), gpu("power_limit_declared_watts", declared)
    return "\n".join(told)


def fan(speed, rpm):
    return gpu("fan_speed_ratio", speed, ',fan="1"') + "\n" + gpu("fan_speed_rpm", rpm, ',fan="1"')


def event(reason, value):
    return gpu("clock_event", value, f',reason="{reason}"')


#: Alert to what fires it and what does not: samples as the collector writes them.
CASES = {
    "GpuXidCritical": (
        [XID % (code, NOW - 60) for code in (48, 62, 64, 74, 79, 95, 119, 120)],
        [XID % (code, NOW - 60) for code in (13, 31, 43, 63, 92, 94, 45, 7, 790)]
        + [XID % (79, NOW - 3601)],
    ),
    "GpuXidContained": (
        [XID % (94, NOW - 60)],
        [XID % (code, NOW - 60) for code in (13, 31, 43, 63, 92, 79, 9)] + [XID % (94, NOW - 4000)],
    ),
    "GpuEccUncorrected": (
        [ECC % ("uncorrected", "volatile", 1)],
        [
            ECC % ("uncorrected", "volatile", 0),
            ECC % ("corrected", "volatile", 9),
            ECC % ("uncorrected", "aggregate", 9),
        ],
    ),
    "GpuRowRemapFailed": ([gpu("row_remap_failed", 1)], [gpu("row_remap_failed", 0)]),
    "GpuRowRemapPending": ([gpu("row_remap_pending", 1)], [gpu("row_remap_pending", 0)]),
    "GpuRetiredPagesPending": (
        [gpu("retired_pages_pending", 1)],
        [gpu("retired_pages_pending", 0)],
    ),
    "GpuLost": ([gpu("up", 0)], [gpu("up", 1)]),
    "GpuMissing": (
        ["deeprig_gpus_answering 3\ndeeprig_gpus_on_bus 4"],
        ["deeprig_gpus_answering 4\ndeeprig_gpus_on_bus 4", "deeprig_gpus_on_bus 4"],
    ),
    "NvmlUnusable": (
        ["deeprig_nvml_up 0\ndeeprig_gpus_on_bus 1"],
        ["deeprig_nvml_up 0\ndeeprig_gpus_on_bus 0", "deeprig_nvml_up 1\ndeeprig_gpus_on_bus 1"],
    ),
    "DriverMismatch": (["deeprig_driver_mismatch 1"], ["deeprig_driver_mismatch 0"]),
    "PcieWidthReduced": (
        [lanes(8, 16, 0.9)],
        [lanes(16, 16, 0.9), lanes(8, 16, 0.0), gpu("pcie_width_lanes", 1)],
    ),
    "GpuNearSlowdown": (
        [gpu("slowdown_margin_celsius", value) for value in (5, 0, -3)],
        [gpu("slowdown_margin_celsius", value) for value in (6, 30)],
    ),
    "GpuHardwareSlowdown": (
        [event("hardware_thermal", 1), event("hardware_power_brake", 1)],
        [
            event("hardware_thermal", 0),
            event("software_power_cap", 1),
            event("gpu_idle", 1),
            event("software_thermal", 1),
        ],
    ),
    "GpuThermalThrottle": (
        [event("software_thermal", 1)],
        [event("software_thermal", 0), event("software_power_cap", 1)],
    ),
    "GpuFanStopped": ([fan(0.6, 0)], [fan(0.6, 1800), fan(0, 0), gpu("fan_speed_rpm", 0)]),
    "GpuPowerLimitLow": ([limit(250, 300)], [limit(298, 300), limit(300, 300), limit(350, 300)]),
    "GpuPowerLimitHigh": ([limit(350, 300)], [limit(302, 300), limit(300, 300), limit(250, 300)]),
    "CoolingFailsafe": (
        [
            f'deeprig_cooling_mode{{{GPU},mode="{mode}"}} 1'
            for mode in ("failsafe", "released", "lost")
        ],
        [f'deeprig_cooling_mode{{{GPU},mode="{mode}"}} 1' for mode in ("curve", "monitor")]
        + [f'deeprig_cooling_mode{{{GPU},mode="failsafe"}} 0'],
    ),
    "CoolingStopped": (["deeprig_cooling_up 0"], ["deeprig_cooling_up 1"]),
    "CoolingStale": (
        [f"deeprig_cooling_loop_timestamp_seconds {NOW - 121}"],
        [f"deeprig_cooling_loop_timestamp_seconds {NOW - 5}"],
    ),
    "MetricsStale": (
        [f"deeprig_collector_last_success_timestamp_seconds {NOW - 301}"],
        [f"deeprig_collector_last_success_timestamp_seconds {NOW - 20}"],
    ),
    "MetricsMissing": (
        ["deeprig_gpus_on_bus 1"],
        [f"deeprig_collector_last_success_timestamp_seconds {NOW - 9999}"],
    ),
    "CollectorPartFailed": (
        ['deeprig_collector_part_up{part="gpu"} 0'],
        ['deeprig_collector_part_up{part="gpu"} 1'],
    ),
    "DiskNearlyFull": ([disk(99)], [disk(101), disk(0, "squashfs"), disk(0, "tmpfs")]),
    "DiskFull": ([disk(19)], [disk(21), disk(0, "squashfs")]),
    "VerifyFailed": (
        ['deeprig_status_ok{what="verify"} 0'],
        ['deeprig_status_ok{what="verify"} 1', 'deeprig_status_ok{what="backup"} 0'],
    ),
    "VerifyTooOld": (
        [STATUS % ("verify", NOW - 31 * DAY)],
        [STATUS % ("verify", NOW - 29 * DAY), STATUS % ("apply", NOW - 99 * DAY)],
    ),
    "ApplyFailed": (
        ['deeprig_status_ok{what="apply"} 0'],
        ['deeprig_status_ok{what="apply"} 1', 'deeprig_status_ok{what="backup"} 0'],
    ),
    "RebootOverdue": (
        [f"deeprig_reboot_required_since_timestamp_seconds {NOW - 8 * DAY}"],
        [f"deeprig_reboot_required_since_timestamp_seconds {NOW - 6 * DAY}"],
    ),
    "UpdatesStale": (
        [f'deeprig_updates_timestamp_seconds{{step="refresh"}} {NOW - 8 * DAY}'],
        [
            f'deeprig_updates_timestamp_seconds{{step="refresh"}} {NOW - DAY}',
            f'deeprig_updates_timestamp_seconds{{step="upgrade"}} {NOW - 99 * DAY}',
        ],
    ),
    "BackupFailed": (
        [BACKUP_OK % ("backup", 0)],
        [BACKUP_OK % ("backup", 1), BACKUP_OK % ("check", 0)],
    ),
    "BackupTooOld": (
        [DEADLINE % ("backup", NOW - 1)],
        [DEADLINE % ("backup", NOW + 1), DEADLINE % ("check", NOW - DAY)],
    ),
    "BackupShrunk": (
        ['deeprig_backup_remaining_ratio{repository="disk"} 0.49'],
        ['deeprig_backup_remaining_ratio{repository="disk"} 0.5'],
    ),
    "BackupCheckFailed": (
        [BACKUP_OK % ("check", 0)],
        [BACKUP_OK % ("check", 1), BACKUP_OK % ("backup", 0)],
    ),
    "BackupDrillFailed": (
        [BACKUP_OK % ("drill", 0)],
        [BACKUP_OK % ("drill", 1), BACKUP_OK % ("check", 0)],
    ),
    "BackupNotProven": (
        [DEADLINE % ("check", NOW - 1), DEADLINE % ("drill", NOW - 1)],
        [DEADLINE % ("check", NOW + 1), DEADLINE % ("backup", NOW - DAY)],
    ),
    "BackupSilent": (
        [f"deeprig_backup_schedule_timestamp_seconds {NOW - 7201}"],
        [f"deeprig_backup_schedule_timestamp_seconds {NOW - 7199}"],
    ),
    "BackupConfigBad": (["deeprig_backup_config_ok 0"], ["deeprig_backup_config_ok 1"]),
    "BackupRepositoryNearlyFull": (
        [room(99)],
        [room(101), room(99).splitlines()[0]],
    ),
    "BackupServerSuspicious": (
        [PRUNE % ("refused", 1)],
        [PRUNE % ("refused", 0), PRUNE % ("failed", 1), PRUNE % ("good", 1)],
    ),
    "BackupServerFailed": (
        [PRUNE % ("failed", 1)],
        [PRUNE % ("failed", 0), PRUNE % ("refused", 1), PRUNE % ("good", 1)],
    ),
    "BackupServerTooOld": (
        [f"deeprig_backup_server_prune_timestamp_seconds {NOW - 3 * DAY - 1}"],
        [f"deeprig_backup_server_prune_timestamp_seconds {NOW - 2 * DAY}"],
    ),
}
NAMES = [alert.name for alert in ALERTS]


def holding(name, text):
    found = verdicts(alert_named(name), parse(text + "\n"), NOW)
    return [subject for subject, verdict in found.items() if verdict.holds]


def test_every_alert_has_its_cases():
    assert list(CASES) == NAMES
    assert len(set(NAMES)) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_an_alert_fires(name):
    for text in CASES[name][0]:
        assert len(holding(name, text)) == 1, text


@pytest.mark.parametrize("name", NAMES)
def test_an_alert_is_silent(name):
    for text in CASES[name][1]:
        assert holding(name, text) == [], text


def test_codes_that_programs_cause_or_that_report_a_repair_are_never_told():
    assert not {"13", "31", "43", "63", "92"} & {*XID_CRITICAL, *XID_WARNING}


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_every_series_is_one_that_is_written_and_tells_subjects_apart(alert):
    written = {metric.name: metric for metric in METRICS}
    disk_labels = ("device", "mountpoint")
    for series in series_of(alert.condition):
        if series.metric in (FREE, SIZE):
            assert alert.by == disk_labels
            continue
        if series.metric == EXPORTER:
            continue
        metric = written[series.metric]
        fixed = {label.name for label in series.where if len(label.values) == 1}
        assert {label.name for label in series.where} <= set(metric.labels)
        if not isinstance(alert.condition, Missing):
            assert set(metric.labels) - fixed <= set(alert.by) <= set(metric.labels)


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_values_of_fixed_labels_are_ones_that_are_written(alert):
    written = {metric.name: metric for metric in METRICS}
    for series in series_of(alert.condition):
        metric = written.get(series.metric)
        for label in series.where if metric else ():
            if metric.values and label.name == metric.labels[-1]:
                assert set(label.values) <= set(metric.values)


@pytest.mark.parametrize("alert", ALERTS, ids=NAMES)
def test_a_summary_can_be_told_by_both(alert):
    told = summary(alert, tuple("x" for _ in alert.by), 0.5)
    assert "{" not in told
    assert not re.search(r"(?<!\{)\{\w", go_template(alert)), "a place was left"
    labels = set(re.findall(r"\$labels\.(\w+)", go_template(alert)))
    assert labels <= set(alert.by), "a server's series has these labels for sure, and no others"
    assert alert.remedy.endswith(".")
    assert alert.meaning.endswith(".")


def test_promql_joins_series_of_one_subject_on_one_host():
    assert promql(alert_named("GpuLost")) == "deeprig_gpu_up == 0"
    assert promql(alert_named("GpuMissing")) == (
        "deeprig_gpus_answering < on (instance) deeprig_gpus_on_bus"
    )
    assert promql(alert_named("GpuFanStopped")) == (
        "(deeprig_gpu_fan_speed_rpm == 0) and on (instance, gpu, uuid, fan) "
        "(deeprig_gpu_fan_speed_ratio > 0)"
    )
    assert promql(alert_named("GpuXidContained")) == (
        'time() - deeprig_xid_last_timestamp_seconds{code="94"} < 3600'
    )
    assert promql(alert_named("MetricsMissing")) == (
        "node_exporter_build_info unless on (instance) "
        "deeprig_collector_last_success_timestamp_seconds"
    )


def test_numbers_of_promql_are_not_rounded():
    for alert in ALERTS:
        for number in re.findall(r" (?:[<>]=?|==) ([\d.e+]+)", promql(alert)):
            assert float(number) in {
                0,
                0.02,
                0.1,
                0.2,
                0.5,
                0.99,
                1,
                1.01,
                5,
                120,
                300,
                3600,
                7200,
                259200,
                604800,
                2592000,
            }


def test_a_fan_that_stands_still_does_not_speak_for_another():
    text = "\n".join(
        (
            gpu("fan_speed_ratio", 0.5, ',fan="0"'),
            gpu("fan_speed_rpm", 1500, ',fan="0"'),
            gpu("fan_speed_ratio", 0, ',fan="1"'),
            gpu("fan_speed_rpm", 0, ',fan="1"'),
        )
    )
    assert holding("GpuFanStopped", text) == []


def test_a_value_that_is_not_known_is_no_verdict():
    found = verdicts(
        alert_named("GpuNearSlowdown"), parse(gpu("slowdown_margin_celsius", "NaN") + "\n"), NOW
    )
    assert dict(found) == {}
