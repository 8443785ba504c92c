"""No secret is in any output of a daemon and its commands: each is planted where it belongs, and used from there."""

import base64
import contextlib
import json
import os
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

from deploy.lab.ports import free_ports
from tests.support import grafana_server
from tests.support.authority import Authority
from tests.support.command import Done, autoscaler
from tests.support.planting_servers import Engine
from tests.support.planting_servers import serving as answers_of
from tests.support.slow_server import answering, over_tls, relaying, says, serving

USER, PASSWORD, API = "planted-user", "planted/pass", "planted-token-of-the-api"
WHO = "planted-user:planted%2Fpass@"
SECRETS = {
    *(
        USER,
        PASSWORD,
        "planted%2Fpass",
        API,
        "planted-tenant",
        "planted-view-of-traefik",
        "planted-bearer",
        "planted-file",
    ),
    *(base64.b64encode(f"{USER}:{each}".encode()).decode() for each in (PASSWORD, "planted-file")),
    grafana_server.TOKEN,
}
POLICY = """\
interval: 1s
lease: off
prometheus:
  url: https://{who}{prometheus}
  timeout: 2s
  ca_file: {tls}/ca.pem
  cert_file: {tls}/cert.pem
  key_file: {tls}/key.pem
  headers: {{X-Scope-OrgID: planted-tenant}}
traefik: {{api_url: "http://{who}127.0.0.1:9"}}
services:
  users:
    target: {{compose: users, project: shop}}
    replicas: {{min: 2, max: 3}}
    rules: {{load: {{query: load, per_replica: 5}}, denied: {{query: denied, per_replica: 5}}}}
"""
PATHS = ("/", "/metrics", "/healthz", "/readyz", "/openapi.json", "/api/v1/status", "/api/v1/services")
OF_SERVICE = ("", "/decisions", "/evaluation")


ANSWERED: list[str] = []  # the paths


def prometheus(request: bytes) -> bytes:
    """Answer whoever knows the password, and no one about `denied`."""
    text, wanted = request.decode(), base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
    if f"Basic {wanted}" not in text or "X-Scope-OrgID: planted-tenant" not in text or "query=denied" in text:
        return b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"
    ANSWERED.append(text.split("?")[0])
    value = {"metric": {}, "value": [time.time(), "5"]}
    return says(json.dumps({"status": "success", "data": {"resultType": "vector", "result": [value]}}).encode())


