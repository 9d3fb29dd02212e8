"""What a .deb is made of: names, relations, files and maintainer scripts."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class File:
    """A file of a package; ``path`` has no leading slash. ``link`` makes it a symbolic link."""

    path: str
    content: bytes = b""
    mode: int = 0o644
    link: str = ""


@dataclass(frozen=True, slots=True)
class Package:
    """A binary package. Relations are Debian control syntax, one tuple entry per comma.

    ``scripts`` maps preinst, postinst, prerm, postrm, triggers or conffiles to their text.
    """

    name: str
    version: str
    depends: tuple[str, ...] = ()
    recommends: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()
    conflicts: tuple[str, ...] = ()
    replaces: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()
    files: tuple[File, ...] = ()
    scripts: dict[str, str] = field(default_factory=dict)
    architecture: str = "amd64"
    section: str = "restricted/libs"
    source: str = ""
    maintainer: str = "deeprig simulated packages <simulated@deeprig.invalid>"
    description: str = ""
    multi_arch: str = ""

    @property
    def file_name(self) -> str:
        """Return the name of the .deb; an epoch is not part of it."""
        version = self.version.rpartition(":")[2]
        return f"{self.name}_{version}_{self.architecture}.deb"

    def control(self) -> str:
        """Return the control file."""
        lines = [f"Package: {self.name}", f"Version: {self.version}"]
        if self.source:
            lines.append(f"Source: {self.source}")
        lines += [
            f"Architecture: {self.architecture}",
            f"Maintainer: {self.maintainer}",
            f"Installed-Size: {self._installed_kib()}",
        ]
        for name, values in self._relations():
            if values:
                lines.append(f"{name}: {', '.join(values)}")
        if self.multi_arch:
            lines.append(f"Multi-Arch: {self.multi_arch}")
        lines += [f"Section: {self.section}", "Priority: optional"]
        text = self.description or f"{self.name} of the simulated NVIDIA stack"
        lines += [f"Description: {text}", " Simulated by deeprig's tests.", ""]
        return "\n".join(lines)

    def _relations(self) -> tuple[tuple[str, tuple[str, ...]], ...]:
        return (
            ("Depends", self.depends),
            ("Recommends", self.recommends),
            ("Provides", self.provides),
            ("Conflicts", self.conflicts),
            ("Breaks", self.breaks),
            ("Replaces", self.replaces),
        )

    def _installed_kib(self) -> int:
        return sum(1 + len(f.content) // 1024 for f in self.files) or 1
