"""The daemons as processes: each is started again after it was killed, and speaks through proxies of its own."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from benchmarks.soak.account import Life, Sample
from benchmarks.soak.plan import PROMETHEUS, Fault
from benchmarks.soak.proxy import Notes, Proxy, UnixConnection, listening
from benchmarks.soak.site import Site
from deploy.lab.ports import free_ports

END_SECONDS = 60.0
FaultOf = Callable[[str, str, bool], Fault | None]  # asker, of what, whether the call changes something


class Daemon:
    """One of the daemons: a process after another."""

    def __init__(self, name: str, site: Site, directory: Path, fault_of: FaultOf, notes: Notes) -> None:
        self.name = name
        self._site = site
        self._directory = directory
        engine_path = site.engine_url.removeprefix("unix://")
        self._proxies = {
            "engine": Proxy(
                "engine", lambda: UnixConnection(engine_path), lambda changes: fault_of(name, "engine", changes), notes
            ),
            PROMETHEUS: Proxy(
                PROMETHEUS,
                lambda: HTTPConnection("127.0.0.1", site.prometheus_port, timeout=60),
                lambda changes: fault_of(name, PROMETHEUS, changes),
                notes,
            ),
        }
        (self._port,) = free_ports(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._lives: list[tuple[str, float, float]] = []
        self._started_at = 0.0

    @contextlib.contextmanager
    def living(self) -> Iterator[None]:
        """Run it until the end of the block; then end it in order."""
        with contextlib.ExitStack() as stack:
            for proxy in self._proxies.values():
                stack.enter_context(listening(proxy))
            try:
                self.start()
                yield
            finally:
                if self._process is not None:
                    self._process.terminate()
                    self._wait()

    def start(self) -> None:
        """Start it, unless it runs."""
        if self._process is not None:
            return
        speaker = f"{self.name}{len(self._lives) + 1}"
        for proxy in self._proxies.values():
            proxy.speaker = speaker
        self._started_at = time.time()
        with self._log(speaker).open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "autoscaler", "run"], env=self._environment(), stdout=log, stderr=log
            )

    def kill(self) -> None:
        """Kill it; return when it is dead."""
        if self._process is not None:
            self._process.kill()
            self._wait()

    def sample(self) -> Sample | None:
        """Return what the process uses now, if one runs."""
        process = self._process
        if process is None:
            return None
        try:
            folder = Path("/proc", str(process.pid))
            status = dict(line.split(":", 1) for line in (folder / "status").read_text("utf-8").splitlines())
            fds = len(list((folder / "fd").iterdir()))
            rss_mb = int(status["VmRSS"].split()[0]) / 1024
            return Sample(time.time(), self._speaker, rss_mb, int(status["Threads"]), fds)
        except (OSError, KeyError):  # it is just being killed
            return None

    def lives(self) -> list[Life]:
        """Return the processes that have ended."""
        return [Life(speaker, start, end, _lines(self._log(speaker))) for speaker, start, end in self._lives]

    @property
    def _speaker(self) -> str:
        return self._proxies["engine"].speaker

    def _wait(self) -> None:
        assert self._process is not None
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None
        self._lives.append((self._speaker, self._started_at, time.time()))

    def _log(self, speaker: str) -> Path:
        return self._directory / f"daemon-{speaker}.log"

    def _environment(self) -> dict[str, str]:
        return {
            **{name: value for name, value in os.environ.items() if not name.startswith("AUTOSCALER_")},
            "AUTOSCALER_CONFIG": str(self._site.policy_file),
            "AUTOSCALER_COMPOSE_PROJECT": self._site.name,  # labels of other projects on the engine do not count
            "AUTOSCALER_DOCKER_URL": f"tcp://127.0.0.1:{self._proxies['engine'].port}",
            "AUTOSCALER_PROMETHEUS_URL": f"http://127.0.0.1:{self._proxies[PROMETHEUS].port}",
            "AUTOSCALER_LISTEN": f"127.0.0.1:{self._port}",
            "AUTOSCALER_LOG_FORMAT": "json",
        }


def _lines(log: Path) -> list[Mapping[str, Any]]:
    """Return the lines of JSON, with their time in unix seconds; a process that was killed may end within one."""
    found: list[Mapping[str, Any]] = []
    for line in log.read_text("utf-8", "replace").splitlines():
        with contextlib.suppress(ValueError, KeyError):
            told = json.loads(line)
            found.append({**told, "at": datetime.fromisoformat(told["timestamp"]).timestamp()})
    return found
