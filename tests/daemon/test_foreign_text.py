"""What an engine, containers and Prometheus say is only text in every output of a daemon and its commands."""

import contextlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from selenium import webdriver
from selenium.webdriver.support.ui import WebDriverWait

from deploy.lab.ports import free_ports
from tests.adapters.page.conftest import browser
from tests.support import grafana_server
from tests.support.command import NO_DAEMON, autoscaler
from tests.support.planting_servers import MARK, POLICY, Engine, prometheus, serving
from tests.support.terminal import on_one_terminal

__all__ = ["browser"]

STYLE = re.compile(r"\x1b\[[\d;]*m")  # of our own
CURSOR = re.compile(r"\x1b\[(\?25[lh]|2K|1A)")  # of a progress bar
MARKUP = ("[red]b[/red]", "[link=http://evil.example]", ":bomb:", "<img", "<script>alert(2)</script>", "&amp;")
LONGEST = 6000  # a list of all problems of a service


@dataclass
class Daemon:
    """A daemon, and what stands around it."""

    url: str
    variables: dict[str, str]
    log: Path
    grafana: grafana_server.Grafana

    def get(self, path: str) -> str:
        return httpx.get(f"{self.url}{path}", timeout=30, trust_env=False).text

    def errors(self) -> dict[str, str]:
        """What each service says last."""
        with contextlib.suppress(httpx.TransportError):
            found = json.loads(self.get("/api/v1/services"))
            return {each["service"]: str(each["error"] or (each.get("operation") or {}).get("error")) for each in found}
        return {}


@contextlib.contextmanager
def running(directory: Path) -> Iterator[Daemon]:
    """Run a daemon until it has met everything that is planted."""
    (port,) = free_ports(1)
    with serving(Engine().answer) as engine, serving(prometheus) as measures, grafana_server.running() as grafana:
        file, log = directory / "autoscaler.yaml", directory / "log"
        file.write_text(POLICY.format(prometheus=f"http://{measures}"), encoding="utf-8")
        variables = {
            "AUTOSCALER_CONFIG": str(file),
            "AUTOSCALER_DOCKER_URL": f"tcp://{engine}",
            "AUTOSCALER_LISTEN": f"127.0.0.1:{port}",
            "AUTOSCALER_GRAFANA_URL": grafana.url,
            "AUTOSCALER_GRAFANA_TOKEN": grafana.token,
            "AUTOSCALER_LOG_FORMAT": "json",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AUTOSCALER_")}
        with log.open("wb") as out:
            words = [sys.executable, "-m", "autoscaler", "run"]
            process = subprocess.Popen(words, env={**inherited, **variables}, stdout=out, stderr=subprocess.STDOUT)
        try:
            daemon = Daemon(f"http://127.0.0.1:{port}", variables, log, grafana)
            wait_until(lambda: {n for n, error in daemon.errors().items() if MARK in error}, {*NAMES})
            wait_until(lambda: {MARK in each["text"] for each in grafana.annotations.values()}, {True})
            yield daemon
        finally:
            process.terminate()
            process.wait(60)


NAMES = ("users", "denied", "guard", "mistaken")


def wait_until(found: Callable[[], object], wanted: object) -> None:
    deadline = time.monotonic() + 120
    while (seen := found()) != wanted:
        assert time.monotonic() < deadline, seen
        time.sleep(0.2)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Daemon]:
    with running(tmp_path_factory.mktemp("daemon")) as daemon:
        yield daemon


def assert_only_text(text: str) -> None:
    """Nothing in it would be obeyed by a terminal, or turn its letters round."""
    bad = {each for each in text if not each.isprintable() and each != "\n"}
    assert bad == set(), text[:2000]


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (text for pair in value.items() for part in pair for text in texts(part))
    elif isinstance(value, list):
        yield from (text for part in value for text in texts(part))
    elif isinstance(value, str):
        yield value


