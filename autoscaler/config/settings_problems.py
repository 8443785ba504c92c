"""Describes problems of the environment, one line each."""

import difflib
import os
from collections.abc import Iterable, Mapping
from typing import Any

from autoscaler.formats import without_credentials

PREFIX = "AUTOSCALER_"


def unknown_variables(fields: Iterable[str]) -> list[str]:
    """Return a line for each variable with the autoscaler's prefix that is not one of these fields."""
    known = [PREFIX + name.upper() for name in fields]
    return [
        f"{name}: unknown variable{_hint(name, known)}"
        for name in sorted(os.environ)
        if name.startswith(PREFIX) and name not in known
    ]


def _hint(name: str, known: list[str]) -> str:
    endings = [each.removeprefix(PREFIX) for each in known]
    close = difflib.get_close_matches(name.removeprefix(PREFIX), endings, n=1)
    return f"; did you mean {PREFIX}{close[0]}?" if close else f"; known are {', '.join(known)}"


def problem(facts: Mapping[str, Any]) -> str:
    """Return pydantic's problem of a variable as a line for the operator, without the value of a secret."""
    name = PREFIX + str(facts["loc"][0]).upper() if facts["loc"] else "environment"
    message = str(facts["msg"]).removeprefix("Value error, ")
    value = without_credentials(facts["input"]) if name.endswith("URL") else facts["input"]
    shown = "" if {"TOKEN", "SECRET"} & set(name.split("_")) or not facts["loc"] else f", not {value!r}"
    return f"{name}: {message}{shown}"
