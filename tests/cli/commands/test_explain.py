"""`autoscaler explain` as a user runs it, against a real web server."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner, Result

from autoscaler.cli.app import app
from autoscaler.cli.local_time import format_at, parse_at
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Estimate, Reading, Sizing
from autoscaler.core.policy import Signal, TraefikSignal
from autoscaler.core.schedule import Schedule
from autoscaler.errors import AutoscalerError, ConfigError, DaemonUnavailable
from autoscaler.events import Action
from deploy.lab.ports import free_ports
from tests.daemon.test_app import Daemon
from tests.support.builders import BACKLOG, LATENCY, NOW, THROUGHPUT, at_most, behavior, missing, policy, seen
from tests.support.command import autoscaler
from tests.support.web_site import Site

HOSTILE = """a/b?c#d "{%7B}'"""
NIGHT = Schedule("* * * * *", 3600.0, ZoneInfo("America/Bogota"), min_replicas=4)
POLICY = replace(
    policy(THROUGHPUT, LATENCY, replace(BACKLOG, cap=True), low=2, up=behavior(at_most(2))), schedules=(NIGHT,)
)
SIZING = Sizing(
    "throughput",
    50.0,
    capacity_factor=1.08,
    reserve=120.0,
    reserve_note="the highest of a day",
    hold_seconds=0.0,
    floor=3,
    estimates=(
        Estimate("capacity", trusted=True, note="x 1.08: 0.20% of the answers were slow, 1.00% may be"),
        Estimate("headroom", trusted=False, note="3.0 h of load were seen, 24 h are needed"),
    ),
)


def decision(load: float = 400.0, at: float = NOW) -> Decision:
    readings: dict[str, Reading | float] = {
        "throughput": Reading.of(load, age_seconds=3.2),
        "p95": missing(),
        "backlog": 700.0,
    }
    return replace(decide(POLICY, seen(4, readings, ready=3), Memory(), at)[0], sizing=SIZING, reversals=2)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site(POLICY, replace(policy(), service="idle"), replace(policy(), service=HOSTILE))
    site.start()
    yield site
    site.server.stop(10.0)


def explain(site: Site, *arguments: str) -> Result:
    """Run the command in this process; its errors are the result's exception."""
    return CliRunner().invoke(app, ["explain", *arguments, "--url", site.url], env={"COLUMNS": "160"})


def error(result: Result) -> str:
    assert isinstance(result.exception, AutoscalerError), result.exception
    return str(result.exception)


def rows(result: Result) -> list[str]:
    """The printed lines with single spaces."""
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return [" ".join(line.split()) for line in result.output.splitlines()]


def test_it_tells_the_whole_account_of_the_last_decision(site: Site) -> None:
    site.decided(decision(), Action.SCALED)
    lines = rows(explain(site, "userservice"))
    assert lines[0] == f"userservice at {format_at(NOW)}"
    assert lines[1].startswith("above_target: throughput 400 req/s at 50 req/s per replica wants 8; backlog 700")
    assert lines[1].endswith("scale_up.policies allow 6 now; 4 → 6")
    assert lines[3:7] == [
        "rule value goal ratio age wants note",
        "throughput 400 req/s 50 req/s per replica 2.00 3s 8 wins",
        "p95 empty target 300 ms - - - nothing is lowered without it",
        "backlog 700 100 per replica 1.75 - 7 a cap",
    ]
    assert lines[8] == "limit before after why"
    assert lines[9].startswith("cap 8 7 backlog 700 at 100 per replica")
    assert lines[10] == "rate 7 6 scale_up.policies allow 6 now"
    assert lines[12:15] == [
        "learned trusted why",
        "capacity yes x 1.08: 0.20% of the answers were slow, 1.00% may be",
        "headroom no 3.0 h of load were seen, 24 h are needed",
    ]
    assert lines[16:] == [
        "winner throughput",
        "bounds 4-10 (min by schedule * * * * * America/Bogota)",
        "sizing throughput at 54 req/s per replica: 50 req/s as stated x 1.08 as learned",
        "ready for 120 req/s, whatever the load is now: the highest of a day",
        "in place of the default scale_down.stabilization_window",
        "the season's floor is 3",
        "reversals 2 within the policy's period",
        "result 4 → 6 replicas (3 ready), carried out",
    ]


def test_it_says_little_about_a_decision_that_has_little_to_say(site: Site) -> None:
    plain, _ = decide(replace(policy(), service="idle"), seen(2, {"throughput": 98.0}), Memory(), NOW)
    site.decided(replace(plain, sizing=Sizing("throughput", 50.0)))
    assert rows(explain(site, "idle"))[1:] == [
        "steady: throughput 98 req/s at 50 req/s per replica wants 2; stays at 2",
        "",
        "rule value goal ratio age wants note",
        "throughput 98 req/s 50 req/s per replica 0.98 - 2 wins",
        "",
        "winner throughput",
        "bounds 1-10",
        "sizing throughput at 50 req/s per replica: 50 req/s as stated x 1.00 as learned",
        "nothing has been learned yet",
        "result 2 replicas (2 ready), nothing to do",
    ]


