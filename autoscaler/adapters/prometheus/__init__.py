"""Reads from Prometheus (prometheus-api-client): a few batched queries per cycle, hard timeouts, typed answers."""
