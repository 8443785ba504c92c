"""What `scale` waits for and what it does not, against the real web server of a daemon; `say` moves the daemon on."""

import time
from collections.abc import Callable, Iterator

import pytest

from autoscaler.cli.client.daemon_client import DaemonClient
from autoscaler.cli.client.operator import Answer, send
from autoscaler.cli.client.wait import (
    GRACE_CYCLES,
    GRACE_SECONDS,
    WaitLimit,
    await_replicas,
    await_service,
    grace_seconds,
)
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Direction, Override
from autoscaler.errors import ConfigError, DaemonAbsent, DaemonUnavailable
from autoscaler.events import Action, CycleFinished, OperationFinished, ServiceOutcome, ServicesChanged
from deploy.lab.ports import free_ports
from tests.cli.client.test_operator import TOKEN, run, words
from tests.support.builders import NOW, policy, seen
from tests.support.web_site import Site

HELD = "has just taken the lead of project shop, and acts in 4 s"


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site(policy(low=2), token=TOKEN)
    site.start()
    yield site
    site.server.stop(10.0)


def evaluate(site: Site, action: Action, count: int = 2, *, held: str | None = None) -> None:
    """One cycle: the service has so many, in the knowledge of the override."""
    override = site.overrides.of("userservice", NOW).override
    decision = decide(policy(low=2), seen(count, {"throughput": 100.0}), Memory(), NOW, override)[0]
    outcome = ServiceOutcome("userservice", action, decision, held=held)
    site.emit(CycleFinished(NOW, 0.1, {"userservice": outcome}))


def fail(site: Site, action: Action, error: str) -> None:
    site.emit(CycleFinished(NOW, 0.1, {"userservice": ServiceOutcome("userservice", action, error=error)}))


def patience(say: Callable[[str], None], *, timeout_seconds: float = 60.0, grace: float = 60.0) -> WaitLimit:
    return WaitLimit(time.monotonic() + timeout_seconds, timeout_seconds, grace, say)


def scale(site: Site, count: int = 4) -> tuple[DaemonClient, Answer]:
    api = DaemonClient(site.url, TOKEN)
    (told,) = send(api, "userservice", "scale", {"replicas": count})
    return api, told


@pytest.mark.parametrize(
    ("begin", "said"),
    [
        pytest.param(lambda _: None, "it has not been evaluated yet", id="the daemon has just started"),
        pytest.param(lambda site: evaluate(site, Action.STANDBY, held=HELD), HELD, id="it is about to lead"),
        pytest.param(
            lambda site: evaluate(site, Action.SETTLING, held="a foreign change is under way"),
            "a foreign change is under way",
            id="it settles",
        ),
        pytest.param(
            lambda site: evaluate(site, Action.BUSY), "the previous operation is still under way", id="it is busy"
        ),
        pytest.param(
            lambda site: fail(site, Action.FAILED, "the engine is away"), "the engine is away", id="the engine is away"
        ),
    ],
)
def test_what_passes_by_itself_is_waited_for_and_said_once(
    site: Site, begin: Callable[[Site], None], said: str
) -> None:
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        evaluate(site, Action.SCALED)  # still on its way, and nothing to say
        evaluate(site, Action.UNCHANGED, 4)

    api, told = scale(site)
    begin(site)
    result = await_replicas(api, told, patience(say))
    assert (result.error, result.after) == (None, 4)
    assert lines == [f"waiting: userservice: {said}"]


def test_an_operation_that_failed_before_is_waited_for_with_its_words(site: Site) -> None:
    lines: list[str] = []
    failed = OperationFinished("userservice", Direction.UP, "above_target", 2, 2, NOW - 1, 1.0, "no room", "create")
    site.emit(failed)
    api, told = scale(site)
    evaluate(site, Action.BACKING_OFF)

    def say(line: str) -> None:
        lines.append(line)
        evaluate(site, Action.UNCHANGED, 4)

    assert await_replicas(api, told, patience(say)).error is None
    assert lines == ["waiting: userservice: the last operation failed, the next try is later: no room"]


@pytest.mark.parametrize(
    ("end", "error"),
    [
        (lambda site: evaluate(site, Action.DRY_RUN, held="dry run: not carried out"), "dry run: not carried out"),
        (lambda site: evaluate(site, Action.PAUSED, held="paused by an operator"), "paused by an operator"),
        (lambda site: fail(site, Action.REFUSED, "remove container_name"), "remove container_name"),
        (lambda site: site.overrides.resume("userservice"), "the override is no longer in force"),
    ],
)
def test_what_does_not_pass_by_itself_ends_the_wait_at_once(
    site: Site, end: Callable[[Site], None], error: str
) -> None:
    lines: list[str] = []
    api, told = scale(site)
    evaluate(site, Action.SCALED)
    end(site)
    result = await_replicas(api, told, patience(lines.append))
    assert (result.error, lines) == (error, [])


