"""The recipe on engines of all ages: what their inspect says and their create takes, from hand-written answers."""

from typing import Any

import pytest

from autoscaler.adapters.compose.clone.spec import CloneSpec, clone_spec
from tests.support.engine_answers import ID, IMAGE, inspected

SYSCTLS = {"com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.forwarding=1"}


def two_networks(**facts: Any) -> dict[str, Any]:
    """A replica in two networks, as an engine says it; the facts are the second endpoint's."""
    front = {"Aliases": ["shop-users-1", "users"], "MacAddress": "02:42:ac:11:00:02", "NetworkID": "f" * 64}
    back = {"Aliases": ["shop-users-1", "users", "db"], "MacAddress": "5e:8a:11:00:00:02", "NetworkID": "b" * 64}
    return inspected(NetworkSettings={"Networks": {"shop_default": front, "shop_back": {**back, **facts}}})


def endpoints(made: CloneSpec) -> dict[str, Any]:
    found: dict[str, Any] = {**made.body["NetworkingConfig"]["EndpointsConfig"], **made.connect}
    return found


@pytest.mark.parametrize(
    ("api", "at_create"),
    [
        pytest.param((1, 41), ["shop_default"], id="20.10"),
        pytest.param((1, 43), ["shop_default"], id="24"),
        pytest.param((1, 44), ["shop_default", "shop_back"], id="25"),
        pytest.param((1, 53), ["shop_default", "shop_back"], id="29"),
    ],
)
def test_each_network_is_joined_once_by_create_or_by_connect(api: tuple[int, int], at_create: list[str]) -> None:
    made = clone_spec(two_networks(), 3, IMAGE, api)
    assert list(made.body["NetworkingConfig"]["EndpointsConfig"]) == at_create
    assert sorted(endpoints(made)) == ["shop_back", "shop_default"]


def test_a_network_that_is_named_by_its_id_is_not_joined_twice() -> None:
    template = two_networks()
    template["HostConfig"]["NetworkMode"] = "b" * 64
    made = clone_spec(template, 3, IMAGE, (1, 41))
    assert list(made.body["NetworkingConfig"]["EndpointsConfig"]) == ["shop_back"]
    assert list(made.connect) == ["shop_default"]


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param({"Aliases": ["shop-users-1", "users", "db", ID[:12]]}, id="to 24: with the id"),
        pytest.param(
            {"Aliases": ["shop-users-1", "users", "db"], "DNSNames": ["shop-users-1", "users", "db", ID[:12]]},
            id="from 25: the id elsewhere",
        ),
    ],
)
def test_aliases_are_those_that_compose_gave_with_the_clones_own_name(facts: dict[str, Any]) -> None:
    made = clone_spec(two_networks(**facts), 3, IMAGE, (1, 45))
    assert endpoints(made)["shop_back"] == {"Aliases": ["shop-users-3", "users", "db"]}


def test_mac_addresses_are_never_copied_and_priorities_and_options_always() -> None:
    kept = {"GwPriority": 50, "DriverOpts": SYSCTLS, "Links": ["db-1:db"]}
    template = two_networks(**kept, EndpointID="e", Gateway="10.0.0.1", IPAddress="10.0.0.2", IPPrefixLen=24)
    template["Config"]["MacAddress"] = "02:42:ac:11:00:02"
    made = clone_spec(template, 3, IMAGE, (1, 48))
    assert endpoints(made)["shop_back"] == {**kept, "Aliases": ["shop-users-3", "users", "db"]}
    assert "MacAddress" not in made.body


def test_sysctls_stay_where_the_engine_has_put_them() -> None:
    template = two_networks(DriverOpts=SYSCTLS)
    template["HostConfig"]["Sysctls"] = {"net.core.somaxconn": "1024"}
    made = clone_spec(template, 3, IMAGE, (1, 48))
    assert made.body["HostConfig"]["Sysctls"] == {"net.core.somaxconn": "1024"}
    assert endpoints(made)["shop_back"]["DriverOpts"] == SYSCTLS


@pytest.mark.parametrize("bindings", [{"80/tcp": []}, {"80/tcp": [{"HostIp": "", "HostPort": ""}]}])
def test_an_empty_list_of_bindings_is_not_filled_in(bindings: dict[str, Any]) -> None:
    """Before API 1.53 the engine takes it for an ephemeral port, from then on for none: as inspect says it, it is."""
    made = clone_spec(inspected(HostConfig={"PortBindings": bindings}), 3, IMAGE, (1, 53))
    assert made.body["HostConfig"]["PortBindings"] == bindings


def test_unmasked_paths_stay_unmasked() -> None:
    made = clone_spec(inspected(HostConfig={"MaskedPaths": [], "ReadonlyPaths": None}), 3, IMAGE, (1, 41))
    assert made.body["HostConfig"]["MaskedPaths"] == []
    assert "ReadonlyPaths" not in made.body["HostConfig"]
