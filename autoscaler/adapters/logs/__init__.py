"""Events -> log lines (structlog)."""
