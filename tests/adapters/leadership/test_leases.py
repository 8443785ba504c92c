"""The lease on the real engine: who makes it has it, and another takes over from whoever is gone."""

import re
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Barrier

import pytest

from autoscaler.adapters.docker.engine import Engine
from autoscaler.adapters.leadership.election import Lease, LeaseTiming, Step
from autoscaler.adapters.leadership.leases import GONE_SECONDS, UNLEASED, Leases
from autoscaler.adapters.leadership.volume_store import KNOCK, LEASE, LeaseVolumes
from autoscaler.errors import TargetUnavailable
from autoscaler.events import LeadershipChanged
from tests.support.engine_proxy import Fault, proxying
from tests.support.fakes import Recorder

pytestmark = pytest.mark.engine

TERMS = LeaseTiming(look_seconds=1.0, confirmed_seconds=4.0, proven_seconds=5.0, answer_seconds=4.0)


@dataclass
class Clock:
    now: float = 0.0

    def __call__(self) -> float:
        return self.now


@dataclass
class Site:
    """A project on the real engine, and daemons that share a clock which only the test moves."""

    url: str
    project: str = field(default_factory=lambda: f"autoscaler-unit-{secrets.token_hex(3)}")
    clock: Clock = field(default_factory=Clock)

    def engine(self, url: str | None = None, *, timeout_seconds: float = 20.0) -> Engine:
        return Engine(url or self.url, timeout_seconds=timeout_seconds, emit=Recorder().notify)

    def daemon(self, name: str, url: str | None = None) -> tuple[Leases, Recorder]:
        recorder, volumes = Recorder(), LeaseVolumes(self.engine(url), name)
        leases = Leases(volumes, recorder.notify, projects=[self.project], timing=TERMS, monotonic=self.clock)
        return leases, recorder

    def leader(self, name: str) -> tuple[Leases, Recorder]:
        leases, recorder = self.daemon(name)
        self.pass_by(5, leases)
        assert leases.leads(self.project)
        return leases, recorder

    def pass_by(self, seconds: int, *daemons: Leases) -> None:
        """Let time pass, while these look once in each second."""
        for _ in range(seconds + 1):
            for leases in daemons:
                leases.look()
            self.clock.now += 1.0

    def clear(self) -> None:
        for prefix in (LEASE, KNOCK):
            self.engine().remove_volume(prefix + self.project)


def changes(recorder: Recorder) -> list[LeadershipChanged]:
    return recorder.of(LeadershipChanged)


@pytest.fixture
def site(engine_url: str) -> Iterator[Site]:
    site = Site(engine_url)
    yield site
    site.clear()


def test_of_twenty_that_make_a_volume_at_once_all_see_the_same_one(site: Site) -> None:
    """What the lease rests on: a volume that is there is left as it is."""
    engines = [site.engine() for _ in range(20)]
    barrier, name = Barrier(len(engines)), LEASE + site.project

    def make(number: int) -> object:
        barrier.wait()
        engines[number].create_volume(name, {"holder": str(number)})
        return engines[number].volume_labels(name)

    with ThreadPoolExecutor(len(engines)) as pool:
        for _ in range(20):
            seen = list(pool.map(make, range(len(engines))))
            assert all(labels == seen[0] for labels in seen)
            site.engine().remove_volume(name)


def test_the_first_leads_once_that_is_beyond_doubt_and_says_so_once(site: Site) -> None:
    leases, recorder = site.daemon("first")
    assert leases.why_not(site.project) == f"asks who leads project {site.project}"
    leases.look()
    why = f"has just taken the lead of project {site.project}, and acts in 5 s"
    assert leases.why_not(site.project) == why
    site.pass_by(7, leases)
    assert leases.why_not(site.project) is None
    assert changes(recorder) == [LeadershipChanged(site.project, leads=True)]


def test_while_there_is_one_daemon_nothing_is_written(site: Site) -> None:
    leases, _ = site.leader("first")
    with proxying(site.url) as proxy:
        alone, _ = site.daemon("first", proxy.url)
        alone._projects = leases._projects
        site.pass_by(5, alone)
        assert {call.partition(" ")[0] for call in proxy.calls} == {"GET"}


