"""What operators said: in force until its time, kept over a restart, and in memory where nothing can be kept."""

import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from autoscaler.adapters.override_file import OverrideFile
from autoscaler.control.overrides import Overrides
from autoscaler.core.intervention import NONE, Intervention
from autoscaler.core.model import Override
from autoscaler.events import Intervened, InterventionChange, StateKept
from tests.support.builders import NOW
from tests.support.fakes import Recorder

FOUR = Override(4, NOW + 1800)


class Life:
    """The overrides of a daemon, and what it told; `again` is the same after a restart."""

    def __init__(self, directory: Path | None, now: float = NOW) -> None:
        self.directory = directory
        self.recorder = Recorder()
        self.overrides = Overrides(None if directory is None else OverrideFile(directory), self.recorder.notify)
        self.overrides.restore(now)

    def again(self, now: float = NOW) -> "Life":
        return Life(self.directory, now)

    def changes(self) -> list[tuple[str, InterventionChange]]:
        return [(event.service, event.change) for event in self.recorder.of(Intervened)]

    def problems(self) -> list[str | None]:
        return [event.problem for event in self.recorder.of(StateKept)]


@pytest.fixture
def life(tmp_path: Path) -> Life:
    return Life(tmp_path / "state")


def test_a_pause_and_an_override_hold_until_their_time_and_end_by_themselves(life: Life) -> None:
    life.overrides.pause("web", NOW + 60)
    life.overrides.override("web", FOUR)
    assert life.overrides.of("web", NOW + 59) == Intervention(NOW + 60, FOUR)
    assert life.overrides.of("web", NOW + 60) == Intervention(None, FOUR)
    assert life.overrides.of("web", NOW + 1800) == NONE
    life.overrides.end(NOW + 1800)
    assert life.changes() == [("web", InterventionChange.SET)] * 2 + [("web", InterventionChange.ENDED)]
    assert life.again().changes() == []


def test_a_later_word_replaces_the_one_before(life: Life) -> None:
    life.overrides.override("web", FOUR)
    life.overrides.override("web", Override(2, NOW + 10))
    assert life.overrides.of("web", NOW).override == Override(2, NOW + 10)


def test_resume_ends_both_and_says_what_was(life: Life) -> None:
    life.overrides.pause("web", NOW + 60)
    life.overrides.override("web", FOUR)
    assert life.overrides.resume("web") == Intervention(NOW + 60, FOUR)
    assert life.overrides.of("web", NOW) == NONE
    assert life.overrides.resume("web") == NONE
    assert life.changes()[2:] == [("web", InterventionChange.RESUMED)]


def test_services_have_each_their_own(life: Life) -> None:
    life.overrides.pause("web", NOW + 60)
    life.overrides.pause("api", NOW + 60)
    life.overrides.resume("web")
    assert (life.overrides.of("web", NOW).paused_until, life.overrides.of("api", NOW).paused_until) == (None, NOW + 60)


def test_a_restart_forgets_nothing_but_what_has_ended_meanwhile(life: Life) -> None:
    hostile = "a/b \"'{} \u202e 猫"
    life.overrides.pause("web", NOW + 60)
    life.overrides.override(hostile, FOUR)
    after = life.again(NOW + 61)
    assert after.overrides.of("web", NOW + 61) == NONE
    assert after.overrides.of(hostile, NOW + 61).override == FOUR
    assert after.changes() == [(hostile, InterventionChange.RESTORED)]


def test_without_a_directory_it_works_in_memory_and_says_so() -> None:
    life = Life(None)
    life.overrides.pause("web", NOW + 60)
    assert life.overrides.of("web", NOW).paused_until == NOW + 60
    assert life.overrides.warning("web") == (
        "AUTOSCALER_STATE_DIR is not set, so this will not survive a restart of the daemon"
    )
    life.overrides.resume("web")
    assert life.overrides.warning("web") is None


