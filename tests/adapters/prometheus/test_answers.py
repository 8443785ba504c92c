"""Samples to readings: what an answer means, and what no answer means."""

import math
from typing import cast

import pytest

from autoscaler.adapters.prometheus.answers import IDLE, UNANSWERED, TraefikAnswers, from_query
from autoscaler.adapters.prometheus.buckets import Buckets
from autoscaler.adapters.prometheus.known import Known
from autoscaler.adapters.prometheus.samples import Sample
from autoscaler.adapters.prometheus.scraping import Scraping, scraping
from autoscaler.core.model import Reading, ReadingKind
from autoscaler.core.policy import Signal, TraefikSignal

AT = 1000.0
REQUESTS = TraefikSignal(Signal.REQUESTS, 20.0)
LATENCY = TraefikSignal(Signal.LATENCY, 20.0, 0.95)
SLOW = TraefikSignal(Signal.SLOW_RATIO, 20.0, threshold_seconds=0.3)


def sample(value: float, *, age: float = 0.0, **labels: str) -> Sample:
    return Sample(labels, AT - age, value)


@pytest.mark.parametrize(
    ("samples", "kind", "value", "note"),
    [
        pytest.param([sample(5.0)], ReadingKind.VALUE, 5.0, "", id="one number"),
        pytest.param([], ReadingKind.EMPTY, None, "matches no series", id="nothing"),
        pytest.param([sample(math.nan)], ReadingKind.NAN, None, "not a number", id="NaN"),
        pytest.param([sample(math.inf)], ReadingKind.INF, None, "infinite", id="+Inf"),
        pytest.param([sample(-math.inf)], ReadingKind.INF, None, "infinite", id="-Inf"),
        pytest.param(
            [sample(1.0, queue="a"), sample(2.0, queue="b")],
            ReadingKind.MANY,
            None,
            "2 series, such as {queue='a'} and {queue='b'}; aggregate them",
            id="two series",
        ),
        pytest.param([sample(5.0, age=600)], ReadingKind.STALE, None, "10m old, more than 30s", id="10 minutes old"),
        pytest.param([sample(5.0, age=-5)], ReadingKind.VALUE, 5.0, "", id="from a clock ahead of ours"),
    ],
)
def test_an_operators_query(samples: list[Sample], kind: ReadingKind, value: float | None, note: str) -> None:
    reading = from_query(samples, AT, 30.0)
    assert (reading.kind, reading.value) == (kind, value)
    assert note in reading.note


def fact(name: str, value: float, instance: str = "traefik:8082") -> Sample:
    return sample(value, fact=name, instance=instance)


@pytest.mark.parametrize(
    ("samples", "kind", "note"),
    [
        pytest.param([fact("sampled", AT - 3), fact("up", 1)], None, "", id="scraped now"),
        pytest.param([fact("sampled", AT - 3)], None, "", id="without `up`, as after federation"),
        pytest.param([], ReadingKind.EMPTY, "no metrics of Traefik", id="never seen"),
        pytest.param([fact("up", 1)], ReadingKind.EMPTY, "no metrics of Traefik", id="up, but its metrics are gone"),
        pytest.param([fact("up", 0)], ReadingKind.STALE, "cannot scrape Traefik at traefik:8082", id="down"),
        pytest.param(
            [fact("sampled", AT - 3, "a:1"), fact("up", 1, "a:1"), fact("up", 0, "b:1")],
            ReadingKind.STALE,
            "cannot scrape Traefik at b:1",
            id="one of two down",
        ),
        pytest.param([fact("sampled", AT - 40), fact("up", 1)], ReadingKind.STALE, "40s old", id="an old sample"),
        pytest.param(
            [fact("sampled", AT - 16), fact("interval", 2.0)], ReadingKind.STALE, "came every 2s", id="no new samples"
        ),
        pytest.param([fact("sampled", AT - 16), fact("interval", 15.0)], None, "", id="as old as scrapes are apart"),
        pytest.param(
            [fact("sampled", AT - 1, "a:1"), fact("sampled", AT - 16, "b:1"), fact("interval", 2.0, "b:1")],
            ReadingKind.STALE,
            "16s old",
            id="no new samples of one of two",
        ),
        pytest.param([fact("sampled", AT - 16), fact("interval", math.nan)], None, "", id="one sample has no interval"),
    ],
)
def test_whether_traefik_is_seen(samples: list[Sample], kind: ReadingKind | None, note: str) -> None:
    problem = scraping(samples, AT, 30.0).problem
    assert (None if problem is None else problem.kind) == kind
    assert problem is None or note in problem.note


