"""How a replica can be drained, and what an operator is told where it cannot."""

import pytest

from autoscaler.adapters.compose.drain.method import How, drain_warnings, how
from autoscaler.adapters.compose.healthcheck import MARKER
from autoscaler.config.compose_options import Drain, HttpCall
from tests.support.engine_answers import inspected

MARKED = inspected(Config={"Healthcheck": {"Test": ["CMD-SHELL", f"[ ! -e {MARKER} ] && true"]}})
PLAIN = inspected(Config={"Healthcheck": {"Test": ["CMD", "true"]}})


@pytest.mark.parametrize(
    ("drain", "way"),
    [
        (Drain(), How.NOT),
        (Drain(command=("quit",)), How.COMMAND),
        (Drain(signal="SIGUSR1"), How.SIGNAL),
        (Drain(http=HttpCall(80, "/", "POST")), How.HTTP),
    ],
)
def test_the_policys_way_is_for_replicas_without_the_marker(drain: Drain, way: How) -> None:
    assert how(PLAIN, drain) is way
    assert how(inspected(), drain) is way
    assert how(MARKED, drain) is How.HEALTHCHECK


def test_an_original_is_told_with_what_to_do() -> None:
    (said,) = drain_warnings(PLAIN, Drain(), has_shell=True)
    assert said == (
        "shop-users-1: Compose made it, so that it goes without a drain when no clone is left to go: let its "
        "healthcheck begin with `[ ! -e /run/traefik-autoscaler/drain ] &&`, or set drain.command, drain.signal or "
        "drain.http; Traefik's retry middleware makes up for most of it"
    )


def test_an_image_without_a_shell_is_told_for_its_clones_too() -> None:
    (said,) = drain_warnings(PLAIN, Drain(), has_shell=False)
    assert said.startswith("shop-users-1: its image has no /bin/sh, so neither it nor its clones can be drained: ")


def test_nothing_is_told_where_there_is_a_way_or_none_is_wanted() -> None:
    assert drain_warnings(MARKED, Drain(), has_shell=True) == []
    assert drain_warnings(PLAIN, Drain(signal="SIGUSR1"), has_shell=False) == []
    assert drain_warnings(PLAIN, Drain(enabled=False), has_shell=False) == []
