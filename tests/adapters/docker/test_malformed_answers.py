"""An engine that answers what no engine answers: the call is unavailable, and nothing else is raised."""

import base64
import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.adapters.docker.answers import Container, Entry, MalformedShape, checked, containers
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.docker.errors import EngineError
from autoscaler.adapters.docker.event_stream import EngineEvent
from autoscaler.errors import MalformedAnswer, TargetUnavailable
from autoscaler.ports.observers import discard
from tests.support.recorded_engine import RECORDED, RecordedEngine, mutations

ONE = RECORDED["inspect"]["Id"]
COMMAND = ["true"]


def engine_of(url: str) -> Engine:
    return Engine(url, timeout_seconds=5.0, emit=discard)


def events(engine: Engine) -> list[EngineEvent]:
    return list(engine.events(["create"], [], None, quiet_seconds=1.0).events(after=None))


ASKED: dict[str, Callable[[Engine], object]] = {
    "version": lambda engine: engine.api_version,
    "list": lambda engine: engine.containers({}),
    "inspect": lambda engine: engine.inspect(ONE),
    "image": lambda engine: engine.image("python:3.13-slim"),
    "create": lambda engine: engine.create("shop-web-3", {}),
    "exec create": lambda engine: engine.exec.run(ONE, COMMAND, timeout_seconds=1.0),
    "exec inspect": lambda engine: engine.exec.run(ONE, COMMAND, timeout_seconds=1.0),
    "changes": lambda engine: engine.files.changed(ONE),
    "stat": lambda engine: engine.files.stat(ONE, "/run/secrets/token"),
    "archive": lambda engine: engine.files.read(ONE, "/run/secrets/token"),
    "volume": lambda engine: engine.volume_labels("shop_data"),
}
BAD = {
    "null": b"null",
    "a list of null": b"[null]",
    "a number": b"7",
    "a text": b'"x"',
    "an empty text": b'""',
    "too deep": b"[" * 100_000,
    "truncated": b'{"Id": "12',
    "nothing": b"",
    "no text": b"\xff\xfe\x00",
}
WITHOUT_AN_ID = b'{"timeNano": 1, "Action": "die", "Actor": {"Attributes": {}}}'


@pytest.mark.parametrize("call", ASKED)
def test_what_a_real_engine_answers_is_taken(recorded: RecordedEngine, call: str) -> None:
    assert ASKED[call](engine_of(recorded.url)) is not None


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize("call", ASKED)
def test_an_answer_of_another_shape_is_unavailable_and_the_next_call_recovers(
    recorded: RecordedEngine, call: str, bad: bytes
) -> None:
    engine = engine_of(recorded.url)
    recorded.bodies[call] = base64.b64encode(bad) if call == "stat" else bad
    if call == "changes" and bad == BAD["null"]:
        assert engine.files.changed(ONE) == []  # so the engine says that nothing has changed
        return
    if call == "list" and bad == BAD["a list of null"]:
        assert len(engine.containers({}).malformed) == 1
        return
    with pytest.raises(TargetUnavailable, match="the Docker engine at"):
        ASKED[call](engine)
    recorded.bodies.clear()
    assert ASKED[call](engine) is not None


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        ("exec inspect", {"Running": False, "ExitCode": None}),
        ("exec inspect", {"Running": False}),
        ("exec inspect", {"Running": None, "ExitCode": 0}),
        ("exec create", {"Id": ""}),
        ("create", {"Warnings": []}),
        ("image", {"Id": None}),
        ("volume", {**RECORDED["volume"], "Name": "another"}),
        ("volume", {**RECORDED["volume"], "Labels": {"token": 7}}),
        ("changes", [{"Path": None, "Kind": 0}]),
    ],
)
def test_an_answer_with_another_content_is_unavailable(recorded: RecordedEngine, call: str, answer: object) -> None:
    recorded.bodies[call] = json.dumps(answer).encode()
    with pytest.raises(MalformedAnswer, match="in another shape than an engine does"):
        ASKED[call](engine_of(recorded.url))


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
@pytest.mark.parametrize("status", [404, 409, 500])
def test_an_error_without_a_message_is_still_an_error(recorded: RecordedEngine, status: int, bad: bytes) -> None:
    recorded.bodies["inspect"], recorded.statuses["inspect"] = bad, status
    with pytest.raises((EngineError, TargetUnavailable)):
        engine_of(recorded.url).inspect(ONE)


@pytest.mark.parametrize("bad", [*BAD.values(), b"[]", b"{}", b'{"timeNano": Infinity}', WITHOUT_AN_ID])
def test_a_line_that_is_no_event_ends_no_stream(recorded: RecordedEngine, bad: bytes) -> None:
    good = json.dumps(RECORDED["events"][0]).encode()
    recorded.bodies["events"] = b"\n".join([good, bad, good, b""])
    assert len(events(engine_of(recorded.url))) == 2


@pytest.mark.parametrize("bad", [b"null", b"{}", b'{"Config": null}'])
def test_the_last_lines_of_a_container_that_cannot_be_inspected_are_unavailable(
    recorded: RecordedEngine, bad: bytes
) -> None:
    """The SDK inspects it to find out whether it has a terminal."""
    recorded.bodies["inspect"] = bad
    with pytest.raises(MalformedAnswer):
        engine_of(recorded.url).last_lines(ONE, 5)


def test_a_message_about_many_or_hostile_keys_is_short_and_printable() -> None:
    for labels in ({f"label-{number}": 7 for number in range(100_000)}, {"\x1b[31m" + "x" * 10_000: 7}):
        (malformed,) = containers([{**RECORDED["list"][0], "Labels": labels}]).malformed
        assert len(malformed.why) < 200
        assert malformed.why.isprintable()


@given(mutations(RECORDED["list"]))
def test_a_list_is_checked_entry_by_entry(answer: object) -> None:
    try:
        found = containers(answer)
    except MalformedShape:
        assert not isinstance(answer, list)
    else:
        assert isinstance(answer, list)
        assert len(found.entries) + len(found.malformed) == len(answer)


@given(st.sampled_from(["list", "inspect"]), st.data())
def test_what_is_of_its_shape_is_kept_as_it_is(which: str, data: st.DataObject) -> None:
    """Only labels and networks that are null become empty: a clone is made of all that the engine has said."""
    shape, document = (Entry, RECORDED["list"][0]) if which == "list" else (Container, RECORDED["inspect"])
    answer = data.draw(mutations(document))
    try:
        found = checked(shape, answer)
    except MalformedShape:
        return
    places = [(found, answer), *([(found["Config"], answer["Config"])] if which == "inspect" else [])]
    for kept, before in places:
        assert kept.keys() == before.keys()
    if which == "inspect":
        assert found["HostConfig"] == answer["HostConfig"]
