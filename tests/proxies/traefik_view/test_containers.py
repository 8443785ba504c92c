"""The engine's answers: what Traefik gets of them, and what the view reads in them."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.proxies.traefik_view.containers import (
    StopSettings,
    containers,
    hidden_entries,
    inspected_for_traefik,
    keys,
    server_addresses,
    signal_number,
    stop_settings,
    visible,
)

COMPOSE = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}
ALL = frozenset[str]()
INSPECTED: dict[str, Any] = {
    "Id": "a1",
    "Name": "/shop-web-1",
    "Path": "/bin/secret",
    "Args": ["--password=secret"],
    "State": {
        "Status": "running",
        "Running": True,
        "Pid": 1,
        "Health": {"Status": "healthy", "Log": [{"Output": "secret"}]},
    },
    "Mounts": [{"Source": "/secret"}],
    "Config": {
        "Env": ["PASSWORD=secret"],
        "Cmd": ["secret"],
        "Healthcheck": {"Test": ["CMD", "secret"]},
        "Labels": {**COMPOSE, "traefik.enable": "true", "io.traefik-autoscaler.healthcheck": "secret"},
    },
    "HostConfig": {"NetworkMode": "shop_default", "Binds": ["/secret:/secret"]},
    "NetworkSettings": {
        "Ports": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18000"}], "53/udp": None, "9000/tcp": None},
        "Networks": {
            "shop_default": {
                "NetworkID": "n1",
                "IPAddress": "172.20.0.2",
                "GlobalIPv6Address": "",
                "Aliases": ["secret"],
                "DriverOpts": {"secret": "secret"},
            },
            "six": {"NetworkID": "n2", "IPAddress": "", "GlobalIPv6Address": "fd00::2"},
        },
    },
}


def listing(id_: str, status: str = "Up 1 second", labels: Any = None, state: str = "running") -> dict[str, Any]:
    return {"Id": id_, "Names": [f"/{id_}"], "State": state, "Status": status, "Labels": labels, "Command": "secret"}


def inspected(**labels: str) -> dict[str, Any]:
    return {**INSPECTED, "Config": {"Labels": labels}}


def test_traefik_gets_the_fields_that_it_reads_and_no_secret() -> None:
    shown = inspected_for_traefik(INSPECTED, hidden=False)
    assert "secret" not in json.dumps(shown)
    assert shown == {
        "Id": "a1",
        "Name": "/shop-web-1",
        "State": {"Status": "running", "Running": True, "Health": {"Status": "healthy"}},
        "Config": {"Labels": {**COMPOSE, "traefik.enable": "true"}},
        "HostConfig": {"NetworkMode": "shop_default"},
        "NetworkSettings": {
            "Ports": {"8000/tcp": [{"HostIp": "127.0.0.1", "HostPort": "18000"}], "53/udp": None, "9000/tcp": None},
            "Networks": {
                "shop_default": {"NetworkID": "n1", "IPAddress": "172.20.0.2", "GlobalIPv6Address": ""},
                "six": {"NetworkID": "n2", "IPAddress": "", "GlobalIPv6Address": "fd00::2"},
            },
        },
    }


def test_a_hidden_container_looks_as_if_it_had_been_stopped() -> None:
    assert inspected_for_traefik(INSPECTED, hidden=True)["State"] | {"Health": None} == {
        "Status": "exited",
        "Running": False,
        "Health": None,
    }
    entries = [listing("a1"), listing("b2")]
    assert [each["Id"] for each in hidden_entries(entries, {"a1": "why"}, stopped_too=False)] == ["b2"]
    states = [(each["Id"], each["State"]) for each in hidden_entries(entries, {"a1": "why"}, stopped_too=True)]
    assert states == [("a1", "exited"), ("b2", "running")]
    assert "secret" not in json.dumps(hidden_entries(entries, {}, stopped_too=True))


def test_containers_of_other_projects_are_not_seen() -> None:
    entries = [
        listing("a1", labels=COMPOSE),
        listing("b2", labels={"com.docker.compose.project": "bank"}),
        listing("c3"),
    ]
    assert [each["Id"] for each in visible(entries, frozenset({"shop"}))] == ["a1"]
    assert [each["Id"] for each in visible(entries, ALL)] == ["a1", "b2", "c3"]


@pytest.mark.parametrize(
    ("status", "routable", "has_healthcheck"),
    [
        ("Up 1 second", True, False),
        ("Up 1 second (healthy)", True, True),
        ("Up 1 second (unhealthy)", False, True),
        ("Up 1 second (health: starting)", False, True),
    ],
)
def test_the_list_says_whether_traefik_routes_to_a_container(
    status: str, routable: bool, has_healthcheck: bool
) -> None:
    (found,) = containers([listing("a1", status), listing("b2", state="exited")], ALL)
    assert (found.routable, found.has_healthcheck) == (routable, has_healthcheck)


@pytest.mark.parametrize("answer", [None, {}, "x", {"message": "x"}])
def test_an_answer_that_is_no_list_is_an_error(answer: Any) -> None:
    with pytest.raises(ValueError, match="no list"):
        containers(answer, ALL)


def test_a_container_stands_for_what_traefik_makes_of_its_labels() -> None:
    labels = {"traefik.http.routers.Admin.rule": "x", "traefik.tcp.services.db.loadbalancer.server.port": "1", "x": "y"}
    assert keys(labels, "/one") == {"http.routers.admin", "tcp.services.db", "container /one"}
    assert keys(COMPOSE, "/one") == keys(COMPOSE, "/two")


@pytest.mark.parametrize(
    ("labels", "addresses"),
    [
        ({}, [("172.20.0.2", 8000), ("fd00::2", 8000)]),
        ({"traefik.http.services.web.loadbalancer.server.port": "81"}, [("172.20.0.2", 81), ("fd00::2", 81)]),
        ({"traefik.http.services.Web.LoadBalancer.Server.Port": "81"}, [("172.20.0.2", 81), ("fd00::2", 81)]),
        ({"traefik.docker.network": "six"}, [("fd00::2", 8000)]),
        ({"traefik.docker.network": "gone"}, [("172.20.0.2", 8000), ("fd00::2", 8000)]),
        ({"traefik.http.services.web.loadbalancer.server.port": "x"}, []),
    ],
)
def test_requests_go_to_the_labelled_port_or_the_lowest_one(labels: dict[str, str], addresses: list[Any]) -> None:
    assert server_addresses(inspected(**labels)) == addresses


def test_a_container_without_address_or_port_cannot_be_tried() -> None:
    assert server_addresses({}) == []
    assert (
        server_addresses({**INSPECTED, "NetworkSettings": {"Ports": {}, "Networks": {"host": {"IPAddress": ""}}}}) == []
    )


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("15", 15),
        ("SIGQUIT", 3),
        ("quit", 3),
        ("SIGRTMIN+3", 37),
        ("RTMAX-1", 63),
        ("", None),
        (None, None),
        ("x", None),
    ],
)
def test_signals_are_numbers_or_names(text: object, number: int | None) -> None:
    assert signal_number(text) == number


def test_a_container_is_stopped_by_its_own_signal_too_and_has_its_own_grace() -> None:
    assert stop_settings({"Config": {}}) == StopSettings(frozenset({15, 9}), 10.0)
    assert stop_settings({"Config": {"StopSignal": "SIGQUIT", "StopTimeout": 45}}) == StopSettings(
        frozenset({15, 9, 3}), 45.0
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["State", "Config", "HostConfig", "NetworkSettings", "Name", "Id"]), json_values)
def test_what_cannot_be_read_counts_as_not_there(field: str, value: Any) -> None:
    container = {**INSPECTED, field: value}
    json.dumps(inspected_for_traefik(container, hidden=False))
    server_addresses(container)
    stop_settings(container)


@given(json_values, json_values, json_values)
def test_an_entry_that_cannot_be_read_hides_no_other(labels: Any, names: Any, status: Any) -> None:
    odd = {"Id": "a1", "Names": names, "Labels": labels, "Status": status}
    assert {each.id for each in containers([odd, 1, {}, listing("b2")], ALL)} == {"a1", "b2"}
