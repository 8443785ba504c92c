"""What our own operations have at work, as long as it is theirs: a clock that the test moves."""

from autoscaler.adapters.docker.own_actions import KEPT_SECONDS, OwnActions


class Noted:
    """Notes of one container, `web`."""

    def __init__(self) -> None:
        self.now = 0.0
        self.own_actions = OwnActions(lambda: self.now)

    def ending(self, *, after_seconds: float, present: bool = True) -> bool:
        self.now += after_seconds
        self.own_actions.forget({"web"} if present else set())
        return "web" in self.own_actions.now().ending


def test_what_is_to_end_is_ours_for_as_long_as_that_takes() -> None:
    noted = Noted()
    noted.own_actions.ends("web")
    assert noted.ending(after_seconds=600.0)


def test_what_has_gone_is_forgotten_once_no_list_can_show_it_any_more() -> None:
    noted = Noted()
    noted.own_actions.ends("web")
    assert noted.ending(after_seconds=KEPT_SECONDS, present=False)
    assert not noted.ending(after_seconds=1.0, present=False)


def test_what_was_to_end_and_lives_on_is_watched_again_once_our_work_is_no_longer_heard_of() -> None:
    noted = Noted()
    noted.own_actions.ends("web")
    noted.own_actions.done("web")
    assert noted.ending(after_seconds=KEPT_SECONDS)
    assert not noted.ending(after_seconds=1.0)


def test_what_is_to_end_once_more_is_ours_once_more() -> None:
    noted = Noted()
    noted.own_actions.ends("web")
    noted.own_actions.done("web")
    noted.own_actions.ends("web")
    assert noted.ending(after_seconds=600.0)


def test_an_operation_is_at_work_on_what_it_has_until_it_is_done_with_it() -> None:
    own_actions = OwnActions(lambda: 0.0)
    own_actions.starts("a")
    own_actions.drains("b")
    own_actions.ends("c")
    assert own_actions.now().at_work == {"a", "b", "c"}
    for each in "abc":
        own_actions.done(each)
    assert own_actions.now().at_work == frozenset()
    assert own_actions.now().ending == {"c"}


def test_what_others_do_to_a_container_that_drains_is_theirs() -> None:
    own_actions = OwnActions(lambda: 0.0)
    own_actions.drains("a")
    assert "a" not in own_actions.now().ending | own_actions.now().starting
    own_actions.forget(set())
    assert own_actions.now().at_work == frozenset()
