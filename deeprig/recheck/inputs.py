"""What a run's evaluation depends on at the controller, and whether that is still the same.

Python itself tells of every file that is opened and every directory that is listed
(sys.addaudithook, PEP 578): so an inventory, which is a program, may read what it likes. What it
asks of other programs or of a network has no such mark; a run that did that is evaluated anew.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

#: Of a file or directory: what changes with its content, also where its times are set back.
Mark = tuple[int, int, int, int] | None
#: They differ from call to call, and say nothing about what is declared.
_UNTOLD_VARIABLES = frozenset(
    (
        *("_", "SHLVL", "OLDPWD", "COLUMNS", "LINES"),
        # Of a login, a session or a start by systemd.
        *("SSH_CLIENT", "SSH_CONNECTION", "SSH_TTY", "XDG_SESSION_ID", "WINDOWID", "TMUX_PANE"),
        *("INVOCATION_ID", "JOURNAL_STREAM", "SYSTEMD_EXEC_PID", "TRIGGER_TIMER_REALTIME_USEC"),
        "TRIGGER_TIMER_MONOTONIC_USEC",
    )
)
#: The clock of files' times is behind by a tick of the kernel at most (100 Hz), in seconds.
_TICK = 0.01
_SYSTEM = ("/proc/", "/sys/", "/dev/")
_PROGRAMS = frozenset(
    ("subprocess.Popen", "os.system", "os.posix_spawn", "os.fork", "os.forkpty", "os.exec")
)
_NETWORK = frozenset(("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"))
_LISTINGS = frozenset(("os.listdir", "os.scandir"))
_WRITING = os.O_WRONLY | os.O_RDWR
#: Directories of a lab whose files are looked for by name: a new one may stand before another.
_SEARCHED = ("deploy", "inventory", "roles", "templates")
#: More than that is no lab's content, and would have to be looked at in each run.
_MOST_DIRECTORIES = 2000
#: Where a time zone is set; it is read by the C library, which nobody tells of.
_ALWAYS = ("/etc/localtime",)


class Watch:
    """Notes what this process reads, while it ``is_on``. There is one: a hook stays for ever."""

    def __init__(self) -> None:
        self.is_on = False
        #: Connections are expected now: to the hosts.
        self.is_connecting = False
        self.began = 0.0
        #: Modules that were loaded before it began, since the process did at ``process_began``.
        self.loaded: frozenset[str] = frozenset()
        self.process_began = 0.0
        self.paths: set[str] = set()
        #: Why nothing can be said about what the evaluation depends on; "" where that is known.
        self.unknown = ""
        self._is_hooked = False

    def begin(self) -> None:
        """Note from now on; what was read before is forgotten, but for the modules."""
        if not self._is_hooked:
            self._is_hooked = True
            sys.addaudithook(self._heard)
        self.paths, self.unknown = set(), ""
        self.began = time.time() - _TICK
        self.process_began = _process_began()
        self.loaded = frozenset(_module_files())
        self.is_connecting, self.is_on = False, True

    def end(self) -> None:
        """Note nothing any more."""
        self.is_on = False

    @contextmanager
    def connecting(self) -> Iterator[None]:
        """Within it a network may be asked, and programs that OpenSSH's configuration names."""
        self.is_connecting = True
        try:
            yield
        finally:
            self.is_connecting = False

    def _heard(self, event: str, arguments: tuple[object, ...]) -> None:
        if not self.is_on:
            return
        if event == "open":
            path, _, flags = arguments
            if not (isinstance(flags, int) and flags & _WRITING):
                self._note(path)
        elif event in _LISTINGS:
            self._note(arguments[0] if arguments[0] is not None else ".")
        elif event in _PROGRAMS and not self.is_connecting:
            self.unknown = self.unknown or f"another program was asked ({event})"
        elif event in _NETWORK and not self.is_connecting:
            self.unknown = self.unknown or f"a network was asked ({event})"

    def _note(self, path: object) -> None:
        if isinstance(path, bytes):
            path = os.fsdecode(path)
        if isinstance(path, str):
            self.paths.add(path if path.startswith("/") else os.path.abspath(path))  # noqa: PTH100


WATCH = Watch()


def evaluate_always(reason: str) -> None:
    """Say that an evaluation depends on what no recheck can see: the time of day, a random number.

    For roles and inventories. Whoever evaluates them is evaluated in every run.
    """
    WATCH.unknown = WATCH.unknown or reason


def marks_of(watch: Watch, lab_directory: Path, more: Iterable[str] = ()) -> dict[str, Mark] | str:
    """Return the marks of all that was read, or why they cannot be told.

    ``more`` are paths that count, whether they are there or not. What changed since the watch began
    may have been read before or after that.
    """
    if watch.unknown:
        return watch.unknown
    searched = _directories(lab_directory)
    if isinstance(searched, str):
        return searched
    paths = _module_files() | watch.paths | searched
    paths |= {sys.executable, *_ALWAYS, *more}
    marks = {path: mark_of(path) for path in paths if not path.startswith(_SYSTEM)}
    for path, mark in marks.items():
        began = watch.process_began if path in watch.loaded else watch.began
        if mark is not None and max(mark[:2]) >= int(began * 1e9):
            return f"{path} changed while it ran"
    return marks


def first_changed(marks: Mapping[str, Mark]) -> str:
    """Return a file or directory that has not its mark any more; "" where all have."""
    return next((path for path, mark in marks.items() if mark_of(path) != mark), "")


def mark_of(path: str) -> Mark:
    """Return the mark of a path; None where it cannot be looked at."""
    try:
        found = os.stat(path)  # noqa: PTH116 - a thousand of them in each run
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino


def variables() -> str:
    """Return the environment as one text: an inventory may read any of it."""
    told = (f"{k}={v}" for k, v in sorted(os.environ.items()) if k not in _UNTOLD_VARIABLES)
    return "\0".join(told)


def _module_files() -> set[str]:
    files = {getattr(module, "__file__", None) for module in tuple(sys.modules.values())}
    return {path for path in files if isinstance(path, str)}


def _process_began() -> float:
    """Return when this process began, in Unix seconds, up to a tick of the kernel too early."""
    # proc(5): what comes after the command's name, which may hold anything, begins with field 3.
    fields = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return time.time() - (time.clock_gettime(time.CLOCK_BOOTTIME) - started)


def _directories(lab_directory: Path) -> set[str] | str:
    found = {str(lab_directory)}
    for name in _SEARCHED:
        for here, below, _ in os.walk(lab_directory / name):
            below[:] = [one for one in below if one != "__pycache__"]
            found.add(here)
            if len(found) > _MOST_DIRECTORIES:
                return f"more than {_MOST_DIRECTORIES} directories in {lab_directory / name}"
    return found
