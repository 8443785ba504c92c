"""`autoscaler check`: is the policy file right, and what follows from it."""

import time
from pathlib import Path
from typing import Any

import typer
from rich.table import Table
from rich.text import Text

from autoscaler.cli.output import JSON_OPTION, console, facts, print_json
from autoscaler.cli.words import behaviour_lines, bounds_lines, objective_in_words, rule_in_words
from autoscaler.core.calendar import next_change
from autoscaler.core.schedule import bounds_at
from autoscaler.durations import format_duration
from autoscaler.plain import plain
from autoscaler.policyfile.load import load
from autoscaler.policyfile.model import Config, ServiceConfig
from autoscaler.settings import load_settings


def check(
    file: Path | None = typer.Argument(None, help="The policy file; default: AUTOSCALER_CONFIG."),
    *,
    json: bool = JSON_OPTION,
) -> None:
    """Check a policy file and print the effective policies; needs neither Docker nor Prometheus.

    Example: autoscaler check config/autoscaler.yaml
    """
    settings = load_settings()
    path = file or settings.config
    config = load(path, settings)
    now = time.time()
    if json:
        print_json(_plain(config, now))
        return
    _print(config, now)
    console.print(f"{path}: ok, {len(config.services)} services")


def _plain(config: Config, now: float) -> dict[str, Any]:
    """Return the configuration as JSON knows it, with the bounds of the moment and their next change."""
    values: dict[str, Any] = plain(config)
    for name, service in config.services.items():
        policy = service.policy
        given = (policy.min_replicas, policy.max_replicas, policy.schedules, now)
        values["services"][name]["bounds"] = {"now": plain(bounds_at(*given)), "next": plain(next_change(*given))}
    return values


def _print(config: Config, now: float) -> None:
    prometheus = config.prometheus
    total = config.max_replicas_total
    console.print(
        f"every {format_duration(config.interval_seconds)}{', dry run' if config.dry_run else ''}; "
        f"{prometheus.url}, timeout {format_duration(prometheus.timeout_seconds)}, "
        f"samples up to {format_duration(prometheus.max_sample_age_seconds)} old"
        f"{'' if total is None else f'; at most {total} replicas of all services together'}",
    )
    for service in config.services.values():
        console.print(Text(service.policy.service, style="bold"))
        console.print(_facts(service, now))


def _facts(service: ServiceConfig, now: float) -> Table:
    policy, traefik = service.policy, service.traefik_service or "as its labels say"
    objective = [] if policy.objective is None else [objective_in_words(policy.objective)]
    return facts(
        ("  target", [f"compose {service.target}, traefik {traefik}"]),
        ("  replicas", bounds_lines(policy, now)),
        ("  rules", map(rule_in_words, policy.rules)),
        ("  objective", objective),
        ("  behaviour", behaviour_lines(policy)),
    )
