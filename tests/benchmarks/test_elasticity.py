"""The benchmark itself: its traces, its rules of fairness, its verdicts, and the command as a caller runs it."""

import json
import math
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
from benchmarks.elasticity.frontier import LEAST_TARGET, MOST_TARGET, STEP, Crossing, Point, cross, envelope
from benchmarks.elasticity.harness import run
from benchmarks.elasticity.lineup import FORESIGHT, OURS, PEERS, STATED_TARGET, Course, Sensing, make, plant_of
from benchmarks.elasticity.ours import Ours, policy
from benchmarks.elasticity.protocol import geomean, summarize
from benchmarks.elasticity.scores import Scores
from benchmarks.elasticity.traces import LONG_PLACES, PAST_STEP_SECONDS, arrivals, check, read, window_places
from tests.benchmarks.conftest import flat, noisy, wave
from tests.support.command import Done, here

pytestmark = pytest.mark.xdist_group("charts")  # one worker loads what draws

SERVICE = Service()
WriteTrace = Callable[..., Path]
SCORES = Scores(0.5, 1.5, 10.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)


def course(path: Path, *, peak: int = 6, start: float = 20.0, sensing: Sensing = Sensing.SAME) -> Course:
    trace = read(path, SERVICE, peak_replicas=peak, hours=24, slow=0.01)
    return Course(trace, Plant(service=SERVICE, start_seconds=start), seed=1, sensing=sensing)


def scores(name: str, target: float, on: Course) -> Scores:
    return run(make(name, target, on), on.trace, arrivals(on.trace, on.seed), plant_of(name, on), on.seed)


def test_a_trace_is_scaled_so_that_its_peak_needs_the_replicas_asked_for(write_trace: WriteTrace) -> None:
    trace = read(write_trace("wave", wave, hours=8), SERVICE, peak_replicas=6, hours=24, slow=0.01)
    assert max(trace.rates) == pytest.approx(most_rate(SERVICE, 6, 0.01))
    assert max(trace.demand) == 6
    assert len(trace.rates) == len(trace.demand) == 8 * 3600


def test_a_long_trace_has_three_windows_and_a_short_one_is_kept_whole(write_trace: WriteTrace) -> None:
    assert window_places(write_trace("long", flat, hours=12), 4) == LONG_PLACES
    assert window_places(write_trace("short", flat, hours=11), 4) == (0.0,)


@pytest.mark.parametrize("place", LONG_PLACES)
def test_a_window_is_scaled_by_itself_and_what_came_before_is_known_but_not_run(
    write_trace: WriteTrace, place: float
) -> None:
    path = write_trace("growing", lambda hours: 100.0 + hours, hours=24)
    trace = read(path, SERVICE, peak_replicas=6, hours=4, slow=0.01, place=place)
    assert max(trace.demand) == 6
    assert trace.warm_up == 2 * 3600
    assert len(trace.rates) == 6 * 3600
    assert trace.start == pytest.approx((min(place * 24, 20) - 2) * 3600, abs=60)
    assert len(trace.past) * PAST_STEP_SECONDS == trace.start
    assert max(trace.past) < trace.rates[0]


def test_every_policy_of_a_seed_meets_the_same_arrivals(write_trace: WriteTrace) -> None:
    trace = course(write_trace("noisy", noisy, hours=1)).trace
    assert arrivals(trace, 1) == arrivals(trace, 1)
    assert arrivals(trace, 1) != arrivals(trace, 2)


@pytest.mark.parametrize("start", [5.0, 60.0])
def test_perfect_foresight_keeps_the_objective_at_hardly_more_than_the_demand(
    write_trace: WriteTrace, start: float
) -> None:
    on = course(write_trace("wave", wave, hours=4), start=start)
    found = scores(FORESIGHT, 1.0, on)
    assert found.slo_violation_pct < 0.5
    assert 0.95 < found.cost_ratio < 1.2
    spent = scores(FORESIGHT, 1.2, on)
    assert spent.cost_ratio < found.cost_ratio
    assert spent.slo_violation_pct > found.slo_violation_pct


