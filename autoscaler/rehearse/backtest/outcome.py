"""Replays of one service under one policy or two -> runs with figures, judged alike."""

from collections.abc import Sequence
from dataclasses import dataclass

from autoscaler.rehearse.backtest.caveats import Circumstances, caveats, judged_by
from autoscaler.rehearse.backtest.recording import Recording
from autoscaler.rehearse.backtest.reference_capacity import Numbers, capacities, loads, request_sources, yardstick
from autoscaler.rehearse.backtest.replay import Replayed
from autoscaler.rehearse.backtest.summary import Line, lines
from autoscaler.rehearse.backtest.totals import Totals, total
from autoscaler.rehearse.run import Run, Sample


@dataclass(frozen=True, slots=True)
class Outcome:
    """One service under one policy."""

    run: Run
    totals: Totals
    lines: tuple[Line, ...]


def outcomes(
    titles: Sequence[str], replays: Sequence[Replayed], circumstances: Sequence[Circumstances]
) -> tuple[Outcome, ...]:
    """Sum up the replays of one service, of as many policies as there are titles, all over the same recording."""
    judged = _judge(replays, circumstances[0].recording)
    return tuple(_outcome(*each, judged) for each in zip(titles, replays, circumstances, strict=True))


@dataclass(frozen=True, slots=True)
class Judged:
    """What all policies are judged by, from the first measured instant on."""

    requests: Numbers  # per second
    loads: Numbers  # in the unit of the capacities
    capacities: Sequence[float]  # of one replica; empty: not known
    in_requests: bool  # whether the capacities are in requests per second
    words: str


def _judge(replays: Sequence[Replayed], recording: Recording) -> Judged:
    """Return the load and the capacity that all these policies are judged by."""
    policies = [replayed.policy for replayed in replays]
    first, stick = recording.first, yardstick(policies)
    requests = loads(recording, request_sources(policies))[first:]
    if stick is None:
        return Judged(requests, (), (), in_requests=False, words=judged_by(None, replays))
    judged = loads(recording, stick.sources)[first:]
    each = capacities(stick, replays)
    return Judged(requests, judged, each, in_requests=stick.counts_requests, words=judged_by(stick, replays))


def _outcome(title: str, replayed: Replayed, circumstances: Circumstances, judged: Judged) -> Outcome:
    recording = circumstances.recording
    totals = total(
        replayed,
        step_seconds=circumstances.step_seconds,
        real=recording.replicas[recording.first :],
        loads=judged.loads,
        capacities=judged.capacities,
    )
    summary = lines(totals)
    run = Run(
        title,
        replayed.policy.service,
        _samples(replayed, judged),
        tuple(replayed.decisions),
        tuple(line.figure for line in summary),
        caveats=(*caveats(replayed, circumstances), judged.words),
    )
    return Outcome(run, totals, summary)


def _samples(replayed: Replayed, judged: Judged) -> tuple[Sample, ...]:
    each = judged.capacities if judged.in_requests else [None] * len(replayed.instants)
    return tuple(
        Sample(
            instant.at,
            load,
            None if per_replica is None else instant.ready * per_replica,
            instant.replicas,
            instant.ready,
        )
        for instant, load, per_replica in zip(replayed.instants, judged.requests, each, strict=True)
    )
