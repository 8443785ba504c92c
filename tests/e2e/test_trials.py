"""The three trials of docs/trials.md on the real stack: an even spread, a failover, and growth under load."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from deploy.lab.shell import run
from tests.e2e.conftest import RunningStack
from tests.support.command import autoscaler
from tests.support.traffic import Traffic

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("another stack")]


@contextmanager
def three_of(stack: RunningStack, service: str) -> Iterator[None]:
    """An operator has three replicas of the service, and lets the policy decide again in the end."""
    try:
        stack.autoscaler("scale", service, "3", "--for", "10m", "--no-wait")
        stack.until("three are ready", lambda: stack.ready(service) == 3)
        yield
    finally:
        stack.autoscaler("resume", service)


def test_without_cookies_each_of_three_replicas_gets_a_third_give_or_take_five_points(stack: RunningStack) -> None:
    with three_of(stack, "social-service"):
        command = ["load-test", "social-service", "--url", stack.stack.gateway, "--no-cookies", "--insecure"]
        done = autoscaler(*command, "--requests", "300", "--delay", "0s", "--json", **stack.variables)
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"]) == (0, 300)
    shares = {name: count / 300 for name, count in told["replicas"].items()}
    assert len(shares) == 3
    assert all(1 / 3 - 0.05 <= share <= 1 / 3 + 0.05 for share in shares.values()), shares


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_a_replica_that_ends_under_load_costs_no_request_but_those_in_flight_on_it(
    stack: RunningStack, how: str
) -> None:
    light = Traffic(f"{stack.stack.gateway}/api/social")
    with three_of(stack, "social-service"), light.flowing():
        ended = end_one(stack, "social-service", light, how)
        stack.until("the fourth serves", lambda: len(light.replicas) == 4)
    assert all(answer.began < ended[1] and answer.ended > ended[0] for answer in light.failed), light.failed


def test_a_client_with_a_cookie_loses_no_more_than_what_its_replica_had_and_goes_on_with_another(
    stack: RunningStack,
) -> None:
    """Where Traefik notices failures by itself, as the override of this service says."""
    url = f"{stack.stack.gateway}/api/notifications"
    first, light = Traffic(url), Traffic(url, cookies=True)
    with three_of(stack, "notification-service"):
        with first.flowing():
            stack.until("Traefik knows all three", lambda: len(first.replicas) == 3)
        with light.flowing():
            ended = end_one(stack, "notification-service", light, "kill")
            stack.until("everybody is served", lambda: all_served_since(light, ended[1] + 1))
    assert max(Counter(answer.client for answer in light.failed).values(), default=0) <= 1, light.failed
    assert all(answer.began < ended[1] and answer.ended > ended[0] for answer in light.failed), light.failed


def end_one(stack: RunningStack, service: str, traffic: Traffic, how: str) -> tuple[float, float]:
    """End one of three replicas that all serve, and see a third come again; return since when and by when it ended."""
    stack.until("all three serve", lambda: len(traffic.replicas) == 3)
    before = stack.stack.replicas(service)
    container = container_of(before[-1])
    began = time.time()
    run(["docker", how, before[-1]], f"docker {how}")
    ended = time.time()
    stack.until("its end is seen", lambda: len(stack.stack.replicas(service)) == 2)
    stack.until("the count is right again", lambda: len(stack.stack.replicas(service)) == 3 == stack.ready(service))
    assert container not in [container_of(name) for name in stack.stack.replicas(service)]  # a new one, of any number
    return began, ended


def container_of(name: str) -> str:
    return run(["docker", "inspect", "--format", "{{.Id}}", name], "inspect").strip()


def all_served_since(traffic: Traffic, since: float) -> bool:
    served = {answer.client for answer in traffic.answers if answer.began > since and answer.status == 200}
    return len(served) == 10


def test_under_load_two_replicas_become_five_without_a_failed_request_and_all_five_serve(stack: RunningStack) -> None:
    loud = Traffic(f"{stack.stack.gateway}/api/music", clients=20)
    with loud.flowing():
        stack.until("five replicas are ready", lambda: stack.ready("music-service") == 5)
        stack.until("all five serve", lambda: len(loud.replicas) == 5)
        grown_at = time.time()
        stack.until("some more traffic", lambda: sum(answer.began > grown_at for answer in loud.answers) > 200)
    assert set(loud.statuses) == {200}
    shares = Counter(answer.replica for answer in loud.answers if answer.began > grown_at)
    assert len(shares) == 5
    assert min(shares.values()) > sum(shares.values()) / 5 / 2, shares
