"""Reads files that exist as such and have an end: a FIFO or a device could keep a reader for ever."""

import errno
import os
import stat
from pathlib import Path

_NULL_DEVICE = os.makedev(1, 3)
_KINDS = {
    stat.S_IFIFO: "a FIFO",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def read_regular(path: Path, most_bytes: int) -> bytes:
    """Return the content of a file; the null device is an empty one, as Compose files mount it for an unset secret.

    Raises:
        OSError: it is missing, no regular file, unreadable, or larger; `strerror` says which.
    """
    found = path.stat()
    if stat.S_ISCHR(found.st_mode) and found.st_rdev == _NULL_DEVICE:
        return b""
    _check(path, found.st_mode)  # first: to open some devices does something
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    with open(descriptor, "rb") as file:  # noqa: PTH123  a descriptor
        _check(path, os.fstat(descriptor).st_mode)  # what the path names may have changed
        content = file.read(most_bytes + 1)
    if len(content) > most_bytes:
        size = f"{most_bytes // 2**20} MiB" if most_bytes >= 2**20 else f"{most_bytes // 2**10} KiB"
        raise OSError(errno.EFBIG, f"it is larger than {size}", str(path))
    return content


def _check(path: Path, mode: int) -> None:
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    if not stat.S_ISREG(mode):
        kind = _KINDS.get(stat.S_IFMT(mode), "of another kind")
        raise OSError(errno.EINVAL, f"it is {kind}, not a regular file", str(path))
