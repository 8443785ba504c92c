"""The policy files that `simulate` and `backtest` compare, and the load of `simulate`."""

from pathlib import Path

import typer

from autoscaler.config.load import load
from autoscaler.config.settings import Settings
from autoscaler.rehearse.simulation.loads import SHAPES, USES, Load, make_load, make_shape
from autoscaler.rehearse.simulation.runner import NamedConfig
from autoscaler.rehearse.simulation.tracefile import read_trace

USUAL_DURATION_SECONDS = 7200.0
USUAL_BASE, USUAL_PEAK = 20.0, 200.0


def load_configs(settings: Settings, file: Path | None, against: Path | None) -> list[NamedConfig]:
    """Load one policy file or two; their titles are their names, or their paths if the names are the same.

    Raises:
        ConfigError: a file is wrong.
    """
    paths = [file or settings.config, *([against] if against else [])]
    same = len({path.name for path in paths}) < len(paths)
    return [NamedConfig(str(path) if same else path.name, load(path, settings)) for path in paths]


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
    shape = make_shape(
        load,
        duration=USUAL_DURATION_SECONDS if duration is None else duration,
        base=USUAL_BASE if base is None else base,
        peak=USUAL_PEAK if peak is None else peak,
        **timing,
    )
    return make_load(load, shape)


def _file(load: str) -> Path:
    path = Path(load)
    if not path.suffix and not path.exists():
        raise typer.BadParameter(f"must be {', '.join(SHAPES)} or a CSV file, not {load!r}", param_hint="--load")
    return path
