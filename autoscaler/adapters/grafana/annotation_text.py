"""The text of an annotation: a decision with its evaluation, and the result of its operation."""

from collections.abc import Iterator
from dataclasses import replace

from autoscaler.adapters.grafana.api import Annotation
from autoscaler.core.model import Decision, Proposal
from autoscaler.events import OperationFinished


def start_annotation(decision: Decision) -> Annotation:
    """Return the annotation of an operation that starts."""
    heading = f"{decision.service}: {decision.replicas.count} → {decision.desired} replicas"
    text = "\n".join([heading, *_explanation(decision)])
    return Annotation(decision.at, text, _tags(decision.service, decision.direction, decision.reason))


def end_annotation(finished: OperationFinished, beginning: Annotation | None) -> Annotation:
    """Return the annotation of a finished operation: a region from its start on.

    Without a known start, it has the result only.
    """
    tags = _tags(finished.service, finished.direction, finished.reason)
    annotation = beginning or Annotation(finished.at, f"{finished.service}: {finished.reason}", tags)
    annotation = replace(annotation, until=finished.at + finished.duration_seconds)
    result = f"{finished.before} → {finished.after} replicas after {finished.duration_seconds:.1f} s"
    if finished.error is None:
        return replace(annotation, text=f"{annotation.text}\ndone: {result}")
    text = f"{annotation.text}\nfailed at {finished.stage}: {finished.error}; {result}"
    return replace(annotation, text=text, tags=(*annotation.tags, "failed"))


def _tags(service: str, direction: str, reason: str) -> tuple[str, ...]:
    return ("autoscaler", f"service:{service}", f"direction:{direction}", f"reason:{reason}")


def _explanation(decision: Decision) -> Iterator[str]:
    yield f"{decision.reason}: {decision.sentence}"
    yield from (_proposal(each, decision.winner) for each in decision.proposals)
    for limit in decision.limits:
        yield f"limit {limit.limit}: {limit.before} → {limit.after}, {limit.note}"
    yield f"{decision.replicas.ready} ready; bounds {decision.low} to {decision.high}"


def _proposal(proposal: Proposal, winner: str | None) -> str:
    reading = proposal.reading
    if proposal.replicas is None:
        why = f", {reading.note}" if reading.note else ""
        return f"rule {proposal.rule}: no usable reading ({reading.kind}{why})"
    value = "" if reading.value is None else f" {reading.value:.4g}"
    wins = ", wins" if proposal.rule == winner else ""
    return f"rule {proposal.rule}:{value} at a target of {proposal.target:.4g} wants {proposal.replicas}{wins}"
