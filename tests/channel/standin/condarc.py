"""conda's configuration files, merged as conda merges them.

Files, lowest priority first: /etc/conda/.condarc, PREFIX/.condarc, ~/.condarc, $CONDARC.
Lists join (higher priority first, each entry once), mappings join key by key, and of
plain values the highest priority wins.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import CondaError

SYSTEM_CONDARC = Path("/etc/conda/.condarc")
# No public channel is reachable where this runs; .invalid never resolves (RFC 2606).
DEFAULT_ALIAS = "https://conda-channels.invalid"
SEQUENCES = frozenset({"channels", "default_channels", "envs_dirs", "pkgs_dirs"})
MAPPINGS = frozenset({"custom_channels", "proxy_servers"})
PLAIN_DEFAULTS: Mapping[str, Any] = {
    "auto_activate": True,
    "auto_activate_base": True,
    "always_yes": False,
    "changeps1": True,
    "channel_alias": DEFAULT_ALIAS,
    "channel_priority": "flexible",
    "offline": False,
    "solver": "libmamba",
    "ssl_verify": True,
}


@dataclass(frozen=True, slots=True)
class Source:
    """One configuration file that exists, and what it says."""

    path: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Condarc:
    """The merged configuration; `sources` are in rising priority."""

    sources: tuple[Source, ...]
    defaults: Mapping[str, Any]

    def value(self, key: str) -> Any:
        """Return a setting's merged value.

        Raises:
            CondaError: the key is none of conda's that the stand-in knows.
        """
        if key not in self.defaults:
            raise CondaError("ArgumentError", f"Invalid configuration parameters: {key}")
        said = [source.content[key] for source in self.sources if key in source.content]
        if key in SEQUENCES:
            joined = [entry for entries in reversed(said) for entry in entries or ()]
            # An empty list is an answer ("no default channels"), not an absence.
            return list(dict.fromkeys(joined)) if said else list(self.defaults[key])
        if key in MAPPINGS:
            merged = dict(self.defaults[key])
            for mapping in said:
                merged |= mapping or {}
            if key == "proxy_servers":  # conda's expandvars=True
                merged = {scheme: os.path.expandvars(url or "") for scheme, url in merged.items()}
            return merged
        return said[-1] if said else self.defaults[key]

    def channels(self) -> tuple[str, ...]:
        """Return the configured channels; conda's own default is `defaults`."""
        return tuple(self.value("channels")) or ("defaults",)


def default_values(root: Path, home: Path) -> dict[str, Any]:
    """Return conda's defaults for an installation at `root`."""
    return {
        **PLAIN_DEFAULTS,
        "channels": [],
        "custom_channels": {},
        "default_channels": [f"{DEFAULT_ALIAS}/main"],
        "envs_dirs": [str(root / "envs"), str(home / ".conda/envs")],
        "pkgs_dirs": [str(root / "pkgs"), str(home / ".conda/pkgs")],
        "proxy_servers": {},
        "root_prefix": str(root),
    }


def check_types(path: str, content: object) -> Mapping[str, Any]:
    """Return a file's content as a mapping whose known keys have their type.

    Raises:
        CondaError: it is no mapping, or a list or mapping is something else.
    """
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise CondaError("ConfigurationLoadError", f"Unable to load configuration file.\n  {path}")
    for keys, wanted in ((SEQUENCES, list), (MAPPINGS, dict)):
        for key in keys & content.keys():
            if not isinstance(content[key], (wanted, type(None))):
                raise CondaError(
                    "InvalidTypeError",
                    f"Parameter {key} = {content[key]!r} declared in {path} has type "
                    f"{type(content[key]).__name__}.\nValid types:\n  - {wanted.__name__}",
                )
    return content


def read_source(path: Path) -> Source:
    """Return one file's content. Raises CondaError when it is no YAML of the right shape."""
    # Here and not above: only the installer's base environment has a YAML parser.
    from ruamel.yaml import YAML, YAMLError  # type: ignore[import-not-found]

    try:
        content = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except YAMLError as error:
        message = f"Unable to load configuration file.\n  path: {path}\n  reason: {error}"
        raise CondaError("ConfigurationLoadError", message) from error
    return Source(str(path), check_types(str(path), content))


def load(root: Path, environ: Mapping[str, str]) -> Condarc:
    """Return the configuration that holds for this user."""
    home = Path(environ.get("HOME", "/"))
    candidates = [SYSTEM_CONDARC, root / ".condarc", home / ".condarc"]
    if environ.get("CONDARC"):
        candidates.append(Path(environ["CONDARC"]))
    sources = tuple(read_source(path) for path in candidates if path.is_file())
    return Condarc(sources, default_values(root, home))
