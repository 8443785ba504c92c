"""Turns a pydantic error into one line for the operator: file, line, key, the bad value and what is allowed."""

import difflib
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from autoscaler.config.layers import Layers, locate
from autoscaler.config.yaml_tree import Place

_OWN = ("Value error, ", "Assertion failed, ")


def describe_error(error: ErrorDetails, model: type[BaseModel], layers: Layers) -> str:
    """Return the problem with its location in the layers."""
    inner = _place(error["loc"])
    return locate(layers, inner, _message(error, model, inner))


def _place(parts: Place) -> Place:
    """Drop pydantic's mark for a key that is itself bad."""
    return parts[:-1] if parts[-1:] == ("[key]",) else parts


def _message(error: ErrorDetails, model: type[BaseModel], inner: Place) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(str(inner[-1]), allowed_keys(model, inner[:-1]))
    if kind == "missing":
        return "is missing; it is required"
    if kind == "value_error":
        text = error["msg"]
        for prefix in _OWN:
            text = text.removeprefix(prefix)
        return text if _names_value(text, error["input"]) else f"{text}, not {_shown(error['input'])}"
    text = _PLAIN[kind](context) if kind in _PLAIN else f"{error['msg'][0].lower()}{error['msg'][1:]}"
    return f"{text}, not {_shown(error['input'])}"


def _names_value(text: str, value: object) -> bool:
    return isinstance(value, BaseModel | Mapping) or text.endswith(f"not {value!r}")


_EXAMPLES: Mapping[str, str] = {
    r"^[a-zA-Z0-9][a-zA-Z0-9_.-]*$": "a Compose name (letters, digits, _ . -)",
    r"^[^@\s]+@[^@\s]+$": "name@provider, such as userservice@docker",
}

_PLAIN: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "int_type": lambda _: "must be a whole number",
    "int_parsing": lambda _: "must be a whole number",
    "float_type": lambda _: "must be a number",
    "float_parsing": lambda _: "must be a number",
    "finite_number": lambda _: "must be a finite number",
    "bool_type": lambda _: "must be true or false",
    "string_type": lambda _: "must be text",
    "string_too_short": lambda _: "must not be empty",
    "dict_type": lambda _: "must be a mapping",
    "model_type": lambda _: "must be a mapping",
    "list_type": lambda _: "must be a list",
    "greater_than": lambda context: f"must be above {context['gt']}",
    "greater_than_equal": lambda context: f"must be at least {context['ge']}",
    "less_than": lambda context: f"must be below {context['lt']}",
    "less_than_equal": lambda context: f"must be at most {context['le']}",
    "too_short": lambda _: "must have at least one entry",
    "enum": lambda context: f"must be one of {context['expected']}",
    "literal_error": lambda context: f"must be {context['expected']}",
    "string_pattern_mismatch": lambda context: (
        f"must look like {_EXAMPLES.get(context['pattern'], context['pattern'])}"
    ),
}


def _unknown_key(key: str, allowed: list[str]) -> str:
    close = difflib.get_close_matches(key, allowed, n=1)
    hint = f"did you mean `{close[0]}`? " if close else ""
    return f"unknown key `{key}`; {hint}allowed here: {', '.join(allowed)}"


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing"
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."  # noqa: PLR2004


def allowed_keys(model: type[BaseModel], place: Place) -> list[str]:
    """Return the keys that a mapping at that place may have."""
    found: Any = model
    for part in place:
        found = _step(found, part)
    return keys_of(found) if isinstance(found, type) and issubclass(found, BaseModel) else []


def keys_of(model: type[BaseModel]) -> list[str]:
    """Return the keys of a model, as written in the file."""
    return [field.alias or name for name, field in model.model_fields.items()]


def _step(annotation: Any, part: str | int) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        fields = {field.alias or name: field for name, field in annotation.model_fields.items()}
        return _model_in(fields[str(part)].annotation)
    return _model_in(get_args(annotation)[-1] if get_args(annotation) else None)


def _model_in(annotation: Any) -> Any:
    """Return the type within Optional and Annotated."""
    if get_origin(annotation) in {Union, UnionType, Annotated}:
        return _model_in(next((arg for arg in get_args(annotation) if arg is not type(None)), None))
    return annotation
