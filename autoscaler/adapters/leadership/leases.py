"""Keeps a lease on each Compose project that the daemon scales, so that one of several daemons acts; thread-safe."""

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from autoscaler.adapters.docker.errors import EngineError, Forbidden
from autoscaler.adapters.leadership.election import LeaseTiming, Look, Standing, Step, after
from autoscaler.adapters.leadership.volume_store import LeaseVolumes, fresh_token
from autoscaler.errors import TargetUnavailable
from autoscaler.events import LeadershipChanged
from autoscaler.ports.observers import Emit

GONE_SECONDS = 7200.0  # without a decision about a project (two of the longest cycles): its lease is given back
LONGEST_PAUSE_SECONDS = 60.0  # between looks at a lease whose calls are refused: the guard must be changed first
SIDE_BY_SIDE = 32  # looks at a time: on an engine that hangs, all take as long as one
LOOKS = 3  # in a row, at most: evict, claim, confirm
UNLEASED = "`lease: off` in the policy file: nothing keeps a second daemon from acting on the same project"
REFUSED = (
    "let it pass the calls on the volumes of the lease (config/haproxy/autoscaler.cfg); "
    "or set `lease: off`, if no other daemon ever acts on this project"
)


@dataclass(slots=True)
class _Project:
    wanted_at: float  # the last call of `follow` (monotonic seconds)
    standing: Standing = field(default_factory=Standing)
    problem: str | None = None
    refusals: int = 0  # in a row
    look_at: float = 0.0  # not before
    reported: object = None  # the state of the last LeadershipChanged


class Leases:
    """Implements ports.leadership.Leadership; emits LeadershipChanged when this or another daemon begins to lead."""

    def __init__(
        self,
        volumes: LeaseVolumes,
        emit: Emit,
        *,
        projects: Iterable[str] = (),
        timing: LeaseTiming | None = None,
        off: Callable[[], bool] = lambda: False,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.timing = timing or LeaseTiming()
        self._volumes = volumes
        self._off = off
        self._emit = emit
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._projects = {project: _Project(monotonic()) for project in projects}
        self._finish_until: dict[str, float] = {}  # of leases that were given back just now
        self._pool = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="lease")

    @property
    def look_seconds(self) -> float:
        return self.timing.look_seconds

    def follow(self, project: str) -> None:
        """Follow the lease of this project, until there was no call for `GONE_SECONDS`."""
        now = self._monotonic()
        with self._lock:
            self._projects.setdefault(project, _Project(now)).wanted_at = now

    def leads(self, project: str) -> bool:
        return self.why_not(project) is None

    def may_finish(self, project: str) -> bool:
        with self._lock:
            known, given_until = self._projects.get(project), self._finish_until.get(project)
        if known is None:
            return given_until is not None and self._monotonic() < given_until
        return self._off() or known.standing.may_finish(self._monotonic(), self.timing)

    def why_not(self, project: str) -> str | None:
        with self._lock:
            known = self._projects.get(project)
        if known is None:
            return f"asks who leads project {project}"
        if self._off() or known.standing.leads(self._monotonic(), self.timing):
            return None
        return self._reason(project, known)

    def look(self) -> None:
        """Read every lease and take the next steps; called every `timing.look_seconds`, by one caller."""
        with self._lock:
            projects = dict(self._projects)
        self._side_by_side(self._give_up if self._off() else self._look_at, projects)
        for project, known in projects.items():
            self._report(project, known)
        edge = self._monotonic() - GONE_SECONDS
        for project, known in self._given_back(lambda known: known.wanted_at < edge and known.problem is None).items():
            if known.reported is not None:
                why = f"nothing is decided about project {project} any more"
                self._emit(LeadershipChanged(project, leads=False, why=why, gone=True))

    def release(self) -> None:
        for project, known in self._given_back(lambda _: True).items():
            if known.standing.held and known.reported is True:
                self._emit(LeadershipChanged(project, leads=False, why=f"has given the lead of project {project} back"))

    def _given_back(self, which: Callable[[_Project], bool]) -> Mapping[str, _Project]:
        """Give the leases of these projects back and follow them no longer; return them."""
        with self._lock:
            given = {name: known for name, known in self._projects.items() if which(known)}
            self._projects = {name: known for name, known in self._projects.items() if name not in given}
            until = {**self._finish_until, **{name: known.standing.finish_until for name, known in given.items()}}
            self._finish_until = {name: at for name, at in until.items() if at > self._monotonic()}
        self._side_by_side(self._release, {project: known for project, known in given.items() if known.standing.held})
        return given

    def _side_by_side(self, call: Callable[[str, _Project], None], projects: Mapping[str, _Project]) -> None:
        for _ in self._pool.map(call, projects.keys(), projects.values()):
            pass  # raises what a call raises

    def _give_up(self, project: str, known: _Project) -> None:
        if known.standing.held:
            self._release(project, known)
        known.standing, known.problem, known.refusals, known.look_at = Standing(), None, 0, 0.0

    def _look_at(self, project: str, known: _Project) -> None:
        if self._monotonic() < known.look_at:
            return
        try:
            for _ in range(LOOKS):
                if self._step(project, known) not in {Step.EVICT, Step.CLAIM}:
                    break
            known.problem, known.refusals = None, 0
        except (EngineError, TargetUnavailable) as error:
            refused = isinstance(error, Forbidden)
            known.problem = f"{error}; {REFUSED}" if refused else str(error)
            known.refusals = known.refusals + 1 if refused else 0
            if known.refusals > 1:  # a single refusal costs one look
                pause_seconds = self.timing.look_seconds * 2.0 ** min(known.refusals, 10)
                known.look_at = self._monotonic() + min(pause_seconds, LONGEST_PAUSE_SECONDS)

    def _step(self, project: str, known: _Project) -> Step:
        token, began = fresh_token(), self._monotonic()
        lease, knock = self._volumes.lease(project), self._volumes.knock(project)
        known.standing, step = after(known.standing, Look(lease, knock, began, self._monotonic()), token, self.timing)
        self._volumes.do(step, project, token)
        return step

    def _release(self, project: str, known: _Project) -> None:
        try:
            lease = self._volumes.lease(project)
            if lease is not None and lease.token == known.standing.token:
                self._volumes.do(Step.EVICT, project, fresh_token())
        except (EngineError, TargetUnavailable):
            return  # another daemon evicts the lease after a knock without an answer

    def _reason(self, project: str, known: _Project) -> str:
        standing, now = known.standing, self._monotonic()
        if known.problem:
            return f"does not know who leads project {project}: {known.problem}"
        if standing.lease is None:
            return f"asks who leads project {project}"
        if standing.held_since is None:
            lease = standing.lease
            return f"{lease.holder} leads project {project} since {lease.since}; this daemon stands by"
        if now < standing.held_since + self.timing.proven_seconds:
            wait_seconds = standing.held_since + self.timing.proven_seconds - now
            return f"has just taken the lead of project {project}, and acts in {wait_seconds:.0f} s"
        return f"has not seen its lease of project {project} for {now - standing.confirmed_at:.0f} s"

    def _report(self, project: str, known: _Project) -> None:
        why, standing = self.why_not(project), known.standing
        if self._off():
            state: object = UNLEASED
        elif why is None:
            state = True
        elif standing.lease is not None and not standing.held:
            state = standing.lease
        else:
            state = False if known.reported is not None else None  # at the start, it is open for a moment
        if state != known.reported:
            known.reported = state
            self._emit(LeadershipChanged(project, why is None, UNLEASED if self._off() else why))