def test_the_second_stands_by_and_says_who_leads_and_since_when(site: Site) -> None:
    first, _ = site.leader("the first")
    second, recorder = site.daemon("the second")
    site.pass_by(20, second, first)
    assert (first.leads(site.project), second.leads(site.project)) == (True, False)
    (told,) = changes(recorder)
    assert not told.leads
    assert str(told.why).startswith(f"the first leads project {site.project} since 20")
    assert str(told.why).endswith("; this daemon stands by")


def test_the_second_takes_over_from_one_that_was_killed(site: Site) -> None:
    first, _ = site.leader("the first")
    second, recorder = site.daemon("the second")
    site.pass_by(3, second, first)
    site.pass_by(11, second)
    assert (first.leads(site.project), second.leads(site.project)) == (False, True)
    told = [(each.leads, str(each.why).partition(f" project {site.project}")[0]) for each in changes(recorder)]
    assert told == [(False, "the first leads"), (False, "has just taken the lead of"), (True, "None")]


def test_the_second_need_not_wait_for_an_answer_after_a_clean_end(site: Site) -> None:
    first, _ = site.leader("the first")
    second, recorder = site.daemon("the second")
    site.pass_by(3, second, first)
    first.release()
    site.pass_by(6, second)
    assert second.leads(site.project)
    second.release()
    assert site.engine().volume_labels(LEASE + site.project) is None
    assert changes(recorder)[-1].why == f"has given the lead of project {site.project} back"


def test_a_release_leaves_the_lease_of_another_alone(site: Site) -> None:
    first, _ = site.leader("the first")
    site.clear()
    second, _ = site.leader("the second")
    first.release()
    assert second.leads(site.project)
    assert site.engine().volume_labels(LEASE + site.project) is not None


def test_a_lease_that_was_pruned_is_taken_again_and_has_to_be_proven_again(site: Site) -> None:
    leases, recorder = site.leader("first")
    site.clear()
    leases.look()
    assert not leases.leads(site.project)
    site.pass_by(6, leases)
    assert leases.leads(site.project)
    assert [told.leads for told in changes(recorder)] == [True, False, True]


def test_a_volume_of_that_name_that_is_nobodys_is_taken_over(site: Site) -> None:
    site.engine().create_volume(LEASE + site.project, {})
    leases, recorder = site.daemon("first")
    site.pass_by(12, leases)
    assert leases.leads(site.project)
    assert "an unknown daemon leads" in str(changes(recorder)[0].why)


def test_a_holder_that_cannot_reach_the_engine_stops_acting_and_goes_on_when_it_can(site: Site) -> None:
    with proxying(site.url) as proxy:
        leases, recorder = site.daemon("first", proxy.url)
        site.pass_by(6, leases)
        assert leases.leads(site.project)
        proxy.faults.append(Fault("GET /volumes", status=0, times=20))
        site.pass_by(5, leases)
        assert str(leases.why_not(site.project)).startswith(f"does not know who leads project {site.project}: the Doc")
        proxy.faults.clear()
        leases.look()
        assert leases.leads(site.project)
    assert [told.leads for told in changes(recorder)] == [True, False, True]


ANSWERS = {
    "403 of the guard": {"status": 403, "proxy": True, "text": "<html>403 Forbidden</html>"},
    "403 of the engine": {"status": 403},
    "404": {"status": 404},
    "500": {"status": 500},
    "no answer": {"status": 0},
    "half an answer": {"status": 200, "body": b'{"Name": "traefik-auto'},
    "null": {"status": 200, "body": b"null"},
    "another volume": {"status": 200, "body": b'{"Name": "other", "Labels": {}}'},
    "a list": {"status": 200, "body": b"[null]"},
    "a late answer": {"status": 500, "delay_seconds": 1.0},
}
CALLS = ["GET /volumes", "POST /volumes/create", "DELETE /volumes"]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("answer", ANSWERS)
def test_one_wrong_answer_to_a_call_of_the_lease_never_makes_two_leaders(site: Site, call: str, answer: str) -> None:
    """Each daemon gets it once, at every look from its first to its fifth."""
    with proxying(site.url) as one, proxying(site.url) as two:
        first, _ = site.daemon("the first", one.url)
        second, _ = site.daemon("the second", two.url)
        first._volumes = LeaseVolumes(site.engine(one.url, timeout_seconds=0.5), "the first")
        second._volumes = LeaseVolumes(site.engine(two.url, timeout_seconds=0.5), "the second")
        for skip in range(5):
            for proxy in (one, two):
                proxy.faults[:] = [Fault(call, skip=skip, **ANSWERS[answer])]  # type: ignore[arg-type]
            for _ in range(8):
                first.look()
                second.look()
                assert not (first.leads(site.project) and second.leads(site.project))
                site.clock.now += 1.0
        one.faults.clear()
        two.faults.clear()
        site.pass_by(20, first, second)
        assert first.leads(site.project) != second.leads(site.project)


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (Fault("GET /volumes", 403, times=99, proxy=True), "the socket proxy at .* forbids this call"),
        (Fault("GET /volumes", 403, times=99, text="denied by plugin"), "the Docker engine refuses this call: denied"),
    ],
)
def test_a_refusal_holds_and_says_who_refused_and_what_to_do(site: Site, fault: Fault, words: str) -> None:
    with proxying(site.url) as proxy:
        proxy.faults.append(fault)
        leases, _ = site.daemon("first", proxy.url)
        site.pass_by(30, leases)
        why = str(leases.why_not(site.project))
    assert re.match(rf"does not know who leads project {site.project}: {words}.*; let it pass .* `lease: off`", why)
    assert len(proxy.calls) < 12  # ever more rarely


