"""How a replica can be drained, and what an operator is told where it cannot."""

import pytest

from autoscaler.adapters.compose.drain.method import DrainMethod, drain_method, drain_warnings
from autoscaler.adapters.compose.healthcheck import MARKER
from autoscaler.config.compose_options import Drain, HttpCall
from tests.support.engine_answers import inspected

MARKED = inspected(Config={"Healthcheck": {"Test": ["CMD-SHELL", f"[ ! -e {MARKER} ] && true"]}})
PLAIN = inspected(Config={"Healthcheck": {"Test": ["CMD", "true"]}})


@pytest.mark.parametrize(
    ("drain", "way"),
    [
        (Drain(), DrainMethod.NOT),
        (Drain(command=("quit",)), DrainMethod.COMMAND),
        (Drain(signal="SIGUSR1"), DrainMethod.SIGNAL),
        (Drain(http=HttpCall(80, "/", "POST")), DrainMethod.HTTP),
    ],
)
def test_the_policys_way_is_for_replicas_without_the_marker(drain: Drain, way: DrainMethod) -> None:
    assert drain_method(PLAIN, drain) is way
    assert drain_method(inspected(), drain) is way
    assert drain_method(MARKED, drain) is DrainMethod.HEALTHCHECK


def test_an_original_is_told_with_what_to_do() -> None:
    (said,) = drain_warnings(PLAIN, Drain(), has_shell=True)
    assert said == (
        "shop-users-1: Compose made it, and without a drain it is removed once no clone is left: let its "
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
