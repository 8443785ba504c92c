"""At most one of several daemons acts at any instant, whatever dies, hangs or is pruned; and one does, in the end."""

from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autoscaler.adapters.leadership.election import Lease, LeaseTiming, Look, Standing, Step, after
from tests.support.examples import examples

TERMS = LeaseTiming(look_seconds=1.0, confirmed_seconds=4.0, proven_seconds=5.0, answer_seconds=4.0)
OURS, THEIRS = Lease("ours", "us", "now"), Lease("theirs", "them", "now")


def seen(lease: Lease | None, at: float, *, knock: str | None = None, took: float = 0.0) -> Look:
    return Look(lease, knock, at, at + took)


class TestOneDaemon:
    def test_a_lease_that_is_not_there_is_claimed(self) -> None:
        assert after(Standing(), seen(None, 0.0), "ours", TERMS) == (Standing("ours"), Step.CLAIM)

    @pytest.mark.parametrize(("at", "leads"), [(0.0, False), (4.9, False), (5.0, True), (7.9, True), (8.0, False)])
    def test_its_own_counts_once_proven_and_while_it_has_been_seen_lately(self, at: float, leads: bool) -> None:
        first, _ = after(Standing("ours"), seen(OURS, 0.0), "unused", TERMS)
        again, step = after(first, seen(OURS, 4.0), "unused", TERMS)
        assert (again.leads(at, TERMS), step) == (leads, Step.WAIT)

    @pytest.mark.parametrize(("at", "may"), [(5.0, True), (10.9, True), (11.0, False)])
    def test_what_it_began_may_be_finished_a_little_longer_than_it_leads(self, at: float, may: bool) -> None:
        standing, _ = after(Standing("ours"), seen(OURS, 0.0), "unused", TERMS)
        standing, _ = after(standing, seen(OURS, 6.0), "unused", TERMS)
        assert standing.may_finish(at, TERMS) is may
        lost, _ = after(standing, seen(THEIRS, 9.0), "unused", TERMS)
        assert (lost.leads(at, TERMS), lost.may_finish(at, TERMS)) == (False, may)

    def test_one_that_has_not_led_yet_has_nothing_to_finish(self) -> None:
        standing, _ = after(Standing("ours"), seen(OURS, 0.0), "unused", TERMS)
        assert [standing.may_finish(at, TERMS) for at in (1.0, 4.9, 5.0)] == [False, False, False]
        assert not Standing().may_finish(0.0, TERMS)

    def test_a_slow_look_counts_from_its_end_for_the_proof_and_from_its_beginning_for_the_confirmation(self) -> None:
        standing, _ = after(Standing("ours"), seen(OURS, 0.0, took=3.0), "unused", TERMS)
        assert (standing.held_since, standing.confirmed_at) == (3.0, 0.0)

    def test_a_holder_answers_a_knock(self) -> None:
        assert after(Standing("ours"), seen(OURS, 0.0, knock="k"), "unused", TERMS)[1] is Step.ANSWER

    def test_a_holder_that_finds_the_lease_of_another_no_longer_leads(self) -> None:
        standing, _ = after(Standing("ours"), seen(OURS, 0.0), "unused", TERMS)
        standing, step = after(standing, seen(THEIRS, 6.0), "unused", TERMS)
        assert (standing.held, step) == (False, Step.KNOCK)

    def test_a_holder_that_finds_its_lease_gone_claims_it_anew_and_has_to_prove_it(self) -> None:
        standing, _ = after(Standing("ours"), seen(OURS, 0.0), "unused", TERMS)
        assert after(standing, seen(None, 6.0), "new", TERMS) == (Standing("new"), Step.CLAIM)

    def test_a_knock_that_stands_for_too_long_evicts_the_holder(self) -> None:
        standing = Standing("ours")
        steps = []
        for at in (0.0, 1.0, 2.0, 4.9, 5.0):
            standing, step = after(standing, seen(THEIRS, at, knock="k" if at else None), "unused", TERMS)
            steps.append(step)
        assert steps == [Step.KNOCK, Step.WAIT, Step.WAIT, Step.WAIT, Step.EVICT]

    def test_the_knock_of_another_counts_from_when_it_was_first_seen_and_each_one_anew(self) -> None:
        standing = Standing("ours")
        for at, knock in ((0.0, "a"), (3.0, "b"), (6.0, "b")):
            standing, step = after(standing, seen(THEIRS, at, knock=knock), "unused", TERMS)
            assert step is Step.WAIT


