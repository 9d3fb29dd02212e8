"""What each command does."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from . import SIMULATED, VERSION, engine, explicit, history
from .channels import channel_name
from .condarc import MAPPINGS
from .errors import CondaError
from .prefixes import Session, is_environment, require_environment, require_writable
from .tree import remove_environment

Options = argparse.Namespace


def target(session: Session, options: Options) -> Path:
    """Return the environment that -p, -n or the active shell names; it must exist."""
    if options.prefix:
        return require_environment(Path(options.prefix).absolute())
    if options.name:
        return session.named(options.name)
    return require_environment(Path(session.environ.get("CONDA_PREFIX", session.root)))


def create(session: Session, options: Options) -> None:
    """Make a new environment from specs, or from an explicit file without a solve."""
    if not options.prefix and not options.name:
        raise CondaError("ArgumentError", "one of the arguments -n/--name -p/--prefix is required")
    named = options.name and session.place_for(options.name)
    prefix = named or Path(options.prefix).absolute()
    require_writable(prefix)
    is_taken = prefix.exists() and (is_environment(prefix) or any(prefix.iterdir()))
    if is_taken and not options.dry_run:
        raise CondaError("CondaValueError", f"prefix already exists: {prefix}")
    _make(session, options, prefix, wanted=options.specs)


def install(session: Session, options: Options) -> None:
    """Add to an environment; what is there stays, at its version unless it is in the way."""
    prefix = target(session, options)
    require_writable(prefix)
    wanted = {package.name: package.name for package in engine.installed(prefix)}
    wanted |= history.requested(prefix)
    wanted |= {history.package_name(spec): spec for spec in options.specs}
    _make(session, options, prefix, wanted=list(wanted.values()))


def _make(session: Session, options: Options, prefix: Path, wanted: list[str]) -> None:
    pinned = _explicit_files(options)
    specs = [] if pinned else options.specs
    if pinned:
        records = engine.records_of(session, pinned)
    else:
        channels = list(options.channel)
        if not options.override_channels:
            channels += session.condarc.channels()
        if not channels:
            raise CondaError("ArgumentError", "--override-channels needs --channel")
        records = engine.solve(session, wanted, channels, locked=engine.records_in(prefix))
    if options.dry_run:
        _say(options, {"success": True, "dry_run": True, "actions": _actions(records, prefix)})
        return
    if not options.yes and not options.json:
        raise CondaError("CondaSystemExit", "the stand-in asks nothing: give --yes")
    before = {package.dist for package in engine.installed(prefix)}
    engine.link(session, prefix, records)
    after = {engine.strip_suffix(str(record.file_name)) for record in records}
    changes = [f"-{dist}" for dist in sorted(before - after)]
    added = [r for r in records if engine.strip_suffix(str(r.file_name)) not in before]
    changes += [f"+{engine.dist_of(r)}" for r in added]
    history.record(prefix, ["conda", *sys.argv[1:]], changes, specs)
    session.register(prefix)
    _say(options, {"success": True, "prefix": str(prefix), "actions": _actions(records, prefix)})


def _explicit_files(options: Options) -> tuple[explicit.Pinned, ...]:
    pinned: tuple[explicit.Pinned, ...] = ()
    for name in options.file:
        try:
            text = Path(name).read_text(encoding="utf-8")
        except OSError as error:
            raise CondaError("CondaFileNotFoundError", f"'{name}': {error.strerror}") from error
        if not explicit.is_explicit(text):
            raise CondaError("CondaValueError", f"the stand-in takes explicit files only: {name}")
        pinned += explicit.parse(text, name)
    return pinned


def _actions(records: list[Any], prefix: Path) -> dict[str, Any]:
    linked = [
        {
            "name": record.name.normalized,
            "version": str(record.version),
            "build_string": str(record.build),
            "channel": str(record.channel),
            "dist_name": engine.strip_suffix(str(record.file_name)),
        }
        for record in records
    ]
    return {"LINK": linked, "PREFIX": str(prefix)}


def remove(session: Session, options: Options) -> None:
    """Remove packages, or with --all the environment."""
    prefix = target(session, options)
    require_writable(prefix)
    if not options.all:
        raise CondaError("ArgumentError", "the stand-in removes whole environments: --all")
    _delete(session, prefix)


def _delete(session: Session, prefix: Path) -> None:
    if prefix == session.root:
        raise CondaError("CondaEnvironmentError", "cannot remove root environment")
    remove_environment(prefix)
    session.unregister(prefix)


def list_packages(session: Session, options: Options) -> None:
    """List an environment's packages in one of conda's forms."""
    prefix = target(session, options)
    packages = engine.installed(prefix)
    if options.explicit:
        print(explicit.render(_with_hash(p.pinned, options) for p in packages), end="")
    elif options.export:
        for package in packages:
            print(f"{package.name}={package.version}={package.build}")
    elif options.json:
        rows = [
            {
                "name": p.name,
                "version": p.version,
                "build_string": p.build,
                "channel": channel_name(p.channel, session.condarc),
                "dist_name": p.dist,
                "platform": p.subdir,
            }
            for p in packages
        ]
        print(json.dumps(rows, indent=2))
    else:
        print(f"# packages in environment at {prefix}:\n#")
        for p in packages:
            print(f"{p.name:<25} {p.version:<15} {p.build:<20} {p.channel}")


def _with_hash(pinned: explicit.Pinned, options: Options) -> explicit.Pinned:
    if options.sha256:
        return explicit.Pinned(pinned.url, sha256=pinned.sha256)
    return explicit.Pinned(pinned.url, md5=pinned.md5 if options.md5 else None)


def run(session: Session, options: Options) -> int:
    """Run a program inside an environment and return its exit code."""
    # Only the first `--` is conda's; any other is the program's own argument.
    program = options.program[1:] if options.program[:1] == ["--"] else options.program
    if not program:
        raise CondaError("ArgumentError", "conda run needs a program")
    prefix = target(session, options)
    path = f"{prefix}/bin:{session.environ.get('PATH', os.defpath)}"
    name = session.name_of(prefix) or str(prefix)
    inside = {"PATH": path, "CONDA_PREFIX": str(prefix), "CONDA_DEFAULT_ENV": name}
    environ = {**session.environ, **inside}
    found = shutil.which(program[0], path=path)
    if found is None:
        print(f"conda run: {program[0]}: command not found", file=sys.stderr)
        return 127
    return subprocess.run(
        [found, *program[1:]], env=environ, cwd=options.cwd, check=False
    ).returncode


def info(session: Session, options: Options) -> None:
    """Tell what this installation is."""
    environments = [str(path) for path in session.environments()]
    if options.json:
        document = {
            "conda_version": VERSION,
            "root_prefix": str(session.root),
            "active_prefix": session.environ.get("CONDA_PREFIX"),
            "channels": list(session.condarc.channels()),
            "envs": environments,
            "envs_dirs": [str(path) for path in session.envs_dirs],
            "platform": "linux-64",
            "simulated": bool(SIMULATED),
        }
        print(json.dumps(document, indent=2))
    elif options.envs:
        list_environments(session, options)
    else:
        print(f"     conda version : {VERSION}\n  base environment : {session.root}")


def list_environments(session: Session, options: Options) -> None:
    """List environments, named ones with their names."""
    if options.json:
        print(json.dumps({"envs": [str(path) for path in session.environments()]}, indent=2))
        return
    print("\n# conda environments:\n#")
    for path in session.environments():
        mark = "*" if str(path) == session.environ.get("CONDA_PREFIX") else " "
        print(f"{session.name_of(path):<22} {mark} {path}")
    print()


def export(session: Session, options: Options) -> None:
    """Print an environment as environment.yml (or JSON)."""
    prefix = target(session, options)
    if options.from_history:
        dependencies = list(history.requested(prefix).values())
    else:
        dependencies = [f"{p.name}={p.version}={p.build}" for p in engine.installed(prefix)]
    name = session.name_of(prefix) or None
    lists = {"channels": list(session.condarc.channels()), "dependencies": dependencies}
    document = {"name": name, **lists, "prefix": str(prefix)}
    if options.json:
        print(json.dumps(document, indent=2))
        return
    print(f"name: {name or 'null'}")
    for key, entries in lists.items():
        print("\n".join([f"{key}:", *(f"  - {entry}" for entry in entries)]))
    print(f"prefix: {prefix}")


def config(session: Session, options: Options) -> None:
    """Show the merged configuration, or the files it comes from."""
    if options.show_sources:
        shown: dict[str, Any] = {s.path: dict(s.content) for s in session.condarc.sources}
    elif options.show is None:
        raise CondaError("ArgumentError", "the stand-in shows the configuration: --show")
    else:
        keys = options.show or sorted(session.condarc.defaults)
        shown = {key: session.condarc.value(key) for key in keys}
    if options.json:
        print(json.dumps(shown, indent=2))
        return
    for key, value in shown.items():
        if isinstance(value, list):
            print("\n".join([f"{key}:", *(f"  - {entry}" for entry in value)]))
        elif key in MAPPINGS or isinstance(value, dict):
            print("\n".join([f"{key}:", *(f"  {k}: {v}" for k, v in value.items())]))
        else:
            print(f"{key}: {value}")


def clean(session: Session, options: Options) -> None:
    """Empty the package cache."""
    cache = session.package_cache
    if cache.exists() and not options.dry_run:
        shutil.rmtree(cache)
        cache.mkdir()


def _say(options: Options, document: dict[str, Any]) -> None:
    if options.json:
        print(json.dumps(document, indent=2))
    elif not options.quiet:
        names = [package["dist_name"] for package in document["actions"]["LINK"]]
        print("\n".join(["## Package Plan ##", *(f"  {name}" for name in names), "done"]))
