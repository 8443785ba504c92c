"""What a replay of the past cannot know, said plainly: every assumption under its figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autoscaler.core.explain import format_value
from autoscaler.core.policy import Goal, Policy
from autoscaler.formats import format_duration
from autoscaler.rehearse.backtest.fetch import Wanted
from autoscaler.rehearse.backtest.learn_before import MOST_DAYS
from autoscaler.rehearse.backtest.recording import Recording
from autoscaler.rehearse.backtest.reference_capacity import Yardstick, capacities, request_sources
from autoscaler.rehearse.backtest.replay import Replayed
from autoscaler.rehearse.backtest.summary import span_words
from autoscaler.rehearse.charts.timeline import clock_words
from autoscaler.warmstart.window import Recalled

_DAY_SECONDS = 86_400.0
UNREMARKABLE_SECONDS = 300.0  # a beginning so much later than asked for needs no words
_OPEN_LOOP = (
    "The load is that of then, whatever is decided: clients who gave up, waited or tried again because there were too "
    "few replicas would have done otherwise with more."
)


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Under what the service was replayed."""

    wanted: Wanted
    recording: Recording
    step_seconds: float
    start_delay_seconds: float
    interval_seconds: float  # of the daemon
    learned: Recalled | None  # of the loads before; None: nothing is to be learned
    unshared_budget: int | None  # limits.max_replicas_total, when not all of its services were replayed


def caveats(replayed: Replayed, circumstances: Circumstances) -> tuple[str, ...]:
    """Return what has to be known to read the figures of this replay."""
    policy = replayed.policy
    return (
        _OPEN_LOOP,
        *_replicas(circumstances),
        *_beginning(replayed, circumstances),
        *_measured_then(policy, circumstances.recording),
        *_learning(policy),
        *_learned_before(circumstances.learned),
        *_density(circumstances),
        *_naming(circumstances.wanted),
    )


def _replicas(circumstances: Circumstances) -> Iterator[str]:
    delay = format_duration(circumstances.start_delay_seconds)
    yield (
        f"New replicas are ready after {delay}, those that go are gone at once, and no operation fails. "
        "Draining is not in the replica-hours."
    )
    if circumstances.unshared_budget is not None:
        yield (
            f"limits.max_replicas_total {circumstances.unshared_budget} is shared with services that were not "
            "replayed, so it is left out."
        )


def _beginning(replayed: Replayed, circumstances: Circumstances) -> Iterator[str]:
    recording = circumstances.recording
    then = recording.replicas[recording.first]
    count = (
        "the replicas of then"
        if then
        else f"replicas.min {replayed.policy.min_replicas}: the count of then is not known"
    )
    yield f"It begins with {count}, and without a memory{_taught(circumstances.learned)}."
    began = recording.instants[recording.first]
    if began - recording.instants[0] > UNREMARKABLE_SECONDS:
        name = circumstances.wanted.traefik_name
        yield f"Prometheus knows {name} only since about {clock_words(began)}: the replay begins there."


def _measured_then(policy: Policy, recording: Recording) -> Iterator[str]:
    shared = [rule.name for rule in policy.rules if rule.spreads]
    as_it_was = [rule.name for rule in policy.rules if rule.goal is not Goal.PER_REPLICA and not rule.spreads]
    if shared and any(recording.replicas):
        yield (
            f"{', '.join(shared)}: measured with the replicas of then, and spread over the replayed ones "
            "(value x then / replayed); real queues do not behave so simply."
        )
    elif shared:
        as_it_was = [*shared, *as_it_was]
    if as_it_was:
        yield (
            f"{', '.join(as_it_was)}: taken as measured with the replicas of then; with more it would have been lower, "
            "with fewer higher."
        )


def _learning(policy: Policy) -> Iterator[str]:
    if policy.objective is not None and policy.objective.learn_capacity:
        yield "How many answers were slow counts for learning only while the replay has as many replicas as there were."


def _taught(learned: Recalled | None) -> str:
    return f" but what {span_words(learned.seconds)} of load before taught" if learned and learned.seconds else ""


def _learned_before(learned: Recalled | None) -> Iterator[str]:
    if learned is None or learned.seconds >= _DAY_SECONDS:
        return
    if learned.seconds:
        yield f"Less than a day of load was known before the span ({span_words(learned.seconds)}) to learn from."
    else:
        why = learned.problem or f"Prometheus knows no load in the {MOST_DAYS} days before"
        yield f"Nothing was learned before the span: {why}."


def _density(circumstances: Circumstances) -> Iterator[str]:
    if circumstances.step_seconds != circumstances.interval_seconds:
        step, interval = map(format_duration, (circumstances.step_seconds, circumstances.interval_seconds))
        yield f"It decides every {step}, the daemon every {interval}: times are as coarse as that."
    window = format_duration(request_sources(circumstances.wanted.policies)[0].window_seconds)
    yield f"The load is an average over {window}: shorter peaks are not seen."


def _naming(wanted: Wanted) -> Iterator[str]:
    if wanted.needs_traefik and wanted.stated_name is None:
        yield f"No traefik_service is stated, so {wanted.traefik_name} was taken."


def judged_by(stick: Yardstick | None, replays: Sequence[Replayed]) -> str:
    """Say by which capacity "too little" is judged."""
    if stick is None:
        return "No rule states a load per replica: whether there was too little capacity is not known."
    each, owner = capacities(stick, replays), replays[stick.owner].policy
    stated, low, high = (format_value(stick.rule, value) for value in (stick.rule.target, min(each), max(each)))
    learned = "" if (low, high) == (stated, stated) else f", learned on the way: {low} to {high}"
    return (
        f"Too little capacity is more load than {stick.rule.name}'s {stated} per ready replica{learned}; "
        f"with a scale_up.tolerance of {owner.scale_up.tolerance:.0%}, so much more raises nothing."
    )
