"""Turns the replays of one service under one policy or two into runs with comparable figures."""

from collections.abc import Sequence
from dataclasses import dataclass

from autoscaler.rehearse.backtest.caveats import ReplayConditions, caveats, describe_reference
from autoscaler.rehearse.backtest.recording import Recording
from autoscaler.rehearse.backtest.reference_capacity import Numbers, capacities, find_reference, loads, request_sources
from autoscaler.rehearse.backtest.replay import Replayed
from autoscaler.rehearse.backtest.summary import Line, summary_lines
from autoscaler.rehearse.backtest.totals import Totals, total
from autoscaler.rehearse.run import Run, Sample


@dataclass(frozen=True, slots=True)
class BacktestOutcome:
    """The backtest of one service under one policy."""

    run: Run
    totals: Totals
    lines: tuple[Line, ...]


def outcomes(
    titles: Sequence[str], replays: Sequence[Replayed], conditions: Sequence[ReplayConditions]
) -> tuple[BacktestOutcome, ...]:
    """Return one outcome for each title: all replays are of one service, over the same recording."""
    reference = _reference(replays, conditions[0].recording)
    return tuple(_outcome(*each, reference) for each in zip(titles, replays, conditions, strict=True))


@dataclass(frozen=True, slots=True)
class Reference:
    """The load and capacity that all policies are compared by, from the first measured instant on."""

    requests: Numbers  # per second
    loads: Numbers  # in the unit of the capacities
    capacities: Sequence[float]  # of one replica; empty: unknown
    in_requests: bool  # whether the capacities are in requests per second
    words: str


def _reference(replays: Sequence[Replayed], recording: Recording) -> Reference:
    policies = [replayed.policy for replayed in replays]
    first, found = recording.first, find_reference(policies)
    requests = loads(recording, request_sources(policies))[first:]
    words = describe_reference(found, replays)
    if found is None:
        return Reference(requests, (), (), in_requests=False, words=words)
    measured = loads(recording, found.sources)[first:]
    return Reference(requests, measured, capacities(found, replays), in_requests=found.counts_requests, words=words)


def _outcome(title: str, replayed: Replayed, conditions: ReplayConditions, reference: Reference) -> BacktestOutcome:
    recording = conditions.recording
    totals = total(
        replayed,
        step_seconds=conditions.step_seconds,
        real=recording.replicas[recording.first :],
        loads=reference.loads,
        capacities=reference.capacities,
    )
    summary = summary_lines(totals)
    run = Run(
        title,
        replayed.policy.service,
        _samples(replayed, reference),
        tuple(replayed.decisions),
        tuple(line.figure for line in summary),
        caveats=(*caveats(replayed, conditions), reference.words),
    )
    return BacktestOutcome(run, totals, summary)


def _samples(replayed: Replayed, reference: Reference) -> tuple[Sample, ...]:
    each = reference.capacities if reference.in_requests else [None] * len(replayed.instants)
    return tuple(
        Sample(
            instant.at,
            load,
            None if per_replica is None else instant.ready * per_replica,
            instant.replicas,
            instant.ready,
        )
        for instant, load, per_replica in zip(replayed.instants, reference.requests, each, strict=True)
    )
