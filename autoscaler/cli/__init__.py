"""The commands: parse, call, print. No logic."""

import sys

import typer

from autoscaler import __version__
from autoscaler.cli.backtest import backtest
from autoscaler.cli.check import check
from autoscaler.cli.explain import explain
from autoscaler.cli.plan import plan
from autoscaler.cli.run import run
from autoscaler.cli.scale import scale
from autoscaler.cli.simulate import simulate
from autoscaler.errors import AutoscalerError, ConfigError

FAILED, BAD_CONFIG, INTERRUPTED = 1, 2, 130

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Scales Docker Compose services behind Traefik by what Prometheus measured.",
)


def _version(*, asked: bool) -> None:
    if asked:
        typer.echo(f"autoscaler {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    *,
    version: bool = typer.Option(
        False, "--version", help="Print the version.", callback=lambda asked: _version(asked=asked), is_eager=True
    ),
) -> None:
    pass


for command in (run, check, plan, explain, scale, backtest, simulate):
    app.command()(command)


def main() -> None:
    """Run a command; exit 0 done, 1 failed, 2 bad configuration or usage. Errors are lines, never tracebacks."""
    try:
        app()
    except ConfigError as error:
        _fail(error, BAD_CONFIG)
    except AutoscalerError as error:
        _fail(error, FAILED)
    except OSError as error:
        _fail(error, FAILED)
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)


def _fail(error: Exception, code: int) -> None:
    for line in str(error).splitlines():
        typer.echo(f"error: {line}", err=True)
    sys.exit(code)
