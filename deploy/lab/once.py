"""What is made once for all, such as an image, is made by one process while the others wait."""

import tempfile
from pathlib import Path

from filelock import FileLock


def alone(what: str) -> FileLock:
    """Return the lock of what is made; a process may take it again while it holds it."""
    return FileLock(Path(tempfile.gettempdir(), f"autoscaler-lab-{what}.lock"), is_singleton=True)
