"""The shape of each of the engine's answers: what the targets read must be there, and of its type. Pure.

A key that the engine may leave out, or set to null, may be missing; all other keys are kept as they are.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Annotated, Any, NotRequired

from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, TypeAdapter, ValidationError, with_config
from typing_extensions import TypedDict

Json = dict[str, Any]

_SHAPE = with_config(ConfigDict(strict=True, extra="allow"))
MOST_SHOWN, MOST_NAMED = 3, 100  # problems in a message; more than that many are only counted
MOST_CHARACTERS = 80  # of a key in a message


def _is_instant(text: str) -> str:
    try:
        finite = math.isfinite(datetime.fromisoformat(text).timestamp())
    except OverflowError as error:
        raise ValueError(str(error)) from error
    if not finite:
        raise ValueError("not a time")
    return text


def _none_is_empty(value: object) -> object:
    return {} if value is None else value


Text = Annotated[str, Field(min_length=1)]
Count = Annotated[int, Field(ge=0, le=2**63 - 1)]
Instant = Annotated[str, AfterValidator(_is_instant)]
Labels = Annotated[dict[str, str], BeforeValidator(_none_is_empty)]
Words = list[str] | None
Word = str | None


@_SHAPE
class PublishedPort(TypedDict):
    PrivatePort: Count
    PublicPort: NotRequired[Count | None]
    Type: NotRequired[Word]
    IP: NotRequired[Word]


@_SHAPE
class Entry(TypedDict):
    """A container of the list call."""

    Id: Text
    Names: list[str] | None  # none while it is being removed
    Image: NotRequired[Word]
    ImageID: str
    State: Text
    Status: str
    Labels: Labels
    Ports: NotRequired[list[PublishedPort] | None]


@_SHAPE
class Healthcheck(TypedDict):
    Test: NotRequired[Words]
    Interval: NotRequired[Count | None]
    Timeout: NotRequired[Count | None]
    StartPeriod: NotRequired[Count | None]
    StartInterval: NotRequired[Count | None]
    Retries: NotRequired[Count | None]


@_SHAPE
class ContainerConfig(TypedDict):
    Image: str
    Labels: Labels
    Healthcheck: NotRequired[Healthcheck | None]
    StopTimeout: NotRequired[int | None]
    Hostname: NotRequired[Word]
    MacAddress: NotRequired[Word]
    Entrypoint: NotRequired[Words]
    Cmd: NotRequired[Words]
    Env: NotRequired[Words]
    Shell: NotRequired[Words]
    ExposedPorts: NotRequired[Json | None]


@_SHAPE
class Mount(TypedDict):
    Type: NotRequired[Word]
    Source: NotRequired[Word]
    Target: NotRequired[Word]


@_SHAPE
class PortBinding(TypedDict):
    HostPort: NotRequired[str]


@_SHAPE
class HostConfig(TypedDict):
    NetworkMode: str
    IpcMode: NotRequired[Word]
    PidMode: NotRequired[Word]
    UTSMode: NotRequired[Word]
    Binds: NotRequired[Words]
    Links: NotRequired[Words]
    VolumesFrom: NotRequired[Words]
    Mounts: NotRequired[list[Mount] | None]
    Tmpfs: NotRequired[dict[str, str] | None]
    PortBindings: NotRequired[dict[str, list[PortBinding] | None] | None]
    AutoRemove: NotRequired[bool | None]


@_SHAPE
class AddressConfig(TypedDict):
    IPv4Address: NotRequired[Word]
    IPv6Address: NotRequired[Word]


@_SHAPE
class Endpoint(TypedDict):
    IPAMConfig: NotRequired[AddressConfig | None]
    IPAddress: NotRequired[Word]
    NetworkID: NotRequired[Word]
    Aliases: NotRequired[Words]


@_SHAPE
class NetworkSettings(TypedDict):
    Networks: Annotated[dict[str, Endpoint], BeforeValidator(_none_is_empty)]


@_SHAPE
class HealthLogEntry(TypedDict):
    Start: str
    ExitCode: int
    Output: NotRequired[str]


@_SHAPE
class Health(TypedDict):
    Log: NotRequired[list[HealthLogEntry] | None]


@_SHAPE
class State(TypedDict):
    Running: bool
    ExitCode: int
    StartedAt: Instant
    Health: NotRequired[Health | None]


@_SHAPE
class MountPoint(TypedDict):
    Destination: Text
    Source: NotRequired[Word]


@_SHAPE
class Container(TypedDict):
    """An inspected container."""

    Id: Text
    Name: Text
    Image: str
    Created: Instant
    Path: NotRequired[Word]
    Args: NotRequired[Words]
    RestartCount: NotRequired[Count | None]
    State: State
    Config: ContainerConfig
    HostConfig: HostConfig
    NetworkSettings: NetworkSettings
    Mounts: NotRequired[list[MountPoint] | None]


@_SHAPE
class WithId(TypedDict):
    """An image, or what has just been created."""

    Id: Text


@_SHAPE
class Execution(TypedDict):
    """A command in a container; without an exit code as long as it runs."""

    Running: bool
    ExitCode: int | None


@_SHAPE
class Volume(TypedDict):
    Name: str
    Labels: Labels


@_SHAPE
class ChangedPath(TypedDict):
    Path: str
    Kind: int


@_SHAPE
class PathStat(TypedDict):
    mode: Count
    size: Count
    mtime: Instant


@_SHAPE
class Actor(TypedDict):
    ID: Text
    Attributes: Labels


@_SHAPE
class ContainerEvent(TypedDict):
    timeNano: Count
    Action: str
    Actor: Actor


class MalformedShape(Exception):
    """An answer that is not of its shape: where, and what is wrong there."""


@cache
def _adapter(shape: Any) -> TypeAdapter[Any]:
    return TypeAdapter(shape)


def checked(shape: Any, answer: object) -> Any:
    """Return the answer, with `{}` where labels or networks are null.

    Raises:
        MalformedShape: it is not of the shape.
    """
    try:
        return _adapter(shape).validate_python(answer)
    except ValidationError as error:
        raise MalformedShape(_in_words(error)) from error


def _in_words(error: ValidationError) -> str:
    if error.error_count() > MOST_NAMED:
        return f"{error.error_count()} problems"
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    shown = [f"{shown_key(*each['loc']) or 'all of it'}: {each['msg']}" for each in problems[:MOST_SHOWN]]
    more = len(problems) - len(shown)
    return "; ".join([*shown, *([f"and {more} more"] if more else [])])


def shown_key(*path: int | str) -> str:
    """Return where something is, for a message: foreign text is short, and without control characters."""
    text = ".".join(map(str, path))[:MOST_CHARACTERS]
    return text if text.isprintable() else ascii(text)


@dataclass(frozen=True, slots=True)
class MalformedEntry:
    """A container of a list that is not of its shape. `id` and `labels` as far as they can be read."""

    id: str | None
    labels: Mapping[str, object]
    why: str


@dataclass(frozen=True, slots=True)
class Containers:
    """The answer of the list call."""

    entries: list[Json]
    malformed: tuple[MalformedEntry, ...] = ()


def containers(answer: object) -> Containers:
    """Return the listed containers, each checked by itself.

    Raises:
        MalformedShape: it is no list.
    """
    if not isinstance(answer, list):
        raise MalformedShape(f"all of it: {type(answer).__name__} instead of a list")
    entries: list[Json] = []
    malformed: list[MalformedEntry] = []
    for entry in answer:
        try:
            entries.append(checked(Entry, entry))
        except MalformedShape as error:
            malformed.append(_malformed(entry, str(error)))
    return Containers(entries, tuple(malformed))


def _malformed(entry: object, why: str) -> MalformedEntry:
    facts = entry if isinstance(entry, dict) else {}
    found, labels = facts.get("Id"), facts.get("Labels")
    return MalformedEntry(found if isinstance(found, str) else None, labels if isinstance(labels, dict) else {}, why)
