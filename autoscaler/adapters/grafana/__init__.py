"""Writes operations as annotations to Grafana, by its HTTP API."""
