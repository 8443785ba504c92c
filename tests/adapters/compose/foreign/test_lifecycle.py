"""A service that somebody stops, removes, starts or restarts, on the real engine with the real Compose."""

import pytest

from autoscaler.core.model import Reason
from autoscaler.events import Foreign, OperationFinished
from deploy.lab.shell import run
from tests.adapters.compose.clone.test_overlap import wait_until
from tests.support.compose_project import SLEEP, Project
from tests.support.cycling import Living

pytestmark = pytest.mark.engine

# The first of them ends at once, the others far later than everything has settled otherwise.
STUBBORN = {
    **SLEEP,
    "volumes": ["shared:/shared"],
    "stop_grace_period": "30s",
    "command": [
        "bash",
        "-c",
        'trap "mkdir /shared/first 2>/dev/null || sleep 4; exit" TERM; while :; do sleep 0.2; done',
    ],
}


@pytest.fixture(scope="session")
def originals() -> int:
    return 2


@pytest.fixture
def living(plain: Project) -> Living:
    return Living(plain, plain.engine_url)


def operations(living: Living) -> int:
    return len(living.recorder.of(OperationFinished))


def test_down_stays_down_and_nothing_is_started_while_replicas_vanish_one_by_one(project: Project) -> None:
    project.up({"web": {**STUBBORN, "scale": 2}}, volumes={"shared": None})
    living = Living(project, project.engine_url)
    with living.living(load=5):
        before = operations(living)
        project.run("down")
        event = living.one_event()
        assert (event.kind, event.before, event.after, event.desired) == (Foreign.REMOVED, 5, 0, None)
        assert event.what == "5 → 0 replicas, not by the autoscaler (docker compose down?); left alone"
        assert (project.containers(), operations(living)) == ([], before)


def test_a_stopped_service_stays_stopped_and_starts_with_its_clones(living: Living) -> None:
    project = living.project
    with living.living(load=4):
        before = operations(living)
        project.run("stop", "--timeout", "1")
        event = living.one_event()
        assert (event.kind, event.after, event.desired) == (Foreign.STOPPED, 0, 0)
        assert event.what.endswith("(docker compose stop?); left alone until it is started")
        outcome = living.last.services["web"].decision
        assert outcome is not None
        assert outcome.reason is Reason.STOPPED
        project.run("start")
        living.until("it is told", lambda: len(living.told) == 2)
        living.until("all four run again", lambda: living.ready == 4)
        assert (living.told[1].kind, living.told[1].after) == (Foreign.STARTED, 4)
        assert (project.containers(), operations(living)) == (project.names(1, 2, 3, 4), before)


def test_a_restart_is_waited_out_and_changes_nothing(living: Living) -> None:
    with living.living(load=4):
        before = operations(living)
        living.project.run("restart", "--timeout", "1")
        event = living.one_event()
        assert (event.kind, event.before, event.after, event.desired) == (Foreign.RESTARTED, 4, 4, 4)
        assert event.what == "still 4 replicas, not by the autoscaler (docker compose restart?); stays at 4"
        assert living.project.containers() == living.project.names(1, 2, 3, 4)
        assert operations(living) == before


def test_what_is_stopped_in_part_is_made_up_for_and_the_stopped_ones_are_left_to_compose(living: Living) -> None:
    project = living.project
    with living.living(load=3):
        run(["docker", "stop", "--time", "1", *project.names(1)], "stop one of Compose's own")
        living.until("three are ready again", lambda: living.ready == 3 and living.quiet and bool(living.told))
        event = living.one_event()
        assert (event.kind, event.before, event.after, event.desired) == (Foreign.DIED, 3, 2, 3)
        assert project.containers() == project.names(1, 2, 3, 4)


def test_removing_what_is_stopped_takes_the_service_away(living: Living) -> None:
    project = living.project
    with living.living(load=3):
        project.run("rm", "--force", "--stop", "web")
        assert living.one_event().kind is Foreign.REMOVED
        project.run("up", "--detach")
        living.until("three are ready again", lambda: living.ready == 3 and living.quiet)
        assert [event.kind for event in living.told] == [Foreign.REMOVED, Foreign.STARTED]


def test_a_killed_replica_is_replaced_and_the_signal_told(living: Living) -> None:
    project = living.project
    with living.living(load=3):
        run(["docker", "kill", *project.names(3)], "kill a clone")
        living.until("three are ready again", lambda: living.ready == 3 and living.quiet and bool(living.told))
        event = living.one_event()
        assert (event.kind, event.before, event.after, event.desired) == (Foreign.DIED, 3, 2, 3)
        assert event.what == (
            f"3 → 2 replicas, not by the autoscaler ({project.names(3)[0]} was ended by SIGKILL, exit code 137); "
            "brought to 3"
        )


@pytest.mark.parametrize(
    ("command", "left"),
    [
        pytest.param(["kill"], 3, id="a kill is made up for, as it was decided"),
        pytest.param(["stop", "--time", "1"], 2, id="a stop is somebody's wish, and taken over"),
    ],
)
def test_where_the_load_is_as_well_served_without_it(living: Living, command: list[str], left: int) -> None:
    project = living.project
    with living.living(load=3):
        living.load(2)
        run(["docker", *command, *project.names(3)], "end a clone")
        assert living.one_event().desired == left
        living.until("it is done", lambda: living.ready == left and living.quiet)


def test_without_events_a_crash_is_told_by_its_exit_code(project: Project) -> None:
    command = ["sh", "-c", "while [ ! -e /tmp/crash ]; do sleep 0.2; done; exit 3"]
    project.up({"web": {**SLEEP, "command": command, "scale": 2}})
    living = Living(project, project.engine_url, events=False)
    with living.living(load=2):
        project.run("exec", "--index", "2", "web", "touch", "/tmp/crash")
        living.until("two are ready again", lambda: living.ready == 2 and living.quiet and bool(living.told))
        assert f"{project.names(2)[0]} exited, exit code 3" in living.one_event().what


def test_a_replica_that_its_restart_policy_starts_again_needs_no_other(project: Project) -> None:
    command = ["sh", "-c", "while [ ! -e /tmp/crash ]; do sleep 0.2; done; rm /tmp/crash; exit 3"]
    project.up({"web": {**SLEEP, "command": command, "scale": 2, "restart": "always"}})
    living = Living(project, project.engine_url)
    with living.living(load=2):
        project.run("exec", "--index", "2", "web", "touch", "/tmp/crash")
        wait_until(lambda: project.inspect(2)["RestartCount"] == 1)
        living.until("both are ready", lambda: living.ready == 2 and living.quiet)
        assert (project.containers(), living.held) == (project.names(1, 2), [])


def test_a_replica_that_runs_out_of_memory_is_told_as_that(project: Project) -> None:
    limits = {"mem_limit": "24m", "memswap_limit": "24m"}
    eater = "import os,time\nwhile not os.path.exists('/tmp/eat'): time.sleep(0.2)\nx=b'x'*10**9"
    project.up({"web": {**SLEEP, **limits, "command": ["python3", "-c", eater], "scale": 2}})
    living = Living(project, project.engine_url)
    with living.living(load=2):
        project.run("exec", "--index", "1", "web", "touch", "/tmp/eat")
        living.until("it is told", lambda: bool(living.told))
        assert "was ended by SIGKILL, exit code 137, out of memory" in living.one_event().what
