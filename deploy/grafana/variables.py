"""What a dashboard lets its reader choose."""

from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models.dashboard import VariableHide, VariableRefresh, VariableSort

from deploy.grafana.panels import SOURCE


def datasource() -> build.DatasourceVariable:
    """Return the choice of the Prometheus that all panels ask."""
    return build.DatasourceVariable("datasource").label("Data source").type("prometheus")


def job(metric: str) -> build.QueryVariable:
    """Return the choice of Prometheus' scrape jobs that have this metric."""
    return _values("job", "Job", f"label_values({metric}, job)").multi(True).include_all(True).all_value(".+")


def instance(metric: str) -> build.QueryVariable:
    """Return the choice of the scraped instances that have this metric."""
    query = f'label_values({metric}{{job=~"$job"}}, instance)'
    return _values("instance", "Instance", query).multi(True).include_all(True).all_value(".+")


def one(name: str, label: str, query: str) -> build.QueryVariable:
    """Return the choice of one value."""
    return _values(name, label, query).multi(False).include_all(False)


def hidden(name: str, label: str, query: str) -> build.QueryVariable:
    """Return a value that follows from the choices."""
    return one(name, label, query).hide(VariableHide.HIDE_VARIABLE)


def _values(name: str, label: str, query: str) -> build.QueryVariable:
    made = build.QueryVariable(name).label(label).query(query).datasource(SOURCE)
    return made.refresh(VariableRefresh.ON_TIME_RANGE_CHANGED).sort(VariableSort.ALPHABETICAL_ASC)
