"""Clones that were made beside somebody else's work: which of them stay."""

from typing import Any

import pytest

from autoscaler.adapters.compose.foreign.cleanup import strangers
from autoscaler.adapters.compose.replicas import parse
from tests.support.engine_answers import clone, listed

NEW = {"ImageID": "sha256:2"}
EXITED = {"State": "exited", "Status": "Exited (0)"}


@pytest.mark.parametrize(
    ("containers", "left"),
    [
        pytest.param([listed(1), clone(2)], [], id="beside their like they stay"),
        pytest.param([clone(2), clone(3)], ["id2", "id3"], id="alone they go: it was a down"),
        pytest.param([listed(1, **EXITED), clone(2)], ["id2"], id="beside stopped ones they go: it was a stop"),
        pytest.param([listed(1, **NEW), clone(2)], ["id2"], id="beside a new kind the old kind goes"),
        pytest.param([listed(1), listed(4, **NEW), clone(2)], [], id="while both kinds are there they stay"),
    ],
)
def test_who_is_a_stranger(containers: list[dict[str, Any]], left: list[str]) -> None:
    assert [replica.id for replica in strangers(parse(containers), {"id2", "id3"})] == left
