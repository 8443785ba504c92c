"""`autoscaler check`: is the policy file right, and what follows from it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from autoscaler.cli.text.output import JSON_OPTION, console, facts, print_json
from autoscaler.cli.text.policy_text import behaviour_lines, bounds_lines, counted, objective_in_words, rule_in_words
from autoscaler.config.model import ServiceConfig
from autoscaler.config.settings import load_settings
from autoscaler.core.calendar import next_change
from autoscaler.formats import format_duration, plain, without_credentials
from autoscaler.standalone.preflight import Examination, Seen, examine


def check(
    file: Path | None = typer.Argument(None, help="The policy file; default: AUTOSCALER_CONFIG."),
    *,
    offline: bool = typer.Option(False, "--offline", help="Ask neither the engine nor Prometheus."),
    json: bool = JSON_OPTION,
) -> None:
    """Check a policy file and print the effective policies, with what the engine and Prometheus say where they answer.

    Exit 2 when the file is wrong; 1 when it is right, but one of its services cannot be scaled or measured as it says.

    Example: autoscaler check config/autoscaler.yaml
    """
    settings = load_settings()
    path, now = file or settings.config, time.time()
    found = examine(path, settings, offline=offline)
    if json:
        print_json(_plain(found, now))
    else:
        _print(found, now)
        if not found.problems:
            read = path if path.exists() else "no policy file, labels alone"
            console.print(f"{read}: ok, {counted(len(found.config.services), 'service')}")
    for problem in () if json else found.problems:
        typer.echo(f"error: {problem}", err=True)
    if found.problems:
        raise typer.Exit(1)


def _plain(found: Examination, now: float) -> dict[str, Any]:
    """Return the configuration as JSON knows it, with the bounds of the moment and what was found out."""
    values: dict[str, Any] = plain(found.config)
    values["prometheus"]["url"] = without_credentials(found.config.prometheus.url)
    for name, service in found.config.services.items():
        bounds = {"now": plain(service.policy.bounds_at(now)), "next": plain(next_change(service.policy, now))}
        values["services"][name]["bounds"] = bounds
        values["services"][name]["seen"] = plain(found.seen.get(name))
    return {**values, "problems": list(found.problems), "unasked": list(found.unasked)}


def _print(found: Examination, now: float) -> None:
    config = found.config
    prometheus, total = config.prometheus, config.max_replicas_total
    budget = "" if total is None else f"; at most {counted(total, 'replica')} of all services together"
    console.print(
        f"every {format_duration(config.interval_seconds)}{', dry run' if config.dry_run else ''}; "
        f"{without_credentials(prometheus.url)}, timeout {format_duration(prometheus.timeout_seconds)}, "
        f"samples up to {format_duration(prometheus.max_sample_age_seconds)} old{budget}",
    )
    for name, service in config.services.items():
        console.print(Text(name, style="bold"))
        console.print(_facts(service, found.seen.get(name), now))
    for why in found.unasked:
        console.print(f"not asked: {why}")


def _facts(service: ServiceConfig, seen: Seen | None, now: float) -> Table:
    policy, traefik = service.policy, service.traefik_service or "as its labels say"
    objective = [] if policy.objective is None else [objective_in_words(policy.objective)]
    return facts(
        ("  target", [f"compose {service.target}, traefik {traefik}"]),
        ("  replicas", bounds_lines(policy, now)),
        ("  rules", map(rule_in_words, policy.rules)),
        ("  objective", objective),
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
