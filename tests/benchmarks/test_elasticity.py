"""The benchmark itself: its traces, its rules of fairness, its verdicts, and the command as a caller runs it."""

import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from autoscaler.core.memory import Memory
from autoscaler.core.policy import Behavior
from autoscaler.rehearse.simulation.plant import Plant
from autoscaler.rehearse.simulation.queueing import Service, most_rate
from benchmarks.elasticity.frontier import Row, cheapest, frontier, verdicts
from benchmarks.elasticity.harness import run
from benchmarks.elasticity.lineup import OURS, PEERS, Course, make, targets
from benchmarks.elasticity.ours import Ours, policy
from benchmarks.elasticity.scores import Scores
from benchmarks.elasticity.traces import PAST_STEP_SECONDS, arrivals, check, read
from tests.benchmarks.conftest import flat, noisy, wave
from tests.support.command import Done, here

pytestmark = pytest.mark.xdist_group("charts")  # one worker loads what draws

SERVICE = Service()
WriteTrace = Callable[..., Path]
SCORES = Scores(0.5, 1.5, 10.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def course(path: Path, *, hours: float, peak: int = 6, start: float = 20.0) -> Course:
    trace = read(path, SERVICE, peak_replicas=peak, hours=hours, slow=0.01)
    return Course(trace, Plant(service=SERVICE, start_seconds=start), seed=1)


def scores(name: str, target: float, on: Course) -> Scores:
    return run(make(name, target, on), on.trace, arrivals(on.trace, on.seed), on.plant, on.seed)


def row(name: str, cost: float, slow: float, changes: float = 10.0, trace: str = "t") -> Row:
    figures = replace(SCORES, slo_violation_pct=slow, cost_ratio=cost, adaptations_per_hour=changes)
    return Row(trace, name, 0.7, 20.0, 6, 1, figures)


def test_a_trace_is_scaled_so_that_its_peak_needs_the_replicas_asked_for(write_trace: WriteTrace) -> None:
    trace = read(write_trace("wave", wave, hours=8), SERVICE, peak_replicas=6, hours=4, slow=0.01)
    assert max(trace.rates) == pytest.approx(most_rate(SERVICE, 6, 0.01))
    assert max(trace.demand) == 6
    assert len(trace.rates) == len(trace.demand)


def test_the_worst_peak_is_in_the_window_and_what_came_before_is_known_but_not_run(write_trace: WriteTrace) -> None:
    path = write_trace("spike", lambda hours: 500.0 if 20 <= hours < 20.1 else 100.0, hours=24)
    trace = read(path, SERVICE, peak_replicas=6, hours=4, slow=0.01)
    assert max(trace.rates) > 4 * trace.rates[0]
    assert trace.warm_up == 2 * 3600
    assert len(trace.rates) == 6 * 3600
    assert len(trace.past) * PAST_STEP_SECONDS == trace.start
    assert max(trace.past) == pytest.approx(trace.rates[0])


def test_every_policy_of_a_seed_meets_the_same_arrivals(write_trace: WriteTrace) -> None:
    trace = course(write_trace("noisy", noisy, hours=3), hours=1).trace
    assert arrivals(trace, 1) == arrivals(trace, 1)
    assert arrivals(trace, 1) != arrivals(trace, 2)


@pytest.mark.parametrize("start", [5.0, 60.0])
def test_the_oracle_keeps_the_objective_at_hardly_more_than_the_demand(write_trace: WriteTrace, start: float) -> None:
    found = scores("oracle", 1.0, course(write_trace("wave", wave, hours=6), hours=4, start=start))
    assert found.slo_violation_pct < 0.5
    assert 0.95 < found.cost_ratio < 1.2


@pytest.mark.parametrize("name", [*PEERS, "ours-plain", "ours"])
def test_a_higher_target_costs_less_and_keeps_the_objective_less(write_trace: WriteTrace, name: str) -> None:
    on = course(write_trace("noisy", noisy, hours=5), hours=3)
    low, high = scores(name, 0.4, on), scores(name, 0.9, on)
    assert low.cost_ratio > high.cost_ratio
    assert low.slo_violation_pct <= high.slo_violation_pct


@pytest.mark.parametrize("target", targets("ours"))
def test_ours_changes_nothing_after_the_first_change_on_a_flat_load(write_trace: WriteTrace, target: float) -> None:
    found = scores("ours", target, course(write_trace("flat", flat, hours=1), hours=1, peak=24))
    assert found.adaptations_per_hour <= 1.0
    assert found.slo_violation_pct < 1.0


@dataclass
class Look:
    """A view that is set by hand."""

    now: float
    replicas: int
    ready: int
    rate: float

    def scraped_rate(self, window_seconds: float) -> float | None:
        return self.rate

    def scraped_slow_share(self, window_seconds: float) -> float | None:
        return 0.0

    def fresh_rate(self, window_seconds: float) -> float:
        return self.rate


def test_ours_lowers_nothing_while_replicas_start_but_follows_a_load_that_grows() -> None:
    which = replace(policy("ours-plain", per_replica=50.0, max_replicas=100), scale_down=_at_once())
    ours = Ours(which, start=0.0, drain_seconds=10.0, memory=Memory())
    assert ours.decide(Look(0, 2, 2, 100.0)) == 2
    assert ours.decide(Look(5, 2, 2, 400.0)) == 8
    assert ours.decide(Look(10, 8, 2, 600.0)) == 12
    assert ours.decide(Look(100, 12, 11, 200.0)) == 12
    assert ours.decide(Look(200, 12, 12, 200.0)) == 4


def test_ours_does_nothing_while_replicas_drain() -> None:
    which = replace(policy("ours-plain", per_replica=50.0, max_replicas=100), scale_down=_at_once())
    ours = Ours(which, start=0.0, drain_seconds=10.0, memory=Memory())
    ours.decide(Look(0, 8, 8, 400.0))
    assert ours.decide(Look(200, 8, 8, 200.0)) == 4
    assert ours.decide(Look(205, 4, 4, 600.0)) == 4
    assert ours.decide(Look(210, 4, 4, 600.0)) == 12


def _at_once() -> Behavior:
    return replace(policy("ours-plain", per_replica=50.0, max_replicas=100).scale_down, stabilization_window_seconds=0)


def test_the_frontier_is_the_cheapest_that_keeps_the_objective_or_the_least_violating() -> None:
    rows = [
        row("hpa", 1.2, 3.0),
        row("hpa", 1.6, 0.9),
        row("hpa", 1.9, 0.1),
        row("kpa", 1.1, 4.0),
        row("kpa", 1.5, 2.0),
    ]
    found = frontier(rows)["t"]
    assert found["hpa"].scores.cost_ratio == 1.6
    assert found["kpa"].scores.slo_violation_pct == 2.0
    assert cheapest(rows).policy == "hpa"


def _field(ours: list[Row], hpa: Row) -> list[Row]:
    others = [row(name, 3.0, 9.0, changes=100.0) for name in PEERS if name != "hpa"]
    return [*others, hpa, *ours, row("oracle", 1.0, 0.1)]


def test_a_verdict_compares_costs_where_both_keep_the_objective() -> None:
    found = verdicts(_field([row("ours", 1.5, 0.9, changes=10.0)], row("hpa", 2.0, 0.8)))[0]
    assert found.cost == pytest.approx(0.75)
    assert found.violations is None
    assert found.adaptations == pytest.approx(0.1)


def test_a_verdict_compares_violations_at_no_higher_cost_where_no_peer_keeps_the_objective() -> None:
    ours = [row("ours", 4.0, 0.9), row("ours-95", 1.9, 1.5), row("ours-95", 2.1, 1.0)]
    found = verdicts(_field(ours, row("hpa", 2.0, 3.0)))[0]
    assert found.cost is None
    assert found.violations == pytest.approx(0.5)


def test_who_decides_right_after_each_scrape_sees_a_jump_sooner(write_trace: WriteTrace) -> None:
    """All but KPA, which does not go by scrapes."""
    late = course(write_trace("jump", lambda hours: 400.0 if hours >= 2.3 else 100.0, hours=3), hours=0.9)
    fresh = replace(late, plant=replace(late.plant, stale_scrapes=0))
    for name in ("ours-plain", "nomad-30s", "hpa"):
        assert scores(name, 0.7, fresh).slo_violation_pct < scores(name, 0.7, late).slo_violation_pct
    assert scores("oracle", 1.0, fresh).slo_violation_pct < 1.0
    assert abs(scores("kpa", 0.7, fresh).slo_violation_pct - scores("kpa", 0.7, late).slo_violation_pct) < 0.2


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)


