"""The OpenAPI document of the HTTP API; the schemas come from the types of the answers."""

from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from autoscaler import __version__
from autoscaler.adapters.web.request_bodies import LONGEST_SECONDS, OVERRIDE_SECONDS, PAUSE_SECONDS
from autoscaler.core.intervention import Intervention
from autoscaler.core.model import Direction
from autoscaler.events import Condition, Evaluation, OperationFinished
from autoscaler.formats import format_duration

Json = dict[str, Any]

_SERVICE = "/api/v1/services/{name}"
_SCHEMAS = "#/components/schemas/"
_REFUSALS = {
    "400": "the body is invalid; the error says what is allowed",
    "401": "the token is missing or wrong",
    "403": "writing is off: the daemon has no token",
    "404": "no such service",
    "413": "the body is too long",
    "415": "the body must be JSON, with its content type",
    "421": "the Host is no known name of this daemon",
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
    """The daemon as a whole; `notes` has a sentence for each special situation, `services` each one's condition."""

    version: str
    interval_seconds: float
    dry_run: bool
    ok: bool
    message: str
    notes: list[str]
    services: dict[str, Condition]


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
        "components": {"schemas": _schemas(), "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _reading() -> Json:
    span = [_parameter("since", "query", "unix seconds"), _parameter("until", "query", "unix seconds")]
    limit = _parameter("limit", "query", "the most entries")
    elsewhere = {"421": _refusal("421")}
    gone, invalid = {"404": _refusal("404"), **elsewhere}, {"400": _refusal("400")}
    sick = {"503": _answer("it is not", "Health")}
    return {
        "/api/v1/status": _get("The daemon as a whole", "Daemon", more=elsewhere),
        "/api/v1/services": _get("Every service and its last evaluation", "Service", many=True, more=elsewhere),
        _SERVICE: _get("One service and its last evaluation", "Service", _NAME, more=gone),
        f"{_SERVICE}/decisions": _get(
            "The journal, newest first", "Evaluation", _NAME, *span, limit, many=True, more={**gone, **invalid}
        ),
        f"{_SERVICE}/recent": _get("The last half hour as numbers", "Recent", _NAME, more=gone),
        "/healthz": _get("Is the loop alive", "Health", more=sick),
        "/readyz": _get("Is it ready", "Health", more=sick),
        "/metrics": {
            "get": {"summary": "Own metrics", "responses": {"200": {"description": "Prometheus' text format"}}}
        },
    }


def _writing() -> Json:
    override = {"replicas": {"type": "integer", "minimum": 1}, **_length(OVERRIDE_SECONDS)}
    conflict = {"409": _answer("the service is paused"), "422": _answer("outside the bounds of its policy")}
    return {
        f"{_SERVICE}/pause": _post("Decide, but act on nothing, for a while", _length(PAUSE_SECONDS)),
        f"{_SERVICE}/resume": _post("End a pause and an override", {}),
        f"{_SERVICE}/scale": _post("Set the replica count for a while", override, ["replicas"], conflict),
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


def _length(default_seconds: float) -> Json:
    text = f"at most {format_duration(LONGEST_SECONDS)}; default {format_duration(default_seconds)}"
    return {"for": {"type": "string", "examples": ["30m"], "description": text}}


def _parameter(name: str, where: str, text: str) -> Json:
    schema = {"type": "string" if where == "path" else "number"}
    return {"name": name, "in": where, "required": where == "path", "description": text, "schema": schema}


_NAME = _parameter("name", "path", "the service's name; a slash in it as %2F")


def _get(summary: str, schema: str, *parameters: Json, many: bool = False, more: Json | None = None) -> Json:
    responses = {"200": _answer("as described", schema, many=many), **(more or {})}
    return {"get": {"summary": summary, "parameters": list(parameters), "responses": responses}}


def _post(summary: str, keys: Json, required: list[str] | None = None, more: Json | None = None) -> Json:
    body = {"type": "object", "properties": keys, "additionalProperties": False, "required": required or []}
    refusals = {code: _refusal(code) for code in _REFUSALS}
    return {
        "post": {
            "summary": summary,
            "security": [{"token": []}],
            "parameters": [_NAME],
            "requestBody": {"required": bool(required), "content": {"application/json": {"schema": body}}},
            "responses": {"200": _answer("done", "InForce"), **refusals, **(more or {})},
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
        "Evaluation": Evaluation,
        "Operation": OperationFinished,
        "Problem": _Problem,
        "Health": _Health,
        "Daemon": _Daemon,
        "Recent": _Recent,
        "InForce": _InForce,
    }
    found: Json = {}
    for name, kind in named.items():
        schema = TypeAdapter(kind).json_schema(ref_template=_SCHEMAS + "{model}", mode="serialization")
        found.update(schema.pop("$defs", {}))
        found[name] = {**schema, "title": name}
    found["Decision"]["properties"]["direction"] = {"enum": [each.value for each in Direction]}
    found["Service"] = _service(found["Evaluation"])
    return found


def _service(evaluation: Json) -> Json:
    """Return the schema of an evaluation with the service's other state; less before the first evaluation."""
    optional = {
        "at": {"type": "number"},
        "action": {"$ref": f"{_SCHEMAS}Action"},
        "condition": {"$ref": f"{_SCHEMAS}Condition"},
        "min": {"type": "integer"},
        "max": {"type": "integer"},
        "operation": {"$ref": f"{_SCHEMAS}Operation"},
    }
    nullable = {name: {"anyOf": [schema, {"type": "null"}]} for name, schema in optional.items()}
    return {
        "type": "object",
        "title": "Service",
        "description": "A service, and its last evaluation.",
        "properties": {**evaluation["properties"], **nullable},
        "required": ["service", "at", "action", "condition", "error", "decision", "rules", "min", "max"],
    }
