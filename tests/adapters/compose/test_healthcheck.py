"""A clone's healthcheck: wrapped around the service's own, and taken off again without a trace."""

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.compose.clone.warnings import warnings
from autoscaler.adapters.compose.healthcheck import (
    DIRECTORY,
    MARKER,
    SCRIPT,
    has_test,
    looks_for_marker,
    notices_within_seconds,
    starts_within_seconds,
    unwrapped,
    wrapped,
)
from tests.support.engine_answers import inspected

SECOND = 1_000_000_000
OLD, NEW = (1, 41), (1, 44)


def body(healthcheck: dict[str, Any] | None = None, **host: Any) -> dict[str, Any]:
    """What creates a clone."""
    config: dict[str, Any] = {"Image": "users:latest", "Labels": {label.SERVICE: "users"}}
    return {**config, **({} if healthcheck is None else {"Healthcheck": healthcheck}), "HostConfig": host}


def own_test(wanted: dict[str, Any]) -> list[str]:
    """The arguments that the probe runs as the service's own test."""
    test = wanted["Healthcheck"]["Test"]
    assert test[:5] == ["CMD", "/bin/sh", "-c", SCRIPT, "probe"]
    return list(test[8:])


def seconds(wanted: dict[str, Any], name: str) -> float:
    return float(wanted["Healthcheck"][name] / SECOND)


WORDS = st.lists(st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12), min_size=1, max_size=5)
TESTS = st.one_of(
    WORDS.map(lambda words: ["CMD", *words]), WORDS.map(lambda words: ["CMD-SHELL", words[0]]), st.just(["NONE"])
)
NUMBERS = st.integers(0, 600 * SECOND)
HEALTHCHECKS = st.one_of(
    st.none(),
    st.fixed_dictionaries(
        {},
        optional={
            "Test": TESTS,
            "Interval": NUMBERS,
            "Timeout": NUMBERS,
            "StartPeriod": NUMBERS,
            "StartInterval": NUMBERS,
            "Retries": st.integers(0, 100),
        },
    ),
)
TMPFS = st.one_of(
    st.none(), st.dictionaries(st.sampled_from(["/tmp", "/run", "/run/x"]), st.just("size=1m"), min_size=1)
)


@given(healthcheck=HEALTHCHECKS, tmpfs=TMPFS, api=st.sampled_from([OLD, NEW]))
def test_what_was_wrapped_is_unwrapped_without_a_trace(
    healthcheck: dict[str, Any] | None, tmpfs: dict[str, str] | None, api: tuple[int, int]
) -> None:
    plain = body(healthcheck, **({} if tmpfs is None else {"Tmpfs": tmpfs}), Memory=1)
    before, made = deepcopy(plain), wrapped(plain, api)
    assert plain == before
    inspected = {"Config": {key: made[key] for key in made if key != "HostConfig"}, "HostConfig": made["HostConfig"]}
    found = unwrapped(inspected)
    assert {**found["Config"], "HostConfig": found["HostConfig"]} == plain


@given(healthcheck=HEALTHCHECKS, api=st.sampled_from([OLD, NEW]))
def test_the_probe_is_never_rarer_than_the_own_test_and_reaches_every_turn_of_it(
    healthcheck: dict[str, Any] | None, api: tuple[int, int]
) -> None:
    made = wrapped(body(healthcheck), api)
    every = ((healthcheck or {}).get("Interval") or 30 * SECOND) / SECOND
    if own_test(made) and every >= 0.001:
        turns = every / seconds(made, "Interval")
        assert turns >= 1 - 1e-6
        assert turns == pytest.approx(round(turns), rel=1e-3)
    assert made["Healthcheck"]["Retries"] == 1
    assert 0 < seconds(made, "Interval") <= (6.0 if api == NEW else 2.0)


