"""The command `autoscaler`: in this process, which is quick, or as a process of its own."""

import contextlib
import io
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from autoscaler.cli import app as _loaded  # noqa: F401  its console keeps the COLUMNS of when it is loaded
from autoscaler.cli import main

COMMAND = (sys.executable, "-m", "autoscaler")
NO_DAEMON = "127.0.0.1:9"  # where no daemon listens
POLICY = "services:\n  web:\n    replicas: {min: 1, max: 3}\n    rules: {t: {signal: requests, per_replica: 5}}\n"


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended, and what it wrote into two pipes."""

    returncode: int
    stdout: str
    stderr: str


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the variables of this process without ours, and with these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("AUTOSCALER_")}
    return {**inherited, "COLUMNS": "200", "AUTOSCALER_LISTEN": NO_DAEMON, **variables}


def autoscaler(*arguments: str, **variables: str) -> Done:
    """Run the command's own `main` in this process."""
    return here(main, ["autoscaler", *arguments], variables)


def here(run: Callable[[], object], words: Sequence[str], variables: Mapping[str, str]) -> Done:
    """Run a program in this process, as if it had been started with these words and variables."""
    out, err = io.StringIO(), io.StringIO()
    with _as_if_started(words, variables), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            run()
            code = 0
        except SystemExit as ended:
            code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    return Done(code, out.getvalue(), err.getvalue())


@contextlib.contextmanager
def _as_if_started(words: Sequence[str], variables: Mapping[str, str]) -> Iterator[None]:
    argv, environ = sys.argv, dict(os.environ)
    sys.argv = [*words]
    given = environment(variables)
    os.environ.clear()
    os.environ.update(given)
    try:
        yield
    finally:
        sys.argv = argv
        os.environ.clear()
        os.environ.update(environ)


def autoscaler_process(*arguments: str, **variables: str) -> "subprocess.CompletedProcess[str]":
    """Run `python -m autoscaler`: for what only a process of its own shows."""
    return subprocess.run(
        [*COMMAND, *arguments], env=environment(variables), capture_output=True, text=True, timeout=60, check=False
    )
