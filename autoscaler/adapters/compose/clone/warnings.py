"""What is wrong with a service that can be scaled. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from autoscaler.adapters.compose.healthcheck import has_test
from autoscaler.formats import whole_number


def warnings(template: Mapping[str, Any], most: int) -> Iterator[str]:
    """Yield what an operator of up to `most` replicas like this inspected one should change."""
    if not has_test(template["Config"].get("Healthcheck")):
        yield "it has no healthcheck: requests reach a new replica before it listens; give it one"
    for port, bindings in (template["HostConfig"].get("PortBindings") or {}).items():
        for binding in bindings or []:
            count = _ports(str(binding.get("HostPort", "")))
            if count is not None and count < most:
                ports = f"{count} host ports ({binding['HostPort']})"
                yield f"it publishes {port} on {ports}, fewer than replicas.max {most}; publish a wider range"


def _ports(text: str) -> int | None:
    """Return how many ports a range has, or None for what is no range."""
    first, _, last = text.partition("-")
    low, high = whole_number(first), whole_number(last)
    return None if low is None or high is None else high - low + 1
