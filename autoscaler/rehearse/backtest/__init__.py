"""Replays a policy over the past in Prometheus."""
