"""What is hidden, why, and until when."""

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from autoscaler.proxies.traefik_view.visibility import (
    Change,
    Container,
    State,
    Why,
    accepts,
    changes,
    elapsed,
    ended,
    followed_anew,
    hidden,
    hide,
    listed,
    next_end,
    show,
    started,
    stop_asked,
)

START_SECONDS = 60.0


def one(id_: str, *keys: str, routable: bool = True, has_healthcheck: bool = False) -> Container:
    return Container(id_, routable, has_healthcheck, frozenset(keys or {"web"}))


def running(*containers: Container) -> State:
    return listed(State(), containers, 0.0, START_SECONDS)


A, B, C = one("a"), one("b"), one("c")


def test_what_runs_when_the_view_begins_is_shown() -> None:
    assert hidden(running(A, B)) == {}


def test_a_replica_is_hidden_until_its_order_ends_and_a_renewal_makes_that_later() -> None:
    state = hide(running(A, B), "a", 10.0)
    assert hidden(state) == {"a": Why.LEAVING}
    state = hide(state, "a", 20.0)
    assert hidden(elapsed(state, 19.9, START_SECONDS)) == {"a": Why.LEAVING}
    assert hidden(elapsed(state, 20.0, START_SECONDS)) == {}


def test_a_replica_that_is_taken_back_is_shown_at_once() -> None:
    assert hidden(show(hide(running(A, B), "a", 10.0), "a")) == {}


def test_the_last_replica_is_never_hidden() -> None:
    assert hidden(hide(running(A), "a", 10.0)) == {}
    assert hidden(hide(hide(running(A, B), "a", 10.0), "b", 10.0)) == {}


def test_an_unhealthy_replica_stands_in_for_none() -> None:
    assert hidden(hide(running(A, one("b", routable=False)), "a", 10.0)) == {}


def test_a_replica_of_another_service_stands_in_for_none() -> None:
    assert hidden(hide(running(A, one("b", "shop")), "a", 10.0)) == {}


def test_a_replica_with_a_router_of_its_own_is_never_hidden() -> None:
    assert hidden(hide(running(one("a", "web", "admin"), B), "a", 10.0)) == {}
    assert hidden(hide(running(one("a", "web", "admin"), B), "b", 10.0)) == {"b": Why.LEAVING}


def test_if_none_serves_untroubled_those_are_shown_that_serve_best() -> None:
    state = stop_asked(hide(running(A, B), "a", 10.0), "b", 0.0, 10.0)
    assert hidden(state) == {"b": Why.STOPPING}
    state = listed(started(state, "c", 0.0, START_SECONDS), [A, B, C], 0.0, START_SECONDS)
    assert hidden(state) == {"b": Why.STOPPING, "c": Why.STARTING}
    assert hidden(accepts(state, "c")) == {"a": Why.LEAVING, "b": Why.STOPPING}


def test_what_is_stopped_is_hidden_until_it_has_ended() -> None:
    state = stop_asked(running(A, B), "a", 0.0, 10.0)
    assert hidden(state) == {"a": Why.STOPPING}
    assert hidden(ended(state, "a")) == {}


def test_what_goes_on_after_its_grace_is_shown_as_soon_as_it_accepts_connections() -> None:
    state = elapsed(stop_asked(running(A, B), "a", 0.0, 10.0), 10.0, START_SECONDS)
    assert hidden(state) == {"a": Why.STARTING}
    assert hidden(accepts(state, "a")) == {}
    assert hidden(elapsed(state, 10.0 + START_SECONDS, START_SECONDS)) == {}


def test_what_has_just_started_is_hidden_until_it_accepts_connections_or_its_time_is_up() -> None:
    state = listed(started(running(A), "b", 5.0, START_SECONDS), [A, B], 5.0, START_SECONDS)
    assert hidden(state) == {"b": Why.STARTING}
    assert hidden(accepts(state, "b")) == {}
    assert hidden(elapsed(state, 5.0 + START_SECONDS, START_SECONDS)) == {}


def test_what_appears_without_an_event_has_just_started() -> None:
    assert hidden(listed(running(A), [A, B], 5.0, START_SECONDS)) == {"b": Why.STARTING}


def test_what_has_a_healthcheck_is_left_to_traefik() -> None:
    checked = one("b", has_healthcheck=True, routable=False)
    assert hidden(listed(started(running(A), "b", 0.0, START_SECONDS), [A, checked], 0.0, START_SECONDS)) == {}


