"""What a host's exit code, its marks, its words and its document mean together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from deeprig.backup.answer import HostAnswer, Status
from deeprig.backup.document import BadDocument, mapping_of, read_document, text_of, texts_of
from deeprig.backup.far import Far, far_of, json_line
from deeprig.inventory.model import DeclaredHost
from deeprig.masking import Masker
from deeprig.report.printable import printable
from deeprig.verify.reach import ssh_problem

_MARK = "@@deeprig:"
#: Said by ask.sh just before the host's program begins.
_RUNS = "runs"
_SSH_FAILED = 255
_KEPT_LINES = 20
_LONGEST_NAME = 100
_AGAIN = (
    "'deeprig backup follow' follows it again, 'deeprig backup status' tells how far it is, "
    "'deeprig backup stop' ends it"
)
#: What a host says instead of doing it: why, and what to do.
_REFUSALS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "not-root": ("the login user is not root", "log in as root, or as a user with sudo"),
        "no-sudo": ("there is no sudo on the host", "install sudo, or log in as root (ssh_user)"),
        "asks": ("sudo asks for a password", "run with -K (--ask-sudo-password)"),
        "wrong-password": ("sudo refused the password", "run with -K again, and type it again"),
        "no-program": (
            "deeprig's backup program is not on the host",
            "place it: deeprig apply --role backup",
        ),
    }
)
_OTHER_VERSION = ("No module named deeprig_host", "deeprig_host.backup: error:")


@dataclass(slots=True)
class Heard:
    """What a host has said on standard error so far; ``unit`` is where its work goes on."""

    marks: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    unit: str | None = None

    def take(self, line: str) -> Far | None:
        """Take a line: a mark, words for people, or how far it is, which is returned."""
        if line.startswith(_MARK):
            self.marks.append(line.removeprefix(_MARK))
            return None
        told = json_line(line)
        if told is None:
            self.said = [*self.said, line][-_KEPT_LINES:]
            return None
        if isinstance(told.get("unit"), str):
            self.unit = printable(told["unit"])[:_LONGEST_NAME]
        return far_of(told)


def judge(host: DeclaredHost, heard: Heard, code: int, text: str) -> HostAnswer:
    """Return the answer of a host; ``code`` is ssh's, ``text`` its standard output."""
    refusals = [_REFUSALS[mark] for mark in heard.marks if mark in _REFUSALS]
    if refusals:
        return _answer(host, heard, "failed", *refusals[0])
    is_lost = code == _SSH_FAILED or code < 0  # ssh's own word, or it was killed
    if is_lost and heard.unit is not None:
        return left_running(host, heard, "the connection was lost")
    if _RUNS not in heard.marks or is_lost:
        problem = ssh_problem(host, masker_of(host)(printable("\n".join(heard.said))), code)
        reason = f"{problem.place}: {problem.reason}"
        return _answer(host, heard, "unreachable", reason, problem.remedy)
    try:
        document = read_document(text, masker_of(host))
    except BadDocument as bad:
        return _without_document(host, heard, code, str(bad))
    refused = mapping_of(document, "refused")
    reason = "; ".join(filter(None, (text_of(refused, "reason"), *texts_of(refused, "evidence"))))
    is_good = code == 0 and document["ok"] and not refused
    status: Status = "good" if is_good else "failed"
    answer = _answer(host, heard, status, reason or None, text_of(refused, "remedy") or None)
    return replace(answer, document=document)


def left_running(host: DeclaredHost, heard: Heard, why: str) -> HostAnswer:
    """Return that the host works on, and nobody follows."""
    reason = f"{why}; its work goes on in {heard.unit}"
    return _answer(host, heard, "left running", reason, _AGAIN)


def masker_of(host: DeclaredHost) -> Masker:
    """Return what hides the host's secrets in what it says."""
    return Masker.of(host.settings, *host.role_settings.values())


def _without_document(host: DeclaredHost, heard: Heard, code: int, why: str) -> HostAnswer:
    said = [line for line in heard.said if line.strip()]
    if any(word in line for word in _OTHER_VERSION for line in said):
        reason = "the backup program of the host is of another version of deeprig"
        remedy = "place this one's: deeprig apply --role backup"
        return _answer(host, heard, "failed", reason, remedy)
    last = masker_of(host)(printable("; ".join(said[-3:])))
    return _answer(host, heard, "failed", last or f"exit {code}, and {why}")


def _answer(
    host: DeclaredHost,
    heard: Heard,
    status: Status,
    reason: str | None = None,
    remedy: str | None = None,
) -> HostAnswer:
    return HostAnswer(host.name, status, reason, remedy, unit=heard.unit)
