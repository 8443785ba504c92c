"""Configures the destination and the format of log lines (structlog)."""

import logging
import sys

import structlog

_LIBRARIES = ("apscheduler", "urllib3", "docker", "uvicorn", "uvicorn.error", "uvicorn.access", "asyncio")


def configure_logging(level: str, *, json: bool) -> None:
    """Send all lines, including those of libraries, to stdout as JSON or as text for people."""
    shared: list[structlog.typing.Processor] = [
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    processors = [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_rendering(json=json)]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=processors))
    _send_all_to(handler, level)


def _rendering(*, json: bool) -> list[structlog.typing.Processor]:
    if json:
        return [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer(ensure_ascii=False)]
    return [structlog.dev.ConsoleRenderer()]


def _send_all_to(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(max(logging.WARNING, root.level))
