"""One line for each step, with its seconds."""

import contextlib
import time
from collections.abc import Iterator

from rich.console import Console

console = Console(stderr=True, markup=False, highlight=False, soft_wrap=True)


@contextlib.contextmanager
def step(what: str) -> Iterator[None]:
    """Say what is being done, and how long it took."""
    console.print(f"… {what}", style="dim")
    started = time.monotonic()
    yield
    console.print(f"✓ {what} ({time.monotonic() - started:.1f} s)", style="green")
