"""From what k6, Prometheus, the daemon and the engine have noted to where the seconds went. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

ID_LENGTH = 12  # of a container's id in its hostname
OK = 200
AT_REST = {"current": 2, "ready": 2, "requested": None}
LONGEST_SECONDS = 40.0  # what comes later is no answer to the step

# What each stretch of time is spent on, in their order; the names of the moments are Step's.
STAGES = {
    "scrape_wait": ("stepped_at", "scraped_at"),
    "window_fill": ("scraped_at", "seen_at"),
    "cycle_wait": ("seen_at", "decided_at"),
    "query_and_create": ("decided_at", "created_at"),
    "start": ("created_at", "started_at"),
    "first_probe": ("started_at", "ready_at"),
    "traefik_and_first_request": ("ready_at", "served_at"),
}


class NoReactionError(Exception):
    """A step that was not followed by what should follow it; the text says by what."""


@dataclass(frozen=True, slots=True)
class Step:
    """The moments of one step, in unix seconds."""

    name: str
    stepped_at: float  # its first request
    scraped_at: float  # the first scrape after it
    seen_at: float  # the last scrape before the decision: there the rates have grown enough
    decided_at: float
    created_at: float  # of the replica that was the first new one to serve
    started_at: float
    ready_at: float
    served_at: float  # its first answer

    @property
    def stages(self) -> dict[str, float]:
        """The seconds that each stretch took."""
        return {name: getattr(self, end) - getattr(self, start) for name, (start, end) in STAGES.items()}


@dataclass(frozen=True, slots=True)
class Notes:
    """All that was noted of one service."""

    requests: Sequence[Mapping[str, Any]]  # lines of k6, in any order
    scrapes: Sequence[float]  # unix seconds, rising
    decisions: Sequence[Mapping[str, Any]]  # of the daemon's journal
    engine: Sequence[Mapping[str, Any]]  # the engine's events


def step(name: str, notes: Notes) -> Step:
    """Return the moments of a step.

    Raises:
        NoReactionError: one of them is missing.
    """
    stepped_at = _first((line["at"] / 1000 for line in notes.requests if line["load"] == name), f"{name}: no request")
    decided_at = _first(_raises(notes.decisions, stepped_at), f"{name}: nothing was decided from rest")
    moments = _containers(notes.engine, since=decided_at)
    served_at, replica = _first(_answers(notes.requests, moments), f"{name}: no new replica served")
    created, started, ready = (moments[replica].get(what) for what in ("create", "start", "health_status: healthy"))
    if created is None or started is None or ready is None:
        raise NoReactionError(f"{name}: the engine did not tell how {replica} was made")
    return Step(
        name=name,
        stepped_at=stepped_at,
        scraped_at=_first((at for at in notes.scrapes if at > stepped_at), f"{name}: no scrape"),
        seen_at=max(at for at in notes.scrapes if at <= decided_at),
        decided_at=decided_at,
        created_at=created,
        started_at=started,
        ready_at=ready,
        served_at=served_at,
    )


def _first(found: Iterable[Any], otherwise: str) -> Any:
    first = min(found, default=None)
    if first is None:
        raise NoReactionError(otherwise)
    return first


def _raises(decisions: Sequence[Mapping[str, Any]], since: float) -> list[float]:
    """Return when more replicas were decided; none if the first time was not from rest, or belongs to another step."""
    raised = [
        entry
        for entry in decisions
        if entry["action"] == "scaled" and entry["decision"]["direction"] == "up" and entry["at"] >= since
    ]
    first = min(raised, key=lambda entry: float(entry["at"]), default=None)
    rested = first is not None and first["decision"]["replicas"] == AT_REST
    return [first["at"]] if first is not None and rested and first["at"] < since + LONGEST_SECONDS else []


def _containers(events: Sequence[Mapping[str, Any]], since: float) -> dict[str, dict[str, float]]:
    """Return when what first happened to each container that was created since then, by its short id."""
    moments: dict[str, dict[str, float]] = {}
    for event in events:
        at, container = event["timeNano"] / 1e9, event["id"][:ID_LENGTH]
        if event["Action"] == "create" and at >= since:
            moments[container] = {}
        if container in moments:
            moments[container].setdefault(event["Action"], at)
    return moments


def _answers(requests: Sequence[Mapping[str, Any]], replicas: Mapping[str, Any]) -> list[tuple[float, str]]:
    return [
        ((line["at"] + line["took"]) / 1000, line["replica"])
        for line in requests
        if line["status"] == OK and line["replica"] in replicas
    ]


def largest_gap_seconds(scrapes: Sequence[float]) -> float:
    """Return the longest time between two scrapes: more than their interval means that one was missed."""
    return max((after - before for before, after in pairwise(scrapes)), default=0.0)
