"""The alerts as Prometheus understands them: promtool's own tests, a firing and a silent case each.

promtool is the real one (conftest.py).
"""

import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "host"))

from deeprig_host.alerts.rules import ALERTS  # noqa: E402 - found by the line above

RULES = ROOT / "roles" / "monitoring" / "files" / "deeprig.rules.yml"
GPU = 'instance="rig1",gpu="0",uuid="GPU-0"'
HOST = 'instance="rig1"'
DISK = f'{HOST},device="/dev/sda1",mountpoint="/",fstype="ext4"'
DAY = 86400
#: After so long every ``for`` is over; the test's clock begins at 0 (the year 1970).
AT = "30m"
SECONDS = 1800


def series(metric, labels, values):
    """Return a series of promtool's: a number stays for all the time."""
    text = values if isinstance(values, str) else f"{values}+0x60"
    return {"series": f"{metric}{{{labels}}}", "values": text}


def xid(code, age):
    labels = f'{HOST},address="0000:01:00.0",code="{code}"'
    return [series("deeprig_xid_last_timestamp_seconds", labels, SECONDS - age)]


def gpu(metric, value, more=""):
    return [series(f"deeprig_gpu_{metric}", GPU + more, value)]


def host(metric, value, labels=HOST):
    return [series(f"deeprig_{metric}", labels, value)]


def disk(free):
    return [
        series("node_filesystem_avail_bytes", DISK, free),
        series("node_filesystem_size_bytes", DISK, 1000),
    ]


def status(what, metric, value):
    return host(f"status_{metric}", value, f'{HOST},what="{what}"')


def job(metric, what, value):
    return host(f"backup_{metric}", value, f'{HOST},repository="disk",what="{what}"')


def prune(outcome, value):
    labels = f'{HOST},client="rig9",outcome="{outcome}"'
    return host("backup_server_prune_outcome", value, labels)


def room(free):
    labels = f'{HOST},repository="disk"'
    return host("backup_space_free_bytes", free, labels) + host("backup_space_bytes", 1000, labels)


