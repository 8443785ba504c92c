"""From what was noted during a soak to its figures. Pure; times are unix seconds.

What each figure means:

- `requests`, `failed`, `slowest_s`: of all requests through Traefik, none of which is retried; failed is what has any
  answer but 200.
- `kills`: daemons that were killed by `kill -9`. `faults`: calls to the engine or to Prometheus that met a fault.
- `orphans`: containers of the scaled services that are astray at the end, 20 s after the last fault or kill, and have
  been for 5 s or more. A container is astray that neither serves (running, and healthy), nor starts (running for the
  first time, not healthy yet), nor is in a drain of a daemon that lives.
- `duplicates`: pairs of containers of one service that had the same number at the same time.
- `two_leaders`: leases under which a daemon that did not hold it changed a container after its holder had done so. Each
  daemon speaks through a proxy of its own, which notes when a change was asked for and who made the lease.
- `longest_out_of_service_s`: the longest time that a replica which had served was running, did not serve, and was in no
  drain of a daemon that lives, while there was a daemon.
- `longest_left_behind_s`: the longest time that a container was there and did not run (created, exited, dead), while
  there was a daemon.
- `rss_start_mb`, `rss_end_mb`: resident memory of the daemon's process that lived longest: the median of ten seconds, a
  minute after its start (or after a third of its life, if that is sooner) and at its end; `threads_start`, `threads`,
  `fds_start` and `fds` likewise.
"""

import re
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby, pairwise
from operator import attrgetter
from typing import Any

OK = 200
_HEALTH = re.compile(r"\((?:health: )?(healthy|unhealthy|starting)\)")
LEAVING = ".leaving"  # the daemon's suffix of a name while a replica is removed
ASTRAY_SECONDS = 5.0
SETTLED_SECONDS = 60.0  # after its start a process has the memory that it keeps
MEDIAN_OF = 10  # samples, one each second


@dataclass(frozen=True, slots=True)
class Change:
    """A call that changes a container, when the daemon asked for it."""

    at: float
    speaker: str  # the daemon's process
    call: str
    status: int  # of the engine's answer


@dataclass(frozen=True, slots=True)
class Claim:
    """A process has made the lease, and holds it from now on."""

    at: float
    speaker: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A container as the engine lists it."""

    id: str
    service: str
    number: int
    name: str
    state: str  # running, created, exited, ...
    health: str | None  # healthy, unhealthy, starting

    @property
    def serves(self) -> bool:
        return self.state == "running" and self.health in {None, "healthy"}

    @property
    def runs(self) -> bool:
        return self.state in {"running", "restarting", "paused"}


def seen_of(listed: Mapping[str, Any]) -> Seen:
    """Return what the engine's list call says about a container."""
    labels, health = listed["Labels"], _HEALTH.search(listed["Status"])
    return Seen(
        listed["Id"],
        labels.get("com.docker.compose.service", ""),
        int(labels.get("com.docker.compose.container-number", 0)),
        (listed["Names"] or ["?"])[0].lstrip("/"),
        listed["State"],
        None if health is None else health.group(1),
    )


@dataclass(frozen=True, slots=True)
class Look:
    """All containers of the scaled services at one moment."""

    at: float
    containers: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """What a process uses."""

    at: float
    speaker: str
    rss_mb: float
    threads: int
    fds: int


@dataclass(frozen=True, slots=True)
class Life:
    """A daemon's process: from its start to its end, and the lines that it has logged."""

    speaker: str
    start: float
    end: float
    lines: Sequence[Mapping[str, Any]] = ()  # `at` is added: unix seconds


@dataclass(frozen=True, slots=True)
class Log:
    """All that was noted."""

    requests: Sequence[Mapping[str, Any]] = ()  # lines of k6
    looks: Sequence[Look] = ()
    changes: Sequence[Change] = ()
    claims: Sequence[Claim] = ()
    samples: Sequence[Sample] = ()
    lives: Sequence[Life] = ()
    kills: int = 0
    hits: Mapping[str, int] = field(default_factory=dict)  # faults by what was asked and kind


