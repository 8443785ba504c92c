"""Policies in words, as `check` prints them."""

import pytest

from autoscaler.cli.words import behavior_in_words, blind_in_words, rule_in_words
from autoscaler.core.policy import Behavior, BlindAction, Rule, SelectPolicy, WhenBlind
from tests.builders import BACKLOG, LATENCY, THROUGHPUT, at_most, at_most_percent, behavior, policy


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (THROUGHPUT, "throughput: requests, 50 req/s per replica (over 1m)"),
        (LATENCY, "p95: latency p95, target 300 ms (over 1m)"),
        (BACKLOG, "backlog: sum(queue), 100 per replica"),
    ],
)
def test_a_rule(rule: Rule, words: str) -> None:
    assert rule_in_words(rule) == words


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (behavior(window=300.0), "window 5m, any number, tolerance 10%"),
        (behavior(at_most(4), at_most_percent(100)), "window 0s, 4 / 15s or 100 % / 15s, tolerance 10%"),
        (behavior(at_most(4), at_most(9), select=SelectPolicy.MIN), "window 0s, 4 / 15s and 9 / 15s, tolerance 10%"),
        (behavior(select=SelectPolicy.DISABLED), "disabled"),
    ],
)
def test_a_behaviour(given: Behavior, words: str) -> None:
    assert behavior_in_words(given) == words


@pytest.mark.parametrize(
    ("blind", "words"),
    [(WhenBlind(60.0), "hold"), (WhenBlind(60.0, BlindAction.AT_LEAST, 4), "after 1m at_least 4")],
)
def test_a_fallback(blind: WhenBlind, words: str) -> None:
    assert blind_in_words(policy(when_blind=blind)) == words
