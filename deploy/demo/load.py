"""Drives load through Traefik with k6, bounded in rate and time, at 127.0.0.1 only."""

import json
import os
import re
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path

from deploy.lab.shell import LabError

SCRIPT = Path(__file__).with_name("load.js")


@dataclass(frozen=True, slots=True)
class Shape:
    """Quiet, a step, quiet again: rates in requests per second, times in seconds."""

    quiet_rate: int = 40
    loud_rate: int = 200
    before_seconds: int = 25
    during_seconds: int = 75
    after_seconds: int = 110

    @property
    def total_seconds(self) -> int:
        return self.before_seconds + self.during_seconds + self.after_seconds


class Load:
    """One run of k6."""

    def __init__(self, url: str, shape: Shape, directory: Path) -> None:
        self._shape = shape
        self._summary = directory / "k6-summary.json"
        self._started = threading.Event()
        self._started_at = 0.0
        self._output: list[str] = []
        environment = {
            "URL": url,
            "QUIET_RATE": str(shape.quiet_rate),
            "LOUD_RATE": str(shape.loud_rate),
            "BEFORE": f"{shape.before_seconds}s",
            "DURING": f"{shape.during_seconds}s",
            "AFTER": f"{shape.after_seconds}s",
            "SUMMARY": str(self._summary),
        }
        k6 = Path(sys.executable).with_name("k6")
        self._process = subprocess.Popen(
            [k6, "run", "--quiet", "--no-usage-report", "--address", "", SCRIPT],
            env={**os.environ, **environment, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def step_at(self, timeout_seconds: float = 60.0) -> float:
        """Return when the step comes, in unix seconds.

        Raises:
            LabError: k6 did not start.
        """
        if not self._started.wait(timeout_seconds):
            raise LabError(f"k6 did not start: {' '.join(self._output[-5:])}")
        return self._started_at + self._shape.before_seconds

    def result(self) -> tuple[int, int]:
        """Wait for the end; return the number of requests and of failed ones.

        What k6 should have sent and could not counts as failed: such a run proves nothing.

        Raises:
            LabError: k6 failed.
        """
        code = self._process.wait(self._shape.total_seconds + 60)
        if code != 0 or not self._summary.exists():
            raise LabError(f"k6 ended with exit code {code}: {' '.join(self._output[-5:])}")
        summary = json.loads(self._summary.read_text(encoding="utf-8"))
        return int(summary["requests"]), int(summary["failed"]) + int(summary["not_sent"])

    def stop(self) -> None:
        """End k6, if it still runs."""
        if self.running:
            self._process.terminate()
            self._process.wait(30)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._output.append(line.strip())
            if found := re.search(r"started_at (\d+)", line):
                self._started_at = int(found.group(1)) / 1000
                self._started.set()
