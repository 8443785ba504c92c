"""Ports and subnets that no other test takes at the same time: each worker has a share of its own."""

import os
import secrets

from deploy.lab.ports import is_free

FIRST_PORT, PORTS, SHARES = 20_000, 1_000, 12  # below those that the system gives out by itself


def share() -> int:
    """Return the number of this worker; 0 where there is one only."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


def free_range(count: int) -> int:
    """Return the first of so many ports in a row of which none is taken."""
    base = FIRST_PORT + share() % SHARES * PORTS
    for _ in range(100):
        first = base + secrets.randbelow(PORTS - count)
        if all(is_free(port, "") for port in range(first, first + count)):
            return first
    raise AssertionError(f"no {count} free ports in a row from {base} on")


def subnet() -> str:
    """Return the first three numbers of a subnet's addresses."""
    return f"10.{200 + share() % 50}.{secrets.randbelow(256)}"
