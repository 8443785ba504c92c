"""How long a new replica may take until it is ready. Pure."""

from collections.abc import Mapping
from typing import Any

LEAST_SECONDS = 60.0
MOST_SECONDS = 600.0
# What the engine takes where the healthcheck says nothing, or 0.
_DEFAULT_INTERVAL_SECONDS = _DEFAULT_TIMEOUT_SECONDS = 30.0
_DEFAULT_RETRIES = 3
_NANO = 1e-9


def start_limit_seconds(template: Mapping[str, Any], wanted_seconds: float | None) -> float:
    """Return what the policy says, or else as long as the healthcheck may need, within 1 and 10 minutes.

    That is until the engine itself gives up: the start period, then each of the retries after an interval, and as long
    as one may hang.
    """
    if wanted_seconds is not None:
        return wanted_seconds
    return min(max(LEAST_SECONDS, _verdict_seconds(template["Config"].get("Healthcheck") or {})), MOST_SECONDS)


def _verdict_seconds(healthcheck: Mapping[str, Any]) -> float:
    if healthcheck.get("Test") in (None, [], ["NONE"]):
        return 0.0
    each_seconds = (
        _seconds(healthcheck, "Interval", _DEFAULT_INTERVAL_SECONDS)
        + _seconds(healthcheck, "Timeout", _DEFAULT_TIMEOUT_SECONDS)
    )  # fmt: skip
    retries = healthcheck.get("Retries") or _DEFAULT_RETRIES
    return _seconds(healthcheck, "StartPeriod", 0.0) + retries * each_seconds


def _seconds(healthcheck: Mapping[str, Any], key: str, default_seconds: float) -> float:
    return healthcheck.get(key, 0) * _NANO or default_seconds
