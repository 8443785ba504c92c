"""`autoscaler run`: the daemon."""

import sys

import typer

from autoscaler import app
from autoscaler.adapters.log_setup import configure_logging
from autoscaler.settings import LogFormat, Settings, load_settings


def run() -> None:
    """Run the daemon until SIGTERM.

    Example: AUTOSCALER_CONFIG=config/autoscaler.yaml autoscaler run
    """
    settings = load_settings()
    configure_logging(settings.log_level, json=_json(settings))
    raise typer.Exit(app.run(settings))


def _json(settings: Settings) -> bool:
    if settings.log_format is LogFormat.AUTO:
        return not sys.stdout.isatty()
    return settings.log_format is LogFormat.JSON
