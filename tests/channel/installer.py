"""The test installer: a POSIX shell header and a gzipped tar of the base environment."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
import tempfile
from pathlib import Path

from .archive_format import PLACEHOLDER, anonymous
from .stages import Stages, source_digest
from .tools import HERE, Tools

VERSION = "26.3.2-3"
FILE_NAME = f"Miniforge3-{VERSION}-Linux-x86_64.sh"
BASE_SPECS = ("python 3.11.*", "pip", "conda")
PUBLIC_CHANNEL = "https://conda-channels.invalid/conda-forge"
HEADER = HERE / "installer.sh.in"
OFFSET_WIDTH = 8


def get_installer(stages: Stages, tools: Tools, channel: Path) -> Path:
    """Return a directory with the installer and its `.sha256`."""

    def make(into: Path) -> None:
        with tempfile.TemporaryDirectory(dir=stages.root) as scratch:
            base = Path(scratch)
            tools.module("base_prefix", _job(channel, base))
            _forget_build_machine(base)
            payload = _payload(base)
        content = _header(payload) + payload
        (into / FILE_NAME).write_bytes(content)
        (into / FILE_NAME).chmod(0o755)
        sha256 = hashlib.sha256(content).hexdigest()
        (into / f"{FILE_NAME}.sha256").write_text(f"{sha256}  ./{FILE_NAME}\n", encoding="ascii")

    sources = source_digest(Path(__file__), HEADER, HERE / "base_prefix.py")
    return stages.get("installer", [channel.name, sources], make)


def _job(channel: Path, target: Path) -> dict[str, object]:
    return {
        "channel": str(channel),
        "target": str(target),
        "placeholder": PLACEHOLDER,
        "specs": list(BASE_SPECS),
    }


def _forget_build_machine(base: Path) -> None:
    """Replace what in `conda-meta` points at this machine's cache.

    As after Miniforge's installer, records name the public channel; here one that
    cannot exist (RFC 2606), so that no test reaches for the network by accident.
    """
    for file in (base / "conda-meta").glob("*.json"):
        record = json.loads(file.read_text(encoding="utf-8"))
        extracted = f"{PLACEHOLDER}/pkgs/{file.stem}"
        record["channel"] = PUBLIC_CHANNEL
        record["url"] = f"{PUBLIC_CHANNEL}/{record['subdir']}/{record['fn']}"
        record["extracted_package_dir"] = extracted
        record["link"]["source"] = extracted
        file.write_text(json.dumps(record, indent=2), encoding="utf-8")
        file.chmod(0o644)  # rattler: 0600, and only root could list the base environment
    (base / "CACHEDIR.TAG").unlink(missing_ok=True)


def _payload(base: Path) -> bytes:
    buffer = io.BytesIO()
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=6, mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w") as tar,
    ):
        for file in sorted(base.rglob("*")):
            name = file.relative_to(base).as_posix()
            tar.add(file, name, recursive=False, filter=anonymous)
    return buffer.getvalue()


def _header(payload: bytes) -> bytes:
    """Return the shell header; the payload's offset has a fixed width, so it can name itself."""
    text = HEADER.read_text(encoding="utf-8")
    text = text.replace("@@VERSION@@", VERSION).replace("@@PLACEHOLDER@@", PLACEHOLDER)
    text = text.replace("@@SHA256@@", hashlib.sha256(payload).hexdigest())
    length = len(text.encode()) - len("@@OFFSET@@") + OFFSET_WIDTH
    # Padded with a comment: zeros in front would make sh read the number as octal.
    return text.replace("@@OFFSET@@", f"{length} ".ljust(OFFSET_WIDTH, "#")).encode()