def test_a_rate_over_a_window_with_too_few_samples_says_so() -> None:
    facts = [fact("sampled", AT - 1), fact("interval", 5.0), fact("count 20", 2.0)]
    seen = scraping([*facts, sample(AT - 1, fact="service", service="u@docker")], AT, 30.0)
    reading = TraefikAnswers(REQUESTS, seen, {"u@docker": 3.0}).reading("u@docker")
    assert (reading.value, reading.partial) == (3.0, True)
    assert reading.note == "samples cover 8s of the last 20s: the value may be too low"


ENDED = Scraping(2.0, entries={20.0: 0.0}, alive=frozenset())


@pytest.mark.parametrize("value", [8.0, 0.0, math.nan])
def test_a_value_of_series_that_have_ended_is_partial(value: float) -> None:
    signal = LATENCY if math.isnan(value) else REQUESTS
    reading = TraefikAnswers(signal, ENDED, {"u@docker": value}).reading("u@docker")
    assert reading.partial
    assert reading.note.endswith("the series of u@docker have ended: the value fades out of the window")


def test_series_that_have_ended_and_left_the_window_are_no_counter_without_a_rate() -> None:
    known = Known(frozenset({("u@docker", "requests")}))
    assert TraefikAnswers(REQUESTS, ENDED, {}, known).reading("u@docker").value == 0.0


def test_a_series_ends_when_it_gets_no_samples_beside_those_of_traefik() -> None:
    facts = [fact("sampled", AT - 1), fact("interval", 2.0)]
    ages = {"on@docker": 1.0, "late@docker": 5.0, "ended@docker": 8.0}
    seen = scraping([*facts, *(sample(AT - age, fact="service", service=name) for name, age in ages.items())], AT, 30.0)
    assert seen.alive == frozenset({"on@docker", "late@docker"})


def test_without_series_and_without_proof_it_is_unseen() -> None:
    seen = Scraping(age_seconds=2.0, entries={20.0: 5.0})
    for signal in (REQUESTS, LATENCY, SLOW):
        reading = TraefikAnswers(signal, seen, {}, Known(), Buckets.of([sample(1.0, le="0.3")])).reading("u@docker")
        assert reading.kind is ReadingKind.UNSEEN


def test_requests_without_a_plain_one_are_no_latency() -> None:
    known = Known(frozenset({("u@docker", "requests")}))
    assert TraefikAnswers(LATENCY, Scraping(2.0), {}, known).reading("u@docker").value == 0.0


@pytest.mark.parametrize(
    ("signal", "value", "kind"),
    [
        pytest.param(REQUESTS, 3.0, ReadingKind.UNSEEN, id="requests"),
        pytest.param(REQUESTS, 0.0, ReadingKind.VALUE, id="no requests"),
        pytest.param(LATENCY, 0.2, ReadingKind.UNSEEN, id="a latency"),
        pytest.param(LATENCY, math.nan, ReadingKind.VALUE, id="a latency of nothing"),
    ],
)
def test_load_under_a_name_that_no_policy_has_may_be_anyones(
    signal: TraefikSignal, value: float, kind: ReadingKind
) -> None:
    known = Known(seen=frozenset({"u@docker"}), accounted=frozenset({"u@docker"}))
    assert TraefikAnswers(signal, Scraping(2.0), {"other": value}, known).reading("u@docker").kind is kind


def answers(
    values: dict[str, float], *, signal: TraefikSignal = REQUESTS, known: str = "", bounds: tuple[str, ...] = ()
) -> TraefikAnswers:
    family = "requests" if signal is REQUESTS else "duration"
    buckets = Buckets.of([sample(1.0, le=bound) for bound in bounds])
    counted = Known(frozenset({(known, family)} if known else ()))
    return TraefikAnswers(signal, Scraping(age_seconds=2.0, entries={20.0: 0.0}), values, counted, buckets)


