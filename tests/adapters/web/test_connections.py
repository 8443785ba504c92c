"""Which connection gives way to a new one."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from autoscaler.adapters.web.connections import ConnectionLimits, OpenConnections

LIMITS = ConnectionLimits(most=5, most_of_one_peer=3)


@dataclass(eq=False)
class Fake:
    """A connection that notes why it was ended."""

    peer: str
    waits_for_its_client: bool = True
    ended: list[str] = field(default_factory=list)

    def end(self, reason: str) -> None:
        self.ended.append(reason)


def test_the_oldest_of_the_same_peer_gives_way() -> None:
    connections, other = OpenConnections(LIMITS), Fake("b")
    opened = [other, *(Fake("a") for _ in range(5))]
    assert all(connections.admit(each) for each in opened)
    assert [each.ended for each in opened] == [[], ["crowded"], ["crowded"], [], [], []]


def test_one_that_is_being_answered_never_gives_way() -> None:
    connections = OpenConnections(LIMITS)
    answered = [Fake("a", waits_for_its_client=False) for _ in range(3)]
    assert all(connections.admit(each) for each in answered)
    assert not connections.admit(Fake("a"))
    assert connections.admit(Fake("b"))
    assert not any(each.ended for each in answered)


def test_all_that_wait_can_be_ended_at_once() -> None:
    connections = OpenConnections(LIMITS)
    opened = [Fake("a"), Fake("a", waits_for_its_client=False), Fake("b")]
    for each in opened:
        connections.admit(each)
    connections.end_waiting("no_descriptors")
    assert [each.ended for each in opened] == [["no_descriptors"], [], ["no_descriptors"]]


@given(st.lists(st.tuples(st.sampled_from("abc"), st.booleans(), st.booleans()), max_size=60))
def test_there_are_never_more_than_the_limits_say(steps: list[tuple[str, bool, bool]]) -> None:
    connections, opened = OpenConnections(LIMITS), list[Fake]()
    for peer, waits, closes in steps:
        new = Fake(peer, waits_for_its_client=waits)
        if connections.admit(new):
            opened.append(new)
        opened = [each for each in opened if not each.ended]
        assert len(opened) <= LIMITS.most
        assert all(sum(each.peer == peer for each in opened) <= LIMITS.most_of_one_peer for peer in "abc")
        if closes and opened:
            connections.discard(opened.pop(0))