ECC = ',kind="uncorrected",period="volatile"'
#: A thing that goes on: its time is always now (a step is a minute).
NOW = "0+60x60"
EXPORTER = [series("node_exporter_build_info", HOST, 1)]
#: What fires, and what is as near to it as can be and does not.
CASES = {
    "GpuXidCritical": (xid(79, 60), xid(79, 3700)),
    "GpuXidContained": (xid(94, 60), xid(31, 60)),
    "GpuEccUncorrected": (
        gpu("ecc_errors_total", 1, ECC),
        gpu("ecc_errors_total", 0, ECC)
        + gpu("ecc_errors_total", 9, ',kind="uncorrected",period="aggregate"'),
    ),
    "GpuRowRemapFailed": (gpu("row_remap_failed", 1), gpu("row_remap_failed", 0)),
    "GpuRowRemapPending": (gpu("row_remap_pending", 1), gpu("row_remap_pending", 0)),
    "GpuRetiredPagesPending": (gpu("retired_pages_pending", 1), gpu("retired_pages_pending", 0)),
    "GpuLost": (gpu("up", 0), gpu("up", 1)),
    "GpuMissing": (
        host("gpus_answering", 1) + host("gpus_on_bus", 2),
        host("gpus_answering", 2) + host("gpus_on_bus", 2),
    ),
    "NvmlUnusable": (
        host("nvml_up", 0) + host("gpus_on_bus", 1),
        host("nvml_up", 0) + host("gpus_on_bus", 0),
    ),
    "DriverMismatch": (host("driver_mismatch", 1), host("driver_mismatch", 0)),
    "PcieWidthReduced": (
        gpu("pcie_width_lanes", 4) + gpu("pcie_width_max_lanes", 16) + gpu("utilization_ratio", 1),
        gpu("pcie_width_lanes", 4) + gpu("pcie_width_max_lanes", 16) + gpu("utilization_ratio", 0),
    ),
    "GpuPowerLimitLow": (
        gpu("power_limit_watts", 250) + gpu("power_limit_declared_watts", 300),
        gpu("power_limit_watts", 350) + gpu("power_limit_declared_watts", 300),
    ),
    "GpuPowerLimitHigh": (
        gpu("power_limit_watts", 350) + gpu("power_limit_declared_watts", 300),
        gpu("power_limit_watts", 302) + gpu("power_limit_declared_watts", 300),
    ),
    "GpuNearSlowdown": (gpu("slowdown_margin_celsius", 5), gpu("slowdown_margin_celsius", 6)),
    "GpuHardwareSlowdown": (
        gpu("clock_event", 1, ',reason="hardware_power_brake"'),
        gpu("clock_event", 1, ',reason="software_power_cap"'),
    ),
    "GpuThermalThrottle": (
        gpu("clock_event", 1, ',reason="software_thermal"'),
        gpu("clock_event", 1, ',reason="gpu_idle"'),
    ),
    "GpuFanStopped": (
        gpu("fan_speed_rpm", 0, ',fan="0"') + gpu("fan_speed_ratio", 0.5, ',fan="0"'),
        gpu("fan_speed_rpm", 0, ',fan="0"') + gpu("fan_speed_ratio", 0, ',fan="0"'),
    ),
    "CoolingFailsafe": (
        host("cooling_mode", 1, f'{GPU},mode="failsafe"'),
        host("cooling_mode", 1, f'{GPU},mode="curve"'),
    ),
    "CoolingStopped": (host("cooling_up", 0), host("cooling_up", 1)),
    "CoolingStale": (
        host("cooling_loop_timestamp_seconds", 0),
        host("cooling_loop_timestamp_seconds", NOW),
    ),
    "MetricsStale": (
        host("collector_last_success_timestamp_seconds", 0),
        host("collector_last_success_timestamp_seconds", NOW),
    ),
    "MetricsMissing": (
        EXPORTER,
        EXPORTER + host("collector_last_success_timestamp_seconds", NOW),
    ),
    "CollectorPartFailed": (
        host("collector_part_up", 0, f'{HOST},part="gpu"'),
        host("collector_part_up", 1, f'{HOST},part="gpu"'),
    ),
    "DiskNearlyFull": (disk(90), disk(110)),
    "DiskFull": (disk(10), disk(90)),
    "VerifyFailed": (status("verify", "ok", 0), status("backup", "ok", 0)),
    "VerifyTooOld": (
        status("verify", "timestamp_seconds", SECONDS - 30 * DAY - 60),
        status("verify", "timestamp_seconds", SECONDS - 30 * DAY + 60),
    ),
    "ApplyFailed": (status("apply", "ok", 0), status("apply", "ok", 1)),
    "RebootOverdue": (
        host("reboot_required_since_timestamp_seconds", SECONDS - 7 * DAY - 60),
        host("reboot_required_since_timestamp_seconds", SECONDS - 7 * DAY + 60),
    ),
    "UpdatesStale": (
        host("updates_timestamp_seconds", SECONDS - 7 * DAY - 60, f'{HOST},step="refresh"'),
        host("updates_timestamp_seconds", SECONDS - 7 * DAY - 60, f'{HOST},step="upgrade"'),
    ),
    "BackupFailed": (job("ok", "backup", 0), job("ok", "backup", 1) + job("ok", "check", 0)),
    "BackupTooOld": (
        job("deadline_timestamp_seconds", "backup", -60),
        job("deadline_timestamp_seconds", "backup", SECONDS + 60)
        + job("deadline_timestamp_seconds", "drill", -60),
    ),
    "BackupShrunk": (
        host("backup_remaining_ratio", 0.4, f'{HOST},repository="disk"'),
        host("backup_remaining_ratio", 0.6, f'{HOST},repository="disk"'),
    ),
    "BackupCheckFailed": (job("ok", "check", 0), job("ok", "check", 1) + job("ok", "drill", 0)),
    "BackupDrillFailed": (job("ok", "drill", 0), job("ok", "drill", 1) + job("ok", "backup", 0)),
    "BackupNotProven": (
        job("deadline_timestamp_seconds", "drill", -7260),
        job("deadline_timestamp_seconds", "backup", -7260)
        + job("deadline_timestamp_seconds", "check", SECONDS + 60),
    ),
    "BackupSilent": (
        host("backup_schedule_timestamp_seconds", -7260),
        host("backup_schedule_timestamp_seconds", NOW),
    ),
    "BackupConfigBad": (host("backup_config_ok", 0), host("backup_config_ok", 1)),
    "BackupRepositoryNearlyFull": (room(90), room(110)),
    "BackupServerSuspicious": (prune("refused", 1), prune("refused", 0) + prune("failed", 1)),
    "BackupServerFailed": (prune("failed", 1), prune("failed", 0) + prune("refused", 1)),
    "BackupServerTooOld": (
        host("backup_server_prune_timestamp_seconds", -3 * DAY - 60),
        host("backup_server_prune_timestamp_seconds", SECONDS - 3 * DAY + 60),
    ),
    "HostUnreachable": (
        [series("up", f'{HOST},job="deeprig"', 0)],
        [series("up", f'{HOST},job="deeprig"', 1), series("up", f'{HOST},job="other"', 0)],
    ),
}


