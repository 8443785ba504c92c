"""Loads made here: the benchmark's real traces are the caller's."""

import math
import random
from collections.abc import Callable
from pathlib import Path

import pytest

Curve = Callable[[float], float]


@pytest.fixture
def write_trace(tmp_path: Path) -> Callable[..., Path]:
    """Writes a CSV of a load curve (hours -> requests per second) at a step in seconds."""

    def write(name: str, curve: Curve, *, hours: float, step: int = 60) -> Path:
        path = tmp_path / f"{name}.csv"
        rows = [f"{at},{curve(at / 3600):.4f}" for at in range(0, int(hours * 3600), step)]
        path.write_text("\n".join(["timestamp_s,requests_per_s", *rows]) + "\n", encoding="utf-8")
        return path

    return write


def flat(_: float) -> float:
    return 100.0


def wave(hours: float) -> float:
    return 100.0 + 60.0 * math.sin(hours * math.tau / 4)


def noisy(hours: float) -> float:
    return wave(hours) * random.Random(int(hours * 60)).uniform(0.8, 1.3)
