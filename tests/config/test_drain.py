"""The `drain` key: what it means, and what is refused."""

from pathlib import Path

import pytest

from autoscaler.config.compose_options import Drain, HttpCall
from autoscaler.config.load import load
from autoscaler.config.settings import Settings
from autoscaler.errors import ConfigError

SERVICE = "services:\n  web:\n    replicas: {min: 1, max: 3}\n    rules: {t: {signal: requests, per_replica: 5}}\n"


def drain(tmp_path: Path, text: str) -> Drain:
    file = tmp_path / "policy.yaml"
    file.write_text(f"{SERVICE}    {text}\n", encoding="utf-8")
    return load(file, Settings()).services["web"].options.drain


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        pytest.param("", Drain(enabled=True, timeout_seconds=30.0, throttle_seconds=2.0), id="the promised defaults"),
        pytest.param("drain: off", Drain(enabled=False), id="off"),
        pytest.param(
            "drain: {timeout: 2m, throttle: 0s}", Drain(timeout_seconds=120.0, throttle_seconds=0.0), id="times"
        ),
        pytest.param('drain: {command: [nginx, -s, "quit"]}', Drain(command=("nginx", "-s", "quit")), id="a command"),
        pytest.param("drain: {signal: SIGUSR1}", Drain(signal="SIGUSR1"), id="a signal"),
        pytest.param("drain: {http: {port: 8080}}", Drain(http=HttpCall(8080, "/", "POST")), id="a request"),
        pytest.param(
            "drain: {http: {port: 80, path: /down?now=1, method: PUT}}",
            Drain(http=HttpCall(80, "/down?now=1", "PUT")),
            id="a request in full",
        ),
    ],
)
def test_a_drain_is_what_the_file_says(tmp_path: Path, text: str, wanted: Drain) -> None:
    assert drain(tmp_path, text) == wanted


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("drain: on", "5: services.web.drain: must be off, or a mapping such as {timeout: 30s}, not 'on'"),
        ("drain: {timeout: 2h}", '5: services.web.drain.timeout: must be between "0s" and "1h", not \'2h\''),
        ("drain: {command: []}", "5: services.web.drain.command: must have at least one entry"),
        ("drain: {command: reload}", "5: services.web.drain.command: must be a list, not 'reload'"),
        (
            "drain: {signal: SIGKILL}",
            "5: services.web.drain.signal: must be 'SIGUSR1', 'SIGUSR2', 'SIGHUP', 'SIGQUIT' or 'SIGWINCH'",
        ),
        ("drain: {http: {path: /}}", "5: services.web.drain.http.port: is missing; it is required"),
        (
            "drain: {http: {port: 80, path: down}}",
            "5: services.web.drain.http.path: must be a path such as /drain, not 'down'",
        ),
        ("drain: {grace: 5s}", "services.web.drain.grace: unknown key `grace`"),
        (
            "drain: {signal: SIGUSR1, command: [a]}",
            "5: services.web.drain: takes only one of `command`, `signal` and `http`",
        ),
    ],
)
def test_a_bad_drain_is_refused_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as refused:
        drain(tmp_path, text)
    assert message in str(refused.value)


@pytest.mark.parametrize(("text", "seconds"), [("", None), ("start_timeout: 90s", 90.0), ("start_timeout: 1h", 3600.0)])
def test_a_start_may_take_as_long_as_the_file_says(tmp_path: Path, text: str, seconds: float | None) -> None:
    file = tmp_path / "policy.yaml"
    file.write_text(f"{SERVICE}    {text}\n", encoding="utf-8")
    assert load(file, Settings()).services["web"].options.start_timeout_seconds == seconds


@pytest.mark.parametrize("text", ["0s", "2h"])
def test_a_start_timeout_out_of_range_is_refused_with_its_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match=rf"5: .*\.start_timeout: must be between .1s. and .1h., not '{text}'"):
        drain(tmp_path, f"start_timeout: {text}")