@dataclass(frozen=True, slots=True)
class Drain:
    """A replica is drained by a daemon that lives."""

    replica: str
    start: float
    end: float


def figures(log: Log, minutes: float) -> dict[str, Any]:
    """Return the figures, and what is behind those that should be 0."""
    drains, looks = list(_drains(log.lives)), with_a_daemon(log.looks, log.lives)
    astray, two = orphans(log.looks, drains), two_leaders(log.changes, log.claims)
    out, behind = out_of_service(looks, drains), left_behind(looks)
    return {
        "minutes": minutes,
        "kills": log.kills,
        "faults": sum(log.hits.values()),
        "requests": len(log.requests),
        "failed": sum(line["status"] != OK for line in log.requests),
        "slowest_s": round(max((line["took"] for line in log.requests), default=0) / 1000, 2),
        "orphans": len(astray),
        "duplicates": len(duplicates(log.looks)),
        "two_leaders": len(two),
        "longest_out_of_service_s": longest_seconds(out),
        "longest_left_behind_s": longest_seconds(behind),
        **usage(log.samples),
        "changes": len(log.changes),
        "leads": len({claim.speaker for claim in log.claims}),
        "hits": dict(sorted(log.hits.items())),
        "failures": [dict(line) for line in log.requests if line["status"] != OK][:100],
        "astray": astray,
        "duplicate_numbers": duplicates(log.looks),
        "two_leaders_calls": two,
        "out_of_service": sorted(out, key=lambda each: -each[1])[:20],
        "left_behind": sorted(behind, key=lambda each: -each[1])[:20],
    }


def two_leaders(changes: Iterable[Change], claims: Sequence[Claim]) -> list[str]:
    """Return for each lease under which two daemons acted, what the one without it did first."""
    found = []
    ordered = sorted(changes, key=attrgetter("at"))
    for claim, following in pairwise([*sorted(claims, key=attrgetter("at")), Claim(float("inf"), "")]):
        under = [change for change in ordered if claim.at <= change.at < following.at]
        first = next((change.at for change in under if change.speaker == claim.speaker), float("inf"))
        others = [change for change in under if change.speaker != claim.speaker and change.at > first]
        if others:
            other = others[0]
            found.append(
                f"{other.at:.2f}: {other.speaker} {other.call} ({other.status}), {len(others)} calls; {claim.speaker} "
                f"holds the lease since {claim.at:.2f} and acts since {first:.2f}"
            )
    return found


def duplicates(looks: Iterable[Look]) -> list[str]:
    """Return each pair of containers with one number."""
    found = set()
    for look in looks:
        by_number = defaultdict(list)
        for each in look.containers:
            by_number[each.service, each.number].append(each)
        for (service, number), members in by_number.items():
            if len(members) > 1:
                found.add(f"{service} {number}: {' '.join(sorted(f'{each.name} {each.id[:12]}' for each in members))}")
    return sorted(found)


def with_a_daemon(looks: Iterable[Look], lives: Sequence[Life]) -> list[Look]:
    """Return the looks without the containers of moments in which no daemon lived: none could put anything right."""
    lived = [(look, any(life.start <= look.at <= life.end for life in lives)) for look in looks]
    return [look if there else Look(look.at, ()) for look, there in lived]


def out_of_service(looks: Sequence[Look], drains: Sequence[Drain]) -> list[tuple[str, float, float]]:
    """Return name, seconds and beginning of each while in which a replica that had served ran and did not serve."""
    served: set[str] = set()

    def out(at: float, each: Seen) -> bool:
        if each.serves:
            served.add(each.id)
        return each.id in served and each.runs and not each.serves and not _is_drained(each, at, drains)

    return _whiles(looks, out)


def left_behind(looks: Sequence[Look]) -> list[tuple[str, float, float]]:
    """Return name, seconds and beginning of each while in which a container was there and did not run."""
    return _whiles(looks, lambda _, each: not each.runs)


