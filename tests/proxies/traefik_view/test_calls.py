"""The calls of Traefik's provider pass; all others are refused."""

import pytest

from autoscaler.proxies.traefik_view.calls import Call, Kind, permitted

ID = "4c322d7741fd"
OTHER_METHODS = ("POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD", "get", "CONNECT")


@pytest.mark.parametrize("version", ["", "/v1.24", "/v1.41", "/v1.52"])
@pytest.mark.parametrize(
    ("method", "path", "call"),
    [
        ("GET", "/_ping", Call(Kind.PING, "")),
        ("HEAD", "/_ping", Call(Kind.PING, "")),
        ("GET", "/version", Call(Kind.VERSION, "")),
        ("GET", "/events?filters=%7B%22type%22%3A%5B%22container%22%5D%7D", Call(Kind.EVENTS, "")),
        ("GET", "/containers/json", Call(Kind.LIST, "")),
        ("GET", "/containers/json?limit=0", Call(Kind.LIST, "")),
        ("GET", "/containers/json?all=0", Call(Kind.LIST, "")),
        ("GET", "/containers/json?all=1", Call(Kind.LIST, "", stopped_too=True)),
        ("GET", "/containers/json?all=true", Call(Kind.LIST, "", stopped_too=True)),
        ("GET", f"/containers/{ID}/json", Call(Kind.INSPECT, "", ID)),
        ("GET", "/containers/shop-web_1.x/json", Call(Kind.INSPECT, "", "shop-web_1.x")),
    ],
)
def test_traefiks_calls_pass(method: str, path: str, call: Call, version: str) -> None:
    expected = Call(call.kind, version, call.container, call.stopped_too)
    assert permitted(method, version + path, has_body=False) == expected


@pytest.mark.parametrize(
    ("method", "target"),
    [
        *((method, f"/v1.41{path}") for method in OTHER_METHODS
          for path in ("/version", "/containers/json", f"/containers/{ID}/json", "/events")),
        ("POST", "/_ping"),
        *(("GET", path) for path in (
            "/", "", "/info", "/images/json", "/networks", "/volumes", "/secrets", "/configs", "/services", "/tasks",
            "/swarm", "/nodes", "/plugins", "/system/df", "/exec/1/json", "/auth", "/build", "/session", "/grpc",
            f"/containers/{ID}/logs", f"/containers/{ID}/archive", f"/containers/{ID}/changes", f"/containers/{ID}/top",
            f"/containers/{ID}/stats", f"/containers/{ID}/export", f"/containers/{ID}/attach", "/containers//json",
            f"/containers/{ID}/json/", "/containers/../json", f"/containers/{ID}/../x/json", "/v1.41//version",
            f"/containers/{ID}%2fjson/json", "/v2.0/version", "/v1/version", "/v1.41/v1.41/version", "//version",
            "http://docker/version", f"/containers/{ID}\n/json", "/version#", "/containers/json/../../info",
            f"/containers/{'a' * 300}/json",
        )),
    ],
)  # fmt: skip
def test_all_other_calls_are_refused(method: str, target: str) -> None:
    assert permitted(method, target, has_body=False) is None


def test_a_call_with_a_body_is_refused() -> None:
    assert permitted("GET", "/version", has_body=True) is None
