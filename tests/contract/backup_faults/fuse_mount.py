"""A file system of its own, for faults that no disk gives on demand (FUSE, kernel protocol 7.31).

    python fuse_mount.py DIRECTORY MODE

It is mounted and served until the process ends; the kernel then answers ENOTCONN. MODE is

- ``silent``: no question is ever answered: a network mount whose server is gone;
- ``faulty``: ``broken.bin`` gives an I/O error after its first 128 KiB, ``good.txt`` none;
- ``stalling``: as ``faulty``, but in the place of the error there is never an answer;
- ``vanishing``: ``gone.txt`` is listed, and gone when somebody asks for it.
"""

import ctypes
import errno
import os
import stat
import struct
import sys
import time

GOOD = b"this can be read\n"
BROKEN_BYTES = 300_000
READABLE_BYTES = 131_072
ROOT_ID = 1
NAMES = {"good.txt": 2, "broken.bin": 3, "gone.txt": 4}
SIZES = {2: len(GOOD), 3: BROKEN_BYTES}
LISTED = {
    "faulty": ("good.txt", "broken.bin"),
    "stalling": ("good.txt", "broken.bin"),
    "vanishing": ("good.txt", "gone.txt"),
}

LOOKUP, FORGET, GETATTR, OPEN, READ, RELEASE = 1, 2, 3, 14, 15, 18
FLUSH, INIT, OPENDIR, READDIR, RELEASEDIR = 25, 26, 27, 28, 29
INTERRUPT, BATCH_FORGET = 36, 42
HEADER = struct.Struct("<IIQQIIIHH")


def mount(directory, kind=b"fuse"):
    """Mount it, and return the descriptor on which the kernel asks."""
    descriptor = os.open("/dev/fuse", os.O_RDWR)
    libc = ctypes.CDLL(None, use_errno=True)
    options = f"fd={descriptor},rootmode=40000,user_id=0,group_id=0".encode()
    if libc.mount(b"faulty", os.fsencode(directory), kind, 0, options):
        raise OSError(ctypes.get_errno(), "mount")
    return descriptor


def serve(descriptor, mode):
    """Answer the kernel until it unmounts."""
    while True:
        try:
            asked = os.read(descriptor, 1 << 20)
        except OSError as error:
            if error.errno == errno.ENODEV:
                return
            raise
        _, operation, unique, node, *_ = HEADER.unpack_from(asked)
        if operation in (FORGET, BATCH_FORGET, INTERRUPT):
            continue
        said = answer(operation, node, asked[HEADER.size :], LISTED[mode])
        if said == errno.EIO and mode == "stalling":
            continue
        code, content = (-said, b"") if isinstance(said, int) else (0, said)
        os.write(descriptor, struct.pack("<IiQ", 16 + len(content), code, unique) + content)


def answer(operation, node, content, names):
    """Return the answer's bytes, or the number of an error."""
    if operation == INIT:
        return struct.pack("<IIIIHHIIHHI7I", 7, 31, 0, 0, 4, 3, 4096, 1, 1, 0, 0, *[0] * 7)
    if operation == LOOKUP:
        node = NAMES.get(content.rstrip(b"\0").decode(), 0)
        found = struct.pack("<QQQQII", node, 0, 0, 0, 0, 0)
        return found + attributes(node) if node in SIZES else errno.ENOENT
    if operation == GETATTR:
        return struct.pack("<QII", 0, 0, 0) + attributes(node)
    if operation in (OPEN, OPENDIR):
        return struct.pack("<QII", 0, 0, 0)
    if operation == READDIR:
        return entries(names) if struct.unpack_from("<QQ", content)[1] == 0 else b""
    if operation == READ:
        return read(node, *struct.unpack_from("<QQI", content)[1:])
    if operation in (RELEASE, RELEASEDIR, FLUSH):
        return b""
    return errno.ENOSYS


def attributes(node):
    is_root = node == ROOT_ID
    mode = stat.S_IFDIR | 0o755 if is_root else stat.S_IFREG | 0o644
    size = 0 if is_root else SIZES[node]
    times = [1_600_000_000] * 3
    return struct.pack("<6Q10I", node, size, 0, *times, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)


def entries(names):
    found = b""
    for number, name in enumerate(names, start=1):
        raw = name.encode()
        one = struct.pack("<QQII", NAMES[name], number, len(raw), stat.S_IFREG >> 12) + raw
        found += one.ljust((len(one) + 7) // 8 * 8, b"\0")
    return found


def read(node, offset, size):
    if node == 2:
        return GOOD[offset : offset + size]
    if offset + size > READABLE_BYTES:
        return errno.EIO
    return bytes(min(size, BROKEN_BYTES - offset))


def main(directory, mode):
    descriptor = mount(directory)
    os.write(1, b"mounted\n")
    if mode == "silent":
        time.sleep(600)
    serve(descriptor, mode)


if __name__ == "__main__":
    main(*sys.argv[1:])