@pytest.mark.parametrize("name", [*PEERS, OURS])
def test_a_higher_target_costs_less_and_keeps_the_objective_less(write_trace: WriteTrace, name: str) -> None:
    on = course(write_trace("noisy", noisy, hours=3))
    low, high = scores(name, 0.4, on), scores(name, 0.9, on)
    assert low.cost_ratio > high.cost_ratio
    assert low.slo_violation_pct <= high.slo_violation_pct


def test_ours_changes_nothing_on_a_flat_load_after_the_first_hour(write_trace: WriteTrace) -> None:
    """As many changes in two and a half hours as in its first."""
    on = course(write_trace("flat", flat, hours=2.5), peak=24)
    found = scores(OURS, STATED_TARGET, on)
    assert found.adaptations_per_hour <= 2.0
    assert found.slo_violation_pct < 1.0


@pytest.mark.parametrize(
    ("name", "sensing", "scrape_seconds", "stale"),
    [
        *((name, Sensing.SAME, 2, 0) for name in (*PEERS, OURS)),
        *((name, Sensing.NATIVE, 5, 1) for name in PEERS if name != "kpa"),
        ("kpa", Sensing.NATIVE, 2, 0),
        (OURS, Sensing.NATIVE, 2, 0),
    ],
)
def test_every_policy_sees_the_same_scrapes_or_those_of_its_own_stack(
    write_trace: WriteTrace, name: str, sensing: Sensing, scrape_seconds: int, stale: int
) -> None:
    plant = plant_of(name, course(write_trace("flat", flat, hours=1), sensing=sensing))
    assert (plant.scrape_seconds, plant.stale_scrapes) == (scrape_seconds, stale)


def test_kpa_goes_by_scrapes_as_the_others_do_unless_its_own_sensing_is_measured(write_trace: WriteTrace) -> None:
    path = write_trace("jump", lambda hours: 400.0 if hours >= 0.5 else 100.0, hours=1)
    same, native = (scores("kpa", 0.7, course(path, sensing=sensing)) for sensing in Sensing)
    assert same.slo_violation_pct != native.slo_violation_pct


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


def found_at(
    slow_pct: Callable[[float], float], guess: float = 0.7, most: float = MOST_TARGET
) -> tuple[Crossing, list[float]]:
    """The crossing of a policy that costs 1 / target and has so many slow answers at a target, and what was tried."""
    tried: list[float] = []

    def measure(target: float) -> Scores:
        tried.append(target)
        return replace(SCORES, cost_ratio=1.0 / target, slo_violation_pct=slow_pct(target))

    return cross(measure, guess, STEP, most), tried


@pytest.mark.parametrize("at", [0.06, 0.2, 0.5, 0.7, 0.72, 1.0])
@pytest.mark.parametrize("guess", [0.1, 0.7, 0.9])
def test_the_crossing_is_found_wherever_it_is_and_whatever_the_guess(at: float, guess: float) -> None:
    crossing, tried = found_at(lambda target: (target / at) ** 6, guess)
    assert crossing.target == pytest.approx(at, rel=0.01)
    assert crossing.cost == pytest.approx(1.0 / at, rel=0.01)
    assert len(tried) <= 12


def test_a_guess_that_is_near_needs_few_runs() -> None:
    assert len(found_at(lambda target: (target / 0.72) ** 6, 0.7)[1]) <= 4


def test_a_policy_that_never_keeps_the_objective_has_no_cost() -> None:
    crossing, tried = found_at(lambda _: 2.0)
    assert crossing.cost == math.inf
    assert min(tried) == LEAST_TARGET


def test_a_policy_that_always_keeps_it_costs_what_it_does_at_the_highest_target() -> None:
    assert found_at(lambda _: 0.1)[0].cost == pytest.approx(1.0 / MOST_TARGET)
    assert found_at(lambda _: 0.1, most=4.0)[0].cost == pytest.approx(0.25)


def test_where_slow_answers_do_not_rise_with_the_target_the_cheapest_that_keeps_it_counts() -> None:
    crossing, _ = found_at(lambda target: 2.0 if target < 0.65 else 0.5)
    assert crossing.cost == pytest.approx(1.0 / MOST_TARGET)


