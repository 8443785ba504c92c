"""The dashboard *Autoscaler*: what it does about one service and why, what Traefik sees of it, and how it is itself."""

from grafana_foundation_sdk.builders.dashboard import Dashboard, Row
from grafana_foundation_sdk.models.dashboard import Dashboard as Model
from grafana_foundation_sdk.models.dashboard import DashboardCursorSync

from deploy.grafana import header, machine, markers, of_service, of_traefik, variables
from deploy.grafana.selectors import OWN, SERVICE, UID

ROWS = (
    (101, "The autoscaler", header.panels),
    (102, "Decisions about $service", of_service.panels),
    (103, "Traefik about $service", of_traefik.panels),
    (104, "Inside the autoscaler", machine.panels),
)


def dashboard() -> Model:
    """Return the dashboard."""
    made = Dashboard("Autoscaler").uid(UID).tags(["traefik-autoscaler"]).readonly().refresh("10s")
    made = made.time("now-1h", "now").tooltip(DashboardCursorSync.CROSSHAIR)
    made = made.description("What the autoscaler does, and why it does nothing.")
    for variable in (
        variables.datasource(),
        variables.job("autoscaler_build_info"),
        variables.instance("autoscaler_build_info"),
        variables.one("service", "Service", f"label_values(autoscaler_replicas{{{OWN}}}, service)"),
        variables.hidden(
            "traefik_service",
            "Service in Traefik",
            f"label_values(autoscaler_service_info{{{SERVICE}}}, traefik_service)",
        ),
    ):
        made = made.with_variable(variable)
    made = made.link(markers.to_the_other())
    for marker in (
        markers.alerts(),
        markers.scaled("up", SERVICE),
        markers.scaled("down", SERVICE),
        markers.explained("service:$service"),
    ):
        made = made.annotation(marker)
    for number, title, panels in ROWS:
        made = made.with_row(Row(title).id(number))
        for panel in panels():
            made = made.with_panel(panel)
    return made.build()
