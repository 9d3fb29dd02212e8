"""The program at a host's end of the line: it runs what is asked, and answers frame by frame.

It goes over the SSH connection into a Python interpreter's input: nothing of it is left on the
host's disk. It imports nothing of deeprig, and runs with the Python of every supported release.
"""

from __future__ import annotations

import grp
import hashlib
import os
import pwd
import re
import stat
import struct
import subprocess
import sys
import threading
import time
import zlib

TYPE_CHECKING = False  # importing typing would cost a host more than all the rest here
if TYPE_CHECKING:
    from typing import BinaryIO

#: Commands of one frame that run at once: they wait for disks and daemons more than they compute.
WORKERS = 4
_NUMBER = struct.Struct(">I")
_NO_SHELL = b"127"
#: A thing of a frame in order that was not done: not in this way, or because one before it failed.
#: No process ends with such a code.
_NOT_HERE, _NOT_RUN = b"-1000", b"-1001"
_LOOKS = {b"stat", b"sha1", b"sha256", b"md5"}
#: Whose sources decide who is a user, and in which groups.
_NAMES = {b"passwd", b"group", b"initgroups"}
#: What stat(1) puts between plain quotes.
PLAIN = re.compile(rb"[A-Za-z0-9_./@:+,=-]+")


def pack(fields: list[bytes]) -> bytes:
    """Return a frame: its length, then the fields, each after its own length, compressed."""
    body = zlib.compress(b"".join(_NUMBER.pack(len(field)) + field for field in fields), 1)
    return _NUMBER.pack(len(body)) + body


def unpack(body: bytes) -> list[bytes]:
    """Return the fields of a frame's body."""
    text = zlib.decompress(body)
    fields = []
    at = 0
    while at < len(text):
        (length,) = _NUMBER.unpack_from(text, at)
        at += _NUMBER.size
        fields.append(text[at : at + length])
        at += length
    return fields


def read_frame(stream: BinaryIO) -> list[bytes] | None:
    """Return the next frame's fields, or None at the end of the line."""
    head = stream.read(_NUMBER.size)
    if len(head) < _NUMBER.size:
        return None
    (length,) = _NUMBER.unpack(head)
    body = stream.read(length)
    return unpack(body) if len(body) == length else None


def environment() -> dict[bytes, bytes]:
    """Return what this process was started with: Python itself may set LC_CTYPE (PEP 538)."""
    with open("/proc/self/environ", "rb") as file:  # noqa: PTH123 - nothing more is imported
        pairs = file.read().split(b"\0")
    named = (pair.partition(b"=") for pair in pairs if b"=" in pair)
    return {name: value for name, _, value in named}


def run(words: list[bytes], variables: dict[bytes, bytes]) -> list[bytes]:
    """Return exit code, output and errors of a command, as sshd would have started it."""
    try:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=variables,
            start_new_session=True,
        )
    except OSError as error:
        return [_NO_SHELL, b"", str(error).encode()]
    output, errors = process.communicate()
    return [b"%d" % process.returncode, output, errors]


def show_units(wanted: list[bytes], variables: dict[bytes, bytes]) -> dict[bytes, list[bytes]]:
    """Return what ``systemctl show`` would answer to several questions, having asked it once."""
    found: dict[bytes, list[bytes]] = {}
    for kind in (b"units", b"units-all"):
        asked = [what.split(b" ") for what in set(wanted) if what.partition(b" ")[0] == kind]
        keys = sorted({key for words in asked for key in words[1].split(b",")} | {b"Id"})
        units = sorted({unit for words in asked for unit in words[2:]})
        if not units:
            continue
        every = [b"--all"] if kind == b"units-all" else []
        words = [b"systemctl", b"show", *every, b"--property=" + b",".join(keys), *units]
        code, output, errors = run(words, variables)
        blocks = output.rstrip(b"\n").split(b"\n\n")
        if code != b"0" or errors or len(blocks) != len(units):
            continue  # each is asked by itself
        told = {unit: block.split(b"\n") for unit, block in zip(units, blocks, strict=True)}
        for one in asked:
            names = tuple(key + b"=" for key in one[1].split(b","))
            of_units = ([x for x in told[unit] if x.startswith(names)] for unit in one[2:])
            text = b"\n\n".join(b"\n".join(lines) for lines in of_units) + b"\n"
            found[b" ".join(one)] = [b"0", text, b""]
    return found


