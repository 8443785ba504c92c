"""The main job on the real stack: real traffic, real Traefik, real Prometheus, real containers that Compose owns."""

import time

import httpx
import pytest

from deploy.demo.ownership import is_owned
from tests.e2e.conftest import RunningStack
from tests.support.traffic import Traffic

# The load must come at a rate, so it needs the machine for itself: `make test-slow` runs one test at a time.
pytestmark = [pytest.mark.engine, pytest.mark.slow, pytest.mark.xdist_group("stack")]


def test_load_adds_replicas_that_serve_and_quiet_removes_them_without_a_failed_request(stack: RunningStack) -> None:
    loud = Traffic(f"{stack.stack.gateway}/api/users")
    with loud.flowing():
        stack.until("four replicas are ready", lambda: stack.ready() == 4)
        before = len(loud.statuses)
        stack.until("all four serve", lambda: len(loud.replicas) == 4)
        assert is_owned(stack.stack, "userservice")
        assert len(stack.stack.replicas("userservice")) == 4
        stack.until("some more traffic", lambda: len(loud.statuses) > before + 100)
    stack.until("back to two, and nothing under way", lambda: stack.quiet("userservice"))
    assert len(stack.stack.replicas("userservice")) == 2
    assert is_owned(stack.stack, "userservice")
    assert set(loud.statuses) == {200}


def test_a_replica_is_removed_under_load_without_a_failed_request(stack: RunningStack) -> None:
    stack.stack.up("--scale", "music-service=4")
    light = Traffic(f"{stack.stack.gateway}/api/music")
    with light.flowing():
        stack.until("all four serve", lambda: len(light.replicas) == 4)
        stack.autoscaler("scale", "music-service", "3")
        sent = len(light.statuses)
        stack.until("some more traffic", lambda: len(light.statuses) > sent + 100)
    stack.autoscaler("resume", "music-service")
    assert set(light.statuses) == {200}


def test_the_minimum_is_enforced_after_somebody_scaled_below_it(stack: RunningStack) -> None:
    stack.stack.up("--scale", "social-service=1")
    scaled_at = time.time()  # what was seen before still shows both
    stack.until("it is seen again", lambda: stack.decision("social-service")["at"] > scaled_at)
    stack.until("the second is back", lambda: stack.ready("social-service") == 2)
    assert is_owned(stack.stack, "social-service")


def test_a_stopped_service_stays_stopped_and_a_started_one_is_taken_up_again(stack: RunningStack) -> None:
    stack.stack.run("stop", "--timeout", "2", "notification-service")
    stack.until("it is seen", lambda: stack.decision("notification-service")["reason"] == "stopped")
    time.sleep(3)
    assert stack.decision("notification-service")["reason"] == "stopped"
    stack.stack.run("start", "notification-service")
    stack.until("it runs again", lambda: stack.ready("notification-service") == 2)


def test_without_prometheus_nothing_is_lowered_and_the_next_good_cycle_recovers(stack: RunningStack) -> None:
    loud = Traffic(f"{stack.stack.gateway}/api/users")
    with loud.flowing():
        stack.until("four replicas are ready", lambda: stack.ready() == 4)
    stack.stack.run("stop", "--timeout", "2", "prometheus")
    stack.until("it is blind", lambda: stack.decision()["reason"] == "blind")
    time.sleep(8)  # longer than the stabilization window
    assert (stack.decision()["reason"], stack.ready()) == ("blind", 4)
    assert httpx.get(f"{stack.api}/healthz", timeout=5).status_code == 200
    stack.stack.run("start", "prometheus")
    stack.until("it sees again, and goes back to two", lambda: stack.ready() == 2)


def test_without_traefik_metrics_nothing_is_lowered(stack: RunningStack) -> None:
    loud = Traffic(f"{stack.stack.gateway}/api/users")
    with loud.flowing():
        stack.until("four replicas are ready", lambda: stack.ready() == 4)
    stack.stack.run("stop", "--timeout", "2", "traefik")
    stack.until("it is blind", lambda: stack.decision()["reason"] == "blind")
    time.sleep(8)
    assert (stack.decision()["reason"], stack.ready()) == ("blind", 4)
    stack.stack.run("start", "traefik")
    stack.until("it sees again, and goes back to two", lambda: stack.ready() == 2)


def test_without_the_engine_nothing_is_decided_and_the_next_good_cycle_recovers(stack: RunningStack) -> None:
    stack.stack.run("stop", "--timeout", "2", "socket-guard-autoscaler")
    stack.until("it says so", lambda: stack.service()["action"] == "failed")
    assert "AUTOSCALER_DOCKER_URL" in stack.service()["error"]
    assert httpx.get(f"{stack.api}/readyz", timeout=5).status_code == 503
    stack.stack.run("start", "socket-guard-autoscaler")
    stack.until("it decides again", lambda: stack.service()["action"] == "unchanged")


def test_its_own_metrics_reach_prometheus(stack: RunningStack) -> None:
    query = 'autoscaler_replicas{service="userservice",state="ready"}'

    def value() -> str:
        answer = httpx.get(f"{stack.prometheus}/api/v1/query", params={"query": query}, timeout=5).json()
        found = answer["data"]["result"]
        return str(found[0]["value"][1]) if found else "not scraped yet"

    stack.until("the metric is there", lambda: value() == "2")


def test_plan_and_check_work_in_the_container(stack: RunningStack) -> None:
    plan = stack.autoscaler("plan")
    assert "at_min" in plan or "unseen" in plan
    assert "ok, 4 services" in stack.autoscaler("check")


def test_a_stop_ends_the_daemon_at_once_and_in_order(stack: RunningStack) -> None:
    started = time.monotonic()
    stack.stack.run("stop", "autoscaler")
    assert time.monotonic() - started < 10  # far from its stop grace
    assert '"ExitCode":0' in stack.stack.run("ps", "--all", "--format", "json", "autoscaler")
    log = stack.stack.run("logs", "--tail", "2", "--no-log-prefix", "autoscaler")
    assert '"event": "stopped"' in log
    stack.stack.run("start", "autoscaler")
    stack.settled()


def test_a_stop_in_the_middle_of_scaling_leaves_nothing_half_made(stack: RunningStack) -> None:
    loud = Traffic(f"{stack.stack.gateway}/api/users")
    with loud.flowing():
        stack.until("it is scaling", lambda: stack.decision()["replicas"]["requested"] is not None)
        stack.stack.run("stop", "autoscaler")
    assert '"ExitCode":0' in stack.stack.run("ps", "--all", "--format", "json", "autoscaler")
    states = stack.stack.run("ps", "--all", "--format", "{{.State}}", "userservice").split()
    assert set(states) == {"running"}
    assert len(states) > 2
    assert is_owned(stack.stack, "userservice")
    stack.stack.run("start", "autoscaler")
    stack.settled()
