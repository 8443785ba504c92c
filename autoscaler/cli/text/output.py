"""The commands' output: console, tables, JSON."""

import json
from collections.abc import Iterable

import typer
from rich.console import Console
from rich.table import Table

from autoscaler.formats import plain

console = Console(markup=False, highlight=False)


def print_json(value: object, *, indent: int | None = 2) -> None:
    """Print plain values and dataclasses as JSON; without an indent on one line."""
    typer.echo(json.dumps(plain(value), indent=indent, ensure_ascii=False))


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
