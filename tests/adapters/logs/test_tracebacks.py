"""A traceback in the log says where it happened, and none of the values there: they may be secrets."""

import logging
from collections.abc import Iterator

import pytest
import structlog

from autoscaler.adapters.logs.setup import configure_logging


@pytest.fixture
def root() -> Iterator[logging.Logger]:
    """The root logger, as it was before the test."""
    logger = logging.getLogger()
    handlers, level = logger.handlers[:], logger.level
    yield logger
    logger.handlers[:], logger.level = handlers, level
    structlog.reset_defaults()
    logging.captureWarnings(capture=False)


def fail(token: str) -> None:
    raise LookupError("a fault of the program")


@pytest.mark.parametrize("json", [True, False])
@pytest.mark.parametrize("of_library", [True, False])
def test_it_has_no_values(
    root: logging.Logger, capsys: pytest.CaptureFixture[str], json: bool, of_library: bool
) -> None:
    configure_logging("info", json=json)
    headers = {"Authorization": "planted"}
    try:
        fail(headers["Authorization"])
    except LookupError:
        log = logging.getLogger("urllib3") if of_library else structlog.stdlib.get_logger("autoscaler")
        log.exception("failed")
    written = capsys.readouterr().out
    assert "a fault of the program" in written
    assert "test_tracebacks.py" in written
    assert "planted" not in written
