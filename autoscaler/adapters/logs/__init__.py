"""Turns events into log lines (structlog)."""
