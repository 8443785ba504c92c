"""The caveats of a replay: every assumption behind its figures."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from autoscaler.core.policy import Goal, Policy
from autoscaler.core.units import format_value
from autoscaler.formats import format_duration
from autoscaler.rehearse.backtest.fetch import RequestedService
from autoscaler.rehearse.backtest.learn_before import MOST_DAYS
from autoscaler.rehearse.backtest.recording import Recording
from autoscaler.rehearse.backtest.reference_capacity import ReferenceCapacity, capacities, request_sources
from autoscaler.rehearse.backtest.replay import Replayed
from autoscaler.rehearse.backtest.summary import format_span
from autoscaler.rehearse.charts.timeline import format_time
from autoscaler.warmstart.window import RebuiltMemory

_DAY_SECONDS = 86_400.0
UNREMARKABLE_SECONDS = 300.0  # a later start up to this needs no caveat
_OPEN_LOOP = (
    "The load is the past load, independent of the decisions: clients that gave up, waited or retried because of too "
    "few replicas would have behaved differently with more."
)


@dataclass(frozen=True, slots=True)
class ReplayConditions:
    """The conditions of a service's replay."""

    wanted: RequestedService
    recording: Recording
    step_seconds: float
    start_delay_seconds: float
    interval_seconds: float  # of the daemon
    learned: RebuiltMemory | None  # from earlier loads; None: the policy learns nothing
    unshared_budget: int | None  # limits.max_replicas_total, if not all of its services were replayed


def caveats(replayed: Replayed, conditions: ReplayConditions) -> tuple[str, ...]:
    """Return the caveats of this replay."""
    policy = replayed.policy
    return (
        _OPEN_LOOP,
        *_replicas(conditions),
        *_beginning(replayed, conditions),
        *_measured_then(policy, conditions.recording),
        *_learning(policy, conditions.learned),
        *_density(conditions),
        *_naming(conditions.wanted),
    )


def _replicas(conditions: ReplayConditions) -> Iterator[str]:
    delay = format_duration(conditions.start_delay_seconds)
    yield (
        f"New replicas are ready after {delay}, removed ones are gone at once, and no operation fails. "
        "Draining is not in the replica-hours."
    )
    if conditions.unshared_budget is not None:
        yield (
            f"limits.max_replicas_total {conditions.unshared_budget} is shared with services that were not "
            "replayed, so it is left out."
        )


def _beginning(replayed: Replayed, conditions: ReplayConditions) -> Iterator[str]:
    recording = conditions.recording
    past = recording.replicas[recording.first]
    least = f"replicas.min {replayed.policy.min_replicas} (the past count is not known)"
    count = "the past replica count" if past else least
    learned_seconds = conditions.learned.seconds if conditions.learned else 0.0
    taught = f", except what {format_span(learned_seconds)} of earlier load taught" if learned_seconds else ""
    yield f"The replay starts with {count}, and without a memory{taught}."
    began = recording.instants[recording.first]
    if began - recording.instants[0] > UNREMARKABLE_SECONDS:
        name = conditions.wanted.traefik_name
        yield f"Prometheus knows {name} only since about {format_time(began)}: the replay starts there."


def _measured_then(policy: Policy, recording: Recording) -> Iterator[str]:
    shared = [rule.name for rule in policy.rules if rule.spreads]
    as_it_was = [rule.name for rule in policy.rules if rule.goal is not Goal.PER_REPLICA and not rule.spreads]
    if shared and any(recording.replicas):
        yield (
            f"{', '.join(shared)}: measured with the past replicas, and spread over the replayed ones "
            "(value x past / replayed); real queues are less simple."
        )
    elif shared:
        as_it_was = [*shared, *as_it_was]
    if as_it_was:
        yield (
            f"{', '.join(as_it_was)}: used as measured with the past replicas; with more it would have been lower, "
            "with fewer higher."
        )


def _learning(policy: Policy, learned: RebuiltMemory | None) -> Iterator[str]:
    if policy.objective is not None and policy.objective.learn_capacity:
        yield "The share of slow answers counts for learning only while the replay has the past replica count."
    if learned is None or learned.seconds >= _DAY_SECONDS:
        return
    if learned.seconds:
        yield f"Less than a day of load before the span ({format_span(learned.seconds)}) was known to learn from."
    else:
        why = learned.problem or f"Prometheus knows no load in the {MOST_DAYS} days before"
        yield f"Nothing was learned before the span: {why}."


def _density(conditions: ReplayConditions) -> Iterator[str]:
    if conditions.step_seconds != conditions.interval_seconds:
        step, interval = map(format_duration, (conditions.step_seconds, conditions.interval_seconds))
        yield f"The replay decides every {step}, the daemon every {interval}: times are accurate to {step} only."
    window = format_duration(request_sources(conditions.wanted.policies)[0].window_seconds)
    yield f"The load is an average over {window}: shorter peaks are not visible."


def _naming(wanted: RequestedService) -> Iterator[str]:
    if wanted.needs_traefik and wanted.stated_name is None:
        yield f"No traefik_service is stated, so {wanted.traefik_name} was assumed."


def describe_reference(reference: ReferenceCapacity | None, replays: Sequence[Replayed]) -> str:
    """Return the caveat on the capacity behind "too little capacity"."""
    if reference is None:
        return "No rule states a load per replica: whether there was too little capacity is not known."
    each, owner = capacities(reference, replays), replays[reference.owner].policy
    stated, low, high = (format_value(reference.rule, value) for value in (reference.rule.target, min(each), max(each)))
    learned = "" if (low, high) == (stated, stated) else f", learned in the replay: {low} to {high}"
    return (
        f"Too little capacity is more load than {reference.rule.name}'s {stated} per ready replica{learned}; "
        f"a scale_up.tolerance of {owner.scale_up.tolerance:.0%} allows that much more without raising."
    )
