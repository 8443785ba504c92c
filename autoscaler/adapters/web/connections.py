"""How many connections there may be, and which one gives way to a new one. Pure."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """A connection carries one request. Its times count from its opening, however its bytes come."""

    most: int = 256
    most_of_one_peer: int = 64
    request_seconds: float = 10.0  # until the request is whole, its body included
    answer_seconds: float = 30.0  # until the client has taken the answer


class Connection(Protocol):
    """An open connection."""

    @property
    def peer(self) -> str:
        """The client's address."""

    @property
    def waits_for_its_client(self) -> bool:
        """Whether the request is not whole yet, or the answer not taken."""

    def end(self, reason: str) -> None:
        """Close it at once."""


class OpenConnections:
    """The open connections, oldest first. Not thread-safe."""

    def __init__(self, limits: ConnectionLimits) -> None:
        self._limits = limits
        self._open: dict[Connection, None] = {}

    def admit(self, new: Connection) -> bool:
        """Add a connection: of too many, the oldest that waits for its client ends. Return False if none does."""
        for peers, most in (({new.peer}, self._limits.most_of_one_peer), (None, self._limits.most)):
            rivals = [each for each in self._open if peers is None or each.peer in peers]
            if len(rivals) >= most and not self._end_oldest(rivals):
                return False
        self._open[new] = None
        return True

    def discard(self, closed: Connection) -> None:
        self._open.pop(closed, None)

    def end_waiting(self, reason: str) -> None:
        """End every connection that waits for its client."""
        for each in [each for each in self._open if each.waits_for_its_client]:
            self._end(each, reason)

    def _end_oldest(self, rivals: list[Connection]) -> bool:
        found = next((each for each in rivals if each.waits_for_its_client), None)
        if found is not None:
            self._end(found, "crowded")
        return found is not None

    def _end(self, connection: Connection, reason: str) -> None:
        self.discard(connection)
        connection.end(reason)
