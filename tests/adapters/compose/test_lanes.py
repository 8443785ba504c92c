"""The lanes of services: who is alone, and who may look after what is left over."""

from contextlib import ExitStack

from autoscaler.adapters.compose.lanes import Lanes
from autoscaler.fleet import ServiceRef

WEB = ServiceRef("web", "shop")


def test_a_look_that_finds_a_service_busy_leaves_the_lane_of_the_next_operation_alone() -> None:
    lanes = Lanes()
    with ExitStack() as look, ExitStack() as first:
        first.enter_context(lanes.entered(WEB))
        assert not look.enter_context(lanes.idle(WEB))
        first.close()
        with lanes.entered(WEB):
            look.close()
            with lanes.entered(WEB) as lane:
                assert not lane.alone
    assert not lanes.busy(WEB)


def test_a_look_at_an_idle_service_keeps_an_operation_from_counting_meanwhile() -> None:
    lanes = Lanes()
    with ExitStack() as stack, lanes.idle(WEB) as idle:
        assert idle
        operation = stack.enter_context(lanes.entered(WEB))
        assert not operation.turn.acquire(blocking=False)
    assert not lanes.busy(WEB)
