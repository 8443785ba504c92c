"""The OpenAPI document is valid, names every route, and describes what is really answered."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from autoscaler.adapters.web.openapi import document
from autoscaler.core.decide import decide
from autoscaler.core.memory import Memory
from autoscaler.core.model import Direction, Reading, ReadingKind
from autoscaler.events import OperationFinished, ServicesChanged
from tests.support.builders import LATENCY, NOW, THROUGHPUT, policy, seen
from tests.support.web_site import Site

DOCUMENT = document()


POLICY = policy(THROUGHPUT, LATENCY)
CONFLICT, GOOD = 409, 200


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site(POLICY, token="secret")
    site.start()
    yield site
    site.server.stop(2)


def test_the_document_is_valid() -> None:
    validate(DOCUMENT)


def test_every_route_of_the_api_is_described_and_no_other(site: Site) -> None:
    served = {
        (route.path, method.lower()) for route in site.routes for method in route.methods or () if method != "HEAD"
    }
    pages = {("/", "get"), ("/page/{file}", "get"), ("/api/v1/openapi.json", "get")}
    assert served - pages == {(path, method) for path, item in DOCUMENT["paths"].items() for method in item}


def checked(answer: httpx.Response, path: str, method: str = "get") -> Any:
    """The body of an answer, which must have the shape that the document says."""
    content = DOCUMENT["paths"][path][method]["responses"][str(answer.status_code)]["content"]
    schema = {**content["application/json"]["schema"], "components": DOCUMENT["components"]}
    Draft202012Validator(schema).validate(answer.json())
    return answer.json()


def test_what_is_answered_has_the_shape_that_is_described(site: Site) -> None:
    one = "/api/v1/services/{name}"
    site.emit(ServicesChanged({"userservice": POLICY}, {"mail": "labels of shop/mail: autoscaler.x: unknown key"}))
    checked(site.get("/api/v1/services"), "/api/v1/services")
    for load in (Reading.of(200.0), Reading(ReadingKind.STALE)):
        site.decided(decide(POLICY, seen(2, {"throughput": load, "p95": 0.1}), Memory(), NOW)[0])
    site.emit(OperationFinished("userservice", Direction.UP, "above_target", 2, 4, NOW, 3.0))
    told = checked(site.get("/api/v1/services"), "/api/v1/services")
    assert [service["service"] for service in told] == ["userservice", "mail"]
    checked(site.get("/api/v1/services/userservice"), one)
    checked(site.get("/api/v1/services/nobody"), one)
    assert checked(site.get("/api/v1/services/userservice/decisions"), f"{one}/decisions")
    checked(site.get("/api/v1/services/userservice/decisions?limit=x"), f"{one}/decisions")
    assert checked(site.get("/api/v1/services/userservice/recent"), f"{one}/recent")["points"]
    for path in ("/api/v1/status", "/healthz", "/readyz"):
        checked(site.get(path), path)


@pytest.mark.parametrize(
    ("action", "body", "status"),
    [
        ("pause", {"for": "1h"}, 200),
        ("scale", {"replicas": 4}, 409),
        ("resume", {}, 200),
        ("scale", {"replicas": 4, "for": "5m"}, 200),
        ("scale", {"replicas": 99}, 422),
        ("scale", {"replicas": "x"}, 400),
    ],
)
def test_what_is_written_is_answered_as_described(site: Site, action: str, body: object, status: int) -> None:
    if status == CONFLICT:
        site.post("/api/v1/services/userservice/pause", {"for": "1h"})
    answer = site.post(f"/api/v1/services/userservice/{action}", body)
    assert answer.status_code == status
    checked(answer, f"/api/v1/services/{{name}}/{action}", "post")