def test_a_daemon_that_stands_by_for_good_is_not_waited_for_until_the_timeout(site: Site) -> None:
    leader = "the daemon on web-1 (process 7) leads project shop since noon; this daemon stands by"
    api, told = scale(site)
    evaluate(site, Action.STANDBY, held=leader)
    assert await_replicas(api, told, patience(lambda _: None, grace=0.0)).error == leader


def test_the_grace_is_longer_with_a_longer_interval(site: Site) -> None:
    assert grace_seconds(DaemonClient(site.url)) == GRACE_SECONDS + GRACE_CYCLES * 1.0


def test_a_timeout_says_what_was_waited_for(site: Site) -> None:
    api, told = scale(site)
    evaluate(site, Action.SETTLING, held="a foreign change is under way")
    result = await_replicas(api, told, patience(lambda _: None, timeout_seconds=0.0))
    assert result.error == "not ready within 0s: a foreign change is under way; the daemon goes on"


def starting() -> Site:
    """A daemon that has just started: a label enables its only service, and it has not looked yet."""
    site = Site(token=TOKEN)
    site.start()
    return site


def test_a_service_that_a_daemon_has_not_seen_yet_is_waited_for() -> None:
    site, lines = starting(), list[str]()
    api = DaemonClient(site.url, TOKEN)

    def say(line: str) -> None:
        lines.append(line)
        site.emit(ServicesChanged({"userservice": policy(low=2)}, {}))

    await_service(api, "userservice", patience(say))
    site.server.stop(10.0)
    assert lines == ["waiting: userservice: the daemon has just started, and has not seen its services yet"]


def test_all_services_are_those_of_the_first_cycle_not_of_the_file_alone(site: Site) -> None:
    lines: list[str] = []

    def say(line: str) -> None:
        lines.append(line)
        evaluate(site, Action.UNCHANGED)

    await_service(DaemonClient(site.url, TOKEN), "all", patience(say))
    await_service(DaemonClient(site.url, TOKEN), "all", patience(say))
    assert len(lines) == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ["scale", "web", "2", "--no-wait"],
        ["scale", "web", "2", "--timeout", "0s"],
        ["pause", "web"],
        ["resume", "web"],
        ["status", "web"],
        ["explain", "web"],
    ],
)
def test_a_daemon_that_has_not_looked_yet_does_not_say_that_there_is_no_such_service(arguments: list[str]) -> None:
    site = starting()
    error = run(site, *arguments).exception
    site.server.stop(10.0)
    assert type(error) is DaemonUnavailable
    assert str(error) == f"the daemon at {site.url} has just started, and has not seen web yet"


def test_a_daemon_without_services_says_how_there_would_be_one() -> None:
    site = starting()
    site.emit(CycleFinished(NOW, 0.1, {}))
    error = run(site, "scale", "web", "2").exception
    site.server.stop(10.0)
    assert type(error) is ConfigError
    assert str(error).endswith(
        "has no service: none is in its policy file, and none has the label autoscaler.enable=true"
    )


@pytest.mark.parametrize("arguments", [["scale", "bad", "2"], ["pause", "bad"], ["resume", "bad"], ["explain", "bad"]])
def test_a_service_whose_labels_have_a_mistake_is_named_with_the_mistake(site: Site, arguments: list[str]) -> None:
    why = "labels of shop/bad: autoscaler.replicas.mn: unknown key"
    site.emit(ServicesChanged({"userservice": policy(low=2)}, {"bad": why}))
    evaluate(site, Action.UNCHANGED)
    error = run(site, *arguments).exception
    assert type(error) is ConfigError
    assert str(error) == f"bad is not scaled: {why}"


def test_the_result_of_what_was_never_seen_shows_no_counts(site: Site) -> None:
    fail(site, Action.REFUSED, "remove container_name")
    done = run(site, "scale", "userservice", "4")
    assert (done.exit_code, "userservice ? " in words(done), "remove container_name" in words(done)) == (1, True, True)
    assert site.overrides.of("userservice", NOW).override == Override(4, NOW + 1800)


def test_a_daemon_that_is_away_is_named_without_its_password() -> None:
    (port,) = free_ports(1)
    with pytest.raises(DaemonAbsent) as fault:
        DaemonClient(f"http://me:secret@127.0.0.1:{port}").names()
    assert str(fault.value).startswith(f"the daemon at http://127.0.0.1:{port} cannot be reached; ")
