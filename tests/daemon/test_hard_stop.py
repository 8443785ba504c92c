"""A signal ends the process within AUTOSCALER_STOP_TIMEOUT and 2 s, whatever hangs."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.daemon.test_app import POLICY, Daemon
from tests.support.slow_server import SLOW_ANSWERS, Talk, answering, dripping, no_longer_than, says, serving

STOP_TIMEOUT_SECONDS = 1
AT_MOST_SECONDS = STOP_TIMEOUT_SECONDS + 2 + 12  # a busy machine needs some for the signal itself


@contextlib.contextmanager
def living(directory: Path, policy: str = POLICY, **variables: str) -> Iterator[Daemon]:
    daemon = Daemon(directory, policy, AUTOSCALER_STOP_TIMEOUT=f"{STOP_TIMEOUT_SECONDS}s", **variables)
    try:
        yield daemon
    finally:
        daemon.process.kill()
        daemon.process.communicate()


VERSION = says(b'{"ApiVersion": "1.41"}')
HANGING: dict[str, Talk] = {
    "an engine that answers nothing": dripping(b"", b""),
    "an engine that answers the first call only": answering(VERSION, slow_path=b"/v1.41/"),
}


@pytest.mark.parametrize("talk", HANGING.values(), ids=HANGING.keys())
def test_an_engine_that_hangs_does_not_keep_the_process(tmp_path: Path, talk: Talk) -> None:
    with serving(talk) as engine:
        url = engine.url.replace("http:", "tcp:")
        with living(tmp_path, AUTOSCALER_DOCKER_URL=url, AUTOSCALER_DOCKER_TIMEOUT="100s") as daemon:
            daemon.get_patiently("/healthz")
            with no_longer_than(AT_MOST_SECONDS):
                code, lines, errors = daemon.end()
    assert (code, errors) == (0, "")
    (stopped,) = [line for line in lines if line["event"] == "stopped"]
    assert "a chore" in str(stopped["problem"])


def cycles(page: str) -> float:
    return float(page.partition("\nautoscaler_cycle_duration_seconds_count ")[2].split()[0])


def test_a_prometheus_that_hangs_keeps_neither_the_loop_nor_the_process(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        prometheus = stack.enter_context(serving(dripping(*SLOW_ANSWERS["chunk sizes"])))
        daemon = stack.enter_context(living(tmp_path, POLICY.replace("http://127.0.0.1:9", prometheus.url)))
        daemon.wait_for("three cycles", "/metrics", lambda page: cycles(page.text) >= 3)
        with no_longer_than(AT_MOST_SECONDS):
            code, lines, errors = daemon.end()
    assert (code, errors) == (0, "")
    assert lines[-1]["event"] == "stopped"


def test_a_policy_file_that_becomes_a_fifo_is_reported_and_keeps_nothing(tmp_path: Path) -> None:
    with living(tmp_path) as daemon:
        daemon.wait_for_cycle()
        file = tmp_path / "autoscaler.yaml"
        file.unlink()
        os.mkfifo(file)
        failed = "autoscaler_config_last_reload_successful 0.0"
        daemon.wait_for("a reload that failed", "/metrics", lambda page: failed in page.text)
        with no_longer_than(AT_MOST_SECONDS):
            code, lines, errors = daemon.end()
    assert (code, errors) == (0, "")
    assert any("is a FIFO, not a regular file" in json.dumps(line) for line in lines)


def test_a_start_with_a_fifo_as_policy_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "fifo")
    with living(tmp_path, AUTOSCALER_CONFIG=f"{tmp_path}/fifo") as daemon:
        _, errors = daemon.process.communicate(timeout=60)
    assert daemon.process.returncode == 2
    assert errors == f"error: {tmp_path}/fifo: cannot be read: it is a FIFO, not a regular file\n"


def fill(pipe: int) -> None:
    """Write until the pipe takes no more, without a change to those who share it."""
    writer = os.open(f"/proc/self/fd/{pipe}", os.O_WRONLY | os.O_NONBLOCK)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"\n" * 4096)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(writer, b"\n")
    os.close(writer)


def test_an_output_that_takes_no_more_does_not_keep_the_process(tmp_path: Path) -> None:
    with living(tmp_path) as daemon:
        daemon.wait_for_cycle()
        assert daemon.process.stdout is not None
        fill(daemon.process.stdout.fileno())
        with no_longer_than(AT_MOST_SECONDS):
            daemon.process.send_signal(signal.SIGTERM)
            assert daemon.process.wait(60) == 0


STUCK = """
import signal, sys, threading
from autoscaler.adapters.logs.setup import configure_logging
from autoscaler.daemon.lifetime import Stop
configure_logging("info", json=True)
threading.Thread(target=threading.Event().wait).start()  # the interpreter waits for it
stop = Stop(0.5)
with stop.on_signals():
    stop.step = "an operation"
    print("ready", flush=True)
    stop.wait()
    {then}
"""


@pytest.mark.parametrize("then", ["threading.Event().wait()", "sys.exit(stop.code)"], ids=["in a step", "after all"])
def test_whatever_hangs_the_process_ends_and_says_at_what(then: str) -> None:
    arguments = [sys.executable, "-c", STUCK.format(then=then)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        with no_longer_than(10):
            process.send_signal(signal.SIGTERM)
            (line,) = process.stdout.read().splitlines()
    assert process.returncode == 0
    said = json.loads(line)
    assert (said["event"], said["level"]) == ("stopped", "warning")
    assert said["problem"] == "an operation did not end in time; the process ends without it"
