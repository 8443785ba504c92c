"""Scale events on the panels of a dashboard: as Prometheus knows them, and as the autoscaler reports them itself."""

from collections.abc import Mapping

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as models

from deploy.grafana.panels import SOURCE

GRAFANA = models.DataSourceRef(type_val="grafana", uid="-- Grafana --")
COLORS = {"up": "green", "down": "blue"}


class Marker(models.AnnotationQuery):
    """A query for markers, with fields that Grafana reads and the SDK does not know."""

    more: Mapping[str, object] = {}

    def to_json(self) -> dict[str, object]:
        """Return it with those fields."""
        return {**super().to_json(), **self.more}


class MarkerBuilder(build.AnnotationQuery):
    """Builds such a query."""

    def __init__(self, **more: object) -> None:
        self._internal = Marker()
        self._internal.more = more


def to_the_other() -> build.DashboardLink:
    """Return the link to the other dashboard, for the same time."""
    link = build.DashboardLink("Traefik and the autoscaler").type(models.DashboardLinkType.DASHBOARDS)
    return link.tags(["traefik-autoscaler"]).keep_time(True)


def scaled(direction: str, selector: str) -> build.AnnotationQuery:
    """Return the markers of changes in that direction: at the very time, which the series have as their value."""
    selected = f'{selector}, direction="{direction}"'
    at = f"max by (service, direction) (autoscaler_last_scale_timestamp_seconds{{{selected}}}) * 1000"
    why = f"sum by (service, direction, reason) (increase(autoscaler_scale_operations_total{{{selected}}}[1m]))"
    marker = MarkerBuilder(
        step="15s",
        tagKeys="service,direction,reason",
        titleFormat="{{service}} {{direction}}",
        textFormat="{{reason}}",
        useValueForTime=True,
    )
    marker.name(f"Scaled {direction}").datasource(SOURCE).enable(True).icon_color(COLORS[direction])
    return marker.expr(f"{at} * on (service, direction) group_right () ({why} > bool 0) > 0")


def explained(*tags: str) -> build.AnnotationQuery:
    """Return the regions that the autoscaler writes by the API of Grafana."""
    target = build.AnnotationTarget().limit(200).match_any(False).tags(["autoscaler", *tags]).type("tags")
    marker = build.AnnotationQuery().name("Explained").datasource(GRAFANA).enable(True)
    return marker.icon_color("purple").target(target)


def alerts() -> build.AnnotationQuery:
    """Return the alerts of this dashboard's panels, which Grafana itself keeps."""
    marker = MarkerBuilder(builtIn=1)
    marker.name("Annotations & Alerts").datasource(GRAFANA).enable(True).hide(True)
    return marker.icon_color("rgba(0, 211, 255, 1)").type("dashboard")
