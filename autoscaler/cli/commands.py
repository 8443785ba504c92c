"""All commands, in the order in which the help has them."""

import typer

from autoscaler import __version__
from autoscaler.cli.backtest import backtest
from autoscaler.cli.check import check
from autoscaler.cli.explain import explain
from autoscaler.cli.load_test import load_test
from autoscaler.cli.pause import pause, resume
from autoscaler.cli.plan import plan
from autoscaler.cli.run import run
from autoscaler.cli.scale import scale
from autoscaler.cli.simulate import simulate
from autoscaler.cli.status import status

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


for command in (run, check, plan, status, explain, scale, pause, resume, load_test, backtest, simulate):
    app.command(command.__name__.replace("_", "-"))(command)
