"""The shapes of load, second by second, and what is refused."""

import re

import pytest

from autoscaler.errors import ConfigError
from autoscaler.rehearse.simulation.loads import SHAPES, Load, make_load, make_shape


def made(name: str, duration: float = 120.0, base: float = 10.0, peak: float = 50.0, **timing: float) -> Load:
    return make_load(name, make_shape(name, duration=duration, base=base, peak=peak, **timing))


def test_a_step_goes_from_base_to_peak_at_once() -> None:
    load = made("step", at=40.0)
    assert (load.rates[39], load.rates[40], load.rates[119], len(load.rates)) == (10.0, 50.0, 50.0, 120)
    assert load.words == "step from 10 to 50 requests/s at 40s"


def test_a_ramp_rises_evenly_and_stays_at_the_peak() -> None:
    load = made("ramp", at=20.0, width=40.0)
    assert [load.rates[second] for second in (0, 20, 30, 40, 60, 119)] == [10.0, 10.0, 20.0, 30.0, 50.0, 50.0]
    assert load.words == "ramp from 10 to 50 requests/s from 20s on, within 40s"


def test_pulses_come_back_every_period() -> None:
    load = made("pulse", at=10.0, width=5.0, period=50.0)
    high = [second for second, rate in enumerate(load.rates) if rate == 50.0]
    assert high == [*range(10, 15), *range(60, 65), *range(110, 115)]
    assert load.words == "pulse from 10 to 50 requests/s at 10s for 5s, every 50s"


def test_a_day_begins_at_its_lowest_and_is_highest_in_the_middle() -> None:
    load = made("diurnal", period=60.0)
    assert [round(load.rates[second], 6) for second in (0, 15, 30, 45, 60, 90)] == [10, 30, 50, 30, 10, 50]
    assert load.words == "diurnal from 10 to 50 requests/s and back every 1m"


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_shows_both_base_and_peak_without_further_numbers(name: str) -> None:
    load = made(name, duration=7200.0)
    assert (min(load.rates), load.start) == (10.0, None)
    assert load.peak == pytest.approx(50.0)


def test_a_step_may_go_down() -> None:
    assert made("step", base=50.0, peak=10.0, at=60.0).rates[-1] == 10.0


@pytest.mark.parametrize(
    ("name", "numbers", "message"),
    [
        ("step", {"base": -1.0}, "--base: must be 0 to 1,000,000 requests/s, not -1"),
        ("step", {"peak": 2e6}, "--peak: must be 0 to 1,000,000 requests/s, not 2e+06"),
        ("step", {"peak": float("nan")}, "--peak: must be 0 to 1,000,000 requests/s, not nan"),
        ("step", {"duration": 59.0}, '--duration: must be between "1m" and "31d", not 59s'),
        ("step", {"duration": 32 * 86400.0}, '--duration: must be between "1m" and "31d", not 32d'),
        ("step", {"at": 120.0}, "--at: must be before the end at 2m, not 2m"),
        ("ramp", {"width": 0.0}, '--width: must be at least "1s", not 0s'),
        ("diurnal", {"period": 0.5}, '--period: must be at least "1s", not 500ms'),
        ("pulse", {"width": 60.0, "period": 60.0}, "--width: must be below --period 1m, not 1m"),
    ],
)
def test_what_would_not_show_or_cannot_be_is_refused(name: str, numbers: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$"):
        made(name, **numbers)
