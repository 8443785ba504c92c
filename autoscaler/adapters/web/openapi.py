"""The OpenAPI document of the HTTP API; the schemas come from the types of the answers."""

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from autoscaler import __version__
from autoscaler.adapters.web.request_bodies import LONGEST_SECONDS, OVERRIDE_SECONDS, PAUSE_SECONDS
from autoscaler.core.intervention import Intervention
from autoscaler.core.model import Direction
from autoscaler.events import Evaluation, OperationFinished
from autoscaler.formats import format_duration

Json = dict[str, Any]

_SCHEMAS = "#/components/schemas/"
_REFUSALS = {
    "400": "the body is invalid; the error says what is allowed",
    "401": "the token is missing or wrong",
    "403": "writing is off: the daemon has no token",
    "404": "no such service",
    "413": "the body is too long",
    "415": "the body must be JSON, with its content type",
}


@dataclass(frozen=True, slots=True)
class _Problem:
    """Why a request was refused, for people."""

    error: str


@dataclass(frozen=True, slots=True)
class _Health:
    """Whether the daemon is healthy, and the problem if not."""

    ok: bool
    message: str


@dataclass(frozen=True, slots=True)
class _Daemon:
    """The daemon as a whole; `notes` has a sentence for each special condition."""

    version: str
    interval_seconds: float
    dry_run: bool
    ok: bool
    message: str
    notes: list[str]


@dataclass(frozen=True, slots=True)
class _Recent:
    """The last half hour. A point: unix seconds, load by that rule, current, ready and desired replicas."""

    rule: str
    points: list[tuple[float, float | None, int, int, int]]


@dataclass(frozen=True, slots=True)
class _InForce:
    """The intervention in force; `warning` says why it may not survive a restart."""

    service: str
    intervention: Intervention
    warning: str | None


def document() -> Json:
    """Return the OpenAPI 3.1 document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "traefik-autoscaler", "version": __version__, "license": {"name": "Apache-2.0"}},
        "paths": {**_reading(), **_writing()},
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _reading() -> Json:
    since, until, limit = (
        _parameter(name, "query", text)
        for name, text in (
            ("since", "unix seconds"),
            ("until", "unix seconds"),
            ("limit", "the most entries"),
        )
    )
    gone = {"404": _refusal("404")}
    at = "/api/v1/services/{name}"
    return {
        "/api/v1/status": _get("The daemon as a whole", "Daemon"),
        "/api/v1/services": _get("Every service and its last evaluation", "Service", many=True),
        at: _get("One service and its last evaluation", "Service", _NAME, more=gone),
        f"{at}/decisions": _get(
            "The journal, newest first",
            "Account",
            _NAME,
            since,
            until,
            limit,
            many=True,
            more={**gone, "400": _refusal("400")},
        ),
        f"{at}/recent": _get("The last half hour as numbers", "Recent", _NAME, more=gone),
        "/healthz": _get("Is the loop alive", "Health", more={"503": _answer("it is not", "Health")}),
        "/readyz": _get("Is it ready", "Health", more={"503": _answer("it is not", "Health")}),
        "/metrics": {
            "get": {"summary": "Own metrics", "responses": {"200": {"description": "Prometheus' text format"}}}
        },
    }


def _writing() -> Json:
    at, length = "/api/v1/services/{name}", {"type": "string", "examples": ["30m"]}
    longest = format_duration(LONGEST_SECONDS)
    pause = {"for": {**length, "description": f"at most {longest}; default {format_duration(PAUSE_SECONDS)}"}}
    override = {"for": {**length, "description": f"at most {longest}; default {format_duration(OVERRIDE_SECONDS)}"}}
    replicas = {"replicas": {"type": "integer", "minimum": 1}}
    conflict = {"409": _answer("the service is paused"), "422": _answer("outside the bounds of its policy")}
    return {
        f"{at}/pause": _post("Decide, but act on nothing, for a while", pause),
        f"{at}/resume": _post("End a pause and an override", {}),
        f"{at}/scale": _post("Set the replica count for a while", {**replicas, **override}, ["replicas"], conflict),
        "/-/reload": {
            "post": {
                "summary": "Reload the policy file, whole or not at all",
                "security": [{"token": []}],
                "responses": {
                    "200": {"description": "it is in force"},
                    "422": _answer("it has mistakes; the previous one stays in force"),
                    **{code: _refusal(code) for code in _REFUSALS if code != "404"},
                },
            }
        },
    }


def _parameter(name: str, where: str, text: str) -> Json:
    schema = {"type": "string" if where == "path" else "number"}
    return {"name": name, "in": where, "required": where == "path", "description": text, "schema": schema}


_NAME = _parameter("name", "path", "the service's name; a slash in it as %2F")


def _get(summary: str, schema: str, *parameters: Json, many: bool = False, more: Json | None = None) -> Json:
    responses = {"200": _answer("as described", schema, many=many), **(more or {})}
    return {"get": {"summary": summary, "parameters": list(parameters), "responses": responses}}


def _post(summary: str, keys: Json, required: list[str] | None = None, more: Json | None = None) -> Json:
    body = {"type": "object", "properties": keys, "additionalProperties": False, "required": required or []}
    return {
        "post": {
            "summary": summary,
            "security": [{"token": []}],
            "parameters": [_NAME],
            "requestBody": {"required": bool(required), "content": {"application/json": {"schema": body}}},
            "responses": {
                "200": _answer("done", "Told"),
                **{code: _refusal(code) for code in _REFUSALS},
                **(more or {}),
            },
        }
    }


def _answer(text: str, schema: str = "Problem", *, many: bool = False) -> Json:
    shape: Json = {"$ref": f"{_SCHEMAS}{schema}"}
    shape = {"type": "array", "items": shape} if many else shape
    return {"description": text, "content": {"application/json": {"schema": shape}}}


def _refusal(code: str) -> Json:
    return _answer(_REFUSALS[code])


def _schemas() -> Json:
    named = {
        "Account": Evaluation,
        "Operation": OperationFinished,
        "Problem": _Problem,
        "Health": _Health,
        "Daemon": _Daemon,
        "Recent": _Recent,
        "Told": _InForce,
    }
    found: Json = {}
    for name, kind in named.items():
        schema = TypeAdapter(kind).json_schema(ref_template=_SCHEMAS + "{model}", mode="serialization")
        found.update(schema.pop("$defs", {}))
        found[name] = {**schema, "title": name}
    found["Decision"]["properties"]["direction"] = {"enum": [each.value for each in Direction]}
    found["Service"] = _service(found["Account"])
    return found


def _service(evaluation: Json) -> Json:
    """Return the schema of an evaluation with the service's other state; less before the first evaluation."""
    unknown = {"anyOf": [{"type": "number"}, {"type": "null"}]}
    properties = {
        **evaluation["properties"],
        "at": unknown,
        "action": {"anyOf": [{"$ref": f"{_SCHEMAS}Action"}, {"type": "null"}]},
        "min": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "max": {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        "operation": {"anyOf": [{"$ref": f"{_SCHEMAS}Operation"}, {"type": "null"}]},
    }
    required = ["service", "at", "action", "error", "decision", "rules", "min", "max"]
    description = "A service, and its last evaluation."
    return {
        "type": "object",
        "title": "Service",
        "description": description,
        "properties": properties,
        "required": required,
    }
