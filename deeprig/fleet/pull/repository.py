"""The lab's git repository on the host: fetched, proven to be its owner's, and checked out.

Whoever can write to the repository becomes root here. So a commit is taken only when its signature
is of an allowed signer, or, without a list of signers, when the connection proves the server: https
with a known authority, or ssh with a host key that is known already. And it is taken only when it
follows the commit that was taken before: an old one, with a fault that was mended, is no newer one.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from deeprig.bundle.model import without_login
from deeprig.errors import DeeprigError, HostUnreachable, UsageProblem
from deeprig.fleet.pull.git import LOCAL_SECONDS, SCHEMES, Done, run_git

#: A clone over a slow line takes a while; a server that hangs is not waited for.
_FETCH_SECONDS = 600
_FETCHED, _TAKEN = "refs/deeprig/fetched", "refs/deeprig/taken"
#: What proves the server by itself. The others say nothing about who answers.
_PROVEN = ("https", "ssh", "file")


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the lab comes from, and who may have signed it; None: the connection proves it."""

    url: str
    branch: str
    signers: Path | None

    def check(self) -> None:
        """Raise UsageProblem for an origin that proves nothing, or that is a secret itself."""
        scheme = scheme_of(self.url)
        if _has_login(self.url, scheme):
            raise UsageProblem(
                "a login in the URL ends in reports, in the status and in the list of processes",
                place=without_login(self.url),
                remedy="use ssh with a deploy key, or write the login into root's ~/.netrc",
            )
        if scheme not in SCHEMES:
            raise UsageProblem(
                f"{scheme}:// is not fetched from", place=self.url, remedy="use https or ssh"
            )
        if self.signers is None and scheme not in _PROVEN:
            raise UsageProblem(
                f"{scheme} does not prove who answers",
                place=self.url,
                remedy="use https or ssh, or have commits signed and give --allowed-signers",
            )
        if self.signers is not None and not self.signers.is_file():
            raise UsageProblem(
                "there is no such file",
                place=f"--allowed-signers {self.signers}",
                remedy="write one: ssh-keygen(1), ALLOWED SIGNERS",
            )


def scheme_of(url: str) -> str:
    """Return how a repository is reached; ``ada@host:lab.git`` is ssh, a path is a file."""
    if "://" in url:
        return urlsplit(url).scheme.lower()
    before, colon, _ = url.partition(":")
    return "ssh" if colon and "/" not in before else "file"


def _has_login(url: str, scheme: str) -> bool:
    """Say whether a URL lets somebody in; ssh's user is a name, of https it may be a token."""
    login, _, _ = urlsplit(url).netloc.rpartition("@")
    return ":" in login if scheme == "ssh" else bool(login)


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository below a directory of ours; its files are the lab."""

    lab: Path

    def fetch(self, origin: Origin) -> str:
        """Return the branch's commit, fetched but not used. Raise HostUnreachable, DeeprigError."""
        if not (self.lab / ".git").is_dir():
            self.lab.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._git("init", "--quiet", what="making the repository")
        refspec = f"+refs/heads/{origin.branch}:{_FETCHED}"
        words = ("fetch", "--quiet", "--no-tags", "--no-recurse-submodules", origin.url, refspec)
        done = self._run(*words, seconds=_FETCH_SECONDS)
        if done.returncode != 0:
            raise HostUnreachable(
                f"branch {origin.branch} cannot be fetched: {done.said}",
                place=origin.url,
                remedy="check the URL and the branch; with ssh, the server's key must be known",
            )
        return self._git("rev-parse", _FETCHED, what="reading the commit").strip()

    def prove(self, commit: str, origin: Origin) -> None:
        """Raise DeeprigError for a commit that may not be taken: unsigned, or older than ours."""
        if origin.signers is not None:
            done = self._run(
                *("-c", f"gpg.ssh.allowedSignersFile={origin.signers.resolve()}"),
                *("verify-commit", commit),
            )
            if done.returncode != 0:
                # Of a commit without a signature git says nothing at all.
                said = done.said if done.stderr.strip() else "it has no signature"
                raise DeeprigError(
                    f"commit {commit[:12]} is not signed by an allowed signer: {said}",
                    place=origin.url,
                    remedy="sign it: git commit -S with gpg.format=ssh; nothing was changed here",
                )
        taken = self.taken()
        if taken is None:
            return
        done = self._run("merge-base", "--is-ancestor", taken, commit)
        if done.returncode != 0:
            raise DeeprigError(
                f"commit {commit[:12]} does not follow {taken[:12]}, which was taken before",
                place=origin.url,
                remedy=f"if history was rewritten on purpose, remove {self.lab} on this host",
            )

    def place(self, commit: str) -> None:
        """Make the lab's files those of a commit; reports of earlier runs stay."""
        self._git("checkout", "--quiet", "--force", "--detach", commit, what="checking out")
        self._git("clean", "-dfxq", "-e", "/reports/", what="removing what is not of the commit")

    def note_taken(self, commit: str) -> None:
        """Note that a commit is applied from here on: no later one may be older."""
        self._git("update-ref", _TAKEN, commit, what="noting the commit")

    def taken(self) -> str | None:
        """Return the commit that was taken last, None on a first run."""
        done = self._run("rev-parse", "--verify", "--quiet", _TAKEN)
        return done.stdout.strip() or None

    def _git(self, *words: str, what: str) -> str:
        done = self._run(*words)
        if done.returncode != 0:
            raise DeeprigError(f"{what} failed: {done.said}", place=str(self.lab))
        return done.stdout

    def _run(self, *words: str, seconds: float = LOCAL_SECONDS) -> Done:
        return run_git(self.lab, words, seconds)