@contextmanager
def no_room_for_files() -> Iterator[None]:
    """This process can write no file of more than a few bytes meanwhile, as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_told_once_costs_nothing_but_the_restart_and_is_made_up_for(life: Life) -> None:
    assert life.directory is not None
    life.overrides.pause("web", NOW + 60)
    with no_room_for_files():
        life.overrides.pause("api", NOW + 60)
        life.overrides.end(NOW)
    assert life.overrides.of("api", NOW).paused_until == NOW + 60
    assert "File too large" in str(life.overrides.warning("api"))
    assert [file.name for file in life.directory.iterdir()] == ["overrides.json"]
    assert life.again().overrides.of("web", NOW).paused_until == NOW + 60
    life.overrides.end(NOW)
    assert life.overrides.warning("api") is None
    assert [problem is None for problem in life.problems()] == [False, True]
    assert life.again().overrides.of("api", NOW).paused_until == NOW + 60


def test_a_directory_that_cannot_be_made_is_told_at_the_start(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    life = Life(tmp_path / "file" / "state")
    (problem,) = life.problems()
    assert problem is not None
    assert "AUTOSCALER_STATE_DIR must be a directory with room" in problem
    life.overrides.pause("web", NOW + 60)
    assert life.overrides.of("web", NOW).paused_until == NOW + 60


@pytest.mark.parametrize("planted", ["overrides.json", "overrides.new"])
def test_a_link_at_the_file_s_place_leads_no_write_to_another_file(tmp_path: Path, planted: str) -> None:
    state, other = tmp_path / "state", tmp_path / "other"
    state.mkdir()
    other.write_text("not ours", encoding="utf-8")
    life = Life(state)
    (state / planted).unlink(missing_ok=True)
    (state / planted).symlink_to(other)
    life.overrides.pause("web", NOW + 60)
    assert life.again().overrides.of("web", NOW).paused_until == NOW + 60
    assert other.read_text(encoding="utf-8") == "not ours"
    assert [(file.name, file.is_symlink()) for file in state.iterdir()] == [("overrides.json", False)]


def test_the_file_is_for_the_daemon_s_user_alone(life: Life) -> None:
    assert life.directory is not None
    life.overrides.pause("web", NOW + 60)
    assert [path.stat().st_mode & 0o777 for path in (life.directory, life.directory / "overrides.json")] == [
        0o700,
        0o600,
    ]


def test_a_directory_that_is_a_link_is_not_used(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "state").symlink_to(tmp_path / "elsewhere")
    life = Life(tmp_path / "state")
    life.overrides.pause("web", NOW + 60)
    assert f"{tmp_path / 'state'} is a symbolic link; name the directory itself" in str(life.problems()[0])
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert life.overrides.of("web", NOW).paused_until == NOW + 60


def test_a_directory_that_every_user_may_write_to_is_not_used(tmp_path: Path) -> None:
    """Not even read: others could have put the file there."""
    kept = Life(tmp_path)
    kept.overrides.pause("web", NOW + 60)
    tmp_path.chmod(0o1777)
    life = kept.again()
    assert f"every user may write to {tmp_path}; take that right away (chmod o-w)" in str(life.problems()[0])
    assert life.overrides.of("web", NOW) == NONE


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty, as after a crash without fsync"),
        pytest.param('{"version": 1, "services": {"web": {"paus', id="cut off"),
        pytest.param('{"version": 2, "services": {}}', id="of a later version"),
        pytest.param('{"version": 1, "services": {"web": {"override": {"replicas": 0, "until": 1e9}}}}', id="none"),
        pytest.param('{"version": 1, "services": {"web": {"paused_until": 1e999}}}', id="for ever"),
        pytest.param('{"version": 1, "services": {"web": {"paused_until": NaN}}}', id="no number"),
        pytest.param('{"version": 1, "services": {"web": {"stopped_until": 1e9}}}', id="an unknown key"),
        pytest.param("\udcff", id="no UTF-8"),
    ],
)
def test_a_damaged_file_is_told_and_kept_aside(tmp_path: Path, text: str) -> None:
    file = tmp_path / "overrides.json"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    life = Life(tmp_path)
    (problem,) = life.problems()
    assert problem is not None
    assert problem.startswith(f"{file} is damaged (")
    assert problem.endswith("earlier pauses and overrides are not in force: set them again")
    assert (tmp_path / "overrides.damaged").read_bytes() == text.encode("utf-8", "surrogateescape")
    life.overrides.pause("web", NOW + 60)
    assert life.again().overrides.of("web", NOW).paused_until == NOW + 60


def test_a_clock_that_was_set_back_lengthens_a_pause_and_breaks_nothing(life: Life) -> None:
    life.overrides.pause("web", NOW + 60)
    assert life.overrides.of("web", NOW - 3600).paused_until == NOW + 60