@pytest.mark.parametrize(
    "path",
    ["/api/v1/services", "/api/v1/status", "/api/v1/services/users", "/api/v1/services/users/decisions", "/readyz"],
)
def test_the_api_answers_in_json_that_a_terminal_can_show(daemon: Daemon, path: str) -> None:
    answer = daemon.get(path)
    assert_only_text(answer)
    found = list(texts(json.loads(answer)))
    for text in found:
        assert_only_text(text)
    assert max(map(len, found)) < LONGEST
    assert any(MARK in text for text in found) is path.startswith("/api/v1/services")


def test_what_is_no_name_that_compose_gives_is_no_service(daemon: Daemon) -> None:
    assert sorted(daemon.errors()) == sorted(NAMES)


def test_long_text_is_cut_and_says_how_long_it_was(daemon: Daemon) -> None:
    users = daemon.errors()["users"]
    assert re.search(r"last lines: … \(1,000,[\d]{3} characters\) .*planted", users)
    assert re.search(r"… \([\d,]+ characters\)", daemon.errors()["denied"])


def test_the_metrics_can_be_parsed(daemon: Daemon) -> None:
    page = daemon.get("/metrics")
    assert_only_text(page)
    assert max(map(len, page.splitlines())) < 1000
    services = {
        sample.labels["service"]
        for family in text_string_to_metric_families(page)
        for sample in family.samples
        if "service" in sample.labels
    }
    assert services == {*NAMES}


def test_the_log_in_json_is_a_line_of_json_each(daemon: Daemon) -> None:
    lines = daemon.log.read_text(encoding="utf-8").splitlines()
    for line in lines:
        assert_only_text(line)
        assert max(map(len, texts(json.loads(line)))) < LONGEST
    assert {MARK in line for line in lines if '"scale.failed"' in line} == {True}


COMMANDS: dict[str, bool] = {  # and whether foreign text is in what it says
    "status": True,
    "status --json": True,
    "status mistaken": True,
    "explain users": True,
    "explain users --json": True,
    "explain mistaken": True,
    "plan": True,
    "plan --json": True,
    "check": True,
    "check --json": True,
    "pause users": False,
    "backtest --since 1h": True,
    "load-test users": False,
}


def test_every_command_prints_only_text_on_a_terminal(daemon: Daemon) -> None:
    variables = {**daemon.variables, "COLUMNS": "300"}
    done = on_one_terminal([command.split() for command in COMMANDS], variables)
    assert len(done) == len(COMMANDS)
    for (command, planted), (_, written) in zip(COMMANDS.items(), done, strict=True):
        text = CURSOR.sub("", STYLE.sub("", written)).replace("\r", "")
        assert_only_text(text)
        assert (MARK in text) is planted, command
        assert "Traceback" not in text, command
        if command == "explain users":
            assert [markup for markup in MARKUP if "".join(markup.split()) not in "".join(text.split())] == []


def test_a_scaling_without_a_daemon_says_why_it_failed_in_only_text(daemon: Daemon) -> None:
    done = autoscaler("scale", "denied", "2", **{**daemon.variables, "AUTOSCALER_LISTEN": NO_DAEMON})
    assert_only_text(done.stdout + done.stderr)
    assert (done.returncode, MARK in done.stdout) == (1, True)


def test_grafana_gets_no_markup(daemon: Daemon) -> None:
    for annotation in list(daemon.grafana.annotations.values()):
        assert_only_text(annotation["text"])
        assert "<" not in annotation["text"]
        assert "&lt;img src=x onerror=alert(1)&gt;" in annotation["text"]
        assert len(annotation["text"]) < LONGEST


@pytest.mark.engine
def test_the_page_shows_it_as_text(daemon: Daemon, browser: webdriver.Chrome) -> None:
    browser.get(daemon.url)
    script = "return document.querySelector('main').innerText"
    WebDriverWait(browser, 30).until(lambda _: browser.execute_script(script).count(MARK) >= len(NAMES))
    text = browser.execute_script(script)
    assert_only_text(text.replace("\t", " "))
    assert all(markup in text for markup in MARKUP)
    assert browser.execute_script("return document.querySelectorAll('main img, main script, main b').length") == 0
    complaints = browser.get_log("browser")  # type: ignore[no-untyped-call]
    assert [each for each in complaints if each["source"] != "network"] == []
