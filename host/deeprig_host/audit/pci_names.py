"""Names of PCI devices by the PCI ID database, pci.ids(5), where a package has installed it."""

from __future__ import annotations

from deeprig_host.audit.tree import Tree

#: Debian's and Ubuntu's pci.ids package; hwdata elsewhere.
_DATABASES = ("/usr/share/misc/pci.ids", "/usr/share/hwdata/pci.ids")


def device_name(tree: Tree, vendor: str, device: str, what: str) -> str | None:
    """Return a device's name in the database, None (told of) without database or entry."""
    for database in _DATABASES:
        text = tree.text(database)
        if text is not None:
            name = _find(text, vendor, device)
            if name is None:
                tree.tell(what, f"{database} does not know {vendor}:{device}")
            return name
    tree.tell(what, "no driver is loaded and no PCI ID database is installed")
    return None


def _find(text: str, vendor: str, device: str) -> str | None:
    # Vendors begin in the first column, their devices behind one tab, subsystems behind two.
    is_vendor = False
    for line in text.splitlines():
        if line[:1] not in ("\t", "#", ""):
            is_vendor = line.startswith(f"{vendor}  ")
        elif is_vendor and line.startswith(f"\t{device}  "):
            return line.partition("  ")[2].strip()
    return None
