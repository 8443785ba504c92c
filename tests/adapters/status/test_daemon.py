"""The daemon as a whole: what an operator should know of it, until it changes."""

from collections.abc import Sequence

import pytest

from autoscaler.adapters.status.daemon import DaemonObserver
from autoscaler.events import ConfigLoaded, CycleMissed, Event, LeadershipChanged, ViewChanged, WatchChanged
from tests.support.builders import NOW


@pytest.mark.parametrize(
    ("events", "notes"),
    [
        pytest.param([CycleMissed()], [], id="all is as usual"),
        pytest.param([ConfigLoaded(NOW, "x", 5.0, dry_run=True)], ["dry run: nothing is carried out"], id="dry run"),
        pytest.param(
            [ConfigLoaded(NOW, "x", problem="a.yaml:3: bad")],
            ["the policy file is refused: a.yaml:3: bad"],
            id="refused",
        ),
        pytest.param(
            [ConfigLoaded(NOW, "x", problem="a.yaml:3: bad"), ConfigLoaded(NOW, "x", 5.0, dry_run=False)],
            [],
            id="good again",
        ),
        pytest.param(
            [LeadershipChanged("shop", leads=False, why="host a leads")],
            ["standing by for shop: host a leads"],
            id="standby",
        ),
        pytest.param(
            [LeadershipChanged("shop", leads=False, why="host a leads"), LeadershipChanged("shop", leads=True)],
            [],
            id="leads now",
        ),
        pytest.param(
            [
                LeadershipChanged("shop", leads=False, why="host a leads"),
                LeadershipChanged("shop", leads=False, gone=True),
            ],
            [],
            id="gone",
        ),
        pytest.param(
            [WatchChanged("forbidden")], ["the engine's events are not followed: forbidden"], id="events forbidden"
        ),
        pytest.param([WatchChanged("forbidden"), WatchChanged()], [], id="events again"),
        pytest.param([ViewChanged()], [], id="the view is used"),
        pytest.param([ViewChanged("no answer")], ["Traefik's view is not used: no answer"], id="no view"),
        pytest.param([ViewChanged("no answer"), ViewChanged()], [], id="the view again"),
    ],
)
def test_what_is_not_as_usual_is_said_until_it_changes(events: Sequence[Event], notes: Sequence[str]) -> None:
    overview = DaemonObserver(5.0, dry_run=False)
    for event in events:
        overview.notify(event)
    assert overview.notes() == notes


def test_a_refused_file_leaves_the_settings_in_force() -> None:
    overview = DaemonObserver(5.0, dry_run=False)
    overview.notify(ConfigLoaded(NOW, "x", 1.0, dry_run=True))
    overview.notify(ConfigLoaded(NOW, "x", problem="bad"))
    assert overview.settings() == {"interval_seconds": 1.0, "dry_run": True}
