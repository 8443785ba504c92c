"""Every event that there is reaches every observer that a daemon has; what is news to it leaves a trace."""

from typing import cast, get_args

import pytest
from structlog.testing import capture_logs

from autoscaler.adapters.logs.observer import LogObserver
from autoscaler.adapters.metrics.observer import MetricsObserver
from autoscaler.config.model import Config, PrometheusConfig
from autoscaler.config.settings import Settings
from autoscaler.core.decide import decide
from autoscaler.core.intervention import NONE, Intervention
from autoscaler.core.memory import Memory
from autoscaler.core.model import Direction
from autoscaler.daemon.build_observers import Observers, make_observers
from autoscaler.events import (
    Action,
    Annotated,
    ConfigLoaded,
    CycleFinished,
    CycleMissed,
    DrainEnd,
    DrainEnded,
    DrainStarted,
    EngineAsked,
    Event,
    Foreign,
    ForeignChange,
    Intervened,
    InterventionChange,
    LeadershipChanged,
    OperationFinished,
    PrometheusAsked,
    Recovered,
    ReplicaChanged,
    ReplicaIncomplete,
    ServiceOutcome,
    ServicesChanged,
    StateKept,
    TraefikListed,
    ViewChanged,
    WatchChanged,
)
from tests.support.builders import NOW, policy, seen

POLICY = policy()
SERVICE, REPLICA = POLICY.service, "shop-userservice-3"
RAISED, _ = decide(POLICY, seen(2, {"throughput": 200.0}), Memory(), NOW)
EVENTS: list[Event] = [
    ServicesChanged({SERVICE: POLICY}, {"mail": "labels of mail: autoscaler.x: unknown key"}),
    CycleFinished(NOW, 0.1, {SERVICE: ServiceOutcome(SERVICE, Action.SCALED, RAISED)}),
    ConfigLoaded(NOW, "SIGHUP", interval_seconds=7.0, dry_run=True),
    CycleMissed(),
    ReplicaChanged(SERVICE, Direction.UP, REPLICA, 2.0),
    DrainStarted(SERVICE, REPLICA, "healthcheck"),
    DrainEnded(SERVICE, REPLICA, DrainEnd.IDLE, 8.0, 0),
    ReplicaIncomplete(SERVICE, REPLICA, "it lacks a file"),
    OperationFinished(SERVICE, Direction.UP, "above_target", 2, 4, NOW, 3.0),
    ForeignChange(SERVICE, Foreign.SCALED, 2, 3, 3, Action.UNCHANGED, "2 → 3 replicas"),
    WatchChanged(),
    LeadershipChanged("shop", leads=True),
    Recovered(SERVICE, REPLICA, "removed: it had exited"),
    Intervened(SERVICE, InterventionChange.SET, NONE, Intervention(paused_until=NOW + 60.0)),
    StateKept("the disk is full"),
    PrometheusAsked(0.1, "timeout"),
    TraefikListed(frozenset({"web@docker"}), "the API is off"),
    EngineAsked("list", 0.1),
    Annotated("failed", "no answer"),
    ViewChanged(),
]
KINDS = pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
UNCOUNTED = (DrainStarted, ReplicaIncomplete)  # the end of a drain is counted; the log has what a replica lacks


@pytest.fixture
def observers() -> Observers:
    settings = Settings.model_validate({"grafana_url": "http://127.0.0.1:9", "grafana_token": "glsa_x"})
    config = Config(5.0, False, PrometheusConfig("http://127.0.0.1:9", 2.0, 30.0), 4, None, {})
    made = make_observers(settings, config)
    for observer in made.all:
        observer.notify(EVENTS[0])
    return made


def test_the_list_has_one_of_each_event() -> None:
    assert [type(event) for event in EVENTS] == list(dict.fromkeys(type(event) for event in EVENTS))
    assert {type(event) for event in EVENTS} == set(get_args(Event))


@KINDS
def test_every_observer_takes_every_event(observers: Observers, event: Event) -> None:
    assert len(observers.all) == len({type(observer) for observer in observers.all}) == 7
    observers.emit(event)


def test_an_event_that_nobody_knows_breaks_no_observer(observers: Observers) -> None:
    observers.emit(cast("Event", "surprise"))


@KINDS
def test_every_event_is_a_line_of_the_log(event: Event) -> None:
    with capture_logs() as lines:
        LogObserver().notify(event)
    assert lines


@pytest.mark.parametrize("end", DrainEnd)
def test_every_end_of_a_drain_is_a_line_of_the_log_and_counted(end: DrainEnd) -> None:
    metrics = MetricsObserver([POLICY], dry_run=False)
    before = ours(metrics)
    with capture_logs() as lines:
        for observer in (LogObserver(), metrics):
            observer.notify(DrainEnded(SERVICE, REPLICA, end, 8.0))
    assert lines
    assert ours(metrics) != before


@KINDS
def test_every_event_is_measured_but_those_that_are_not_counted(event: Event) -> None:
    metrics = MetricsObserver([POLICY], dry_run=False)
    before = ours(metrics)
    metrics.notify(event)
    assert (ours(metrics) == before) == isinstance(event, UNCOUNTED)


def ours(metrics: MetricsObserver) -> list[bytes]:
    """The metrics of the daemon, without those of its process."""
    return [line for line in metrics.render().splitlines() if line.startswith(b"autoscaler_")]
