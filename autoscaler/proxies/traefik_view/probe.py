"""Whether a container that has just started accepts connections."""

import asyncio
import contextlib
from collections.abc import Sequence
from enum import Enum, auto

# The kernel of a reachable machine answers at once, whether a program listens or not.
ANSWER_SECONDS = 1.0


class Reached(Enum):
    """What a try to connect has found."""

    ACCEPTED = auto()
    REFUSED = auto()
    NOT = auto()  # another network, a firewall, no address: nothing can be said


async def reached(addresses: Sequence[tuple[str, int]]) -> Reached:
    """Connect to all addresses at once, and return the best result."""
    results = await asyncio.gather(*(_one(*address) for address in addresses))
    return min(results, key=lambda result: result.value, default=Reached.NOT)


async def _one(address: str, port: int) -> Reached:
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            _, writer = await asyncio.open_connection(address, port)
    except ConnectionRefusedError:
        return Reached.REFUSED
    except OSError:
        return Reached.NOT
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return Reached.ACCEPTED
