"""The lanes of services: who is alone, and who may look after what is left over."""

from contextlib import ExitStack

from autoscaler.control.service_locks import ServiceLocks
from autoscaler.ports.fleet import ServiceRef

WEB = ServiceRef("web", "shop")


def test_a_look_that_finds_a_service_busy_leaves_the_lane_of_the_next_operation_alone() -> None:
    service_locks = ServiceLocks()
    with ExitStack() as look, ExitStack() as first:
        first.enter_context(service_locks.entered(WEB))
        assert not look.enter_context(service_locks.idle(WEB))
        first.close()
        with service_locks.entered(WEB):
            look.close()
            with service_locks.entered(WEB) as service_lock:
                assert not service_lock.alone
    assert not service_locks.busy(WEB)


def test_a_look_at_an_idle_service_keeps_an_operation_from_counting_meanwhile() -> None:
    service_locks = ServiceLocks()
    with ExitStack() as stack, service_locks.idle(WEB) as idle:
        assert idle
        operation = stack.enter_context(service_locks.entered(WEB))
        assert not operation.turn.acquire(blocking=False)
    assert not service_locks.busy(WEB)
