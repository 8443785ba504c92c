"""Which replicas to remove. Pure."""

from collections.abc import Collection, Sequence

from autoscaler.adapters.compose.replicas import Replica, removal_order


def victims(replicas: Sequence[Replica], count: int, depended_on: Collection[str] = ()) -> list[Replica]:
    """Return the replicas to remove, in order: at most `count`, and never the last ready one.

    Replicas in `depended_on` (ids) stay: another container depends on them.
    """
    ready = sum(replica.ready for replica in replicas)
    chosen: list[Replica] = []
    for replica in removal_order(replicas):
        if len(chosen) == max(0, count):
            break
        if replica.id in depended_on or (replica.ready and ready == 1):
            continue
        ready -= replica.ready
        chosen.append(replica)
    return chosen
