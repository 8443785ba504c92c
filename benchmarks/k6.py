"""Runs a k6 script that logs a line of JSON for each request; bounded in rate and time, at 127.0.0.1 only."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from deploy.lab.shell import LabError

END_SECONDS = 30.0


class K6:
    """One run of k6, from its making to `stop`. The script gets LOG's folder, and writes `not_sent` to SUMMARY."""

    def __init__(self, script: Path, directory: Path, environment: Mapping[str, str]) -> None:
        directory.mkdir(parents=True, exist_ok=True)
        self._log, self._summary = directory / "k6.log", directory / "k6.json"
        for file in (self._log, self._summary):
            file.unlink(missing_ok=True)
        k6 = Path(sys.executable).with_name("k6")
        log = [f"--log-output=file={self._log.resolve()}", "--log-format=raw"]
        self._process = subprocess.Popen(
            [k6, "run", "--quiet", "--no-usage-report", "--address", "", *log, script],
            env={**os.environ, **environment, "SUMMARY": str(self._summary.resolve()), "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def wait(self, timeout_seconds: float) -> None:
        """Wait until the script ends by itself.

        Raises:
            LabError: it takes longer.
        """
        try:
            self._process.wait(timeout_seconds)
        except subprocess.TimeoutExpired as error:
            raise LabError(f"k6 runs longer than {timeout_seconds:g} s") from error

    def stop(self) -> None:
        """End it as Ctrl-C does, so that it still writes its summary."""
        if self.running:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(END_SECONDS)

    def lines(self) -> list[dict[str, Any]]:
        """Return the lines of JSON that it has logged so far."""
        if not self._log.exists():
            return []
        lines = self._log.read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.startswith("{") and line.endswith("}")]

    def not_sent(self) -> int:
        """Return how many requests it should have sent and did not, once it has ended.

        Raises:
            LabError: it ended without a summary; the text has its last words.
        """
        if not self._summary.exists():
            said = self._log.read_text(encoding="utf-8").splitlines()[-5:] if self._log.exists() else []
            raise LabError(f"k6 ended with exit code {self._process.returncode}: {' '.join(said)}")
        return int(json.loads(self._summary.read_text(encoding="utf-8"))["not_sent"])