def test_a_guard_that_no_longer_refuses_is_noticed_within_a_minute(site: Site) -> None:
    with proxying(site.url) as proxy:
        proxy.faults.append(Fault("GET /volumes", 403, times=99))
        leases, _ = site.daemon("first", proxy.url)
        site.pass_by(30, leases)
        proxy.faults.clear()
        site.pass_by(70, leases)
    assert leases.leads(site.project)


def test_without_a_lease_it_acts_and_says_so_once_at_each_start(site: Site) -> None:
    recorder, off = Recorder(), [True]
    volumes = LeaseVolumes(site.engine(), "first")
    leases = Leases(volumes, recorder.notify, projects=[site.project], monotonic=site.clock, off=lambda: off[0])
    site.pass_by(5, leases)
    assert leases.leads(site.project)
    assert leases.may_finish(site.project)
    assert changes(recorder) == [LeadershipChanged(site.project, leads=True, why=UNLEASED)]
    assert site.engine().volume_labels(LEASE + site.project) is None
    off[0] = False
    leases.look()
    assert not leases.leads(site.project)
    site.pass_by(7, leases)
    assert leases.leads(site.project)


def test_one_that_cannot_see_its_lease_finishes_what_it_began_until_another_may_act(site: Site) -> None:
    with proxying(site.url) as proxy:
        first, _ = site.daemon("first", proxy.url)
        site.pass_by(7, first)
        second, _ = site.daemon("second")
        site.pass_by(1, first, second)
        seen_at = site.clock.now - 1.0
        proxy.faults.append(Fault("GET /volumes", 0, times=99))
        while not second.leads(site.project):
            for leases in (first, second):
                leases.look()
            assert first.leads(site.project) is (site.clock.now < seen_at + 4.0)
            assert first.may_finish(site.project) is (site.clock.now < seen_at + 5.0)
            site.clock.now += 0.5
    assert not first.may_finish(site.project)
    assert not first.may_finish("a project that it does not follow")


def test_after_it_has_given_its_lease_back_what_it_began_may_be_finished_until_another_may_act(site: Site) -> None:
    first, _ = site.daemon("first")
    second, _ = site.daemon("second")
    site.pass_by(7, first)
    first.release()
    assert not first.leads(site.project)
    assert first.may_finish(site.project)
    while not second.leads(site.project):
        second.look()
        site.clock.now += 0.5
    assert not first.may_finish(site.project)
    assert not second.may_finish("a project that it does not follow")


def test_a_lease_that_is_turned_off_is_given_back(site: Site) -> None:
    off = [False]
    volumes = LeaseVolumes(site.engine(), "first")
    leases = Leases(volumes, Recorder().notify, projects=[site.project], monotonic=site.clock, off=lambda: off[0])
    site.pass_by(6, leases)
    off[0] = True
    leases.look()
    assert leases.leads(site.project)
    assert site.engine().volume_labels(LEASE + site.project) is None


