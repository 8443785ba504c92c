"""The policy files that `simulate` and `backtest` set side by side."""

from pathlib import Path

from autoscaler.config.load import load
from autoscaler.config.settings import Settings
from autoscaler.rehearse.simulation.runner import NamedConfig


def load_scripts(settings: Settings, file: Path | None, against: Path | None) -> list[NamedConfig]:
    """Load one policy file or two; they are called by their names, or if those are the same, by their paths.

    Raises:
        ConfigError: a file is wrong.
    """
    paths = [file or settings.config, *([against] if against else [])]
    same = len({path.name for path in paths}) < len(paths)
    return [NamedConfig(str(path) if same else path.name, load(path, settings)) for path in paths]
