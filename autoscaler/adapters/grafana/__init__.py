"""Scale events as annotations in Grafana, by its HTTP API."""