def test_a_rule_that_is_held_says_what_it_would_want(site: Site) -> None:
    held, _ = decide(replace(policy(), service="idle"), seen(4, {"throughput": 210.0}), Memory(), NOW)
    site.decided(held)
    assert "throughput 210 req/s 50 req/s per replica 1.05 - 4 wins; 5, but held by tolerance" in rows(
        explain(site, "idle")
    )


def test_a_burst_says_that_it_is_the_short_window_and_a_reading_says_its_note(site: Site) -> None:
    bursting = replace(THROUGHPUT, burst=TraefikSignal(Signal.REQUESTS, 15.0))
    given = replace(policy(bursting, LATENCY), service="idle")
    idle = Reading.of(0.0, note="no requests in the window")
    readings: dict[str, Reading | float] = {"throughput": 100.0, "throughput@burst": 400.0, "p95": idle}
    site.decided(decide(given, seen(4, readings), Memory(), NOW)[0])
    lines = rows(explain(site, "idle"))
    assert "throughput 400 req/s 50 req/s per replica 2.00 - 8 wins; of the short window" in lines
    assert any(line.startswith("p95 0 ") and line.endswith(" no requests in the window") for line in lines)


def test_it_explains_the_decision_in_force_at_a_time(site: Site) -> None:
    for age in (600.0, 595.0, 300.0):
        load, action = (400.0, Action.SCALED) if age == 300.0 else (200.0, Action.UNCHANGED)
        site.decided(decision(load, NOW - age), action)
    at = datetime.fromtimestamp(NOW - 301.0).astimezone().isoformat()
    lines = rows(explain(site, "userservice", "--at", at))
    assert lines[0] == f"userservice at {format_at(NOW - 600.0)}"
    assert lines[1] == (
        f"the first of 2 evaluations until {format_at(NOW - 595.0)} with the same result; the numbers are of the first"
    )
    assert lines[2].startswith("steady: ")
    after = datetime.fromtimestamp(NOW - 299.0).astimezone().isoformat()
    assert rows(explain(site, "userservice", "--at", after))[1].startswith("above_target: ")


def test_where_reasons_alternated_the_one_that_still_held_is_explained(site: Site) -> None:
    for turn, load in enumerate((200.0, 210.0, 200.0)):
        site.decided(decision(load, NOW + 5.0 * turn))
    at = datetime.fromtimestamp(NOW + 11.0).astimezone().isoformat()
    assert any(line.startswith("steady: ") for line in rows(explain(site, "userservice", "--at", at)))


def test_a_clock_time_is_of_today(site: Site) -> None:
    midnight = datetime.now(UTC).astimezone().replace(hour=0, minute=0, second=0, microsecond=0).timestamp()
    site.decided(decision(at=midnight))
    assert rows(explain(site, "userservice", "--at", "00:00"))[0] == f"userservice at {format_at(midnight)}"


def test_json_is_what_the_daemon_tells(site: Site) -> None:
    site.decided(decision(), Action.SCALED)
    told = json.loads(explain(site, "userservice", "--json").stdout)
    assert told == site.get("/api/v1/services/userservice").json()
    at = datetime.fromtimestamp(NOW).astimezone().isoformat()
    entry = json.loads(explain(site, "userservice", "--at", at, "--json").stdout)
    assert [entry] == site.get("/api/v1/services/userservice/decisions").json()


def test_a_service_with_any_name_can_be_explained(site: Site) -> None:
    site.decided(replace(decision(), service=HOSTILE))
    assert rows(explain(site, HOSTILE))[0] == f"{HOSTILE} at {format_at(NOW)}"
    assert json.loads(explain(site, HOSTILE, "--json").stdout)["service"] == HOSTILE


@pytest.mark.parametrize("name", ["nobody", "userservice/decisions", "../..", "", "a b", "{}", '"'])
def test_an_unknown_service_is_refused_with_the_names_that_there_are(site: Site, name: str) -> None:
    site.decided(decision())
    result = explain(site, name)
    assert error(result) == (f"the daemon at {site.url} has no service {name}; it has: userservice, idle, {HOSTILE}")
    assert isinstance(result.exception, ConfigError)


def test_a_service_that_was_never_decided_says_so(site: Site) -> None:
    message = "idle has not been evaluated yet; ask again after the first cycle"
    assert error(explain(site, "idle")) == message
    assert error(explain(site, "idle", "--at", "2026-01-31T14:05")) == message


def test_a_service_that_could_not_be_evaluated_says_why_and_exits_1(site: Site) -> None:
    site.failed("userservice", "the engine is away", NOW)
    result = explain(site, "userservice")
    assert (result.exit_code, rows(result)[1]) == (1, "could not be evaluated: the engine is away")


def test_a_time_before_the_journal_says_that_nothing_is_known(site: Site) -> None:
    site.decided(decision())
    at = NOW - 60.0
    message = error(explain(site, "userservice", "--at", datetime.fromtimestamp(at).astimezone().isoformat()))
    assert message.startswith(f"there is no decision about userservice at {format_at(at)}: the journal is in memory")


