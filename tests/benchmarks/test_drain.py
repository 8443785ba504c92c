"""The drain benchmark's own arithmetic: which request belongs where, and what is a good run."""

from dataclasses import replace

import pytest

from benchmarks.drain.streams import GATEWAYS, Stream, apps, streams
from benchmarks.drain.verdict import Change, Phase, Request, Run, Tally, is_ok, request, result, sentence

QUICK = streams()[0]
GOOD = {
    "scale_ins": 20,
    "scale_outs": 20,
    "requests": 20_000,
    "failed": 0,
    "not_sent": 0,
    "slowest_s": 3.0,
    "baseline_slowest_s": 2.0,
}


def asked(number: int, at: float, took: float = 0.05, status: int = 200, stream: Stream = QUICK) -> Request:
    return Request(f"quick-{number}", stream, at, took, status, "" if status else "EOF", "abc")


def a_run() -> Run:
    return Run(
        baseline=[asked(0, 1.0, 0.06)],
        drained=[asked(1, 2.0), asked(2, 3.0, 0.07), asked(3, 4.0, 2.1, stream=streams()[-1])],
        stopped=[asked(4, 5.0), asked(5, 6.0, 7.0, 502)],
        changes=[Change("a", True, "a-3", 2.0, 1.5), Change("a", False, "a-3", 3.0, 4.5)],
        stopped_changes=[Change("a", True, "a-3", 5.0, 1.5), Change("a", False, "a-3", 6.0, 0.5)],
        not_sent=0,
    )


def test_every_combination_has_a_stream_of_its_own() -> None:
    assert len(apps()) == 8
    assert len({stream.name for stream in streams()}) == len(apps()) * len(GATEWAYS) * 4
    assert len({(stream.gateway, stream.path) for stream in streams()}) == len(apps()) * len(GATEWAYS) * 2


def test_a_line_of_the_log_is_read_in_seconds_and_with_its_stream() -> None:
    line = {"id": "x-1", "stream": QUICK.name, "at": 1500, "took": 51, "status": 0, "error": "EOF", "replica": ""}
    read = request(line, {QUICK.name: QUICK})
    assert read == Request("x-1", QUICK, 1.5, 0.051, 0, "EOF", "")
    assert read.failed


@pytest.mark.parametrize(("status", "failed"), [(200, False), (502, True), (504, True), (404, True), (0, True)])
def test_only_an_answer_of_200_is_no_failure(status: int, *, failed: bool) -> None:
    assert asked(0, 1.0, status=status).failed is failed


def test_a_request_belongs_to_the_phase_in_which_it_was_begun() -> None:
    begun = [asked(number, at) for number, at in enumerate([0.9, 1.0, 1.9, 2.0])]
    assert [each.at for each in Phase(1.0, 2.0).of(begun)] == [1.0, 1.9]


def test_requests_are_counted_with_the_failed_and_the_slowest() -> None:
    assert Tally.of([asked(0, 1.0), asked(1, 1.0, 7.0, 502)]) == Tally(2, 1, 7.0)
    assert Tally.of([]) == Tally(0, 0, 0.0)


def test_the_result_compares_the_phases_as_a_whole_and_from_every_view() -> None:
    told = result(a_run())
    assert (told["scale_ins"], told["scale_outs"], told["requests"], told["failed"]) == (1, 1, 3, 0)
    assert (told["slowest_s"], told["baseline_slowest_s"]) == (2.1, 0.06)
    assert told["plain_stop"] == {"scale_ins": 1, "scale_outs": 1, "requests": 2, "failed": 1, "slowest_s": 7.0}
    assert told["by"]["request"]["0.05 s"]["slowest_s"] == 0.07
    assert told["by"]["request"]["0.05 s"]["plain_stop"]["failed"] == 1
    assert told["by"]["request"]["2 s"] == {
        "requests": 1,
        "failed": 0,
        "slowest_s": 2.1,
        "baseline_slowest_s": 0.0,
        "plain_stop": {"requests": 0, "failed": 0, "slowest_s": 0.0},
    }
    assert (told["start_s"], told["drain_s"]) == ([1.5], [4.5])


def test_a_request_that_fails_is_kept_with_its_time_status_and_text() -> None:
    told = result(replace(a_run(), drained=[asked(7, 2.5, 0.4, 0)]))
    assert told["failures"] == [
        {
            "id": "quick-7",
            "stream": QUICK.name,
            "at": 2.5,
            "took_seconds": 0.4,
            "status": 0,
            "error": "EOF",
            "replica": "abc",
        }
    ]


def test_the_result_is_told_in_one_line() -> None:
    said = sentence(result(a_run()))
    assert said.startswith("drain: failed  1 replicas came and 1 went, 3 requests, 0 failed, slowest 2.10 s")
    assert said.endswith("plainly stopped 1 times: 1 of 2 failed, slowest 7.00 s")


@pytest.mark.parametrize(
    ("change", "ok"),
    [
        ({}, True),
        ({"failed": 1}, False),
        ({"not_sent": 1}, False),
        ({"slowest_s": 3.01}, False),
        ({"requests": 19_999}, False),
        ({"scale_ins": 19}, False),
        ({"scale_outs": 19}, False),
    ],
    ids=str,
)
def test_a_run_is_good_when_nothing_failed_or_waited_and_enough_was_tried(
    change: dict[str, float], *, ok: bool
) -> None:
    assert is_ok({**GOOD, **change}) is ok
