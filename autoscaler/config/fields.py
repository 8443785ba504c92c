"""The field types of the policy file, with their checks and conversions."""

import math
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainValidator

from autoscaler.formats import Address, format_duration, is_http_url, parse_duration

NAME = r"^[a-zA-Z0-9][a-zA-Z0-9_.-]*$"


class Model(BaseModel):
    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True, strict=True)


def between(least_seconds: float, most_seconds: float) -> AfterValidator:
    """Allow durations within the range only, ends included."""

    def check(seconds: float) -> float:
        if least_seconds <= seconds <= most_seconds:
            return seconds
        raise ValueError(f'must be between "{format_duration(least_seconds)}" and "{format_duration(most_seconds)}"')

    return AfterValidator(check)


def shared(default: object) -> Any:
    """Return a field with this default, which no one changes: pydantic copies others for every model."""
    return Field(default_factory=lambda: default)


def off_or(model: type[BaseModel], words: str) -> BeforeValidator:
    """Allow `off`, which becomes None, and a mapping for the model; `words` describe the mapping."""

    def check(value: object) -> object:
        if value == "off":
            return None
        if isinstance(value, dict | model):
            return value
        raise ValueError(f"must be off, or a mapping {words}")

    return BeforeValidator(check)


def _above_zero(seconds: float) -> float:
    if seconds <= 0:
        raise ValueError('must be above "0s"')
    return seconds


def _number_or_text(value: object) -> object:
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        return value
    raise ValueError("must be a number, or for a latency a duration")


LONGEST_SECONDS = 366 * 86_400.0  # much longer ones overflow sockets and calendars
AnyDuration = Annotated[float, BeforeValidator(parse_duration)]
Duration = Annotated[AnyDuration, between(0.0, LONGEST_SECONDS)]
SomeDuration = Annotated[Duration, AfterValidator(_above_zero)]
Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]
Tolerance = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1, le=1000)]
Bound = Annotated[int | float | str, PlainValidator(_number_or_text)]  # a duration for a latency, else a number


def number(key: str, value: Bound) -> float:
    """Return the finite number.

    Raises:
        ValueError: the value is text, or not finite.
    """
    if isinstance(value, str):
        raise ValueError(f"`{key}` must be a number, not {value!r}")  # noqa: TRY004  pydantic wants ValueError
    try:
        finite = math.isfinite(value)
    except OverflowError:
        finite = False
    if not finite:
        raise ValueError(f"`{key}` must be a finite number")
    return float(value)


def latency(key: str, value: Bound) -> float:
    """Return the seconds of a latency.

    Raises:
        ValueError: the value is no duration.
    """
    try:
        return parse_duration(value)
    except ValueError as error:
        raise ValueError(f"`{key}` of a latency {error}, not {value!r}") from error


def check_url(value: str) -> Address:
    """Return the URL, which shows no credentials.

    Raises:
        ValueError: it is no http or https URL; the message names what is allowed.
    """
    if not is_http_url(value):
        raise ValueError("must be a URL such as http://prometheus:9090")
    return Address(value)


Url = Annotated[str, AfterValidator(check_url)]
AnyAddress = Annotated[Address, PlainValidator(Address)]  # of a variable
