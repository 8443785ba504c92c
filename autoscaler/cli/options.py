"""What `autoscaler simulate` is told: durations, whole seconds, and which load."""

from pathlib import Path

import typer

from autoscaler.formats import parse_duration
from autoscaler.rehearse.simulation.loads import SHAPES, USES, Load, shape_of, shaped
from autoscaler.rehearse.simulation.tracefile import read_trace

USUAL_DURATION_SECONDS = 7200.0
USUAL_BASE, USUAL_PEAK = 20.0, 200.0


def seconds(text: str | float) -> float:
    """Read a duration, such as 20s."""
    try:
        return parse_duration(text)
    except ValueError as error:
        raise typer.BadParameter(f"{error}, not {text!r}") from error


def some_seconds(text: str | float) -> float:
    """Read a duration of at least a millisecond."""
    number = seconds(text)
    if number < 0.001:  # noqa: PLR2004
        raise typer.BadParameter(f"must be at least 1ms, not {text!r}")
    return number


def whole_seconds(text: str | int) -> int:
    """Read a duration of whole seconds, at least one."""
    number = seconds(text)
    if number < 1 or number != int(number):
        raise typer.BadParameter(f"must be whole seconds, at least 1s, not {text!r}")
    return int(number)


def load_of(
    load: str,
    *,
    duration: float | None,
    base: float | None,
    peak: float | None,
    timing: dict[str, float | None],
) -> Load:
    """Return the load that the options describe; `timing` holds at, width and period.

    Raises:
        typer.BadParameter: an option does not go with the load.
        ConfigError: the file or a number is wrong.
    """
    given = {name for name, value in {"base": base, **timing}.items() if value is not None}
    unused = given - (USES[load] | {"base"} if load in SHAPES else set())
    if unused:
        raise typer.BadParameter(f"does not go with --load {load}", param_hint=f"--{min(unused)}")
    if load not in SHAPES:
        return read_trace(_file(load), duration=duration, peak=peak)
    shape = shape_of(
        load,
        duration=USUAL_DURATION_SECONDS if duration is None else duration,
        base=USUAL_BASE if base is None else base,
        peak=USUAL_PEAK if peak is None else peak,
        **timing,
    )
    return shaped(load, shape)


def _file(load: str) -> Path:
    path = Path(load)
    if not path.suffix and not path.exists():
        raise typer.BadParameter(f"must be {', '.join(SHAPES)} or a CSV file, not {load!r}", param_hint="--load")
    return path
