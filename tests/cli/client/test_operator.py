"""`status`, `pause`, `resume` and `scale` as a user runs them, against the real web server of a daemon."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from autoscaler.adapters.override_file import OverrideFile
from autoscaler.cli.app import app
from autoscaler.cli.local_time import format_at
from autoscaler.core.decide import decide
from autoscaler.core.intervention import NONE
from autoscaler.core.memory import Memory
from autoscaler.core.model import Direction, Override
from autoscaler.errors import AutoscalerError, ConfigError, DaemonAbsent, TargetRefused
from autoscaler.events import Action, CycleFinished, Event, Intervened, OperationFinished, ServiceOutcome
from deploy.lab.ports import free_ports
from tests.support.builders import NOW, policy, seen
from tests.support.command import autoscaler
from tests.support.web_site import Site

TOKEN = "0123456789abcdef"
POLICIES = (policy(low=2), replace(policy(), service="idle"))


class Follower:
    """Plays the cycle: evaluates the service at once when an operator has said something about it."""

    def __init__(self, site: Site, *, ready: int | None = None, action: Action = Action.SCALED) -> None:
        self.site, self.ready, self.action = site, ready, action
        self.error: str | None = None

    def notify(self, event: Event) -> None:
        if isinstance(event, Intervened) and event.after.override is not None:
            self.evaluate(event.after.override.replicas)

    def evaluate(self, count: int) -> None:
        override = self.site.overrides.of("userservice", NOW).override
        observation = seen(count, {"throughput": 100.0}, ready=count if self.ready is None else self.ready)
        decision = decide(policy(low=2), observation, Memory(), NOW, override)[0]
        if self.error is not None:
            failed = OperationFinished("userservice", Direction.UP, "override", 2, 2, NOW, 1.0, self.error, "ready")
            self.site.status.notify(failed)
        held = "dry run: not carried out" if self.action is Action.DRY_RUN else None
        outcome = ServiceOutcome("userservice", self.action, decision, held=held)
        self.site.status.notify(CycleFinished(NOW, 0.1, {"userservice": outcome}))


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(*POLICIES, token=TOKEN, store=OverrideFile(tmp_path / "state"))
    site.start()
    yield site
    site.server.stop(10.0)


def run(site: Site, *arguments: str, token: str = TOKEN) -> Result:
    """Run a command in this process; its errors are the result's exception."""
    variables = {"COLUMNS": "220", "AUTOSCALER_URL": site.url, "AUTOSCALER_API_TOKEN": token}
    return CliRunner().invoke(app, list(arguments), env=variables)


def error(result: Result, kind: type[AutoscalerError] = ConfigError) -> str:
    assert type(result.exception) is kind, result.exception
    return str(result.exception)


def words(result: Result) -> str:
    return " ".join(result.stdout.split())


def test_pause_pauses_one_service_and_says_until_when(site: Site) -> None:
    done = run(site, "pause", "userservice", "--for", "90s")
    assert (done.exit_code, done.stderr) == (0, "")
    assert f"userservice paused until {format_at(NOW + 90)}" in words(done)
    assert site.overrides.of("idle", NOW) == NONE


def test_pause_all_and_resume_all_are_for_every_service(site: Site) -> None:
    run(site, "pause", "all")
    assert all(site.overrides.of(name, NOW).paused_until == NOW + 3600 for name in ("userservice", "idle"))
    done = run(site, "resume", "all")
    ended = f"decided by its policy; ended: paused until {format_at(NOW + 3600)}"
    assert f"userservice {ended} idle {ended}" in words(done)
    assert all(site.overrides.of(name, NOW) == NONE for name in ("userservice", "idle"))


def test_resume_of_what_nobody_paused_changes_nothing_and_says_so(site: Site) -> None:
    assert "userservice decided by its policy, as before" in words(run(site, "resume", "userservice"))


def test_scale_sets_an_override_and_waits_until_it_is_ready(site: Site) -> None:
    site.observers.append(Follower(site))
    done = run(site, "scale", "userservice", "4", "--for", "2h")
    assert (done.exit_code, "userservice 4 → 4" in words(done), words(done).endswith("ok")) == (0, True, True)
    override = site.overrides.of("userservice", NOW).override
    assert override is not None
    assert (override.replicas, override.until) == (4, NOW + 7200)