@pytest.mark.parametrize(
    ("given", "reading"),
    [
        pytest.param(answers({"u@docker": 7.0}), Reading.of(7.0, age_seconds=2.0), id="a number"),
        pytest.param(answers({"u@docker": 0.0}), Reading.of(0.0, age_seconds=2.0), id="no requests"),
        pytest.param(answers({}), Reading.of(0.0, age_seconds=2.0, note=IDLE), id="no request at any entry point"),
        pytest.param(
            answers({"u@docker": math.nan}, signal=LATENCY),
            Reading.of(0.0, age_seconds=2.0, note=IDLE),
            id="a quantile of no requests",
        ),
        pytest.param(
            answers({}, known="u@docker"),
            Reading(
                ReadingKind.EMPTY,
                note="fewer than two samples within 20s; the window should be at least 4 x the scrape interval",
            ),
            id="a counter without a rate is not zero",
        ),
        pytest.param(
            answers({"u@docker": math.inf}), Reading(ReadingKind.INF, note="the result is infinite"), id="infinite"
        ),
        pytest.param(
            answers({"u@docker": 10.0}, signal=LATENCY, bounds=("5", "10", "+Inf")),
            Reading.of(
                10.0, age_seconds=2.0, note="at Traefik's highest bucket, 10s: the latency may be higher; add buckets"
            ),
            id="a latency at the highest bucket",
        ),
        pytest.param(
            answers({"u@docker": 9.0}, signal=LATENCY, bounds=("5", "10", "+Inf")),
            Reading.of(9.0, age_seconds=2.0),
            id="below it",
        ),
        pytest.param(
            answers({"u@docker": 0.02}, signal=SLOW, bounds=("0.3", "5", "+Inf")),
            Reading.of(0.02, age_seconds=2.0),
            id="a share slower than a bucket's bound",
        ),
        pytest.param(
            answers({"u@docker": 0.02}, signal=SLOW, bounds=("0.2", "0.5", "+Inf")),
            Reading.of(
                0.02,
                age_seconds=2.0,
                note="interpolated between Traefik's buckets 200ms and 500ms; "
                "add 0.3 to metrics.prometheus.buckets for an exact share",
            ),
            id="a share between two bounds",
        ),
        pytest.param(
            answers({}, signal=SLOW, bounds=("0.1", "0.2", "+Inf")),
            Reading(
                ReadingKind.ERROR,
                note="Traefik's highest bucket is 200ms, below 300ms: "
                "add 0.3 to Traefik's option metrics.prometheus.buckets",
            ),
            id="a threshold above the highest bucket cannot be measured",
        ),
        pytest.param(
            answers({"u@docker": math.nan}, signal=SLOW, bounds=("0.3", "+Inf")),
            Reading(ReadingKind.EMPTY, age_seconds=2.0, note=UNANSWERED),
            id="no answer is neither a quick nor a slow one",
        ),
        pytest.param(
            answers({}, signal=SLOW, bounds=("0.3", "+Inf")),
            Reading(ReadingKind.EMPTY, age_seconds=2.0, note=UNANSWERED),
            id="never an answer",
        ),
    ],
)
def test_a_service_among_the_answers(given: TraefikAnswers, reading: Reading) -> None:
    assert given.reading("u@docker") == reading


def test_without_a_name_in_traefik_there_is_no_reading() -> None:
    assert answers({}).reading(None).kind is ReadingKind.ERROR


def test_a_problem_of_the_scraping_is_the_reading_of_every_service() -> None:
    problem = Reading(ReadingKind.STALE, note="down")
    given = TraefikAnswers(REQUESTS, Scraping(problem=problem), {"u@docker": 5.0})
    assert given.reading("u@docker") == given.reading("other@docker") == problem


def test_no_requests_are_no_zero_of_a_signal_that_is_not_known() -> None:
    with pytest.raises(AssertionError, match="queue_length"):
        answers({"u@docker": math.nan}, signal=TraefikSignal(cast("Signal", "queue_length"), 20.0)).reading("u@docker")
