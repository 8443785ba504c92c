"""What an operator reads when clones fail: which, why, and what to do; what is alike is said once."""

from typing import Any

import pytest

from autoscaler.adapters.compose.clone.failures import (
    CloneFailed,
    given_up,
    has_vanished,
    last_output,
    refused,
    summed_up,
)
from autoscaler.adapters.docker.errors import engine_error

IMAGE = "users:latest"


@pytest.mark.parametrize(
    ("stage", "status", "text", "advice"),
    [
        pytest.param("create", 404, "No such image: users:latest", "its image users:latest is gone; pull", id="image"),
        pytest.param(
            "create", 500, "write /var/lib/docker/x: no space left on device", "the engine's disk is full", id="disk"
        ),
        pytest.param(
            "start",
            403,
            "no available IPv4 addresses on this network's address pools: shop_default (6f1)",
            "larger subnet",
            id="addresses; the engine says 403 to it",
        ),
        pytest.param(
            "start",
            500,
            "Bind for 127.0.0.1:8001 failed: port is already allocated",
            "wider range of ports",
            id="ports",
        ),
        pytest.param("start", 404, "network 4c1 not found", "docker compose up", id="network"),
        pytest.param(
            "create",
            400,
            'invalid mount config for type "bind": bind source path does not exist: /srv/a',
            "create it again",
            id="bind",
        ),
        pytest.param(
            "start", 500, "OCI runtime create failed: cannot allocate memory", "lower them, or free some", id="memory"
        ),
        pytest.param("start", 400, "Requested CPUs are not available - requested 7", "lower them", id="cpus"),
        pytest.param("create", 403, "forbidden by the proxy", "let the proxy allow the call", id="socket proxy"),
    ],
)
def test_what_is_known_comes_with_what_to_do(stage: str, status: int, text: str, advice: str) -> None:
    said = str(summed_up([refused(stage, "shop-users-2", engine_error(status, text), IMAGE)]))
    assert said.startswith(f"cannot {stage} shop-users-2: {text} (")
    assert advice in said


def test_what_is_not_known_is_said_as_the_engine_says_it() -> None:
    failure = refused("start", "shop-users-2", engine_error(500, "oops"), IMAGE, "; it was removed again")
    assert str(summed_up([failure])) == "cannot start shop-users-2: oops; it was removed again"


def test_failures_alike_are_said_once_and_the_first_gives_the_stage() -> None:
    full = [
        refused("create", f"shop-users-{number}", engine_error(500, f"write {number}: no space left on device"), IMAGE)
        for number in (3, 2)
    ]
    summed = summed_up([full[0], given_up("shop-users-4", "exited at once; it was removed"), full[1]])
    assert summed.stage == "create"
    first, second = str(summed).split("; shop-users-4 ")
    assert first.startswith("cannot create shop-users-2, shop-users-3: write 3: no space left on device (the engine's")
    assert second == "exited at once; it was removed"


@pytest.mark.parametrize(
    ("inspect", "log", "words"),
    [
        pytest.param(
            {"State": {"Running": False, "ExitCode": 3}}, "a\n\n b \n", " (exit code 3, last lines: a | b)", id="exited"
        ),
        pytest.param({"State": {"Running": True, "ExitCode": 0}}, "", "", id="runs and says nothing"),
        pytest.param(
            {
                "State": {
                    "Running": True,
                    "ExitCode": 0,
                    "Health": {"Log": [{"ExitCode": 1, "Output": "no\nanswer\n"}, {"ExitCode": 0, "Output": "ok"}]},
                }
            },
            "",
            " (healthcheck: no answer)",
            id="what the probe that failed said",
        ),
        pytest.param(
            {"State": {"Running": False, "ExitCode": 1}, "RestartCount": 4},
            "",
            " (exit code 1, restarted 4 times)",
            id="a crash loop",
        ),
    ],
)
def test_last_words(inspect: dict[str, Any], log: str, words: str) -> None:
    assert last_output(inspect, log) == words


@pytest.mark.parametrize(
    ("status", "text", "vanished"),
    [
        pytest.param(404, "No such container: 4c1", True, id="it is gone"),
        pytest.param(409, "container is marked for removal and cannot be started", True, id="it is just going"),
        pytest.param(404, "network 4c1 not found", False, id="something else is gone"),
        pytest.param(409, "Conflict. The name is already in use", False, id="another conflict"),
    ],
)
def test_a_clone_that_somebody_removes_before_its_start_is_no_failure_of_its_own(
    status: int, text: str, vanished: bool
) -> None:
    error = engine_error(status, text)
    failed = CloneFailed(refused("start", "shop-users-2", error, IMAGE))
    failed.__cause__ = error
    assert has_vanished(failed) is vanished
