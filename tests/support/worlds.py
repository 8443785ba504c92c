"""Every policy, every observation and every past, for hypothesis: the whole feature set."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Decision, Observation, Reading, ReadingKind, Replicas
from autoscaler.core.policy import (
    OBJECTIVE,
    Behavior,
    BlindAction,
    Objective,
    OnMissing,
    Policy,
    RatePolicy,
    RateUnit,
    Reversals,
    Rule,
    SelectPolicy,
    Step,
    StepChange,
    WhenBlind,
)
from autoscaler.core.schedule import Schedule
from autoscaler.core.sizing.learned import Learned
from tests.support.builders import BACKLOG, BURSTY, CONNECTIONS, LATENCY, NOW, STEPPED, THROUGHPUT, missing
from tests.support.learning import GOAL, SLOW, every, noisy, promising, taught

rates = st.builds(RatePolicy, st.sampled_from(RateUnit), st.integers(1, 100), st.sampled_from([5.0, 15.0, 60.0]))
behaviors = st.builds(
    Behavior,
    st.sampled_from([0.0, 0.1, 0.5]),
    st.sampled_from([0.0, 0.0, 0.0, 10.0, 60.0]),
    st.lists(rates, max_size=2).map(tuple),
    st.sampled_from([SelectPolicy.MAX, SelectPolicy.MAX, *SelectPolicy]),
    st.booleans(),
)
never_lowering_fallbacks = st.builds(
    WhenBlind,
    st.sampled_from([0.0, 10.0]),
    st.sampled_from([BlindAction.HOLD, BlindAction.AT_LEAST]),
    st.integers(1, 9),
)
reversal_limits = st.builds(Reversals, st.integers(1, 4), st.sampled_from([60.0, 600.0]))


@st.composite
def stepped_rules(draw: st.DrawFn) -> Rule:
    low, high = sorted(draw(st.tuples(st.floats(0.0, 1.0), st.floats(0.0, 1.0))))
    amounts = st.integers(1, 60)
    ups = st.builds(Step, st.floats(high, 2.0), st.just(True), st.sampled_from(StepChange), amounts)
    downs = st.builds(Step, st.floats(0.0, low), st.just(False), st.sampled_from(StepChange), amounts).map(_removing)
    steps = (*draw(st.lists(ups, max_size=3)), *draw(st.lists(downs, max_size=3)))
    target = min((step.bound for step in steps if step.above), default=low)
    return replace(STEPPED, steps=steps, target=target)


def _removing(step: Step) -> Step:
    return step if step.change is StepChange.SET else replace(step, amount=-step.amount)


def _variants(rule: Rule) -> st.SearchStrategy[Rule]:
    return st.builds(
        lambda activation, required, on_empty: replace(
            rule, activation=activation, required=required, on_empty=on_empty
        ),
        st.sampled_from([None, rule.target / 2, rule.target * 4]),
        st.booleans(),
        st.sampled_from([OnMissing.HOLD, OnMissing.ERROR]),
    )


voters = st.tuples(
    st.sampled_from([THROUGHPUT, BURSTY]).flatmap(_variants), _variants(LATENCY), _variants(BACKLOG), stepped_rules()
)


@st.composite
def rule_sets(draw: st.DrawFn) -> tuple[Rule, ...]:
    chosen = draw(st.permutations(draw(voters)))[: draw(st.sampled_from([1, 1, 2, 3, 4]))]
    caps = draw(
        st.sampled_from([(), (), (CONNECTIONS,), (CONNECTIONS, replace(CONNECTIONS, name="licences", target=1.0))])
    )
    return tuple(draw(st.permutations([*chosen, *caps])))


objectives = st.builds(
    Objective, st.just(0.3), st.sampled_from([0.9, 0.99]), st.just(SLOW), st.just("throughput"), *[st.booleans()] * 3
)


@st.composite
def policies(draw: st.DrawFn) -> Policy:
    low = draw(st.integers(1, 4))
    high = draw(st.integers(low, 12))
    rules = draw(rule_sets())
    sized = any(rule.name == GOAL.rule for rule in rules)
    minutes = st.sampled_from(["* * * * *", "*/2 * * * *", "*/7 * * * *", "0 0 * * *"])
    berlin = ZoneInfo("Europe/Berlin")
    raising = st.builds(Schedule, minutes, st.just(60.0), st.just(berlin), st.integers(1, high))
    lowering = st.builds(Schedule, minutes, st.just(60.0), st.just(berlin), st.none(), st.integers(low, 14))
    return Policy(
        "userservice",
        low,
        high,
        rules,
        draw(behaviors),
        draw(behaviors),
        draw(never_lowering_fallbacks),
        schedules=tuple(draw(st.lists(raising | lowering, max_size=2))),
        reversals=draw(reversal_limits),
        objective=draw(st.none() | objectives) if sized else None,
    )


SCALES = {
    "throughput": 600.0,
    "throughput@burst": 900.0,
    "p95": 1.2,
    "p99": 1.5,
    "backlog": 1200.0,
    "connections": 500.0,
    "licences": 14.0,
    OBJECTIVE: 0.9,
}
NO_VALUES = tuple(missing(kind) for kind in ReadingKind if kind is not ReadingKind.VALUE)


class Fate(StrEnum):
    """What becomes of the latest decision."""

    FOLLOWED = "followed"  # done, all ready
    STARTING = "starting"  # done, some not ready
    UNDER_WAY = "under way"  # asked for, not done
    FAILED = "failed"  # nothing happened
    OVERRULED = "overruled"  # somebody set another count


@dataclass(frozen=True)
class Happening:
    pause_seconds: float
    readings: Mapping[str, Reading]
    fate: Fate
    replicas: int  # of which some are not ready, or that somebody sets

    def fleet(self, before: Replicas, desired: int) -> Replicas:
        match self.fate:
            case Fate.STARTING:
                return Replicas(desired, max(0, desired - self.replicas % 6))
            case Fate.UNDER_WAY:
                return Replicas(before.current, before.ready, requested=desired)
            case Fate.FAILED:
                return Replicas(before.current, before.ready)
            case Fate.OVERRULED:
                return Replicas(self.replicas, self.replicas)
            case _:
                return Replicas(desired, desired)


FATES = (*[Fate.FOLLOWED] * 12, Fate.STARTING, Fate.STARTING, *Fate)
STEPS = 20
PAUSES = (2.0, *[5.0] * 8, 20.0, 29.5, 200.0)


def _readings(dice: Random, level: float) -> dict[str, Reading]:
    """Readings around a level of the load, of which a few are missing."""
    return {
        name: dice.choice(NO_VALUES) if dice.random() < 0.04 else Reading.of(scale * level * dice.uniform(0.7, 1.3))
        for name, scale in SCALES.items()
    }


def _script(seed: int) -> list[Happening]:
    dice, level, script = Random(seed), 0.3, []
    for _ in range(STEPS):
        level = dice.uniform(0.0, 0.8) if dice.random() < 0.3 else level
        happening = Happening(dice.choice(PAUSES), _readings(dice, level), dice.choice(FATES), dice.randint(0, 13))
        script.append(happening)
    return script


scripts = st.builds(_script, st.integers(0, 2**32 - 1))


@dataclass(frozen=True)
class Moment:
    """One decision of a life: what was seen, what was known before, what followed."""

    observation: Observation
    before: Memory
    decision: Decision
    after: Memory


@cache
def pasts() -> tuple[Learned | None, ...]:
    """What may have been learned before: nothing; the headroom of hours; the calendar, just before an hourly spike."""
    quiet, spikes = noisy(200.0, 60.0, 1000), [500.0 if step % 180 >= 150 else 150.0 for step in range(8 * 180 + 150)]
    pasts = [every(20.0, each, start=NOW // 3600.0 * 3600.0 - 3600.0 * 9) for each in (quiet, spikes)]
    return None, *(taught(promising(high=12), past, start_seconds=60.0) for past in pasts)


def beginning(which: Policy, script: list[Happening]) -> Memory:
    """The memory with which a life begins: of a service with an objective it may hold what was learned."""
    return Memory() if which.objective is None else Memory(learned=pasts()[script[-1].replicas % len(pasts())])


def live(which: Policy, script: list[Happening]) -> list[Moment]:
    """Live through a script from a fleet within the bounds on; most decisions are followed."""
    count = which.min_replicas + script[0].replicas % (which.max_replicas - which.min_replicas + 1)
    fleet, desired, memory, now = Replicas(count, count), count, beginning(which, script), NOW
    moments: list[Moment] = []
    for happening in script:
        now += happening.pause_seconds
        fleet = happening.fleet(fleet, desired) if moments else fleet
        observation = Observation(fleet, happening.readings)
        decision, after = decide(which, observation, memory, now)
        moments.append(Moment(observation, memory, decision, after))
        desired, memory = decision.desired, after
    return moments
