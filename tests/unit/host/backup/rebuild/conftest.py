"""A machine that is a directory, and a simulated repository: what it gives back is copied."""

import itertools
import json
import subprocess
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path

import pytest
from deeprig_host.backup.answer import Answer
from deeprig_host.backup.declared import Backup, Repository
from deeprig_host.backup.places import STATE_DIRECTORY
from deeprig_host.backup.state import capture
from deeprig_host.machine.commands import Done, Machine, run

REPOSITORY = Repository("disk", "/backup", "/password", lock_wait_minutes=0)
STATE = f"{STATE_DIRECTORY}/state"
STATUS = """\
Package: tool
Status: install ok installed
Architecture: all
Version: 2.0
Description: a tool

"""
KINDS = {"directory": "dir", "regular file": "file", "regular empty file": "file"}


def _machine_at(root, machine_id, programs=run):
    """A machine with root and nobody else."""
    for name in ("etc", "root", "home", "var/lib/dpkg/updates"):
        (root / name).mkdir(parents=True)
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\nvideo:x:44:\n")
    (root / "etc/machine-id").write_text(f"{machine_id}\n")
    (root / "var/lib/dpkg/status").write_text(STATUS)
    return Machine(root, programs)


@dataclass
class SimulatedRestic:
    """Snapshots that are trees; ``fails`` is a command of restic that does not work."""

    rows: list = field(default_factory=list)
    trees: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    fails: str = ""

    def add(self, host, tree, *tags, paths=("/home",)):
        name = f"{len(self.rows)}" * 64
        when = f"2026-11-0{len(self.rows) + 1}T00:00:00Z"
        row = {"id": name, "time": when, "hostname": host, "tags": ["deeprig", *tags]}
        self.rows.append(row | {"paths": list(paths)})
        self.trees[name] = tree
        return name

    @property
    def restored(self):
        return [words[1] for words in self.asked if words[0] == "restore"]

    def run(self, words, repository, *, on_message=None, **_options):
        self.asked.append(words)
        if words[0] == self.fails:
            return Answer("failed", 1, errors=("Fatal: a pack is damaged",))
        if words[0] == "snapshots":
            return Answer("good", 0, (json.dumps(self.rows),))
        if words[0] == "ls":
            for node in self._nodes(words[-1]):
                on_message(node)
        else:
            self._restore(words)
        return Answer("good", 0)

    def _kept(self, name):
        (row,) = (one for one in self.rows if one["id"] == name)
        tree = self.trees[name]
        tops = [tree / path.lstrip("/") for path in dict.fromkeys((*row["paths"], STATE))]
        return tree, [top for top in tops if top.exists()]

    def _nodes(self, name):
        tree, tops = self._kept(name)
        above = {parent for top in tops for parent in top.parents if tree in parent.parents}
        for path in sorted({*above, *(one for top in tops for one in (top, *top.rglob("*")))}):
            found = path.lstat()
            kind = "dir" if path.is_dir() else "file"
            seconds, rest = divmod(found.st_mtime_ns, 10**9)
            when = f"{datetime.fromtimestamp(seconds, timezone.utc):%Y-%m-%dT%H:%M:%S}.{rest:09}Z"
            yield {
                "struct_type": "node",
                "path": f"/{path.relative_to(tree)}",
                "type": kind,
                "size": found.st_size,
                "mode": found.st_mode & 0o777,
                "uid": found.st_uid,
                "gid": found.st_gid,
                "mtime": when,
                "ctime": when,
            }

    def _restore(self, words):
        name, target = words[1], Path(words[words.index("--target") + 1])
        tree, tops = self._kept(name)
        wanted = [words[at + 1] for at, word in enumerate(words) if word == "--include"]
        for path in wanted:
            source = tree / path.lstrip("/")
            if any(source == top or top in source.parents for top in tops) and source.exists():
                copied = target / path.lstrip("/")
                copied.parent.mkdir(parents=True, exist_ok=True)
                subprocess.run(["cp", "-a", source, copied], check=True)


@pytest.fixture
def machine_at():
    return _machine_at


@pytest.fixture
def repository():
    return REPOSITORY


@pytest.fixture
def restic():
    return SimulatedRestic()


@dataclass
class SimulatedPrograms:
    """Makes users as useradd(8) does, in the files; conda and apt do not work here."""

    root: Path
    calls: list = field(default_factory=list)

    def __call__(self, *words, **options):
        self.calls.append(words)
        if words[0] == "groupadd":
            return self._add("group", f"{words[-1]}:x:{words[2]}:")
        if words[0] == "useradd":
            told = dict(itertools.pairwise(words))
            fields = (words[-1], "x", told["--uid"], told["--gid"], "")
            line = ":".join((*fields, told["--home-dir"], told["--shell"]))
            return self._add("passwd", line)
        if words[0] == "gpasswd":
            path = self.root / "etc/group"
            lines = path.read_text().splitlines()
            lines = [f"{one}{words[2]}" if one.startswith(f"{words[3]}:") else one for one in lines]
            path.write_text("".join(f"{one}\n" for one in lines))
            return Done(words, 0)
        if words[0] in ("dpkg-query", "sync"):
            return run(*words, **options)
        return Done(words, 1, err=f"{words[0]} does not work here")

    def _add(self, file, line):
        path = self.root / "etc" / file
        path.write_text(f"{path.read_text()}{line}\n")
        return Done((file,), 0)


@pytest.fixture
def machine(tmp_path):
    """The new machine, as `apply` made it."""
    root = tmp_path / "here"
    return _machine_at(root, "the new one", SimulatedPrograms(root))


@pytest.fixture
def dead(tmp_path):
    """The tree of a machine with carl's work on it."""
    machine = _machine_at(tmp_path / "dead", "the dead one")
    root = machine.root
    with (root / "etc/passwd").open("a") as file:
        file.write("carl:x:1500:1500::/home/carl:/bin/sh\n")
    (root / "etc/group").write_text("root:x:0:\nvideo:x:44:carl\nsudo:x:27:carl\ncarl:x:1500:\n")
    (root / "etc/motd").write_text("of the dead one\n")
    (root / "etc/fstab").write_text("UUID=dead / ext4\n")
    (root / "home/carl").mkdir(mode=0o750)
    (root / "home/carl/thesis").write_text("years of work\n")
    (root / "usr/local/bin").mkdir(parents=True)
    (root / "usr/local/bin/tool").write_text("#!/bin/sh\n")
    (root / "usr/local/cuda-12.4").mkdir()
    capture(machine, ())
    return root


@pytest.fixture
def backup():
    return Backup(("/home",), (REPOSITORY,))
