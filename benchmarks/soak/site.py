"""The Compose project: a Traefik, a Prometheus that scrapes it, and two services; all ports on 127.0.0.1."""

import contextlib
import json
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

import httpx

from autoscaler.adapters.leadership.volume_store import KNOCK, LEASE
from benchmarks.drain.site import KEPT_QUIET, OURS, PING, WEB, only, service
from benchmarks.soak.account import Look, seen_of
from benchmarks.soak.plan import APPS, PER_REPLICA
from benchmarks.soak.proxy import UnixConnection
from deploy.lab.compose import remove_project
from deploy.lab.images import PROMETHEUS, TRAEFIK
from deploy.lab.ports import free_ports
from deploy.lab.shell import LabError, run

PROJECT = "com.docker.compose.project"
SERVICES = frozenset(app.name for app in APPS)
LOW, HIGH = 2, 5  # replicas
READY_SECONDS = 60.0
SCRAPES = """\
global: {scrape_interval: 1s, scrape_timeout: 900ms}
scrape_configs: [{job_name: traefik, static_configs: [{targets: ["gateway:8082"]}]}]
"""
POLICY = """\
interval: 2s
prometheus: {{url: http://127.0.0.1:9, timeout: 1s, max_sample_age: 10s, window: 4s}}
defaults:
  replicas: {{min: {low}, max: {high}}}
  rules: {{throughput: {{signal: requests, per_replica: {per_replica}}}}}
  scale_down: {{stabilization_window: 5s}}
  reversals: {{limit: 1000, period: 1m}}
  drain: {{timeout: 5s}}
services:
"""


class Site:
    """One copy of the project."""

    def __init__(self, compose: Sequence[str], directory: Path, engine_url: str) -> None:
        self.name = f"bench-soak-{secrets.token_hex(3)}"
        self.engine_url = engine_url
        self.gateway_port, self.prometheus_port = free_ports(2)
        self._compose = compose
        self._directory = directory

    @property
    def policy_file(self) -> Path:
        return self._directory / "policy.yaml"

    def up(self) -> None:
        """Create everything, and wait until Prometheus has seen Traefik.

        Raises:
            LabError: something does not start.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        scrapes = self._directory / "prometheus.yaml"
        scrapes.write_text(SCRAPES, encoding="utf-8")
        targets = [f"  {app.name}: {{target: {{compose: {app.name}, project: {self.name}}}}}\n" for app in APPS]
        policy = POLICY.format(low=LOW, high=HIGH, per_replica=PER_REPLICA)
        self.policy_file.write_text(policy + "".join(targets), encoding="utf-8")
        gateway = {
            "image": TRAEFIK,
            "command": [
                *(*WEB, *KEPT_QUIET, *OURS, *only(self.name)),
                *("--entryPoints.internal.address=:8082", "--metrics.prometheus.entryPoint=internal"),
                "--metrics.prometheus.addRoutersLabels=true",
            ],
            "volumes": [f"{self.engine_url.removeprefix('unix://')}:/var/run/docker.sock:ro"],
            "ports": [f"127.0.0.1:{self.gateway_port}:8000"],
            "healthcheck": PING,
        }
        prometheus = {
            "image": PROMETHEUS,
            "command": ["--config.file=/etc/soak.yaml", "--storage.tsdb.path=/tmp/tsdb"],
            "volumes": [f"{scrapes.resolve()}:/etc/soak.yaml:ro"],
            "ports": [f"127.0.0.1:{self.prometheus_port}:9090"],
        }
        services = {"gateway": gateway, "prometheus": prometheus, **{app.name: service(app, LOW) for app in APPS}}
        self._file.write_text(json.dumps({"name": self.name, "services": services}, indent=1), encoding="utf-8")
        self._run("up", "--detach", "--wait")
        deadline = time.monotonic() + READY_SECONDS
        while not self._is_scraped():
            if time.monotonic() > deadline:
                raise LabError(f"Prometheus has not seen Traefik within {READY_SECONDS:g} s")
            time.sleep(0.2)

    def down(self) -> None:
        remove_project(self._run, timeout_seconds=1)
        leases = [prefix + self.name for prefix in (LEASE, KNOCK)]  # of a daemon that was killed
        run(["docker", "volume", "rm", "--force", *leases], "remove the lease")

    def url(self, name: str) -> str:
        return f"http://127.0.0.1:{self.gateway_port}/once/{name}"

    def look(self) -> Look:
        """Return the containers of the scaled services now, asked for without the daemon's own code."""
        at = time.time()
        filters = json.dumps({"label": [f"{PROJECT}={self.name}"]})
        with contextlib.closing(UnixConnection(self.engine_url.removeprefix("unix://"))) as connection:
            connection.request("GET", f"/containers/json?all=1&filters={quote(filters)}")
            listed = json.loads(connection.getresponse().read())
        return Look(at, tuple(seen for each in listed if (seen := seen_of(each)).service in SERVICES))

    @property
    def _file(self) -> Path:
        return self._directory / "compose.json"

    def _run(self, *arguments: str) -> str:
        return run([*self._compose, "--file", self._file, "--progress", "plain", *arguments], f"compose {arguments[0]}")

    def _is_scraped(self) -> bool:
        url = f"http://127.0.0.1:{self.prometheus_port}/api/v1/query"
        try:
            told = httpx.get(url, params={"query": "traefik_config_reloads_total"}, timeout=5).json()
        except (httpx.HTTPError, ValueError):
            return False
        return bool(told["data"]["result"])
