"""Prometheus -> readings (prometheus-api-client): a few batched queries per cycle, hard timeouts, typed answers."""
