"""From policy files to runs: which services, which goal, what is left out, and what the reader is told."""

import re
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from autoscaler.config.model import Config, PrometheusConfig, ServiceConfig
from autoscaler.core.policy import Objective, Policy, Signal, TraefikSignal
from autoscaler.core.schedule import Schedule
from autoscaler.errors import ConfigError
from autoscaler.ports.fleet import ServiceRef
from autoscaler.rehearse.simulation.loads import make_load, make_shape
from autoscaler.rehearse.simulation.plant import Plant
from autoscaler.rehearse.simulation.queueing import Service
from autoscaler.rehearse.simulation.runner import NamedConfig, SimulationOptions, choose_services, simulate_services
from autoscaler.rehearse.simulation.simulated_policy import goal_of, prepare_policy
from tests.support.builders import BACKLOG, LATENCY, THROUGHPUT, policy

PLANT = Plant(Service(slots=4, service_seconds=0.05))
SLOW = TraefikSignal(Signal.SLOW_RATIO, 60.0, threshold_seconds=0.2)
CAP = replace(THROUGHPUT, name="cap", cap=True)


def config(*policies: Policy, total: int | None = None) -> Config:
    services = {each.service: ServiceConfig(each, ServiceRef(each.service, None)) for each in policies}
    return Config(5.0, False, PrometheusConfig("http://prometheus:9090", 2.0, 30.0), 4, total, services)


def named(service: str, *rules: object) -> Policy:
    return replace(policy(*rules), service=service)  # type: ignore[arg-type]


def options(**rest: float | bool) -> SimulationOptions:
    load = make_load("step", make_shape("step", duration=600.0, base=20.0, peak=100.0))
    return SimulationOptions(load, PLANT, **rest)  # type: ignore[arg-type]


def caveats(which: Policy, *, plant: Plant = PLANT, with_queries: bool = False, total: int | None = None) -> str:
    others = config(which, named("other"), total=total)
    return "\n".join(prepare_policy("a.yaml", others, which.service, plant, with_queries=with_queries).caveats)


# --- services

BOTH = [
    NamedConfig("a.yaml", config(named("web"), named("api"))),
    NamedConfig("b.yaml", config(named("api"), named("mail"))),
]


def test_without_names_those_that_every_file_has_are_chosen() -> None:
    assert choose_services(BOTH[:1], ()) == ["web", "api"]
    assert choose_services(BOTH, ()) == ["api"]


def test_named_ones_are_chosen_once_and_in_that_order() -> None:
    assert choose_services(BOTH[:1], ["api", "web", "api"]) == ["api", "web"]


