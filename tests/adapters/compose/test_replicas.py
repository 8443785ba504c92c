"""The list call: who is a replica, who is ready, who goes first, whom to clone."""

import pytest

from autoscaler.adapters.compose.replicas import Replica, choose_template, fleet, parse, removal_order
from autoscaler.ports.fleet import ServiceRef
from tests.support.engine_answers import clone, listed

USERS = ServiceRef("users", "shop")


@pytest.mark.parametrize(
    ("facts", "current", "ready"),
    [
        pytest.param({"Status": "Up 2 minutes (healthy)"}, 1, 1, id="healthy"),
        pytest.param({"Status": "Up 2 minutes"}, 1, 1, id="without a healthcheck"),
        pytest.param({"Status": "Up 1 second (health: starting)"}, 1, 0, id="starting"),
        pytest.param({"Status": "Up 2 minutes (unhealthy)"}, 1, 0, id="unhealthy"),
        pytest.param({"State": "restarting", "Status": "Restarting (1) 2 seconds ago"}, 1, 0, id="restarting"),
        pytest.param({"State": "paused", "Status": "Up 2 minutes (Paused)"}, 1, 0, id="paused"),
        pytest.param({"State": "created", "Status": "Created"}, 0, 0, id="created, not started"),
        pytest.param({"State": "exited", "Status": "Exited (0) 2 minutes ago"}, 0, 0, id="stopped"),
    ],
)
def test_what_is_meant_to_run_is_current_and_what_serves_is_ready(
    facts: dict[str, str], current: int, ready: int
) -> None:
    state = fleet(parse([listed(1, **facts)])).find(USERS)
    assert (state.current, state.ready) == (current, ready)


def test_services_are_told_apart_by_project_and_name() -> None:
    other = listed(1, labels={"com.docker.compose.project": "other"})
    third = listed(1, labels={"com.docker.compose.service": "music"})
    services = fleet(parse([listed(1), listed(2), other, third])).services
    assert {str(ref): state.current for ref, state in services.items()} == {
        "shop/users": 2,
        "other/users": 1,
        "shop/music": 1,
    }


def test_what_is_no_replica_is_not_counted() -> None:
    oneoff = listed(9, labels={"com.docker.compose.oneoff": "True"})
    assert fleet(parse([listed(1), oneoff, {"Id": "x", "Labels": {}}])).find(USERS).current == 1


def numbers(order: list[Replica]) -> list[int]:
    return [replica.number for replica in order]


def test_the_highest_clone_goes_first_and_an_unready_one_before_it() -> None:
    sick = clone(3, Status="Up 1 minute (unhealthy)")
    replicas = parse([listed(1), listed(6), clone(4), clone(5), sick, clone(7, State="exited", Status="Exited (1)")])
    assert numbers(removal_order(replicas)) == [3, 5, 4, 6, 1]


def test_an_original_that_is_ready_is_cloned_rather_than_a_clone() -> None:
    sick = listed(1, Status="Up 1 minute (unhealthy)")
    chosen = choose_template(parse([sick, clone(2), listed(3), listed(4)]))
    assert chosen is not None
    assert chosen.number == 3


def test_one_that_is_being_removed_is_not_cloned_while_another_can_be() -> None:
    chosen = choose_template(parse([listed(1, Names=["/shop-users-1.leaving"]), clone(2)]))
    assert chosen is not None
    assert chosen.number == 2


def test_nobody_can_be_cloned_when_nobody_runs() -> None:
    assert choose_template(parse([listed(1, State="exited", Status="Exited (0)")])) is None


@pytest.mark.parametrize(
    ("entry", "never_started"),
    [
        pytest.param(clone(3, State="created", Status="Created"), True, id="a clone that was never started"),
        pytest.param(clone(3, State="exited", Status="Exited (1)"), False, id="a clone that was stopped"),
        pytest.param(clone(3), False, id="a clone that runs"),
        pytest.param(listed(3, State="created", Status="Created"), False, id="one of Compose's own"),
    ],
)
def test_a_clone_that_was_never_started_is_known(entry: dict[str, object], never_started: bool) -> None:
    assert parse([entry])[0].never_started is never_started
