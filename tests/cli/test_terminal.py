"""On a terminal: colours, unless NO_COLOR is set; a watch that goes on until Ctrl-C. The real command, a real pty."""

import contextlib
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest

from tests.cli.test_commands import autoscaler

COLOUR = re.compile(r"\x1b\[[\d;]*[349][0-7][;m]")
NOBODY = "http://127.0.0.1:9"  # the port of discard: no daemon listens there


class Terminal:
    """A command on a terminal of its own, and all that it has written."""

    def __init__(self, *arguments: str, **variables: str) -> None:
        ours, theirs = pty.openpty()
        inherited = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
        environment = {**inherited, "TERM": "xterm-256color", "COLUMNS": "100", **variables}
        command = [sys.executable, "-m", "autoscaler", *arguments]
        self.process = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environment)
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
def terminal(*arguments: str, **variables: str) -> Iterator[Terminal]:
    opened = Terminal(*arguments, **variables)
    try:
        yield opened
    finally:
        opened.close()


COMMANDS = [["--help"], ["scale", "--help"], ["status", "--watch-it"]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_terminal_gets_colours_unless_no_color_is_set(command: list[str]) -> None:
    with terminal(*command) as plain, terminal(*command, NO_COLOR="1") as without:
        assert COLOUR.search(plain.end())
        assert not COLOUR.search(without.end())


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_pipe_gets_no_escape_sequence_at_all(command: list[str]) -> None:
    done = autoscaler(*command)
    assert "\x1b" not in done.stdout + done.stderr


def test_a_watch_says_that_no_daemon_answers_and_goes_on_until_ctrl_c() -> None:
    with terminal("status", "--watch", "--url", NOBODY) as watching:
        watching.until(lambda: watching.written.count("127.0.0.1:9") >= 2)
        watching.process.send_signal(signal.SIGINT)
        end = watching.end()
        assert watching.process.returncode == 130
    assert "Traceback" not in end
    assert end.rfind("\x1b[?25h") > end.rfind("\x1b[?25l")  # the cursor is to be seen again