@pytest.mark.parametrize(
    ("files", "names", "message"),
    [
        (BOTH[:1], ["wbe"], "a.yaml: no service wbe; it has: web, api"),
        (BOTH, ["web"], "b.yaml: no service web; it has: api, mail"),
        ([BOTH[0], NamedConfig("c.yaml", config(named("db")))], [], "a.yaml and c.yaml have no service in common"),
        (
            [NamedConfig("d.yaml", config())],
            ["web"],
            "d.yaml: no services in it; labels are not read here, name a policy file",
        ),
    ],
)
def test_what_a_file_lacks_is_named(files: list[NamedConfig], names: list[str], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        choose_services(files, names)


# --- goals


@pytest.mark.parametrize(
    ("which", "goal"),
    [
        (policy(), (0.3, 0.01)),
        (policy(THROUGHPUT, replace(LATENCY, target=0.7)), (0.7, 0.01)),
        (replace(policy(LATENCY), objective=Objective(0.2, 0.95, SLOW, "throughput")), (0.2, pytest.approx(0.05))),
    ],
    ids=["usual", "of a latency rule", "of the objective"],
)
def test_the_goal_is_what_the_policy_says(which: Policy, goal: tuple[float, float]) -> None:
    assert goal_of(which) == goal


def test_another_goal_may_be_given_and_goes_before() -> None:
    runs = simulate_services(BOTH[:1], ["web"], options(goal_seconds=0.9), lambda _: None)
    assert runs["web"][0].goal_seconds == 0.9


def test_a_goal_that_no_answer_can_meet_is_refused() -> None:
    message = "web: --service-time must be below the goal 50ms, or no answer can meet it, not 50ms"
    with pytest.raises(ConfigError, match=f"^{message}"):
        simulate_services(BOTH[:1], ["web"], options(goal_seconds=0.05), lambda _: None)


def test_more_requests_at_once_than_can_be_simulated_are_refused_before_anything_runs() -> None:
    load = make_load("step", make_shape("step", duration=600.0, base=20.0, peak=300_000.0))
    message = (
        "300,000 requests/s of 50ms are 15,000 at once; at most 10,000 can be simulated; lower --peak or --service-time"
    )
    with pytest.raises(ConfigError, match=f"^{message}$"):
        simulate_services(BOTH[:1], ["web"], replace(options(), load=load), lambda _: None)


# --- runs


def test_each_service_has_a_run_of_each_file_under_the_same_requests() -> None:
    told: list[float] = []
    runs = simulate_services(
        [BOTH[0], NamedConfig("b.yaml", config(named("web"), named("api")))], ["web", "api"], options(), told.append
    )
    assert {service: [run.title for run in of_service] for service, of_service in runs.items()} == {
        "web": ["a.yaml", "b.yaml"],
        "api": ["a.yaml", "b.yaml"],
    }
    assert len({run.figures for of_service in runs.values() for run in of_service}) == 1
    assert (told[0], told[-1], told) == (0.0, 1.0, sorted(told))


# --- what cannot be simulated


def test_queries_are_left_out_and_that_is_said() -> None:
    which = policy(THROUGHPUT, BACKLOG)
    simulated = prepare_policy("a.yaml", config(which), which.service, PLANT, with_queries=False)
    assert simulated.policy.rules == (THROUGHPUT,)
    assert "A query cannot be simulated: backlog is left out; --with-queries keeps it" in caveats(which)


def test_kept_queries_have_no_reading_and_forbid_to_lower() -> None:
    falling = make_load("step", make_shape("step", duration=1800.0, base=300.0, peak=20.0))
    files = [NamedConfig("a.yaml", config(policy(THROUGHPUT, BACKLOG)))]
    without, kept = (
        simulate_services(files, ["userservice"], SimulationOptions(falling, PLANT, with_queries=keep), lambda _: None)[
            "userservice"
        ][0]
        for keep in (False, True)
    )
    assert without.samples[-1].replicas == 1
    assert kept.samples[-1].replicas > 4
    assert "backlog has no reading, which may forbid to lower" in kept.caveats[0]


@pytest.mark.parametrize("rules", [(BACKLOG,), (BACKLOG, CAP)])
def test_a_policy_of_queries_alone_is_refused(rules: tuple[object, ...]) -> None:
    mail = named("mail", *rules)
    with pytest.raises(ConfigError, match="mail: a query cannot be simulated, and without backlog no rule asks for"):
        prepare_policy("a.yaml", config(mail), "mail", PLANT, with_queries=False)
    assert prepare_policy("a.yaml", config(mail), "mail", PLANT, with_queries=True).policy == mail


# --- what the reader is told


def test_every_simulation_says_that_it_is_a_model_and_a_plain_policy_nothing_else() -> None:
    assert re.fullmatch(r"The service is a model: .*", caveats(policy()))


def test_what_only_some_policies_have_is_said_of_those() -> None:
    learning = replace(policy(), objective=Objective(0.2, 0.95, SLOW, "throughput"))
    timed = replace(policy(), schedules=(Schedule("0 8 * * *", 3600.0, ZoneInfo("UTC"), min_replicas=2),))
    assert "The simulation starts with nothing learned" in caveats(learning)
    assert "For schedules, the simulation starts on Monday" in caveats(timed)
    assert "limits.max_replicas_total 7 is not shared" in caveats(policy(), total=7)
    slow_scrapes = caveats(policy(), plant=replace(PLANT, scrape_seconds=45))
    assert "throughput has no reading: its window 1m is shorter than two scrapes (45s apart)." in slow_scrapes
