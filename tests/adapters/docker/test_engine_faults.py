"""An engine that refuses, drops or hangs: a clear message, nothing half made, and the next call recovers."""

import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.adapters.docker.engine import Engine
from autoscaler.config.compose_options import Drain
from autoscaler.errors import AutoscalerError, ScaleFailed, TargetUnavailable
from autoscaler.events import EngineAsked, ReplicaChanged
from tests.support.compose_project import SLEEP, Project
from tests.support.engine_proxy import Fault, Proxy, proxying
from tests.support.fakes import Recorder
from tests.support.slow_server import answering, says, serving


def test_a_missing_socket_is_unavailable_and_says_what_to_check(tmp_path: Path) -> None:
    target = ComposeTarget(f"unix://{tmp_path}/none.sock", timeout_seconds=1.0, emit=Recorder().notify)
    assert target.observe().unavailable["compose"] == (
        f"the Docker engine at unix://{tmp_path}/none.sock cannot be reached; "
        "check AUTOSCALER_DOCKER_URL and that the engine runs"
    )


def test_a_socket_that_may_not_be_opened_is_named_with_what_to_add(tmp_path: Path) -> None:
    engine = Engine(f"unix://{tmp_path}/engine.sock", timeout_seconds=5.0, emit=Recorder().notify)
    user = os.geteuid()
    with serving(answering(says(b"{}")), tmp_path / "engine.sock"):
        (tmp_path / "engine.sock").chmod(0)
        if user == 0:
            os.seteuid(65532)  # root may open it
        try:
            with pytest.raises(TargetUnavailable) as failure:
                engine.containers({})
        finally:
            os.seteuid(user)
    assert re.search(
        r"cannot be reached: user \d+ may not open it; add the socket's group .group_add", str(failure.value)
    )


def test_an_engine_that_hangs_is_given_up_after_the_timeout() -> None:
    recorder = Recorder()
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        fleet = ComposeTarget(url, timeout_seconds=0.3, emit=recorder.notify).observe()
    assert "did not answer within 0.3 s" in fleet.unavailable["compose"]
    assert [(event.operation, event.failed) for event in recorder.of(EngineAsked)] == [("list", True)]


@pytest.mark.parametrize(
    "change",
    [
        lambda engine: engine.create("web-2", {}),
        lambda engine: engine.connect("shop", "web-2", {}),
        lambda engine: engine.start("web-2"),
        lambda engine: engine.rename("web-2", "web-3"),
        lambda engine: engine.stop("web-2", 1),
        lambda engine: engine.remove("web-2"),
        lambda engine: engine.exec.run("web-2", ["true"], timeout_seconds=1.0),
        lambda engine: engine.exec.signal("web-2", "SIGUSR1"),
        lambda engine: engine.files.write("web-2", b""),
    ],
)
def test_an_engine_that_is_fenced_off_is_asked_and_changes_nothing(
    tmp_path: Path, change: Callable[[Engine], object]
) -> None:
    may, recorder = [True], Recorder()
    engine = Engine(f"unix://{tmp_path}/none.sock", timeout_seconds=60.0, emit=recorder.notify).fenced(lambda: may[0])
    with pytest.raises(TargetUnavailable, match="cannot be reached"):
        change(engine)
    may[0] = False
    asked = len(recorder.of(EngineAsked))
    with pytest.raises(TargetUnavailable, match="another daemon may act by now"):
        change(engine)
    assert len(recorder.of(EngineAsked)) == asked
    with pytest.raises(TargetUnavailable, match="cannot be reached"):
        engine.inspect("web-2")


@pytest.fixture(scope="session")
def drain() -> Drain:
    return Drain(enabled=False)


@pytest.fixture
def proxy(engine_url: str) -> Iterator[Proxy]:
    with proxying(engine_url) as proxy:
        yield proxy


