"""A Grafana for each test."""

from collections.abc import Iterator

import pytest

from tests.adapters.compose.conftest import project
from tests.support.grafana_server import Grafana, running

__all__ = ["grafana", "project"]


@pytest.fixture
def grafana() -> Iterator[Grafana]:
    with running() as grafana:
        yield grafana
