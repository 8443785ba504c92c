"""The live loop, a warm start, a backtest and a simulation agree on what happened to a service."""

from array import array
from collections.abc import Iterator
from dataclasses import replace

import pytest

from autoscaler.adapters.prometheus.catalog import PrometheusCatalog
from autoscaler.adapters.prometheus.client import PrometheusClient
from autoscaler.adapters.prometheus.history import PrometheusHistory
from autoscaler.adapters.prometheus.names import ServiceNames
from autoscaler.adapters.prometheus.promql import TraefikQueries
from autoscaler.adapters.prometheus.source import PrometheusSource
from autoscaler.config.model import ServiceConfig
from autoscaler.config.services import fixed
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Observation, Reading, Replicas
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.metrics import SignalRequest, Span
from autoscaler.rehearse.backtest.fetch import RequestedService, record
from autoscaler.rehearse.backtest.replay import backtest
from autoscaler.rehearse.simulation.loads import Load
from autoscaler.rehearse.simulation.plant import Plant
from autoscaler.rehearse.simulation.queueing import Service
from autoscaler.rehearse.simulation.scenario import Scenario
from autoscaler.rehearse.simulation.simulate import SimulatedPolicy, simulate
from autoscaler.warmstart.warm_start import WarmStart
from deploy.lab import images
from tests.support import real_prometheus as real
from tests.support.builders import THROUGHPUT, behavior, policy
from tests.support.fakes import FakeTarget, Recorder
from tests.support.traefik_history import SCRAPE_SECONDS, START, History, Point, entry_point, requests

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("prometheus")]

TWO_DAYS = 2 * 86_400.0
BEFORE, AFTER, STEP = 600.0, 480.0, 15.0  # seconds with a load that all see, and seconds after the event
RATE, REPLICAS = 190.0, 4
OURS = replace(policy(THROUGHPUT, down=behavior(window=60.0)), service="users")
QUIET, RESTARTED, RENAMED, FADED = (START + TWO_DAYS * number for number in range(4))  # the time of the event


def times(begin: float, end: float) -> list[float]:
    return [begin + SCRAPE_SECONDS * index for index in range(int((end - begin) / SCRAPE_SECONDS))]


def loaded(seconds: list[float], per_second: float = RATE) -> list[Point]:
    return [(at, 1000.0 + per_second * (at - seconds[0])) for at in seconds]


def past() -> History:
    history = History()
    for event in (QUIET, RESTARTED, RENAMED, FADED):
        seconds = times(event - BEFORE, event if event == FADED else event + AFTER)
        base = {"job": "traefik", "instance": "traefik:8082"}
        history.add("traefik_config_reloads_total", base, [(at, 1.0) for at in seconds])
        before, after = [at for at in seconds if at < event], [at for at in seconds if at >= event]
        requests(history, "service", "users@docker", "200", loaded(before))
        entry_point(history, loaded(before))
        if event == QUIET:
            last = loaded(before)[-1][1]
            requests(history, "service", "users@docker", "200", [(at, last) for at in after])
            entry_point(history, [(at, last) for at in after])
        elif event == RENAMED:
            requests(history, "service", "users-v2@docker", "200", loaded(after))
            entry_point(history, loaded(seconds)[len(before) :])
    return history


@pytest.fixture(scope="module")
def client(engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusClient]:
    with real.running(images.PROMETHEUS, past().text(), tmp_path_factory.mktemp("prometheus")) as url:
        yield PrometheusClient(url, timeout_seconds=30.0, emit=Recorder().notify)


def decided(readings: Reading, count: int, memory: Memory, at: float) -> tuple[Decision, Memory]:
    return decide(OURS, Observation(Replicas(count, count), {"throughput": readings}), memory, at)


def live(client: PrometheusClient, event: float) -> int:
    """The count of a daemon that was there all the time."""
    names = ServiceNames()
    names.ask(client, TraefikQueries())
    source = PrometheusSource(client, max_sample_age_seconds=30.0, names=names)
    request, count, memory = SignalRequest(THROUGHPUT.source, "users@docker"), REPLICAS, Memory()
    for at in Span(event - BEFORE + 90.0, event + AFTER - STEP, STEP).instants:
        names.refresh(at)
        decision, memory = decided(source.read([request], at)[request], count, memory, at)
        count = decision.desired
    return count


def warm(client: PrometheusClient, event: float) -> int:
    """The count of a daemon that starts at the end, with as many replicas as there were before the event."""
    history = PrometheusHistory(client, max_sample_age_seconds=30.0)
    end = event + AFTER - STEP
    services = {"users": ServiceConfig(OURS, ServiceRef("users"), "users@docker")}
    start = WarmStart(fixed(services), FakeTarget(users=REPLICAS), history, interval_seconds=STEP)
    start.run(end - STEP, 60.0)
    names = ServiceNames()
    names.ask(client, TraefikQueries())
    names.refresh(end)
    request = SignalRequest(THROUGHPUT.source, "users@docker")
    reading = PrometheusSource(client, max_sample_age_seconds=30.0, names=names).read([request], end)[request]
    return decided(reading, REPLICAS, start.rebuilt["users"].memory, end)[0].desired


def replayed(client: PrometheusClient, event: float) -> int:
    """The count at the end of a backtest."""
    history = PrometheusHistory(client, max_sample_age_seconds=30.0)
    span = Span(event - BEFORE + 90.0, event + AFTER - STEP, STEP)
    wanted = RequestedService("users", (ServiceConfig(OURS, ServiceRef("users"), "users@docker"),))
    recording = record(history, PrometheusCatalog(client), [wanted], span, now=span.end, progress=lambda _: None)
    services = {"users": (OURS, recording["users"])}
    replay = backtest(services, start_delay_seconds=20.0, max_replicas_total=None, progress=lambda _: None)
    return replay["users"].instants[-1].replicas


def simulated(event: float) -> int:
    """The count at the end of a simulation of what really happened."""
    rate_after = RATE if event in {RENAMED, FADED} else 0.0
    rates = array("d", [RATE] * int(BEFORE) + [rate_after] * int(AFTER))
    service = Service(slots=4, service_seconds=0.05, goal_seconds=0.3, queue_seconds=5.0)
    run = simulate(SimulatedPolicy("policy.yaml", OURS, STEP, 30.0), Scenario(Load("event", rates), Plant(service)))
    return run.samples[-1].replicas


@pytest.mark.parametrize(
    ("event", "count"),
    [
        pytest.param(QUIET, 1, id="no more requests"),
        pytest.param(RESTARTED, 1, id="Traefik restarts, and no more requests come"),
        pytest.param(RENAMED, REPLICAS, id="the load goes on under another name"),
        pytest.param(FADED, REPLICAS, id="the load goes on, and its samples stop to come"),
    ],
)
def test_all_of_them_come_to_the_same_count(client: PrometheusClient, event: float, count: int) -> None:
    counts = live(client, event), warm(client, event), replayed(client, event), simulated(event)
    assert counts == (count,) * 4
