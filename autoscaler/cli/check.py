"""`autoscaler check`: is the policy file right, and what follows from it."""

from pathlib import Path

import typer

from autoscaler.cli.output import JSON_OPTION, console, print_json, table
from autoscaler.cli.words import behavior_in_words, blind_in_words, rule_in_words
from autoscaler.durations import format_duration
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
    if json:
        print_json(config)
        return
    _print(config)
    console.print(f"{path}: ok, {len(config.services)} services")


def _print(config: Config) -> None:
    prometheus = config.prometheus
    console.print(
        f"every {format_duration(config.interval_seconds)}{', dry run' if config.dry_run else ''}; "
        f"{prometheus.url}, timeout {format_duration(prometheus.timeout_seconds)}, "
        f"samples up to {format_duration(prometheus.max_sample_age_seconds)} old",
    )
    policies = table("service", "replicas", "rules", "behaviour")
    for service in config.services.values():
        policies.add_row(*_row(service))
    console.print(policies)


def _row(service: ServiceConfig) -> tuple[str, ...]:
    policy = service.policy
    traefik = service.traefik_service or "as its labels say"
    behaviour = (
        f"up: {behavior_in_words(policy.scale_up)}",
        f"down: {behavior_in_words(policy.scale_down)}",
        f"blind: {blind_in_words(policy)}",
    )
    return (
        f"{policy.service}\n  compose {service.target}\n  traefik {traefik}",
        f"{policy.min_replicas}-{policy.max_replicas}",
        "\n".join(rule_in_words(rule) for rule in policy.rules),
        "\n".join(behaviour),
    )
