"""Free ports of this machine."""

import fcntl
import functools
import itertools
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

from deploy.lab.shell import LabError

# Below those that the kernel gives to connections: a port that was free a moment ago is not taken by one of them.
_FIRST, _BLOCKS, _BLOCK_SIZE = 10_000, 100, 100


def free_ports(count: int) -> list[int]:
    """Return ports of 127.0.0.1 that nobody listens on, all different, one after another where that is possible.

    Raises:
        LabError: too many processes have asked for ports.
    """
    return list(itertools.islice(filter(is_free, _block()), count))


@functools.cache
def _block() -> Iterator[int]:
    """Return this process' own ports again and again; no other process that asks here gets them while it lives."""
    for number in range(_BLOCKS):
        # The file stays open, and so locked, as long as the process lives.
        lock = os.open(Path(tempfile.gettempdir(), f"autoscaler-ports-{number}.lock"), os.O_CREAT | os.O_RDWR, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(lock)
        else:
            first = _FIRST + number * _BLOCK_SIZE
            return itertools.cycle(range(first, first + _BLOCK_SIZE))
    raise LabError("no ports are left: too many processes have asked for some")


def is_free(port: int, address: str = "127.0.0.1") -> bool:
    """Return whether nothing listens on that port of the address; of every address, if it is empty."""
    with socket.socket() as sock:
        try:
            sock.bind((address, port))
        except OSError:
            return False
    return True
