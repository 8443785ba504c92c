"""`autoscaler run`: the daemon."""

import os
import sys
from typing import assert_never


def run() -> None:
    """Run the daemon until SIGTERM.

    Example: AUTOSCALER_CONFIG=config/autoscaler.yaml autoscaler run
    """
    from autoscaler.adapters.logs.setup import configure_logging
    from autoscaler.config.settings import LogFormat, load_settings
    from autoscaler.daemon import app

    settings = load_settings()
    match settings.log_format:
        case LogFormat.AUTO:
            json = not sys.stdout.isatty()
        case LogFormat.JSON | LogFormat.CONSOLE:
            json = settings.log_format is LogFormat.JSON
        case _:
            assert_never(settings.log_format)
    configure_logging(settings.log_level, json=json)
    code = app.run(settings)
    sys.stdout.flush()
    os._exit(code)  # all is done; the interpreter would wait for threads, such as a cycle that is under way
