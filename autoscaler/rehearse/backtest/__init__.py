"""A policy replayed over what Prometheus knows of the past."""
