"""Rebuilds each service's memory from Prometheus at the start of the daemon."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from autoscaler.config.services import ServiceResolver, services_behind, signal_requests
from autoscaler.core.memory import Memory
from autoscaler.core.policy import Policy
from autoscaler.core.sizing.sizing import size
from autoscaler.errors import MetricsUnavailable, TargetRefused, TargetUnavailable, unexpected
from autoscaler.ports.fleet import Fleet
from autoscaler.ports.metrics import MetricHistory, Span
from autoscaler.ports.targets import ReplicaTarget
from autoscaler.warmstart.learning import OutOfTimeError, learn_until, stop_after
from autoscaler.warmstart.window import Past, RebuiltMemory, Subject, observe_past, replay_past, window_before

LEARNING_SHARE = 0.7  # of the time; the rest is reserved for the window
_DAY_SECONDS = 86_400
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """The rebuilt memory of one service; `problem` says why it is incomplete."""

    service: str
    memory: Memory = field(default_factory=Memory)
    window_seconds: float = 0.0  # replayed for the limits
    load_days: float = 0.0  # of load that the sizing learned from
    trusted: tuple[str, ...] = ()  # the learned parts in use
    problem: str | None = None


class WarmStart:
    """Rebuilds all memories once. `rebuilt` may be read at any time for the services that are done."""

    def __init__(
        self,
        services: ServiceResolver,
        target: ReplicaTarget,
        history: MetricHistory,
        *,
        interval_seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.rebuilt: dict[str, Rebuilt] = {}
        self._services = services
        self._known = services(Fleet()).services
        self._target = target
        self._history = history
        self._interval_seconds = interval_seconds
        self._monotonic = monotonic

    def run(self, now: float, most_seconds: float) -> None:
        """Rebuild from the past before `now` (unix seconds); services not done after `most_seconds` start cold."""
        try:
            self._rebuild(now, most_seconds)
        except OutOfTimeError:
            self.give_up(f"there was no time left after {most_seconds:g} s")
        except (MetricsUnavailable, TargetUnavailable) as error:
            self.give_up(str(error))
        except Exception as error:  # noqa: BLE001  a cold start is better than none
            self.give_up(unexpected(error))

    def give_up(self, problem: str) -> None:
        """Let every service that is not rebuilt yet start cold."""
        for name in self._known:
            self.rebuilt.setdefault(name, Rebuilt(name, problem=problem))

    def _rebuild(self, now: float, most_seconds: float) -> None:
        started = self._monotonic()
        check = stop_after(started + most_seconds, self._monotonic)
        subjects = self._subjects()
        if not subjects:
            return
        policies = [subject.policy for subject in subjects]

        def window() -> Span:
            return window_before(now + self._monotonic() - started, policies, self._interval_seconds)

        deadline = started + LEARNING_SHARE * most_seconds
        learned = learn_until(deadline, self._monotonic, self._history, subjects, window().start)
        # The window reaches up to now: learning took time, and a gap would start a new window.
        pasts = observe_past(self._history, subjects, window(), check)
        for policy in policies:
            check(0.0)
            past = pasts[policy.service]
            self.rebuilt[policy.service] = rebuilt(policy, past, learned.get(policy.service, RebuiltMemory()))

    def _subjects(self) -> Sequence[Subject]:
        """Return the services that exist; record a problem for each that does not."""
        fleet = self._target.observe()
        self._known = self._services(fleet).services
        behind, subjects = services_behind(fleet, self._known.values()), []
        for name, service in self._known.items():
            try:
                state = fleet.find(service.target)
            except (TargetRefused, TargetUnavailable) as error:
                self.rebuilt[name] = Rebuilt(name, problem=str(error))
            else:
                subjects.append(Subject(service.policy, state, signal_requests(service, state, behind)))
        return subjects


def rebuilt(policy: Policy, past: Past, learned: RebuiltMemory) -> Rebuilt:
    """Return the learned memory after replaying the past; if the replay fails, the learned memory remains."""
    try:
        lived = replay_past(policy, past, learned.memory)
    except Exception as error:  # noqa: BLE001  a fault in one service must not affect the others
        lived = RebuiltMemory(learned.memory, problem=f"the replay failed: {unexpected(error)}")
    sizing = size(policy, lived.memory.learned)
    trusted = () if sizing is None else tuple(each.name for each in sizing.estimates if each.trusted)
    problem = lived.problem or learned.problem
    return Rebuilt(policy.service, lived.memory, lived.seconds, learned.seconds / _DAY_SECONDS, trusted, problem)


def wait_for(
    warm: WarmStart, now: float, most_seconds: float, *, stopping: Callable[[], bool] = lambda: False
) -> Mapping[str, Rebuilt]:
    """Run a warm start, and return the result: after `most_seconds` at the latest, at once when `stopping`.

    It runs in a daemon thread, so that a server that does not answer delays no exit.
    """
    thread = threading.Thread(target=warm.run, args=(now, most_seconds), name="warm-start", daemon=True)
    thread.start()
    deadline = time.monotonic() + most_seconds
    while thread.is_alive() and time.monotonic() < deadline and not stopping():
        thread.join(_POLL_SECONDS)
    warm.give_up(f"there was no time left after {most_seconds:g} s")
    return dict(warm.rebuilt)
