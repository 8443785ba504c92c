"""Reads a load from a CSV file: `timestamp_s,requests_per_s`, one row per change; errors name file, line and value."""

from __future__ import annotations

import csv
import math
from array import array
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TextIO

from autoscaler.errors import ConfigError
from autoscaler.rehearse.simulation.loads import HIGHEST_RATE, LONGEST_SECONDS, Load, check_rate

COLUMNS = ("timestamp_s", "requests_per_s")
UNIX_SECONDS = 1e9  # times above it count as unix seconds
_MOST_FIELD_CHARACTERS = 40  # shown of an invalid value

Row = tuple[float, float]


def read_trace(path: Path, *, duration: float | None = None, peak: float | None = None) -> Load:
    """Return the load of a file; a row's rate lasts until the next row, the last one as long as the one before it.

    Without a header the two columns are in that order. `duration` cuts the load after that many seconds; `peak` scales
    its highest rate to that value.

    Raises:
        ConfigError: the file cannot be read or a row is invalid; the message has the place and what is allowed.
    """
    if peak is not None:
        check_rate("--peak", peak)
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = list(_rows(path, file))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"cannot read {path}: it is not a text file in UTF-8") from error
    if len(rows) < 2:  # noqa: PLR2004
        raise ConfigError(f"{path}: must have at least 2 rows of {','.join(COLUMNS)}, not {len(rows)}")
    return _load(path, rows, duration, peak)


def _rows(path: Path, file: TextIO) -> Iterator[Row]:
    columns: tuple[int, int] | None = None
    before = -math.inf
    reader = csv.reader(file)
    for cells in _lines(path, reader):
        where = f"{path}:{reader.line_num}"
        if columns is None:
            columns = _header(where, cells)
            if columns is not None:
                continue
            columns = (0, 1)
        row = _row(where, cells, columns)
        if row[0] <= before:
            raise ConfigError(f"{where}: {COLUMNS[0]} must be above that of the row before, {before:g}, not {row[0]:g}")
        before = row[0]
        yield row


def _lines(path: Path, reader: Iterator[list[str]]) -> Iterator[list[str]]:
    """Yield the rows that are not blank."""
    try:
        yield from (cells for cells in reader if any(cell.strip() for cell in cells))
    except csv.Error as error:
        raise ConfigError(f"cannot read {path}: {error}") from error


def _header(where: str, cells: Sequence[str]) -> tuple[int, int] | None:
    """Return the indexes of the two columns; None if the row has numbers instead of a header."""
    names = [cell.strip() for cell in cells]
    if set(COLUMNS) <= set(names):
        return names.index(COLUMNS[0]), names.index(COLUMNS[1])
    if len(cells) == len(COLUMNS) and any(_number(cell) is not None for cell in cells):
        return None
    raise ConfigError(f"{where}: must be a header with {' and '.join(COLUMNS)}, or two numbers, not {_shown(cells)}")


def _row(where: str, cells: Sequence[str], columns: tuple[int, int]) -> Row:
    if len(cells) <= max(columns):
        raise ConfigError(f"{where}: must have {max(columns) + 1} columns, not {_shown(cells)}")
    at, rate = (_number(cells[column]) for column in columns)
    if at is None or not math.isfinite(at):
        raise ConfigError(f"{where}: {COLUMNS[0]} must be a number of seconds, not {_shown(cells[columns[0]])}")
    if rate is None or not 0 <= rate <= HIGHEST_RATE:
        allowed = f"a number from 0 to {HIGHEST_RATE:,.0f}"
        raise ConfigError(f"{where}: {COLUMNS[1]} must be {allowed}, not {_shown(cells[columns[1]])}")
    return at, rate


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def _shown(value: object) -> str:
    words = repr(",".join(value) if isinstance(value, list) else value)
    return words if len(words) <= _MOST_FIELD_CHARACTERS else f"{words[:_MOST_FIELD_CHARACTERS]}…"


def _load(path: Path, rows: Sequence[Row], duration: float | None, peak: float | None) -> Load:
    start, last = rows[0][0], rows[-1][0]
    length = last - start + (last - rows[-2][0])
    seconds = round(min(length, length if duration is None else duration))
    if not 1 <= seconds <= LONGEST_SECONDS:
        longest = f"1 s to {LONGEST_SECONDS // 86400} days"
        raise ConfigError(f"{path}: must last {longest}, not {length:g} s; --duration cuts it")
    rates = array("d", _spread(rows, seconds))
    highest = max(rates)
    if peak is not None and highest > 0:
        rates = array("d", (rate * peak / highest for rate in rates))
    words = f"{path.name}, {min(rates):.4g} to {max(rates):.4g} requests/s"
    return Load(words, rates, start if start > UNIX_SECONDS else None)


def _spread(rows: Sequence[Row], seconds: int) -> Iterator[float]:
    """Yield the rate of every second: that of the latest row."""
    start, second = rows[0][0], 0
    for (_, rate), (until, _) in pairwise([*rows, (math.inf, 0.0)]):
        while second < seconds and start + second < until:
            yield rate
            second += 1
