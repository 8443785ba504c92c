"""The journal: the distinct evaluations of each service, in memory and bounded."""

import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from autoscaler.core.policy import Policy
from autoscaler.events import Action, CycleFinished, Evaluation, Event, ServicesChanged, evaluation

KEPT = 2000  # entries of each service
KEPT_IN_ALL = 20_000  # about 30 MB
LOOK_BACK = 8  # alternating reasons that are still folded
FLAP_SECONDS = 120.0  # a reason that returns within this time continues its entry


class JournalObserver:
    """Keeps each change of a count, a reason, or the usable readings; folds equal evaluations. Thread-safe.

    A service that alternates between reasons has one entry for each of them. An applied change is always an entry of
    its own.
    """

    def __init__(self, policies: Iterable[Policy], *, kept: int = KEPT) -> None:
        self._most_kept = kept
        self._lock = threading.Lock()
        self._policies: Mapping[str, Policy] = {}
        self._entries: dict[str, deque[Evaluation]] = {}
        self._serve({policy.service: policy for policy in policies})

    def _serve(self, policies: Mapping[str, Policy]) -> None:
        """Keep a journal of these services, with the present entries of known ones."""
        kept = min(self._most_kept, KEPT_IN_ALL // max(1, len(policies)))
        self._entries = {name: deque(self._entries.get(name, ()), maxlen=kept) for name in policies}
        self._policies = policies

    def notify(self, event: Event) -> None:
        if isinstance(event, ServicesChanged):
            with self._lock:
                self._serve(event.policies)
        elif isinstance(event, CycleFinished):
            with self._lock:
                for name in event.services.keys() & self._policies.keys():
                    new = evaluation(event.services[name], self._policies[name], event.at)
                    _enter(self._entries[name], new)

    def entries(self, service: str, *, since: float, until: float, limit: int) -> Sequence[Evaluation] | None:
        """Return at most `limit` entries of that span (unix seconds), newest first; None for an unknown service."""
        with self._lock:
            if service not in self._entries:
                return None
            kept = list(self._entries[service])
        found = [entry for entry in reversed(kept) if entry.last_at >= since and entry.at <= until]
        return found[:limit]


def _enter(entries: deque[Evaluation], new: Evaluation) -> None:
    index = _alike(entries, new)
    if index is None:
        entries.append(new)
    else:
        entries[index] = replace(entries[index], last_at=new.at, times=entries[index].times + 1)


def _alike(entries: deque[Evaluation], new: Evaluation) -> int | None:
    """Return the (negative) index of an equal recent entry, if there is one."""
    for back in range(1, min(LOOK_BACK, len(entries)) + 1):
        entry = entries[-back]
        if Action.SCALED in {entry.action, new.action}:
            return None
        if (back == 1 or new.at - entry.last_at <= FLAP_SECONDS) and _essence(entry) == _essence(new):
            return -back
    return None


def _essence(new: Evaluation) -> tuple[object, ...]:
    """Return the facts by which two evaluations are equal."""
    decision = new.decision
    if decision is None:
        return new.action, new.condition, new.error, new.intervention
    unusable = tuple((each.rule, each.reading.kind) for each in decision.proposals if each.replicas is None)
    estimates = () if decision.sizing is None else decision.sizing.estimates
    trusted = tuple(estimate.trusted for estimate in estimates)
    held = new.action, new.condition, new.intervention
    return *held, decision.reason, decision.replicas.count, decision.desired, unusable, trusted
