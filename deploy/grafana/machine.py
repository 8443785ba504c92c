"""The last row: how the autoscaler itself is."""

from collections.abc import Iterator
from typing import Any

from deploy.grafana.panels import About, Query, graph, states
from deploy.grafana.selectors import OWN, PanelId

UNSCALED = 'outcome=~"failed|refused"'


def panels() -> Iterator[Any]:
    """Yield durations, errors and reloads."""
    yield graph(
        About(PanelId.CYCLE_SECONDS, "Cycle", "95 % of the cycles take no longer.", "s"),
        Query(_p95("autoscaler_cycle_duration_seconds"), "p95"),
    )
    yield graph(
        About(PanelId.MISSED, "Missed cycles", "Cycles skipped because the one before still ran.", "cps"),
        Query(f"sum(rate(autoscaler_missed_cycles_total{{{OWN}}}[$__rate_interval]))", "missed"),
    )
    yield graph(
        About(PanelId.QUERY_SECONDS, "Prometheus", "95 % of the queries take no longer.", "s"),
        Query(_p95("autoscaler_prometheus_request_duration_seconds"), "p95"),
    )
    yield graph(
        About(PanelId.ENGINE_SECONDS, "Docker engine", "95 % of the requests to the engine take no longer.", "s"),
        Query(_p95("autoscaler_docker_request_duration_seconds", "operation"), "{{operation}}"),
    )
    yield graph(
        About(PanelId.QUERY_ERRORS, "Failed queries", "Queries to Prometheus without a usable answer.", "cps"),
        Query(f"sum by (kind) (rate(autoscaler_prometheus_errors_total{{{OWN}}}[$__rate_interval]))", "{{kind}}"),
    )
    yield graph(
        About(PanelId.SCALE_ERRORS, "Failed changes", "Changes of replica counts that failed, by stage.", "cps"),
        Query(
            f"sum by (service, stage) (rate(autoscaler_scale_errors_total{{{OWN}}}[$__rate_interval]))",
            "{{service}} {{stage}}",
        ),
    )
    yield graph(
        About(
            PanelId.EVALUATIONS_FAILED,
            "Failed evaluations",
            "Services that could not be observed, decided or scaled.",
            "cps",
        ),
        Query(
            f"sum by (service) (rate(autoscaler_evaluations_total{{{OWN}, {UNSCALED}}}[$__rate_interval]))",
            "{{service}}",
        ),
    )
    yield states(
        About(PanelId.RELOADS, "Policy file", "Whether the last load of the policy file was successful.", "short"),
        Query(f"min(autoscaler_config_last_reload_successful{{{OWN}}})", "policy file"),
        word="in force",
        color="green",
        otherwise=("refused", "red"),
    )
    yield graph(
        About(PanelId.LOADED_AGO, "Policy file: age", "Time since the last successful load; 0 at each reload.", "s"),
        Query(f"time() - max(autoscaler_config_last_reload_success_timestamp_seconds{{{OWN}}})", "age"),
    )
    yield graph(
        About(PanelId.TRAEFIK_CONFIG, "Traefik's configuration", "How often Traefik takes up changed replicas.", "cps"),
        Query("sum(rate(traefik_config_reloads_total[$__rate_interval]))", "reloads"),
    )
    yield graph(
        About(PanelId.ANNOTATIONS, "Annotations", "What became of annotations for Grafana.", "cps"),
        Query(f"sum by (outcome) (rate(autoscaler_annotations_total{{{OWN}}}[$__rate_interval]))", "{{outcome}}"),
    )


def _p95(histogram: str, *labels: str) -> str:
    by = ", ".join(("le", *labels))
    return f"histogram_quantile(0.95, sum by ({by}) (rate({histogram}_bucket{{{OWN}}}[$__rate_interval])))"
