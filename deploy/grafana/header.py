"""The first row: is it alive, which version, may it act, and is something wrong."""

from collections.abc import Iterator
from typing import Any

from deploy.grafana.panels import About, Query, graph, name, number
from deploy.grafana.selectors import OWN, PanelId


def panels() -> Iterator[Any]:
    """Yield small numbers, and the replicas of all services."""
    yield name(
        About(PanelId.VERSION, "Version", "The version that runs.", "string", 3, 4),
        Query(f"max by (version) (autoscaler_build_info{{{OWN}}})", "{{version}}"),
    )
    yield number(
        About(PanelId.RUNNING, "Running for", "Time since the last start.", "s", 3, 4),
        Query(f"time() - max(process_start_time_seconds{{{OWN}}} and on (job, instance) autoscaler_build_info)"),
    )
    yield number(
        About(
            PanelId.LAST_CYCLE,
            "Last cycle",
            "How long ago the last cycle was; normally less than the interval.",
            "s",
            3,
            4,
        ),
        Query(f"time() - max(autoscaler_last_cycle_timestamp_seconds{{{OWN}}})"),
        bad_from=60,
    )
    yield number(
        About(PanelId.SERVICES, "Services", "How many services it looks after.", "short", 3, 4),
        Query(f"count(count by (service) (autoscaler_replicas{{{OWN}}}))"),
    )
    yield number(
        About(PanelId.MODE, "Mode", "In a dry run it decides, and acts on nothing.", "short", 3, 4),
        Query(f"max(autoscaler_dry_run{{{OWN}}})"),
        words={0: ("acting", "green"), 1: ("dry run", "orange")},
    )
    yield number(
        About(PanelId.PAUSED, "Paused", "Services that an operator has paused.", "short", 3, 4),
        Query(f"sum(max by (service) (autoscaler_paused{{{OWN}}}))"),
        bad_from=1,
    )
    yield number(
        About(PanelId.CONFIG, "Policy file", "Whether the last load of the policy file was successful.", "short", 3, 4),
        Query(f"min(autoscaler_config_last_reload_successful{{{OWN}}})"),
        words={0: ("refused", "red"), 1: ("in force", "green")},
    )
    yield number(
        About(PanelId.ERRORS, "Errors", "Failed queries and failed changes, per minute.", "cpm", 3, 4),
        Query(
            f"60 * (sum(rate(autoscaler_prometheus_errors_total{{{OWN}}}[$__rate_interval]))"
            f" + sum(rate(autoscaler_scale_errors_total{{{OWN}}}[$__rate_interval])))"
        ),
        bad_from=1,
    )
    yield graph(
        About(PanelId.ALL_REPLICAS, "Ready replicas", "Running and healthy replicas of every service.", "short", 24, 7),
        Query(f'max by (service) (autoscaler_replicas{{{OWN}, state="ready"}})', "{{service}}"),
        steps=True,
        decimals=0,
    )