@pytest.mark.parametrize(
    ("test", "shell", "own"),
    [
        pytest.param(["CMD", "curl", "-f", 'say "a b" $x\n'], None, ["curl", "-f", 'say "a b" $x\n'], id="arguments"),
        pytest.param(["CMD-SHELL", "a || exit 1"], None, ["/bin/sh", "-c", "a || exit 1"], id="the shell"),
        pytest.param(["CMD-SHELL", "a"], ["/bin/bash", "-ec"], ["/bin/bash", "-ec", "a"], id="the image's shell"),
        pytest.param(["NONE"], None, [], id="switched off"),
        pytest.param([], None, [], id="empty"),
        pytest.param(None, None, [], id="none"),
    ],
)
def test_the_own_test_is_run_as_the_engine_would_run_it(
    test: list[str] | None, shell: list[str] | None, own: list[str]
) -> None:
    plain = body(None if test is None else {"Test": test})
    assert own_test(wrapped(plain if shell is None else {**plain, "Shell": shell}, OLD)) == own


def test_the_numbers_keep_their_meaning() -> None:
    own = {
        "Test": ["CMD", "x"],
        "Interval": 30 * SECOND,
        "Timeout": 5 * SECOND,
        "StartPeriod": 20 * SECOND,
        "Retries": 4,
    }
    new, old = wrapped(body(own), NEW), wrapped(body(own), OLD)
    assert new["Healthcheck"]["Test"][5:8] == ["5", "30", "4"]
    assert (seconds(new, "Interval"), seconds(new, "StartInterval"), seconds(new, "Timeout")) == (6.0, 1.0, 10.0)
    assert seconds(new, "StartPeriod") == 20 + 4 * 30
    assert seconds(old, "Interval") == 2.0
    assert "StartInterval" not in old["Healthcheck"]


def test_a_start_interval_of_the_services_own_is_kept_if_it_is_shorter() -> None:
    own = {"Test": ["CMD", "x"], "StartInterval": SECOND // 2}
    assert seconds(wrapped(body(own), NEW), "StartInterval") == 0.5


@pytest.mark.parametrize(
    "plain",
    [
        pytest.param(body({"Test": ["CMD-SHELL", f"[ ! -e {MARKER} ] && true"]}), id="it looks for the marker itself"),
        pytest.param(body(Tmpfs={DIRECTORY: ""}), id="a tmpfs is there"),
        pytest.param(body(Binds=[f"/host:{DIRECTORY}:ro"]), id="a bind is there"),
        pytest.param(body(Mounts=[{"Type": "volume", "Target": DIRECTORY}]), id="a mount is there"),
    ],
)
def test_what_cannot_be_wrapped_or_need_not_be_stays_as_it_is(plain: dict[str, Any]) -> None:
    assert wrapped(plain, NEW) == plain


def test_the_marker_is_recognised_in_our_probe_and_in_what_others_write() -> None:
    assert looks_for_marker(wrapped(body(), OLD)["Healthcheck"])
    assert looks_for_marker({"Test": ["CMD-SHELL", f"[ ! -e {MARKER} ]"]})
    assert not looks_for_marker({"Test": ["CMD", "true"]})
    assert not looks_for_marker(None)


def test_how_long_the_engine_may_take_to_notice() -> None:
    assert notices_within_seconds({"Test": ["CMD", "x"]}) == 180.0
    assert notices_within_seconds(wrapped(body(), OLD)["Healthcheck"]) == 2.0 + 35.0


NO_TEST = "it has no healthcheck: requests reach a new replica before it listens; give it one"


@pytest.mark.parametrize("healthcheck", [None, {}, {"Test": None}, {"Test": []}, {"Test": ["NONE"]}])
def test_without_a_test_nothing_is_waited_for_and_the_operator_is_warned(healthcheck: dict[str, Any] | None) -> None:
    assert not has_test(healthcheck)
    assert starts_within_seconds(healthcheck) == 0.0
    assert list(warnings(inspected(Config={"Healthcheck": healthcheck}), 3)) == [NO_TEST]


@pytest.mark.parametrize("test", [["CMD", "true"], ["CMD-SHELL", "true"]])
def test_a_start_is_given_up_after_the_start_period_and_all_retries(test: list[str]) -> None:
    assert has_test({"Test": test})
    assert starts_within_seconds({"Test": test, "StartPeriod": 90 * SECOND, "Retries": 2}) == 90.0 + 2 * 60.0
    assert not list(warnings(inspected(Config={"Healthcheck": {"Test": test}}), 3))