def test_scale_need_not_wait(site: Site) -> None:
    done = run(site, "scale", "userservice", "4", "--no-wait")
    assert f"userservice override 4 until {format_at(NOW + 1800)}" in words(done)


def test_scale_fails_when_the_replicas_are_not_ready_in_time(site: Site) -> None:
    site.observers.append(Follower(site, ready=1))
    done = run(site, "scale", "userservice", "4", "--timeout", "200ms")
    assert (done.exit_code, "not ready within 200ms; the daemon goes on" in words(done)) == (1, True)


def test_scale_fails_with_the_words_of_what_failed(site: Site) -> None:
    follower = Follower(site, ready=1)
    follower.error = "shop-userservice-3 exited with 1"
    site.observers.append(follower)
    done = run(site, "scale", "userservice", "4")
    assert (done.exit_code, "shop-userservice-3 exited with 1" in words(done)) == (1, True)


def test_scale_does_not_wait_for_a_daemon_that_will_not_act(site: Site) -> None:
    site.observers.append(Follower(site, ready=1, action=Action.DRY_RUN))
    done = run(site, "scale", "userservice", "4")
    assert (done.exit_code, "dry run: not carried out" in words(done)) == (1, True)


def test_scale_of_all_tells_each_refusal_and_scales_the_others(site: Site) -> None:
    done = run(site, "scale", "all", "1", "--no-wait", "--json")
    told = json.loads(done.stdout)
    assert done.exit_code == 1
    assert told[0]["error"] == "userservice: 1 is outside replicas 2 to 10 of its policy"
    assert (told[1]["error"], told[1]["intervention"]["override"]["replicas"]) == (None, 1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["scale", "userservice", "11"], "userservice: 11 is outside replicas 2 to 10 of its policy"),
        (["scale", "userservice", "4", "--for", "5"], '"for" must be a duration: a number with a unit'),
        (["scale", "userservice", "4", "--timeout", "5"], "--timeout must be a duration: a number with a unit"),
        (["pause", "userservice", "--for", "2y"], '"for" must be a duration: a number with a unit'),
        (["pause", "usrservice"], "has no service usrservice; it has: userservice, idle"),
        (["resume", "a/b"], "has no service a/b; it has: userservice, idle"),
        (["status", "a/b"], "has no service a/b; it has: userservice, idle"),
    ],
)
def test_what_the_daemon_refuses_is_said_in_its_words(site: Site, arguments: list[str], message: str) -> None:
    site.decided(decide(policy(low=2), seen(2, {}), Memory(), NOW)[0])
    assert message in error(run(site, *arguments))


def test_an_override_of_what_is_paused_is_refused(site: Site) -> None:
    run(site, "pause", "userservice")
    assert "is paused until" in error(run(site, "scale", "userservice", "4"), TargetRefused)


def test_a_wrong_token_and_one_that_is_missing_are_said(site: Site) -> None:
    message = error(run(site, "pause", "userservice", token="x" * 16))
    assert message == "the daemon does not know this token; set AUTOSCALER_API_TOKEN_FILE as it is set for the daemon"
    assert error(run(site, "pause", "userservice", token="")) == message


def test_a_daemon_without_a_token_says_what_to_set() -> None:
    site = Site(policy())
    site.start()
    message = error(run(site, "pause", "userservice"))
    site.server.stop(10.0)
    assert message.startswith(
        "the daemon says: writing is off: put a token into a file, name it as AUTOSCALER_API_TOKEN"
    )


def test_what_will_not_survive_a_restart_is_warned_of_once() -> None:
    site = Site(*POLICIES, token=TOKEN)
    site.start()
    done = run(site, "pause", "all")
    site.server.stop(10.0)
    assert done.stderr == "warning: AUTOSCALER_STATE_DIR is not set, so this will not survive a restart of the daemon\n"


@pytest.mark.parametrize("arguments", [["pause", "web"], ["resume", "web"], ["scale", "web", "2"], ["status"]])
def test_without_the_daemon_that_was_named_nothing_is_done(arguments: list[str]) -> None:
    result = CliRunner().invoke(app, [*arguments, "--url", f"http://127.0.0.1:{free_ports(1)[0]}"])
    assert "cannot be reached; start it with `autoscaler run`" in error(result, DaemonAbsent)


