"""Made-up evidence of a machine with two GPUs, for unit tests: no machine ever printed it.

tests/contract/test_certificate_of_real_training.py has a certificate of a real run.
"""

from __future__ import annotations

import copy
import math
from typing import Any

from deeprig.report.model import CheckResult, HostVerification, VerifyReport

DEVICE = "cuda:0 NVIDIA GeForce RTX 4090"
FACTS = {
    "pretty_name": "Debian GNU/Linux 13 (trixie)",
    "kernel": "6.12.48-amd64",
    "machine": "x86_64",
    "python": "3.13.5",
    "virtualization": "none",
    "nvidia_devices": [["0000:01:00.0", "0x2684"], ["0000:02:00.0", "0x2684"]],
}
CPU_FACTS = {**FACTS, "nvidia_devices": []}
LIFE = ("preprocess", "cnn", "sgd", "recurrent", "tensorboard", "early_stopping", "search",
        "reload", "service", "export")  # fmt: skip
GPU = ("device_use", "mixed_fp16", "mixed_bf16", "compile", "transfers", "out_of_memory",
       "data_parallel", "tensor_parallel", "pipeline_parallel", "peer_to_peer")  # fmt: skip
CUDA = {"build": "13.0", "is_available": True, "device_count": 2,
        "names": ["NVIDIA GeForce RTX 4090"] * 2, "error": None}  # fmt: skip
EPOCHS = 15
SAMPLES = 300


def check(name: str = "predicts", *, is_good: bool = True) -> dict[str, Any]:
    return {"name": name, "is_good": is_good, "expected": ">= 0.93", "actual": "0.978"}


def case(name: str, group: str = "life", outcome: str = "pass", **more: Any) -> dict[str, Any]:
    reason = "" if outcome == "pass" else f"{name} {outcome}: a reason"
    checks = [check(is_good=outcome != "fail")] if outcome != "skip" else []
    return {
        "name": name, "group": group, "outcome": outcome, "reason": reason, "seconds": 1.25,
        "checks": checks, "measurements": [], "curves": {}, "data": {}, **more,
    }  # fmt: skip


def cnn(outcome: str = "pass") -> dict[str, Any]:
    losses = [2.3 * math.exp(-n / 3) + 0.03 for n in range(EPOCHS)]
    matrix = [[36 if row == column else 0 for column in range(10)] for row in range(10)]
    matrix[3][8] = 2
    return case(
        "cnn",
        outcome=outcome,
        measurements=[
            {"name": "accuracy", "value": 0.978, "unit": "", "better": "higher"},
            {"name": "macro_f1", "value": 0.9775, "unit": "", "better": "higher"},
            {"name": "samples_per_second", "value": 48210.0, "unit": "1/s", "better": "higher"},
        ],
        curves={
            "loss": losses,
            "validation_loss": [loss + 0.05 + 0.01 * (n % 2) for n, loss in enumerate(losses)],
            "validation_accuracy": [1 - loss / 2.5 for loss in losses],
        },
        data={"confusion_matrix": matrix, "optimiser": "adam", "train_samples": 1078},
    )


def document(
    *cases: dict[str, Any], profile: str = "acceptance", device: str = DEVICE, **more: Any
) -> dict[str, Any]:
    outcome = "fail" if any(one["outcome"] == "fail" for one in cases) else "pass"
    return {
        "schema": "deeprig.training/2", "framework": "pytorch", "framework_version": "2.13.0",
        "backend": None, "python_version": "3.13.5", "profile": profile, "device": device,
        "seed": 20, "outcome": outcome, "evidence": "made up",
        "cuda": copy.deepcopy(CUDA) if device.startswith("cuda") else None,
        "versions": {"torch": "2.13.0", "numpy": "2.4.1", "nvidia-cudnn-cu13": "9.13.0.50"},
        "cases": list(cases), "is_cut": False, **more,
    }  # fmt: skip


def on_device() -> dict[str, Any]:
    return case("device", "suite", checks=[check("the device")])


def acceptance() -> dict[str, Any]:
    life = [cnn() if name == "cnn" else case(name) for name in LIFE]
    gpu = [case(name, "gpu") for name in GPU if name != "peer_to_peer"]
    apart = case("peer_to_peer", "gpu", "skip", reason="the cards have no peer access (chipset)")
    return document(on_device(), *life, *gpu, apart)


