"""The arithmetic of the probe benchmark: whose CPU time is whose, and what it comes to for each replica."""

import os
import sys

import pytest

from benchmarks.wrap.cpu import Cpu, Meter, is_shim, machine_seconds, process_seconds
from benchmarks.wrap.replicas import NEWER, body, interval_seconds
from benchmarks.wrap.verdict import Turn, fitted, is_ok, probe_seconds, row, sentence

TICKS = os.sysconf("SC_CLK_TCK")


def test_the_machine_is_busy_with_all_but_idling_and_waiting_and_guests_count_once() -> None:
    assert machine_seconds("cpu  100 20 30 4000 500 6 7 8 90 10") == pytest.approx(171 / TICKS)


def test_a_process_has_used_what_it_and_its_children_have_whatever_its_name_is() -> None:
    assert process_seconds("7 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 100 20 3 4 0 0") == pytest.approx(127 / TICKS)


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_the_time_of_a_real_process_only_grows() -> None:
    meter = Meter({os.getpid()})
    before = meter.read()
    sum(range(10**6))
    used = meter.read() - before
    assert used.engine >= 0.0
    assert used.machine >= 0.0


@pytest.mark.parametrize(
    ("words", "ours"),
    [
        (["/usr/bin/containerd-shim-runc-v2", "-namespace", "moby", "-id", "abc"], True),
        (["containerd-shim-runc-v2", "-id", "other"], False),
        (["vim", "abc"], False),
        ([], False),
    ],
    ids=["ours", "another container's", "no shim", "ended"],
)
def test_a_shim_is_known_by_its_container(words: list[str], *, ours: bool) -> None:
    assert is_shim(words, {"abc"}) is ours


def test_what_probing_costs_is_the_median_of_all_turns_less_the_idling_around_them() -> None:
    turns = [
        Turn(Cpu(0.50, 0.30), Cpu(0.20, 0.05)),
        Turn(Cpu(0.90, 0.32), Cpu(0.10, 0.02)),
        Turn(Cpu(0.4, 0.2), Cpu(0.2, 0.1)),
    ]
    found = row(2.0, turns, replicas=10)
    assert (found["machine_percent"], found["engine_percent"]) == (3.0, 2.5)
    assert sentence(found) == (
        "probed every 2 s: 2.50 % of a core for each replica by the engine's account, 3.00 % by the machine's "
        "(all else used 0.20 cores)"
    )


def test_the_cost_of_one_probe_is_what_fits_all_intervals_best() -> None:
    exact = [{"interval_s": seconds, "engine_percent": 4.0 / seconds} for seconds in (1.0, 2.0, 6.0)]
    assert probe_seconds(exact) == pytest.approx(0.04)
    assert fitted(0.04, 2.0) == 2.0
    noisy = [*exact[:2], {"interval_s": 6.0, "engine_percent": -0.5}]
    assert probe_seconds(noisy) == pytest.approx(0.04, rel=0.05)


@pytest.mark.parametrize(
    ("in_use", "newer", "ok"), [(2.9, 0.9, True), (3.1, 0.9, False), (2.9, 1.1, False), (-0.1, 0.5, False)]
)
def test_probing_may_cost_3_percent_here_and_1_percent_where_a_start_is_probed_more_often(
    in_use: float, newer: float, *, ok: bool
) -> None:
    assert is_ok(in_use, newer) is ok


def test_a_replica_is_probed_as_a_clone_is_but_for_how_often() -> None:
    assert interval_seconds(NEWER) > interval_seconds((1, 41))
    made = body(1.0, (1, 41))
    assert made["Healthcheck"]["Interval"] == 1_000_000_000
    assert made["Healthcheck"]["Test"][-1] == "true"
