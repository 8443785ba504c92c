"""Policy files over what a Prometheus knows: the same for both, one yardstick, and clear words without any data."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest

from autoscaler.config.model import Config, PrometheusConfig, ServiceConfig
from autoscaler.core.model import Reading, ReadingKind
from autoscaler.core.policy import Goal, Objective, Policy, Rule, Signal, Source, TraefikSignal
from autoscaler.errors import ConfigError, MetricsUnavailable
from autoscaler.ports.fleet import ServiceRef
from autoscaler.ports.metrics import SignalRequest, Span
from autoscaler.rehearse.backtest.outcome import BacktestOutcome
from autoscaler.rehearse.backtest.runner import ReplayOptions, backtest_services
from autoscaler.rehearse.simulation.runner import NamedConfig
from tests.support.builders import BACKLOG, LATENCY, NOW, THROUGHPUT, policy

SPAN = Span(NOW, NOW + 3600.0, 5.0)
BURST = TraefikSignal(Signal.REQUESTS, 30.0)
NOTHING = Reading(ReadingKind.EMPTY, note="the query matches no series")
SIZED = replace(policy(), objective=Objective(0.3, 0.99, TraefikSignal(Signal.SLOW_RATIO, 60.0), "throughput"))
CONCURRENCY = Rule("busy", TraefikSignal(Signal.CONCURRENCY, 60.0), Goal.PER_REPLICA, 4.0)


@dataclass
class FakePast:
    """A history in which each source has one reading all the time, and a catalog of what it knows since when."""

    readings: dict[Source, Reading] = field(default_factory=lambda: {THROUGHPUT.source: Reading.of(200.0)})
    replicas: int | None = None
    known: dict[str, float] = field(default_factory=lambda: {"web@docker": NOW, "api@docker": NOW})
    later: dict[str, float] = field(default_factory=dict)
    asked: list[set[SignalRequest]] = field(default_factory=list)
    before: Callable[[float], Reading] = lambda _: NOTHING  # the load at a time before the span
    error_before: MetricsUnavailable | None = None

    def services_since(self, start: float, end: float) -> Mapping[str, float]:
        return self.known if start == SPAN.start else self.later

    def read_range(
        self, requests: Collection[SignalRequest], span: Span, *, progress: Callable[[float], None]
    ) -> Mapping[SignalRequest, Sequence[Reading]]:
        progress(1.0)
        if span.end <= SPAN.start:
            return self._before(requests, span)
        self.asked.append(set(requests))
        return {request: [self.readings.get(request.source, NOTHING)] * len(span) for request in requests}

    def _before(self, requests: Collection[SignalRequest], span: Span) -> Mapping[SignalRequest, Sequence[Reading]]:
        if self.error_before is not None:
            raise self.error_before
        return {request: [self.before(at) for at in span.instants] for request in requests}

    def replicas_range(
        self, requests: Collection[SignalRequest], span: Span, *, existing: bool = False
    ) -> Mapping[SignalRequest, Sequence[int | None]]:
        return {request: [self.replicas] * len(span) for request in requests}

    def capacities(self, at: float) -> Mapping[tuple[str, str], float]:
        return {}


def file(
    title: str = "policy.yaml", *, total: int | None = None, interval: float = 5.0, **given: Policy
) -> NamedConfig:
    services = {
        name: ServiceConfig(replace(each, service=name), ServiceRef(name))
        for name, each in (given or {"web": policy()}).items()
    }
    return NamedConfig(title, Config(interval, False, PrometheusConfig("http://prom", 2.0, 30.0), 4, total, services))


def studied(
    past: FakePast, *files: NamedConfig, names: Sequence[str] = ("web",), span: Span = SPAN
) -> dict[str, tuple[BacktestOutcome, ...]]:
    return backtest_services(
        past, past, files, names, ReplayOptions(span, 20.0, NOW + 7200.0), report_progress=lambda *_: None
    )


def notes(outcome: BacktestOutcome) -> str:
    return "\n".join(outcome.run.caveats)


def test_both_policies_read_the_same_and_it_is_asked_once() -> None:
    past = FakePast()
    studied(past, file(), file("other.yaml", web=policy(THROUGHPUT, LATENCY)))
    assert [{request.source for request in asked} for asked in past.asked] == [{THROUGHPUT.source, LATENCY.source}]
    assert {(request.traefik_service, request.service) for request in past.asked[0]} == {("web@docker", "web")}


def test_the_name_in_traefik_is_the_stated_one_or_else_the_services_own_and_that_is_said() -> None:
    assumed = studied(FakePast(), file())["web"][0]
    assert "No traefik_service is stated, so web@docker was assumed." in assumed.run.caveats
    named = file()
    named.config.services["web"] = replace(named.config.services["web"], traefik_service="api@docker")  # type: ignore[index]
    past = FakePast()
    assert "traefik_service" not in notes(studied(past, named)["web"][0])
    assert {request.traefik_service for request in past.asked[0]} == {"api@docker"}


def test_two_policies_are_judged_by_one_capacity() -> None:
    strict = replace(THROUGHPUT, target=100.0)
    one, other = studied(FakePast(), file(), file("other.yaml", web=policy(strict)))["web"]
    assert one.run.samples[-1].capacity == 4 * 50.0
    assert other.run.samples[-1].capacity == 2 * 50.0
    assert other.totals.shortage is not None
    assert other.totals.shortage.load_share == 1.0


def test_a_policy_without_a_capacity_is_judged_by_the_others() -> None:
    past = FakePast({THROUGHPUT.source: Reading.of(200.0), LATENCY.source: Reading.of(0.3)})
    one, other = studied(past, file(web=policy(LATENCY)), file("other.yaml"))["web"]
    assert one.totals.shortage is not None
    assert "throughput's 50 req/s per ready replica" in notes(one)
    assert one.run.caveats[-1] == other.run.caveats[-1]


def test_the_load_is_the_quickest_measure_that_has_one() -> None:
    bursting = replace(THROUGHPUT, burst=BURST)
    past = FakePast({THROUGHPUT.source: Reading.of(200.0), BURST: Reading.of(260.0)})
    outcome = studied(past, file(web=policy(bursting)))["web"][0]
    assert outcome.run.samples[0].load == 260.0
    assert "The load is an average over 30s" in notes(outcome)
    del past.readings[BURST]
    assert studied(past, file(web=policy(bursting)))["web"][0].run.samples[0].load == 200.0


def test_a_capacity_in_flight_is_judged_and_not_drawn_among_requests() -> None:
    past = FakePast({CONCURRENCY.source: Reading.of(20.0)})
    outcome = studied(past, file(web=policy(CONCURRENCY, high=3)))["web"][0]
    assert outcome.totals.shortage is not None
    assert outcome.totals.shortage.load_share == 1.0
    assert (outcome.run.samples[0].load, outcome.run.samples[0].capacity) == (None, None)


def test_without_a_rule_per_replica_the_capacity_is_not_known() -> None:
    outcome = studied(FakePast({LATENCY.source: Reading.of(0.3)}), file(web=policy(LATENCY)))["web"][0]
    assert outcome.totals.shortage is None
    assert "whether there was too little capacity is not known" in notes(outcome)


def test_a_policy_of_queries_needs_no_traefik() -> None:
    past = FakePast({BACKLOG.source: Reading.of(250.0)}, known={})
    outcome = studied(past, file(web=policy(BACKLOG)))["web"][0]
    assert outcome.totals.most_replicas == 3
    assert "backlog's 100 per ready replica" in notes(outcome)


def test_all_services_share_the_budget_but_not_with_those_that_are_left_out() -> None:
    both = file(total=5, web=policy(), api=policy())
    together = studied(FakePast(), both, names=("web", "api"))
    assert {name: outcome.totals.most_replicas for name, (outcome,) in together.items()} == {"api": 3, "web": 2}
    alone = studied(FakePast(), both)["web"][0]
    assert alone.totals.most_replicas == 4
    assert "limits.max_replicas_total 5 is shared with services that were not replayed" in notes(alone)


@pytest.mark.parametrize(
    ("given", "replicas", "words"),
    [
        pytest.param(
            policy(low=2), None, "The replay starts with replicas.min 2 (the past count is not known)", id="no count"
        ),
        pytest.param(
            policy(low=2), 3, "The replay starts with the past replica count, and without a memory.", id="a count"
        ),
        pytest.param(policy(THROUGHPUT, LATENCY), 3, "p95: measured with the past replicas, and spread", id="spread"),
        pytest.param(
            policy(THROUGHPUT, LATENCY), None, "p95: used as measured with the past replicas", id="not spread"
        ),
        pytest.param(
            policy(THROUGHPUT, Rule("errors", TraefikSignal(Signal.ERROR_RATIO, 60.0), Goal.TARGET, 0.05)),
            3,
            "errors: used as measured with the past replicas",
            id="a ratio of errors",
        ),
        pytest.param(
            SIZED,
            3,
            "counts for learning only while the replay has the past replica count",
            id="learning",
        ),
    ],
)
def test_what_was_assumed_is_said(given: Policy, replicas: int | None, words: str) -> None:
    outcome = studied(FakePast(replicas=replicas), file(web=given))["web"][0]
    assert words in notes(outcome)
    assert "The load is the past load, independent of the decisions" in notes(outcome)


def surges(at: float) -> Reading:
    """For a minute of every ten the load is five times as high as before; known for somewhat more than a day."""
    return Reading.of(500.0 if at % 600 < 60 else 100.0) if at > NOW - 90_000.0 else NOTHING


def test_what_the_loads_before_the_span_teach_is_known_from_the_first_decision_on() -> None:
    past = FakePast({THROUGHPUT.source: Reading.of(100.0)}, before=surges)
    known, unknown = studied(past, file(web=SIZED), file("stated.yaml", web=policy()))["web"]
    assert known.run.samples[0].replicas > unknown.run.samples[0].replicas
    assert (
        "The replay starts with replicas.min 1 (the past count is not known), and without a memory, except what 1d1h"
        in notes(known)
    )
    assert "before the span" not in notes(known)


def test_both_policies_learn_for_themselves() -> None:
    past = FakePast({THROUGHPUT.source: Reading.of(100.0)}, before=surges)
    strict = replace(SIZED, rules=(replace(THROUGHPUT, target=25.0),))
    one, other = studied(past, file(web=SIZED), file("strict.yaml", web=strict))["web"]
    assert other.run.samples[0].replicas > one.run.samples[0].replicas


@pytest.mark.parametrize(
    ("past", "words"),
    [
        pytest.param(
            FakePast(before=lambda at: Reading.of(90.0) if at > NOW - 7200.0 else NOTHING),
            "Less than a day of load before the span (2h) was known to learn from.",
            id="two hours",
        ),
        pytest.param(
            FakePast(),
            "Nothing was learned before the span: Prometheus knows no load in the 5 days before.",
            id="nothing",
        ),
        pytest.param(
            FakePast(error_before=MetricsUnavailable("it is too much")),
            "Nothing was learned before the span: it is too much.",
            id="no answer",
        ),
    ],
)
def test_where_little_or_nothing_was_learned_before_it_says_so(past: FakePast, words: str) -> None:
    assert words in studied(past, file(web=SIZED))["web"][0].run.caveats
    assert "before the span" not in notes(studied(past, file())["web"][0])


def test_a_step_coarser_than_the_daemons_interval_is_said() -> None:
    assert "The replay decides every 5s, the daemon every 15s" in notes(
        studied(FakePast(), file(interval=15.0))["web"][0]
    )


def test_a_service_that_came_later_is_replayed_from_then_on_and_that_is_said() -> None:
    past = FakePast(known={"web@docker": NOW + 1800.0})
    outcome = studied(past, file())["web"][0]
    assert outcome.run.samples[0].at == NOW + 1800.0
    assert "web@docker only since about 2023-11-14 22:43:20 UTC: the replay starts there." in notes(outcome)


@pytest.mark.parametrize(
    ("past", "kind", "message"),
    [
        pytest.param(
            FakePast(known={"api@docker": NOW, "wbe@docker": NOW}),
            ConfigError,
            "web: Prometheus knows no Traefik service web@docker; set services.web.traefik_service. "
            "It knows: api@docker, wbe@docker",
            id="another name",
        ),
        pytest.param(
            FakePast(known={"api@docker": NOW}, later={"web@docker": NOW + 4000.0}),
            MetricsUnavailable,
            "web: Prometheus knows web@docker only since about 2023-11-14 23:20:00 UTC",
            id="it came after that",
        ),
        pytest.param(
            FakePast(known={}),
            MetricsUnavailable,
            "Prometheus has no metrics of Traefik between 2023-11-14 22:13:20 UTC and 2023-11-14 23:13:20 UTC; check",
            id="nothing at all",
        ),
        pytest.param(
            FakePast({}),
            MetricsUnavailable,
            "web: nothing usable was measured between .* (empty: the query matches no series)",
            id="nothing usable",
        ),
    ],
)
def test_where_there_is_nothing_to_replay_it_says_why(past: FakePast, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind) as raised:
        studied(past, file())
    head, _, tail = message.partition(".*")
    assert str(raised.value).startswith(head)
    assert tail in str(raised.value)


def test_of_several_services_one_without_data_can_be_left_out() -> None:
    past = FakePast(known={"api@docker": NOW})
    with pytest.raises(ConfigError, match=r"or choose other services with --service\. It knows: api@docker"):
        studied(past, file(web=policy(), api=policy()), names=("web", "api"))
