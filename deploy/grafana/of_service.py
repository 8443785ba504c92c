"""The second row: what was decided about one service, from what, and why nothing happened."""

from collections.abc import Iterator
from typing import Any

from deploy.grafana.panels import About, Query, graph, states
from deploy.grafana.selectors import SERVICE, PanelId


def panels() -> Iterator[Any]:
    """Yield replicas, rules, limits, outcomes."""
    yield graph(
        About(PanelId.REPLICAS, "Replicas", "What there is, what is wanted, and the bounds of the moment.", "short"),
        *(Query(f'max(autoscaler_replicas{{{SERVICE}, state="{state}"}})', state) for state in STATES),
        steps=True,
        decimals=0,
    )
    yield graph(
        About(
            PanelId.RATIOS,
            "Value over target",
            "Each rule's value over its target: above 1 it wants more replicas. Nothing without a usable reading.",
            "none",
        ),
        Query(f"max by (rule) (autoscaler_rule_ratio{{{SERVICE}}})", "{{rule}}"),
        line_at=1.0,
    )
    yield graph(
        About(
            PanelId.PROPOSALS,
            "What each rule wants",
            "The replicas that each rule asks for, before any limit.",
            "short",
            height=12,
        ),
        Query(f"max by (rule) (autoscaler_rule_proposal{{{SERVICE}}})", "{{rule}}"),
        Query(f'max(autoscaler_replicas{{{SERVICE}, state="desired"}})', "decided"),
        steps=True,
        decimals=0,
    )
    yield states(
        About(
            PanelId.LIMITS,
            "Why nothing happened: limits",
            "The limits that changed what the rules want.",
            "short",
            height=12,
        ),
        Query(_active("autoscaler_limited_total", "limit"), "{{limit}}"),
        word="limited",
        color="orange",
    )
    yield states(
        About(PanelId.OUTCOMES, "What was done", "What became of the decisions.", "short"),
        Query(_active("autoscaler_evaluations_total", "outcome"), "{{outcome}}"),
        word="so",
        color="blue",
    )
    yield states(
        About(PanelId.USABLE, "Usable readings", "Whether each rule has a usable reading.", "short"),
        Query(f"max by (rule) (autoscaler_rule_usable{{{SERVICE}}})", "{{rule}}"),
        word="usable",
        color="green",
    )
    yield graph(
        About(
            PanelId.REVERSALS,
            "Changes of direction",
            "How often the count rose after it fell, or the other way, in an hour.",
            "short",
        ),
        Query(f"sum(increase(autoscaler_reversals_total{{{SERVICE}}}[1h]))", "reversals"),
    )
    yield graph(
        About(PanelId.FOREIGN, "Foreign changes", "What Compose, people or other tools did to it.", "cps"),
        Query(
            f"sum by (kind) (rate(autoscaler_foreign_changes_total{{{SERVICE}}}[$__rate_interval]))",
            "{{kind}}",
        ),
    )
    yield graph(
        About(PanelId.DRAINS, "Drains", "How replicas were drained; a timeout may have cost requests.", "cps"),
        Query(f"sum by (outcome) (rate(autoscaler_drains_total{{{SERVICE}}}[$__rate_interval]))", "{{outcome}}"),
    )
    yield graph(
        About(
            PanelId.SCALE_SECONDS,
            "Time to change a replica",
            "95 % of the starts and stops of replicas take no longer.",
            "s",
        ),
        Query(
            "histogram_quantile(0.95, sum by (le, direction)"
            f" (rate(autoscaler_scale_duration_seconds_bucket{{{SERVICE}}}[$__rate_interval])))",
            "{{direction}}",
        ),
    )


STATES = ("desired", "current", "ready", "min", "max")


def _active(counter: str, label: str) -> str:
    """Return 1 while the counter grows, else 0."""
    return f"sum by ({label}) (increase({counter}{{{SERVICE}}}[$__rate_interval])) > bool 0"
