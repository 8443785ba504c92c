"""What the tests of the real thing share: an engine, Compose, images. All of it is made here if it is missing."""

import gc
import os
import signal
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from deploy.lab import compose, engine, images
from deploy.lab.shell import NoEngineError

if TYPE_CHECKING:
    from tests.support.scheduling import Scheduling

# How long an example takes says something about the machine, and nothing about a promise. `make test-slow` tries all
# examples, new ones each time; the other runs try a share of them, the same each time.
settings.register_profile(
    "thorough",
    deadline=None,
    max_examples=100,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("usual", settings.get_profile("thorough"), max_examples=5, derandomize=True, database=None)
settings.load_profile("usual")

# What changes the width and the colours of a command's output, and a terminal, a CI service or pytest-xdist sets.
for name in ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "PY_COLORS", "GITHUB_ACTIONS"):
    os.environ.pop(name, None)


def pytest_configure() -> None:
    """Heed Ctrl-C: a shell's background job ignores it, and so would every process that a test starts.

    Forget the size of the terminal, which workers inherit where readline was imported: a test says it where it matters.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for name in ("COLUMNS", "LINES"):
        os.environ.pop(name, None)


def pytest_collection_finish() -> None:
    """Keep what is loaded by now out of every later garbage collection: a twelfth of the tests' time went there."""
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> "Scheduling":
    """Keep tests that share something on one worker, whatever `--dist` says."""
    from tests.support.scheduling import Scheduling  # noqa: PLC0415  only where pytest-xdist runs

    return Scheduling(config, log)


@pytest.fixture(scope="session")
def engine_url() -> str:
    """The address of a real engine; without any possibility of one, the tests that need it are skipped."""
    try:
        url = engine.ensure(assume_yes=True)
    except NoEngineError as error:
        pytest.skip(f"needs a Docker engine: {error}")
    images.ensure([images.PYTHON])
    return url


@pytest.fixture(scope="session")
def compose_command(engine_url: str) -> list[str]:
    """The words that begin a Compose command."""
    return compose.ensure()
