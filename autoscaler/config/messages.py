"""Turns a pydantic error into one line for the operator: file, line, key, the bad value and what is allowed."""

import difflib
from collections.abc import Mapping
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from autoscaler.config.layers import Layers, locate
from autoscaler.config.sizes import cut
from autoscaler.config.yaml_nodes import Place
from autoscaler.formats import without_credentials


def describe_error(error: ErrorDetails, model: type[BaseModel], layers: Layers) -> str:
    """Return the problem with its location in the layers."""
    inner = error["loc"][:-1] if error["loc"][-1:] == ("[key]",) else error["loc"]  # pydantic's mark of a bad key
    return locate(layers, inner, cut(_message(error, model, inner)))


def _message(error: ErrorDetails, model: type[BaseModel], inner: Place) -> str:
    kind, context = error["type"], error.get("ctx", {})
    if kind == "extra_forbidden":
        return _unknown_key(str(inner[-1]), allowed_keys(model, inner[:-1]))
    if kind == "missing":
        return "is missing; it is required"
    if kind == "too_long":
        return f"has {len(error['input'])} entries; at most {context['max_length']} are allowed"
    if kind == "value_error":
        text, value = error["msg"].removeprefix("Value error, "), error["input"]
        named = isinstance(value, BaseModel | Mapping) or text.endswith(f"not {value!r}")
        return text if named else f"{text}{_not(value, inner)}"
    if kind == "string_pattern_mismatch":
        text = f"must look like {_EXAMPLES.get(context['pattern'], context['pattern'])}"
    else:
        text = _PLAIN[kind].format_map(context) if kind in _PLAIN else f"{error['msg'][0].lower()}{error['msg'][1:]}"
    return f"{text}{_not(error['input'], inner)}"


_EXAMPLES: Mapping[str, str] = {
    r"^[a-zA-Z0-9][a-zA-Z0-9_.-]*$": "a Compose name (letters, digits, _ . -)",
    r"^[^:]*$": "a user name (without a colon)",
    r"^[^@\s]+@[^@\s]+$": "name@provider, such as userservice@docker",
}

_PLAIN: Mapping[str, str] = {
    "int_type": "must be a whole number",
    "int_parsing": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false",
    "string_type": "must be text",
    "string_too_short": "must not be empty",
    "dict_type": "must be a mapping",
    "model_type": "must be a mapping",
    "list_type": "must be a list",
    "greater_than": "must be above {gt}",
    "greater_than_equal": "must be at least {ge}",
    "less_than": "must be below {lt}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must have at least one entry",
    "enum": "must be one of {expected}",
    "literal_error": "must be {expected}",
}


def _unknown_key(key: str, allowed: list[str]) -> str:
    close = difflib.get_close_matches(key, allowed, n=1)
    hint = f"did you mean `{close[0]}`? " if close else ""
    return f"unknown key `{key}`; {hint}allowed here: {', '.join(allowed)}"


def _not(value: object, inner: Place) -> str:
    """Return the value for the end of a sentence; of one that may hold a secret nothing, or what is none."""
    if inner[:2] in {("prometheus", "headers"), ("prometheus", "basic_auth")}:
        return ""
    url = inner[-1:] in {("url",), ("api_url",)} and isinstance(value, str)
    return f", not {_shown(without_credentials(str(value)) if url else value)}"


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
    return list(fields_of(found)) if isinstance(found, type) and issubclass(found, BaseModel) else []


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Return the fields of a model, by their keys in the file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _step(annotation: Any, part: str | int) -> Any:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return _model_in(fields_of(annotation)[str(part)].annotation)
    return _model_in(get_args(annotation)[-1] if get_args(annotation) else None)


def _model_in(annotation: Any) -> Any:
    """Return the type within Optional and Annotated."""
    if get_origin(annotation) in {Union, UnionType, Annotated}:
        return _model_in(next((arg for arg in get_args(annotation) if arg is not type(None)), None))
    return annotation
