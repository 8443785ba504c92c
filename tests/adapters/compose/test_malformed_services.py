"""A malformed answer hurts the service that it is about, and never leads to a wrong count."""

import json
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.adapters.compose import labels as label
from autoscaler.adapters.compose.clone.create import publishes_range
from autoscaler.adapters.compose.clone.failures import last_output
from autoscaler.adapters.compose.clone.injected_files import candidates, is_injected
from autoscaler.adapters.compose.clone.obstacles import obstacle
from autoscaler.adapters.compose.clone.spec import clone_spec
from autoscaler.adapters.compose.clone.warnings import warnings
from autoscaler.adapters.compose.drain.dependents import ids_with_dependents, with_dependents
from autoscaler.adapters.compose.drain.method import drain_method, drain_warnings
from autoscaler.adapters.compose.drain.progress import being_drained, probes_of
from autoscaler.adapters.compose.foreign.engine_event import parse_event
from autoscaler.adapters.compose.foreign.foreign_changes import ForeignChangeTracker
from autoscaler.adapters.compose.healthcheck import has_own_test, start_limit_seconds, unwrapped, wrapped
from autoscaler.adapters.compose.listing import every, members
from autoscaler.adapters.compose.replicas import fleet, parse
from autoscaler.adapters.compose.target import ComposeTarget
from autoscaler.adapters.docker import answers
from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.docker.files import Stat
from autoscaler.config.compose_options import Drain
from autoscaler.errors import MalformedAnswer, TargetUnavailable
from autoscaler.ports.fleet import COMPOSE, Fleet, ServiceRef
from autoscaler.ports.observers import discard
from tests.support.engine_answers import listed
from tests.support.recorded_engine import RECORDED, RecordedEngine, mutations

WEB, API, WORKER = (ServiceRef(name, "shop") for name in ("web", "api", "worker"))
TRUE = fleet(parse(answers.containers(RECORDED["list"]).entries)).services


def with_entry(name: str, **changes: Any) -> bytes:
    """The recorded list, with one container changed."""
    entries = [{**each, **(changes if each["Names"] == [f"/{name}"] else {})} for each in RECORDED["list"]]
    return json.dumps(entries).encode()


def labels_of(name: str) -> dict[str, Any]:
    (labels,) = [each["Labels"] for each in RECORDED["list"] if each["Names"] == [f"/{name}"]]
    return dict(labels)


def target_of(recorded: RecordedEngine) -> ComposeTarget:
    return ComposeTarget(recorded.url, timeout_seconds=5.0, emit=discard)


def engine_of(recorded: RecordedEngine) -> Engine:
    return Engine(recorded.url, timeout_seconds=5.0, emit=discard)


def test_the_recorded_services_are_seen(recorded: RecordedEngine) -> None:
    assert target_of(recorded).observe() == Fleet(TRUE)
    assert {ref: state.ready for ref, state in TRUE.items()} == {WEB: 2, API: 1, WORKER: 1}


def test_a_container_that_is_known_by_its_labels_makes_its_own_service_unknown(recorded: RecordedEngine) -> None:
    recorded.bodies["list"] = with_entry("shop-web-2", State=None)
    fleet = target_of(recorded).observe()
    assert fleet.unavailable == {}
    assert fleet.services == {ref: TRUE[ref] for ref in (API, WORKER)}
    with pytest.raises(TargetUnavailable, match="so the replicas of shop/web are unknown: State: Input should be"):
        fleet.find(ServiceRef("web"))
    with pytest.raises(TargetUnavailable):
        members(engine_of(recorded), WEB)


@pytest.mark.parametrize(
    "labels", [None, 7, {}, labels_of("shop-web-2") | {label.PROJECT: 7}, labels_of("shop-web-2") | {label.SERVICE: []}]
)
def test_a_container_that_may_be_of_any_service_makes_all_unavailable(recorded: RecordedEngine, labels: object) -> None:
    """To leave it out would be a wrong count of one of them, and nobody knows of which."""
    recorded.bodies["list"] = with_entry("shop-web-2", Labels=labels)
    fleet = target_of(recorded).observe()
    assert fleet.services == {}
    assert COMPOSE in fleet.unavailable


def test_a_container_that_is_no_replica_by_its_labels_harms_nothing(recorded: RecordedEngine) -> None:
    oneoff = labels_of("shop-web-2") | {label.ONEOFF: "True"}
    recorded.bodies["list"] = with_entry("shop-web-2", State=None, Labels=oneoff)
    assert target_of(recorded).observe().find(WEB).current == 1


