"""A changed policy file is put in force whole, or not at all."""

from pathlib import Path

import pytest

from autoscaler.config.load import PolicyFile, load_file
from autoscaler.config.settings import Settings
from autoscaler.daemon.reload import Reloader
from autoscaler.events import ConfigLoaded
from tests.support.builders import NOW
from tests.support.fakes import Recorder

GOOD = "services: {users: {replicas: {min: 1, max: %s}, rules: {r: {signal: requests, per_replica: 5}}}}\n"


class Desk:
    """A policy file, its reloader, and what came of it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.write(GOOD % 3)
        self.applied: list[PolicyFile] = []
        self.recorder = Recorder()
        self.reloader = Reloader(
            path, lambda: load_file(path, Settings()), self.applied.append, self.recorder.notify, clock=lambda: NOW
        )

    def write(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")

    def look(self, times: int = 2) -> None:
        for _ in range(times):
            self.reloader.look()

    @property
    def maxima(self) -> list[int]:
        """What each file that was put in force says."""
        return [file.config.services["users"].policy.max_replicas for file in self.applied]

    @property
    def problems(self) -> list[str | None]:
        return [event.problem for event in self.recorder.of(ConfigLoaded)]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "policy.yaml")


def test_a_change_in_place_is_picked_up_once(desk: Desk) -> None:
    desk.look()
    desk.write(GOOD % 4)
    desk.look(times=5)
    assert desk.maxima == [4]
    assert desk.recorder.of(ConfigLoaded) == [ConfigLoaded(NOW, "the file has changed", 5.0, dry_run=False)]


def test_a_replaced_file_is_picked_up(desk: Desk) -> None:
    new = desk.path.with_suffix(".new")
    new.write_text(GOOD % 4, encoding="utf-8")
    new.replace(desk.path)
    desk.look()
    assert desk.maxima == [4]


def test_a_file_in_the_middle_of_being_written_is_not_read(desk: Desk) -> None:
    for length in range(1, len(GOOD), 10):
        desk.write((GOOD % 4)[:length])
        desk.look(times=1)
    desk.write(GOOD % 4)
    desk.look()
    assert desk.maxima == [4]
    assert desk.problems == [None]


@pytest.mark.parametrize(
    ("garbage", "problem"),
    [
        pytest.param("services: [", "not valid YAML", id="no YAML"),
        pytest.param(GOOD % 0, "replicas.max: must be at least 1, not 0", id="a bad value"),
        pytest.param("", "the file is empty", id="empty"),
    ],
)
def test_garbage_leaves_everything_as_it_is_and_is_told_once(desk: Desk, garbage: str, problem: str) -> None:
    desk.write(garbage)
    desk.look(times=5)
    assert desk.applied == []
    (told,) = desk.problems
    assert told is not None
    assert problem in told
    desk.write(GOOD % 5)
    desk.look()
    assert desk.maxima == [5]


def test_a_file_that_is_gone_leaves_everything_as_it_is(desk: Desk) -> None:
    desk.path.unlink()
    desk.look(times=5)
    assert desk.applied == []
    (told,) = desk.problems
    assert "no such file" in str(told)


def test_whoever_asks_is_told_what_is_wrong(desk: Desk) -> None:
    assert desk.reloader.reload("SIGHUP") is None
    desk.write("services: [")
    problem = desk.reloader.reload("SIGHUP")
    assert problem is not None
    assert problem.startswith(f"{desk.path}:1: not valid YAML")
    assert desk.maxima == [3]
    desk.look()
    assert len(desk.problems) == 2
