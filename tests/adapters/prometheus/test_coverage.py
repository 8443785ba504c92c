"""How well samples cover a window: what `rate()` would divide by too much."""

import pytest

from autoscaler.adapters.prometheus.coverage import Coverage, oldest_seconds


@pytest.mark.parametrize(
    ("interval", "oldest"),
    [
        pytest.param(None, 30.0, id="an interval that is not known yet"),
        pytest.param(2.0, 6.0, id="two intervals, and a little for the way"),
        pytest.param(5.0, 12.0, id="of a usual job"),
        pytest.param(60.0, 30.0, id="never above the age that the policy file allows"),
    ],
)
def test_a_sample_is_stale_after_two_scrape_intervals(interval: float | None, oldest: float) -> None:
    assert oldest_seconds(30.0, interval) == oldest


@pytest.mark.parametrize(
    ("window", "coverage", "partial"),
    [
        pytest.param(60.0, Coverage(2.0, 5.0, 12), False, id="scraped all along"),
        pytest.param(60.0, Coverage(5.4, 5.0, 12), False, id="just before the next sample"),
        pytest.param(60.0, Coverage(2.0, 5.0, 11), False, id="one scrape was lost"),
        pytest.param(60.0, Coverage(0.0, 15.0, 4), False, id="a left-open window of Prometheus 3"),
        pytest.param(60.0, Coverage(2.0, 5.0, 6), True, id="scraped since half a window"),
        pytest.param(60.0, Coverage(2.0, 5.0, 1), True, id="the first sample"),
        pytest.param(20.0, Coverage(1.0, 2.0, 10), False, id="a short window"),
        pytest.param(20.0, Coverage(3.0, 2.0, 9), False, id="one sample is late"),
        pytest.param(20.0, Coverage(5.0, 2.0, 8), True, id="no new samples come"),
        pytest.param(5.0, Coverage(1.4, 1.0, 4), False, id="a late scrape on a busy machine"),
        pytest.param(5.0, Coverage(1.8, 1.0, 4), True, id="a scrape is missing in a very short window"),
        pytest.param(20.0, Coverage(2.0, 15.0, 2), False, id="two samples, each within reach of its end"),
    ],
)
def test_a_window_is_partial_when_samples_leave_much_of_it_uncovered(
    window: float, coverage: Coverage, partial: bool
) -> None:
    assert coverage.is_partial(window) is partial
