"""Services come, change and go while the daemon runs: each cycle knows who is there."""

from autoscaler.config.model import ServiceConfig
from autoscaler.config.services import ResolvedServices
from autoscaler.control.cycle import Cycle
from autoscaler.control.gate import Gate
from autoscaler.control.operations import Operations
from autoscaler.core.model import Reading
from autoscaler.events import Action, CycleFinished, ServicesChanged
from autoscaler.ports.fleet import Fleet, ServiceRef
from tests.support.builders import LATENCY, NOW, THROUGHPUT, policy
from tests.support.fakes import FakeSource, FakeTarget, Recorder


def service(name: str) -> ServiceConfig:
    return ServiceConfig(policy(THROUGHPUT, LATENCY), ServiceRef(name))


class World:
    """A cycle whose services can be changed between evaluations."""

    def __init__(self) -> None:
        self.resolved = ResolvedServices({"users": service("users")})
        self.target = FakeTarget(users=2, music=2)
        self.recorder = Recorder()
        source = FakeSource({THROUGHPUT.source: Reading.of(100.0), LATENCY.source: Reading.of(0.1)})
        gate = Gate(Operations(self.target, self.recorder.notify, at_once=2))
        self.cycle = Cycle(self._called, source, self.target, gate, self.recorder.notify)

    def _called(self, _: Fleet) -> ResolvedServices:
        return self.resolved

    def run(self, at: float) -> dict[str, Action]:
        return {name: outcome.action for name, outcome in self.cycle.run(at).services.items()}


def test_a_service_that_appears_is_evaluated_and_told_once() -> None:
    world = World()
    assert world.run(NOW) == {"users": Action.UNCHANGED}
    world.resolved = ResolvedServices({"users": service("users"), "music": service("music")})
    assert world.run(NOW + 5) == {"users": Action.UNCHANGED, "music": Action.UNCHANGED}
    world.run(NOW + 10)
    told = [set(changed.policies) for changed in world.recorder.of(ServicesChanged)]
    assert told == [{"users"}, {"users", "music"}]


def test_a_service_that_goes_is_told_and_forgotten() -> None:
    world = World()
    world.resolved = ResolvedServices({"users": service("users"), "music": service("music")})
    world.run(NOW)
    world.resolved = ResolvedServices({"users": service("users")})
    world.run(NOW + 5)
    assert set(world.recorder.of(ServicesChanged)[-1].policies) == {"users"}
    assert set(world.recorder.of(CycleFinished)[-1].services) == {"users"}
    assert set(world.cycle.memories) == {"users"}


def test_what_others_change_does_not_make_a_service_forget() -> None:
    world = World()
    world.run(NOW)
    world.resolved = ResolvedServices({"users": service("users"), "music": service("music")})
    world.run(NOW + 5)
    assert world.cycle.memories["users"].interval_seconds == 5.0
    assert world.cycle.memories["music"].interval_seconds is None


def test_a_refused_service_is_told_with_its_reason_and_stops_no_other() -> None:
    world = World()
    world.resolved = ResolvedServices(
        {"users": service("users")}, {"music": "labels of shop/music: autoscaler.x: unknown key"}
    )
    assert world.run(NOW) == {"music": Action.REFUSED, "users": Action.UNCHANGED}
    (finished,) = world.recorder.of(CycleFinished)
    assert finished.services["music"].error == "labels of shop/music: autoscaler.x: unknown key"
    assert world.recorder.of(ServicesChanged)[0].refused == world.resolved.refused