def test_the_cost_is_that_of_the_lower_envelope_of_all_that_was_tried() -> None:
    """A higher target may keep the objective better than a lower one does: what it costs between them counts."""
    slow_pct = {0.7: 0.5, 0.8: 1.3, 0.9: 1.02}
    points = [
        Point(target, replace(SCORES, cost_ratio=1.0 / target, slo_violation_pct=pct))
        for target, pct in slow_pct.items()
    ]
    part = math.log(1.0 / 0.5) / math.log(1.02 / 0.5)
    assert envelope(points).cost == pytest.approx(1 / 0.7 + part * (1 / 0.9 - 1 / 0.7))


def window(ours: float | None, peer: float | None, foresight: float = 1.0, name: str = "kpa") -> dict[str, object]:
    ratio = None if ours is None else 0.0 if peer is None else ours / peer
    return {
        "ours": ours,
        "best_peer": peer,
        "peer": name,
        "foresight": foresight,
        "ratio_same": ratio,
        "ratio_native": ratio,
        "slow_unswept_pct": 1.0,
        "changes_per_hour": 1.0,
        "peer_changes_per_hour": 9.0,
        "kpa_changes_per_hour": 9.0,
    }


def test_traces_without_room_stand_apart_and_the_worst_is_of_all() -> None:
    """A trace is the geometric mean of its windows."""
    roomy = [window(1.0, 2.0), window(2.0, 2.0)]
    result = summarize({"roomy": roomy, "smooth": [window(1.05, 1.0, foresight=0.95)]})
    assert result["traces"]["roomy"]["ratio_same"] == pytest.approx(0.5**0.5)
    assert [each["room"] for each in result["traces"].values()] == [True, False]
    assert result["geomean_room"] == pytest.approx(0.5**0.5)
    assert result["geomean_all"] == pytest.approx((0.5**0.5 * 1.05) ** 0.5)
    assert result["worst"] == pytest.approx(1.05)


def test_who_never_keeps_the_objective_loses() -> None:
    only_ours = summarize({"a": [window(2.0, None)], "b": [window(1.0, 2.0)]})
    assert (only_ours["geomean_all"], only_ours["worst"]) == (0.5, 0.5)
    not_ours = summarize({"a": [window(None, 2.0)], "b": [window(1.0, 2.0)]})
    assert (not_ours["geomean_all"], not_ours["worst"]) == (None, None)


@pytest.mark.parametrize(
    ("values", "mean"), [([], None), ([2.0, 8.0], 4.0), ([2.0, None], None), ([0.0, 4.0], 4.0), ([0.0], 0.0)]
)
def test_the_mean_of_ratios_is_geometric(values: list[float | None], mean: float | None) -> None:
    assert geomean(values) == (None if mean is None else pytest.approx(mean))


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)


def test_the_command_writes_the_figures_of_each_trace_and_a_chart_and_prints_a_table(
    write_trace: WriteTrace, tmp_path: Path
) -> None:
    folder = write_trace("noisy", noisy, hours=0.4).parent
    done = bench("benchmarks.elasticity", str(folder), "--seeds", "1", "--peak", "4", "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert "noisy" in done.stdout
    written = json.loads((tmp_path / "out" / "elasticity.json").read_text(encoding="utf-8"))
    assert set(written) == {"traces", "geomean_room", "geomean_all", "worst"}
    figures = written["traces"]["noisy"]
    assert {*FIGURES, "windows", "room"} <= set(figures)
    assert {*FIGURES, "place", "same", "native"} <= set(figures["windows"][0])
    assert set(figures["windows"][0]["same"]) == {*PEERS, OURS, FORESIGHT}
    assert (tmp_path / "out" / "elasticity.png").read_bytes().startswith(b"\x89PNG")


FIGURES = {
    *("ours", "best_peer", "peer", "foresight", "ratio_same", "ratio_native", "slow_unswept_pct"),
    *("changes_per_hour", "peer_changes_per_hour"),
}


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


def test_one_hour_of_decisions_is_timed_and_stays_within_48_kib(tmp_path: Path) -> None:
    done = bench("benchmarks.core", "--hours", "1", "--out", str(tmp_path))
    assert done.returncode == 0, done.stderr
    written = json.loads((tmp_path / "core.json").read_text(encoding="utf-8"))
    assert written["decisions"] == 720
    assert 1.0 < written["memory_kib"] <= 48.0
