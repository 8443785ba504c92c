"""A warm start from a real Prometheus: the memory of a daemon that had been there."""

from dataclasses import replace

import pytest

from autoscaler.adapters.prometheus.client import PrometheusClient
from autoscaler.adapters.prometheus.history import PrometheusHistory
from autoscaler.adapters.prometheus.source import PrometheusSource
from autoscaler.config.model import ServiceConfig
from autoscaler.config.services import fixed
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Observation, Replicas
from autoscaler.core.policy import Policy
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.metrics import SignalRequest
from autoscaler.warmstart.warm_start import WarmStart
from autoscaler.warmstart.window import window_before
from tests.support.builders import LATENCY, THROUGHPUT, behavior, policy
from tests.support.eventful_hour import BEGIN
from tests.support.fakes import FakeTarget, Recorder

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("prometheus")]

NOW = BEGIN + 890.0  # after a restart of Traefik, before its replicas grow from 2 to 3
OURS = replace(policy(THROUGHPUT, LATENCY, down=behavior(window=300.0)), service="users")


def test_its_memory_is_that_of_a_daemon_that_was_there(prometheus_url: str) -> None:
    emit = Recorder().notify
    client = PrometheusClient(prometheus_url, timeout_seconds=30.0, emit=emit)
    history = PrometheusHistory(client, max_sample_age_seconds=30.0)
    services = {"users": ServiceConfig(OURS, ServiceRef("users"))}
    warm = WarmStart(fixed(services), FakeTarget(users=2), history, interval_seconds=15.0)
    warm.run(NOW, 30.0)
    source = PrometheusSource(client, max_sample_age_seconds=30.0)
    rebuilt = warm.rebuilt["users"]
    assert (rebuilt.problem, rebuilt.window_seconds) == (None, 360.0)
    assert rebuilt.memory == been_there(source, OURS)


def been_there(source: PrometheusSource, ours: Policy) -> Memory:
    """The memory after deciding about what was read at each instant, as it was then."""
    memory = Memory()
    requests = {name: SignalRequest(of, "users@docker") for name, of in ours.sources.items()}
    for at in window_before(NOW, [ours], 15.0).instants:
        readings = source.read(requests.values(), at)
        observation = Observation(Replicas(4, 2), {name: readings[request] for name, request in requests.items()})
        _, memory = decide(ours, observation, memory, at)
    return memory
