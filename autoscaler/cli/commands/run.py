"""`autoscaler run`: the daemon."""

import sys
from typing import assert_never

import typer

from autoscaler.adapters.logs.setup import configure_logging
from autoscaler.config.settings import LogFormat, Settings, load_settings
from autoscaler.daemon import app


def run() -> None:
    """Run the daemon until SIGTERM.

    Example: AUTOSCALER_CONFIG=config/autoscaler.yaml autoscaler run
    """
    settings = load_settings()
    configure_logging(settings.log_level, json=_json(settings))
    raise typer.Exit(app.run(settings))


def _json(settings: Settings) -> bool:
    match settings.log_format:
        case LogFormat.AUTO:
            return not sys.stdout.isatty()
        case LogFormat.JSON:
            return True
        case LogFormat.CONSOLE:
            return False
        case _:
            assert_never(settings.log_format)
