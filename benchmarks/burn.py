"""What the burn reaches of a library's own matrix products, in the same run, on this machine.

    python benchmarks/burn.py --python ENVIRONMENT/bin/python --seconds 60

The burn compares its results; each tenth second it only multiplies. Both rates are of the same run,
seconds apart, so that a busy machine or a falling clock is in both. Beside other work believe the
ratio, not the rates.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

HOST = Path(__file__).parents[1] / "host"
LEAST = 0.9
_SHARE = " share of the plain rate"
_RATE = " throughput"


def main() -> int:
    """Burn, print the rates, and return 0 where each device reaches its share."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--python", required=True, help="of an environment with PyTorch")
    parser.add_argument("--seconds", type=float, default=60.0)
    options = parser.parse_args()
    words = [sys.executable, "-m", "deeprig_host.burn", "run", "--python", options.python]
    words += ["--seconds", f"{options.seconds:g}", "--account", "root", "--no-ram"]
    done = subprocess.run(
        words,
        env=os.environ | {"PYTHONPATH": str(HOST)},
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])["result"]
    measured = {one["name"]: one["value"] for one in result["measurements"]}
    shares = {
        name.removesuffix(_SHARE): value
        for name, value in measured.items()
        if name.endswith(_SHARE)
    }
    for device, share in shares.items():
        rate = measured[f"{device}{_RATE}"]
        word = "good" if share >= LEAST else "TOO LITTLE"
        sys.stdout.write(f"{device}: {rate:.4g} TFLOP/s, x {share:.3f} of the plain rate: {word}\n")
    if not shares:
        sys.stdout.write(f"nothing was measured: {result['reason']}\n")
    return 0 if shares and min(shares.values()) >= LEAST else 1


if __name__ == "__main__":
    sys.exit(main())
