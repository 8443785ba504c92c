"""The dashboard *Load balancing*: what Traefik does, whatever scales the services."""

from grafana_foundation_sdk.builders.dashboard import Dashboard
from grafana_foundation_sdk.models.dashboard import Dashboard as Model
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync

from deploy.grafana import markers, variables
from deploy.grafana.panels import About, Query, graph

UID = "ms-trfk-lb-20251117"
OWN = 'job=~"$job", instance=~"$instance"'
HTTP = f'{OWN}, protocol="http"'  # the duration of a websocket is how long it was open

REQUESTS = About(1, "Requests per router", "What clients ask of each router, answered or not.", "reqps")
LATENCY = About(
    2, "Global p95", "95 % of all answers of the services come within this time. As fine as Traefik's buckets.", "s"
)
ERRORS = About(
    3, "5xx per service", "Answers with 5xx that clients get, also those where no replica could serve.", "reqps"
)
THROUGHPUT = About(4, "Total throughput", "All requests of all routers.", "reqps")

BY_ROUTER = f"sum by (router) (rate(traefik_router_requests_total{{{OWN}}}[$__rate_interval]))"
P95 = (
    f"histogram_quantile(0.95, sum by (le) (rate(traefik_service_request_duration_seconds_bucket{{{HTTP}}}"
    "[$__rate_interval])))"
)
FAILED = f'sum by (service) (rate(traefik_router_requests_total{{{OWN}, code=~"5.."}}[$__rate_interval]))'
NONE_FAILED = f"0 * sum by (service) (rate(traefik_router_requests_total{{{OWN}}}[$__rate_interval]))"
TOTAL = f"sum(rate(traefik_router_requests_total{{{OWN}}}[$__rate_interval]))"


def dashboard() -> Model:
    """Return the dashboard."""
    made = (
        Dashboard("Load balancing")
        .uid(UID)
        .tags(["traefik-autoscaler"])
        .readonly()
        .refresh("10s")
        .time("now-1h", "now")
    )
    made = made.description("Requests, latency and errors of the gateway.").tooltip(DashboardCursorSync.CROSSHAIR)
    for variable in (
        variables.datasource(),
        variables.job("traefik_config_reloads_total"),
        variables.instance("traefik_config_reloads_total"),
    ):
        made = made.with_variable(variable)
    made = made.link(markers.to_the_other())
    for marker in (markers.alerts(), markers.explained()):
        made = made.annotation(marker)
    for panel in (
        graph(REQUESTS, Query(BY_ROUTER, "{{router}}")),
        graph(LATENCY, Query(P95, "p95")),
        graph(ERRORS, Query(f"{FAILED} or {NONE_FAILED}", "{{service}}")),
        graph(THROUGHPUT, Query(TOTAL, "requests")),
    ):
        made = made.with_panel(panel)
    return made.build()
