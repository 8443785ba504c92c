"""All commands, in the order of the help."""

import typer

from autoscaler import __version__
from autoscaler.cli.commands.backtest import backtest
from autoscaler.cli.commands.check import check
from autoscaler.cli.commands.explain import explain
from autoscaler.cli.commands.load_test import load_test
from autoscaler.cli.commands.pause import pause, resume
from autoscaler.cli.commands.plan import plan
from autoscaler.cli.commands.run import run
from autoscaler.cli.commands.scale import scale
from autoscaler.cli.commands.simulate import simulate
from autoscaler.cli.commands.status import status
from autoscaler.cli.commands.traefik_view import traefik_view

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


for command in (run, check, plan, status, explain, scale, pause, resume, load_test, backtest, simulate, traefik_view):
    app.command(command.__name__.replace("_", "-"))(command)