def test_an_unknown_service_stays_as_it_was_to_the_foreign_changes() -> None:
    before = parse([listed(1), listed(2)])
    tracker = ForeignChangeTracker(settle_seconds=10.0, monotonic=lambda: 0.0)
    tracker.take_snapshot(before, 0.0)
    tracker.own_actions.ends(before[0].id)
    tracker.take_snapshot([], 100.0, {before[0].ref})
    assert tracker.own_actions.now().ending == {before[0].id}
    assert tracker.unsettled(before[0].ref) is None
    tracker.take_snapshot(before[:1], 101.0)
    assert "shop-users-2 removed" in str(tracker.unsettled(before[0].ref))


def test_a_container_of_another_project_that_cannot_be_inspected_keeps_no_replica(recorded: RecordedEngine) -> None:
    engine, recorded.bodies["inspect"] = engine_of(recorded), b"null"
    replicas = every(engine).replicas
    with pytest.raises(MalformedAnswer):
        ids_with_dependents(engine, WEB, replicas[:1])
    assert ids_with_dependents(engine, ServiceRef("web", "other"), []) == frozenset()


def test_a_container_without_an_id_may_depend_on_any_replica(recorded: RecordedEngine) -> None:
    recorded.bodies["list"] = with_entry("shop-web-2", Id=None)
    with pytest.raises(MalformedAnswer):
        ids_with_dependents(engine_of(recorded), ServiceRef("web", "other"), [])


@pytest.mark.parametrize("bad", [b"null", b"{}", json.dumps({**RECORDED["inspect"], "Config": None}).encode()])
def test_a_replica_that_cannot_be_inspected_makes_its_service_unavailable(recorded: RecordedEngine, bad: bytes) -> None:
    target, recorded.bodies["inspect"] = target_of(recorded), bad
    target.observe()
    with pytest.raises(TargetUnavailable):
        target.refusal(WEB)


class Answering(Engine):
    """An engine that has one answer to each list call."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def containers(self, labels: Mapping[str, str | None]) -> answers.Containers:
        return answers.containers(self._answer)


@given(mutations(RECORDED["list"]))
def test_each_count_is_the_true_one_or_unknown(answer: object) -> None:
    try:
        seen = every(Answering(answer)).fleet
    except (answers.MalformedShape, MalformedAnswer):
        return
    for ref, true in TRUE.items():
        with suppress(TargetUnavailable):
            state = seen.find(ref)
            assert (state.current, state.ready, state.labels) == (true.current, true.ready, true.labels)


@given(st.sampled_from(["inspect", "original"]), st.data())
def test_all_that_reads_an_inspected_replica_can_read_what_has_its_shape(which: str, data: st.DataObject) -> None:
    try:
        found = answers.checked(answers.Container, data.draw(mutations(RECORDED[which])))
    except answers.MalformedShape:
        return
    if not label.is_replica(found["Config"]["Labels"]):
        return  # `inspected` refuses it
    template = unwrapped(found)
    obstacle(template)
    for api_version in [(1, 41), (1, 44)]:
        wrapped(clone_spec(template, 3, {"Id": template["Image"]}, api_version).body, api_version)
    for each in (found, template):
        start_limit_seconds(each, None)
        drain_method(each, Drain())
        drain_warnings(each, Drain(), has_shell=False)
        list(warnings(each, 9))
    has_own_test(found["Config"]["Labels"])
    probes_of(found)
    being_drained(found)
    last_output(found, "")
    publishes_range(found)
    with_dependents(parse([listed(1)]), [found])
    candidates(["/etc/x"], found)
    is_injected("/etc/x", Stat(regular=True, size_bytes=1, modified=0.0, whole_second=True), found)


@given(st.data())
def test_an_event_of_its_shape_can_be_read(data: st.DataObject) -> None:
    try:
        event = answers.checked(answers.ContainerEvent, data.draw(mutations(RECORDED["events"][0])))
    except answers.MalformedShape:
        return
    parse_event(event)


@pytest.mark.parametrize("text", ["", "null", "[null]", "{", '{"Test": 7}', "[" * 100_000])
def test_a_label_that_is_not_of_our_making_is_no_healthcheck(text: str) -> None:
    assert not has_own_test({label.HEALTHCHECK: text})


@pytest.mark.parametrize("number", ["9" * 5000, "²", "-1", ""])
def test_a_number_that_is_none_is_no_replica(number: str) -> None:
    assert parse([listed(1, labels={label.NUMBER: number})]) == []
