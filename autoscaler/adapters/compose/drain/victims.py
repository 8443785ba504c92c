"""Who goes when there are too many replicas. Pure."""

from collections.abc import Collection, Sequence

from autoscaler.adapters.compose.replicas import Replica, removal_order


def victims(replicas: Sequence[Replica], count: int, leaned_on: Collection[str] = ()) -> list[Replica]:
    """Return who of the replicas goes, first who goes first: at most `count`, and never the last ready one.

    Nobody goes on whom another container leans; `leaned_on` has their ids.
    """
    ready = sum(replica.ready for replica in replicas)
    chosen: list[Replica] = []
    for replica in removal_order(replicas):
        if len(chosen) == max(0, count):
            break
        if replica.id in leaned_on or (replica.ready and ready == 1):
            continue
        ready -= replica.ready
        chosen.append(replica)
    return chosen