def test_what_was_restarted_is_no_longer_being_stopped() -> None:
    state = ended(stop_asked(running(A, B), "a", 0.0, 10.0), "a")
    state = listed(started(state, "a", 1.0, START_SECONDS), [A, B], 1.0, START_SECONDS)
    assert hidden(state) == {"a": Why.STARTING}
    assert hidden(accepts(state, "a")) == {}


def test_what_has_ended_does_not_run_though_the_engine_still_lists_it() -> None:
    state = listed(ended(running(A, B), "a"), [A, B], 0.0, START_SECONDS)
    assert set(state.running) == {"b"}
    assert hidden(hide(state, "b", 10.0)) == {}
    assert set(listed(started(state, "a", 0.0, START_SECONDS), [A, B], 0.0, START_SECONDS).running) == {"a", "b"}
    assert set(listed(followed_anew(state), [A, B], 0.0, START_SECONDS).running) == {"a", "b"}


def test_traefik_looks_when_it_would_see_a_change_and_only_then() -> None:
    state = running(A, B)
    assert changes(State(), state) == []
    assert changes(state, hide(state, "a", 10.0)) == [Change("a", "die")]
    assert changes(hide(state, "a", 10.0), hide(state, "a", 20.0)) == []
    assert changes(hide(state, "a", 10.0), state) == [Change("a", "start")]
    assert changes(hide(state, "a", 10.0), ended(hide(state, "a", 10.0), "a")) == []
    assert changes(state, ended(state, "a")) == [Change("a", "die")]
    ill = listed(state, [one("a", routable=False, has_healthcheck=True), B], 0.0, START_SECONDS)
    assert changes(state, ill) == [Change("a", "health_status: unhealthy")]
    assert changes(ill, state) == [Change("a", "health_status: healthy")]
    starts = listed(state, [A, B, C], 0.0, START_SECONDS)
    assert changes(state, starts) == []
    assert changes(starts, accepts(starts, "c")) == [Change("c", "start")]


Timeline = list[tuple[float, Callable[[State, float], State]]]

ids = st.sampled_from("abcd")
known = [one("a"), one("b"), one("c", routable=False, has_healthcheck=True), one("d", "web", "admin")]
steps = st.one_of(
    st.builds(lambda found: lambda s, now: listed(s, found, now, START_SECONDS), st.lists(st.sampled_from(known))),
    st.builds(lambda id_: lambda s, now: started(s, id_, now, START_SECONDS), ids),
    st.builds(lambda id_: lambda s, now: accepts(s, id_), ids),
    st.builds(lambda id_: lambda s, now: stop_asked(s, id_, now, 10.0), ids),
    st.builds(lambda id_: lambda s, now: ended(s, id_), ids),
    st.builds(lambda id_, seconds: lambda s, now: hide(s, id_, now + seconds), ids, st.floats(0.1, 600.0)),
    st.builds(lambda id_: lambda s, now: show(s, id_), ids),
    st.just(lambda s, now: followed_anew(s)),
)
timelines: st.SearchStrategy[Timeline] = st.lists(st.tuples(st.floats(0.0, 30.0), steps), max_size=25)


@given(timelines)
def test_for_all_that_is_hidden_something_else_serves_and_nothing_is_hidden_for_ever(timeline: Timeline) -> None:
    state, now = running(*known), 0.0
    for pause, step in timeline:
        now += pause
        state = elapsed(step(state, now), now, START_SECONDS)
        found = hidden(state)
        shown = [each for id_, each in state.running.items() if id_ not in found and each.routable]
        for id_ in found:
            assert all(any(key in each.keys for each in shown) for key in state.running[id_].keys)
        end = next_end(state)
        assert (end is not None and end > now) or not found
    for _ in range(3):  # an order, or a stop and what follows it
        now += 600.0
        state = elapsed(state, now, START_SECONDS)
    assert hidden(state) == {}


@given(timelines)
def test_traefik_looks_whenever_the_shown_containers_change(timeline: Timeline) -> None:
    state, now = running(*known), 0.0
    for pause, step in timeline:
        now += pause
        before, state = state, elapsed(step(state, now), now, START_SECONDS)
        seen = [
            {id_: each.routable for id_, each in s.running.items() if id_ not in hidden(s)} for s in (before, state)
        ]
        assert bool(changes(before, state)) == (seen[0] != seen[1])
