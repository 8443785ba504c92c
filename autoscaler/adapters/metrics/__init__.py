"""Turns events into the autoscaler's own Prometheus metrics (prometheus_client)."""
