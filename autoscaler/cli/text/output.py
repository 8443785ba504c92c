"""What the commands share: the console, tables, JSON."""

import json
from collections.abc import Iterable

import typer
from rich.console import Console
from rich.table import Table

from autoscaler.errors import ConfigError
from autoscaler.formats import parse_duration, plain

console = Console(markup=False, highlight=False)

JSON_OPTION = typer.Option(False, "--json", help="Print JSON instead of a table.")
URL_OPTION = typer.Option(None, "--url", help="Where the daemon is; default: as AUTOSCALER_URL or _LISTEN says.")


def option_seconds(option: str, text: str) -> float:
    """Return the seconds of an option's duration.

    Raises:
        ConfigError: it is none.
    """
    try:
        return parse_duration(text)
    except ValueError as error:
        raise ConfigError(f"{option} {error}, not {text!r}") from error


def print_json(value: object) -> None:
    """Print plain values, dataclasses and what holds them as JSON."""
    typer.echo(json.dumps(plain(value), indent=2, ensure_ascii=False))


def print_json_line(value: object) -> None:
    """Print one value as one line of JSON."""
    typer.echo(json.dumps(plain(value), ensure_ascii=False))


def table(*columns: str) -> Table:
    """Return an empty table in the house style."""
    made = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def facts(*rows: tuple[str, Iterable[str]]) -> Table:
    """Return a grid of names, each with its lines; a name without lines is left out."""
    made = Table.grid(padding=(0, 2), pad_edge=False)
    made.add_column(no_wrap=True)
    made.add_column(overflow="fold")
    for name, lines in rows:
        text = "\n".join(lines)
        if text:
            made.add_row(name, text)
    return made
