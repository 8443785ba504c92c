"""A Grafana for each test."""

from collections.abc import Iterator

import pytest

from tests.support.grafana_server import Grafana, running


@pytest.fixture
def grafana() -> Iterator[Grafana]:
    with running() as grafana:
        yield grafana
