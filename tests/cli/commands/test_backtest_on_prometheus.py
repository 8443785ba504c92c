"""`autoscaler backtest` over a real Prometheus that holds a day with a known load; see backtest_day.py."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from deploy.lab import images
from tests.support.backtest_day import DAY, GAP, HOUR, LATE, MIDNIGHT, RUSH, SCRAPE_SECONDS, SERVERS, day, load
from tests.support.command import autoscaler
from tests.support.real_prometheus import running

pytestmark = pytest.mark.engine

WINDOW_SECONDS, HOLD_SECONDS, LOW, HIGH, PER_REPLICA = 60.0, 300.0, 2, 8, 50.0
POLICY = """\
interval: 15s
prometheus: {{url: "{url}", window: 1m}}
services:
  web:
    replicas: {{min: 2, max: {high}}}
    rules: {{throughput: {{signal: requests, per_replica: 50}}}}
    scale_up: {{tolerance: 0.0}}
    scale_down: {{tolerance: 0.0}}
"""
ALL_DAY = ("--since", "2023-11-15", "--until", "2023-11-16")


@pytest.fixture(scope="module")
def url(engine_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with running(images.PROMETHEUS, day().text(), tmp_path_factory.mktemp("prometheus")) as address:
        yield address


@pytest.fixture
def policy(url: str, tmp_path: Path) -> str:
    return written(tmp_path / "policy.yaml", POLICY.format(url=url, high=HIGH))


def written(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def totals(*arguments: str) -> dict[str, Any]:
    done = autoscaler("backtest", *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (run,) = json.loads(done.stdout)["runs"]
    return run["totals"]  # type: ignore[no-any-return]


def expected_replica_hours() -> float:
    """What the load needs, kept for the hold: worked out from the curve alone."""
    step, need = 15.0, []
    for index in range(int(DAY / step)):
        needed = max(LOW, min(HIGH, -(-load(index * step) // PER_REPLICA)))
        need.append(needed)
    held = int(HOLD_SECONDS / step)
    return sum(max(need[max(0, index - held) : index + 1]) for index in range(len(need))) * step / HOUR


def test_the_figures_of_the_day_are_those_of_its_load(policy: str) -> None:
    summed = totals(policy, *ALL_DAY)
    assert summed["seconds"] == pytest.approx(DAY, abs=60)
    assert summed["replica_hours"] == pytest.approx(expected_replica_hours(), rel=0.01)
    assert (summed["least_replicas"], summed["most_replicas"]) == (LOW, HIGH)
    assert summed["real_replica_hours"] == pytest.approx(SERVERS * (DAY - (GAP[1] - GAP[0])) / HOUR, rel=0.005)
    rush = RUSH[1] - RUSH[0]
    assert summed["seconds_at_max"] == pytest.approx(rush + HOLD_SECONDS, abs=2 * WINDOW_SECONDS)
    # Short for the whole rush, whose 510 per second are more than 8 x 50; at each other step until replicas are ready.
    assert rush <= summed["shortage"]["seconds"] <= rush + 8 * WINDOW_SECONDS
    assert summed["shortage"]["load_share"] == pytest.approx(rush * 510 / (120 * DAY + 300 * rush), rel=0.2)
    assert summed["changes"] < 20
    assert summed["reversals"] <= 1


def test_while_prometheus_did_not_run_it_is_blind(policy: str) -> None:
    (period,) = totals(policy, *ALL_DAY)["blind"]
    assert period["start"] == pytest.approx(MIDNIGHT + GAP[0] + 30, abs=30)
    assert period["seconds"] == pytest.approx(GAP[1] - GAP[0], abs=2 * SCRAPE_SECONDS + 30)
    assert period["missing"].startswith("throughput (")


def test_a_day_of_densely_spaced_instants_is_read_in_several_queries(policy: str) -> None:
    summed = totals(policy, *ALL_DAY, "--step", "5s")
    assert summed["evaluations"] > 11_000
    assert summed["replica_hours"] == pytest.approx(expected_replica_hours(), rel=0.01)


def test_two_policies_stand_side_by_side(url: str, policy: str, tmp_path: Path) -> None:
    other = written(tmp_path / "other.yaml", POLICY.format(url=url, high=12))
    done = autoscaler("backtest", policy, *ALL_DAY, "--against", other, "--decisions", "2")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == "replayed: 2023-11-15 00:00:00 UTC to 2023-11-16 00:00:00 UTC, a decision every 15s"
    assert "policy.yaml other.yaml difference" in lines
    assert "replicas at the peak 8 11 +3" in lines
    assert any(line.startswith("replica-hours against then -") for line in lines)
    assert any(line.startswith("blind from 2023-11-15 03:00") for line in lines)
    assert "note: No traefik_service is stated, so web@docker was assumed." in lines
    assert any("more; --decisions all lists them" in line for line in lines)
    assert "\x1b" not in done.stdout


def test_the_picture_and_the_page_are_written(policy: str, tmp_path: Path) -> None:
    png, html = tmp_path / "day.png", tmp_path / "day.html"
    arguments = ("--since", "2023-11-15T11:30", "--until", "2023-11-15T12:45", "--png", str(png), "--html", str(html))
    done = autoscaler("backtest", policy, *arguments)
    assert done.returncode == 0
    assert done.stdout.splitlines()[-2:] == [f"written: {png}", f"written: {html}"]
    assert png.read_bytes().startswith(b"\x89PNG")
    page = html.read_text(encoding="utf-8")
    assert "time with too little capacity" in page
    assert "The load is the past load, independent of the decisions" in page


def test_a_service_that_came_in_the_evening_is_replayed_from_then_on(policy: str) -> None:
    text = Path(policy).read_text(encoding="utf-8").replace("  web:", "  late:")
    Path(policy).write_text(text, encoding="utf-8")
    done = autoscaler("backtest", policy, *ALL_DAY, "--json")
    (run,) = json.loads(done.stdout)["runs"]
    assert run["totals"]["seconds"] == pytest.approx(DAY - LATE, abs=400)
    assert any("Prometheus knows late@docker only since about 2023-11-15 1" in caveat for caveat in run["caveats"])
    early = autoscaler("backtest", policy, "--since", "2023-11-15", "--until", "2023-11-15T12:00")
    assert early.returncode == 1
    assert "error: late: Prometheus knows late@docker only since about 2023-11-15 17:5" in early.stderr


def test_an_objective_learns_from_the_hours_before(policy: str) -> None:
    sized = "    objective: {latency: 300ms, ratio: 0.99}\n    scale_up: {tolerance: 0.0}\n"
    text = Path(policy).read_text(encoding="utf-8").replace("    scale_up: {tolerance: 0.0}\n", sized)
    Path(policy).write_text(text, encoding="utf-8")
    done = autoscaler("backtest", policy, "--since", "2023-11-15T18:00", "--until", "2023-11-15T19:00", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    (run,) = json.loads(done.stdout)["runs"]
    assert "Less than a day of load before the span (17h50m) was known to learn from." in run["caveats"]


def test_a_service_that_traefik_never_had_is_refused_with_those_that_there_are(policy: str) -> None:
    text = Path(policy).read_text(encoding="utf-8").replace("  web:", "  wbe:")
    Path(policy).write_text(text, encoding="utf-8")
    done = autoscaler("backtest", policy, *ALL_DAY)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "error: wbe: Prometheus knows no Traefik service wbe@docker; set services.wbe.traefik_service. "
        "It knows: late@docker, web@docker\n"
    )


def test_a_span_before_all_data_says_that_there_is_none(policy: str) -> None:
    done = autoscaler("backtest", policy, "--since", "2023-11-01", "--until", "2023-11-02")
    assert (done.returncode, done.stdout) == (1, "")
    assert "web: Prometheus knows web@docker only since about 2023-11-1" in done.stderr
