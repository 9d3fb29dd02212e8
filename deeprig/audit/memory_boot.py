"""Run a program of ``deeprig_host`` whose archive comes on standard input, from memory.

Not imported by deeprig: its text travels to the host and runs there (``python3 -c``), in front of
any package of ours. It writes nothing there. The archive lies in memory that ends with the process
(memfd_create(2)), so nothing is left behind, however the connection or the process ends.
"""

import base64
import errno
import os
import runpy
import sys

#: Of the host programs. Whatever python3 is on the host reads this file, so it is kept simple.
_OLDEST = (3, 10)
#: MFD_NOEXEC_SEAL, Linux 6.3: hosts may insist on it (sysctl vm.memfd_noexec).
_NOEXEC_SEAL = 8


def main() -> None:
    """Run the program that the arguments name.

    Exit with a marked line where Python is too old, or lacks a part of its library.
    """
    if sys.version_info < _OLDEST:
        sys.exit("@@deeprig:old-python " + ".".join(map(str, sys.version_info[:3])))
    descriptor = _memory()
    with os.fdopen(descriptor, "wb", closefd=False) as archive:
        archive.write(base64.b64decode(sys.stdin.buffer.read()))
    sys.argv[0] = "deeprig_host"
    # By the process's number, not "self": a process that we start opens it, too.
    path = f"/proc/{os.getpid()}/fd/{descriptor}"
    try:
        runpy.run_path(path, run_name="__main__")
    except ModuleNotFoundError as error:
        # Debian's python3-minimal has only a part of the standard library.
        sys.exit(f"@@deeprig:partial-python {error.name}")


def _memory() -> int:
    try:
        return os.memfd_create("deeprig", os.MFD_CLOEXEC | _NOEXEC_SEAL)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
        return os.memfd_create("deeprig", os.MFD_CLOEXEC)  # an older kernel


if __name__ == "__main__":
    main()
