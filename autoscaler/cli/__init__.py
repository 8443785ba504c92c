"""The commands: parse, call, print. No logic."""

import sys

from autoscaler.errors import AutoscalerError, ConfigError
from autoscaler.formats import visible

FAILED, BAD_CONFIG, INTERRUPTED = 1, 2, 130


def main() -> None:
    """Run a command; exit 0 done, 1 failed, 2 bad configuration or usage. Errors are lines, never tracebacks."""
    try:
        if sys.argv[1:] == ["traefik-view"]:
            from autoscaler.proxies.traefik_view.app import main as traefik_view  # noqa: PLC0415  small without the rest

            return traefik_view()
        from autoscaler.cli.app import app  # noqa: PLC0415  takes half a second: Ctrl-C works meanwhile

        app(prog_name="autoscaler")
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except ConfigError as error:
        _fail(error, BAD_CONFIG)
    except (AutoscalerError, OSError) as error:
        _fail(error, FAILED)


def _fail(error: Exception, code: int) -> None:
    for line in str(error).splitlines():
        print(f"error: {visible(line)}", file=sys.stderr)  # noqa: T201
    sys.exit(code)