def test_the_command_writes_rows_frontier_and_chart_and_prints_a_verdict(
    write_trace: WriteTrace, tmp_path: Path
) -> None:
    folder = write_trace("noisy", noisy, hours=1.0).parent
    done = bench("benchmarks.elasticity", str(folder), "--hours", "0.5", "--peak", "4", "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "noisy" in done.stdout
    written = json.loads((tmp_path / "out" / "elasticity.json").read_text(encoding="utf-8"))
    names = {*PEERS, *OURS, "ours-plain", "oracle"}
    assert set(written["frontier"]["noisy"]) == names == {each["policy"] for each in written["rows"]}
    assert set(written["frontier"]["noisy"]["ours"]) == {"cost_ratio", "slo_violation_pct", "adaptations_per_hour"}
    assert set(written["rows"][0]) == {
        *("trace", "policy", "target", "start_s", "peak_replicas", "seed", "slo_violation_pct", "cost_ratio"),
        *("adaptations_per_hour", "reversals_per_hour", "theta_u", "theta_o", "tau_u", "tau_o", "upsilon"),
    }
    assert (tmp_path / "out" / "elasticity.png").read_bytes().startswith(b"\x89PNG")


def refused(folder: Path) -> Done:
    """Run the command in this process, for it comes to nothing."""
    module = "benchmarks.elasticity"
    return here(lambda: runpy.run_module(module, run_name="__main__"), [module, str(folder)], {"COLUMNS": "400"})


def test_the_command_refuses_a_folder_without_traces(tmp_path: Path) -> None:
    done = refused(tmp_path)
    assert done.returncode == 2
    assert "no .csv files" in done.stderr


@pytest.mark.parametrize(
    "text",
    ["", "a,b\n1,2\n2,3\n", "timestamp_s,requests_per_s\n0,1\n", "timestamp_s,requests_per_s\n0,x\n60,2\n"],
    ids=["empty", "other columns", "one row", "no number"],
)
def test_the_command_names_a_file_that_is_no_trace(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.csv").write_text(text, encoding="utf-8")
    done = refused(tmp_path)
    assert done.returncode == 2
    assert "bad.csv" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    "rows", ["0,0\n60,0\n", "0,1\n60,-1\n", "60,1\n0,1\n"], ids=["no load", "negative", "backwards"]
)
def test_a_trace_needs_rising_times_and_a_load(tmp_path: Path, rows: str) -> None:
    path = tmp_path / "bad.csv"
    path.write_text(f"timestamp_s,requests_per_s\n{rows}", encoding="utf-8")
    with pytest.raises(ValueError, match="must have rising times"):
        check(path)


def test_one_hour_of_decisions_is_timed_and_stays_within_64_kib(tmp_path: Path) -> None:
    done = bench("benchmarks.core", "--hours", "1", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    written = json.loads((tmp_path / "core.json").read_text(encoding="utf-8"))
    assert written["decisions"] == 720
    assert 1.0 < written["memory_kib"] <= 64.0
