"""The output of `autoscaler check`, as text and as JSON."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.table import Table
from rich.text import Text

from autoscaler.cli.text.output import console, facts
from autoscaler.cli.text.policy_text import behaviour_lines, bounds_lines, counted, objective_in_words, rule_in_words
from autoscaler.config.model import ServiceConfig
from autoscaler.core.calendar import next_change
from autoscaler.formats import format_duration, plain
from autoscaler.standalone.preflight import Examination, Seen


def as_json(found: Examination, now: float) -> dict[str, Any]:
    """Return the configuration as JSON, with the bounds of `now` and the result of the check."""
    values: dict[str, Any] = plain(found.config)
    for name, service in found.config.services.items():
        bounds = {"now": plain(service.policy.bounds_at(now)), "next": plain(next_change(service.policy, now))}
        values["services"][name]["bounds"] = bounds
        values["services"][name]["seen"] = plain(found.seen.get(name))
    return {**values, "problems": list(found.problems), "unasked": list(found.unasked), "view": plain(found.view)}


def show(found: Examination, path: Path, now: float) -> None:
    """Print each service, and `ok` for the file at `path` if there is no problem."""
    config = found.config
    prometheus, total = config.prometheus, config.max_replicas_total
    budget = "" if total is None else f"; at most {counted(total, 'replica')} of all services together"
    console.print(
        f"every {format_duration(config.interval_seconds)}{', dry run' if config.dry_run else ''}; "
        f"{prometheus.url}, timeout {format_duration(prometheus.timeout_seconds)}, "
        f"samples up to {format_duration(prometheus.max_sample_age_seconds)} old{budget}",
    )
    for name, service in config.services.items():
        console.print(Text(name, style="bold"))
        console.print(_facts(service, found.seen.get(name), now))
    if found.view is not None:
        used = "yes" if found.view.problem is None else f"no, {found.view.problem}"
        console.print(f"drained by Traefik's view: {used}")
    for why in found.unasked:
        console.print(f"not asked: {why}")
    if not found.problems:
        read = path if path.exists() else "no policy file, labels alone"
        console.print(f"{read}: ok, {counted(len(config.services), 'service')}")


def _facts(service: ServiceConfig, seen: Seen | None, now: float) -> Table:
    policy, traefik = service.policy, service.traefik_service or "as its labels say"
    return facts(
        ("  target", [f"{service.target.kind} {service.target}, traefik {traefik}"]),
        ("  replicas", bounds_lines(policy, now)),
        ("  rules", map(rule_in_words, policy.rules)),
        ("  objective", [] if policy.objective is None else [objective_in_words(policy.objective)]),
        ("  behaviour", behaviour_lines(policy)),
        ("  engine", [] if seen is None else _seen_lines(seen)),
    )


def _seen_lines(seen: Seen) -> Iterator[str]:
    if seen.current is None:
        yield f"not found: {seen.note}"
        return
    yield f"{counted(seen.current, 'replica')}, {seen.ready} ready"
    if seen.obstacle is not None:
        yield f"cannot be scaled: {seen.obstacle}"
    yield from (f"warning: {warning}" for warning in seen.warnings)
