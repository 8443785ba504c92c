"""How long a new replica may take until it is ready. Pure."""

from collections.abc import Mapping
from typing import Any

from autoscaler.adapters.compose.healthcheck import starts_within_seconds

LEAST_SECONDS = 60.0
MOST_SECONDS = 600.0


def start_limit_seconds(template: Mapping[str, Any], wanted_seconds: float | None) -> float:
    """Return what the policy says, or else as long as the engine tests a start, within 1 and 10 minutes."""
    if wanted_seconds is not None:
        return wanted_seconds
    return min(max(LEAST_SECONDS, starts_within_seconds(template["Config"].get("Healthcheck"))), MOST_SECONDS)
