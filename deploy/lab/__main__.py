"""`python -m deploy.lab up | status`: makes, or shows, what the stack needs of this machine."""

import sys

import typer

from deploy.lab import compose, engine, images
from deploy.lab.report import console
from deploy.lab.shell import LabError, NoEngineError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.command()
def up(*, yes: bool = typer.Option(False, "--yes", help="Install without asking.")) -> None:
    """Make sure of an engine, Compose and the images."""
    console.print(f"engine   {engine.ensure(assume_yes=yes)}")
    console.print(f"compose  {' '.join(compose.ensure())}")
    for missing in images.ensure(images.STACK):
        console.print(f"{missing} is not to be had here; the stack goes on without it", style="yellow")


@app.command()
def status() -> None:
    """Show what is there; change nothing."""
    console.print(f"engine   {engine.url() if engine.answers() else 'none answers'}")
    for name in images.STACK:
        console.print(f"image    {name} {'is there' if images.exists(name) else 'is missing'}")


def main() -> None:
    """Exit 0 done, 1 failed, 2 no engine."""
    try:
        app()
    except NoEngineError as error:
        console.print(f"error: {error}", style="red")
        sys.exit(2)
    except LabError as error:
        console.print(f"error: {error}", style="red")
        sys.exit(1)


if __name__ == "__main__":
    main()