def look(what: bytes, variables: dict[bytes, bytes]) -> list[bytes] | None:
    """Return what a command would find out about a path; None where only the command can tell."""
    kind, _, path = what.partition(b" ")
    if kind not in _LOOKS or b"QUOTING_STYLE" in variables:
        return None
    try:
        there = os.lstat(path)
    except OSError:  # for test(1) too it is not there
        return [b"0", b"", b""]
    try:
        if kind == b"stat":
            return _stat(path, there)
        return _digest(kind, path) if stat.S_ISREG(there.st_mode) else None
    except (KeyError, OSError):  # a user without a name; a file that went away meanwhile
        return None


def _stat(path: bytes, there: os.stat_result) -> list[bytes] | None:
    user, group = pwd.getpwuid(there.st_uid).pw_name, grp.getgrgid(there.st_gid).gr_name
    named = b"'%s'" % path
    if stat.S_ISLNK(there.st_mode):
        target = os.readlink(path)  # noqa: PTH115 - nothing more is imported
        if not PLAIN.fullmatch(target):
            return None
        named += b" -> '%s'" % target
    times = (there.st_atime_ns, there.st_mtime_ns, there.st_ctime_ns)
    atime, mtime, ctime = (time // 10**9 for time in times)
    text = (
        f"user={user} group={group} mode={stat.filemode(there.st_mode)} "
        f"atime={atime} mtime={mtime} ctime={ctime} size={there.st_size} "
    )
    return [b"0", text.encode("utf-8", "surrogateescape") + named + b"\n", b""]


def _digest(kind: bytes, path: bytes) -> list[bytes] | None:
    made = hashlib.new(kind.decode(), usedforsecurity=False)
    with open(path, "rb") as file:  # noqa: PTH123 - nothing more is imported
        for part in iter(lambda: file.read(1 << 20), b""):
            made.update(part)
    return [b"0", made.hexdigest().encode() + b"  " + path + b"\n", b""]


def fingerprint(places: bytes) -> bytes:
    """Return a digest of the states of some places, the newest time in them, and the time now.

    Nothing where one of them cannot be looked at, or says nothing of what depends on it.
    """
    made, times = hashlib.sha256(), [0.0]
    try:
        for place in places.split(b"\n"):
            kind, _, path = place.partition(b" ")
            if kind == b"users":
                _files_alone()
            elif kind == b"unit":
                _mark_unit(path, made, times)
            else:
                is_tree = _mark(path, made, times) and kind == b"tree"
                for here, below, files in os.walk(path, onerror=_fail) if is_tree else ():
                    below.sort()
                    for name in sorted(below + files):
                        _mark(here + b"/" + name, made, times)
    except (OSError, ValueError):
        return b""
    return b"%s %.3f %.3f" % (made.hexdigest().encode(), max(times), time.time())


def _mark(path: bytes, made: hashlib._Hash, times: list[float]) -> bool:
    """Mark one thing, or that nothing is there; say whether something is."""
    try:
        s = os.lstat(path)
    except FileNotFoundError:
        made.update(b"%d:%s none\n" % (len(path), path))
        return False
    told = (s.st_mode, s.st_uid, s.st_gid, s.st_size, s.st_ino, s.st_mtime_ns, s.st_ctime_ns)
    made.update(b"%d:%s %s\n" % (len(path), path, b" ".join(b"%d" % one for one in told)))
    times.append(s.st_ctime)
    return True


def _mark_unit(unit: bytes, made: hashlib._Hash, times: list[float]) -> None:
    """Mark a service's processes and when they started (proc_pid_stat(5), field 22)."""
    with open(b"/sys/fs/cgroup/system.slice/" + unit + b"/cgroup.procs", "rb") as file:  # noqa: PTH123
        pids = file.read().split()
    now = time.clock_gettime(time.CLOCK_BOOTTIME)
    for pid in pids or [b"none"]:
        with open(b"/proc/" + pid + b"/stat", "rb") as file:  # noqa: PTH123 - see above
            ticks = int(file.read().rpartition(b")")[2].split()[19])
        made.update(b"%s %s %d\n" % (unit, pid, ticks))
        times.append(time.time() - now + ticks / os.sysconf("SC_CLK_TCK"))


def _files_alone() -> None:
    """Raise ValueError where users or groups come from elsewhere too (nsswitch.conf(5))."""
    with open("/etc/nsswitch.conf", "rb") as file:  # noqa: PTH123 - nothing more is imported
        lines = [line.partition(b"#")[0].partition(b":") for line in file]
    asked = [word for name, _, rest in lines for word in rest.split() if name.strip() in _NAMES]
    if set(asked) - {b"files", b"systemd", b"compat"}:
        raise ValueError("not from files alone")


def _fail(error: OSError) -> None:
    raise error


def write(path: bytes, content: bytes) -> list[bytes]:
    """Write a file as cp(1) does: an existing one keeps its owner and mode.

    What is no plain file, or cannot be written, is left to cp, and to cp's own words.
    """
    try:
        try:
            there = os.stat(path)  # noqa: PTH116 - nothing more is imported
        except FileNotFoundError:
            how = os.O_CREAT | os.O_EXCL  # refuses a link that leads nowhere, as cp does
        else:
            if not stat.S_ISREG(there.st_mode):
                return [_NOT_HERE, b"", b"it is no plain file"]
            how = os.O_TRUNC
        with open(os.open(path, os.O_WRONLY | how, 0o666), "wb") as file:  # noqa: PTH123 - see above
            file.write(content)
    except OSError as error:
        return [_NOT_HERE, b"", str(error).encode()]
    return [b"0", b"", b""]


def do_in_order(fields: list[bytes]) -> list[bytes]:
    """Do what a frame asks one after the other, up to the first that fails."""
    variables = environment()
    answers: list[bytes] = []
    is_well = True
    for kind, text, content in zip(fields[::3], fields[1::3], fields[2::3], strict=True):
        if not is_well:
            answers += [_NOT_RUN, b"", b""]
            continue
        one = write(text, content) if kind == b"=write" else run([kind, b"-c", text], variables)
        is_well = one[0] == b"0"
        answers += one
    return answers


def answer(fields: list[bytes]) -> list[bytes]:
    """Run a frame's commands, some at a time, and return all answers in their order."""
    if fields[0] == b"=in order":
        return do_in_order(fields[1:])
    variables = environment()
    commands = list(zip(fields[::3], fields[1::3], fields[2::3], strict=True))
    answers: list[list[bytes]] = [[]] * len(commands)
    waiting = list(enumerate(commands))[::-1]
    shown = show_units([what for *_, what in commands], variables)

    def work() -> None:
        while True:
            try:
                at, (shell, text, what) = waiting.pop()
            except IndexError:
                return
            if shell == b"print":
                answers[at] = [b"0", fingerprint(text), b""]
            else:
                answers[at] = (
                    shown.get(what) or look(what, variables) or run([shell, b"-c", text], variables)
                )

    workers = [threading.Thread(target=work) for _ in range(min(WORKERS, len(commands)))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return [field for one in answers for field in one]


def serve(mark: bytes) -> None:
    """Say that we are here, then answer until the line ends."""
    source, out = sys.stdin.buffer, sys.stdout.buffer
    out.write(mark)
    out.flush()
    while True:
        fields = read_frame(source)
        if fields is None:
            os._exit(0)
        out.write(pack(answer(fields)))
        out.flush()
