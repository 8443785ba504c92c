"""A real Traefik in front of real replicas, and clients that never stop asking."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

import autoscaler
from deploy.lab.images import TRAEFIK
from tests.support.compose_project import Project

LONGEST_SECONDS = 120.0
MOST_REQUESTS = 20_000
PACKAGE = Path(autoscaler.__file__).parent
SECRET = "not-much-of-a-secret"
# It tells who it is, and dies at once on SIGTERM with whatever it was doing, as most programs do.
SERVER = """\
import http.server, os, time
class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = os.environ["PROTOCOL"]
    def do_GET(self):
        time.sleep(float(self.path.rpartition("=")[2] or 0.05) if "=" in self.path else 0.05)
        body = os.uname().nodename.encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *args): pass
http.server.ThreadingHTTPServer.request_queue_size = 100
http.server.ThreadingHTTPServer(("", 8000), Handler).serve_forever()
"""


def web(project: str, *labels: str, name: str = "web", path: str = "/", protocol: str = "HTTP/1.0") -> dict[str, Any]:
    """A service behind Traefik, which keeps its connections open with HTTP/1.1."""
    return {
        "image": "python:3.13-slim",
        "init": True,
        "command": ["python3", "-c", SERVER],
        "environment": {"PROTOCOL": protocol},
        "labels": [
            "traefik.enable=true",
            f"autoscaler.test.project={project}",
            f"traefik.http.routers.{name}.rule=PathPrefix(`{path}`)",
            f"traefik.http.services.{name}.loadbalancer.server.port=8000",
            *labels,
        ],
    }


def traefik(project: str, socket: str, *, view: bool = False) -> dict[str, Any]:
    """Traefik with its own default of how often it looks, for this project only; with a view it gets no socket."""
    endpoint = {"volumes": [f"{socket}:/var/run/docker.sock:ro"]} if not view else {"depends_on": ["traefik-view"]}
    return {
        "image": TRAEFIK,
        "command": [
            "--global.checkNewVersion=false",
            "--global.sendAnonymousUsage=false",
            "--entrypoints.web.address=:80",
            "--entrypoints.metrics.address=:8082",
            "--metrics.prometheus.entryPoint=metrics",
            "--providers.docker.exposedByDefault=false",
            f"--providers.docker.constraints=Label(`autoscaler.test.project`,`{project}`)",
            *(["--providers.docker.endpoint=tcp://traefik-view:2375"] if view else []),
        ],
        **endpoint,
        "ports": ["127.0.0.1::80", "127.0.0.1::8082"],
    }


def traefik_view(engine: str, **settings: str) -> dict[str, Any]:
    """The view in a container that has Python and the package, and no library beside them."""
    volumes = [f"{PACKAGE}:/app/autoscaler:ro"]
    if engine.startswith("unix://"):
        volumes.append(f"{engine.removeprefix('unix://')}:/var/run/docker.sock")
        engine = "unix:///var/run/docker.sock"
    return {
        "image": "python:3.13-slim",
        "command": ["python3", "-m", "autoscaler", "traefik-view"],
        "environment": {
            "PYTHONPATH": "/app",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AUTOSCALER_DOCKER_URL": engine,
            "AUTOSCALER_TRAEFIK_VIEW_SECRET": SECRET,
            **settings,
        },
        "volumes": volumes,
        "extra_hosts": ["host.docker.internal:host-gateway"],
        "ports": ["127.0.0.1::9596", "127.0.0.1::2375"],
        "stop_grace_period": "1s",
    }


@dataclass
class Site:
    """A project whose service `web` is behind Traefik."""

    project: Project
    url: str = ""
    view: dict[str, Any] | None = None  # Traefik asks this service, and not the engine

    def up(self, **services: dict[str, Any]) -> None:
        socket = self.project.engine_url.removeprefix("unix://")
        gateway = traefik(self.project.name, socket, view=self.view is not None)
        views = {} if self.view is None else {"traefik-view": self.view}
        self.project.up({**services, **views, "traefik": gateway})
        self.url = f"http://{self.project.run('port', 'traefik', '80').strip()}"
        self.wait_for_servers(services["web"].get("scale", 1))

    def metrics(self) -> str:
        """What Traefik measures."""
        return httpx.get(f"http://{self.project.run('port', 'traefik', '8082').strip()}/metrics", timeout=60).text

    def servers(self, path: str = "/", asked: int = 20) -> set[str]:
        """Those that answer now, by their hostname."""
        return {answer.text for _ in range(asked) if (answer := httpx.get(self.url + path, timeout=60)).is_success}

    def wait_for_servers(self, count: int, path: str = "/") -> None:
        wait_until(lambda: len(self.servers(path)) == count)


def wait_until(true: Callable[[], bool], seconds: float = 120.0) -> None:
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.2)


@dataclass
class Load:
    """What clients have got so far: how many of each outcome."""

    outcomes: Counter[str] = field(default_factory=Counter)
    stopping: threading.Event = field(default_factory=threading.Event)

    @property
    def failures(self) -> Counter[str]:
        return Counter({outcome: count for outcome, count in self.outcomes.items() if outcome != "200"})

    def ask(self, url: str) -> None:
        deadline = time.monotonic() + LONGEST_SECONDS
        with httpx.Client(timeout=60) as client:
            while not self.stopping.is_set() and time.monotonic() < deadline and self.outcomes.total() < MOST_REQUESTS:
                try:
                    outcome = str(client.get(url).status_code)
                except httpx.HTTPError as error:
                    outcome = type(error).__name__
                self.outcomes[outcome] += 1


@contextmanager
def under_load(url: str, clients: int = 10) -> Iterator[Load]:
    """Ask from several clients at once, all the while."""
    load = Load()
    threads = [threading.Thread(target=load.ask, args=(url,)) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.stopping.set()
        for thread in threads:
            thread.join()