def orphans(looks: Sequence[Look], drains: Sequence[Drain]) -> list[str]:
    """Return the containers that are astray in the last look, and in all of the seconds before it."""
    last = [look for look in looks if look.at >= looks[-1].at - ASTRAY_SECONDS] if looks else []
    astray = [{each for each in look.containers if _is_astray(each, look.at, drains)} for look in last]
    ids = set.intersection(*({each.id for each in some} for some in astray)) if astray else set()
    return sorted(
        f"{each.name} {each.state} {each.health}" for each in (astray[-1] if astray else ()) if each.id in ids
    )


def _is_astray(each: Seen, at: float, drains: Sequence[Drain]) -> bool:
    return not each.serves and each.health != "starting" and not _is_drained(each, at, drains)


def _is_drained(each: Seen, at: float, drains: Iterable[Drain]) -> bool:
    name = each.name.removesuffix(LEAVING)
    return any(drain.replica == name and drain.start <= at <= drain.end for drain in drains)


def _whiles(looks: Sequence[Look], true: Callable[[float, Seen], bool]) -> list[tuple[str, float, float]]:
    """Return name, seconds and beginning of each stretch of looks in which it is true of a container."""
    found: list[tuple[str, float, float]] = []
    since: dict[str, tuple[str, float]] = {}
    for look in looks:
        now = {each.id: each for each in look.containers if true(look.at, each)}
        for container in [each for each in since if each not in now]:
            name, began = since.pop(container)
            found.append((name, round(look.at - began, 1), began))
        for container, each in now.items():
            since.setdefault(container, (each.name, look.at))
    end = looks[-1].at if looks else 0.0
    return found + [(name, round(end - began, 1), began) for name, began in since.values()]


def longest_seconds(whiles: Iterable[tuple[str, float, float]]) -> float:
    return max((seconds for _, seconds, _ in whiles), default=0.0)


_ENDS_DRAIN = frozenset({"replica.taken_back", "replica.not_drained", "replica.removed"})
_ENDS_OPERATION = frozenset({"scaled", "scale.failed"})


def _drains(lives: Iterable[Life]) -> Iterator[Drain]:
    """Read from each daemon's log which replica it drained when; at its death its drains end."""
    for life in lives:
        begun: dict[str, tuple[str, float]] = {}
        for line in life.lines:
            event, at = line["event"], line["at"]
            if event == "replica.draining":
                begun[line["replica"]] = (line["service"], at)
            over = [line["replica"]] if event in _ENDS_DRAIN else []
            if event in _ENDS_OPERATION and line["direction"] == "down":
                over = [replica for replica, (service, _) in begun.items() if service == line["service"]]
            for replica in over:
                if replica in begun:
                    yield Drain(replica, begun.pop(replica)[1], at)
        yield from (Drain(replica, at, life.end) for replica, (_, at) in begun.items())


def usage(samples: Iterable[Sample]) -> dict[str, Any]:
    """Return what the process that lived longest used a while after its start, and at its end."""
    by_speaker = groupby(sorted(samples, key=attrgetter("speaker", "at")), key=attrgetter("speaker"))
    lives = [list(members) for _, members in by_speaker]
    if not lives:
        return {}
    longest = max(lives, key=lambda life: life[-1].at - life[0].at)
    lived = longest[-1].at - longest[0].at
    settled_at = longest[0].at + min(SETTLED_SECONDS, lived / 3)
    start, end = [each for each in longest if each.at >= settled_at][:MEDIAN_OF], longest[-MEDIAN_OF:]
    return {
        "rss_start_mb": _median(start, "rss_mb"),
        "rss_end_mb": _median(end, "rss_mb"),
        "threads_start": round(_median(start, "threads")),
        "threads": round(_median(end, "threads")),
        "fds_start": round(_median(start, "fds")),
        "fds": round(_median(end, "fds")),
        "longest_life_s": round(lived),
        "rss_each_minute_mb": [round(each.rss_mb, 1) for each in _each_minute(longest)],
    }


def _each_minute(samples: Sequence[Sample]) -> Iterator[Sample]:
    due = 0.0
    for each in samples:
        if each.at >= due:
            due = each.at + 60.0
            yield each


def _median(samples: Sequence[Sample], what: str) -> float:
    return round(float(statistics.median(getattr(each, what) for each in samples)), 1)
