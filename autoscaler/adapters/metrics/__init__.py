"""Events -> our own Prometheus metrics (prometheus_client)."""
