"""Values in words: each with the unit of what its rule measures."""

import pytest

from autoscaler.core.policy import Goal, Query, Rule, Signal, Source, TraefikSignal
from autoscaler.core.units import format_value


@pytest.mark.parametrize(
    ("source", "value", "words"),
    [
        pytest.param(TraefikSignal(Signal.REQUESTS, 60.0), 412.36, "412.4 req/s", id="arrivals"),
        pytest.param(TraefikSignal(Signal.CONCURRENCY, 60.0), 3.456, "3.46 in flight", id="concurrency"),
        pytest.param(TraefikSignal(Signal.LATENCY, 60.0, 0.95), 0.3004, "300 ms", id="latency"),
        pytest.param(TraefikSignal(Signal.ERROR_RATIO, 60.0), 0.0123, "1.2 %", id="errors"),
        pytest.param(TraefikSignal(Signal.SLOW_RATIO, 60.0), 0.01, "1 %", id="slow answers"),
        pytest.param(Query("sum(queue)"), 1234.56, "1235", id="a query"),
    ],
)
def test_a_value_is_written_with_its_unit(source: Source, value: float, words: str) -> None:
    assert format_value(Rule("rule", source, Goal.TARGET, 1.0), value) == words
