"""The policy files that `simulate` and `backtest` set side by side."""

from pathlib import Path

from autoscaler.policyfile.load import load
from autoscaler.rehearse.stage import Script
from autoscaler.settings import Settings


def load_scripts(settings: Settings, file: Path | None, against: Path | None) -> list[Script]:
    """Load one policy file or two; they are called by their names, or if those are the same, by their paths.

    Raises:
        ConfigError: a file is wrong.
    """
    paths = [file or settings.config, *([against] if against else [])]
    same = len({path.name for path in paths}) < len(paths)
    return [Script(str(path) if same else path.name, load(path, settings)) for path in paths]
