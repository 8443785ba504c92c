"""Rebuilds memories from Prometheus after a restart."""