@dataclass
class Site:
    """A daemon, and what stands around it."""

    url: str
    variables: dict[str, str]
    file: Path
    log: Path
    secrets: frozenset[str]
    process: "subprocess.Popen[bytes]"

    def get(self, path: str) -> str:
        return httpx.get(f"{self.url}{path}", timeout=30, trust_env=False).text

    def command(self, *words: str, **variables: str) -> Done:
        return autoscaler(*words, **{**self.variables, **variables})

    def wait_for(self, *texts: str) -> None:
        deadline = time.monotonic() + 120
        while missing := [each for each in texts if each not in self.log.read_text(encoding="utf-8")]:
            assert time.monotonic() < deadline, missing
            time.sleep(0.1)

    def leaked(self, text: str) -> set[str]:
        return {each for each in self.secrets if each in text}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    directory, (port,) = tmp_path_factory.mktemp("secrets"), free_ports(1)
    authority = Authority(directory / "authority")
    (tls := directory / "tls").mkdir()
    certificate, key = authority.issue("client")
    for name, source in (("ca", authority.file), ("cert", certificate), ("key", key)):
        (tls / f"{name}.pem").write_bytes(source.read_bytes())
    both = authority.server()
    with contextlib.ExitStack() as stack:
        measures = stack.enter_context(serving(over_tls(answering(prometheus), both, clients=authority.file)))
        host, _, number = stack.enter_context(answers_of(Engine().answer)).partition(":")
        relay = relaying(lambda: socket.create_connection((host, int(number))))
        engine = stack.enter_context(serving(over_tls(relay, both, clients=authority.file)))
        grafana = stack.enter_context(grafana_server.running())
        file, log = directory / "policy.yaml", directory / "log"
        text = POLICY.format(who=WHO, prometheus=f"127.0.0.1:{measures.port}", tls=tls)
        file.write_text(text, encoding="utf-8")
        (directory / "api").write_text(API, encoding="utf-8")
        variables = {
            "AUTOSCALER_CONFIG": str(file),
            "AUTOSCALER_DOCKER_URL": "",
            "DOCKER_HOST": f"tcp://127.0.0.1:{engine.port}",
            "DOCKER_TLS_VERIFY": "1",
            "DOCKER_CERT_PATH": str(tls),
            "AUTOSCALER_LISTEN": f"127.0.0.1:{port}",
            "AUTOSCALER_URL": f"http://{WHO}127.0.0.1:{port}",
            "AUTOSCALER_API_TOKEN_FILE": str(directory / "api"),
            "AUTOSCALER_GRAFANA_URL": grafana.url,
            "AUTOSCALER_GRAFANA_TOKEN": grafana.token,
            "AUTOSCALER_TRAEFIK_VIEW_URL": f"http://{WHO}127.0.0.1:9",
            "AUTOSCALER_TRAEFIK_VIEW_SECRET": "planted-view-of-traefik",
            "AUTOSCALER_LOG_FORMAT": "json",
            "AUTOSCALER_LOG_LEVEL": "debug",
        }
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("AUTOSCALER_")}
        with log.open("wb") as out:
            words = [sys.executable, "-m", "autoscaler", "run"]
            process = subprocess.Popen(words, env={**inherited, **variables}, stdout=out, stderr=subprocess.STDOUT)
        keys = {*key.read_text(encoding="ascii").splitlines()[1:-1]}
        made = Site(f"http://127.0.0.1:{port}", variables, file, log, frozenset(SECRETS | keys), process)
        try:
            made.wait_for("HTTP status 401", "lists no services")
            yield made
        finally:
            process.terminate()
            process.wait(60)


def test_the_secrets_are_used(site: Site) -> None:
    proposals = json.loads(site.get("/api/v1/services/users"))["decision"]["proposals"]
    assert {each["rule"]: each["reading"]["kind"] for each in proposals} == {"load": "stale", "denied": "error"}
    done = site.command("pause", "users", AUTOSCALER_URL=site.url)  # a user in its URL leaves no room for the token
    assert done.returncode == 0, done


@pytest.mark.parametrize(
    ("command", "paths"),
    [
        ("check", {"GET /api/v1/query"}),
        ("plan users", {"GET /api/v1/query", "GET /api/v1/query_range"}),
        ("backtest --since 1h", {"GET /api/v1/query_range"}),
    ],
)
def test_every_command_that_asks_prometheus_is_answered(site: Site, command: str, paths: set[str]) -> None:
    site.process.send_signal(signal.SIGSTOP)
    try:
        ANSWERED.clear()
        done = site.command(*command.split(), AUTOSCALER_URL="")
        assert {*ANSWERED} >= paths, done
    finally:
        site.process.send_signal(signal.SIGCONT)


@pytest.mark.parametrize("path", [*PATHS, *(f"/api/v1/services/users{each}" for each in OF_SERVICE)])
def test_no_answer_over_http_has_one(site: Site, path: str) -> None:
    assert site.leaked(site.get(path)) == set()


COMMANDS = (
    f"load-test users --requests 1 --url http://{WHO}127.0.0.1:9/",
    "check",
    "plan users",
    "status",
    "explain users",
    "backtest --since 1h",
    "pause users",
    "scale users 2 --no-wait",
)


@pytest.mark.parametrize("words", [each for command in COMMANDS for each in (command, f"{command} --json")])
def test_no_command_prints_one(site: Site, words: str) -> None:
    done = site.command(*words.split())
    assert done.stdout + done.stderr
    assert site.leaked(done.stdout + done.stderr) == set()


