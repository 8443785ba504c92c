"""The third row: what Traefik sees of the service."""

from collections.abc import Iterator
from typing import Any

from deploy.grafana.panels import About, Query, graph
from deploy.grafana.selectors import SERVICE, TRAEFIK, PanelId

SECONDS = "traefik_service_request_duration_seconds"
HTTP = f'{TRAEFIK}, protocol="http"'
READY = f'max(autoscaler_replicas{{{SERVICE}, state="ready"}})'


def panels() -> Iterator[Any]:
    """Yield requests, latency, errors and concurrency."""
    yield graph(
        About(
            PanelId.REQUESTS,
            "Requests",
            "What clients ask for, and what reaches a replica; retries count there.",
            "reqps",
        ),
        Query(f"sum(rate(traefik_router_requests_total{{{TRAEFIK}}}[$__rate_interval]))", "asked"),
        Query(f"sum(rate(traefik_service_requests_total{{{TRAEFIK}}}[$__rate_interval]))", "reached a replica"),
    )
    yield graph(
        About(
            PanelId.LATENCY,
            "Latency",
            "So many of the answers come within this time. As fine as Traefik's buckets.",
            "s",
        ),
        *(Query(_quantile(share), f"p{share * 100:.0f}") for share in (0.5, 0.95, 0.99)),
    )
    yield graph(
        About(PanelId.FAILED, "Errors", "The share of answers with 5xx.", "percentunit"),
        Query(
            f'(sum(rate(traefik_router_requests_total{{{TRAEFIK}, code=~"5.."}}[$__rate_interval])) or vector(0))'
            f" / sum(rate(traefik_router_requests_total{{{TRAEFIK}}}[$__rate_interval]))",
            "5xx",
        ),
    )
    yield graph(
        About(
            PanelId.IN_FLIGHT,
            "In flight per replica",
            "Requests at once on each ready replica, by Little's law.",
            "none",
        ),
        Query(f"sum(rate({SECONDS}_sum{{{HTTP}}}[$__rate_interval])) / {READY}", "in flight"),
    )


def _quantile(share: float) -> str:
    return f"histogram_quantile({share}, sum by (le) (rate({SECONDS}_bucket{{{HTTP}}}[$__rate_interval])))"
