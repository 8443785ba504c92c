"""What a policy file leaves out is what the values themselves leave out: a default has one home."""

from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from autoscaler.adapters.web.openapi import document
from autoscaler.adapters.web.request_bodies import OVERRIDE_SECONDS, PAUSE_SECONDS
from autoscaler.cli.app import app
from autoscaler.config.compose_options import ComposeOptions, Drain, HttpCall
from autoscaler.config.load import load
from autoscaler.config.settings import Settings
from autoscaler.core.policy import NO_REVERSAL_LIMIT, Objective, Policy, Reversals, Rule, WhenBlind
from autoscaler.formats import format_duration

FILE = """
services:
  web:
    replicas: {min: 1, max: 3}
    rules: {t: {signal: requests, per_replica: 5}, q: {query: up, target: 3}}
    objective: {latency: 300ms, ratio: 0.99}
"""
# What the file has beyond the values' own defaults: a burst window for each signal, a limit of reversals, an objective.
BEYOND = {(Rule, "burst"), (Policy, "reversals"), (Policy, "objective")}


@pytest.fixture
def values(tmp_path: Path) -> list[Any]:
    """All values that an almost empty file is turned into."""
    file = tmp_path / "policy.yaml"
    file.write_text(FILE, encoding="utf-8")
    service = load(file, Settings()).services["web"]
    policy = service.policy
    return [policy, *policy.rules, policy.objective, policy.when_blind, service.options, service.options.drain]


def defaults(value: Any) -> Iterator[tuple[str, object, object]]:
    """Each field that has a default, as (name, default, what it is)."""
    for field in fields(value):
        default = field.default_factory() if field.default_factory is not MISSING else field.default
        if default is not MISSING and (type(value), field.name) not in BEYOND:
            yield field.name, default, getattr(value, field.name)


def test_an_empty_file_says_what_the_values_leave_out(values: list[Any]) -> None:
    kinds = [type(value) for value in values]
    assert kinds == [Policy, Rule, Rule, Objective, WhenBlind, ComposeOptions, Drain]
    for value in values:
        assert {name: real for name, _, real in defaults(value)} == {name: usual for name, usual, _ in defaults(value)}


def test_what_the_file_has_beyond_that_is_not_in_the_values(values: list[Any]) -> None:
    policy = values[0]
    assert (policy.reversals, Policy.reversals) == (Reversals(12, 3600.0), NO_REVERSAL_LIMIT)
    assert policy.rules[0].burst.window_seconds == policy.rules[0].source.window_seconds / 2


def test_a_request_to_a_replica_has_its_defaults_in_the_schema_alone() -> None:
    assert [field.name for field in fields(HttpCall) if field.default is not MISSING] == []


@pytest.mark.parametrize(("command", "seconds"), [("pause", PAUSE_SECONDS), ("scale", OVERRIDE_SECONDS)])
def test_the_commands_and_the_api_name_the_same_default(command: str, seconds: float) -> None:
    told = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200"}).output
    assert f"default: {format_duration(seconds)}." in told
    schema = document()["paths"][f"/api/v1/services/{{name}}/{command}"]["post"]
    assert format_duration(seconds) in str(schema)
