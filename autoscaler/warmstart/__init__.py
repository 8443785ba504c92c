"""Memories rebuilt from what Prometheus knows, after a restart."""