def test_an_override_for_a_time_needs_a_daemon() -> None:
    done = autoscaler("scale", "web", "2", "--for", "1h")
    assert (done.returncode, done.stderr) == (
        2,
        "error: --for needs a running daemon, and none listens at http://127.0.0.1:9\n",
    )


def test_status_shows_what_there_is_to_know(site: Site) -> None:
    site.overrides.pause("idle", NOW + 60)
    site.decided(decide(policy(low=2), seen(4, {"throughput": 330.0}, ready=3), Memory(), NOW)[0], Action.BACKING_OFF)
    site.status.notify(
        OperationFinished("userservice", Direction.UP, "above_target", 4, 4, NOW, 1.0, "no room", "create")
    )
    done = run(site, "status")
    text = words(done)
    assert done.exit_code == 1  # its last operation failed
    assert " failing " in text
    assert text.startswith("✓ ready, version ")
    assert "4 (3 ready) → 7" in text
    assert "throughput 330 req/s / 50 req/s" in text
    assert "above_target: throughput 330 req/s at 50 req/s per replica wants 7; 4 → 7" in text
    assert "held: backing off" in text
    assert f"failed {format_at(NOW)}: no room" in text
    assert f"idle ? 1-10 not evaluated yet paused until {format_at(NOW + 60)}" in text


def test_status_of_one_service_is_of_it_alone(site: Site) -> None:
    site.decided(decide(policy(low=2), seen(4, {"throughput": 330.0}), Memory(), NOW)[0])
    assert "idle" not in run(site, "status", "userservice").stdout


def test_status_of_what_cannot_be_observed_is_short_and_explain_has_it_all(site: Site) -> None:
    site.failed("userservice", "no Compose service shop/userservice; start it. Services seen: shop/api", NOW)
    told, explained = words(run(site, "status")), words(run(site, "explain", "userservice"))
    assert told.startswith("✗ no service can be observed: no Compose service shop/userservice; start it, version ")
    assert "userservice ? 2-10 no Compose service shop/userservice; start it failing idle" in told
    assert "Services seen: shop/api" in explained


def test_status_is_1_for_a_daemon_that_is_not_healthy(site: Site) -> None:
    done = run(site, "status", "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["daemon"]["ok"]) == (1, False)
    assert [each["service"] for each in told["services"]] == ["userservice", "idle"]
    site.failed("userservice", "the engine is away", NOW)
    done = run(site, "status")
    assert (done.exit_code, words(done).startswith("✗ no service can be observed: the engine is away")) == (1, True)


def test_explain_shows_pauses_and_overrides(site: Site) -> None:
    override = Override(4, NOW + 1800)
    site.overrides.override("userservice", override)
    site.overrides.pause("userservice", NOW + 60)
    decision = decide(policy(low=2), seen(2, {"throughput": 330.0}), Memory(), NOW, override)[0]
    why = "paused by an operator until 2023-11-14 22:14:20 UTC"
    outcome = ServiceOutcome(
        "userservice", Action.PAUSED, decision, held=why, intervention=site.overrides.of("userservice", NOW)
    )
    site.emit(CycleFinished(NOW, 0.1, {"userservice": outcome}))
    text = words(run(site, "explain", "userservice"))
    assert "override: an operator wants 4 until 2023-11-14 22:43:20 UTC; 2 → 4" in text
    assert f"result 2 → 4 replicas (2 ready), not carried out: paused because {why}" in text
    assert f"operator paused until {format_at(NOW + 60)} override 4 until {format_at(NOW + 1800)}" in text
    (entry,) = site.get("/api/v1/services/userservice/decisions").json()
    assert entry["intervention"]["paused_until"] == NOW + 60


def test_a_watch_goes_on_without_the_daemon_until_it_is_interrupted(site: Site) -> None:
    site.failed("userservice", "away", NOW)
    command = [sys.executable, "-m", "autoscaler", "status", "--watch", "--json", "--url", site.url]
    watch = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert watch.stdout is not None
    first = json.loads(watch.stdout.readline())
    site.server.stop(10.0)
    while "cannot be reached" not in (json.loads(watch.stdout.readline())["error"] or ""):
        pass
    watch.send_signal(signal.SIGINT)
    _, errors = watch.communicate(timeout=30)
    assert (first["services"][0]["error"], first["error"]) == ("away", None)
    assert (watch.returncode, errors) == (130, "")