FILES: dict[str, Callable[[Site, str], str]] = {
    "a password of another": lambda site, text: text.replace(WHO, f"{WHO[:-1]}x@"),
    "no server": lambda site, text: text.replace("timeout: 2s", "timeout: 300ms").replace("@127.0.0.1:", "@127.0.0.2:"),
    "no client certificate": lambda site, text: text.replace("  cert_file", "  # ").replace("  key_file", "  # "),
    "no authority": lambda site, text: text.replace("  ca_file", "  # "),
    "a token in a file": lambda site, text: _with_file(site, text, "bearer_token_file: {file}"),
    "a password in a file": lambda site, text: _with_file(
        site, text, f"basic_auth: {{{{username: {USER}, password_file: {{file}}}}}}"
    ),
    "two ways": lambda site, text: text.replace("  timeout: 2s", "  bearer_token_file: x"),
    "no URL": lambda site, text: text.replace("https://", "ftp://"),
    "no URL at all": lambda site, text: text.replace("https://", ""),
    "a blank in the password": lambda site, text: text.replace("planted%2F", "planted-user planted/"),
    "a tenant of two lines": lambda site, text: text.replace("planted-tenant", '"planted-tenant\\nx"'),
    "a mistaken tenant": lambda site, text: text.replace("{X-Scope-OrgID: planted-tenant}", "[planted-tenant]"),
    "a mistaken key": lambda site, text: text.replace("  timeout: 2s", f"  password: {PASSWORD}"),
}


def _with_file(site: Site, text: str, key: str) -> str:
    (file := site.file.with_name("secret")).write_text("planted-file", encoding="utf-8")
    return text.replace(f"https://{WHO}", "https://").replace("  timeout: 2s", f"  {key.format(file=file)}")


@pytest.mark.parametrize("case", FILES)
def test_no_mistake_and_no_refusal_quotes_one(site: Site, tmp_path: Path, case: str) -> None:
    changed = FILES[case](site, text := site.file.read_text(encoding="utf-8"))
    assert changed != text
    (file := tmp_path / "policy.yaml").write_text(changed, encoding="utf-8")
    for words in ("check", "check --json", "plan users"):
        done = site.command(*words.split(), AUTOSCALER_CONFIG=str(file))
        assert site.leaked(done.stdout + done.stderr) == set(), words


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AUTOSCALER_PROMETHEUS_URL", f"ftp://{USER}:planted%2Fpass@a"),
        ("AUTOSCALER_PROMETHEUS_URL", f"https://{WHO}127.0.0.1:9"),
        ("AUTOSCALER_PROMETHEUS_TOKEN", "planted-bearer planted-bearer"),
        ("AUTOSCALER_GRAFANA_URL", f"grafana://{WHO}a"),
        ("AUTOSCALER_URL", f"{USER}:{PASSWORD}@a"),
        ("AUTOSCALER_TRAEFIK_VIEW_URL", f"{USER}:{PASSWORD}@a"),
        ("AUTOSCALER_DOCKER_URL", f"tcp://{WHO}127.0.0.1:9"),
        ("AUTOSCALER_API_TOKEN", "planted-bearer ä"),
    ],
)
def test_no_mistake_of_a_variable_quotes_one(site: Site, name: str, value: str) -> None:
    variables = {name: value} | ({"AUTOSCALER_API_TOKEN_FILE": ""} if name == "AUTOSCALER_API_TOKEN" else {})
    done = site.command("check", **variables)
    assert done.stdout + done.stderr
    assert site.leaked(done.stdout + done.stderr) == set()


def test_the_log_has_none(site: Site) -> None:
    text = site.file.read_text(encoding="utf-8")
    site.file.write_text(text.replace("https://", "ftp://"), encoding="utf-8")
    site.process.send_signal(signal.SIGHUP)
    site.wait_for("must be a URL such as")
    site.file.write_text(text, encoding="utf-8")
    assert site.leaked(site.log.read_text(encoding="utf-8")) == set()
