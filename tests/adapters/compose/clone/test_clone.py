"""The recipe: a clone differs from its template in what must differ, and in nothing else."""

from typing import Any

import pytest

from autoscaler.adapters.compose.clone.spec import CloneSpec, clone_spec
from tests.support.engine_answers import ID, IMAGE, inspected

OLD, NEW = (1, 41), (1, 47)
VOLUME = "f" * 64


def spec(template: dict[str, Any], image: dict[str, Any] | None = IMAGE, api: tuple[int, ...] = OLD) -> CloneSpec:
    return clone_spec(template, 3, image, api)


def test_name_number_and_origin_are_its_own_and_all_other_labels_the_same() -> None:
    template = inspected()
    made = spec(template)
    labels = made.body["Labels"]
    assert (made.name, labels["com.docker.compose.container-number"]) == ("shop-users-3", "3")
    assert labels["io.traefik-autoscaler.clone-of"] == "shop-users-1"
    assert labels["com.docker.compose.config-hash"] == "abc"
    assert made.body["Env"] == template["Config"]["Env"]


def test_the_template_is_left_as_it_was() -> None:
    template = inspected()
    spec(template)
    assert template == inspected()


def test_the_separator_of_the_name_is_the_templates() -> None:
    assert spec(inspected(Name="/shop_users_1")).name == "shop_users_3"


def test_the_mark_of_a_recreation_is_not_copied() -> None:
    labels = {**inspected()["Config"]["Labels"], "com.docker.compose.replace": "shop-users-1"}
    assert "com.docker.compose.replace" not in spec(inspected(Config={"Labels": labels})).body["Labels"]


@pytest.mark.parametrize(
    ("config", "host", "kept"),
    [
        pytest.param({}, {}, None, id="the engine's own, made of the id"),
        pytest.param({"Hostname": "users"}, {}, "users", id="one that was configured"),
        pytest.param({"Hostname": "users"}, {"NetworkMode": "host"}, "users", id="one beside the host's network"),
        pytest.param({"Hostname": "users"}, {"NetworkMode": "container:x"}, None, id="with another's network"),
        pytest.param({"Hostname": "users"}, {"UTSMode": "host"}, None, id="with the host's names"),
    ],
)
def test_only_a_configured_hostname_is_copied(config: dict[str, str], host: dict[str, str], kept: str | None) -> None:
    assert spec(inspected(Config=config, HostConfig=host)).body.get("Hostname") == kept


@pytest.mark.parametrize(
    ("image", "name"),
    [
        pytest.param(IMAGE, "users:latest", id="the name still means the same image"),
        pytest.param({**IMAGE, "Id": "sha256:2"}, "sha256:1", id="the name has moved"),
        pytest.param(None, "sha256:1", id="the name is gone"),
    ],
)
def test_every_replica_runs_the_same_image(image: dict[str, Any] | None, name: str) -> None:
    assert spec(inspected(), image).body["Image"] == name


def test_a_cleared_entrypoint_stays_cleared() -> None:
    assert spec(inspected(Config={"Entrypoint": None})).body["Entrypoint"] == [""]


def test_aliases_are_the_services_and_the_users_and_its_own_name() -> None:
    endpoint = {"Aliases": ["shop-users-1", "users", "www", ID[:12]]}
    made = spec(inspected(NetworkSettings={"Networks": {"shop_default": endpoint}}))
    endpoints = made.body["NetworkingConfig"]["EndpointsConfig"]
    assert endpoints == {"shop_default": {"Aliases": ["shop-users-3", "users", "www"]}}


def test_addresses_of_the_template_are_not_copied_and_options_are() -> None:
    endpoint = {
        "MacAddress": "02:42",
        "IPAddress": "172.17.0.2",
        "NetworkID": "n",
        "GwPriority": 1,
        "DriverOpts": {"a": "b"},
    }
    made = spec(inspected(NetworkSettings={"Networks": {"shop_default": endpoint}}))
    kept = made.body["NetworkingConfig"]["EndpointsConfig"]["shop_default"]
    assert kept == {"GwPriority": 1, "DriverOpts": {"a": "b"}, "Aliases": ["shop-users-3", "users"]}


@pytest.mark.parametrize(
    ("api", "created", "connected"),
    [
        pytest.param(OLD, ["shop_default"], ["shop_back"], id="an old engine takes one network at creation"),
        pytest.param(NEW, ["shop_default", "shop_back"], [], id="a new one takes all"),
    ],
)
def test_further_networks(api: tuple[int, ...], created: list[str], connected: list[str]) -> None:
    made = spec(inspected(NetworkSettings={"Networks": {"shop_default": {}, "shop_back": {}}}), api=api)
    assert list(made.body["NetworkingConfig"]["EndpointsConfig"]) == created
    assert list(made.connect) == connected


@pytest.mark.parametrize("mode", ["host", "none", "bridge", "default", "container:abc"])
def test_networks_without_names_get_no_aliases(mode: str) -> None:
    made = spec(inspected(HostConfig={"NetworkMode": mode}))
    assert (made.body["NetworkingConfig"], made.connect) == ({"EndpointsConfig": {}}, {})


def test_anonymous_volumes_are_new_and_named_ones_shared() -> None:
    mounts = [
        {"Type": "volume", "Source": VOLUME, "Target": "/data"},
        {"Type": "volume", "Source": "shop_named", "Target": "/named"},
        {"Type": "bind", "Source": "/etc", "Target": "/etc2"},
    ]
    binds = [f"{VOLUME}:/old:rw", "shop_named:/x:rw", "/srv:/srv:ro"]
    host = spec(inspected(HostConfig={"Mounts": mounts, "Binds": binds})).body["HostConfig"]
    assert [mount["Source"] for mount in host["Mounts"]] == ["", "shop_named", "/etc"]
    assert host["Binds"] == ["/old", "shop_named:/x:rw", "/srv:/srv:ro"]


def test_links_are_written_as_create_wants_them() -> None:
    host = spec(inspected(HostConfig={"Links": ["/shop-db-1:/shop-users-1/db"]})).body["HostConfig"]
    assert host["Links"] == ["shop-db-1:db"]