@dataclass
class Engine:
    """The two volumes, of which one that is there is not altered by another's create."""

    lease: Lease | None = None
    knock: str | None = None

    def do(self, step: Step, token: str, who: str) -> None:
        match step:
            case Step.CLAIM:
                self.lease = self.lease or Lease(token, who, "now")
            case Step.KNOCK:
                self.knock = self.knock or token
            case Step.ANSWER:
                self.knock = None
            case Step.EVICT:
                self.lease = None
            case Step.WAIT:
                pass


@dataclass
class Daemon:
    """One daemon, whose looks are cut into the single calls that it makes: anything may happen between two of them."""

    name: str
    tokens: "count[int]"
    standing: Standing = field(default_factory=Standing)
    began: float | None = None
    lease: Lease | None = None
    knock: str | None = None
    due: Step | None = None
    token: str = ""

    def call(self, engine: Engine, now: float) -> None:
        if self.due is not None:
            engine.do(self.due, self.token, self.name)
            self.began, self.due = None, None
        elif self.began is None:
            self.began, self.lease = now, engine.lease
        else:
            self.knock, self.token = engine.knock, str(next(self.tokens))
            look = Look(self.lease, self.knock, self.began, now)
            self.standing, self.due = after(self.standing, look, self.token, TERMS)

    def whole_look(self, engine: Engine, now: float) -> None:
        for _ in range(3):
            self.call(engine, now)

    def dies(self, engine: Engine, *, cleanly: bool) -> None:
        if cleanly and engine.lease is not None and engine.lease.token == self.standing.token:
            engine.lease = None
        self.standing, self.began, self.due = Standing(), None, None


NAMES = ("a", "b", "c")
HAPPENINGS = st.one_of(
    st.tuples(st.just("call"), st.sampled_from(NAMES)),
    st.tuples(st.just("look"), st.sampled_from(NAMES)),
    st.tuples(st.sampled_from(["dies", "ends", "prune"]), st.sampled_from(NAMES)),
    st.tuples(st.just("wait"), st.sampled_from([0.1, 0.9, 1.0, 1.1, 3.0, 4.0, 5.0])),
)


@examples(1000)
@given(st.lists(HAPPENINGS, max_size=120))
def test_while_one_leads_no_other_leads_or_finishes_whatever_happens(
    happenings: list[tuple[str, str | float]],
) -> None:
    engine, now, tokens = Engine(), 0.0, count()
    daemons = {name: Daemon(name, tokens) for name in NAMES}
    for what, which in happenings:
        match what, which:
            case "call", str(name):
                daemons[name].call(engine, now)
            case "look", str(name):
                daemons[name].whole_look(engine, now)
            case "dies" | "ends", str(name):
                daemons[name].dies(engine, cleanly=what == "ends")
            case "prune", _:
                engine.lease = engine.knock = None
            case _, seconds:
                now += float(seconds)
        leading = [name for name, daemon in daemons.items() if daemon.standing.leads(now, TERMS)]
        finishing = [name for name, daemon in daemons.items() if daemon.standing.may_finish(now, TERMS)]
        assert len(leading) <= 1
        assert not leading or finishing == leading


@examples(200)
@given(
    st.lists(HAPPENINGS, max_size=40), st.sets(st.sampled_from(NAMES), min_size=1), st.sampled_from(["dies", "ends"])
)
def test_one_that_goes_on_looking_leads_in_the_end(
    happenings: list[tuple[str, str | float]], alive: set[str], how: str
) -> None:
    """Whatever was before: within a look, an answer that does not come, and the proof."""
    engine, now, tokens = Engine(), 0.0, count()
    daemons = {name: Daemon(name, tokens) for name in NAMES}
    for what, which in happenings:
        if what == "wait":
            now += float(which)
        elif what in {"call", "look"}:
            daemons[str(which)].call(engine, now)
    for name in set(NAMES) - alive:
        daemons[name].dies(engine, cleanly=how == "ends")
    for _ in range(60):
        now += TERMS.look_seconds / 4
        for name in sorted(alive):
            daemons[name].call(engine, now)
    for _ in range(16):
        now += TERMS.look_seconds
        for name in sorted(alive):
            daemons[name].whole_look(engine, now)
    assert sum(daemons[name].standing.leads(now, TERMS) for name in alive) == 1


def test_without_the_proof_two_would_lead() -> None:
    """The invariant above can fail: with a proof shorter than the confirmation, a slow holder meets its successor."""
    hasty = LeaseTiming(confirmed_seconds=4.0, proven_seconds=1.0, answer_seconds=1.0)
    slow, _ = after(Standing("slow"), seen(Lease("slow", "a", "now"), 0.0), "unused", hasty)
    quick, _ = after(Standing("quick"), seen(Lease("quick", "b", "now"), 1.5), "unused", hasty)
    assert slow.leads(3.0, hasty)
    assert quick.leads(3.0, hasty)
