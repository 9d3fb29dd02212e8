"""Which disks the root file system lies on, through partitions, RAID, LVM and encryption."""

from __future__ import annotations

from deeprig_host.audit.tree import Tree

_BLOCK = "/sys/block"
_WHAT = "disks.holds_root"


def root_disks(tree: Tree) -> frozenset[str]:
    """Return the names of the disks below "/"; none, and told of, where that cannot be found."""
    mount = _root_mount(tree)
    if mount is None:
        return frozenset()
    number, source = mount
    name = _by_number(tree, number) or _by_source(tree, source)
    if name is None:
        tree.tell(_WHAT, f"/ is mounted from {source} ({number}), which is no block device seen")
        return frozenset()
    return frozenset(_below(tree, name))


def _root_mount(tree: Tree) -> tuple[str, str] | None:
    """Return device number and source of "/" (proc(5), mountinfo); the last mount covers others."""
    text = tree.text("/proc/self/mountinfo", _WHAT)
    found = None
    for line in (text or "").splitlines():
        before, _, after = line.partition(" - ")
        fields, behind = before.split(), after.split()
        if len(fields) > 4 and fields[4] == "/" and len(behind) > 1:
            found = (fields[2], behind[1])
    if text is not None and found is None:
        tree.tell(_WHAT, "/proc/self/mountinfo names no /")
    return found


def _by_number(tree: Tree, number: str) -> str | None:
    for disk in tree.names(_BLOCK):
        if tree.text(f"{_BLOCK}/{disk}/dev") == number:
            return disk
        for part in tree.names(f"{_BLOCK}/{disk}"):
            if part.startswith(disk) and tree.text(f"{_BLOCK}/{disk}/{part}/dev") == number:
                return disk
    return None


def _by_source(tree: Tree, source: str) -> str | None:
    """Return the disk by the source's name: btrfs and others have device numbers of their own."""
    wanted = source.rpartition("/")[2]
    for disk in tree.names(_BLOCK):
        parts = tree.names(f"{_BLOCK}/{disk}")
        if wanted in (disk, tree.text(f"{_BLOCK}/{disk}/dm/name")):
            return disk
        if wanted.startswith(disk) and wanted in parts:
            return disk
    return None


def _below(tree: Tree, name: str) -> set[str]:
    """Return the disks that a block device is made of, itself where it is made of none."""
    slaves = tree.names(f"{_BLOCK}/{name}/slaves")
    if not slaves:
        return {name}
    found: set[str] = set()
    for slave in slaves:
        disk = _by_source(tree, slave)
        found |= _below(tree, disk) if disk is not None else set()
    return found
