"""Configures the destination and the format of log lines (structlog)."""

import io
import logging
import sys
from typing import TextIO

import structlog
from structlog.tracebacks import ExceptionDictTransformer

from autoscaler.formats import json_text, plain, visible

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
        renderer = structlog.processors.JSONRenderer(lambda facts, **_: json_text(plain(facts)))
        without_values = ExceptionDictTransformer(show_locals=False)  # which may be secrets
        return [structlog.processors.ExceptionRenderer(without_values), renderer]
    return [_only_visible, structlog.dev.ConsoleRenderer(exception_formatter=_visible_traceback)]


def _only_visible(_: object, __: str, facts: structlog.typing.EventDict) -> structlog.typing.EventDict:
    """Leave out what a terminal would obey, whatever text a line quotes; the renderer writes lists by `repr`."""
    return {name: visible(value) if isinstance(value, str) else value for name, value in facts.items()}


def _visible_traceback(out: TextIO, error: structlog.typing.ExcInfo) -> None:
    text = io.StringIO()
    structlog.dev.plain_traceback(text, error)
    out.write(visible(text.getvalue()))


def _send_all_to(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    logging.captureWarnings(capture=True)
    for library in _LIBRARIES:
        logging.getLogger(library).setLevel(max(logging.WARNING, root.level))