def run(command, place, code=0):
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    assert done.returncode == code, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def firing(name, count):
    """Return promtool's expectation of how many alerts of a name fire in the end."""
    expression = f'count(ALERTS{{alertname="{name}",alertstate="firing"}}) or vector(0)'
    samples = [{"labels": "{}", "value": count}]
    return {"expr": expression, "eval_time": AT, "exp_samples": samples}


def suite(cases, place):
    """Write a test file of promtool's with the cases, beside the rules."""
    tests = [
        {"interval": "1m", "input_series": given, "promql_expr_test": [firing(name, count)]}
        for name, given, count in cases
    ]
    text = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}
    (place / "tests.yml").write_text(yaml.safe_dump(text))
    return ["test", "rules", "tests.yml"]


def test_every_alert_has_a_case():
    names = {rule["alert"] for group in groups() for rule in group["rules"]}
    assert set(CASES) == names
    assert names - {"HostUnreachable"} == {alert.name for alert in ALERTS}


def test_promtool_takes_the_rules(promtool, tmp_path):
    said = run([promtool, "check", "rules", str(RULES)], tmp_path)
    assert f"SUCCESS: {len(CASES)} rules found" in said


def test_each_alert_fires_where_it_should(promtool, tmp_path):
    cases = [(name, given, 1) for name, (given, _) in CASES.items()]
    assert "SUCCESS" in run([promtool, *suite(cases, tmp_path)], tmp_path)


def test_each_alert_is_silent_where_it_should_be(promtool, tmp_path):
    cases = [(name, silent, 0) for name, (_, silent) in CASES.items()]
    assert "SUCCESS" in run([promtool, *suite(cases, tmp_path)], tmp_path)


def test_what_lasts_too_short_does_not_fire(promtool, tmp_path):
    """Of each alert that waits, the condition holds only now."""
    waiting = [a for a in ALERTS if a.for_seconds >= 60 and a.name not in AGES]
    cases = [(a.name, [only_at_the_end(one) for one in CASES[a.name][0]], 0) for a in waiting]
    assert len(cases) > 10
    assert "SUCCESS" in run([promtool, *suite(cases, tmp_path)], tmp_path)


#: Their series is a time: it is old from the beginning.
AGES = ("CoolingStale", "MetricsStale")


def only_at_the_end(one):
    """Return a series that is there only in the last minute."""
    value = one["values"].partition("+")[0]
    return {"series": one["series"], "values": f"_x{SECONDS // 60} {value}"}


def test_these_tests_can_fail(promtool, tmp_path):
    name, (given, _) = next(iter(CASES.items()))
    said = run([promtool, *suite([(name, given, 0)], tmp_path)], tmp_path, code=1)
    assert "FAILED" in said


def test_an_alert_says_where_what_and_what_to_do(promtool, tmp_path):
    given = CASES["GpuNearSlowdown"][0]
    (rule,) = (r for g in groups() for r in g["rules"] if r["alert"] == "GpuNearSlowdown")
    expected = {
        "exp_labels": {"severity": "critical", "instance": "rig1", "gpu": "0", "uuid": "GPU-0"},
        "exp_annotations": {
            "summary": "GPU 0 is 5 °C below the temperature at which it slows itself down",
            "description": rule["annotations"]["description"],
            "remedy": rule["annotations"]["remedy"],
        },
    }
    test = {"eval_time": AT, "alertname": "GpuNearSlowdown", "exp_alerts": [expected]}
    tests = [{"interval": "1m", "input_series": given, "alert_rule_test": [test]}]
    text = {"rule_files": [str(RULES)], "evaluation_interval": "1m", "tests": tests}
    (tmp_path / "tests.yml").write_text(yaml.safe_dump(text))
    assert "SUCCESS" in run([promtool, "test", "rules", "tests.yml"], tmp_path)
    assert len(rule["annotations"]["remedy"]) > 20


def groups():
    return yaml.safe_load(RULES.read_text())["groups"]
