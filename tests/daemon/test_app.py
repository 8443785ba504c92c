"""The daemon as a process: it lives without Prometheus and Docker, ends in order, and refuses what cannot work."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from autoscaler.daemon.lifetime import Stop
from deploy.lab.ports import free_ports

POLICY = """\
interval: 1s
prometheus: {url: http://127.0.0.1:9, timeout: 300ms}
services:
  userservice:
    replicas: {min: 1, max: 3}
    rules: {throughput: {signal: requests, per_replica: 50}}
"""


class Daemon:
    """`autoscaler run` with nothing behind it: no engine, no Prometheus."""

    def __init__(self, directory: Path, policy: str = POLICY, **variables: str) -> None:
        (self.port,) = free_ports(1)
        file = directory / "autoscaler.yaml"
        file.write_text(policy, encoding="utf-8")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("AUTOSCALER_")},
            "AUTOSCALER_CONFIG": str(file),
            "AUTOSCALER_DOCKER_URL": f"unix://{directory}/no-engine.sock",
            "AUTOSCALER_LISTEN": f"127.0.0.1:{self.port}",
            **variables,
        }
        self.process = subprocess.Popen(
            [sys.executable, "-m", "autoscaler", "run"],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.port}{path}", timeout=30)

    def wait_for(self, what: str, path: str, true: Callable[[httpx.Response], bool]) -> httpx.Response:
        """Ask for a page until it says that."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                if true(answer := self.get(path)):
                    return answer
            except httpx.TransportError:
                assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.05)
        pytest.fail(f"not within 60 s: {what}")

    def get_patiently(self, path: str) -> httpx.Response:
        return self.wait_for("an answer", path, lambda _: True)

    def wait_for_cycle(self) -> None:
        none = "autoscaler_last_cycle_timestamp_seconds 0.0"
        self.wait_for("a cycle", "/metrics", lambda page: none not in page.text)

    def end(self, number: int = signal.SIGTERM) -> tuple[int, list[dict[str, object]], str]:
        self.process.send_signal(number)
        output, errors = self.process.communicate(timeout=60)
        return self.process.returncode, [json.loads(line) for line in output.splitlines()], errors


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    daemon = Daemon(tmp_path)
    yield daemon
    if daemon.process.poll() is None:
        daemon.process.kill()
        daemon.process.communicate()


@dataclass(frozen=True)
class Life:
    """What a daemon with nothing behind it shows after some cycles, and what it has said at its end by SIGTERM."""

    health: httpx.Response
    ready: httpx.Response
    code: int
    lines: list[dict[str, object]]
    errors: str


@pytest.fixture(scope="module")
def life(tmp_path_factory: pytest.TempPathFactory) -> Life:
    daemon = Daemon(tmp_path_factory.mktemp("life"))
    try:
        daemon.wait_for("three cycles that failed", "/metrics", lambda page: failed_evaluations(page.text) >= 3)
        health, ready = daemon.get("/healthz"), daemon.get("/readyz")
        return Life(health, ready, *daemon.end())
    finally:
        daemon.process.kill()


def failed_evaluations(page: str) -> float:
    found = re.search(r'evaluations_total\{outcome="failed",service="userservice"\} (\S+)', page)
    return float(found.group(1)) if found else 0.0


def test_without_engine_and_prometheus_it_lives_says_why_once_and_is_not_ready(life: Life) -> None:
    assert life.health.status_code == 200
    assert (life.ready.status_code, "cannot be reached" in life.ready.json()["message"]) == (503, True)
    failures = [line for line in life.lines if line["event"] == "service.failed"]
    assert len(failures) == 1
    assert "check AUTOSCALER_DOCKER_URL and that the engine runs" in str(failures[0]["error"])


@pytest.fixture
def silent_engine() -> Iterator[str]:
    """The address of an engine that takes calls and never answers."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        yield f"tcp://127.0.0.1:{silent.getsockname()[1]}"


def test_while_the_warm_start_waits_the_web_server_answers_and_a_signal_ends_it(
    tmp_path: Path, silent_engine: str
) -> None:
    daemon = Daemon(tmp_path, AUTOSCALER_DOCKER_URL=silent_engine, AUTOSCALER_DOCKER_TIMEOUT="30s")
    health = daemon.get_patiently("/healthz")
    assert health.status_code == 200
    assert daemon.get("/readyz").json()["message"] == "the first cycle has not finished yet"
    code, lines, errors = daemon.end()
    assert (code, errors) == (0, "")
    (cold,) = [line for line in lines if line["event"] == "warm_start"]
    assert (cold["level"], cold["service"], cold["window_seconds"]) == ("warning", "userservice", 0)


def test_a_start_without_a_past_is_told_once_with_the_reason(life: Life) -> None:
    (cold,) = [line for line in life.lines if line["event"] == "warm_start"]
    assert cold["level"] == "warning"
    assert "check AUTOSCALER_DOCKER_URL and that the engine runs" in str(cold["problem"])


def test_sigterm_ends_it_with_exit_code_0(life: Life) -> None:
    assert (life.code, life.errors) == (0, "")
    assert [line["event"] for line in life.lines][-2:] == ["stopping", "stopped"]


def test_sigint_ends_it_with_exit_code_0(daemon: Daemon) -> None:
    daemon.wait_for_cycle()
    code, lines, errors = daemon.end(signal.SIGINT)
    assert (code, errors) == (0, "")
    assert [line["event"] for line in lines][-2:] == ["stopping", "stopped"]


def test_a_signal_before_the_first_cycle_ends_it_too(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path)
    while daemon.process.poll() is None:
        try:
            daemon.get("/healthz")
            break
        except httpx.TransportError:
            time.sleep(0.02)
    assert daemon.end()[0] == 0


def test_a_bad_policy_file_is_refused_with_exit_code_2(tmp_path: Path) -> None:
    daemon = Daemon(tmp_path, POLICY.replace("max: 3", "maximum: 3"))
    output, errors = daemon.process.communicate(timeout=60)
    assert (daemon.process.returncode, output) == (2, "")
    assert f"{tmp_path}/autoscaler.yaml:5: services.userservice.replicas.maximum: unknown key `maximum`" in errors
    assert "Traceback" not in errors


def test_a_port_that_is_taken_is_refused_with_exit_code_2(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        daemon = Daemon(tmp_path, AUTOSCALER_LISTEN=address)
        _, errors = daemon.process.communicate(timeout=60)
    assert daemon.process.returncode == 2
    assert errors.startswith(f"error: AUTOSCALER_LISTEN: cannot listen on {address}: ")


def test_the_death_of_the_web_server_ends_the_daemon_as_a_failure() -> None:
    stop = Stop()
    stop.web_ended()
    stop.wait()
    assert (stop.wanted, stop.cause) == (False, "the web server ended")


def test_the_first_cause_of_the_end_counts() -> None:
    stop = Stop()
    with stop.on_signals():
        signal.raise_signal(signal.SIGTERM)
    stop.web_ended()
    assert (stop.wanted, stop.cause) == (True, "SIGTERM")


def test_signal_handlers_are_put_back() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Stop().on_signals():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
