"""A command on a real pseudo-terminal: what it writes there, and how it ends."""

import contextlib
import json
import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import IO

from autoscaler.cli import main
from tests.support.command import COMMAND, NO_DAEMON

# What tells libraries about colours, and a CI service sets.
COLOUR_VARIABLES = ("NO_COLOR", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS", "TTY_COMPATIBLE", "TTY_INTERACTIVE")


def _is_ours(name: str) -> bool:
    return name.startswith("AUTOSCALER_") or name in COLOUR_VARIABLES


class Terminal:
    """A command on a terminal of its own, and all that it has written."""

    def __init__(
        self,
        arguments: Sequence[str],
        variables: Mapping[str, str],
        *,
        stdout: IO[str] | None = None,
        stderr: IO[str] | None = None,
        command: Sequence[str] = COMMAND,
    ) -> None:
        """Run it; `stdout` and `stderr` go elsewhere where that is said."""
        ours, theirs = pty.openpty()
        inherited = {name: value for name, value in os.environ.items() if not _is_ours(name)}
        environment = {**inherited, "TERM": "xterm-256color", "COLUMNS": "100", "AUTOSCALER_LISTEN": NO_DAEMON}
        self.process = subprocess.Popen(
            [*command, *arguments],
            stdin=theirs,
            stdout=stdout or theirs,
            stderr=stderr or theirs,
            env={**environment, **variables},
        )
        os.close(theirs)
        self._ours = ours
        self.written = ""

    def until(self, true: Callable[[], bool], *, seconds: float = 60.0) -> None:
        """Read on until something is so."""
        deadline = time.monotonic() + seconds
        while not true():
            assert time.monotonic() < deadline, self.written
            self._read()

    def end(self) -> str:
        """Return everything, once the command has ended."""
        self.until(lambda: self.process.poll() is not None)
        while self._read():
            pass
        return self.written

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._ours)

    def _read(self) -> bool:
        if not select.select([self._ours], [], [], 0.1)[0]:
            return False
        try:
            found = os.read(self._ours, 65_536)
        except OSError:  # Linux: nobody has the other end open any more
            return False
        self.written += found.decode("utf-8", "replace")
        return bool(found)


@contextlib.contextmanager
def terminal(
    arguments: Sequence[str],
    variables: Mapping[str, str],
    *,
    stdout: IO[str] | None = None,
    stderr: IO[str] | None = None,
) -> Iterator[Terminal]:
    """Run a command on a terminal of its own, and kill it at the end if it still runs."""
    opened = Terminal(arguments, variables, stdout=stdout, stderr=stderr)
    try:
        yield opened
    finally:
        opened.close()


def on_one_terminal(commands: Sequence[Sequence[str]], variables: Mapping[str, str]) -> list[tuple[int, str]]:
    """Run commands one after another in one process on a terminal; return how each ended, and what it wrote there."""
    with contextlib.closing(
        Terminal([json.dumps(commands)], variables, command=[sys.executable, "-m", "tests.support.terminal"])
    ) as opened:
        parts = opened.end().split(_END)
    return [(int(code), written) for part in parts[:-1] for written, _, code in [part.rpartition(_CODE)]]


_CODE, _END = "\x00ended with ", "\x00end\x00"


def _one_after_another(commands: Sequence[Sequence[str]]) -> None:
    for words in commands:
        sys.argv = ["autoscaler", *words]
        code: object = 0
        try:
            main()
        except SystemExit as ended:
            code = ended.code or 0
        sys.stdout.flush()
        sys.stderr.write(f"{_CODE}{code}{_END}")
        sys.stderr.flush()


if __name__ == "__main__":
    _one_after_another(json.loads(sys.argv[1]))
