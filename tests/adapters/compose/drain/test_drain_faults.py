"""The real engine behind a proxy that fails, and replicas that fail: whatever happens, nothing is left drained."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from autoscaler.adapters.compose.drain.patience import Patience
from autoscaler.adapters.compose.drain.remove import Removing
from autoscaler.adapters.compose.healthcheck import MARKER
from autoscaler.adapters.compose.listing import members
from autoscaler.adapters.docker.engine import Engine
from autoscaler.config.compose_options import Drain
from autoscaler.errors import ScaleFailed, TargetUnavailable
from autoscaler.events import DrainEnd, DrainEnded, DrainStarted
from deploy.lab.shell import run
from tests.adapters.compose.clone.test_overlap import wait_until
from tests.support.compose_project import SLEEP, Project
from tests.support.engine_proxy import Fault, Proxy, proxying
from tests.support.quick import QUICK
from tests.support.recovering import Recovering

pytestmark = [pytest.mark.engine, pytest.mark.xdist_group("drain faults")]

SLOW = Drain(timeout_seconds=60.0, throttle_seconds=60.0)


@pytest.fixture
def proxy(engine_url: str) -> Iterator[Proxy]:
    if not engine_url.startswith("unix://"):
        pytest.skip("the proxy knows unix sockets only")
    with proxying(engine_url) as proxy:
        yield proxy


def patient(seconds: float) -> bool:
    time.sleep(seconds)
    return False


def ends(project: Project) -> list[DrainEnd]:
    return [event.end for event in project.recorder.of(DrainEnded)]


def two_drained_meanwhile(project: Project, then: Callable[[], object], **options: Any) -> int:
    """Begin to remove two of three replicas; do something while they drain, and return what comes of it."""
    project.scale(3, pause=patient)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(project.scale, 1, pause=patient, drain=SLOW, **options)
        wait_until(lambda: len(project.recorder.of(DrainStarted)) == 2)
        then()
        return call.result(120)


def ready(project: Project) -> int:
    return project.target().observe().find(project.ref()).ready


def ready_are(project: Project, count: int) -> bool:
    return ready(project) == count


def begun(project: Project, drains: int) -> bool:
    return len(project.recorder.of(DrainStarted)) == drains


def test_an_engine_that_fails_meanwhile_leaves_nothing_drained(plain: Project, proxy: Proxy) -> None:
    fault = Fault("GET /containers/json")
    with pytest.raises(TargetUnavailable, match="injected fault"):
        two_drained_meanwhile(plain, lambda: proxy.faults.append(fault), target=plain.target(proxy.url))
    assert ends(plain) == [DrainEnd.TAKEN_BACK] * 2
    wait_until(lambda: ready(plain) == 3)


def test_an_engine_that_is_gone_for_a_while_is_asked_again_and_again(plain: Project, proxy: Proxy) -> None:
    away = [Fault("GET /containers/json", 0), Fault("POST /exec", 0, times=3)]
    with pytest.raises(TargetUnavailable):
        two_drained_meanwhile(plain, lambda: proxy.faults.extend(away), target=plain.target(proxy.url))
    assert ends(plain) == [DrainEnd.TAKEN_BACK] * 2
    wait_until(lambda: ready(plain) == 3)


def test_one_that_was_taken_back_just_now_is_drained_although_it_is_not_ready_yet(plain: Project) -> None:
    """Its next probe finds it healthy, and Traefik routes to it, perhaps just before it would be stopped."""
    plain.scale(2, pause=patient)
    run(["docker", "exec", *plain.names(2), "touch", MARKER], "drain it")
    wait_until(lambda: ready(plain) == 1)
    run(["docker", "exec", *plain.names(2), "rm", MARKER], "take it back")
    assert plain.scale(1, pause=patient) == 1
    assert ends(plain) == [DrainEnd.IDLE]


def test_one_that_is_not_ready_is_only_stopped_where_none_serves(project: Project) -> None:
    check = {"test": ["CMD-SHELL", "test ! -e /tmp/bad"], "interval": "1s", "retries": 1}
    project.up({"web": {**SLEEP, "healthcheck": check}})
    project.scale(2, pause=patient)
    for name in project.names(1, 2):
        run(["docker", "exec", name, "touch", "/tmp/bad"], "make it unhealthy")
    wait_until(lambda: ready(project) == 0)
    project.scale(1, pause=patient)
    assert (project.containers(), ends(project)) == (project.names(1), [])


def test_once_another_daemon_may_act_a_drain_is_left_to_it_as_it_is(plain: Project, proxy: Proxy) -> None:
    lost, target = threading.Event(), plain.target(proxy.url)
    plain.scale(3, pause=patient)
    with ThreadPoolExecutor(1) as pool:
        options: dict[str, Any] = {"drain": SLOW, "target": target, "may_finish": lambda: not lost.is_set()}
        call = pool.submit(plain.scale, 1, pause=lost.wait, **options)
        wait_until(lambda: len(plain.recorder.of(DrainStarted)) == 2 and ready(plain) == 1)
        before = changes(proxy)
        lost.set()
        with pytest.raises(ScaleFailed, match=r"cannot take .* back: no `exec` any more: another daemon may act"):
            call.result(120)
    assert changes(proxy) == before
    assert ready(plain) == 1
    successor = Recovering(plain)

    def is_put_right() -> bool:
        successor.look()
        return ready(plain) == 3

    wait_until(is_put_right)


def changes(proxy: Proxy) -> list[str]:
    return [call for call in proxy.calls if not call.startswith(("GET", "HEAD"))]


def test_one_that_lets_nobody_in_keeps_no_other_from_being_taken_back(plain: Project, proxy: Proxy) -> None:
    """The engine cannot run a command in a container that has reached its limit of processes."""

    def fail() -> None:
        full = f"POST /containers/{plain.inspect(2)['Id']}/exec"
        proxy.faults.extend([Fault(full, times=1000), Fault("GET /containers/json")])

    with pytest.raises(ScaleFailed, match=r"cannot take .*-web-2 back: injected fault"):
        two_drained_meanwhile(plain, fail, target=plain.target(proxy.url))
    (taken_back,) = plain.recorder.of(DrainEnded)
    assert (taken_back.replica, taken_back.end) == (*plain.names(3), DrainEnd.TAKEN_BACK)
    wait_until(lambda: ready(plain) == 2)


def test_replicas_are_taken_back_when_no_other_is_ready_any_more(project: Project) -> None:
    check = {"test": ["CMD-SHELL", "test ! -e /tmp/bad"], "interval": "1s", "retries": 1}
    project.up({"web": {**SLEEP, "healthcheck": check}})
    spoil = ["docker", "exec", *project.names(1), "touch", "/tmp/bad"]
    assert two_drained_meanwhile(project, lambda: run(spoil, "spoil the one that stays")) == 3
    assert [event.why for event in project.recorder.of(DrainEnded)] == ["no other replica is ready"] * 2
    wait_until(lambda: ready(project) == 2)


def test_replicas_whose_healthcheck_goes_up_and_down_are_not_kept_for_ever(project: Project) -> None:
    """The first time they are taken back at once; the next time the same lasts a moment only, and is waited for."""
    check = {"test": ["CMD-SHELL", "test ! -e /tmp/bad"], "interval": "1s", "retries": 1}
    project.up({"web": {**SLEEP, "healthcheck": check}})
    target = project.target(timing=replace(QUICK, patience_seconds=60.0))
    stays = ["docker", "exec", *project.names(1)]
    project.scale(2, pause=patient, target=target)
    for number, (drain, left) in enumerate([(SLOW, 2), (Drain(timeout_seconds=5.0, throttle_seconds=3.0), 1)]):
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(project.scale, 1, pause=patient, drain=drain, target=target)
            wait_until(partial(begun, project, number + 1))
            run([*stays, "touch", "/tmp/bad"], "spoil the one that stays")
            wait_until(lambda: project.inspect(1)["State"]["Health"]["Status"] == "unhealthy")
            if drain is SLOW:
                assert call.result(120) == left
            run([*stays, "rm", "/tmp/bad"], "mend it")
            assert call.result(120) == left
        wait_until(partial(ready_are, project, left))
    assert ends(project)[0] is DrainEnd.TAKEN_BACK
    assert project.containers() == project.names(1)


def test_one_that_somebody_removes_meanwhile_is_gone(plain: Project) -> None:
    plain.scale(2, pause=patient)
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(plain.scale, 1, pause=patient, drain=SLOW)
        wait_until(lambda: len(plain.recorder.of(DrainStarted)) == 1)
        run(["docker", "rm", "--force", *plain.names(2)], "remove it by hand")
        assert call.result(120) == 1
    assert plain.containers() == plain.names(1)


def test_replicas_are_taken_back_for_those_that_somebody_removes_meanwhile(project: Project) -> None:
    project.up({"web": {**SLEEP, "scale": 2}})
    project.scale(4, pause=patient)
    with ThreadPoolExecutor(1) as pool:
        slow = Drain(timeout_seconds=60.0, throttle_seconds=5.0)
        call = pool.submit(project.scale, 2, pause=patient, drain=slow)
        wait_until(lambda: len(project.recorder.of(DrainStarted)) == 2)
        run(["docker", "rm", "--force", *project.names(2)], "remove one that stays")
        assert call.result(120) == 2
    assert project.containers() == project.names(1, 3)
    taken_back, gone = project.recorder.of(DrainEnded)
    assert (taken_back.replica, taken_back.why) == (*project.names(3), "others have gone meanwhile")
    assert (gone.replica, gone.end) == (*project.names(4), DrainEnd.IDLE)


def test_one_that_somebody_has_removed_before_it_is_asked_is_no_failure(project: Project) -> None:
    project.up({"web": {**SLEEP, "scale": 2}})
    engine = Engine(project.engine_url, timeout_seconds=20.0, emit=project.recorder.notify)
    before = members(engine, project.ref())
    run(["docker", "rm", "--force", *project.names(2)], "remove it by hand")
    order = project.order(1)
    order.begin_removal(2)
    Removing(engine, project.ref(), lambda: before, order, Drain(), QUICK, Patience(5.0)).remove()
    assert project.recorder.of(DrainEnded) == []
    assert project.containers() == project.names(1)


def test_one_that_does_not_take_the_marker_is_stopped_and_that_is_told(plain: Project, proxy: Proxy) -> None:
    plain.scale(2, pause=patient)
    proxy.faults.append(Fault("POST /exec", text="no exec today"))
    assert plain.scale(1, pause=patient, target=plain.target(proxy.url)) == 1
    (told,) = plain.recorder.of(DrainEnded)
    assert (told.end, told.why) == (DrainEnd.NONE, "no exec today")


def test_a_stop_that_fails_is_told_and_the_others_go(plain: Project, proxy: Proxy) -> None:
    plain.scale(3, pause=patient)
    proxy.faults.append(Fault("POST /stop"))
    quick = Drain(timeout_seconds=5.0, throttle_seconds=0.0)
    with pytest.raises(ScaleFailed, match=r"cannot stop .*-web-[23]: injected fault") as failure:
        plain.scale(1, pause=patient, drain=quick, target=plain.target(proxy.url))
    assert failure.value.stage == "stop"
    assert len(plain.containers()) == 2
