"""Small makers of what the engine says: a list entry, and an inspected container."""

from typing import Any

ID = "0123456789ab" + "c" * 52


def listed(number: int, **facts: Any) -> dict[str, Any]:
    """One entry of the list call: a healthy replica, unless the facts say otherwise."""
    labels = {
        "com.docker.compose.project": "shop",
        "com.docker.compose.service": "users",
        "com.docker.compose.container-number": str(number),
        "com.docker.compose.config-hash": "abc",
        "com.docker.compose.oneoff": "False",
        **facts.pop("labels", {}),
    }
    return {
        "Id": f"id{number}",
        "Names": [f"/shop-users-{number}"],
        "ImageID": "sha256:1",
        "State": "running",
        "Status": "Up 5 minutes (healthy)",
        "Labels": labels,
        **facts,
    }


def clone(number: int, **facts: Any) -> dict[str, Any]:
    """One entry of the list call for a clone of ours."""
    return listed(number, labels={"io.traefik-autoscaler.clone-of": "shop-users-1"}, **facts)


def inspected(**changes: Any) -> dict[str, Any]:
    """An inspected replica; `Config=…`, `HostConfig=…` and so on are laid over its own."""
    container: dict[str, Any] = {
        "Id": ID,
        "Name": "/shop-users-1",
        "Image": "sha256:1",
        "Config": {
            "Hostname": ID[:12],
            "Image": "users:latest",
            "Env": ["A=1"],
            "Entrypoint": ["/run"],
            "Labels": {
                "com.docker.compose.project": "shop",
                "com.docker.compose.service": "users",
                "com.docker.compose.container-number": "1",
                "com.docker.compose.config-hash": "abc",
                "com.docker.compose.oneoff": "False",
            },
        },
        "HostConfig": {"NetworkMode": "shop_default", "Binds": None, "Mounts": None, "Links": None},
        "NetworkSettings": {
            "Networks": {
                "shop_default": {
                    "Aliases": ["shop-users-1", "users", ID[:12]],
                    "IPAMConfig": None,
                    "MacAddress": "02:42:ac:11:00:02",
                    "IPAddress": "172.17.0.2",
                }
            }
        },
    }
    for key, value in changes.items():
        container[key] = {**container[key], **value} if isinstance(value, dict) else value
    return container


IMAGE = {"Id": "sha256:1", "Config": {"Entrypoint": ["/image"]}}