def smoke(device: str = "cpu") -> dict[str, Any]:
    cases = [on_device(), case("preprocess"), cnn(), case("recurrent"), case("reload")]
    if device != "cpu":
        cases.append(case("device_use", "gpu"))
    else:
        cases.append(case("device_use", "gpu", "skip", reason="it needs a GPU"))
    return document(*cases, profile="smoke", device=device)


def burn(outcome: str = "pass", gpus: int = 2, **more: Any) -> dict[str, Any]:
    """A burn as host/deeprig_host/burn/result.py tells it, in a document of its own."""
    curves: dict[str, list[float]] = {}
    gpu_data, rates = {}, []
    for number in range(gpus):
        gpu = f"GPU {number}"
        heat = [38 + (34 + 4 * number) * (1 - math.exp(-n / 40)) for n in range(SAMPLES)]
        curves |= {
            f"{gpu} throughput_tflops": [161.0 - t / 20 + (n % 3) / 4 for n, t in enumerate(heat)],
            f"{gpu} seconds": [float(n) for n in range(SAMPLES)],
            f"{gpu} temperature_c": [round(t, 1) for t in heat],
            f"{gpu} clock_mhz": [2640.0 - 15 * round(t / 15) for t in heat],
            f"{gpu} power_w": [430.0 + (n % 5) for n in range(SAMPLES)],
            f"{gpu} load_percent": [100.0] * SAMPLES,
        }
        rates.append(
            {"name": f"{gpu} throughput", "value": 158.2, "unit": "TFLOP/s", "better": "higher"}
        )
        gpu_data[gpu] = {
            "uuid": f"GPU-{number}",
            "name": "NVIDIA GeForce RTX 4090",
            "reasons": {"software_power_cap": 212},
        }
    data = {"devices": {}, "gpus": gpu_data, "xids": [], "cpu_throttles": [0, 0]}
    is_good = outcome != "fail"
    checks = [check(f"GPU {n}: as fast at the end", is_good=is_good) for n in range(gpus)]
    more.setdefault("checks", checks if outcome != "skip" else [])
    result = case(
        "burn",
        "burn",
        outcome,
        checks=more.pop("checks"),
        curves=curves,
        measurements=rates,
        data=data,
    )
    about = {"schema": "deeprig.burn/1", "framework": None, "framework_version": None}
    return document(result, **{**about, "device": "GPU 0, GPU 1", "versions": {}, **more})


def comparison(outcome: str = "pass", **more: Any) -> dict[str, Any]:
    return {
        "test": "burn throughput_tflops", "unit": "TFLOP/s", "better": "higher", "value": 158.2,
        "reference": 158.9, "spread": 1.4, "count": 6, "against": "its own history",
        "outcome": outcome, "reason": "", "change": "driver 580.95 -> 580.105", **more,
    }  # fmt: skip


def baselines(*comparisons: dict[str, Any]) -> dict[str, Any]:
    return {"schema": "deeprig.baselines/1", "comparisons": list(comparisons)}


def carrying(data: dict[str, Any], name: str = "it trains", **more: Any) -> CheckResult:
    outcome = "pass" if data.get("outcome", "pass") == "pass" else "fail"
    told = {"outcome": outcome, "environment": "torch", "evidence": "made up", **more}
    return CheckResult("rig1", "conda", name, data=data, **told)


def setup(outcome: Any = "pass", **more: Any) -> CheckResult:
    name, evidence = "the driver is loaded", "580.105.08 is loaded, 580.105.08 is declared"
    return CheckResult("rig1", "nvidia_driver", name, outcome, evidence, 0.4, **more)


def host(*checks: CheckResult, name: str = "rig1", facts: Any = FACTS) -> HostVerification:
    return HostVerification.of_checks(name, checks, facts=facts, seconds=321.0)


def full_host(name: str = "rig1") -> HostVerification:
    """Everything a machine can prove, with a skip and a declared limit."""
    return host(
        setup(),
        CheckResult("rig1", "backup", "the last backup", "not applicable", "none is declared"),
        carrying(acceptance()),
        carrying(burn(), "burn"),
        carrying(baselines(comparison(), comparison(test="cnn samples_per_second")), "baselines"),
        name=name,
    )


def report(*hosts: HostVerification) -> VerifyReport:
    return VerifyReport(
        started="2026-11-21T20:00:00Z", finished="2026-11-21T20:12:41Z", seconds=761.0,
        version="0.1.0", inventory="/home/ada/lab/inventory/lab.py", hosts=hosts,
    )  # fmt: skip