@pytest.mark.engine
class TestBehindAProxy:
    """The real engine, behind a proxy that fails at one call."""

    @pytest.mark.parametrize(
        ("fault", "error", "message"),
        [
            pytest.param(
                Fault("POST /containers/create"),
                ScaleFailed,
                "cannot create .*-web-2: injected fault",
                id="500 on create",
            ),
            pytest.param(
                Fault("POST /containers/create", 409, times=99),
                ScaleFailed,
                "each name is taken .*; remove or rename them",
                id="409 on create, for ever",
            ),
            pytest.param(
                Fault("POST /containers/create", 403, proxy=True),
                ScaleFailed,
                "the socket proxy at .* forbids this call.*let the proxy allow the call that is to create",
                id="403 of a proxy",
            ),
            pytest.param(
                Fault("POST /containers/create", 404), ScaleFailed, "its image .* is gone; pull or build it", id="404"
            ),
            pytest.param(Fault("POST /start"), ScaleFailed, "cannot start .*; it was removed again", id="500 on start"),
            pytest.param(
                Fault("POST /containers/create", 0),
                TargetUnavailable,
                "cannot be reached",
                id="dropped before the create",
            ),
            pytest.param(
                Fault("POST /start", 0), TargetUnavailable, "cannot be reached", id="dropped before the start"
            ),
            pytest.param(
                Fault("POST /start", 0, after=True),
                TargetUnavailable,
                "cannot be reached",
                id="dropped after the start",
            ),
            pytest.param(
                Fault("GET /json", 503, proxy=True), TargetUnavailable, "does not answer", id="503 of a proxy"
            ),
            pytest.param(
                Fault("POST /start", 503, text="no available IPv4 addresses on this network's address pools"),
                ScaleFailed,
                "give it a larger subnet",
                id="503 of the engine itself",
            ),
        ],
    )
    def test_nothing_is_left_half_made_and_the_next_call_recovers(
        self, plain: Project, proxy: Proxy, fault: Fault, error: type[AutoscalerError], message: str
    ) -> None:
        target = plain.target(proxy.url)
        proxy.faults.append(fault)
        with pytest.raises(error, match=message):
            plain.scale(2, target=target)
        assert plain.containers() == plain.names(1)
        proxy.faults.clear()
        assert plain.scale(2, target=target) == 2
        assert plain.containers() == plain.names(1, 2)

    def test_to_have_no_such_thing_is_an_answer_and_a_refusal_is_an_error(self, plain: Project, proxy: Proxy) -> None:
        proxy.faults += [Fault("GET /images/", 404), Fault("POST /containers/create", 500)]
        with pytest.raises(ScaleFailed):
            plain.scale(2, target=plain.target(proxy.url))
        failed = {event.operation: event.failed for event in plain.recorder.of(EngineAsked)}
        assert (failed["image"], failed["create"]) == (False, True)

    def test_a_name_that_somebody_else_took_meanwhile_is_no_failure(self, plain: Project, proxy: Proxy) -> None:
        proxy.faults.append(Fault("POST /containers/create", 409))
        assert plain.scale(2, target=plain.target(proxy.url)) == 2

    def test_clones_that_were_started_before_a_failure_stay_and_are_told(self, plain: Project, proxy: Proxy) -> None:
        proxy.faults.append(Fault("POST /start", skip=1))
        with pytest.raises(ScaleFailed, match=r"cannot start .*-web-[23]: injected fault"):
            plain.scale(3, target=plain.target(proxy.url))
        (told,) = plain.recorder.of(ReplicaChanged)
        assert told.replica in plain.names(2, 3)
        assert plain.containers() == sorted([*plain.names(1), told.replica])

    def test_a_second_network_that_cannot_be_connected_undoes_the_clone(self, project: Project, proxy: Proxy) -> None:
        project.up({"web": {**SLEEP, "networks": ["a", "b"]}}, networks={"a": None, "b": None})
        proxy.faults.append(Fault("POST /connect"))
        with pytest.raises(ScaleFailed) as failure:
            project.scale(2, target=project.target(proxy.url))
        assert failure.value.stage == "connect"
        assert project.containers() == project.names(1)

    def test_what_could_not_be_undone_is_removed_by_the_next_operation(self, plain: Project, proxy: Proxy) -> None:
        target = plain.target(proxy.url)
        proxy.faults += [Fault("POST /start", 0), Fault("DELETE /containers", 0)]
        with pytest.raises(TargetUnavailable):
            plain.scale(2, target=target)
        assert plain.containers() == plain.names(1, 2)
        assert plain.scale(2, target=target) == 2
        assert plain.containers() == plain.names(1, 2)
        assert plain.inspect(2)["State"]["Running"]

    def test_a_replica_that_cannot_be_stopped_is_a_failure_of_that_stage(self, project: Project, proxy: Proxy) -> None:
        project.up({"web": {**SLEEP, "scale": 2}})
        proxy.faults.append(Fault("POST /stop"))
        with pytest.raises(ScaleFailed, match=r"cannot stop .*-web-2: injected fault") as failure:
            project.scale(1, target=project.target(proxy.url))
        assert failure.value.stage == "stop"
        assert project.scale(1, target=project.target(proxy.url)) == 1

    def test_a_replica_that_is_gone_already_is_fine(self, project: Project, proxy: Proxy) -> None:
        project.up({"web": {**SLEEP, "scale": 2}})
        proxy.faults.append(Fault("DELETE /containers", 404, after=True))
        assert project.scale(1, target=project.target(proxy.url)) == 1

    def test_the_whole_fleet_is_one_call(self, project: Project, proxy: Proxy) -> None:
        project.up({"web": {**SLEEP, "scale": 2}, "api": SLEEP})
        target = project.target(proxy.url)
        target.observe()
        proxy.calls.clear()
        fleet = target.observe()
        assert len(proxy.calls) == 1
        assert (fleet.find(project.ref()).current, fleet.find(project.ref("api")).current) == (2, 1)