@pytest.mark.parametrize("at", ["now", "25:00", "14:60", "14", "2026-13-01T00:00", "", "0001-01-01T00:00", "14:05:"])
def test_a_wrong_time_is_refused_with_what_is_allowed(site: Site, at: str) -> None:
    site.decided(decision())
    result = explain(site, "userservice", "--at", at)
    assert isinstance(result.exception, AutoscalerError)
    assert "--at must be a time such as 14:05, 14:05:30 or 2026-01-31T14:05, not " in error(result)


def test_a_time_that_is_still_to_come_is_refused() -> None:
    now = datetime(2026, 1, 31, 0, 10, 3, tzinfo=UTC).astimezone()
    with pytest.raises(
        ConfigError, match=r"--at 2026-02-01T14:05 is in the future: now it is 2026-01-3.*the date, too"
    ):
        parse_at("2026-02-01T14:05", now)


@pytest.mark.parametrize(
    ("text", "local"),
    [
        ("14:05", "2026-01-31T14:05:00"),
        ("9:05", "2026-01-31T09:05:00"),
        ("14:05:30", "2026-01-31T14:05:30"),
        ("2026-01-30T14:05", "2026-01-30T14:05:00"),
        ("2026-01-30", "2026-01-30T00:00:00"),
    ],
)
def test_times_are_local(text: str, local: str) -> None:
    now = datetime.fromisoformat("2026-01-31T23:00").astimezone()
    assert parse_at(text, now) == datetime.fromisoformat(local).astimezone().timestamp()


def test_a_time_with_a_zone_is_of_that_zone() -> None:
    now = datetime.fromisoformat("2026-01-31T23:00").astimezone()
    assert parse_at("2026-01-30T14:05:00+05:00", now) == datetime(2026, 1, 30, 9, 5, tzinfo=UTC).timestamp()


def test_without_a_daemon_the_error_names_the_address_and_what_else_to_do() -> None:
    done = autoscaler("explain", "it's", AUTOSCALER_LISTEN=f"0.0.0.0:{(port := free_ports(1)[0])}")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == (
        f"error: the daemon at http://127.0.0.1:{port} cannot be reached; start it with `autoscaler run`, name another "
        "with --url, or evaluate without a daemon with `autoscaler plan 'it'\"'\"'s'`\n"
    )


def test_the_command_finds_the_daemon_by_its_own_setting_whatever_proxy_is_set(site: Site) -> None:
    site.decided(decision())
    nowhere = "http://127.0.0.1:9"
    done = autoscaler(
        "explain", "userservice", AUTOSCALER_LISTEN=f"127.0.0.1:{site.port}", HTTP_PROXY=nowhere, http_proxy=nowhere
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("url", ["", "127.0.0.1:9595", "ftp://host", "http://", "http://[::1", "http://host:port"])
def test_a_wrong_url_is_refused(url: str) -> None:
    result = CliRunner().invoke(app, ["explain", "userservice", "--url", url])
    assert isinstance(result.exception, ConfigError)
    assert error(result) == f"--url must be a URL such as http://127.0.0.1:9595, not {url!r}"


class Stranger(BaseHTTPRequestHandler):
    """Answers with `status` and `body`, whatever is asked."""

    status, body = 200, b"<html>"

    def do_GET(self) -> None:
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(self.body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""


def strangely(status: int, body: bytes) -> Result:
    handler = type("Handler", (Stranger,), {"status": status, "body": body})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_address[1]}/"
        result = CliRunner().invoke(app, ["explain", "userservice", "--url", url])
        server.shutdown()
    return result


@pytest.mark.parametrize(
    ("status", "body", "what"),
    [
        (200, b"<html>", "no JSON"),
        (404, b"not here", "no list of services"),
        (500, b"oops", "HTTP 500"),
        (200, b"[]", "no status"),
        (200, b'{"a": 1}', "no list of services"),
        (200, b"[3]", "no list of services"),
    ],
)
def test_something_else_at_that_address_is_told_from_a_daemon(status: int, body: bytes, what: str) -> None:
    message = error(strangely(status, body))
    assert message.startswith("no autoscaler answers at http://127.0.0.1:")
    assert message.endswith(f" ({what}); name the daemon's address with --url")


def test_a_daemon_of_another_version_is_told(site: Site) -> None:
    site.decided(decision())
    told = site.get("/api/v1/services/userservice").json()
    told["decision"]["reason"] = "not_thought_of_yet"
    result = strangely(200, json.dumps(told).encode())
    assert isinstance(result.exception, DaemonUnavailable)
    assert "run the command of the daemon's version, or add --json" in error(result)


def test_a_real_daemon_tells_what_it_decided_now_and_before(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    try:
        daemon.wait_for_cycle()
        listen = {"AUTOSCALER_LISTEN": f"127.0.0.1:{daemon.port}"}
        at = datetime.now(UTC).isoformat()
        for done in (
            autoscaler("explain", "userservice", **listen),
            autoscaler("explain", "userservice", "--at", at, **listen),
        ):
            assert (done.returncode, done.stderr) == (1, "")
            assert "could not be evaluated: the Docker engine at unix://" in " ".join(done.stdout.split())
    finally:
        daemon.end()
