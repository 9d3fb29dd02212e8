"""NVIDIA's driver as it is loaded, and the CUDA toolkits as they lie below /usr/local."""

from __future__ import annotations

import json
import re

from deeprig_host.fleet.order import Order
from deeprig_host.fleet.told import Page

_PROC = "/proc/driver/nvidia"
_LOADED = re.compile(r"NVRM version:.*?Kernel Module(?: for \S+)?\s+([0-9.]+)")
_LIBRARY_DIRECTORIES = ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64")
#: What of a card's "information" says something that is to be the same everywhere.
_OF_CARDS = {"Model": "model", "Video BIOS": "video BIOS", "GPU Firmware": "firmware"}


def driver(page: Page, order: Order) -> None:
    """Tell the loaded driver, its library and parameters, and the firmware of each card."""
    text = page.text(f"{_PROC}/version")
    page.say("loaded", _loaded(text) if text is not None else "none")
    for directory in _LIBRARY_DIRECTORIES:
        for name in page.names(directory):
            if name.startswith("libnvidia-ml.so.") and name != "libnvidia-ml.so.1":
                page.say("library", name.removeprefix("libnvidia-ml.so."))
    for number, address in enumerate(page.names(f"{_PROC}/gpus")):
        for name, value in _fields(page.text(f"{_PROC}/gpus/{address}/information") or ""):
            if name in _OF_CARDS:
                page.say(f"gpu {number} {_OF_CARDS[name]}", value)
    for name, value in _fields(page.text(f"{_PROC}/params") or ""):
        page.say(f"parameter {name}", value)


def cuda(page: Page, order: Order) -> None:
    """Tell which toolkits there are, which version each is, and which one /usr/local/cuda is."""
    link = page.machine.path("/usr/local/cuda")
    if link.is_symlink():
        page.say("/usr/local/cuda", link.resolve().name)
    elif link.exists():
        page.say("/usr/local/cuda", "a directory")
    for name in page.names("/usr/local"):
        if re.fullmatch(r"cuda-\d+(\.\d+)?", name):
            page.say(name, _toolkit(page, f"/usr/local/{name}/version.json"))


def _loaded(text: str) -> str:
    match = _LOADED.search(text)
    kind = " (open)" if "Open Kernel Module" in text else ""
    return f"{match[1]}{kind}" if match else text.splitlines()[0]


def _toolkit(page: Page, path: str) -> str:
    text = page.text(path)
    if text is None:
        return "no version.json"
    told = json.loads(text)
    try:
        return str(told["cuda"]["version"])
    except (KeyError, TypeError):
        return "no version in version.json"


def _fields(text: str) -> list[tuple[str, str]]:
    """Return the ``name: value`` lines of a file of the driver's."""
    lines = (line.partition(":") for line in text.splitlines())
    return [(name.strip(), value.strip()) for name, colon, value in lines if colon]