def test_a_project_about_which_nothing_is_decided_any_more_is_given_back_and_not_looked_at(site: Site) -> None:
    """Projects come and go for weeks: looks at all that ever were would take longer than a lease lasts."""
    with proxying(site.url) as proxy:
        leases, recorder = site.daemon("first", proxy.url)
        site.pass_by(5, leases)
        site.clock.now += GONE_SECONDS - 7
        leases.follow(site.project)
        site.clock.now += GONE_SECONDS
        leases.look()
        assert leases.leads(site.project)
        site.pass_by(2, leases)
        assert site.engine().volume_labels(LEASE + site.project) is None
        assert not leases.leads(site.project)
        proxy.calls.clear()
        leases.look()
        assert proxy.calls == []
    assert [(told.leads, told.gone) for told in changes(recorder)] == [(True, False), (False, True)]


def test_a_project_that_is_not_followed_is_not_led(site: Site) -> None:
    leases, _ = site.leader("first")
    assert not leases.leads("another")
    assert site.engine().volume_labels(LEASE + "another") is None


def test_with_daemons_in_threads_of_their_own_at_most_one_leads_and_one_does_in_the_end(site: Site) -> None:
    """In real time: three come and go, and nobody waits for anybody."""
    quick = LeaseTiming(look_seconds=0.05, confirmed_seconds=0.5, proven_seconds=0.8, answer_seconds=0.5)
    daemons = [Leases(LeaseVolumes(site.engine(), f"daemon {number}"), Recorder().notify, projects=[site.project],
                      timing=quick) for number in range(3)]  # fmt: skip
    living = {0: True, 1: True, 2: True}
    end = time.monotonic() + 270

    def live(number: int) -> None:
        while living[number] and time.monotonic() < end:
            daemons[number].look()
            time.sleep(quick.look_seconds)

    def leading() -> list[int]:
        began = time.monotonic()
        found = [number for number, leases in enumerate(daemons) if leases.leads(site.project)]
        if time.monotonic() - began > 0.1:
            return []  # too slow a look: the lead may have changed in the middle of it
        assert len(found) <= 1
        return found

    with ThreadPoolExecutor(3) as pool:
        for number in living:
            pool.submit(live, number)
        try:
            (first,) = until(leading)
            living[first] = False
            (second,) = until(lambda: [number for number in leading() if number != first])
            living[second] = False
            (third,) = until(lambda: [number for number in leading() if number not in {first, second}])
            assert {first, second, third} == {0, 1, 2}
        finally:
            living.update({0: False, 1: False, 2: False})


def until(found: Callable[[], list[int]]) -> list[int]:
    deadline = time.monotonic() + 90
    while not (numbers := found()):
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return numbers


class Gathering(LeaseVolumes):
    """Volumes that answer only when so many are asked for at once."""

    def __init__(self, engine: Engine, count: int) -> None:
        super().__init__(engine, "first")
        self._barrier = Barrier(count)

    def lease(self, project: str) -> Lease | None:
        self._barrier.wait(90)
        return super().lease(project)


def test_all_projects_are_looked_at_and_given_back_at_once_so_that_a_slow_engine_costs_the_time_of_one(
    site: Site,
) -> None:
    projects = [f"{site.project}-{number}" for number in range(6)]
    volumes = Gathering(site.engine(), len(projects))
    leases = Leases(volumes, Recorder().notify, projects=projects, timing=TERMS, monotonic=site.clock)
    try:
        site.pass_by(6, leases)
        assert all(leases.leads(project) for project in projects)
        leases.release()
        assert [site.engine().volume_labels(LEASE + project) for project in projects] == [None] * len(projects)
    finally:
        for project in projects:
            site.engine().remove_volume(LEASE + project)


def test_an_engine_that_is_gone_leaves_the_lease_to_be_found_out(site: Site) -> None:
    with proxying(site.url) as proxy:
        leases, _ = site.daemon("first", proxy.url)
        site.pass_by(6, leases)
        proxy.faults.append(Fault("GET /volumes", status=0, times=99))
        leases.release()
    assert site.engine().volume_labels(LEASE + site.project) is not None


def test_the_volumes_tell_of_an_engine_that_does_not_answer(site: Site) -> None:
    with proxying(site.url) as proxy:
        proxy.faults.append(Fault("POST /volumes/create", status=0, times=9))
        with pytest.raises(TargetUnavailable):
            LeaseVolumes(site.engine(proxy.url), "first").do(Step.CLAIM, site.project, "token")
